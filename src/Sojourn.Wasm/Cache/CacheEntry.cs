using System.Security.Cryptography;

namespace Sojourn.Wasm.Cache;

/// <summary>What an entry holds.</summary>
internal enum EntryKind : byte
{
    /// <summary>IL; nothing was there to compile it further.</summary>
    Il = 0,

    /// <summary>Machine code beside the IL.</summary>
    Native = 1,

    /// <summary>IL that the compiler refused or could not compile within its budget: not tried again.</summary>
    Refused = 2,
}

/// <summary>An entry as it lies on disk: what it is the code of, and that one who knows the cache's key wrote it.</summary>
/// <remarks>
/// 8 bytes magic, 1 byte kind, 7 bytes zero, 32 bytes key of the entry, 12 bytes nonce, 16 bytes tag, then the assembly. The tag is AES-256-GMAC over
/// everything but nonce and tag (NIST SP 800-38D, section 3): an entry of some megabytes is checked in less than a millisecond.
/// </remarks>
internal static class CacheEntry
{
    /// <summary>Bytes before the assembly.</summary>
    public const int HeaderBytes = 76;

    private const int KindAt = 8;
    private const int KeyAt = 16;
    private const int NonceAt = 48;
    private const int TagAt = 60;

    private static ReadOnlySpan<byte> Magic => "SJWCODE1"u8;

    /// <summary>Writes an entry.</summary>
    /// <param name="mac">The cache's key, 32 bytes.</param>
    /// <param name="key">The entry's key.</param>
    /// <param name="kind">What the assembly holds.</param>
    /// <param name="assembly">The assembly.</param>
    public static byte[] Seal(ReadOnlySpan<byte> mac, ReadOnlySpan<byte> key, EntryKind kind, ReadOnlySpan<byte> assembly)
    {
        var entry = new byte[HeaderBytes + assembly.Length];
        Magic.CopyTo(entry);
        entry[KindAt] = (byte)kind;
        key.CopyTo(entry.AsSpan(KeyAt));
        assembly.CopyTo(entry.AsSpan(HeaderBytes));
        RandomNumberGenerator.Fill(entry.AsSpan(NonceAt, 12));
        Tag(mac, entry, entry.AsSpan(TagAt, 16));
        return entry;
    }

    /// <summary>Whether an entry is whole, of this cache and of this key; it must not be looked at otherwise.</summary>
    public static bool TryOpen(ReadOnlySpan<byte> mac, ReadOnlySpan<byte> key, ReadOnlySpan<byte> entry, out EntryKind kind)
    {
        kind = EntryKind.Il;
        if (entry.Length < HeaderBytes || !entry.StartsWith(Magic) || !entry.Slice(KeyAt, CacheKey.Length).SequenceEqual(key))
        {
            return false;
        }

        Span<byte> tag = stackalloc byte[16];
        Tag(mac, entry, tag);
        kind = (EntryKind)entry[KindAt];
        return CryptographicOperations.FixedTimeEquals(tag, entry.Slice(TagAt, 16));
    }

    private static void Tag(ReadOnlySpan<byte> mac, ReadOnlySpan<byte> entry, Span<byte> tag)
    {
        // GMAC takes one run of bytes: the header's digest and the assembly are bound by deriving the key of this entry from the header.
        Span<byte> derived = stackalloc byte[32];
        HMACSHA256.HashData(mac, entry[..NonceAt], derived);
        using var gcm = new AesGcm(derived, 16);
        gcm.Encrypt(entry.Slice(NonceAt, 12), [], [], tag, entry[HeaderBytes..]);
        CryptographicOperations.ZeroMemory(derived);
    }
}
