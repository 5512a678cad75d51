using System.CommandLine;
using Sojourn.Cli.Devnet;
using Sojourn.Cli.Running;
using Sojourn.Hosting.Devnet;
using Sojourn.Hosting.Keepers;
using Sojourn.Node.Keeping;
using Sojourn.Primitives;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;

namespace Sojourn.Cli.Publish;

/// <summary><c>offer</c> and <c>revoke</c> of <c>data</c> and <c>app</c>: consent, given and taken back.</summary>
internal static class OfferCommands
{
    /// <summary>Offers a published content again, under the same policy, at another price.</summary>
    /// <param name="owner">The owner by default.</param>
    public static Command Offer(string owner)
    {
        var folder = DevnetCommands.FolderOption();
        var content = new Argument<string>("cid") { Description = "A published content's CID." };
        var who = new Option<string>("--as") { Description = "The owner.", DefaultValueFactory = _ => owner };
        var price = new Option<long>("--price") { Description = "The price of one job.", Required = true };
        var command = new Command("offer", "Offer a published content again, under its policy, at a price.") { content, folder, who, price };
        command.SetRun(async run =>
        {
            using var net = await DevnetClient.ConnectAsync(DevnetCommands.FolderOf(run.Get(folder)), run.Cancellation).ConfigureAwait(false);
            using var party = net.Party(run.Get(who)!);
            if (!Cid.TryParse(run.Get(content)!, out var cid) || run.Get(price) < 0)
            {
                throw new CliException(ExitCode.Usage, "a CID and a price that is not negative were expected.", "publish prints the CID.");
            }

            var known = (await net.Ledger.OffersAsync(new OfferQuery(Owner: party.Address, Content: cid, Open: false), run.Cancellation).ConfigureAwait(false)).FirstOrDefault()
                ?? throw new CliException(ExitCode.NotFound, $"{party.Name} has not offered {cid}.", "publish seals and offers it.");
            var result = await net.SubmitAsync(party, new OfferPublish(known.Terms with { Price = (ulong)run.Get(price) }), run.Cancellation).ConfigureAwait(false);
            if (!result.Applied)
            {
                throw new CliException(ExitCode.Refused, $"the ledger refused the offer: {result.Refusal}.", "An offer with the same terms may be there already: sojourn market shows it.");
            }

            run.Out.WriteLine(result.Subject);
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Takes consent back: on the ledger, and at the owner's keeper on this machine.</summary>
    /// <param name="owner">The owner by default.</param>
    public static Command Revoke(string owner)
    {
        var folder = DevnetCommands.FolderOption();
        var what = new Argument<string>("what") { Description = "An offer's id, or a content's CID for all its offers." };
        var who = new Option<string>("--as") { Description = "The owner.", DefaultValueFactory = _ => owner };
        var command = new Command("revoke", "Take consent back: no new jobs, and no key to jobs that wait for one.") { what, folder, who };
        command.SetRun(async run =>
        {
            using var net = await DevnetClient.ConnectAsync(DevnetCommands.FolderOf(run.Get(folder)), run.Cancellation).ConfigureAwait(false);
            using var party = net.Party(run.Get(who)!);
            var offers = Digest.TryParse(run.Get(what)!, out var id) ? [id]
                : Cid.TryParse(run.Get(what)!, out var cid) ? (await net.Ledger.OffersAsync(new OfferQuery(Owner: party.Address, Content: cid), run.Cancellation).ConfigureAwait(false)).Select(offer => offer.Id).ToList()
                : throw new CliException(ExitCode.Usage, $"'{run.Get(what)}' is neither an offer's id nor a CID.", "sojourn market shows offers.");
            if (offers.Count == 0)
            {
                throw new CliException(ExitCode.NotFound, $"{party.Name} has no open offer for {run.Get(what)}.", "sojourn market shows offers.");
            }

            // The keeper first: it needs no ledger to obey.
            var keeper = Path.Combine(net.Folder, "parties", party.Name, "keeper");
            foreach (var offer in offers)
            {
                if (Directory.Exists(keeper))
                {
                    new RevocationList(KeeperOptions.RevokedFile(keeper)).Add(offer);
                }

                var result = await net.SubmitAsync(party, new OfferWithdraw(offer), run.Cancellation).ConfigureAwait(false);
                if (!result.Applied)
                {
                    throw new CliException(ExitCode.Refused, $"the ledger refused to withdraw {offer}: {result.Refusal}.", "The keeper obeys already, where it runs on this machine.");
                }

                run.Out.WriteLine($"revoked {offer}");
            }

            run.Note("keys that were released before stay with the jobs that got them; nothing is released from now on");
            return ExitCode.Ok;
        });
        return command;
    }
}
