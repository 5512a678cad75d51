using System.CommandLine;
using System.Globalization;
using Sojourn.Cli.Market;
using Sojourn.Cli.Running;
using Sojourn.Primitives;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Cli.Account;

/// <summary><c>sojourn account send|payout</c>.</summary>
internal static class SendCommands
{
    public static Command Send()
    {
        var to = new Argument<string>("to") { Description = "The receiver's address." };
        var amount = new Argument<ulong>("amount") { Description = "How many of the smallest units." };
        var key = SigningKey.CreateOption();
        var at = MarketCommands.LedgerOption();
        var command = new Command("send", "Send free tokens to another account.") { to, amount, key, at };
        command.SetRun(async run =>
        {
            using var signer = SigningKey.Load(run.Get(key)!);
            using var ledger = await MarketCommands.ConnectAsync(run.Get(at)!, run.Cancellation).ConfigureAwait(false);
            var result = await signer.SubmitAsync(ledger, new Transfer(AccountCommands.Parse(run.Get(to)), run.Get(amount)), run.Cancellation).ConfigureAwait(false);
            run.Out.WriteLine(result.Height.ToString(CultureInfo.InvariantCulture));
        });
        return command;
    }

    public static Command Payout()
    {
        var who = new Argument<string[]>("addresses") { Description = "Accounts whose matured credits are to be paid out.", Arity = new ArgumentArity(1, 64) };
        var at = MarketCommands.LedgerOption();
        var command = new Command("payout", "Turn matured credits into free tokens; anyone may, for anyone. The ledger does so by itself once an epoch.") { who, at };
        command.SetRun(async run =>
        {
            using var ledger = await MarketCommands.ConnectAsync(run.Get(at)!, run.Cancellation).ConfigureAwait(false);
            var payout = SignedTransaction.Unsigned(new Payout([.. run.Get(who)!.Select(AccountCommands.Parse).Order()]));
            var result = await ledger.SubmitAsync(payout, run.Cancellation).ConfigureAwait(false);
            if (!result.Applied)
            {
                throw new CliException(ExitCode.Refused, $"the ledger refused the payout: {result.Refusal}", Sojourn.Protocol.Reasons.ReasonWords.Words(result.Refusal));
            }

            run.Out.WriteLine(result.Height.ToString(CultureInfo.InvariantCulture));
        });
        return command;
    }
}
