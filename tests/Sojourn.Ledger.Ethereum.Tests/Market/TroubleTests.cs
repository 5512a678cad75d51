using System.Net;
using System.Net.Sockets;
using System.Text;
using Sojourn.Ledger.Ethereum.Anvil;
using Sojourn.Ledger.Ethereum.Rpc;
using Sojourn.Ledger.Ethereum.Tests.Chain;
using Sojourn.Ledger.Tests.Conformance;
using Sojourn.Primitives;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Transactions;
using Sojourn.Simulation.Model;
using Sojourn.Testing;

namespace Sojourn.Ledger.Ethereum.Tests.Market;

/// <summary>The whole adapter while the chain misbehaves: what it shows is what the chain says in the end, and nothing happens twice.</summary>
[Trait("speed", "slow")]
public sealed class TroubleTests(ChainFixture chain) : IClassFixture<ChainFixture>
{
    private static readonly WorldSpec s_spec = new(6, Workbench.Rules with { CreditEpoch = 128, PayoutMin = 1, UnbondDelay = 8 }, true);
    private static readonly (string Answer, int Status)[] s_rubbish =
    [
        ("<html>502 Bad Gateway</html>", 200), ("", 200), ("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":", 200), ("[]", 200), ("null", 200), ("{\"jsonrpc\":\"2.0\",\"id\":99999,\"result\":\"0x1\"}", 200),
        ("[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"number\":\"0xzz\"}}]", 200), ("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":\"no\"}", 200), ("busy", 503), ("\u0001\u0002\u0003", 200),
    ];

    [ToolFact(AnvilChain.Tool)]
    public async Task What_a_reorganisation_takes_back_is_taken_back_and_can_happen_again()
    {
        await using var world = await EthereumWorld.CreateAsync(chain, s_spec, drives: false);
        await world.Register();
        foreach (var depth in (int[])[1, 5, 40])
        {
            var before = await world.Ledger.HeadAsync();
            var account = await world.Ledger.AccountAsync(world.Requester.Address);
            var snapshot = await chain.Control.SnapshotAsync();
            var id = await world.Must(world.Requester, new JobPost(Workbench.Terms(1) with { Windows = new(4, 28, 60, 60, 60, 60, 60) }));
            Assert.Equal(JobPhase.Drawing, (await world.Ledger.JobAsync(id))!.Phase);
            await world.AdvanceAsync((ulong)depth - 1);
            await chain.Control.RevertAsync(snapshot);
            await chain.Control.MineAsync();
            await world.Chain.SyncAsync();
            Assert.Null(await world.Ledger.JobAsync(id));
            var now = await world.Ledger.AccountAsync(world.Requester.Address);
            Assert.Equal((account.Free, account.Nonce), (now.Free, now.Nonce));
            var after = await world.Ledger.HeadAsync();
            Assert.Equal((before.Events, before.EventDigest, before.TokensHeld), (after.Events, after.EventDigest, after.TokensHeld));
        }

        // The same can be said again, and its job runs to its end.
        var again = await world.Must(world.Requester, new JobPost(Workbench.Terms(1) with { Windows = new(4, 28, 60, 60, 60, 60, 60) }));
        Assert.Equal(JobPhase.Closed, (await world.Driver().Run(again)).Phase);
        Assert.True(world.Chain.Replica.State.IsConserved);
    }

    [ToolFact(AnvilChain.Tool)]
    public async Task A_node_that_restarts_with_its_chain_is_followed_on()
    {
        var state = Path.Combine(Directory.CreateTempSubdirectory("sojourn-anvil").FullName, "state.json");
        var port = FreePort();
        var process = await AnvilProcess.StartAsync(new AnvilOptions { Port = port, StateFile = state, Arguments = ["--preserve-historical-states"] });
        try
        {
            await using var pool = EndpointPool.Connect([process.Http], new RpcLimits());
            var own = new ChainFixture(process, pool);
            await using var world = await EthereumWorld.CreateAsync(own, s_spec, drives: false);
            await world.Register();
            var id = await world.Must(world.Requester, new JobPost(Workbench.Terms(1) with { Windows = new(4, 28, 60, 60, 60, 60, 60) }));
            var before = await world.Ledger.HeadAsync();
            await process.DisposeAsync();
            await Assert.ThrowsAnyAsync<EthereumException>(() => world.Chain.SyncAsync());

            // What is known stays known while nobody answers.
            Assert.Equal(before.EventDigest, (await world.Ledger.HeadAsync()).EventDigest);
            process = await AnvilProcess.StartAsync(new AnvilOptions { Port = port, StateFile = state, Arguments = ["--preserve-historical-states"] });
            await UntilAsync(async () =>
            {
                try
                {
                    await world.Chain.SyncAsync();
                    return true;
                }
                catch (EthereumException)
                {
                    return false;
                }
            });
            Assert.Equal(JobPhase.Drawing, (await world.Ledger.JobAsync(id))!.Phase);
            await world.Must(world.Requester, new Transfer(world.Nodes[0].Address, 7));
            Assert.True(world.Chain.Replica.State.IsConserved);
        }
        finally
        {
            await process.DisposeAsync();
            Directory.Delete(Path.GetDirectoryName(state)!, recursive: true);
        }
    }

    [ToolTheory(AnvilChain.Tool)]
    [InlineData(31337ul)]
    [InlineData(4242ul)]
    public async Task Another_chain_behind_the_same_address_is_noticed(ulong other)
    {
        var port = FreePort();
        var process = await AnvilProcess.StartAsync(new AnvilOptions { Port = port });
        try
        {
            await using var pool = EndpointPool.Connect([process.Http], new RpcLimits());
            await using var world = await EthereumWorld.CreateAsync(new ChainFixture(process, pool), s_spec, drives: false);
            var held = (await world.Ledger.HeadAsync()).TokensHeld;
            await process.DisposeAsync();

            // Begun anew, with other blocks: a ledger read from it would be empty.
            process = await AnvilProcess.StartAsync(new AnvilOptions { Port = port, ChainId = other, Arguments = ["--timestamp", "1700000000"] });
            await using var fresh = EndpointPool.Connect([process.Http], new RpcLimits());
            await new AnvilControl(fresh).MineAsync(100);
            Exception? told = null;
            await UntilAsync(async () =>
            {
                told = await Record.ExceptionAsync(() => world.Chain.SyncAsync());
                return told is not EndpointsUnreachableException;
            });
            Assert.IsType<OtherChainException>(told);
            Assert.Equal(held, (await world.Ledger.HeadAsync()).TokensHeld);
        }
        finally
        {
            await process.DisposeAsync();
        }
    }

    [ToolFact(AnvilChain.Tool)]
    public async Task What_the_pool_drops_is_sent_again_and_happens_once()
    {
        await using var world = await EthereumWorld.CreateAsync(chain, s_spec, drives: false);
        await chain.Control.AutomineAsync(false);
        try
        {
            var first = world.Try(world.Requester, new Transfer(world.Nodes[0].Address, 11));
            var before = await world.Ledger.AccountAsync(world.Nodes[0].Address);
            await UntilAsync(async () => await PendingAsync() > 0);
            await chain.Control.DropAllAsync();

            // Mined blocks pass; the outbox sees that its transaction is gone, and sends it again.
            await UntilAsync(async () =>
            {
                await chain.Control.MineAsync();
                await world.Chain.SyncAsync();
                return first.IsCompleted;
            });
            Assert.Equal(Refusal.None, (await first).Refusal);
            Assert.Equal(before.Free + 11, (await world.Ledger.AccountAsync(world.Nodes[0].Address)).Free);
        }
        finally
        {
            await chain.Control.AutomineAsync(true);
        }
    }

    [ToolFact(AnvilChain.Tool)]
    public async Task An_endpoint_that_answers_rubbish_is_an_error_and_never_a_wrong_view()
    {
        await using var world = await EthereumWorld.CreateAsync(chain, s_spec, drives: false);
        foreach (var (answer, status) in s_rubbish)
        {
            using var rubbish = new RubbishServer(Encoding.UTF8.GetBytes(answer), status);
            var alone = await Record.ExceptionAsync(() => EthereumLedger.ConnectAsync(new EthereumLedgerOptions { Endpoints = [rubbish.Address], Contract = world.Chain.Contract }));
            Assert.True(alone is EthereumException, $"{answer}: {alone}");
            var beside = await Record.ExceptionAsync(async () =>
            {
                await using var both = await EthereumLedger.ConnectAsync(new EthereumLedgerOptions { Endpoints = [rubbish.Address, chain.Process!.Http], Contract = world.Chain.Contract });
                Assert.Equal((await world.Ledger.HeadAsync()).EventDigest, (await both.HeadAsync()).EventDigest);
            });

            // What cannot be read is passed over; what can be read and is not true stops the client. A wrong view is never shown.
            Assert.True(beside is null or LyingEndpointException, $"{answer}: {beside}");
        }
    }

    private async Task<ulong> PendingAsync()
    {
        var status = await chain.Pool.SendAsync(RpcRequest.Of("txpool_status"), CancellationToken.None);
        return Convert.ToUInt64(status.GetProperty("pending").GetString()![2..], 16) + Convert.ToUInt64(status.GetProperty("queued").GetString()![2..], 16);
    }

    // A condition, not a time: five minutes only end what will never be.
    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        while (!await holds())
        {
            await Task.Delay(20, patience.Token);
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Answers every request with the same bytes.</summary>
    private sealed class RubbishServer : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

        public RubbishServer(byte[] answer, int status)
        {
            _listener.Start();
            Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
            _ = ServeAsync(answer, status);
        }

        public Uri Address { get; }

        public void Dispose() => _listener.Dispose();

        private async Task ServeAsync(byte[] answer, int status)
        {
            try
            {
                while (true)
                {
                    using var client = await _listener.AcceptTcpClientAsync();
                    var stream = client.GetStream();
                    await ReadRequestAsync(stream);
                    await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\nContent-Length: {answer.Length}\r\nConnection: close\r\n\r\n"));
                    await stream.WriteAsync(answer);
                    await stream.FlushAsync();
                }
            }
            catch (Exception exception) when (exception is ObjectDisposedException or SocketException or IOException or InvalidOperationException)
            {
                // It was stopped, or its client went away.
            }
        }

        private static async Task ReadRequestAsync(NetworkStream stream)
        {
            var text = new StringBuilder();
            var buffer = new byte[8192];
            while (true)
            {
                var read = await stream.ReadAsync(buffer);
                if (read == 0)
                {
                    return;
                }

                text.Append(Encoding.ASCII.GetString(buffer, 0, read));
                var all = text.ToString();
                var end = all.IndexOf("\r\n\r\n", StringComparison.Ordinal);
                if (end < 0)
                {
                    continue;
                }

                const string Name = "content-length:";
                var at = all.IndexOf(Name, StringComparison.OrdinalIgnoreCase);
                var length = at < 0 || at > end ? 0 : int.Parse(all.AsSpan(at + Name.Length, all.IndexOf('\r', at) - at - Name.Length).Trim(), System.Globalization.CultureInfo.InvariantCulture);
                if (all.Length >= end + 4 + length)
                {
                    return;
                }
            }
        }
    }
}
