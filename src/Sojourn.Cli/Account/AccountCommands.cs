using System.CommandLine;
using System.Text.Json.Nodes;
using Sojourn.Cli.Market;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Primitives;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Views;

namespace Sojourn.Cli.Account;

/// <summary><c>sojourn account</c>: what an account holds, and why.</summary>
internal static class AccountCommands
{
    public static Command Create()
    {
        ErrorRules.Add(Ledger.LedgerCommands.Explain);
        ErrorRules.Add(Chain.ChainCommands.Explain);
        return new Command("account", "What an account holds, and why.") { Show(), Explain(), SendCommands.Send(), SendCommands.Payout() };
    }

    internal static Address Parse(string? text) => Address.TryParse(text, out var address)
        ? address
        : throw new CliException(ExitCode.Usage, $"'{text}' is not an address", "An address is 0x and 40 hexadecimal digits.");

    private static Command Show()
    {
        var who = new Argument<string>("address") { Description = "The account." };
        var at = MarketCommands.LedgerOption();
        var output = OutputOption.Create();
        var command = new Command("show", "An account's tokens.") { who, at, output };
        command.SetRun(async run =>
        {
            var address = Parse(run.Get(who));
            await using var connection = await MarketCommands.OpenAsync(run.Get(at)!, run.Cancellation).ConfigureAwait(false);
            var ledger = connection.Ledger;
            run.Results.One(
                await ledger.AccountAsync(address, run.Cancellation).ConfigureAwait(false),
                new Column<AccountView>("address", account => account.Address.ToString()),
                new Column<AccountView>("free", account => account.Free.ToString()),
                new Column<AccountView>("withheld", account => account.Withheld.ToString()),
                new Column<AccountView>("matured", account => account.Matured.ToString()),
                new Column<AccountView>("staked", account => account.Staked.ToString()),
                new Column<AccountView>("unbonding", account => account.Unbonding.ToString()));
        });
        return command;
    }

    private static Command Explain()
    {
        var who = new Argument<string>("address") { Description = "The account." };
        var job = new Option<string>("--job") { Description = "Only this job's lines." };
        var max = new Option<int>("--max") { Description = "At most so many lines.", DefaultValueFactory = _ => 50 };
        var at = MarketCommands.LedgerOption();
        var output = OutputOption.Create();
        var command = new Command("explain", "Why an account was paid, or was not: every line with its reason, newest first.") { who, job, max, at, output };
        command.SetRun(async run =>
        {
            var address = Parse(run.Get(who));
            Digest? only = null;
            if (run.Get(job) is { } text)
            {
                only = Digest.TryParse(text, out var id) ? id : throw new CliException(ExitCode.Usage, $"'{text}' is not a job's id", "It has 64 hexadecimal digits.");
            }

            await using var connection = await MarketCommands.OpenAsync(run.Get(at)!, run.Cancellation).ConfigureAwait(false);
            var ledger = connection.Ledger;
            run.Results.List(
                await ledger.ExplainAsync(address, only, run.Get(max), run.Cancellation).ConfigureAwait(false),
                new Column<LedgerLine>("height", line => JsonValue.Create(line.Height)),
                new Column<LedgerLine>("amount", line => line.Amount.ToString()),
                new Column<LedgerLine>("reason", line => line.Reason.ToString()),
                new Column<LedgerLine>("words", line => line.Reason.Words()),
                new Column<LedgerLine>("job", line => line.Job.IsZero ? "" : line.Job.ToString()));
        });
        return command;
    }
}
