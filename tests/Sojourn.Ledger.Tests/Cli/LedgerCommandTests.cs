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
}
