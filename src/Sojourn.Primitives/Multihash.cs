using System.Security.Cryptography;

namespace Sojourn.Primitives;

/// <summary>A digest that says which function made it and how long it is.</summary>
/// <remarks>multiformats/multihash: varint code, varint length, digest.</remarks>
public readonly struct Multihash : IEquatable<Multihash>
{
    /// <summary>The longest digest that is accepted, in bytes. Longer ones (only identity could be) are refused as hostile.</summary>
    public const int DigestBytesMax = 1024;

    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly int _digestAt;

    internal Multihash(ReadOnlyMemory<byte> bytes, ulong code, int digestAt)
    {
        _bytes = bytes;
        Code = (MultihashCode)code;
        _digestAt = digestAt;
    }

    /// <summary>The hash function.</summary>
    public MultihashCode Code { get; }

    /// <summary>The digest alone.</summary>
    public ReadOnlySpan<byte> Digest => _bytes.Span[_digestAt..];

    /// <summary>Code, length and digest, as encoded.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.Span;

    /// <summary>The name of the hash function, or its code in hexadecimal.</summary>
    public string Name => NameOf(Code);

    /// <summary>Reads one multihash that fills a span.</summary>
    /// <param name="source">The encoded bytes; they are copied.</param>
    /// <param name="multihash">The multihash, or the default on failure.</param>
    public static bool TryDecode(ReadOnlySpan<byte> source, out Multihash multihash)
    {
        multihash = default;
        if (Measure(source, out var code, out var digestAt, out var total) != CidFault.None || total != source.Length)
        {
            return false;
        }

        multihash = new Multihash(source.ToArray(), code, digestAt);
        return true;
    }

    /// <summary>Wraps a digest.</summary>
    /// <param name="code">The function that made it.</param>
    /// <param name="digest">At most <see cref="DigestBytesMax"/> bytes.</param>
    public static Multihash Wrap(MultihashCode code, ReadOnlySpan<byte> digest)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(digest.Length, DigestBytesMax);
        Span<byte> head = stackalloc byte[2 * Varint.BytesMax];
        var length = Varint.Write(head, (ulong)code);
        length += Varint.Write(head[length..], (ulong)digest.Length);
        var bytes = new byte[length + digest.Length];
        head[..length].CopyTo(bytes);
        digest.CopyTo(bytes.AsSpan(length));
        return new Multihash(bytes, (ulong)code, length);
    }

    /// <summary>Hashes data with a function that the platform has.</summary>
    /// <param name="code">SHA-2, SHA-3 where the platform has it, SHA-1 or identity.</param>
    /// <param name="data">What is hashed.</param>
    /// <param name="multihash">The full-length multihash, or the default where the function is not to be had.</param>
    public static bool TryCompute(MultihashCode code, ReadOnlySpan<byte> data, out Multihash multihash)
    {
        Span<byte> digest = stackalloc byte[64];
        var length = code switch
        {
            MultihashCode.Sha2_256 => SHA256.HashData(data, digest),
            MultihashCode.Sha2_512 => SHA512.HashData(data, digest),
            MultihashCode.Sha2_384 => SHA384.HashData(data, digest),
#pragma warning disable CA5350 // Known so that foreign identifiers can be understood; no block is accepted under it.
            MultihashCode.Sha1 => SHA1.HashData(data, digest),
#pragma warning restore CA5350
            MultihashCode.Sha3_256 when SHA3_256.IsSupported => SHA3_256.HashData(data, digest),
            MultihashCode.Sha3_384 when SHA3_384.IsSupported => SHA3_384.HashData(data, digest),
            MultihashCode.Sha3_512 when SHA3_512.IsSupported => SHA3_512.HashData(data, digest),
            _ => 0,
        };
        if (code == MultihashCode.Identity && data.Length <= DigestBytesMax)
        {
            multihash = Wrap(code, data);
            return true;
        }

        multihash = length == 0 ? default : Wrap(code, digest[..length]);
        return length != 0;
    }

    /// <summary>The table's name of a hash function, or its code in hexadecimal.</summary>
    /// <param name="code">Any code.</param>
    public static string NameOf(MultihashCode code) => code switch
    {
        MultihashCode.Identity => "identity",
        MultihashCode.Sha1 => "sha1",
        MultihashCode.Sha2_256 => "sha2-256",
        MultihashCode.Sha2_384 => "sha2-384",
        MultihashCode.Sha2_512 => "sha2-512",
        MultihashCode.Sha3_256 => "sha3-256",
        MultihashCode.Sha3_384 => "sha3-384",
        MultihashCode.Sha3_512 => "sha3-512",
        MultihashCode.Keccak256 => "keccak-256",
        MultihashCode.Blake3 => "blake3",
        MultihashCode.Blake2b256 => "blake2b-256",
        _ => $"0x{(ulong)code:x}",
    };

    /// <inheritdoc/>
    public bool Equals(Multihash other) => Bytes.SequenceEqual(other.Bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Multihash other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Hashing.OfBytes(Bytes);

    /// <summary>Whether two multihashes are the same bytes.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator ==(Multihash left, Multihash right) => left.Equals(right);

    /// <summary>Whether two multihashes differ.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator !=(Multihash left, Multihash right) => !left.Equals(right);

    /// <summary>The encoded bytes in lower-case hexadecimal.</summary>
    public override string ToString() => Convert.ToHexStringLower(Bytes);

    /// <summary>Finds where a multihash at the start of a span ends.</summary>
    internal static CidFault Measure(ReadOnlySpan<byte> source, out ulong code, out int digestAt, out int total)
    {
        digestAt = 0;
        total = 0;
        var fault = Varint.Read(source, out code, out var codeLength);
        if (fault != VarintFault.None)
        {
            return CidFaults.From(fault);
        }

        fault = Varint.Read(source[codeLength..], out var length, out var lengthLength);
        if (fault != VarintFault.None)
        {
            return CidFaults.From(fault);
        }

        if (length > DigestBytesMax)
        {
            return CidFault.DigestTooLong;
        }

        digestAt = codeLength + lengthLength;
        total = digestAt + (int)length;
        return total <= source.Length ? CidFault.None : CidFault.Truncated;
    }
}
