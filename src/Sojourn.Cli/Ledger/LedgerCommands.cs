using System.CommandLine;
using System.Globalization;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Cryptography.Identity;
using Sojourn.Cryptography.VerifiableRandomness;
using Sojourn.Ledger.Embedded;
using Sojourn.Ledger.Embedded.Chain;
using Sojourn.Ledger.Embedded.Http;
using Sojourn.Primitives;
using Sojourn.Protocol.Accounts;
using Sojourn.Protocol.Genesis;

namespace Sojourn.Cli.Ledger;

/// <summary><c>sojourn ledger</c>: make, serve and check an embedded ledger.</summary>
internal static class LedgerCommands
{
    public static Command Create()
    {
        ErrorRules.Add(Explain);
        return new Command("ledger", "Make, serve, check and export an embedded ledger.") { Init(), Serve(), Verify("verify", "Check every block, signature, beacon and index."), Verify("replay", "Replay all blocks from genesis and print the state's root."), Export() };
    }

    internal static CliError? Explain(Exception exception) => exception switch
    {
        LedgerCorruptException e => new(ExitCode.BadInput, e.Message, "See 'sojourn ledger verify'."),
        LedgerUnreachableException e => new(ExitCode.Unreachable, e.Message),
        LedgerStoppedException e => new(ExitCode.Environment, e.Message),
        _ => null,
    };

    private static Argument<string> Folder() => new("folder") { Description = "The ledger's folder." };

    private static string Database(string folder) => Path.Combine(folder, "ledger.db");

    private static Command Init()
    {
        var folder = Folder();
        var name = new Option<string>("--name") { Description = "A name for people.", DefaultValueFactory = _ => "ledger" };
        var development = new Option<bool>("--development") { Description = "Admit simulated evidence: for tests only." };
        var height = new Option<uint>("--height-ms") { Description = "How long a height lasts, in milliseconds.", DefaultValueFactory = _ => 1000 };
        var onChallenge = new Option<bool>("--vrf-on-challenge") { Description = "Check VRF proofs only when they are challenged." };
        var command = new Command("init", "Make a new ledger: its keys, its genesis, its database.") { folder, name, development, height, onChallenge };
        command.SetRun(async run =>
        {
            var path = run.Get(folder)!;
            if (File.Exists(Database(path)))
            {
                throw new CliException(ExitCode.Usage, $"'{path}' holds a ledger already", "Choose another folder.");
            }

            Directory.CreateDirectory(path);
            using var identity = Secp256k1Identity.Generate();
            using var beacon = VrfPrivateKey.Generate();
            await WriteSecretAsync(Path.Combine(path, "sequencer.key"), identity.ExportScalar(), run.Cancellation).ConfigureAwait(false);
            await WriteSecretAsync(Path.Combine(path, "beacon.key"), beacon.ExportScalar(), run.Cancellation).ConfigureAwait(false);
            var genesis = new LedgerGenesis
            {
                Name = run.Get(name)!,
                Development = run.Get(development),
                HeightMilliseconds = Math.Max(1, run.Get(height)),
                StartsAt = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(),
                Issuer = identity.Address,
                VrfOnChallenge = run.Get(onChallenge),
                Sequencers = [new Sequencer(identity.Address, beacon.Public.Bytes)],
            };
            EmbeddedLedger.Create(Database(path), genesis);
            run.Out.WriteLine(GenesisCodec.DigestOf(genesis));
            run.Note($"Its issuer is {identity.Address}. Next: sojourn ledger serve {path}");
        });
        return command;
    }

    private static async Task WriteSecretAsync(string path, Sojourn.Cryptography.Secrets.SecretKey secret, CancellationToken cancellation)
    {
        using (secret)
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            byte[] bytes;
            using (var lease = secret.Lend())
            {
                bytes = lease.Span.ToArray();
            }

            await using var file = new FileStream(path, options);
            await file.WriteAsync(bytes, cancellation).ConfigureAwait(false);
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private static byte[] ReadSecret(string path) => File.Exists(path)
        ? File.ReadAllBytes(path)
        : throw new CliException(ExitCode.NotFound, $"the key '{path}' is not there", "Only the machine that holds the ledger's keys can serve it for writing.");

    private static Command Serve()
    {
        var folder = Folder();
        var listen = new Option<string>("--listen") { Description = "Where to listen.", DefaultValueFactory = _ => "http://127.0.0.1:7070" };
        var command = new Command("serve", "Order transactions and serve the ledger over HTTP until Ctrl+C.") { folder, listen };
        command.SetRun(async run =>
        {
            var path = run.Get(folder)!;
            using var identity = Secp256k1Identity.Import(ReadSecret(Path.Combine(path, "sequencer.key")));
            using var beacon = VrfPrivateKey.Import(ReadSecret(Path.Combine(path, "beacon.key")));
            await using var ledger = EmbeddedLedger.Open(new EmbeddedLedgerOptions { Path = Database(path), Sequencer = new Secp256k1Signer(identity), BeaconKey = new EcVrfProver(beacon) });
            await using var server = await LedgerServer.StartAsync(ledger, run.Get(listen)!, run.Cancellation).ConfigureAwait(false);
            run.Out.WriteLine(server.Address);
            run.Note($"Ledger {ledger.GenesisDigest}. Ctrl+C stops it.");
            await run.Out.FlushAsync(run.Cancellation).ConfigureAwait(false);
            try
            {
                await Task.Delay(Timeout.Infinite, run.Cancellation).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                run.Note("Stopping.");
            }
        });
        return command;
    }

    private static Command Verify(string verb, string what)
    {
        var folder = Folder();
        var command = new Command(verb, what) { folder };
        command.SetRun(async run =>
        {
            var path = Database(run.Get(folder)!);
            if (!File.Exists(path))
            {
                throw new CliException(ExitCode.NotFound, $"there is no ledger in '{run.Get(folder)}'");
            }

            var result = await Task.Run(() => LedgerAudit.Verify(path, cancellation: run.Cancellation), run.Cancellation).ConfigureAwait(false);
            if (result.Fault is { } fault)
            {
                throw new CliException(ExitCode.BadInput, $"the ledger in '{run.Get(folder)}' is not sound: {fault}", "Blocks before that one are good: 'sojourn ledger export' gives them.");
            }

            run.Results.One(
                result,
                new Column<AuditResult>("Blocks", audit => JsonValue(audit.Blocks)),
                new Column<AuditResult>("Transactions", audit => JsonValue(audit.Transactions)),
                new Column<AuditResult>("Height", audit => JsonValue(audit.Height)),
                new Column<AuditResult>("StateRoot", audit => audit.StateRoot.ToString()));
        });
        return command;
    }

    internal static System.Text.Json.Nodes.JsonNode? JsonValue(ulong number) => number;

    private static Command Export()
    {
        var folder = Folder();
        var file = new Argument<string>("file") { Description = "Where to write all blocks." };
        var command = new Command("export", "Write genesis and all blocks into one file that anyone can check.") { folder, file };
        command.SetRun(async run =>
        {
            await using var ledger = EmbeddedLedger.Open(new EmbeddedLedgerOptions { Path = Database(run.Get(folder)!) });
            await using var output = new FileStream(run.Get(file)!, FileMode.CreateNew);
            var genesis = GenesisCodec.Encode(ledger.Genesis);
            output.Write(BitConverter.GetBytes(genesis.Length));
            output.Write(genesis);
            ulong next = 1;
            for (IReadOnlyList<Block> blocks; (blocks = ledger.Blocks(next, 1000)).Count > 0; next += (ulong)blocks.Count)
            {
                foreach (var block in blocks)
                {
                    block.WriteTo(output);
                }

                run.Cancellation.ThrowIfCancellationRequested();
            }

            run.Out.WriteLine((next - 1).ToString(CultureInfo.InvariantCulture));
        });
        return command;
    }
}
