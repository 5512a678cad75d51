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
    public HpkePublicKey Create(Address member)
    {
        using var known = Find(member);
        if (known is not null)
        {
            return known.Public;
        }

        using var made = HpkePrivateKey.Generate();
        using var scalar = made.ExportScalar();
        using var lease = scalar.Lend();
        DurableFile.WriteSecret(PathOf(member), lease.Span);
        return made.Public;
    }

    /// <summary>A member's key; null where there is none, or none any more.</summary>
    /// <param name="member">The member's account.</param>
    public HpkePrivateKey? Find(Address member)
    {
        var path = PathOf(member);
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

    /// <summary>Drops a member's key for good.</summary>
    /// <param name="member">The member's account.</param>
    /// <returns>Whether there was one.</returns>
    public bool Drop(Address member)
    {
        var path = PathOf(member);
        if (!File.Exists(path))
        {
            return false;
        }

        DurableFile.Erase(path);
        return true;
    }

    private string PathOf(Address member) => Path.Combine(folder, member + ".key");
}
