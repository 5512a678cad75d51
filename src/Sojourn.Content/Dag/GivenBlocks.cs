using System.Security.Cryptography;
using Sojourn.Primitives;

namespace Sojourn.Content.Dag;

/// <summary>Remembers which blocks were given, in 16 bytes each, however long their CIDs are.</summary>
/// <remarks>Multihashes are told apart by 128 bits of their SHA-256: two that look the same cost 2^64 work.</remarks>
internal sealed class GivenBlocks(bool duplicates)
{
    private readonly HashSet<UInt128> _given = [];

    /// <summary>Notes a block.</summary>
    /// <returns>Whether duplicates are wanted or it is new.</returns>
    public bool Add(Cid cid)
    {
        if (duplicates)
        {
            return true;
        }

        Span<byte> digest = stackalloc byte[32];
        SHA256.HashData(cid.Multihash.Bytes, digest);
        return _given.Add(System.Runtime.InteropServices.MemoryMarshal.Read<UInt128>(digest));
    }
}
