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

    /// <summary>Whether lines can be written, after one could not.</summary>
    public async Task<bool> TryResumeAsync(DateTimeOffset now)
    {
        if (!Failed)
        {
            return true;
        }

        try
        {
            await AppendAsync(new JsonObject { ["at"] = now.ToString("u", System.Globalization.CultureInfo.InvariantCulture), ["outcome"] = "resumed" }).ConfigureAwait(false);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    public async Task AppendAsync(JsonObject line)
    {
        if (file is null)
        {
            return;
        }

        await turn.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            // To the end as it is now: the file may have been cut meanwhile, or another service writes it too. What failed before may have left half a line.
            file.Seek(0, SeekOrigin.End);
            await file.WriteAsync(Encoding.UTF8.GetBytes((Failed ? "\n" : "") + line.ToJsonString() + "\n"), CancellationToken.None).ConfigureAwait(false);
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
