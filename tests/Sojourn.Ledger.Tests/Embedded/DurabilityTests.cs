using Microsoft.Data.Sqlite;
using Sojourn.Ledger.Embedded;
using Sojourn.Ledger.Embedded.Chain;
using Sojourn.Ledger.Tests.Conformance;
using Sojourn.Primitives;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Transactions;
using Sojourn.Simulation.Model;

namespace Sojourn.Ledger.Tests.Embedded;

/// <summary>What is acknowledged is kept, nothing is half applied, and a change to the files is found and named.</summary>
public sealed class DurabilityTests
{
    private static string CopyOf(string path)
    {
        var folder = Directory.CreateTempSubdirectory("sojourn-copy-").FullName;
        foreach (var suffix in new[] { "", "-wal" })
        {
            if (File.Exists(path + suffix))
            {
                File.Copy(path + suffix, Path.Combine(folder, "ledger.db" + suffix));
            }
        }

        return Path.Combine(folder, "ledger.db");
    }

    private static void Forget(string path) => Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);

    private static void Edit(string path, string sql, params object[] values)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters.Add(new SqliteParameter($"?{i + 1}", values[i]));
        }

        var changed = command.ExecuteNonQuery();
        Assert.True(changed > 0, $"{sql} changed nothing");
    }

    [Fact]
    public async Task A_process_killed_after_an_acknowledgement_has_kept_it()
    {
        await using var world = await LedgerFixture.CreateAsync(nodes: 2);
        for (var i = 0; i < 12; i++)
        {
            await world.Must(world.Requester, new Transfer(world.Nodes[0].Address, 1));
            // What a killed process leaves behind is what the files hold now.
            var copy = CopyOf(world.Path);
            await using (var after = EmbeddedLedger.Open(world.Options() with { Path = copy }))
            {
                Assert.Equal(await world.Ledger.HeadAsync(), await after.HeadAsync());
            }

            Assert.Null(LedgerAudit.Verify(copy, world.Cryptography, world.Cryptography).Fault);
            Forget(copy);
        }
    }

    [Fact]
    public async Task A_log_torn_anywhere_gives_a_whole_prefix()
    {
        await using var world = await LedgerFixture.CreateAsync(nodes: 2);
        var heads = new Dictionary<ulong, Digest>();
        for (var i = 0; i < 6; i++)
        {
            await world.Must(world.Requester, new Transfer(world.Nodes[0].Address, 1));
            var head = await world.Ledger.HeadAsync();
            heads[head.Block] = head.BlockHash;
        }

        var length = new FileInfo(world.Path + "-wal").Length;
        var random = new Random(5);
        for (var i = 0; i < 40; i++)
        {
            var copy = CopyOf(world.Path);
            using (var wal = new FileStream(copy + "-wal", FileMode.Open, FileAccess.ReadWrite))
            {
                if (i % 2 == 0)
                {
                    wal.SetLength(random.NextInt64(length));
                }
                else
                {
                    // A page that was written half: the rest is what stood there before.
                    wal.Position = Math.Max(0, random.NextInt64(length) - 512);
                    wal.Write(new byte[512]);
                }
            }

            // A cut before the tables themselves were durable leaves no ledger at all; it says so.
            AuditResult? audit = null;
            try
            {
                audit = LedgerAudit.Verify(copy, world.Cryptography, world.Cryptography);
            }
            catch (LedgerCorruptException exception)
            {
                Assert.Equal(ChainFaultKind.NotALedger, exception.Fault.Kind);
            }

            if (audit is not null)
            {
                Assert.Null(audit.Fault);
                if (heads.TryGetValue(audit.Blocks, out var hash))
                {
                    await using var after = EmbeddedLedger.Open(world.Options() with { Path = copy });
                    Assert.Equal(hash, (await after.HeadAsync()).BlockHash);
                }
            }

            Forget(copy);
        }
    }

    [Fact]
    public async Task A_full_disk_stops_the_ledger_and_loses_nothing_acknowledged()
    {
        await using var world = await LedgerFixture.CreateAsync(nodes: 2);
        await world.Ledger.DisposeAsync();
        var acknowledged = 0;
        var ledger = EmbeddedLedger.Open(world.Options() with { PagesMax = 40 });
        await Assert.ThrowsAsync<LedgerStoppedException>(async () =>
        {
            for (ulong nonce = (await ledger.AccountAsync(world.Requester.Address)).Nonce; ; nonce++)
            {
                var result = await ledger.SubmitAsync(SignedTransaction.Create(new Transfer(world.Nodes[0].Address, 1), nonce, ledger.GenesisDigest, world.Requester.Signer));
                Assert.Equal(Refusal.None, result.Refusal);
                acknowledged++;
            }
        });
        Assert.True(acknowledged > 3);
        await Assert.ThrowsAsync<LedgerStoppedException>(async () => await ledger.HeadAsync());
        await ledger.DisposeAsync();

        world.Open();
        Assert.Equal((Amount)(40_000 + (ulong)acknowledged), (await world.Ledger.AccountAsync(world.Nodes[0].Address)).Free);
        Assert.Null(LedgerAudit.Verify(world.Path, world.Cryptography, world.Cryptography).Fault);
        await world.Must(world.Requester, new Transfer(world.Nodes[0].Address, 1));
    }

    [Fact]
    public async Task A_changed_file_is_found_and_named()
    {
        await using var world = await LedgerFixture.CreateAsync(nodes: 8);
        var id = await world.Must(world.Requester, new JobPost(Workbench.Terms(3)));
        Assert.Equal(JobOutcome.Succeeded, (await new NetworkDriver(world.Ledger, world.Nodes, world.Ledger.AdvanceAsync).Run(id)).Outcome);
        var last = (await world.Ledger.HeadAsync()).Block;
        await world.Ledger.DisposeAsync();
        var whole = LedgerAudit.Verify(world.Path, world.Cryptography, world.Cryptography);
        Assert.Null(whole.Fault);
        Assert.True(whole.Transactions > 20);

        void Check(ChainFaultKind expected, string sql, params object[] values)
        {
            var copy = CopyOf(world.Path);
            Edit(copy, sql, values);
            var fault = LedgerAudit.Verify(copy, world.Cryptography, world.Cryptography).Fault;
            Assert.True(fault?.Kind == expected, $"{sql}: {fault}");
            Forget(copy);
        }

        Check(ChainFaultKind.MissingBlock, "DELETE FROM block WHERE number = ?1", (long)(last / 2));
        Check(ChainFaultKind.ChangedTransactions, "UPDATE block SET body = CAST(body || x'00' AS BLOB) WHERE number = 3");
        Check(ChainFaultKind.UnreadableBlock, "UPDATE block SET header = x'00' WHERE number = 4");
        Check(ChainFaultKind.BadBlockSignature, "UPDATE block SET signature = x'0900' WHERE number = 4");
        Check(ChainFaultKind.UnreadableBlock, "UPDATE block SET number = CASE number WHEN 5 THEN 100005 ELSE 5 END WHERE number IN (5, ?1); UPDATE block SET number = ?1 WHERE number = 100005", (long)last);
        Check(ChainFaultKind.WrongIndex, "UPDATE block SET events = zeroblob(length(events)) WHERE number = (SELECT MIN(number) FROM block WHERE length(events) > 0)");
        Check(ChainFaultKind.WrongIndex, "DELETE FROM line WHERE block = (SELECT MAX(block) FROM line)");
        Check(ChainFaultKind.WrongIndex, "DELETE FROM job WHERE length(id) = 32");
        Check(ChainFaultKind.WrongReceipts, "DELETE FROM receipt WHERE level = 0 AND number = 1");
    }

    [Fact]
    public async Task A_cheating_sequencer_is_found_by_whoever_follows_its_chain()
    {
        await using var world = await LedgerFixture.CreateAsync(nodes: 6);
        await world.Must(world.Requester, new JobPost(Workbench.Terms(1)));
        await world.Ledger.AdvanceAsync(4);
        var blocks = world.Ledger.Blocks(1, 1000);
        var genesis = world.Ledger.Genesis;

        ChainFault? Follow(int at, Func<BlockHeader, BlockHeader> change, Func<Block, ReadOnlyMemory<byte>>? body = null, bool sign = true)
        {
            var chain = new ChainFollower(genesis, world.Cryptography, world.Cryptography);
            for (var i = 0; i < at; i++)
            {
                Assert.Null(chain.Follow(blocks[i]));
            }

            var newBody = body?.Invoke(blocks[at]) ?? blocks[at].Body;
            var header = change(blocks[at].Header) with { Transactions = Block.BodyDigest(newBody.Span) };
            var bytes = header.Encode();
            var signature = sign ? world.Sequencer.Signer.Sign(Block.SigningDigest(world.Ledger.GenesisDigest, Digest.Of(bytes))) : world.Requester.Signer.Sign(Block.SigningDigest(world.Ledger.GenesisDigest, Digest.Of(bytes)));
            return chain.Follow(new Block(header, bytes, signature, newBody));
        }

        var beacon = blocks.ToList().FindIndex(block => !block.Header.BeaconProof.IsEmpty);
        var full = blocks.ToList().FindIndex(block => block.Header.Count > 0);
        Assert.True(beacon > 0 && full >= 0);
        Assert.Null(Follow(beacon, header => header));
        Assert.Equal(ChainFaultKind.ForgedBeacon, Follow(beacon, header => header with { Beacon = Workbench.Hash("chosen") })!.Kind);
        Assert.Equal(ChainFaultKind.WrongHeight, Follow(beacon, header => header with { Height = header.Height + 1 })!.Kind);
        Assert.Equal(ChainFaultKind.BadBlockSignature, Follow(beacon, header => header, sign: false)!.Kind);
        Assert.Equal(ChainFaultKind.BrokenChain, Follow(beacon, header => header with { Previous = Digest.Zero })!.Kind);
        Assert.Equal(ChainFaultKind.WrongEvents, Follow(full, header => header with { EventDigest = Digest.Zero })!.Kind);
        Assert.Equal(ChainFaultKind.ChangedTransactions, Follow(full, header => header, _ => default)!.Kind);

        // An invented transfer, signed by nobody.
        var forged = new byte[blocks[full].Body.Length];
        blocks[full].Body.CopyTo(forged);
        forged[^1] ^= 1;
        Assert.NotNull(Follow(full, header => header, _ => forged));
    }

    [Fact]
    public async Task A_snapshot_saves_the_replay_and_a_bad_one_is_passed_over()
    {
        await using var world = await LedgerFixture.CreateAsync(nodes: 8);
        var id = await world.Must(world.Requester, new JobPost(Workbench.Terms(3)));
        await world.Ledger.AdvanceAsync(3);
        var open = await world.Must(world.Requester, new JobPost(Workbench.Terms(1)));
        var before = await world.Ledger.HeadAsync();
        var view = System.Text.Json.JsonSerializer.Serialize(await world.Ledger.JobAsync(open), Protocol.Views.LedgerJson.Options);
        await world.Reopen();
        Assert.True(File.Exists(world.Path + ".snapshot"));
        Assert.Equal(before, await world.Ledger.HeadAsync());
        Assert.Equal(view, System.Text.Json.JsonSerializer.Serialize(await world.Ledger.JobAsync(open), Protocol.Views.LedgerJson.Options));
        Assert.Equal(JobOutcome.Succeeded, (await new NetworkDriver(world.Ledger, world.Nodes, world.Ledger.AdvanceAsync).Run(open)).Outcome);
        var after = await world.Ledger.HeadAsync();
        await world.Ledger.DisposeAsync();
        Assert.Null(LedgerAudit.Verify(world.Path, world.Cryptography, world.Cryptography).Fault);

        var bytes = await File.ReadAllBytesAsync(world.Path + ".snapshot");
        bytes[bytes.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(world.Path + ".snapshot", bytes);
        world.Open();
        Assert.Equal(after, await world.Ledger.HeadAsync());
        Assert.NotNull(await world.Ledger.JobAsync(id));
    }

    [Fact]
    public async Task Bad_input_is_refused_by_reason_and_changes_nothing()
    {
        await using var world = await LedgerFixture.CreateAsync(nodes: 2);
        var before = (await world.Ledger.HeadAsync()).EventDigest;
        var good = SignedTransaction.Create(new Transfer(world.Nodes[0].Address, 1), 0, world.Ledger.GenesisDigest, world.Requester.Signer);
        async Task<Refusal> Send(SignedTransaction transaction) => (await world.Ledger.SubmitAsync(transaction)).Refusal;
        Refusal Decode(byte[] bytes) => SignedTransaction.TryDecode(bytes, out _);

        Assert.Equal(Refusal.Malformed, Decode([]));
        Assert.Equal(Refusal.Malformed, Decode(good.Encoded.ToArray()[..^1]));
        Assert.Equal(Refusal.Malformed, Decode([.. good.Encoded.ToArray(), 0]));
        Assert.Equal(Refusal.TooLarge, Decode(new byte[SignedTransaction.LengthMax + 1]));
        var version = good.Encoded.ToArray();
        version[1] = 2;
        Assert.Equal(Refusal.UnknownVersion, Decode(version));
        Assert.Equal(Refusal.BadSignature, await Send(SignedTransaction.Create(new Transfer(world.Nodes[0].Address, 1), 0, Digest.Zero, world.Requester.Signer)));
        Assert.Equal(Refusal.NonceAhead, await Send(SignedTransaction.Create(new Transfer(world.Nodes[0].Address, 1), 5, world.Ledger.GenesisDigest, world.Requester.Signer)));
        Assert.Equal(Refusal.InsufficientFunds, (await world.Try(world.Nodes[0], new Transfer(world.Requester.Address, 1_000_000_000))).Refusal);
        Assert.Equal(Refusal.NotAllowed, (await world.Try(world.Requester, new Deposit(world.Requester.Address, 1, Digest.Zero))).Refusal);
        Assert.Equal(before, (await world.Ledger.HeadAsync()).EventDigest);
        Assert.Equal(Refusal.None, await Send(good));
        Assert.Equal(Refusal.NonceUsed, await Send(good));
        await world.Must(world.Issuer, new Deposit(world.Requester.Address, 1, Workbench.Hash("paper")));
        Assert.Equal(Refusal.ReferenceUsed, (await world.Try(world.Issuer, new Deposit(world.Requester.Address, 1, Workbench.Hash("paper")))).Refusal);
    }
}
