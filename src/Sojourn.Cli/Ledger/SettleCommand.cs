using System.CommandLine;
using System.Globalization;
using Sojourn.Cli.Account;
using Sojourn.Cli.Market;
using Sojourn.Cli.Running;
using Sojourn.Hosting.Ledgers;
using Sojourn.Protocol.Reasons;

namespace Sojourn.Cli.Ledger;

/// <summary><c>sojourn ledger settle</c>: pays here what accounts withdrew on a side ledger.</summary>
internal static class SettleCommand
{
    public static Command Create()
    {
        var side = new Option<string>("--side") { Description = "The side ledger's address.", Required = true };
        var at = MarketCommands.LedgerOption();
        var key = SigningKey.CreateOption();
        var every = new Option<uint?>("--every") { Description = "Go on, and settle every so many seconds until Ctrl+C." };
        var command = new Command("settle", "Post what a side ledger owes as one Merkle root on the ledger that holds the money, and claim it for those who are paid. What was settled before is found on the two ledgers.") { side, at, key, every };
        command.SetRun(async run =>
        {
            using var signer = SigningKey.Load(run.Get(key)!);
            await using var from = await MarketCommands.OpenAsync(run.Get(side)!, run.Cancellation).ConfigureAwait(false);
            using var main = await MarketCommands.ConnectAsync(run.Get(at)!, run.Cancellation).ConfigureAwait(false);
            if (from.Ledger.GenesisDigest == main.GenesisDigest)
            {
                throw new CliException(ExitCode.Usage, "--side and --ledger are the same ledger", "The side ledger is where jobs run; --ledger is where the money is.");
            }

            var settler = new SideSettler(from.Ledger, main, signer.Signer);
            while (true)
            {
                try
                {
                    var settled = await settler.SettleAsync(run.Cancellation).ConfigureAwait(false);
                    if (settled.Batch is { } batch)
                    {
                        run.Out.WriteLine(batch.ToString());
                    }

                    run.Note(settled.Batch is null && settled.Claims == 0 ? "Nothing is owed."
                        : string.Create(CultureInfo.InvariantCulture, $"{settled.Payments} payments of {settled.Total} in all posted, {settled.Claims} claimed."));
                }
                catch (LedgerRefusedException exception)
                {
                    throw new CliException(ExitCode.Refused, $"the ledger refused the batch of {signer.Address}: {exception.Refusal}", exception.Refusal.Words());
                }

                if (run.Get(every) is not { } seconds)
                {
                    return ExitCode.Ok;
                }

                await Task.Delay(TimeSpan.FromSeconds(Math.Max(1, seconds)), run.Cancellation).ConfigureAwait(false);
            }
        });
        return command;
    }
}
