using System.Text.Json.Nodes;
using Sojourn.Cli;
using Sojourn.Hosting.Keys;
using Sojourn.Ledger.Embedded.Http;
using Sojourn.Ledger.Tests.Conformance;
using Sojourn.Ledger.Tests.Embedded;
using Sojourn.Primitives;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Transactions;
using Sojourn.Simulation.Model;

namespace Sojourn.Ledger.Tests.Cli;

/// <summary>The commands of the ledger as a person types them.</summary>
public sealed class LedgerCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sojourn-ledger-cli-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string At(string name) => Path.Combine(_folder, name);

    private static async Task<CliRun> Ok(params string[] arguments)
    {
        var run = await CliRun.OfAsync(arguments);
        Assert.True(run.Code == ExitCode.Ok, $"{string.Join(' ', arguments)}: {run.Code} {run.Error}");
        return run;
    }

    private static async Task<CliRun> Fails(int code, string says, params string[] arguments)
    {
        var run = await CliRun.OfAsync(arguments);
        Assert.True(run.Code == code, $"{string.Join(' ', arguments)}: {run.Code} {run.Error}");
        Assert.Contains(says, run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
        return run;
    }

    private string JobFile()
    {
        var code = Cid.ForRaw("code"u8);
        File.WriteAllText(At("job.yaml"), $$"""
            Name: sums
            Type: batch
            Count: 1
            Tasks:
              - Engine:
                  Type: wasm
                  Params:
                    EntryModule: {{code}}
            Confidentiality: {Level: simulated}
            Payment: {Executor: 1000, Verifier: 10}
            """);
        return At("job.yaml");
    }

    [Fact]
    public async Task A_ledger_from_its_first_command_to_the_proof_that_it_is_sound()
    {
        // Heights that last ten minutes: what is posted stays where it is while the test looks at it.
        var id = (await Ok("ledger", "init", At("l"), "--development", "--issuer-tokens", "10000000", "--height-ms", "600000")).Line;
        Assert.Matches("^[0-9a-f]{64}$", id);
        await Fails(ExitCode.Usage, "holds a ledger already", "ledger", "init", At("l"));
        using var stop = new CancellationTokenSource();
        var (address, serving) = await CliRun.StartAsync(stop.Token, "ledger", "serve", At("l"), "--listen", "http://127.0.0.1:0");
        var key = Path.Combine(At("l"), "sequencer.key");
        using var node = PartyKeys.LoadOrCreate(At("node.keys"), "node");

        var head = JsonNode.Parse((await Ok("ledger", "head", "--ledger", address, "--output", "json")).Output)!;
        Assert.Equal((id, "10000000"), ((string)head["ledger"]!, (string)head["tokensHeld"]!));
        await Ok("account", "send", node.Address.ToString(), "50000", "--key", key, "--ledger", address);
        await Fails(ExitCode.Refused, "too few free tokens", "account", "send", node.Address.ToString(), "99999999999", "--key", key, "--ledger", address);
        await Fails(ExitCode.Usage, "is not an address", "account", "send", "0x12", "1", "--key", key, "--ledger", address);
        await Fails(ExitCode.NotFound, "is not there", "account", "send", node.Address.ToString(), "1", "--key", At("no.key"), "--ledger", address);
        await Fails(ExitCode.Refused, "Nothing has matured", "account", "payout", node.Address.ToString(), "--ledger", address);

        var chip = new string('a', 64);
        await Fails(ExitCode.BadInput, "no VRF key", "node", "register", "--key", key, "--chip", chip, "--ledger", address);
        await Fails(ExitCode.Usage, "chip's identity", "node", "register", "--key", At("node.keys"), "--chip", "xyz", "--ledger", address);
        await Ok("node", "register", "--key", At("node.keys"), "--chip", chip, "--level", "Simulated", "--stake", "10000", "--gateway", "http://node.example", "--ledger", address);
        var nodes = JsonNode.Parse((await Ok("market", "nodes", "--ledger", address, "--output", "json")).Output)!.AsArray();
        Assert.Equal((node.Address.ToString(), 10), ((string)Assert.Single(nodes)!["node"]!, (int)nodes[0]!["units"]!));
        await Fails(ExitCode.Refused, "UpdateTooSoon", await Twice("node", "register", "--key", At("node.keys"), "--chip", chip, "--level", "Simulated", "--ledger", address));

        var dry = await Ok("job", "post", JobFile(), "--key", key, "--ledger", address, "--dry-run");
        Assert.Empty(dry.Line);
        Assert.Contains("on the ledger", dry.Error, StringComparison.Ordinal);
        Assert.Contains("batched", (await Ok("job", "post", JobFile(), "--ledger", address, "--dry-run", "--balance", "auto", "--fee-per-transaction", "1000")).Error, StringComparison.Ordinal);
        await Fails(ExitCode.Usage, "no side ledger", "job", "post", JobFile(), "--key", key, "--ledger", address, "--balance", "batched");
        var job = (await Ok("job", "post", JobFile(), "--key", key, "--ledger", address)).Line;
        Assert.Equal(job, (await Ok("job", "list", "--ledger", address, "--id-only")).Line);
        var described = JsonNode.Parse((await Ok("job", "describe", job[..12], "--ledger", address, "--output", "json")).Output)!;
        Assert.Equal("Drawing", (string)described["phase"]!);
        await Fails(ExitCode.Refused, "may not do this", "job", "stop", job, "--ledger", address, "--key", At("node.keys"));
        await Ok("job", "stop", job, "--ledger", address, "--key", key);
        await Fails(ExitCode.NotFound, "0 jobs begin with", "job", "describe", "ffffffff", "--ledger", address);

        var issuer = (string)JsonNode.Parse((await Ok("job", "list", "--ledger", address, "--output", "json")).Output)![0]!["requester"]!;
        var lines = JsonNode.Parse((await Ok("account", "explain", issuer, "--job", job, "--ledger", address, "--output", "json")).Output)!.AsArray();
        Assert.Equal(["Refunded", "Escrowed"], lines.Select(line => (string)line!["reason"]!));
        Assert.All(lines, line => Assert.NotEmpty((string)line!["words"]!));
        Assert.Contains("Free", (await Ok("account", "show", issuer, "--ledger", address, "--output", "yaml")).Output, StringComparison.OrdinalIgnoreCase);

        await stop.CancelAsync();
        await serving;
        await Fails(ExitCode.Unreachable, "cannot be reached", "ledger", "head", "--ledger", address);

        var verified = JsonNode.Parse((await Ok("ledger", "verify", At("l"), "--output", "json")).Output)!;
        Assert.Equal("5", (await Ok("ledger", "export", At("l"), At("all.chain"))).Line is var blocks && int.Parse(blocks, System.Globalization.CultureInfo.InvariantCulture) >= 5 ? "5" : "too few");
        var replayed = JsonNode.Parse((await Ok("ledger", "replay", At("all.chain"), "--output", "json")).Output)!;
        Assert.Equal((string)verified["stateRoot"]!, (string)replayed["stateRoot"]!);
        Assert.Equal(verified.ToJsonString(), replayed.ToJsonString());
        await Fails(ExitCode.Usage, "is there already", "ledger", "export", At("l"), At("all.chain"));
        await Fails(ExitCode.NotFound, "there is no ledger", "ledger", "verify", At("nowhere"));

        // One byte changed anywhere is found.
        var whole = await File.ReadAllBytesAsync(At("all.chain"));
        foreach (var part in new[] { 0.3, 0.5, 0.8, 0.99 })
        {
            var changed = (byte[])whole.Clone();
            changed[(int)(changed.Length * part)] ^= 1;
            await File.WriteAllBytesAsync(At("changed.chain"), changed);
            await Fails(ExitCode.BadInput, "is not sound", "ledger", "replay", At("changed.chain"));
        }
    }

    [Fact]
    public async Task What_cannot_be_served_or_checked_is_told_before_anything_begins()
    {
        await Ok("ledger", "init", At("one"));
        await Ok("ledger", "init", At("three"), "--sequencers", "3");
        await Fails(ExitCode.Usage, "no address to listen at", "ledger", "serve", At("one"), "--listen", "nonsense");
        await Fails(ExitCode.Usage, "no address to listen at", "ledger", "serve", At("one"), "--listen", "http://127.0.0.1:99999");
        await Fails(ExitCode.Usage, "no address to listen at", "ledger", "serve", At("one"), "--listen", "https://127.0.0.1:7070");
        await Fails(ExitCode.NotFound, "there is no ledger", "ledger", "serve", At("nowhere"));
        await Fails(ExitCode.Usage, "has one sequencer", "ledger", "serve", At("one"), "--peers", "http://127.0.0.1:1,http://127.0.0.1:2");
        await Fails(ExitCode.Usage, "has 3 sequencers, and --peers names 2", "ledger", "serve", At("three/sequencer-0"), "--peers", "http://127.0.0.1:1,http://127.0.0.1:2");
        await Fails(ExitCode.Usage, "has 3 sequencers, and --peers names 0", "ledger", "serve", At("three/sequencer-0"));
        File.Copy(Path.Combine(At("one"), "sequencer.key"), Path.Combine(At("three/sequencer-1"), "sequencer.key"), overwrite: true);
        await Fails(ExitCode.BadInput, "none of the ledger's sequencers", "ledger", "serve", At("three/sequencer-1"));

        await File.WriteAllTextAsync(At("rubbish"), "rubbish");
        await File.WriteAllBytesAsync(At("empty"), []);
        foreach (var verb in new[] { "verify", "replay" })
        {
            await Fails(ExitCode.BadInput, "Name a ledger's folder", "ledger", verb, At("rubbish"));
            await Fails(ExitCode.BadInput, "Name a ledger's folder", "ledger", verb, At("empty"));
        }

        // A database that is damaged beyond reading is named as such by the command that is there to say so.
        var bytes = await File.ReadAllBytesAsync(Path.Combine(At("one"), "ledger.db"));
        bytes.AsSpan(100).Fill(0xAB);
        await File.WriteAllBytesAsync(Path.Combine(At("one"), "ledger.db"), bytes);
        File.Delete(Path.Combine(At("one"), "ledger.db-wal"));
        File.Delete(Path.Combine(At("one"), "ledger.db-shm"));
        await Fails(ExitCode.BadInput, "is not sound", "ledger", "verify", At("one"));
    }

    private static async Task<string[]> Twice(params string[] arguments)
    {
        // The first change takes effect; the next one has to wait for it.
        await Ok(arguments);
        return arguments;
    }

    [Fact]
    public async Task The_odds_of_a_committee_are_shown_without_a_ledger()
    {
        var odds = JsonNode.Parse((await Ok("market", "odds", "--units", "1000", "--verifiers", "21", "--output", "json")).Output)!.AsArray();
        Assert.Equal(7, odds.Count);
        await Fails(ExitCode.Usage, "units", "market", "odds", "--units", "3");
        await Fails(ExitCode.Usage, "sequencers are not possible", "ledger", "init", At("two"), "--sequencers", "2");
        Assert.Matches("^[0-9a-f]{64}$", (await Ok("ledger", "init", At("three"), "--sequencers", "3")).Line);
        Assert.Equal(3, Directory.GetDirectories(At("three")).Length);
    }

    [Fact]
    public async Task The_receipts_of_a_job_are_shown_together_and_proved_offline()
    {
        await using var world = await LedgerFixture.CreateAsync(nodes: 8, cryptography: new RealCryptography(3, ethereum: true));
        await using var server = await LedgerServer.StartAsync(world.Ledger);
        var job = await world.Must(world.Requester, new JobPost(Workbench.Terms(3)));
        Assert.Equal(JobOutcome.Succeeded, (await new NetworkDriver(world.Ledger, world.Nodes, world.Ledger.AdvanceAsync).Run(job)).Outcome);
        var address = server.Address.ToString();
        var log = JsonNode.Parse((await Ok("receipt", "log", job.ToString(), "--ledger", address, "--to", At("proofs"), "--output", "json")).Output)!.AsArray();
        Assert.Equal([0, 1, 2], log.Select(entry => (int)entry!["logIndex"]!).Order());
        Assert.All(log, entry => Assert.True((bool)entry!["agreed"]!));

        var receipt = (string)log[0]!["receipt"]!;
        string[] prove = ["--proof", Path.Combine(At("proofs"), receipt + ".proof"), "--genesis", Path.Combine(At("proofs"), "genesis.cbor")];
        await Ok(["receipt", "prove", receipt, .. prove]);
        await Ok(["receipt", "prove", receipt, .. prove, "--ledger-id", world.Ledger.GenesisDigest.ToString()]);
        await Fails(ExitCode.BadInput, "does not hold", ["receipt", "prove", new string('1', 64), .. prove]);
        await Fails(ExitCode.BadInput, "is the genesis of", ["receipt", "prove", receipt, .. prove, "--ledger-id", new string('1', 64)]);

        // Another ledger's genesis names other sequencers.
        await File.WriteAllBytesAsync(At("other.cbor"), GenesisCodec.Encode(world.Ledger.Genesis with { Name = "another" }));
        await Fails(ExitCode.BadInput, "OtherLedger", "receipt", "prove", receipt, "--proof", prove[1], "--genesis", At("other.cbor"));
        var bytes = await File.ReadAllBytesAsync(prove[1]);
        for (var i = 0; i < bytes.Length; i += 7)
        {
            var changed = (byte[])bytes.Clone();
            changed[i] ^= 0x10;
            await File.WriteAllBytesAsync(At("changed.proof"), changed);
            Assert.Equal(ExitCode.BadInput, (await CliRun.OfAsync("receipt", "prove", receipt, "--proof", At("changed.proof"), "--genesis", prove[3])).Code);
        }
    }

    [Fact]
    public async Task A_kept_head_tells_whether_a_receipt_belongs_to_the_same_log()
    {
        await using var world = await LedgerFixture.CreateAsync(nodes: 8, cryptography: new RealCryptography(5, ethereum: true));
        await using var server = await LedgerServer.StartAsync(world.Ledger);
        var address = server.Address.ToString();
        var driver = new NetworkDriver(world.Ledger, world.Nodes, world.Ledger.AdvanceAsync);
        async Task<Digest> Run()
        {
            var job = await world.Must(world.Requester, new JobPost(Workbench.Terms(3)));
            Assert.Equal(JobOutcome.Succeeded, (await driver.Run(job)).Outcome);
            return job;
        }

        var job = await Run();
        await Ok("ledger", "head", "--save", At("early.head"), "--ledger", address);
        await Ok("receipt", "log", job.ToString(), "--to", At("first"), "--ledger", address);
        await Run();
        await Ok("ledger", "head", "--save", At("late.head"), "--ledger", address);
        await Ok("receipt", "log", job.ToString(), "--to", At("now"), "--head", At("early.head"), "--ledger", address);
        await Ok("receipt", "log", job.ToString(), "--to", At("then"), "--head", At("late.head"), "--ledger", address);

        // A receipt as an enclave signs one, and the log of a ledger of the same rules that holds it: what is checked offline is the file, not the ledger's word.
        var signatures = new Protocol.Accounts.AccountSignatures();
        var genesis = world.Ledger.Genesis;
        var proof = Directory.GetFiles(At("now"), "*.proof").Order().First();
        var receipt = Digest.Parse(Path.GetFileNameWithoutExtension(proof));
        async Task<Exception?> Check(string folder, string head, string? consistency)
        {
            var run = new Sojourn.Protocol.Receipts.LogProof?[1];
            Assert.True(Sojourn.Protocol.Receipts.LogProof.TryDecode(await File.ReadAllBytesAsync(Path.Combine(At(folder), receipt + ".proof")), out run[0]));
            var kept = Sojourn.Ledger.Embedded.Chain.SignedHead.TryRead(await File.ReadAllBytesAsync(At(head)), genesis, signatures);
            Assert.NotNull(kept);
            if (consistency is null)
            {
                return kept.Header.ReceiptRoot == run[0]!.RootOf(receipt) ? null : new InvalidDataException();
            }

            return Sojourn.Protocol.Receipts.LogConsistency.TryDecode(await File.ReadAllBytesAsync(At(consistency)), out var joins)
                && joins!.Joins(kept.Header.Receipts, kept.Header.ReceiptRoot, run[0]!.Size, run[0]!.RootOf(receipt)!.Value) ? null : new InvalidDataException();
        }

        // The same size needs no proof; a longer log, and a shorter one, do.
        Assert.Null(await Check("first", "early.head", null));
        Assert.NotNull(await Check("now", "early.head", null));
        Assert.Null(await Check("now", "early.head", "now/log.consistency"));
        Assert.False(File.Exists(At("then/log.consistency")));
        Assert.Null(await Check("then", "late.head", null));

        // A changed head is no head, a changed proof joins nothing, and another ledger's head is refused.
        var bytes = await File.ReadAllBytesAsync(At("early.head"));
        for (var i = 0; i < bytes.Length; i += 11)
        {
            var changed = (byte[])bytes.Clone();
            changed[i] ^= 4;
            Assert.Null(Sojourn.Ledger.Embedded.Chain.SignedHead.TryRead(changed, genesis, signatures));
        }

        Assert.Null(Sojourn.Ledger.Embedded.Chain.SignedHead.TryRead([.. bytes, 0], genesis, signatures));
        Assert.Null(Sojourn.Ledger.Embedded.Chain.SignedHead.TryRead(bytes, genesis with { Name = "another" }, signatures));
        var joined = await File.ReadAllBytesAsync(At("now/log.consistency"));
        for (var i = 0; i < joined.Length; i++)
        {
            var changed = (byte[])joined.Clone();
            changed[i] ^= 1;
            await File.WriteAllBytesAsync(At("changed"), changed);
            Assert.NotNull(await Check("now", "early.head", "changed"));
        }

        await File.WriteAllBytesAsync(At("no.head"), [1, 2, 3]);
        await Fails(ExitCode.BadInput, "is no head of this ledger", "receipt", "log", job.ToString(), "--to", At("x"), "--head", At("no.head"), "--ledger", address);
    }

    [Fact]
    public async Task A_receipt_is_verified_offline_down_to_a_kept_head()
    {
        // A log in memory, whose heads and proofs a sequencer signs; the receipt is a real one.
        var cryptography = new RealCryptography(6, ethereum: true);
        var sequencer = Party.Of(cryptography, "sequencer");
        var genesis = new LedgerGenesis { Name = "offline", Development = true, Issuer = sequencer.Address, Sequencers = [new Sequencer(sequencer.Address, sequencer.Vrf.PublicKey)], Rules = Workbench.Rules };
        var identity = GenesisCodec.DigestOf(genesis);
        await File.WriteAllBytesAsync(At("genesis.cbor"), GenesisCodec.Encode(genesis));
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        byte[] publicKey = [(byte)(2 + (point.Y![^1] & 1)), .. point.X!];
        var code = Cid.ForRaw("code"u8);
        var receipt = new Sojourn.Protocol.Receipts.JobReceipt
        {
            Genesis = identity, Job = Workbench.Hash("job"), Round = 0, Executor = sequencer.Address, Beacon = Workbench.Hash("beacon"), Spec = code, Code = code, Inputs = [code], Output = code,
            Tag = Workbench.Hash("tag"), Exit = 0, Fuel = 7, Engine = "sojourn", Deterministic = true, Admission = Workbench.Hash("admission"), Evidence = Workbench.Hash("evidence"), Guards = [], Started = DateTimeOffset.UnixEpoch, Signed = DateTimeOffset.UnixEpoch,
        }.Sign(key, publicKey);
        await File.WriteAllBytesAsync(At("receipt.cbor"), receipt);
        var digests = Enumerable.Range(0, 11).Select(i => i == 4 ? Digest.Of(receipt) : Workbench.Hash($"receipt {i}")).ToArray();
        Digest Node(int level, ulong number) => level == 0
            ? Sojourn.Protocol.Receipts.ReceiptAccumulator.Leaf(digests[number])
            : Sojourn.Protocol.Receipts.ReceiptAccumulator.Node(Node(level - 1, number << 1), Node(level - 1, (number << 1) + 1));
        async Task Head(string name, ulong size, Digest root)
        {
            var header = new Sojourn.Ledger.Embedded.Chain.BlockHeader(size, 0, 1, 1, identity, default, 0, default, default, 0, default, size, root);
            var encoded = header.Encode();
            using var stream = File.Create(At(name));
            new Sojourn.Ledger.Embedded.Chain.Block(header, encoded, sequencer.Signer.Sign(Sojourn.Ledger.Embedded.Chain.Block.SigningDigest(identity, Digest.Of(encoded))), default).WriteTo(stream);
            await stream.FlushAsync();
        }

        Digest Root(ulong size) => Sojourn.Protocol.Receipts.ReceiptTree.RootOf(size, Node);
        var envelope = Sojourn.Protocol.Receipts.LogProof.SignRoot(identity, 7, Root(7), sequencer.Signer);
        await File.WriteAllBytesAsync(At("in.proof"), Sojourn.Protocol.Receipts.LogProof.Sign(identity, digests[4], 4, 7, Sojourn.Protocol.Receipts.ReceiptTree.InclusionPath(4, 7, Node), Root(7), envelope).Encode());
        await Head("same.head", 7, Root(7));
        await Head("early.head", 3, Root(3));
        await Head("late.head", 11, Root(11));
        await Head("empty.head", 0, Root(0));
        await Head("forked.head", 7, Root(6));
        await File.WriteAllBytesAsync(At("3-7"), new Sojourn.Protocol.Receipts.LogConsistency(3, Root(3), 7, Root(7), Sojourn.Protocol.Receipts.ReceiptTree.ConsistencyPath(3, 7, Node)).Encode());
        await File.WriteAllBytesAsync(At("7-11"), new Sojourn.Protocol.Receipts.LogConsistency(7, Root(7), 11, Root(11), Sojourn.Protocol.Receipts.ReceiptTree.ConsistencyPath(7, 11, Node)).Encode());

        string[] verify = ["receipt", "verify", At("receipt.cbor"), "--key", Convert.ToHexStringLower(publicKey)];
        string[] logged = [.. verify, "--proof", At("in.proof"), "--genesis", At("genesis.cbor")];
        await Ok(verify);
        Assert.Contains("receipt 4 of 7", (await Ok(logged)).Error, StringComparison.Ordinal);
        await Ok([.. logged, "--ledger-id", identity.ToString()]);
        await Ok([.. logged, "--head", At("same.head")]);
        await Ok([.. logged, "--head", At("empty.head")]);
        Assert.Contains("the head of block 3 signed", (await Ok([.. logged, "--head", At("early.head"), "--consistency", At("3-7")])).Error, StringComparison.Ordinal);
        await Ok([.. logged, "--head", At("late.head"), "--consistency", At("7-11")]);
        await Fails(ExitCode.BadInput, "not shown to be one", [.. logged, "--head", At("forked.head")]);
        await Fails(ExitCode.BadInput, "not shown to be one", [.. logged, "--head", At("late.head"), "--consistency", At("3-7")]);
        await Fails(ExitCode.BadInput, "not shown to be one", [.. logged, "--head", At("early.head"), "--consistency", At("in.proof")]);
        await Fails(ExitCode.Usage, "is needed", [.. logged, "--head", At("early.head")]);
        await Fails(ExitCode.Usage, "--proof is missing", [.. verify, "--head", At("early.head")]);
        await Fails(ExitCode.Usage, "needs --genesis", [.. verify, "--proof", At("in.proof")]);
        await Fails(ExitCode.BadInput, "is no head", [.. logged, "--head", At("in.proof")]);
        await Fails(ExitCode.BadInput, "not of", [.. logged, "--ledger-id", new string('2', 64)]);
    }

    [Fact]
    public async Task What_a_side_ledger_owes_is_posted_and_claimed_by_one_command()
    {
        await using var side = await LedgerFixture.CreateAsync(nodes: 3, seed: 1, cryptography: new RealCryptography(8, ethereum: true));
        await using var main = await LedgerFixture.CreateAsync(nodes: 2, seed: 2, register: false, cryptography: new RealCryptography(9, ethereum: true));
        await using var sideServer = await LedgerServer.StartAsync(side.Ledger);
        await using var mainServer = await LedgerServer.StartAsync(main.Ledger);
        using var poster = PartyKeys.LoadOrCreate(At("poster.keys"), "poster");
        await main.Must(main.Requester, new Transfer(poster.Address, 1_000));
        string[] settle = ["ledger", "settle", "--side", sideServer.Address.ToString(), "--ledger", mainServer.Address.ToString(), "--key", At("poster.keys")];
        async Task<ulong> Held(Party party)
        {
            var account = await main.Ledger.AccountAsync(party.Address);
            return (ulong)(account.Free + account.Withheld + account.Matured).Units;
        }

        var before = (await Held(main.Party("node0")), await Held(main.Party("node1")));
        Assert.Equal("", (await Ok(settle)).Output);
        await side.Must(side.Nodes[0], new Withdraw(70, Workbench.Hash("a")));
        await side.Must(side.Nodes[1], new Withdraw(30, Workbench.Hash("b")));
        Assert.Matches("^[0-9a-f]{64}$", (await Ok(settle)).Line);
        var first = await main.Ledger.AccountAsync(side.Nodes[0].Address);
        Assert.Equal(70UL, (ulong)(first.Free + first.Withheld + first.Matured).Units);

        // Another process, which knows nothing but the two ledgers: nothing is paid twice, and what came since is paid.
        Assert.Equal("", (await Ok(settle)).Output);
        await side.Must(side.Nodes[0], new Withdraw(5, Workbench.Hash("c")));
        Assert.Matches("^[0-9a-f]{64}$", (await Ok(settle)).Line);
        Assert.Equal("", (await Ok(settle)).Output);
        first = await main.Ledger.AccountAsync(side.Nodes[0].Address);
        var second = await main.Ledger.AccountAsync(side.Nodes[1].Address);
        Assert.Equal((75UL, 30UL), ((ulong)(first.Free + first.Withheld + first.Matured).Units, (ulong)(second.Free + second.Withheld + second.Matured).Units));
        Assert.Equal(before, (await Held(main.Party("node0")), await Held(main.Party("node1"))));

        // A batch that was posted and never claimed is claimed by whoever comes next; a foreign one is left alone.
        await side.Must(side.Nodes[2], new Withdraw(11, Workbench.Hash("d")));
        using (var ledger = await HttpLedger.ConnectAsync(sideServer.Address))
        {
            var events = new List<Protocol.Ports.PositionedEvent>();
            var until = (await ledger.HeadAsync()).Events;
            await foreach (var item in ledger.EventsAsync(0))
            {
                events.Add(item);
                if (item.Position + 1 == until)
                {
                    break;
                }
            }

            var last = Protocol.Settlement.SideSettlement.Count(ledger.GenesisDigest, 0, events).Payments[^1];
            var batch = new Protocol.Settlement.PaymentBatch(poster.Address, [last]);
            using var identity = Cryptography.Identity.Secp256k1Identity.Import((await File.ReadAllBytesAsync(At("poster.keys"))).AsSpan(0, 32));
            var account = new Protocol.Accounts.Secp256k1Signer(identity);
            async Task Post(BatchPost body) => Assert.True((await main.Ledger.SubmitAsync(SignedTransaction.Create(body, (await main.Ledger.AccountAsync(poster.Address)).Nonce, main.Ledger.GenesisDigest, account))).Applied);
            await Post(new BatchPost(Workbench.Hash("of something else"), 1, 40, 0));
            await Post(new BatchPost(batch.Root, 1, batch.Total, 0));
        }

        Assert.Equal("", (await Ok(settle)).Output);
        var third = await main.Ledger.AccountAsync(side.Nodes[2].Address);
        Assert.Equal(11UL, (ulong)(third.Free + third.Withheld + third.Matured).Units);

        // More than the poster has.
        await side.Must(side.Nodes[2], new Withdraw(30_000, Workbench.Hash("e")));
        await Fails(ExitCode.Refused, "InsufficientFunds", settle);
        await Fails(ExitCode.Usage, "the same ledger", "ledger", "settle", "--side", mainServer.Address.ToString(), "--ledger", mainServer.Address.ToString(), "--key", At("poster.keys"));
    }
}
