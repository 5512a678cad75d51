using System.Collections.Concurrent;
using Sojourn.Node.Journal;
using Sojourn.Primitives;
using Sojourn.Protocol.Policies;

namespace Sojourn.Node.Keeping;

/// <summary>The signed words of pool members that a keeper knows: each member's last, a file each. Read before each release, so that a withdrawal holds at once and without a ledger.</summary>
/// <param name="folder">Where they lie.</param>
public sealed class ConsentBook(string folder)
{
    // A signature takes a millisecond to check; a file whose bytes were checked is not checked again.
    private readonly ConcurrentDictionary<Digest, PoolConsent?> _checked = new();

    /// <summary>Takes a member's word, unless a later one is known; durably.</summary>
    /// <param name="consent">A checked statement.</param>
    /// <returns>Whether it counts now: false where the book has a later word.</returns>
    public bool Add(PoolConsent consent)
    {
        ArgumentNullException.ThrowIfNull(consent);
        var path = PathOf(consent.Policy, consent.Member);
        if (Read(path) is { } known && (known.Sequence > consent.Sequence || (known.Sequence == consent.Sequence && !known.Granted)))
        {
            return known.Sequence == consent.Sequence && known.Granted == consent.Granted && known.Content == consent.Content;
        }

        DurableFile.Write(path, consent.Encode());
        return true;
    }

    /// <summary>The members whose consent stands under a policy, each with its records.</summary>
    /// <param name="policy">The policy.</param>
    public IReadOnlyDictionary<Address, Cid> Standing(SignedPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        return PoolConsents.Standing(policy, Words(policy.Cid));
    }

    /// <summary>Every member's last word under a policy.</summary>
    /// <param name="policy">The signed policy's CID.</param>
    public IEnumerable<PoolConsent> Words(Cid policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        var own = Path.Combine(folder, policy.ToString());
        return Directory.Exists(own) ? [.. Directory.EnumerateFiles(own).Where(file => !file.EndsWith(".new", StringComparison.Ordinal)).Select(Read).OfType<PoolConsent>()] : [];
    }

    private string PathOf(Cid policy, Address member) => Path.Combine(folder, policy.ToString(), member.ToString());

    // What does not read as a signed statement is nobody's consent.
    private PoolConsent? Read(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        var bytes = File.ReadAllBytes(path);
        return _checked.GetOrAdd(Digest.Of(bytes), _ => PoolConsent.TryDecode(bytes, out var consent) == PolicyFault.None ? consent : null);
    }
}
