using System.Text;
using System.Text.Json.Nodes;

namespace Sojourn.Cli.Trust.Serving;

/// <summary>One JSON line per verdict, appended and flushed. Opened when the service starts, so that one that cannot be written is told then.</summary>
internal sealed class AuditLog : IAsyncDisposable
{
    private readonly SemaphoreSlim turn = new(1, 1);
    private readonly FileStream? file;

    public AuditLog(string? path) => file = path is null ? null : new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);

    /// <summary>Whether a line could not be written. What cannot be audited is not judged.</summary>
    public bool Failed { get; private set; }

    public async Task AppendAsync(JsonObject line)
    {
        if (file is null)
        {
            return;
        }

        await turn.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            await file.WriteAsync(Encoding.UTF8.GetBytes(line.ToJsonString() + "\n"), CancellationToken.None).ConfigureAwait(false);
            await file.FlushAsync(CancellationToken.None).ConfigureAwait(false);
            Failed = false;
        }
        catch (IOException)
        {
            Failed = true;
            throw;
        }
        finally
        {
            turn.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (file is not null)
        {
            await file.DisposeAsync().ConfigureAwait(false);
        }

        turn.Dispose();
    }
}
