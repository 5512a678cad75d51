using Sojourn.Ledger.Ethereum.Chain;
using Sojourn.Ledger.Ethereum.Rpc;
using Sojourn.Ledger.Ethereum.Sending;
using Sojourn.Primitives;
using Sojourn.Testing;

namespace Sojourn.Ledger.Ethereum.Tests.Chain;

/// <summary>The client against a real node, and against one that lies.</summary>
public sealed class ChainClientTests
{
    private static readonly CancellationToken s_no = CancellationToken.None;

    [ToolFact(AnvilChain.Tool)]
    public async Task Headers_receipts_and_logs_are_proved_and_lies_are_caught()
    {
        await using var chain = await AnvilChain.StartAsync();
        var identity = await chain.FundedAsync();
        var (logger, head) = await DeployAsync(chain, identity);
        using var outbox = new Outbox(chain.Client, identity, 31337, new FeePolicy(), null, 0);
        for (var i = 0; i < 40; i++)
        {
            await outbox.AddAsync(logger, Call(i, 300), 0, 100_000, s_no);
        }

        await chain.Control.MineAsync();
        var header = await chain.Client.LatestAsync(s_no);
        Assert.Equal(head.Number + 1, header.Number);
        Assert.Equal(header.Hash, (await chain.Client.HeaderAsync(header.Hash, s_no))!.Hash);
        Assert.True(header.MayHoldLogsOf(logger));
        Assert.False((await chain.Client.HeaderAsync(0UL, s_no))!.MayHoldLogsOf(logger));

        var logs = (await chain.Client.LogsAsync([header], [logger], s_no))[0];
        Assert.Equal(40, logs.Length);
        Assert.Equal(Enumerable.Range(0, 40).Select(i => new Digest([.. new byte[31], (byte)i])), logs.Select(log => log.Topics[1]));
        Assert.All(logs, log => Assert.Equal(300, log.Data.Length));

        // By logs alone: the same.
        var plain = new ChainClient(chain.Client.Pool, prove: false);
        Assert.Equal(logs.Select(log => (log.Index, log.Transaction)), (await plain.LogsAsync([header], [logger], s_no))[0].Select(log => (log.Index, log.Transaction)));

        // A node that leaves out, invents or alters what the header proves.
        foreach (var (method, from, to) in new[]
        {
            ("eth_getBlockReceipts", "\"status\":\"0x1\"", "\"status\":\"0x0\""),
            ("eth_getBlockReceipts", logger.ToString(), Address.Zero.ToString()),
            ("eth_getBlockByNumber", "\"gasUsed\":\"0x", "\"gasUsed\":\"0x1"),
            ("eth_getBlockByNumber", "\"mixHash\":\"0x0", "\"mixHash\":\"0x1"),
        })
        {
            var liar = new ChainClient(new EndpointPool([new EditingTransport(chain.Process.Http, method, from, to)]));
            await Assert.ThrowsAsync<LyingEndpointException>(async () => await liar.LogsAsync([await liar.LatestAsync(s_no)], [logger], s_no));
            await liar.DisposeAsync();
        }

        // One that hides logs from a client which does not prove: the header's filter gives it away, and the receipts prove what was hidden.
        var hiding = new ChainClient(new EndpointPool([new EditingTransport(chain.Process.Http, "eth_getLogs", null, "[]")]), prove: false);
        Assert.Equal(40, (await hiding.LogsAsync([header], [logger], s_no))[0].Length);
        await hiding.DisposeAsync();
    }

    [ToolFact(AnvilChain.Tool)]
    public async Task Endpoints_fail_over_and_contradictions_stop_everything()
    {
        await using var chain = await AnvilChain.StartAsync();
        await using var other = await AnvilChain.StartAsync(chainId: 5);
        await using var third = await AnvilChain.StartAsync();
        await chain.Control.MineAsync(3);
        await third.Control.SetBaseFeeAsync(123_456_789);
        await third.Control.MineAsync(3);

        var dead = new HttpTransport(new Uri("http://127.0.0.1:1"), new RpcLimits { Timeout = TimeSpan.FromSeconds(5) });
        var client = new ChainClient(new EndpointPool([dead, new HttpTransport(chain.Process.Http, new RpcLimits())]));
        Assert.Equal(3UL, (await client.LatestAsync(s_no)).Number);
        Assert.Equal(31337UL, await client.ChainIdAsync(s_no));

        await using var twoChains = new ChainClient(EndpointPool.Connect([chain.Process.Http, other.Process.Http], new RpcLimits()));
        await Assert.ThrowsAsync<EndpointsDisagreeException>(() => twoChains.ChainIdAsync(s_no));

        await using var twoHistories = new ChainClient(EndpointPool.Connect([chain.Process.Http, third.Process.Http], new RpcLimits()));
        var header = (await chain.Client.HeaderAsync(2UL, s_no))!;
        await Assert.ThrowsAsync<EndpointsDisagreeException>(() => twoHistories.DemandAgreementAsync(header, s_no));

        await using var none = new ChainClient(EndpointPool.Connect([new Uri("http://127.0.0.1:1")], new RpcLimits()));
        await Assert.ThrowsAsync<EndpointsUnreachableException>(() => none.LatestAsync(s_no));
        await using var narrow = new ChainClient(EndpointPool.Connect([chain.Process.Http], new RpcLimits { ResponseMax = 100 }));
        await Assert.ThrowsAsync<EndpointsUnreachableException>(() => narrow.LatestAsync(s_no));
    }

    [ToolFact(AnvilChain.Tool)]
    public async Task A_WebSocket_batches_wakes_and_comes_back_after_a_loss()
    {
        await using var chain = await AnvilChain.StartAsync();
        var woken = 0;
        using var signal = new SemaphoreSlim(0);
        await using var pool = EndpointPool.Connect([chain.Process.WebSocket], new RpcLimits(), () =>
        {
            Interlocked.Increment(ref woken);
            signal.Release();
        });
        await using var client = new ChainClient(pool);
        await chain.Control.MineAsync(5);
        Assert.Equal([1UL, 2, 3, 4, 5], (await client.HeadersAsync(1, 5, s_no)).Select(header => header!.Number));
        Assert.True(await signal.WaitAsync(TimeSpan.FromMinutes(3)));
        await chain.Control.MineAsync();
        Assert.True(await signal.WaitAsync(TimeSpan.FromMinutes(3)));

        // The node goes away and another comes at the same place.
        var port = chain.Process.Port;
        await chain.Process.KillAsync();
        await Assert.ThrowsAsync<EndpointsUnreachableException>(() => client.LatestAsync(s_no));
        await using var again = await Sojourn.Ledger.Ethereum.Anvil.AnvilProcess.StartAsync(new Sojourn.Ledger.Ethereum.Anvil.AnvilOptions { Manual = true, Port = port });
        Assert.Equal(0UL, (await client.LatestAsync(s_no)).Number);
    }

    [ToolFact(AnvilChain.Tool)]
    public async Task The_follower_converges_after_reorganisations_of_every_depth_to_64()
    {
        await using var chain = await AnvilChain.StartAsync();
        var identity = await chain.FundedAsync();
        var (logger, head) = await DeployAsync(chain, identity);
        var follower = new ChainFollower(chain.Client, [logger], head);
        var view = new List<(ulong Block, Digest Value)>();
        async Task CatchUpAsync()
        {
            while (await follower.StepAsync(s_no) is { } step)
            {
                var keep = follower.Head.Number - (ulong)step.Applied.Length;
                view.RemoveAll(entry => entry.Block > keep);
                view.AddRange(step.Applied.SelectMany(block => block.Logs.Select(log => (log.BlockNumber, log.Topics[1]))));
            }
        }

        var sent = 0;
        foreach (var depth in new[] { 1, 2, 3, 5, 8, 13, 21, 34, 55, 64 })
        {
            var snapshot = await chain.Control.SnapshotAsync();
            for (var i = 0; i < depth; i++)
            {
                await SendAsync(chain, identity, logger, sent++);
            }

            await CatchUpAsync();
            await chain.Control.RevertAsync(snapshot);

            // The other branch is shorter, as long or longer, and has other logs at other places.
            for (var i = 0; i < Math.Max(1, depth + (depth % 3) - 1); i++)
            {
                await SendAsync(chain, identity, logger, sent++, skip: i % 2 == 0);
            }

            await CatchUpAsync();
            var truth = new List<(ulong, Digest)>();
            for (var number = head.Number + 1; number <= follower.Head.Number; number++)
            {
                var header = (await chain.Client.HeaderAsync(number, s_no))!;
                truth.AddRange((await chain.Client.LogsAsync([header], [logger], s_no))[0].Select(log => (number, log.Topics[1])));
            }

            Assert.Equal((await chain.Client.LatestAsync(s_no)).Hash, follower.Head.Hash);
            Assert.Equal(truth, view);
        }

        // Deeper than the window: said so, and nothing was changed.
        var deep = await chain.Control.SnapshotAsync();
        await chain.Control.MineAsync(70);
        await CatchUpAsync();
        await chain.Control.RevertAsync(deep);
        await SendAsync(chain, identity, logger, sent);
        await chain.Control.MineAsync(80);
        await Assert.ThrowsAsync<ReorganisationTooDeepException>(() => follower.StepAsync(s_no));
    }

    internal static byte[] Call(int value, int length) => [.. Digest.Of("topic"u8).AsSpan(), .. new byte[31], (byte)value, .. Enumerable.Repeat((byte)value, length)];

    internal static async Task<(Address Contract, ChainHeader Head)> DeployAsync(AnvilChain chain, Sojourn.Protocol.Ports.ISigner identity)
    {
        using var outbox = new Outbox(chain.Client, identity, 31337, new FeePolicy(), null, 0);
        var intent = await outbox.AddAsync(null, AnvilChain.Logger, 0, 0, s_no);
        await chain.Control.MineAsync();
        var head = await chain.Client.LatestAsync(s_no);
        await outbox.StepAsync(head.Number, s_no);
        var receipt = await intent.Completion.Task;
        Assert.True(receipt.Succeeded);
        return (receipt.Created!.Value, head);
    }

    private static async Task SendAsync(AnvilChain chain, Sojourn.Protocol.Ports.ISigner identity, Address logger, int value, bool skip = false)
    {
        if (!skip)
        {
            using var outbox = new Outbox(chain.Client, identity, 31337, new FeePolicy(), null, 0);
            await outbox.AddAsync(logger, Call(value & 255, 8), 0, 100_000, s_no);
        }

        await chain.Control.MineAsync();
    }
}
