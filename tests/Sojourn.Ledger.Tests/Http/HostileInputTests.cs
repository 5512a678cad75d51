using System.Net;
using System.Text;
using Sojourn.Ledger.Embedded;
using Sojourn.Ledger.Embedded.Http;
using Sojourn.Ledger.Tests.Embedded;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;
using Sojourn.Simulation.Model;

namespace Sojourn.Ledger.Tests.Http;

/// <summary>Whatever comes in over HTTP gets an answer with a reason, changes nothing, and takes bounded room.</summary>
public sealed class HostileInputTests
{
    private static async Task<(HttpStatusCode Status, Refusal? Refusal)> Post(HttpClient http, byte[] body, string type = "application/cbor")
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new(type);
        using var response = await http.PostAsync(new Uri("transactions", UriKind.Relative), content);
        var text = await response.Content.ReadAsStringAsync();
        return (response.StatusCode, text.StartsWith("{\"refusal\"", StringComparison.Ordinal) ? System.Text.Json.JsonSerializer.Deserialize<SubmitResult>(text, LedgerJson.Options).Refusal : null);
    }

    private static HttpClient Client(LedgerServer server) => new() { BaseAddress = new Uri(server.Address, "/api/v1/ledger/") };

    [Fact]
    public async Task Bad_transactions_are_refused_by_reason_and_change_nothing()
    {
        await using var world = await LedgerFixture.CreateAsync(nodes: 2);
        await using var server = await LedgerServer.StartAsync(world.Ledger);
        using var http = Client(server);
        var genesis = world.Ledger.GenesisDigest;
        var good = SignedTransaction.Create(new Transfer(world.Nodes[0].Address, 1), 0, genesis, world.Requester.Signer).Encoded.ToArray();
        var before = await world.Ledger.HeadAsync();
        Assert.Equal((HttpStatusCode.BadRequest, Refusal.Malformed), await Post(http, []));
        Assert.Equal((HttpStatusCode.BadRequest, Refusal.Malformed), await Post(http, [1, 2, 3]));
        Assert.Equal((HttpStatusCode.BadRequest, Refusal.Malformed), await Post(http, good[..^1]));
        Assert.Equal((HttpStatusCode.BadRequest, Refusal.Malformed), await Post(http, [.. good, 0]));
        Assert.Equal((HttpStatusCode.BadRequest, Refusal.UnknownVersion), await Post(http, [.. good[..1], 2, .. good[2..]]));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await Post(http, new byte[SignedTransaction.LengthMax + 1])).Status);
        try
        {
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await Post(http, new byte[9 << 20])).Status);
        }
        catch (HttpRequestException)
        {
            // The server hangs up on whoever goes on sending.
        }

        Assert.Equal((HttpStatusCode.Conflict, Refusal.BadSignature), await Post(http, SignedTransaction.Create(new Transfer(world.Nodes[0].Address, 1), 0, Workbench.Hash("other"), world.Requester.Signer).Encoded.ToArray()));
        Assert.Equal((HttpStatusCode.Conflict, Refusal.BadSignature), await Post(http, SignedTransaction.WithoutSignature(world.Requester.Address, 0, new Transfer(world.Nodes[0].Address, 1)).Encoded.ToArray()));
        Assert.Equal((HttpStatusCode.Conflict, Refusal.Unsigned), await Post(http, SignedTransaction.WithoutSignature(default, 0, new Transfer(world.Nodes[0].Address, 1)).Encoded.ToArray()));
        Assert.Equal((HttpStatusCode.Conflict, Refusal.NonceAhead), await Post(http, SignedTransaction.Create(new Transfer(world.Nodes[0].Address, 1), 7, genesis, world.Requester.Signer).Encoded.ToArray()));
        Assert.Equal((HttpStatusCode.Conflict, Refusal.NonceUnexpected), await Post(http, SignedTransaction.Create(new Drive(Workbench.Hash("x")), 7, genesis, world.Requester.Signer).Encoded.ToArray()));

        // A batch: lengths that lie, too many, nothing at all.
        const string Batch = "application/x-sojourn-batch";
        Assert.Equal((HttpStatusCode.BadRequest, Refusal.Malformed), await Post(http, [0xff, 0xff, 0xff, 0xff], Batch));
        Assert.Equal((HttpStatusCode.BadRequest, Refusal.Malformed), await Post(http, [0, 0, 0, 9, 1], Batch));
        Assert.Equal((HttpStatusCode.BadRequest, Refusal.Malformed), await Post(http, [.. Enumerable.Repeat(new byte[] { 0, 0, 0, 1, 7 }, 300).SelectMany(bytes => bytes)], Batch));
        Assert.Equal(HttpStatusCode.OK, (await Post(http, [], Batch)).Status);
        Assert.Equal(before, await world.Ledger.HeadAsync());

        // Every byte of a good transaction matters.
        for (var i = 0; i < good.Length; i++)
        {
            var changed = (byte[])good.Clone();
            changed[i] ^= 1;
            Assert.NotEqual(Refusal.None, (await Post(http, changed)).Refusal);
        }

        Assert.Equal(before, await world.Ledger.HeadAsync());
        Assert.Equal((HttpStatusCode.OK, Refusal.None), await Post(http, good));
        Assert.Equal((HttpStatusCode.Conflict, Refusal.NonceUsed), await Post(http, good));
    }

    [Theory]
    [InlineData("accounts/xyz")]
    [InlineData("accounts/0x00/lines?job=1")]
    [InlineData("nodes?after=zz")]
    [InlineData("nodes?max=99999999999999999999")]
    [InlineData("offers?content=notacid")]
    [InlineData("jobs/zz")]
    [InlineData("jobs/0000000000000000000000000000000000000000000000000000000000000001/invitation?node=1&role=Executor")]
    [InlineData("receipts/consistency?from=0")]
    [InlineData("events?from=-1")]
    [InlineData("blocks?from=x")]
    public async Task Bad_questions_get_a_client_error(string path)
    {
        await using var world = await LedgerFixture.CreateAsync(nodes: 1);
        await using var server = await LedgerServer.StartAsync(world.Ledger);
        using var http = Client(server);
        using var response = await http.GetAsync(new Uri(path, UriKind.Relative));
        Assert.InRange((int)response.StatusCode, 400, 499);
        Assert.DoesNotContain("   at ", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("{\"spec\":1}")]
    [InlineData("[]")]
    public async Task Bad_terms_get_a_client_error(string json)
    {
        await using var world = await LedgerFixture.CreateAsync(nodes: 1);
        await using var server = await LedgerServer.StartAsync(world.Ledger);
        using var http = Client(server);
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await http.PostAsync(new Uri("quote", UriKind.Relative), content);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task A_flood_is_bounded_and_an_honest_sender_gets_through()
    {
        await using var world = await LedgerFixture.CreateAsync(nodes: 2);
        await using var server = await LedgerServer.StartAsync(world.Ledger);
        using var flood = Client(server);
        using var honest = await HttpLedger.ConnectAsync(server.Address, signatures: world.Cryptography);
        using var stop = new CancellationTokenSource();
        var random = new Random(1);
        var bad = Enumerable.Range(0, 64).Select(i =>
        {
            var bytes = new byte[random.Next(1, 4000)];
            random.NextBytes(bytes);
            return i % 2 == 0 ? bytes : SignedTransaction.Create(new Transfer(world.Nodes[0].Address, 1), (ulong)i + 50, world.Ledger.GenesisDigest, world.Requester.Signer).Encoded.ToArray();
        }).ToList();
        var sent = 0;
        var attackers = Enumerable.Range(0, 16).Select(worker => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                Assert.NotEqual(Refusal.None, (await Post(flood, bad[(worker + Interlocked.Increment(ref sent)) % bad.Count])).Refusal);
            }
        })).ToList();
        for (ulong nonce = 0; nonce < 40; nonce++)
        {
            var result = await honest.SubmitAsync(SignedTransaction.Create(new Transfer(world.Nodes[1].Address, 1), nonce, honest.GenesisDigest, world.Requester.Signer));
            Assert.Equal(Refusal.None, result.Refusal);
        }

        await stop.CancelAsync();
        await Task.WhenAll(attackers);
        Assert.True(sent > 40, $"{sent} bad messages are no flood");
        Assert.Equal(40UL, (await honest.AccountAsync(world.Requester.Address)).Nonce);
    }

    [Fact]
    public async Task A_full_queue_says_busy_and_loses_nothing()
    {
        await using var world = await LedgerFixture.CreateAsync(nodes: 1);
        await world.Ledger.DisposeAsync();
        await using var ledger = EmbeddedLedger.Open(world.Options() with { QueueMax = 4 });
        var first = (await ledger.AccountAsync(world.Requester.Address)).Nonce;
        var answers = await Task.WhenAll(Enumerable.Range(0, 400).Select(i => Task.Run(async () =>
            await ledger.SubmitAsync(SignedTransaction.Create(new Transfer(world.Nodes[0].Address, 1), first + (ulong)(i % 3), ledger.GenesisDigest, world.Requester.Signer)))));
        var applied = answers.Count(answer => answer.Applied);
        Assert.All(answers, answer => Assert.Contains(answer.Refusal, new[] { Refusal.None, Refusal.Busy, Refusal.NonceUsed, Refusal.NonceAhead }));
        Assert.Equal(first + (ulong)applied, (await ledger.AccountAsync(world.Requester.Address)).Nonce);
    }

    [Fact]
    [Trait("speed", "slow")]
    public async Task Whoever_holds_connections_open_without_asking_keeps_nobody_else_out()
    {
        await using var world = await LedgerFixture.CreateAsync(nodes: 1);
        await using var server = await LedgerServer.StartAsync(world.Ledger, connectionsPerPeer: 8);
        var held = new List<(System.Net.Sockets.TcpClient Client, System.Net.Sockets.NetworkStream Stream)>();
        try
        {
            // Half a request each, from one address.
            var refused = 0;
            for (var i = 0; i < 40; i++)
            {
                var client = new System.Net.Sockets.TcpClient(new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0));
                try
                {
                    await client.ConnectAsync(IPAddress.Loopback, server.Address.Port);
                }
                catch (System.Net.Sockets.SocketException)
                {
                    // Hung up on before it knew that it was connected.
                    client.Dispose();
                    refused++;
                    continue;
                }

                var stream = client.GetStream();
                held.Add((client, stream));
                try
                {
                    await stream.WriteAsync("GET /api/v1/ledger/head HTTP/1.1\r\nHost: x\r\nX-Slow: "u8.ToArray());
                }
                catch (IOException)
                {
                    // Hung up on already.
                }
            }

            // Those past the bound read an end or a reset; the patience is for a slow machine.
            using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));
            foreach (var (_, stream) in held.Skip(8))
            {
                try
                {
                    Assert.Equal(0, await stream.ReadAsync(new byte[1], patience.Token));
                }
                catch (IOException)
                {
                    // A reset says the same.
                }

                refused++;
            }

            Assert.Equal(32, refused);
            using var honest = await HttpLedger.ConnectAsync(server.Address, signatures: world.Cryptography);
            Assert.Equal(Refusal.None, (await honest.SubmitAsync(SignedTransaction.Create(new Transfer(world.Nodes[0].Address, 1), 0, honest.GenesisDigest, world.Requester.Signer))).Refusal);

            // Those within it are cut off too, once their time for a request is over.
            foreach (var (_, stream) in held.Take(8))
            {
                var answer = new byte[512];
                int read;
                try
                {
                    read = await stream.ReadAsync(answer, patience.Token);
                }
                catch (IOException)
                {
                    read = 0;
                }

                Assert.True(read == 0 || Encoding.ASCII.GetString(answer, 0, read).StartsWith("HTTP/1.1 408", StringComparison.Ordinal), Encoding.ASCII.GetString(answer, 0, read));
            }
        }
        finally
        {
            held.ForEach(one => one.Client.Dispose());
        }
    }

    [Fact]
    [Trait("speed", "slow")]
    public async Task A_body_that_trickles_is_cut_off()
    {
        await using var world = await LedgerFixture.CreateAsync(nodes: 1);
        await using var server = await LedgerServer.StartAsync(world.Ledger);
        using var client = new System.Net.Sockets.TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, server.Address.Port);
        var stream = client.GetStream();
        await stream.WriteAsync("POST /api/v1/ledger/transactions HTTP/1.1\r\nHost: x\r\nContent-Type: application/cbor\r\nContent-Length: 90000\r\n\r\n1"u8.ToArray());
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        var answer = new byte[512];
        int read;
        try
        {
            read = await stream.ReadAsync(answer, patience.Token);
        }
        catch (IOException)
        {
            read = 0;
        }

        Assert.True(read == 0 || Encoding.ASCII.GetString(answer, 0, read).StartsWith("HTTP/1.1 408", StringComparison.Ordinal), Encoding.ASCII.GetString(answer, 0, read));
    }
}
