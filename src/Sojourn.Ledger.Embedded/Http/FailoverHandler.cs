using System.Globalization;
using System.Net;

namespace Sojourn.Ledger.Embedded.Http;

/// <summary>Sends a request to the sequencer that answered last, and to another where that one is away or does not lead, for a bounded time.</summary>
internal sealed class FailoverHandler(IReadOnlyList<Uri> addresses, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private int _current;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var target = request.RequestUri!.PathAndQuery;
        var start = System.Diagnostics.Stopwatch.GetTimestamp();
        while (true)
        {
            var at = Volatile.Read(ref _current) % addresses.Count;
            var isOver = System.Diagnostics.Stopwatch.GetElapsedTime(start) > Patience;
            request.RequestUri = new Uri(addresses[at], target);
            try
            {
                var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
                if (response.StatusCode != HttpStatusCode.ServiceUnavailable || !response.Headers.TryGetValues(LedgerEndpoints.LeaderHeader, out var named) || isOver)
                {
                    return response;
                }

                Move(at, int.TryParse(named.FirstOrDefault(), NumberStyles.None, CultureInfo.InvariantCulture, out var leader) ? leader : at + 1);
                response.Dispose();
            }
            catch (HttpRequestException) when (!isOver)
            {
                Move(at, at + 1);
            }

            await Task.Delay(Pause, cancellationToken).ConfigureAwait(false);
        }
    }

    // Only from where this request found nobody: another one may have found the leader meanwhile.
    private void Move(int from, int to) => Interlocked.CompareExchange(ref _current, to % addresses.Count, from);
}
