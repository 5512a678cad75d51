using System.Globalization;
using System.Net;

namespace Sojourn.Ledger.Embedded.Http;

/// <summary>Sends a request to the sequencer that answered last, and to another where that one is away, does not lead or does not know the present, for a bounded time. What was once seen is never taken back: an answer out of an older state is none.</summary>
internal sealed class FailoverHandler(IReadOnlyList<Uri> addresses, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private int _current;
    private ulong _seen;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var target = request.RequestUri!.PathAndQuery;
        var start = System.Diagnostics.Stopwatch.GetTimestamp();
        while (true)
        {
            var at = Volatile.Read(ref _current) % addresses.Count;
            var isOver = System.Diagnostics.Stopwatch.GetElapsedTime(start) > Patience;
            // Other requests of this client may be shown more meanwhile: what counts is what had been seen when this one left.
            var seen = Volatile.Read(ref _seen);
            request.RequestUri = new Uri(addresses[at], target);
            request.Headers.Remove(LedgerEndpoints.SeenHeader);
            if (seen > 0)
            {
                request.Headers.Add(LedgerEndpoints.SeenHeader, seen.ToString(CultureInfo.InvariantCulture));
            }

            try
            {
                var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
                var shown = Number(response, LedgerEndpoints.BlockHeader);
                if (response.StatusCode == HttpStatusCode.ServiceUnavailable && response.Headers.TryGetValues(LedgerEndpoints.LeaderHeader, out var named))
                {
                    int? leader = int.TryParse(named.FirstOrDefault(), NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : null;
                    // A transaction for another sequencer whose address nobody gave: waiting does not help.
                    if (isOver || (addresses.Count == 1 && leader is not null && request.Method == HttpMethod.Post))
                    {
                        return response;
                    }

                    Move(at, leader is { } there && there != at ? there : at + 1);
                }
                else if (shown < seen)
                {
                    if (isOver)
                    {
                        response.Dispose();
                        throw new InvalidDataException($"The ledger at {addresses[at]} went back: block {seen} was seen, block {shown} is shown.");
                    }

                    Move(at, at + 1);
                }
                else
                {
                    See(shown ?? 0);
                    return response;
                }

                response.Dispose();
            }
            catch (HttpRequestException) when (!isOver && addresses.Count > 1)
            {
                Move(at, at + 1);
            }

            await Task.Delay(Pause, cancellationToken).ConfigureAwait(false);
        }
    }

    private static ulong? Number(HttpResponseMessage response, string header) =>
        response.Headers.TryGetValues(header, out var values) && ulong.TryParse(values.FirstOrDefault(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private void See(ulong number)
    {
        for (var known = Volatile.Read(ref _seen); number > known;)
        {
            var found = Interlocked.CompareExchange(ref _seen, number, known);
            if (found == known)
            {
                return;
            }

            known = found;
        }
    }

    // Only from where this request found nobody: another one may have found the leader meanwhile.
    private void Move(int from, int to) => Interlocked.CompareExchange(ref _current, to % addresses.Count, from);
}
