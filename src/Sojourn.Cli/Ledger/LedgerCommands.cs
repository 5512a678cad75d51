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
        return new Command("ledger", "Make, serve, check and export an embedded ledger.") { Init(), Serve(), Verify("verify", "Check every block, signature, beacon and index."), Verify("replay", "Replay all blocks from genesis and print the state's root."), Export(), Head(), SettleCommand.Create() };
    }

    internal static CliError? Explain(Exception exception) => exception switch
    {
        LedgerCorruptException e => new(ExitCode.BadInput, e.Message, "See 'sojourn ledger verify'."),
        LedgerUnreachableException e => new(ExitCode.Unreachable, e.Message, "A ledger is served by 'sojourn ledger serve'; --ledger says where."),
        LedgerBehindException e => new(ExitCode.Unreachable, e.Message),
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
        var sequencers = new Option<int>("--sequencers") { Description = "How many sequencers order transactions and take over from one another; each gets a folder of its own below the ledger's.", DefaultValueFactory = _ => 1 };
        var tokens = new Option<ulong>("--issuer-tokens") { Description = "Tokens that the issuer has from the start." };
        var command = new Command("init", "Make a new ledger: its keys, its genesis, its database.") { folder, name, development, height, onChallenge, sequencers, tokens };
        command.SetRun(async run =>
        {
            var path = run.Get(folder)!;
            var count = run.Get(sequencers);
            if (count is < 1 or > 15 || count == 2)
            {
                throw new CliException(ExitCode.Usage, $"{count} sequencers are not possible", "One, or 3 to 15: a majority must be left when one is away.");
            }

            string[] places = count == 1 ? [path] : [.. Enumerable.Range(0, count).Select(i => Path.Combine(path, $"sequencer-{i}"))];
            if (Array.Find(places, place => File.Exists(Database(place))) is { } taken)
            {
                throw new CliException(ExitCode.Usage, $"'{taken}' holds a ledger already", "Choose another folder.");
            }

            var keys = new List<(Secp256k1Identity Identity, VrfPrivateKey Beacon)>();
            try
            {
                foreach (var place in places)
                {
                    Directory.CreateDirectory(place);
                    keys.Add((Secp256k1Identity.Generate(), VrfPrivateKey.Generate()));
                    await WriteSecretAsync(Path.Combine(place, "sequencer.key"), keys[^1].Identity.ExportScalar(), run.Cancellation).ConfigureAwait(false);
                    await WriteSecretAsync(Path.Combine(place, "beacon.key"), keys[^1].Beacon.ExportScalar(), run.Cancellation).ConfigureAwait(false);
                }

                var issuer = keys[0].Identity.Address;
                var genesis = new LedgerGenesis
                {
                    Name = run.Get(name)!,
                    Development = run.Get(development),
                    HeightMilliseconds = Math.Max(1, run.Get(height)),
                    StartsAt = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(),
                    Issuer = issuer,
                    VrfOnChallenge = run.Get(onChallenge),
                    Sequencers = [.. keys.Select(key => new Sequencer(key.Identity.Address, key.Beacon.Public.Bytes))],
                    Allocations = run.Get(tokens) == 0 ? [] : [new Allocation(issuer, run.Get(tokens))],
                };
                foreach (var place in places)
                {
                    EmbeddedLedger.Create(Database(place), genesis);
                }

                run.Out.WriteLine(GenesisCodec.DigestOf(genesis));
                run.Note(count == 1
                    ? $"Its issuer is {issuer}. Next: sojourn ledger serve {path}"
                    : $"Its issuer is {issuer}. Give each machine one folder. Next, on each: sojourn ledger serve {path}/sequencer-N --listen URL --peers URL0,URL1,…");
            }
            finally
            {
                keys.ForEach(key =>
                {
                    key.Identity.Dispose();
                    key.Beacon.Dispose();
                });
            }
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
        var peers = new Option<string>("--peers") { Description = "With several sequencers: the addresses of all, in the order of the genesis, with commas.", DefaultValueFactory = _ => "" };
        var takeOver = new Option<int>("--take-over-ms") { Description = "After how long a silence of the leader the next sequencer takes over.", DefaultValueFactory = _ => 1000 };
        var command = new Command("serve", "Order transactions and serve the ledger over HTTP until Ctrl+C.") { folder, listen, peers, takeOver };
        command.SetRun(async run =>
        {
            var path = run.Get(folder)!;
            var at = ListenOf(run.Get(listen)!);
            if (!File.Exists(Database(path)))
            {
                throw new CliException(ExitCode.NotFound, $"there is no ledger in '{path}'", "Make one with 'sojourn ledger init'.");
            }

            using var identity = Secp256k1Identity.Import(ReadSecret(Path.Combine(path, "sequencer.key")));
            using var beacon = VrfPrivateKey.Import(ReadSecret(Path.Combine(path, "beacon.key")));
            Uri[] others = [.. run.Get(peers)!.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Market.MarketCommands.AddressOf)];
            CheckPeers(path, identity.Address, others.Length);
            await using var ledger = EmbeddedLedger.Open(new EmbeddedLedgerOptions { Path = Database(path), Sequencer = new Secp256k1Signer(identity), BeaconKey = new EcVrfProver(beacon),
                Peers = others, TakeOverAfter = TimeSpan.FromMilliseconds(Math.Clamp(run.Get(takeOver), 100, 600_000)), Notice = run.Note });
            await using var server = await LedgerServer.StartAsync(ledger, at, cancellation: run.Cancellation).ConfigureAwait(false);
            run.Out.WriteLine(server.Address);
            run.Note($"Ledger {ledger.GenesisDigest}. Ctrl+C stops it.");
            await run.Out.FlushAsync(run.Cancellation).ConfigureAwait(false);
            try
            {
                throw await ledger.Stopped.WaitAsync(run.Cancellation).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                run.Note("Stopping.");
            }
        });
        return command;
    }

    private static string ListenOf(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttp && uri.PathAndQuery == "/" && uri.UserInfo.Length == 0 ? uri.GetLeftPart(UriPartial.Authority)
            : throw new CliException(ExitCode.Usage, $"'{text}' is no address to listen at", "Give one such as http://127.0.0.1:7070; port 0 takes any free one.");

    // What would otherwise show as a ledger that orders nothing.
    private static void CheckPeers(string path, Address own, int given)
    {
        var sequencers = EmbeddedLedger.GenesisOf(Database(path)).Sequencers;
        if (!sequencers.Any(sequencer => sequencer.Address == own))
        {
            throw new CliException(ExitCode.BadInput, $"the key in '{path}' is none of the ledger's sequencers'", "Only a sequencer that the genesis names can serve it.");
        }

        if (given != (sequencers.Length == 1 ? 0 : sequencers.Length))
        {
            throw new CliException(ExitCode.Usage, sequencers.Length == 1 ? "this ledger has one sequencer, and --peers names others" : $"this ledger has {sequencers.Length} sequencers, and --peers names {given}",
                sequencers.Length == 1 ? "Leave --peers out; 'sojourn ledger init --sequencers 3' makes a ledger with three." : "Give the addresses of all, in the order of the genesis, with commas.");
        }
    }

    private static Command Verify(string verb, string what)
    {
        var folder = new Argument<string>("ledger") { Description = "The ledger's folder, or a file that 'ledger export' wrote." };
        var output = OutputOption.Create();
        var command = new Command(verb, what) { folder, output };
        command.SetRun(async run =>
        {
            var given = run.Get(folder)!;
            var path = Database(given);
            if (!File.Exists(path) && !File.Exists(given))
            {
                throw new CliException(ExitCode.NotFound, $"there is no ledger in '{given}'");
            }

            using var progress = run.Progress(verb == "replay" ? "replaying" : "checking");
            AuditResult result;
            try
            {
                result = await Task.Run(() => File.Exists(path) ? LedgerAudit.Verify(path, cancellation: run.Cancellation) : ExportFile.Replay(given, run.Cancellation), run.Cancellation).ConfigureAwait(false);
            }
            catch (LedgerCorruptException e)
            {
                throw new CliException(ExitCode.BadInput, $"the ledger in '{given}' is not sound: {e.Message}", FromElsewhere);
            }

            if (result.Fault is { } fault)
            {
                throw new CliException(ExitCode.BadInput, $"the ledger in '{given}' is not sound: {fault}", fault.Kind == ChainFaultKind.NotALedger ? "Name a ledger's folder, or a file that 'sojourn ledger export' wrote." : Restore);
            }

            run.Results.One(
                result,
                new Column<AuditResult>("blocks", audit => JsonValue(audit.Blocks)),
                new Column<AuditResult>("transactions", audit => JsonValue(audit.Transactions)),
                new Column<AuditResult>("height", audit => JsonValue(audit.Height)),
                new Column<AuditResult>("stateRoot", audit => audit.StateRoot.ToString()));
        });
        return command;
    }

    private const string FromElsewhere = "Take the folder from a copy, or the chain from an export or another sequencer.";
    private const string Restore = "Blocks before the one that is named are good. " + FromElsewhere;

    internal static System.Text.Json.Nodes.JsonNode? JsonValue(ulong number) => number;

    private static Command Export()
    {
        var folder = Folder();
        var file = new Argument<string>("file") { Description = "Where to write all blocks." };
        var command = new Command("export", "Write genesis and all blocks into one file that anyone can check.") { folder, file };
        command.SetRun(async run =>
        {
            if (!File.Exists(Database(run.Get(folder)!)))
            {
                throw new CliException(ExitCode.NotFound, $"there is no ledger in '{run.Get(folder)}'");
            }

            if (File.Exists(run.Get(file)))
            {
                throw new CliException(ExitCode.Usage, $"'{run.Get(file)}' is there already", "Choose another name.");
            }

            await using var ledger = EmbeddedLedger.Open(new EmbeddedLedgerOptions { Path = Database(run.Get(folder)!) });
            var next = ExportFile.Write(ledger, run.Get(file)!, run.Cancellation) + 1;
            run.Out.WriteLine((next - 1).ToString(CultureInfo.InvariantCulture));
        });
        return command;
    }

    private static Command Head()
    {
        var at = Market.MarketCommands.LedgerOption();
        var output = OutputOption.Create();
        var save = new Option<FileInfo>("--save") { Description = "Keep the signed head here: 'receipt verify --head' later tells whether a receipt's log is the same one." };
        var command = new Command("head", "Where a ledger stands: its last block, whose signature is checked, and who leads.") { at, save, output };
        command.SetRun(async run =>
        {
            using var ledger = await Market.MarketCommands.ConnectAsync(run.Get(at)!, run.Cancellation).ConfigureAwait(false);
            var signed = await ledger.SignedHeadAsync(run.Cancellation).ConfigureAwait(false);
            var header = signed?.Header;
            if (run.Get(save) is { } file)
            {
                await File.WriteAllBytesAsync(file.FullName, signed?.Encoded ?? throw new CliException(ExitCode.NotFound, "the ledger has no block yet, and so no signed head"), run.Cancellation).ConfigureAwait(false);
            }

            var head = await ledger.HeadAsync(run.Cancellation).ConfigureAwait(false);
            run.Results.One(
                head,
                new Column<Protocol.Views.LedgerHead>("ledger", item => item.Genesis.ToString()),
                new Column<Protocol.Views.LedgerHead>("height", item => JsonValue(item.Height)),
                new Column<Protocol.Views.LedgerHead>("block", _ => JsonValue(header?.Number ?? 0)),
                new Column<Protocol.Views.LedgerHead>("sequencer", _ => header is null ? null : ChainFollower.SequencerOf(ledger.Genesis, header.Term)?.Address.ToString()),
                new Column<Protocol.Views.LedgerHead>("receipts", item => JsonValue(item.Receipts)),
                new Column<Protocol.Views.LedgerHead>("receiptRoot", item => item.ReceiptRoot.ToString()),
                new Column<Protocol.Views.LedgerHead>("treasury", item => item.Treasury.ToString()),
                new Column<Protocol.Views.LedgerHead>("tokensHeld", item => item.TokensHeld.ToString()));
        });
        return command;
    }
}
