using System.CommandLine;
using Sojourn.Cli.Devnet;
using Sojourn.Cli.Running;
using Sojourn.Cryptography.Identity;
using Sojourn.Cryptography.Sealing;
using Sojourn.Hosting.Devnet;
using Sojourn.Hosting.Keepers;
using Sojourn.Hosting.Keys;
using Sojourn.Node.Keeping;
using Sojourn.Primitives;
using Sojourn.Protocol.Policies;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;

namespace Sojourn.Cli.Publish;

/// <summary><c>offer</c> and <c>revoke</c> of <c>data</c> and <c>app</c>: consent, given and taken back.</summary>
internal static class OfferCommands
{
    /// <summary>Offers a published content: again at another price, or for the first time by those whom its policy pays besides its owner.</summary>
    /// <param name="owner">The owner by default.</param>
    public static Command Offer(string owner)
    {
        var folder = DevnetCommands.FolderOption();
        var content = new Argument<string>("cid") { Description = "A published content's CID." };
        var who = new Option<string>("--as") { Description = "The owner; or a member of the policy's pool, or somebody who has a share in its price.", DefaultValueFactory = _ => owner };
        var price = new Option<long>("--price") { Description = "The price of one job: for whoever has a share in the price, that share.", Required = true };
        var keeper = new Option<string?>("--keeper") { Description = "For a pool member's first offer: the party whose keeper holds the member's key (default: the member)." };
        var command = new Command("offer", "Offer a published content under its policy, at a price: again, or for the first time as a member of its pool or a holder of a share in its price.") { content, folder, who, price, keeper };
        command.SetRun(async run =>
        {
            using var net = await DevnetClient.ConnectAsync(DevnetCommands.FolderOf(run.Get(folder)), run.Cancellation).ConfigureAwait(false);
            using var party = net.Party(run.Get(who)!);
            if (!Cid.TryParse(run.Get(content)!, out var cid) || run.Get(price) < 0)
            {
                throw new CliException(ExitCode.Usage, "a CID and a price that is not negative were expected.", "publish prints the CID.");
            }

            var known = await net.Ledger.OffersAsync(new OfferQuery(Owner: party.Address, Content: cid, Open: false), run.Cancellation).ConfigureAwait(false);
            IReadOnlyList<OfferTerms> terms = known.IsEmpty
                ? [await FirstAsync(run, net, party, cid, run.Get(keeper)).ConfigureAwait(false)]
                // Custodians answer under an offer each; the price stands in one of them.
                : [.. known.GroupBy(offer => offer.Terms.Keeper).Select(group => group.Last().Terms)];
            var amount = (ulong)run.Get(price);
            foreach (var (term, i) in terms.Select((term, i) => (term, i)))
            {
                var result = await net.SubmitAsync(party, new OfferPublish(term with { Price = i == 0 ? amount : 0 }), run.Cancellation).ConfigureAwait(false);
                if (!result.Applied)
                {
                    throw new CliException(ExitCode.Refused, $"the ledger refused the offer: {result.Refusal}.", "sojourn account show tells what the owner has.");
                }

                run.Out.WriteLine(result.Subject);
            }

            return ExitCode.Ok;
        });
        return command;
    }

    // The content's own policy says who may offer it.
    private static async Task<OfferTerms> FirstAsync(CommandRun run, DevnetClient net, PartyKeys party, Cid content, string? keeper)
    {
        if (await net.Content.GetAsync(content, run.Cancellation).ConfigureAwait(false) is not { } block || SealedHeader.TryDecode(block.Data.Span, out var header) != SealedFault.None
            || header!.Policy is not { } named || await net.Content.GetAsync(named, run.Cancellation).ConfigureAwait(false) is not { } signed || SignedPolicy.TryDecode(signed.Data.Span, out var policy) != PolicyFault.None)
        {
            throw new CliException(ExitCode.NotFound, $"{party.Name} has not offered {content}, and no policy of it is to be had.", "publish seals and offers it.");
        }

        var kind = policy!.Policy is DataPolicy ? OfferKind.Data : OfferKind.App;
        var offer = new OfferTerms { Kind = kind, Content = content, Policy = policy.Cid, LevelMin = policy.Policy.Proof.Level, CustodyMin = policy.Policy.Proof.Custody };
        if (policy.Policy.Owner == party.Address || (policy.Policy is DataPolicy { Pool: { } pool } && pool.Members.Contains(party.Address)))
        {
            using var holder = net.Party(keeper ?? party.Name);
            return offer with { Keeper = holder.Address };
        }

        return policy.Policy.Price.Shares.Any(share => share.To == party.Address)
            // Whoever has a share in the price gives no key: jobs name the offer to pay it.
            ? offer with { Sealed = false, Policy = null }
            : throw new CliException(ExitCode.Refused, $"the policy of {content} names {party.Name} ({party.Address.ToChecksumText()}) neither as its owner, nor in its pool, nor in its price.", "sojourn policy explain shows whom it names.");
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
