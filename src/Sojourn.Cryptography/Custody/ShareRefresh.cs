using System.Collections.Immutable;
using System.Security.Cryptography;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Secrets;
using Sojourn.Primitives;

namespace Sojourn.Cryptography.Custody;

/// <summary>Proactive refresh among custodians: every share changes, the secret does not and is whole nowhere at any moment. Two steps for each custodian, with public files between them.</summary>
public static class ShareRefresh
{
    /// <summary>Takes all dealings: adds what each dealt to this custodian's share. All custodians must take the same dealings; one that is wrong is left out by all, and its dealer named.</summary>
    /// <param name="set">The set in force.</param>
    /// <param name="key">The custodian's key.</param>
    /// <param name="dealings">One of each dealer, from as many dealers as the threshold or more: else those who dealt could know all changes.</param>
    /// <param name="refreshed">The custodian's word on its new share, unless there is a fault.</param>
    /// <param name="wrong">Names of dealers whose dealing is wrong.</param>
    public static CustodyFault TryTake(ShareSet set, HpkePrivateKey key, IReadOnlyCollection<ShareDealing> dealings, out RefreshedShare? refreshed, out ImmutableArray<string> wrong)
    {
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(dealings);
        refreshed = null;
        wrong = [];
        var fault = set.TryOpen(key, out var share);
        if (fault != CustodyFault.None)
        {
            return fault;
        }

        using (share)
        {
            if (set.Threshold < 2 || share!.Length > ShareDealing.LengthMax || !ShareDealing.TryKeys(set, out var keys))
            {
                return CustodyFault.CannotRefresh;
            }

            if (dealings.Any(dealing => dealing.Dealer > set.Custodians.Length || dealing.Set != set.Id))
            {
                return CustodyFault.OtherSet;
            }

            var changes = new List<SecretKey>();
            try
            {
                var named = ImmutableArray.CreateBuilder<string>();
                foreach (var dealing in dealings)
                {
                    var found = dealing.TryTake(set, key, share.Index, share.Length, out var change);
                    if (found == CustodyFault.None)
                    {
                        changes.Add(change!);
                    }
                    else
                    {
                        named.Add(set.Custodians[dealing.Dealer - 1].Name);
                        fault = CustodyFault.WrongShare;
                    }
                }

                wrong = [.. named.Distinct(StringComparer.Ordinal)];
                if (fault != CustodyFault.None)
                {
                    return fault;
                }

                if (dealings.Select(dealing => dealing.Dealer).Distinct().Count() != dealings.Count || dealings.Count < set.Threshold)
                {
                    return CustodyFault.TooFewShares;
                }

                var id = IdAfter(set, dealings);
                using var next = SecretKey.Create(share.Length, (share, changes), static (value, state) =>
                {
                    using var old = state.share.Lend();
                    old.Span.CopyTo(value);
                    foreach (var change in state.changes)
                    {
                        using var lease = change.Lend();
                        ShareSet.Accumulate(value, lease.Span, 1);
                    }
                });
                refreshed = RefreshedShare.Make(
                    id, set.Epoch + 1, share.Index, ShareSet.CommitmentOf(id, share.Index, next), ShareSet.SealShare(key.Public, id, set.Epoch + 1, share.Index, set.Threshold, set.Policy, next), keys, key);
                return CustodyFault.None;
            }
            finally
            {
                changes.ForEach(change => change.Dispose());
            }
        }
    }

    /// <summary>Puts the next set's record together from every custodian's word. Old shares fit no new ones: whoever adopts it wipes the old.</summary>
    /// <param name="set">The set in force.</param>
    /// <param name="key">The custodian's key; its own share is opened and checked.</param>
    /// <param name="shares">One of each custodian.</param>
    /// <param name="next">The next set, unless there is a fault.</param>
    /// <param name="wrong">Names of custodians whose word is missing, not theirs, or says that they took other dealings than this one.</param>
    public static CustodyFault TryAdopt(ShareSet set, HpkePrivateKey key, IReadOnlyCollection<RefreshedShare> shares, out ShareSet? next, out ImmutableArray<string> wrong)
    {
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(shares);
        next = null;
        wrong = [];
        var own = IndexOf(set, key.Public);
        if (own == 0 || !ShareDealing.TryKeys(set, out var keys))
        {
            return CustodyFault.NotForThisKey;
        }

        var mine = shares.FirstOrDefault(share => share.Index == own && share.IsFrom(key.Public, key, own));
        if (mine is null)
        {
            wrong = [set.Custodians[own - 1].Name];
            return CustodyFault.TooFewShares;
        }

        var holders = ImmutableArray.CreateBuilder<Custodian>(set.Custodians.Length);
        var named = ImmutableArray.CreateBuilder<string>();
        for (var i = 1; i <= set.Custodians.Length; i++)
        {
            var custodian = set.Custodians[i - 1];
            var all = shares.Where(share => share.Index == i && share.Set == mine.Set && share.Epoch == set.Epoch + 1 && share.IsFrom(keys[i - 1], key, own)).DistinctBy(share => share.Commitment).ToList();
            if (all.Count != 1)
            {
                named.Add(custodian.Name);
                continue;
            }

            holders.Add(custodian with { Commitment = all[0].Commitment, SealedShare = all[0].SealedShare });
        }

        wrong = named.ToImmutable();
        if (!wrong.IsEmpty)
        {
            return CustodyFault.TooFewShares;
        }

        var made = set.Next(mine.Set, holders.MoveToImmutable());
        var fault = made.TryOpen(key, out var share);
        share?.Dispose();
        next = fault == CustodyFault.None ? made : null;
        return fault;
    }

    private static int IndexOf(ShareSet set, HpkePublicKey key)
    {
        for (var i = 0; i < set.Custodians.Length; i++)
        {
            if (set.Custodians[i].Key.Span.SequenceEqual(key.Bytes.Span))
            {
                return i + 1;
            }
        }

        return 0;
    }

    private static Digest IdAfter(ShareSet set, IEnumerable<ShareDealing> dealings)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("sojourn/share-refresh/1"u8);
        hash.AppendData(set.Id.AsSpan());
        foreach (var dealing in dealings.OrderBy(dealing => dealing.Dealer))
        {
            hash.AppendData(dealing.Digest.AsSpan());
        }

        return new Digest(hash.GetHashAndReset());
    }
}
