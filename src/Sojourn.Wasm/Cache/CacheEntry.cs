using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Sojourn.Wasm.Cache;

/// <summary>What an entry holds.</summary>
internal enum EntryKind : byte
{
    /// <summary>IL; nothing was there to compile it further.</summary>
    Il = 0,

    /// <summary>Machine code beside the IL.</summary>
    Native = 1,

    /// <summary>IL that could not be compiled further within the budget of time; not tried again with a budget that is no larger.</summary>
    TimeExceeded = 2,

    /// <summary>The same of memory.</summary>
    MemoryExceeded = 3,

    /// <summary>IL that the compiler failed on; not tried again.</summary>
    CompilerFailed = 4,
}

/// <summary>An entry as it lies on disk: what it is the code of, and that one who knows the cache's key wrote it.</summary>
/// <remarks>
/// The assembly, then 8 bytes magic, 1 byte kind, 7 bytes that say how large the exceeded budget was, 32 bytes key of the entry, 12 bytes nonce, 16 bytes tag. The trailer comes last so that the
/// platform can map the file as an assembly. The tag is AES-256-GMAC over the assembly (NIST SP 800-38D, section 3) with a key derived from the cache's key and
/// the rest of the trailer: an entry of some megabytes is checked in less than a millisecond.
/// </remarks>
internal static class CacheEntry
{
    /// <summary>Bytes after the assembly.</summary>
    public const int TrailerBytes = 76;

    private const int KindAt = 8;
    private const int BudgetAt = 12;
    private const int KeyAt = 16;
    private const int NonceAt = 48;
    private const int TagAt = 60;

    private static ReadOnlySpan<byte> Magic => "SJWCODE1"u8;

    /// <summary>Writes an entry.</summary>
    /// <param name="mac">The cache's key, 32 bytes.</param>
    /// <param name="key">The entry's key.</param>
    /// <param name="kind">What the assembly holds.</param>
    /// <param name="budget">The budget that was not enough, in milliseconds or MiB; else 0.</param>
    /// <param name="assembly">The assembly.</param>
    public static byte[] Seal(ReadOnlySpan<byte> mac, ReadOnlySpan<byte> key, EntryKind kind, uint budget, ReadOnlySpan<byte> assembly)
    {
        var entry = new byte[assembly.Length + TrailerBytes];
        assembly.CopyTo(entry);
        var trailer = entry.AsSpan(assembly.Length);
        Magic.CopyTo(trailer);
        trailer[KindAt] = (byte)kind;
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[BudgetAt..], budget);
        key.CopyTo(trailer[KeyAt..]);
        RandomNumberGenerator.Fill(trailer.Slice(NonceAt, 12));
        Tag(mac, assembly, trailer, trailer.Slice(TagAt, 16));
        return entry;
    }

    /// <summary>What an entry holds; null where it is not whole, or not of this cache and this key, and must not be looked at.</summary>
    public static (EntryKind Kind, uint Budget)? Open(ReadOnlySpan<byte> mac, ReadOnlySpan<byte> key, ReadOnlySpan<byte> entry)
    {
        if (entry.Length < TrailerBytes)
        {
            return null;
        }

        var trailer = entry[^TrailerBytes..];
        if (!trailer.StartsWith(Magic) || !trailer.Slice(KeyAt, CacheKey.Length).SequenceEqual(key))
        {
            return null;
        }

        Span<byte> tag = stackalloc byte[16];
        Tag(mac, entry[..^TrailerBytes], trailer, tag);
        return CryptographicOperations.FixedTimeEquals(tag, trailer.Slice(TagAt, 16)) 
            ? ((EntryKind)trailer[KindAt], BinaryPrimitives.ReadUInt32LittleEndian(trailer[BudgetAt..]))
            : null;
    }

    private static void Tag(ReadOnlySpan<byte> mac, ReadOnlySpan<byte> assembly, ReadOnlySpan<byte> trailer, Span<byte> tag)
    {
        Span<byte> derived = stackalloc byte[32];
        HMACSHA256.HashData(mac, trailer[..NonceAt], derived);
        using var gcm = new AesGcm(derived, 16);
        gcm.Encrypt(trailer.Slice(NonceAt, 12), [], [], tag, assembly);
        CryptographicOperations.ZeroMemory(derived);
    }
}
