using System.CommandLine;
using Sojourn.Attestation;
using Sojourn.Attestation.Devices.Collaterals;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;

namespace Sojourn.Cli.Trust;

/// <summary><c>sojourn trust collateral</c>: what a verifier needs beside the evidence.</summary>
internal static class CollateralCommand
{
    public static Command Create() => new("collateral", "Certificates, revocation lists and vendors' statements that verifying needs.") { Show(), Import(), Fetch(), Export(), Root() };

    private static Option<string?> Folder() => new("--collateral") { Description = "The collateral folder (default: the state folder's 'collateral')." };

    private static void Print(CommandRun run, IReadOnlyList<CollateralItem> items)
    {
        var now = DateTimeOffset.UtcNow;
        run.Results.List(
            items,
            new Column<CollateralItem>("file", i => i.Path),
            new Column<CollateralItem>("what", i => i.What),
            new Column<CollateralItem>("validUntil", i => i.ValidUntil?.ToString("u")),
            new Column<CollateralItem>("state", i => i.ValidUntil is { } until && until < now ? "STALE" : "good"));
    }

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
        var command = new Command("import", "Take files or an offline bundle in.") { files, chain, folder, OutputOption.Create() };
        command.SetRun(run =>
        {
            var store = TrustInputs.Store(run.Get(folder));
            ReadOnlyMemory<byte> issuer = run.Get(chain) is { } path ? TrustInputs.Bytes(path) : default;
            Print(run, [.. run.Get(files)!.SelectMany(file => store.Import(TrustInputs.Bytes(file), issuer))]);
            return Task.CompletedTask;
        });
        return command;
    }

    private static Command Fetch()
    {
        var folder = Folder();
        var evidence = new Option<string>("--for") { Description = "Fetch what this evidence needs.", Required = true };
        var amd = new Option<string?>("--amd") { Description = "AMD's key distribution service, or a cache of it." };
        var intel = new Option<string?>("--intel") { Description = "Intel's provisioning certification service, or a cache of it (PCCS)." };
        var command = new Command("fetch", "Fetch from AMD and Intel what a piece of evidence needs.") { evidence, amd, intel, folder, OutputOption.Create() };
        command.SetRun(async run =>
        {
            var bytes = TrustInputs.Bytes(run.Get(evidence)!);
            if (!Evidence.TryDecode(bytes, out var read))
            {
                throw new CliException(ExitCode.BadInput, $"{run.Get(evidence)} is not evidence as 'sojourn trust quote' writes it");
            }

            var services = new CollateralServices();
            services = run.Get(amd) is { } amdUri ? services with { AmdKds = Address(amdUri) } : services;
            services = run.Get(intel) is { } intelUri ? services with { IntelPcs = Address(intelUri), IntelRootList = new Uri(Address(intelUri), "/sgx/certification/v4/rootcacrl") } : services;
            using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
            Print(run, await new CollateralFetcher(http, services, TrustInputs.Store(run.Get(folder))).FetchForAsync(read!, run.Cancellation).ConfigureAwait(false));
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
            Print(run, [TrustInputs.Store(run.Get(folder)).AddTpmRoot(OnlyCertificates(TrustInputs.Bytes(run.Get(file)!)), run.Get(enrolment))]);
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

    private static Uri Address(string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" ? uri! : throw new CliException(ExitCode.Usage, $"{text} is not an http or https address");
}
