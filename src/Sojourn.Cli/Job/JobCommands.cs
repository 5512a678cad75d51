using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Sojourn.Cli.Devnet;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Content;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Hosting.Devnet;
using Sojourn.Hosting.JobFiles;
using Sojourn.Hosting.Publishing;
using Sojourn.Hosting.Yaml;
using Sojourn.Ledger.Embedded.Http;
using Sojourn.Primitives;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;

namespace Sojourn.Cli.Job;

/// <summary><c>sojourn job run|validate|list|describe|logs|get|stop|retry|review|answer</c>.</summary>
internal static class JobCommands
{
    /// <summary>The noun.</summary>
    public static Command Create()
    {
        ErrorRules.Add(e => e switch
        {
            YamlFileException yaml => new CliError(ExitCode.Usage, yaml.Message, "sojourn job validate FILE checks a file without posting it."),
            UnknownPartyException => new CliError(ExitCode.NotFound, e.Message),
            DevnetUnreachableException => new CliError(ExitCode.Unreachable, e.Message),
            _ => null,
        });
        return new Command("job", "Jobs: post, watch, fetch results.") { Run(), PostCommand.Create(), Validate(), List(), Describe(), JobRepeats.Logs(), Get(), Stop(), JobRepeats.Retry(), JudgeCommands.Review(), JudgeCommands.Answer() };
    }

    private static Command Validate()
    {
        var file = new Argument<FileInfo>("file") { Description = "A job file (YAML)." };
        var command = new Command("validate", "Check a job file without posting it.") { file };
        command.SetRun(async run =>
        {
            var job = await ReadAsync(run, run.Get(file)!).ConfigureAwait(false);
            run.Out.WriteLine($"valid: {job.Terms.Executors} executors, {job.Terms.Agreeing} equal results, {job.Terms.Verifiers} verifiers' seats, level {job.Terms.LevelMin}, {job.Spec.Inputs.Length} inputs, specification {job.Spec.Cid}");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Run()
    {
        var folder = DevnetCommands.FolderOption();
        var file = new Argument<FileInfo>("file") { Description = "A job file (YAML)." };
        var who = new Option<string>("--as") { Description = "The requester.", DefaultValueFactory = _ => "requester" };
        var idOnly = new Option<bool>("--id-only") { Description = "Print the job's id and return at once." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Show what the job would set aside, and on a chain its gas, and post nothing." };
        var command = new Command("run", "Post a job and follow it to its end.") { file, folder, who, idOnly, dryRun };
        command.SetRun(async run =>
        {
            var job = await ReadAsync(run, run.Get(file)!).ConfigureAwait(false);
            using var net = await DevnetClient.ConnectAsync(DevnetCommands.FolderOf(run.Get(folder)), run.Cancellation).ConfigureAwait(false);
            using var party = net.Party(run.Get(who)!);
            var offers = await OfferChoice.ForAsync(
                net.Ledger, net.Content, job.Terms.Inputs.Prepend(job.Terms.Code).Concat(job.Spec.Libraries.Select(library => library.Content)), run.Cancellation).ConfigureAwait(false);
            await ForbidUnofferedAsync(run, net, job.Terms.Inputs.Prepend(job.Terms.Code).Concat(job.Spec.Libraries.Select(library => library.Content))).ConfigureAwait(false);
            job.Answer?.Keep(net.Folder, run.Get(who)!);
            job = job.For(job.Recipients.Select(name => RecipientOf(net, name)), offers);
            var quote = await net.Ledger.QuoteAsync(job.Terms, run.Cancellation).ConfigureAwait(false);
            if (quote.Escrow is { } escrow)
            {
                run.Note($"sets aside at most {escrow.Total}: executors {escrow.Executors}, verifiers {escrow.Verifiers}, storage {escrow.Storage}, offers {escrow.Offers}, fee {escrow.Fee}; what is not used comes back");
            }

            if (run.Get(dryRun) && net.File.Chain is { } chain)
            {
                await Chain.ChainOptions.NoteGasAsync(run, chain, job.Terms).ConfigureAwait(false);
            }

            if (run.Get(dryRun) || quote.Refusal != Refusal.None)
            {
                return quote.Refusal == Refusal.None ? ExitCode.Ok
                    : throw new CliException(ExitCode.Refused, $"the ledger would refuse this job: {quote.Refusal}.", "sojourn market and sojourn account show offers and balances.");
            }

            using var uploads = net.Uploads(party);
            await uploads.PutAsync(Block.Create(Multicodec.DagCbor, job.Spec.Encode()), run.Cancellation).ConfigureAwait(false);
            var head = await net.Ledger.HeadAsync(run.Cancellation).ConfigureAwait(false);
            var posted = await net.SubmitAsync(party, new JobPost(job.Terms), run.Cancellation).ConfigureAwait(false);
            if (!posted.Applied)
            {
                throw new CliException(ExitCode.Refused, $"the ledger refused the job: {posted.Refusal}.", "sojourn account show tells what the requester has.");
            }

            run.Out.WriteLine(posted.Subject);
            await run.Out.FlushAsync(run.Cancellation).ConfigureAwait(false);
            if (run.Get(idOnly))
            {
                return ExitCode.Ok;
            }

            return await JobFollower.FollowAsync(run, net, posted.Subject, head.Events, run.Get(who)!).ConfigureAwait(false);
        });
        return command;
    }

    // Without an offer no keeper is bound and no verifier knows the policy: the job would end as not admitted, after a while and in other words.
    private static async Task ForbidUnofferedAsync(CommandRun run, DevnetClient net, IEnumerable<Cid> contents)
    {
        foreach (var content in contents.Distinct().Where(content => content.Codec == Multicodec.DagCbor))
        {
            if ((await net.Ledger.OffersAsync(new OfferQuery(Content: content), run.Cancellation).ConfigureAwait(false)).IsEmpty)
            {
                throw new CliException(ExitCode.Refused, $"nobody offers {content}: its owner has taken the offer back, or never made one, so no keeper would release its key.", "sojourn market shows what is offered.");
            }
        }
    }

    private static Command List()
    {
        var folder = DevnetCommands.FolderOption();
        var output = OutputOption.Create();
        var open = new Option<bool>("--open") { Description = "Only jobs that are not closed." };
        var idOnly = new Option<bool>("--id-only") { Description = "Print ids alone." };
        var at = LedgerOption();
        var command = new Command("list", "List jobs, newest first.") { folder, at, open, idOnly, output };
        command.SetRun(async run =>
        {
            using var ledger = await LedgerAsync(run, folder, at).ConfigureAwait(false);
            var jobs = await ledger.JobsAsync(new JobQuery(Open: run.Get(open), Max: 1000), run.Cancellation).ConfigureAwait(false);
            if (run.Get(idOnly))
            {
                foreach (var job in jobs)
                {
                    run.Out.WriteLine(job.Id);
                }

                return ExitCode.Ok;
            }

            run.Results.List(
                jobs,
                new Column<JobSummary>("job", j => j.Id.ToString()),
                new Column<JobSummary>("phase", j => j.Phase.ToString()),
                new Column<JobSummary>("outcome", j => j.Outcome.ToString()),
                new Column<JobSummary>("height", j => j.Height, AlignRight: true),
                new Column<JobSummary>("requester", j => j.Requester.ToString()));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Describe()
    {
        var folder = DevnetCommands.FolderOption();
        var id = IdArgument();
        var output = OutputOption.Create();
        var at = LedgerOption();
        var command = new Command("describe", "Show a job: terms, rounds, who did what, who was paid and why.") { id, folder, at, output };
        command.SetRun(async run =>
        {
            using var ledger = await LedgerAsync(run, folder, at).ConfigureAwait(false);
            var job = await JobOfAsync(ledger, run.Get(id)!, run.Cancellation).ConfigureAwait(false);
            var node = JobWords.Describe(job, await KeyWords.OffersAsync(ledger, job, run.Cancellation).ConfigureAwait(false));
            if (run.Format == OutputFormat.Table)
            {
                run.Out.Write(Yaml.Print(node));
            }
            else
            {
                run.Results.Document(node);
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Get()
    {
        var folder = DevnetCommands.FolderOption();
        var id = IdArgument();
        var who = new Option<string>("--as") { Description = "The recipient.", DefaultValueFactory = _ => "requester" };
        var target = new Option<DirectoryInfo?>("--to") { Description = "Where to write (default: a folder named by the job)." };
        var command = new Command("get", "Fetch a job's result and receipt, verify both, and open the result.") { id, folder, who, target };
        command.SetRun(async run =>
        {
            using var net = await DevnetClient.ConnectAsync(DevnetCommands.FolderOf(run.Get(folder)), run.Cancellation).ConfigureAwait(false);
            using var party = net.Party(run.Get(who)!);
            var job = await JobOfAsync(net.Ledger, run.Get(id)!, run.Cancellation).ConfigureAwait(false);
            using var uploads = net.Uploads(party);
            var (result, reasons) = await new ResultFetcher(net.Content, uploads).FetchAsync(job, party.Sealing, run.Cancellation).ConfigureAwait(false);
            if (result is null)
            {
                throw reasons.IsEmpty
                    ? new CliException(ExitCode.NotFound, $"the job has no agreed result ({job.Phase}, {job.Outcome}).", $"sojourn job describe {job.Id} says why.")
                    : new CliException(ExitCode.NotFound, $"none of the executors' results could be had: {string.Join("; ", reasons)}.", "Nothing was written. Their gateways may be away: try again later.");
            }

            var to = run.Get(target)?.FullName ?? Path.GetFullPath(job.Id.ToString()[..16]);
            Directory.CreateDirectory(to);
            await File.WriteAllBytesAsync(Path.Combine(to, "receipt.cose"), result.Message.ToArray(), run.Cancellation).ConfigureAwait(false);
            await File.WriteAllTextAsync(Path.Combine(to, "receipt.key"), Convert.ToHexStringLower(result.Executor.Evidence!.ReceiptKey.Span) + "\n", run.Cancellation).ConfigureAwait(false);
            await File.WriteAllBytesAsync(
                Path.Combine(to, "post.cbor"), SignedTransaction.WithoutSignature(job.Requester, job.Nonce, new JobPost(job.Terms)).Encoded.ToArray(), run.Cancellation).ConfigureAwait(false);
            foreach (var (path, content) in result.Files)
            {
                var at = Path.Combine(to, "output", path);
                Directory.CreateDirectory(Path.GetDirectoryName(at)!);
                await File.WriteAllBytesAsync(at, content, run.Cancellation).ConfigureAwait(false);
                run.Out.WriteLine(at);
            }

            run.Note($"Next: ./sojourn receipt verify {Path.Combine(to, "receipt.cose")} --key {Path.Combine(to, "receipt.key")}");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Stop()
    {
        var folder = DevnetCommands.FolderOption();
        var id = IdArgument();
        var who = new Option<string>("--as") { Description = "The requester.", DefaultValueFactory = _ => "requester" };
        var at = LedgerOption();
        var key = Account.SigningKey.CreateOption();
        var command = new Command("stop", "Cancel a job whose draw is not known yet.") { id, folder, who, at, key };
        command.SetRun(async run =>
        {
            const string Remedy = "Once the beacon is known a job runs to its end; that is what keeps posters from choosing who is drawn.";
            if (run.Get(at) is not null)
            {
                using var ledger = await LedgerAsync(run, folder, at).ConfigureAwait(false);
                using var signer = Account.SigningKey.Load(run.Get(key)!);
                await signer.SubmitAsync(ledger, new JobCancel((await JobOfAsync(ledger, run.Get(id)!, run.Cancellation).ConfigureAwait(false)).Id), run.Cancellation).ConfigureAwait(false);
                return ExitCode.Ok;
            }

            using var net = await DevnetClient.ConnectAsync(DevnetCommands.FolderOf(run.Get(folder)), run.Cancellation).ConfigureAwait(false);
            using var party = net.Party(run.Get(who)!);
            var job = await JobOfAsync(net.Ledger, run.Get(id)!, run.Cancellation).ConfigureAwait(false);
            var result = await net.SubmitAsync(party, new JobCancel(job.Id), run.Cancellation).ConfigureAwait(false);
            return result.Applied ? ExitCode.Ok
                : result.Refusal == Refusal.JobClosed ? throw new CliException(ExitCode.Refused, $"the job is closed already: {job.Outcome}.", "There is nothing left to stop; sojourn job describe says how it ended.")
                : throw new CliException(ExitCode.Refused, $"the ledger refused: {result.Refusal}.", Remedy);
        });
        return command;
    }

    private static Option<string?> LedgerOption() => new("--ledger") { Description = "A ledger's address, instead of a development network's folder." };

    private static async Task<HttpLedger> LedgerAsync(CommandRun run, Option<DirectoryInfo?> folder, Option<string?> at)
    {
        if (run.Get(at) is { } address)
        {
            return await Market.MarketCommands.ConnectAsync(address, run.Cancellation).ConfigureAwait(false);
        }

        var network = DevnetCommands.FolderOf(run.Get(folder));
        var file = DevnetFile.Read(network) ?? throw new DevnetUnreachableException($"no development network is up in {network}: start one with ./sojourn devnet up, or name a ledger with --ledger");
        return await HttpLedger.ConnectAsync(file.Ledger, cancellation: run.Cancellation).ConfigureAwait(false);
    }

    internal static Argument<string> IdArgument() => new("job") { Description = "The job's id, or its beginning." };

    internal static async Task<JobView> JobOfAsync(HttpLedger ledger, string id, CancellationToken cancel)
    {
        if (!Digest.TryParse(id, out var digest))
        {
            var found = (await ledger.JobsAsync(new JobQuery(Max: 10_000), cancel).ConfigureAwait(false)).Where(job => job.Id.ToString().StartsWith(id, StringComparison.OrdinalIgnoreCase)).ToList();
            digest = found.Count == 1 ? found[0].Id
                : throw new CliException(found.Count == 0 ? ExitCode.NotFound : ExitCode.Usage, string.Create(CultureInfo.InvariantCulture, $"{found.Count} jobs begin with '{id}'."), "sojourn job list shows them.");
        }

        return await ledger.JobAsync(digest, cancel).ConfigureAwait(false) ?? throw new CliException(ExitCode.NotFound, $"no job is called {digest}.", "sojourn job list shows those there are.");
    }

    private static ReadOnlyMemory<byte> RecipientOf(DevnetClient net, string name)
    {
        if (name.Length == 130 && name.All(char.IsAsciiHexDigit))
        {
            var bytes = Convert.FromHexString(name);
            return HpkePublicKey.TryImport(HpkeKem.P256, bytes, out _) ? bytes : throw new CliException(ExitCode.Usage, $"the recipient {name[..16]}… is no public key.", "65 bytes of an uncompressed P-256 point were expected.");
        }

        using var party = net.Party(name);
        return party.Sealing.Public.Bytes;
    }

    private static async Task<JobFile> ReadAsync(CommandRun run, FileInfo file) => Directory.Exists(file.FullName)
        ? throw new CliException(ExitCode.Usage, $"{file.FullName} is a folder; a job file (YAML) was expected.", "docs/tutorials/requester.md shows one.")
        : JobFile.Parse(file.Name, await File.ReadAllTextAsync(file.FullName, run.Cancellation).ConfigureAwait(false));
}
