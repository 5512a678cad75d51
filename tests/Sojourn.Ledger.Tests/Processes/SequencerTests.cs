using System.Buffers.Binary;
using System.Globalization;
using Sojourn.Ledger.Embedded;
using Sojourn.Ledger.Embedded.Chain;
using Sojourn.Ledger.Embedded.Http;
using Sojourn.Ledger.Embedded.Sequencing;
using Sojourn.Ledger.Tests.Conformance;
using Sojourn.Primitives;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Simulation.Model;
using Xunit.Abstractions;

namespace Sojourn.Ledger.Tests.Processes;

/// <summary>Three sequencers, one chain: nobody alone can take the service away, and whoever cheats is named.</summary>
public sealed class SequencerTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private sealed class Replica(EmbeddedLedger ledger, LedgerServer server) : IAsyncDisposable
    {
        public EmbeddedLedger Ledger => ledger;

        public async ValueTask DisposeAsync()
        {
            await server.DisposeAsync();
            await ledger.DisposeAsync();
        }
    }

    private static string Folder() => Directory.CreateTempSubdirectory("sojourn-sequencers-").FullName;

    private static string PathOf(string folder, int index) => Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{index}.db"));

    private static async Task<Replica> Start(string folder, int index, Uri[] addresses, TimeSpan? takeOverAfter = null, int pagesMax = 0)
    {
        if (!File.Exists(PathOf(folder, index)))
        {
            EmbeddedLedger.Create(PathOf(folder, index), SequencerProcess.Genesis);
        }

        var options = SequencerProcess.Options(PathOf(folder, index), index, addresses);
        var ledger = EmbeddedLedger.Open(options with { TakeOverAfter = takeOverAfter ?? options.TakeOverAfter, PagesMax = pagesMax });
        return new Replica(ledger, await LedgerServer.StartAsync(ledger, addresses[index].GetLeftPart(UriPartial.Authority)));
    }

    private static async Task Until(Func<Task<bool>> holds, string what)
    {
        using var patience = new CancellationTokenSource(Patience);
        async Task<bool> Holds()
        {
            try
            {
                return await holds();
            }
            catch (LedgerBehindException)
            {
                // It does not know the present yet.
                return false;
            }
        }

        while (!await Holds())
        {
            Assert.False(patience.IsCancellationRequested, what);
            await Task.Delay(20);
        }
    }

    private static ulong Promised(string path)
    {
        using var database = Sojourn.Ledger.Embedded.Storage.LedgerDatabase.Open(path, readOnly: true);
        return database.GetMeta(Cluster.PromiseKey) is { Length: 8 } bytes ? BinaryPrimitives.ReadUInt64BigEndian(bytes) : 0;
    }

    private static async Task<ulong> Nonce(HttpLedger client)
    {
        ulong? nonce = null;
        await Until(
            async () =>
            {
                try
                {
                    nonce = (await client.AccountAsync(SequencerProcess.Payers[0].Address)).Nonce;
                }
                catch (LedgerUnreachableException)
                {
                    // Nobody leads for longer than the client waits: again.
                }

                return nonce is not null;
            },
            "Nobody answers.");
        return nonce!.Value;
    }

    // Sent until it is kept: an answer may be lost with a leader, and what was kept then is refused as a replay.
    private static Task PayOnce(HttpLedger client, ulong nonce) => Until(
        async () =>
        {
            try
            {
                var result = await client.SubmitAsync(SignedTransaction.Create(new Transfer(SequencerProcess.Payers[1].Address, 1), nonce, client.GenesisDigest, SequencerProcess.Payers[0].Signer));
                Assert.Contains(result.Refusal, new[] { Refusal.None, Refusal.NonceUsed, Refusal.Busy });
                return result.Refusal != Refusal.Busy;
            }
            catch (LedgerUnreachableException)
            {
                return false;
            }
        },
        "Nothing is acknowledged.");

    private static Task<HttpLedger> Connect(Uri[] addresses) => HttpLedger.ConnectAsync(addresses, signatures: SequencerProcess.Cryptography);

    [Fact]
    public async Task A_chain_is_led_replicated_and_taken_over_in_one_process()
    {
        var folder = Folder();
        var addresses = SequencerProcess.FreeAddresses(SequencerProcess.Count);
        var replicas = new Dictionary<int, Replica>();
        try
        {
            for (var i = 0; i < SequencerProcess.Count; i++)
            {
                replicas[i] = await Start(folder, i, addresses);
            }

            using var client = await Connect(addresses);
            async Task Pay(int count)
            {
                for (var i = 0; i < count; i++)
                {
                    await PayOnce(client, await Nonce(client));
                }
            }

            // Who leads is theirs to settle: on a slow machine the first in the list may be overtaken.
            async Task<int> Leader()
            {
                await Until(() => Task.FromResult(replicas.Count(replica => replica.Value.Ledger.Leads) == 1), "Not one leads.");
                return replicas.First(replica => replica.Value.Ledger.Leads).Key;
            }

            await Pay(10);
            // A replica says who leads instead of ordering anything itself.
            await Until(
                async () =>
                {
                    if (replicas.Values.FirstOrDefault(replica => !replica.Ledger.Leads && replica.Ledger.LeaderIndex is not null)?.Ledger is not { } follower)
                    {
                        return false;
                    }

                    try
                    {
                        await follower.SubmitAsync(SignedTransaction.Create(new Transfer(SequencerProcess.Payers[1].Address, 1), 99, follower.GenesisDigest, SequencerProcess.Payers[0].Signer));
                        return false;
                    }
                    catch (NotLeadingException)
                    {
                        return true;
                    }
                },
                "The replica does not learn who leads.");
            foreach (var replica in replicas.Values)
            {
                await Until(async () => (await replica.Ledger.AccountAsync(SequencerProcess.Payers[0].Address)).Nonce == 10, "The replica does not follow.");
            }

            // Another one takes over; the one that was away comes back as a replica.
            var leader = await Leader();
            await replicas[leader].DisposeAsync();
            replicas.Remove(leader);
            await Pay(10);
            Assert.NotEqual(leader, await Leader());
            replicas[leader] = await Start(folder, leader, addresses);
            await Pay(10);
            foreach (var replica in replicas.Values)
            {
                await Until(async () => (await replica.Ledger.AccountAsync(SequencerProcess.Payers[0].Address)).Nonce == 30, "A replica does not follow.");
            }

            var blocks = replicas.Values.Select(replica => replica.Ledger.Blocks(1, 10_000).Select(block => block.Hash).ToList()).ToList();
            var shortest = blocks.Min(list => list.Count);
            Assert.All(blocks, list => Assert.Equal(blocks[0].Take(shortest), list.Take(shortest)));
            Assert.Empty(replicas.Values.SelectMany(replica => replica.Ledger.Accusations));
        }
        finally
        {
            foreach (var replica in replicas.Values)
            {
                await replica.DisposeAsync();
            }

            for (var i = 0; i < SequencerProcess.Count; i++)
            {
                var audit = LedgerAudit.Verify(PathOf(folder, i), SequencerProcess.Cryptography, SequencerProcess.Cryptography);
                Assert.True(audit.Fault is null, $"{i}: {audit.Fault}");
            }

            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_leader_whose_disk_is_full_leads_no_longer_and_another_takes_over()
    {
        var folder = Folder();
        var addresses = SequencerProcess.FreeAddresses(SequencerProcess.Count);
        var replicas = new List<Replica>();
        try
        {
            for (var i = 0; i < SequencerProcess.Count; i++)
            {
                // The first in the list leads first; a page more than it has, and its disk is full.
                replicas.Add(await Start(folder, i, addresses, pagesMax: i == 0 ? 1 : 0));
            }

            using var client = await Connect(addresses);
            var full = replicas[0].Ledger;
            var nonce = 0UL;
            while (!full.Stopped.IsCompleted)
            {
                await PayOnce(client, nonce++);
            }

            Assert.IsType<LedgerStoppedException>(await full.Stopped);
            Assert.False(full.Leads);
            for (var i = 0; i < 5; i++)
            {
                await PayOnce(client, nonce++);
            }

            Assert.False(full.Leads);
            await Until(() => Task.FromResult(replicas[1].Ledger.Leads || replicas[2].Ledger.Leads), "Nobody took over.");
            // It gives its promise to nobody and keeps nothing, whoever asks.
            var request = new PromiseRequest(3_000_000_001, 3_000_000_000, 1_000_000, default);
            Assert.Null(full.Sequencers!.Consider(request with { Signature = SequencerProcess.Sequencer(1).Signer.Sign(request.SigningDigest(full.GenesisDigest)) }));
        }
        finally
        {
            foreach (var replica in replicas)
            {
                await replica.DisposeAsync();
            }

            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_restarted_replica_tells_no_reader_an_old_truth()
    {
        var folder = Folder();
        var addresses = SequencerProcess.FreeAddresses(SequencerProcess.Count);
        var replicas = new Dictionary<int, Replica>();
        try
        {
            for (var i = 0; i < SequencerProcess.Count; i++)
            {
                replicas[i] = await Start(folder, i, addresses);
            }

            using var client = await Connect(addresses);
            var payer = SequencerProcess.Payers[0].Address;
            for (var nonce = 0UL; nonce < 20; nonce++)
            {
                if (nonce == 10)
                {
                    await Until(async () => (await replicas[2].Ledger.AccountAsync(payer)).Nonce == 10, "The replica does not follow.");
                    await replicas[2].DisposeAsync();
                    replicas.Remove(2);
                }

                await PayOnce(client, nonce);
            }

            // Asked while it cannot have heard of the other ten yet: nobody can reach it.
            var ledger = EmbeddedLedger.Open(SequencerProcess.Options(PathOf(folder, 2), 2, addresses));
            var read = ledger.AccountAsync(payer).AsTask();
            replicas[2] = new Replica(ledger, await LedgerServer.StartAsync(ledger, addresses[2].GetLeftPart(UriPartial.Authority)));
            ulong? told = null;
            await Until(
                async () =>
                {
                    var asked = read;
                    if (read.IsCompleted)
                    {
                        read = ledger.AccountAsync(payer).AsTask();
                    }

                    told ??= (await asked).Nonce;
                    return true;
                },
                "The replica answers nobody.");
            Assert.Equal(20UL, told);

            // What it tells over HTTP names the block it holds, and a block that nobody has is not waited for without end.
            using var http = new HttpClient();
            using var ahead = new HttpRequestMessage(HttpMethod.Get, new Uri(addresses[2], $"/api/v1/ledger/accounts/{payer}"));
            ahead.Headers.Add(LedgerEndpoints.SeenHeader, "1000000");
            using var refused = await http.SendAsync(ahead);
            Assert.Equal(System.Net.HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.True(refused.Headers.Contains(LedgerEndpoints.LeaderHeader));

            // Alone it knows nothing of the present, and says so.
            foreach (var index in new[] { 0, 1 })
            {
                await replicas[index].DisposeAsync();
                replicas.Remove(index);
            }

            await replicas[2].DisposeAsync();
            replicas[2] = await Start(folder, 2, addresses);
            await Assert.ThrowsAsync<LedgerBehindException>(async () => await replicas[2].Ledger.HeadAsync());
            using var alone = await http.GetAsync(new Uri(addresses[2], $"/api/v1/ledger/accounts/{payer}"));
            Assert.Equal(System.Net.HttpStatusCode.ServiceUnavailable, alone.StatusCode);
            Assert.True(alone.Headers.Contains(LedgerEndpoints.LeaderHeader));
        }
        finally
        {
            foreach (var replica in replicas.Values)
            {
                await replica.DisposeAsync();
            }

            Directory.Delete(folder, recursive: true);
        }
    }

    // The one that is behind has the shorter wait: its candidacies must not keep the other, which alone can win, from standing.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task The_replica_that_is_ahead_takes_over_although_the_other_stands_first(int behind)
    {
        var folder = Folder();
        var addresses = SequencerProcess.FreeAddresses(SequencerProcess.Count);
        var replicas = new Dictionary<int, Replica>();
        var ahead = 3 - behind;
        try
        {
            for (var i = 0; i < SequencerProcess.Count; i++)
            {
                replicas[i] = await Start(folder, i, addresses);
            }

            using (var client = await Connect(addresses))
            {
                for (var nonce = 0UL; nonce < 10; nonce++)
                {
                    if (nonce == 5)
                    {
                        await Until(() => Task.FromResult(replicas[behind].Ledger.Tip.Number > 0), "A replica does not follow.");
                        await replicas[behind].DisposeAsync();
                        replicas.Remove(behind);
                    }

                    await PayOnce(client, nonce);
                }
            }

            await Until(() => Task.FromResult(replicas[ahead].Ledger.Tip.Number == replicas[0].Ledger.Tip.Number), "A replica does not follow.");
            var tip = replicas[ahead].Ledger.Tip.Number;
            foreach (var index in new[] { 0, ahead })
            {
                await replicas[index].DisposeAsync();
                replicas.Remove(index);
            }

            // Three candidacies before the other is there.
            replicas[behind] = await Start(folder, behind, addresses);
            var promised = Promised(PathOf(folder, behind));
            await Until(() => Task.FromResult(Promised(PathOf(folder, behind)) >= promised + (3 * SequencerProcess.Count)), "It does not stand.");
            Assert.InRange(replicas[behind].Ledger.Tip.Number, 1UL, tip - 1);
            replicas[ahead] = await Start(folder, ahead, addresses);
            await Until(() => Task.FromResult(replicas[ahead].Ledger.Leads), "The replica that holds the chain does not come to lead.");
            await Until(async () => (await replicas[behind].Ledger.AccountAsync(SequencerProcess.Payers[0].Address)).Nonce == 10, "The other does not follow.");
        }
        finally
        {
            foreach (var replica in replicas.Values)
            {
                await replica.DisposeAsync();
            }

            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    [Trait("speed", "slow")]
    public async Task A_leader_killed_under_load_takes_nothing_with_it()
    {
        var folder = Folder();
        var addresses = SequencerProcess.FreeAddresses(SequencerProcess.Count);
        var children = new Child?[SequencerProcess.Count];
        Child Launch(int index)
        {
            if (!File.Exists(PathOf(folder, index)))
            {
                EmbeddedLedger.Create(PathOf(folder, index), SequencerProcess.Genesis);
            }

            var child = Child.Start(null, ["sequencer", PathOf(folder, index), index.ToString(CultureInfo.InvariantCulture), .. addresses.Select(address => address.ToString())]);
            Assert.Equal("ready", child.Output.ReadLine());
            return child;
        }

        try
        {
            for (var i = 0; i < children.Length; i++)
            {
                children[i] = Launch(i);
            }

            var acknowledged = new long[SequencerProcess.Payers.Count];
            using var enough = new CancellationTokenSource();
            var load = SequencerProcess.Payers.Select((payer, index) => Task.Run(async () =>
            {
                using var client = await Connect(addresses);
                var nonce = 0UL;
                while (!enough.IsCancellationRequested)
                {
                    try
                    {
                        var result = await client.SubmitAsync(SignedTransaction.Create(new Transfer(SequencerProcess.Requester.Address, 1), nonce, client.GenesisDigest, payer.Signer));
                        // Sent twice because the first answer was lost: kept already.
                        Assert.Contains(result.Refusal, new[] { Refusal.None, Refusal.NonceUsed, Refusal.Busy });
                        if (result.Refusal != Refusal.Busy)
                        {
                            nonce++;
                            Interlocked.Exchange(ref acknowledged[index], (long)nonce);
                        }
                    }
                    catch (LedgerUnreachableException)
                    {
                        // Nobody leads for longer than the client waits: again.
                    }
                }
            })).ToList();

            // A payer that failed stops acknowledging: its failure is what must be told, not the silence after it.
            long Total() => load.Find(payer => payer.IsFaulted) is { Exception: { } failure }
                ? throw new InvalidOperationException("A payer failed.", failure)
                : Enumerable.Range(0, acknowledged.Length).Sum(i => Interlocked.Read(ref acknowledged[i]));
            using var http = new HttpClient();
            async Task<int> Leader()
            {
                var leader = -1;
                await Until(async () =>
                {
                    foreach (var address in addresses.Where((_, i) => children[i] is not null))
                    {
                        try
                        {
                            var said = await http.GetStringAsync(new Uri(address, "/api/v1/ledger/leader"));
                            if (int.TryParse(said, CultureInfo.InvariantCulture, out var index) && addresses[index] == address)
                            {
                                leader = index;
                                return true;
                            }
                        }
                        catch (HttpRequestException)
                        {
                            // It does not answer yet.
                        }
                    }

                    return false;
                }, "Nobody leads.");
                return leader;
            }

            var kills = new List<int>();
            for (var round = 0; round < 3; round++)
            {
                var goal = Total() + 100;
                await Until(() => Task.FromResult(Total() >= goal), "Nothing is acknowledged.");
                var leader = await Leader();
                children[leader]!.Kill();
                children[leader]!.Dispose();
                children[leader] = null;
                kills.Add(leader);
                goal = Total() + 100;
                await Until(() => Task.FromResult(Total() >= goal), $"Nothing is acknowledged after leader {leader} was killed.");
                children[leader] = Launch(leader);
            }

            await enough.CancelAsync();
            await Task.WhenAll(load);
            using var reader = await Connect(addresses);
            for (var i = 0; i < acknowledged.Length; i++)
            {
                var account = await reader.AccountAsync(SequencerProcess.Payers[i].Address);
                Assert.True((long)account.Nonce >= acknowledged[i], $"payer {i}: {acknowledged[i]} acknowledged, {account.Nonce} kept");
            }

            output.WriteLine($"leaders killed: {string.Join(", ", kills)}; acknowledged {Total()}");
            Assert.Equal(3, kills.Count);
            foreach (var child in children)
            {
                Assert.Equal(0, child!.End(TimeSpan.FromMinutes(3)));
            }

            // Three files, one chain: whatever each holds, and every block is sound.
            var chains = Enumerable.Range(0, children.Length).Select(i =>
            {
                var audit = LedgerAudit.Verify(PathOf(folder, i), SequencerProcess.Cryptography, SequencerProcess.Cryptography);
                Assert.True(audit.Fault is null, $"{i}: {audit.Fault}");
                using var files = Sojourn.Ledger.Embedded.Storage.LedgerDatabase.Open(PathOf(folder, i), readOnly: true);
                return files.ReadBlocks(1).Select(stored => stored.Block!.Hash).ToList();
            }).ToList();
            // A tail that no majority confirmed may differ; what two of three hold is the chain.
            var settled = chains.Select(chain => chain.Count).Order().ElementAt(1);
            var agreed = Enumerable.Range(0, settled).Count(at => chains.Where(chain => chain.Count > at).GroupBy(chain => chain[at]).Any(group => group.Count() >= 2));
            Assert.Equal(settled, agreed);
        }
        finally
        {
            foreach (var child in children)
            {
                child?.Dispose();
            }

            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_cheating_leader_gets_no_confirmation_and_is_named()
    {
        // The test holds sequencer 0's key and plays a leader that cheats; sequencer 1 is honest and alone.
        var folder = Folder();
        var addresses = SequencerProcess.FreeAddresses(SequencerProcess.Count);
        var cheat = SequencerProcess.Sequencer(0);
        try
        {
            // What an honest leader of term 3 would write.
            var scratch = Path.Combine(folder, "scratch.db");
            var alone = SequencerProcess.Genesis with { Sequencers = [SequencerProcess.Genesis.Sequencers[0]] };
            _ = (scratch, alone);
            var genesis = SequencerProcess.Genesis;
            var digest = Protocol.Genesis.GenesisCodec.DigestOf(genesis);
            Block Make(LedgerState state, ulong number, Digest previous, Transaction[] bodies, Func<BlockHeader, BlockHeader>? change = null)
            {
                var context = new ApplyContext(SequencerProcess.Cryptography, SequencerProcess.Cryptography);
                var body = new BodyBuilder();
                foreach (var transaction in bodies)
                {
                    var payer = SequencerProcess.Payers[0];
                    var signed = SignedTransaction.Create(transaction, state.Accounts[payer.Address].Nonce, digest, payer.Signer);
                    _ = state.Apply(signed, context);
                    body.Add(signed);
                }

                var header = new BlockHeader(number, 3, 0, 1000, previous, body.Digest(), (uint)body.Count, state.Beacon, default, (ulong)context.Events.Count, state.EventDigest, 0, state.Receipts.Root);
                header = change?.Invoke(header) ?? header;
                var bytes = header.Encode();
                return new Block(header, bytes, cheat.Signer.Sign(Block.SigningDigest(digest, Digest.Of(bytes))), body.Bytes);
            }

            // It must not stand for a term of its own meanwhile, however slow the machine: then it would serve none of the cheat's.
            await using var honest = await Start(folder, 1, addresses, takeOverAfter: TimeSpan.FromHours(1));
            var count = 0UL;
            async Task<LeadReply?> Lead(ulong previousNumber, Digest previous, params Block[] blocks)
            {
                using var stream = new MemoryStream();
                foreach (var block in blocks)
                {
                    block.WriteTo(stream);
                }

                var request = new LeadRequest(3, 1, ++count, previousNumber, previous, 0, stream.ToArray(), default);
                request = request with { Signature = cheat.Signer.Sign(request.SigningDigest(digest)) };
                using var http = new HttpClient();
                using var content = new ByteArrayContent(request.Encode());
                var response = await http.PostAsync(new Uri(addresses[1], "/api/v1/ledger/sequencing/lead"), content);
                return response.IsSuccessStatusCode ? LeadReply.TryDecode(await response.Content.ReadAsByteArrayAsync()) : null;
            }

            Transfer Pay(ulong amount) => new(SequencerProcess.Payers[1].Address, amount);

            // An invented effect, an overdraft, a forged beacon: no confirmation, and the signature says who.
            Assert.False((await Lead(0, digest, Make(new LedgerState(genesis), 1, digest, [Pay(5)], header => header with { EventDigest = Workbench.Hash("invented") })))!.Kept);
            Assert.False((await Lead(0, digest, Make(new LedgerState(genesis), 1, digest, [Pay(100_000_000)])))!.Kept);
            Assert.False((await Lead(0, digest, Make(new LedgerState(genesis), 1, digest, [], header => header with { Beacon = Workbench.Hash("chosen") })))!.Kept);
            Assert.Equal([ChainFaultKind.WrongEvents, ChainFaultKind.RefusedTransaction, ChainFaultKind.ForgedBeacon], honest.Ledger.Accusations.Select(accusation => accusation.Fault.Kind));
            Assert.All(honest.Ledger.Accusations, accusation => Assert.Equal(cheat.Address, accusation.Sequencer));

            // One honest block is confirmed; another one in its place is a fraud that anybody can check.
            var good = Make(new LedgerState(genesis), 1, digest, [Pay(5)]);
            Assert.True((await Lead(0, digest, good)) is { Kept: true, Number: 1 });
            var other = Make(new LedgerState(genesis), 1, digest, [Pay(6)]);
            Assert.False((await Lead(0, digest, other))!.Kept);
            var fraud = honest.Ledger.Accusations[^1];
            Assert.Equal((ChainFaultKind.Equivocation, cheat.Address), (fraud.Fault.Kind, fraud.Sequencer));
            var shown = fraud.Evidence.Select(bytes => Block.ReadFrom(new MemoryStream(bytes.ToArray()))!).ToList();
            Assert.NotNull(SequencerFraud.Show(genesis, shown[0], shown[1], SequencerProcess.Cryptography));
            Assert.Null(SequencerFraud.Show(genesis, shown[0], shown[0], SequencerProcess.Cryptography));
            Assert.Null(SequencerFraud.Show(genesis, shown[0], shown[1] with { Signature = new byte[33] }, SequencerProcess.Cryptography));

            // Rubbish and foreign signatures move nothing.
            using var stranger = new HttpClient();
            using var rubbish = new ByteArrayContent([1, 2, 3]);
            Assert.Equal(System.Net.HttpStatusCode.BadRequest, (await stranger.PostAsync(new Uri(addresses[1], "/api/v1/ledger/sequencing/lead"), rubbish)).StatusCode);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
