using System.Text.Json;
using Sojourn.Primitives;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Views;

namespace Sojourn.Hosting.Nodes;

/// <summary>Asks the gateways of a job's executors how far it is there. Their word, for people who wait; nothing follows from it.</summary>
public sealed class ProgressClient : IDisposable
{
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(2), MaxResponseContentBufferSize = 4096 };

    /// <summary>What the executors of a job's present round say, in words; empty where none says anything.</summary>
    /// <param name="ledger">Names their gateways.</param>
    /// <param name="job">The job.</param>
    /// <param name="cancel">Stops waiting.</param>
    public async Task<string> AskAsync(ILedger ledger, JobView job, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(job);
        var said = await Task.WhenAll(job.Round.Executors.Select(executor => AskAsync(ledger, job.Id, executor.Node, cancel))).ConfigureAwait(false);
        return string.Join(", ", said.OfType<string>());
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task<string?> AskAsync(ILedger ledger, Digest job, Address node, CancellationToken cancel)
    {
        try
        {
            if (await ledger.NodeAsync(node, cancel).ConfigureAwait(false) is not { } view || !Uri.TryCreate(view.Profile.Gateway, UriKind.Absolute, out var gateway) || gateway.Scheme is not ("http" or "https"))
            {
                return null;
            }

            using var document = JsonDocument.Parse(await _http.GetStringAsync(new Uri(gateway, ProgressEndpoint.PathOf(job)), cancel).ConfigureAwait(false));
            var (stage, done, total) = (document.RootElement.GetProperty("stage").GetString(), document.RootElement.GetProperty("done").GetUInt64(), document.RootElement.GetProperty("total").GetUInt64());
            return stage is not { Length: > 0 and < 32 } || !stage.All(char.IsAsciiLetter) ? null
                : $"{node.ToString()[..10]}… is {stage}{(total > 0 ? FormattableString.Invariant($" ({Math.Min(100, done * 100 / total)} % of its fuel)") : "")}";
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or KeyNotFoundException or InvalidOperationException or FormatException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return null; // It does not run there, or the node tells nothing.
        }
    }
}
