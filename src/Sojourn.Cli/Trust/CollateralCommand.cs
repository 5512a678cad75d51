using System.CommandLine;
using Sojourn.Attestation;
using Sojourn.Attestation.Devices.Collaterals;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;

namespace Sojourn.Cli.Trust;

/// <summary><c>sojourn trust collateral</c>: what a verifier needs beside the evidence.</summary>
internal static class CollateralCommand
{
    public static Command Create() => new("collateral", "Certificates, revocation lists and vendors' statements that verifying needs.") { Show(), Import(), Fetch(), Export(), Root(), Revoke() };

    private static Option<string?> Folder() => new("--collateral") { Description = "The collateral folder (default: the state folder's 'collateral')." };

    private static void Print(CommandRun run, IReadOnlyList<CollateralItem> items, bool changes = false)
    {
        var now = DateTimeOffset.UtcNow;
        List<Column<CollateralItem>> columns =
        [
            new("file", i => i.Path), new("what", i => i.What), new("validUntil", i => i.ValidUntil?.ToString("u")),
            new("state", i => i.ValidUntil is { } until && until < now ? "STALE" : "good"),
        ];
        if (changes)
        {
            columns.Add(new("change", i => Words(i.Change)));
        }

        run.Results.List(items, [.. columns]);
        if (items.Any(item => item.Change == CollateralChange.KeptNewer))
        {
            run.Warn("something older than what is at hand was not taken: somebody may be handing out what has been superseded.");
        }
    }

    private static string Words(CollateralChange change) => change switch
    {
        CollateralChange.Added => "added",
        CollateralChange.Renewed => "renewed",
        CollateralChange.Merged => "merged",
        CollateralChange.KeptNewer => "not taken: a newer one is here",
        _ => "as before",
    };

    private static Command Show()
    {
        var folder = Folder();
        var command = new Command("show", "List what is at hand and until when it holds.") { folder, OutputOption.Create() };
        command.SetRun(run =>
        {
            var items = TrustInputs.Store(run.Get(folder)).List();
            Print(run, items);
            if (items.Count == 0)
            {
                run.Note("Nothing yet. Next: sojourn trust collateral fetch --for EVIDENCE, or sojourn trust collateral import FILE");
            }

            return Task.CompletedTask;
        });
        return command;
    }

    private static Command Import()
    {
        var folder = Folder();
        var files = new Argument<string[]>("files") { Description = "Certificates, revocation lists, Intel's JSON, or a bundle.", Arity = ArgumentArity.OneOrMore };
        var chain = new Option<string?>("--chain") { Description = "The issuer chain (PEM) that goes with Intel's JSON." };
        var roots = new Option<string[]>("--accept-root") { Description = "Let a bundle bring this root in: enrolment:SHA256 or development:SHA256 of its certificate; may be given more than once." };
        var custody = new Option<bool>("--accept-custody") { Description = "Let a bundle bring in statements about who holds a machine. Nobody signs them." };
        var command = new Command("import", "Take files or an offline bundle in: all or nothing, what vendors sign only, never older than what is at hand; revocations are added to those at hand.") { files, chain, roots, custody, folder, OutputOption.Create() };
        command.SetRun(run =>
        {
            var store = TrustInputs.Store(run.Get(folder));
            ReadOnlyMemory<byte> issuer = run.Get(chain) is { } path ? TrustInputs.Bytes(path) : default;
            var consent = new CollateralConsent { Roots = [.. (run.Get(roots) ?? []).Select(RootName)], Custody = run.Get(custody) };
            Print(run, store.Import([.. run.Get(files)!.Select(file => new CollateralInput(file, TrustInputs.Bytes(file)) { Chain = issuer })], consent), changes: true);
            return Task.CompletedTask;
        });
        return command;
    }

    private static Command Fetch()
    {
        var folder = Folder();
        var evidence = new Option<string>("--for") { Description = "Fetch what this evidence needs; with --kind, a raw report or quote.", Required = true };
        var kind = TrustInputs.KindOption();
        var amd = new Option<string?>("--amd") { Description = "AMD's key distribution service, or a cache of it." };
        var intel = new Option<string?>("--intel") { Description = "Intel's provisioning certification service, or a cache of it (PCCS)." };
        var command = new Command("fetch", "Fetch from AMD and Intel what a piece of evidence needs.") { evidence, kind, amd, intel, folder, OutputOption.Create() };
        command.SetRun(async run =>
        {
            var read = TrustInputs.ReadEvidence(run.Get(evidence)!, run.Get(kind), null);

            var services = new CollateralServices();
            services = run.Get(amd) is { } amdUri ? services with { AmdKds = Address(amdUri) } : services;
            services = run.Get(intel) is { } intelUri ? services with { IntelPcs = Address(intelUri), IntelRootList = new Uri(Address(intelUri), "/sgx/certification/v4/rootcacrl") } : services;
            using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
            Print(run, await new CollateralFetcher(http, services, TrustInputs.Store(run.Get(folder))).FetchForAsync(read, run.Cancellation).ConfigureAwait(false), changes: true);
        });
        return command;
    }

    private static Command Export()
    {
        var folder = Folder();
        var file = new Argument<string>("file") { Description = "The bundle to write (ZIP)." };
        var command = new Command("export", "Write everything as one offline bundle.") { file, folder };
        command.SetRun(run =>
        {
            using var stream = File.Create(run.Get(file)!);
            TrustInputs.Store(run.Get(folder)).Export(stream);
            run.Out.WriteLine(run.Get(file));
            return Task.CompletedTask;
        });
        return command;
    }

    private static Command Root()
    {
        var folder = Folder();
        var file = new Argument<string>("file") { Description = "The root's certificate." };
        var enrolment = new Option<bool>("--enrolment") { Description = "It is an enrolment authority; else a development root, which counts on development ledgers only." };
        var command = new Command("root", "Trust another root for TPM evidence.") { file, enrolment, folder, OutputOption.Create() };
        command.SetRun(run =>
        {
            Print(run, [TrustInputs.Store(run.Get(folder)).AddTpmRoot(OnlyCertificates(TrustInputs.Bytes(run.Get(file)!)), run.Get(enrolment))], changes: true);
            return Task.CompletedTask;
        });
        return command;
    }

    private static Command Revoke()
    {
        var folder = Folder();
        var chips = new Argument<string[]>("chips") { Description = "Chips as results name them, such as amd:ID, intel:ID, tpm-ek:DIGEST.", Arity = ArgumentArity.OneOrMore };
        var command = new Command("revoke", "Believe these chips no longer, whatever they sign.") { chips, folder, OutputOption.Create() };
        command.SetRun(run =>
        {
            var named = run.Get(chips)!.Select(text => ChipIdentity.TryParse(text, out var chip) && chip.Value.All(c => !char.IsWhiteSpace(c) && c != '#') && chip.Scheme.All(c => char.IsAsciiLetterOrDigit(c) || c == '-') ? chip
                : throw new CliException(ExitCode.Usage, $"\"{text}\" is not the name of a chip", "Write scheme:value, as 'sojourn trust verify' prints it.")).ToList();
            Print(run, [TrustInputs.Store(run.Get(folder)).Revoke(named)], changes: true);
            return Task.CompletedTask;
        });
        return command;
    }

    /// <summary>An authority's file holds its private key too; that never goes into a store.</summary>
    private static byte[] OnlyCertificates(byte[] bytes)
    {
        var text = System.Text.Encoding.Latin1.GetString(bytes);
        var start = text.IndexOf("-----BEGIN CERTIFICATE-----", StringComparison.Ordinal);
        const string End = "-----END CERTIFICATE-----";
        var end = text.IndexOf(End, StringComparison.Ordinal);
        return start >= 0 && end > start ? System.Text.Encoding.Latin1.GetBytes(text[start..(end + End.Length)]) : bytes;
    }

    private static string RootName(string text) => text.Split(':') is ["enrolment" or "development", { Length: 64 } digest] && digest.All(char.IsAsciiHexDigit) ? text.ToLowerInvariant()
        : throw new CliException(ExitCode.Usage, $"--accept-root {text} names no root", "Write enrolment: or development: and the SHA-256 of its certificate (64 hexadecimal digits), as the refusal prints it.");

    public static Uri Address(string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" ? uri! : throw new CliException(ExitCode.Usage, $"{text} is not an http or https address");
}
