using System.CommandLine;
using System.Globalization;
using Sojourn.Cli.Account;
using Sojourn.Cli.Market;
using Sojourn.Cli.Running;
using Sojourn.Hosting.JobFiles;
using Sojourn.Ledger.Embedded.Http;
using Sojourn.Hosting.Publishing;
using Sojourn.Primitives;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Settlement;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;

namespace Sojourn.Cli.Job;

/// <summary><c>sojourn job post</c>: put a job's terms on a ledger, and nothing else; <c>job run</c> also uploads what it needs and waits.</summary>
internal static class PostCommand
{
    public static Command Create()
    {
        var file = new Argument<FileInfo>("file") { Description = "A job file (YAML)." };
        var key = SigningKey.CreateOption();
        var at = MarketCommands.LedgerOption();
        var side = new Option<string>("--side-ledger") { Description = "The side ledger's address, for jobs whose stages are batched off the ledger." };
        var balance = new Option<string>("--balance") { Description = "What is written on the ledger at once: on-ledger, batched, or auto (by fee and value).", DefaultValueFactory = _ => "on-ledger" };
        balance.AcceptOnlyFromAmong("on-ledger", "batched", "auto");
        var fee = new Option<ulong>("--fee-per-transaction") { Description = "With auto: what a transaction costs on the ledger." };
        var share = new Option<uint>("--fee-share") { Description = "With auto: the largest share of a job's value that fees may take, in parts of 10,000.", DefaultValueFactory = _ => 200 };
        var always = new Option<ulong>("--always-from") { Description = "With auto: from this value on a job is always on the ledger; 0 for no such bound." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Show what the job would set aside, and post nothing." };
        var command = new Command("post", "Post a job's terms on a ledger and print its id.") { file, key, at, side, balance, fee, share, always, dryRun };
        command.SetRun(async run =>
        {
            var job = JobFile.Parse(run.Get(file)!.Name, await File.ReadAllTextAsync(run.Get(file)!.FullName, run.Cancellation).ConfigureAwait(false));
            using var main = await MarketCommands.ConnectAsync(run.Get(at)!, run.Cancellation).ConfigureAwait(false);
            var terms = job.Terms with { Offers = await OffersOf(main, job.Terms, run.Cancellation).ConfigureAwait(false) };
            var quote = await QuoteAsync(main, terms, run.Cancellation).ConfigureAwait(false);
            var chosen = run.Get(balance) switch
            {
                "batched" => WorkBalance.Batched,
                "auto" => new WorkBalanceRule { FeePerTransaction = run.Get(fee), FeeShareMax = run.Get(share), AlwaysFrom = run.Get(always) }.Decide(terms, quote),
                _ => WorkBalance.OnLedger,
            };
            run.Note(string.Create(CultureInfo.InvariantCulture, $"sets aside at most {quote.Total}; about {WorkBalanceRule.TransactionsOf(terms)} transactions; {(chosen == WorkBalance.Batched ? "batched off the ledger" : "on the ledger")}"));
            if (run.Get(dryRun))
            {
                return ExitCode.Ok;
            }

            using var signer = SigningKey.Load(run.Get(key)!);
            var ledger = main;
            if (chosen == WorkBalance.Batched)
            {
                ledger = await MarketCommands.ConnectAsync(run.Get(side) ?? throw new CliException(ExitCode.Usage, "the job's stages are batched off the ledger, and no side ledger is given", "Give --side-ledger URL, or --balance on-ledger."), run.Cancellation).ConfigureAwait(false);
                terms = terms with { Offers = await OffersOf(ledger, terms, run.Cancellation).ConfigureAwait(false) };
            }

            try
            {
                var posted = await signer.SubmitAsync(ledger, new JobPost(terms with { Balance = chosen }), run.Cancellation).ConfigureAwait(false);
                run.Out.WriteLine(posted.Subject);
                run.Note($"Next: sojourn job describe {posted.Subject} --ledger {(chosen == WorkBalance.Batched ? run.Get(side) : run.Get(at))}");
                return ExitCode.Ok;
            }
            finally
            {
                if (ledger != main)
                {
                    ledger.Dispose();
                }
            }
        });
        return command;
    }

    private static async Task<EscrowQuote> QuoteAsync(HttpLedger ledger, JobTerms terms, CancellationToken cancellation)
    {
        var quote = await ledger.QuoteAsync(terms, cancellation).ConfigureAwait(false);
        return quote.Escrow ?? throw new CliException(ExitCode.Refused, $"the ledger would refuse this job: {quote.Refusal}", quote.Refusal.Words());
    }

    private static async Task<System.Collections.Immutable.ImmutableArray<Digest>> OffersOf(HttpLedger ledger, JobTerms terms, CancellationToken cancellation)
    {
        return await OfferChoice.ForAsync(ledger, null, terms.Inputs.Prepend(terms.Code), cancellation).ConfigureAwait(false);
    }
}
