using System.Collections.Immutable;
using Sojourn.Content;
using Sojourn.Primitives;
using Sojourn.Protocol.Policies;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Views;

namespace Sojourn.Hosting.Publishing;

/// <summary>Which offers a job names for its contents. Anybody may publish an offer for anybody's content; only those of its owner, as the policy says, lead to a key.</summary>
public static class OfferChoice
{
    /// <summary>Chooses for each content the cheapest open offer of each keeper (several keepers are custodians, each with a share), and those of everybody who has a share in the price.</summary>
    /// <param name="ledger">Where offers are.</param>
    /// <param name="content">Where policies are; without it, or where a policy is not to be had, the owner of the oldest offer is taken for the owner.</param>
    /// <param name="contents">The job's contents.</param>
    /// <param name="cancel">Stops waiting.</param>
    public static async Task<ImmutableArray<Digest>> ForAsync(ILedger ledger, IBlockSource? content, IEnumerable<Cid> contents, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        ArgumentNullException.ThrowIfNull(contents);
        var chosen = new SortedSet<Digest>();
        foreach (var cid in contents.Distinct())
        {
            var found = await ledger.OffersAsync(new OfferQuery(Content: cid), cancel).ConfigureAwait(false);
            var known = found.FirstOrDefault(offer => offer.Terms.Policy is not null);
            var policy = known is null ? null : await PolicyAsync(content, found, cancel).ConfigureAwait(false);
            foreach (var offer in Choose(found, policy))
            {
                chosen.Add(offer.Id);
            }
        }

        return [.. chosen];
    }

    internal static IEnumerable<OfferView> Choose(ImmutableArray<OfferView> found, SignedPolicy? policy)
    {
        if (found.IsEmpty)
        {
            return [];
        }

        if (policy is null)
        {
            return Cheapest(found.Where(offer => offer.Owner == found[0].Owner));
        }

        var owners = policy.Policy is DataPolicy { Pool: { } pool } ? pool.Members : [policy.Policy.Owner];
        var own = Cheapest(found.Where(offer => offer.Terms.Policy == policy.Cid && owners.Contains(offer.Owner) && offer.Terms.Sealed));
        var shares = policy.Policy.Price.Shares.Where(share => share.To != policy.Policy.Owner)
            .SelectMany(share => found.Where(offer => offer.Owner == share.To && !offer.Terms.Sealed && offer.Terms.Price >= policy.Policy.Price.PerUse.Share((ulong)share.Parts, (ulong)policy.Policy.Price.PartsTotal))
                .OrderBy(offer => offer.Terms.Price).Take(1));
        return own.Concat(shares);
    }

    private static IEnumerable<OfferView> Cheapest(IEnumerable<OfferView> offers) => offers.GroupBy(offer => (offer.Owner, offer.Terms.Keeper)).Select(group => group.MinBy(offer => offer.Terms.Price)!);

    // The policy that the content's own header names, whatever offers say.
    private static async Task<SignedPolicy?> PolicyAsync(IBlockSource? content, ImmutableArray<OfferView> found, CancellationToken cancel)
    {
        if (content is null || await content.GetAsync(found[0].Terms.Content, cancel).ConfigureAwait(false) is not { } header
            || Cryptography.Sealing.SealedHeader.TryDecode(header.Data.Span, out var decoded) != Cryptography.Sealing.SealedFault.None
            || decoded!.Policy is not { } named || await content.GetAsync(named, cancel).ConfigureAwait(false) is not { } block)
        {
            return null;
        }

        return SignedPolicy.TryDecode(block.Data.Span, out var policy) == PolicyFault.None ? policy : null;
    }
}
