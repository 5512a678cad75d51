using System.Net;
using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Gateways;

/// <summary>Fetches blocks from several trustless gateways: the best is asked first, a slow one is raced by the next, failures are tried again, and a bad gateway is demoted and named.</summary>
/// <remarks>Every block is verified, so that a gateway can withhold but not deceive.</remarks>
public sealed class GatewaySource : IBlockSource, IDisposable
{
    private readonly Entry[] entries;
    private readonly GatewaySourceOptions options;
    private readonly TimeProvider time;
    private readonly HttpMessageInvoker http;
    private readonly bool ownsHttp;

    /// <summary>Makes a source.</summary>
    /// <param name="gateways">Addresses such as <c>https://trustless-gateway.link</c>; at least one.</param>
    /// <param name="options">Options, or null for the defaults.</param>
    /// <param name="http">Sends the requests; null for a handler of its own.</param>
    /// <param name="time">The clock; null for the system's.</param>
    public GatewaySource(IEnumerable<Uri> gateways, GatewaySourceOptions? options = null, HttpMessageInvoker? http = null, TimeProvider? time = null)
    {
        this.options = options ?? new GatewaySourceOptions();
        this.time = time ?? TimeProvider.System;
        ownsHttp = http is null;
        this.http = http ?? CreateHttp();
        entries = [.. gateways.Select(address =>
        {
            var client = new GatewayClient(address, this.http, this.time, this.options.Timeout);
            return new Entry(client, new HealthRecord(client.Address, this.options, this.time));
        })];
        if (entries.Length == 0)
        {
            throw new ArgumentException("at least one gateway is needed", nameof(gateways));
        }
    }

    /// <summary>How each gateway has done, best first.</summary>
    public IReadOnlyList<GatewayHealth> Health => [.. Ranked().Select(entry => entry.Health.Snapshot())];

    /// <summary>Fetches one block.</summary>
    /// <param name="cid">Its identifier.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The verified block; null where every gateway said that it does not have it.</returns>
    /// <exception cref="GatewayException">No gateway gave it, and at least one could not say.</exception>
    public async ValueTask<Block?> GetAsync(Cid cid, CancellationToken cancellationToken = default)
    {
        if (BlockVerifier.TryGetIdentity(cid, out var inline))
        {
            return inline;
        }

        if (BlockVerifier.CheckIdentifier(cid) is var fault and not BlockFault.None)
        {
            throw new GatewayException($"cannot fetch {cid}", [.. entries.Take(1).Select(e => new GatewayFailure(e.Client.Address, GatewayFault.UnexpectedAnswer, $"no block under this identifier could be verified: {fault}"))]);
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            return await RaceAsync(cid, stop.Token).ConfigureAwait(false);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Opens one graph: its blocks come as one CAR stream, which saves a round trip for each.</summary>
    /// <param name="request">What is wanted.</param>
    public GatewayDagSource OpenDag(Dag.DagRequest request) => new(this, request);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (ownsHttp)
        {
            http.Dispose();
        }
    }

    internal static HttpMessageInvoker CreateHttp() => new(new SocketsHttpHandler
    {
        // Subdomain gateways redirect a path once; more hops are somebody's mistake.
        AllowAutoRedirect = true,
        MaxAutomaticRedirections = 3,
        AutomaticDecompression = DecompressionMethods.None,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        ConnectTimeout = TimeSpan.FromSeconds(10),
        EnableMultipleHttp2Connections = true,
        MaxConnectionsPerServer = 32,
        UseCookies = false,
    });

    /// <summary>The gateways, best first.</summary>
    internal IEnumerable<(GatewayClient Client, HealthRecord Health)> BestFirst() => Ranked().Select(e => (e.Client, e.Health));

    private IEnumerable<Entry> Ranked() => entries.OrderBy(entry => entry.Health.Rank);

    private async Task<Block?> RaceAsync(Cid cid, CancellationToken stop)
    {
        var waiting = new Queue<Entry>(Ranked());
        var running = new List<Task<Outcome>>();
        var failures = new Dictionary<Uri, GatewayFailure>();
        while (true)
        {
            if (running.Count == 0)
            {
                if (waiting.Count == 0)
                {
                    return failures.Count == 0 ? null : throw new GatewayException($"cannot fetch {cid}", [.. failures.Values]);
                }

                running.Add(AskAsync(waiting.Dequeue(), cid, stop));
            }

            var (finished, outcome) = await NextAsync(running, waiting.Count > 0, stop).ConfigureAwait(false);
            if (finished is null)
            {
                // Slower than usual: let another one race it.
                running.Add(AskAsync(waiting.Dequeue(), cid, stop));
                continue;
            }

            running.Remove(finished);
            if (outcome!.Answer.Block is { } block)
            {
                return block;
            }

            if (outcome.Answer.Failure is { } failure)
            {
                failures[failure.Gateway] = failure;
            }

            if (waiting.Count > 0)
            {
                running.Add(AskAsync(waiting.Dequeue(), cid, stop));
            }
        }
    }

    private async Task<(Task<Outcome>? Finished, Outcome? Outcome)> NextAsync(List<Task<Outcome>> running, bool more, CancellationToken stop)
    {
        var any = Task.WhenAny(running);
        if (more && running.Count < options.Racers)
        {
            using var hedge = CancellationTokenSource.CreateLinkedTokenSource(stop);
            var slow = Task.Delay(entries.Min(entry => entry.Health.HedgeAfter), time, hedge.Token);
            var first = await Task.WhenAny(any, slow).ConfigureAwait(false);
            await hedge.CancelAsync().ConfigureAwait(false);
            if (first == slow)
            {
                stop.ThrowIfCancellationRequested();
                return (null, null);
            }
        }

        var finished = await any.ConfigureAwait(false);
        return (finished, await finished.ConfigureAwait(false));
    }

    private async Task<Outcome> AskAsync(Entry entry, Cid cid, CancellationToken stop)
    {
        for (var attempt = 1; ; attempt++)
        {
            var started = time.GetTimestamp();
            var answer = await entry.Client.GetBlockAsync(cid, stop).ConfigureAwait(false);
            if (answer.Failure is null)
            {
                entry.Health.Answered(time.GetElapsedTime(started));
                return new Outcome(answer);
            }

            entry.Health.Failed(answer.Failure);
            var passing = answer.Failure.Fault is GatewayFault.Unreachable or GatewayFault.Timeout or GatewayFault.RateLimited or GatewayFault.ServerError;
            if (!passing || attempt >= options.Attempts)
            {
                return new Outcome(answer);
            }

            await Task.Delay(Wait(attempt, answer.RetryAfter), time, stop).ConfigureAwait(false);
        }
    }

    private TimeSpan Wait(int attempt, TimeSpan? asked)
    {
        var wait = options.BackOff * Math.Pow(2, attempt - 1) * (0.5 + (Random.Shared.NextDouble() / 2));
        if (asked > wait)
        {
            wait = asked.Value;
        }

        return wait < options.BackOffMax ? wait : options.BackOffMax;
    }

    private sealed record Entry(GatewayClient Client, HealthRecord Health);

    private sealed record Outcome(BlockAnswer Answer);
}
