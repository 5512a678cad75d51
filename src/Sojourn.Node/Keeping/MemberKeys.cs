using System.Security.Cryptography;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Node.Journal;
using Sojourn.Primitives;

namespace Sojourn.Node.Keeping;

/// <summary>A keeper's keys for pool members: one for each member, to which the member seals its records. Dropping it makes those records noise, whoever holds copies of them.</summary>
/// <param name="folder">Where they lie; a file of 32 bytes each, readable for the keeper alone.</param>
public sealed class MemberKeys(string folder)
{
    /// <summary>Makes a member's key, or gives the one that is there.</summary>
    /// <param name="member">The member's account.</param>
    /// <param name="pool">The signed policy of the pool that the key is for; null for a key that serves all of the member's pools, and is dropped with the first that it leaves.</param>
    public HpkePublicKey Create(Address member, Cid? pool = null)
    {
        using var known = Read(PathOf(member, pool));
        if (known is not null)
        {
            return known.Public;
        }

        using var made = HpkePrivateKey.Generate();
        using var scalar = made.ExportScalar();
        using var lease = scalar.Lend();
        DurableFile.WriteSecret(PathOf(member, pool), lease.Span);
        return made.Public;
    }

    /// <summary>A member's keys for a pool: its own first, then the one for all pools; none where they were dropped.</summary>
    /// <param name="member">The member's account.</param>
    /// <param name="pool">The signed policy.</param>
    public IEnumerable<HpkePrivateKey> Find(Address member, Cid pool)
    {
        foreach (var path in new[] { PathOf(member, pool), PathOf(member, null) })
        {
            if (Read(path) is { } key)
            {
                yield return key;
            }
        }
    }

    /// <summary>Drops a member's keys for a pool for good, that for all pools among them.</summary>
    /// <param name="member">The member's account.</param>
    /// <param name="pool">The signed policy.</param>
    /// <param name="shared">Whether a key for all of the member's pools was among them: what is sealed to it in others is noise, too.</param>
    /// <returns>Whether there was one.</returns>
    public bool Drop(Address member, Cid pool, out bool shared)
    {
        shared = File.Exists(PathOf(member, null));
        var dropped = false;
        foreach (var path in new[] { PathOf(member, pool), PathOf(member, null) })
        {
            if (File.Exists(path))
            {
                DurableFile.Erase(path);
                dropped = true;
            }
        }

        return dropped;
    }

    private static HpkePrivateKey? Read(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        var bytes = File.ReadAllBytes(path);
        try
        {
            return bytes.Length == 32 ? HpkePrivateKey.Import(HpkeKem.P256, bytes) : throw new InvalidDataException($"{path} does not hold a member's key: 32 bytes were expected, {bytes.Length} are there.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private string PathOf(Address member, Cid? pool) => Path.Combine(folder, pool is null ? member + ".key" : $"{member}.{pool}.key");
}
