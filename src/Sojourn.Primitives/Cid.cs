using System.Security.Cryptography;

namespace Sojourn.Primitives;

/// <summary>A content identifier: what the bytes are (codec) and their digest. Immutable; equal when its bytes are equal.</summary>
/// <remarks>multiformats/cid, versions 0 and 1. Any codec and hash can be held; whether a block under it is accepted is decided where blocks are verified.</remarks>
public sealed class Cid : IEquatable<Cid>, IComparable<Cid>
{
    /// <summary>The longest text that is read, in characters.</summary>
    public const int TextCharsMax = 4096;

    private readonly byte[] _bytes;
    private readonly int _multihashAt;
    private readonly int _digestAt;
    private readonly ulong _hash;
    private string? _text;

    private Cid(byte[] bytes, int version, ulong codec, ulong hash, int multihashAt, int digestAt)
    {
        _bytes = bytes;
        Version = version;
        Codec = (Multicodec)codec;
        _hash = hash;
        _multihashAt = multihashAt;
        _digestAt = digestAt;
    }

    /// <summary>0 or 1.</summary>
    public int Version { get; }

    /// <summary>What the named bytes are. Codes outside the enumeration are possible.</summary>
    public Multicodec Codec { get; }

    /// <summary>The hash function of <see cref="Multihash"/>, without materialising it.</summary>
    public MultihashCode HashFunction => (MultihashCode)_hash;

    /// <summary>The multihash.</summary>
    public Multihash Multihash => new(_bytes.AsMemory(_multihashAt), _hash, _digestAt - _multihashAt);

    /// <summary>The digest alone.</summary>
    public ReadOnlySpan<byte> Digest => _bytes.AsSpan(_digestAt);

    /// <summary>The binary form.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Whether this is CIDv1, sha2-256, 32 bytes: the usual case.</summary>
    public bool IsSha256 => HashFunction == MultihashCode.Sha2_256 && _bytes.Length - _digestAt == 32;

    /// <summary>A version 1 identifier.</summary>
    /// <param name="codec">What the named bytes are.</param>
    /// <param name="multihash">Their multihash.</param>
    public static Cid Create(Multicodec codec, Multihash multihash) => Create(1, codec, multihash.Code, multihash.Digest);

    /// <summary>A version 1 sha2-256 identifier from a digest that is already known.</summary>
    /// <param name="codec">What the named bytes are.</param>
    /// <param name="digest">The SHA-256 of the bytes.</param>
    public static Cid FromSha256(Multicodec codec, Digest digest) => Create(1, codec, MultihashCode.Sha2_256, digest.AsSpan());

    /// <summary>A version 1 sha2-256 identifier from a digest that is already known.</summary>
    /// <param name="codec">What the named bytes are.</param>
    /// <param name="digest">32 bytes, the SHA-256 of the bytes.</param>
    public static Cid FromSha256(Multicodec codec, ReadOnlySpan<byte> digest)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(digest.Length, 32);
        return Create(1, codec, MultihashCode.Sha2_256, digest);
    }

    /// <summary>A version 0 identifier (dag-pb, sha2-256) from a digest that is already known.</summary>
    /// <param name="digest">32 bytes, the SHA-256 of the block.</param>
    public static Cid FromSha256Version0(ReadOnlySpan<byte> digest)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(digest.Length, 32);
        var bytes = new byte[34];
        bytes[0] = 0x12;
        bytes[1] = 0x20;
        digest.CopyTo(bytes.AsSpan(2));
        return new Cid(bytes, 0, (ulong)Multicodec.DagPb, (ulong)MultihashCode.Sha2_256, 0, 2);
    }

    /// <summary>Hashes a block with sha2-256 and names it.</summary>
    /// <param name="codec">What the bytes are.</param>
    /// <param name="block">The block's bytes.</param>
    public static Cid For(Multicodec codec, ReadOnlySpan<byte> block)
    {
        Span<byte> digest = stackalloc byte[32];
        SHA256.HashData(block, digest);
        return Create(1, codec, MultihashCode.Sha2_256, digest);
    }

    /// <summary>Hashes a raw block with sha2-256 and names it.</summary>
    /// <param name="block">The block's bytes.</param>
    public static Cid ForRaw(ReadOnlySpan<byte> block) => For(Multicodec.Raw, block);

    /// <summary>Hashes a dag-cbor block with sha2-256 and names it.</summary>
    /// <param name="block">Canonical dag-cbor; it is not checked here.</param>
    public static Cid ForDagCbor(ReadOnlySpan<byte> block) => For(Multicodec.DagCbor, block);

    /// <summary>Holds data in the identifier itself (identity multihash).</summary>
    /// <param name="codec">What the bytes are.</param>
    /// <param name="data">At most <see cref="Multihash.DigestBytesMax"/> bytes.</param>
    public static Cid ForIdentity(Multicodec codec, ReadOnlySpan<byte> data)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(data.Length, Multihash.DigestBytesMax);
        return Create(1, codec, MultihashCode.Identity, data);
    }

    /// <summary>Reads a binary identifier that fills a span.</summary>
    /// <param name="source">The binary form; it is copied.</param>
    /// <exception cref="CidException">The bytes are no identifier.</exception>
    public static Cid Decode(ReadOnlySpan<byte> source) =>
        TryDecode(source, out var cid, out var fault) ? cid : throw new CidException(fault, Convert.ToHexStringLower(source[..Math.Min(source.Length, 60)]));

    /// <summary>Reads a binary identifier that fills a span.</summary>
    /// <param name="source">The binary form; it is copied.</param>
    /// <param name="cid">The identifier, or null.</param>
    /// <param name="fault">Why not.</param>
    public static bool TryDecode(ReadOnlySpan<byte> source, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Cid? cid, out CidFault fault)
    {
        fault = TryDecodePrefix(source, out cid, out var length);
        if (fault == CidFault.None && length != source.Length)
        {
            cid = null;
            fault = CidFault.TrailingBytes;
        }

        return cid is not null;
    }

    /// <summary>Reads a binary identifier from the start of a span, as in a CAR section.</summary>
    /// <param name="source">Bytes that begin with the identifier.</param>
    /// <param name="cid">The identifier, or null.</param>
    /// <param name="length">How many bytes it took.</param>
    public static CidFault TryDecodePrefix(ReadOnlySpan<byte> source, out Cid? cid, out int length)
    {
        cid = null;
        length = 0;
        if (source.IsEmpty)
        {
            return CidFault.Empty;
        }

        // Version 0 is recognised by sha2-256's code and length, which no version 1 identifier can begin with.
        if (source[0] == 0x12 && source.Length >= 2 && source[1] == 0x20)
        {
            if (source.Length < 34)
            {
                return CidFault.Truncated;
            }

            cid = FromSha256Version0(source.Slice(2, 32));
            length = 34;
            return CidFault.None;
        }

        var varint = Varint.Read(source, out var version, out var at);
        if (varint != VarintFault.None)
        {
            return CidFaults.From(varint);
        }

        if (version != 1)
        {
            return CidFault.UnknownVersion;
        }

        varint = Varint.Read(source[at..], out var codec, out var codecLength);
        if (varint != VarintFault.None)
        {
            return CidFaults.From(varint);
        }

        at += codecLength;
        var fault = Multihash.Measure(source[at..], out var hash, out var digestAt, out var total);
        if (fault != CidFault.None)
        {
            return fault;
        }

        length = at + total;
        cid = new Cid(source[..length].ToArray(), 1, codec, hash, at, at + digestAt);
        return CidFault.None;
    }

    /// <summary>Reads text: bare, <c>ipfs://</c> or <c>/ipfs/</c>, version 0 or 1 in any known multibase.</summary>
    /// <param name="text">The text; a path after the identifier is refused.</param>
    /// <exception cref="CidException">The text is no identifier.</exception>
    public static Cid Parse(string text) => TryParse(text, out var cid, out var fault) ? cid : throw new CidException(fault, text);

    /// <summary>Reads text: bare, <c>ipfs://</c> or <c>/ipfs/</c>, version 0 or 1 in any known multibase.</summary>
    /// <param name="text">The text; a path after the identifier is refused.</param>
    /// <param name="cid">The identifier, or null.</param>
    public static bool TryParse(string? text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Cid? cid) => TryParse(text, out cid, out _);

    /// <summary>Reads text: bare, <c>ipfs://</c> or <c>/ipfs/</c>, version 0 or 1 in any known multibase.</summary>
    /// <param name="text">The text; a path after the identifier is refused.</param>
    /// <param name="cid">The identifier, or null.</param>
    /// <param name="fault">Why not.</param>
    public static bool TryParse(ReadOnlySpan<char> text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Cid? cid, out CidFault fault)
    {
        text = CidText.StripScheme(text);
        fault = CidText.Parse(text, out cid);

        // A slash is a digit of base 64, so it is only taken for a path's when it cannot be one.
        if (cid is null && text.EndsWith('/') && CidText.Parse(text[..^1], out cid) == CidFault.None)
        {
            fault = CidFault.None;
        }

        return cid is not null;
    }

    /// <summary>The same digest and codec as version 1.</summary>
    public Cid ToVersion1() => Version == 1 ? this : Create(1, Codec, HashFunction, Digest);

    /// <summary>The same digest under another codec, version 1.</summary>
    /// <param name="codec">The codec.</param>
    public Cid WithCodec(Multicodec codec) => Version == 1 && Codec == codec ? this : Create(1, codec, HashFunction, Digest);

    /// <summary>The same digest and codec as version 0, where that can be said (dag-pb, sha2-256).</summary>
    /// <param name="cid">The version 0 identifier, or null.</param>
    public bool TryToVersion0([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Cid? cid)
    {
        cid = Version == 0 ? this : Codec == Multicodec.DagPb && IsSha256 ? FromSha256Version0(Digest) : null;
        return cid is not null;
    }

    /// <summary>The text in a chosen base.</summary>
    /// <param name="multibase">Any base; version 0 has only base58btc and ignores it.</param>
    public string ToString(MultibaseEncoding multibase) => Version == 0 ? ToString() : Multibase.Encode(multibase, _bytes);

    /// <summary>The usual text: base32 lower case for version 1, bare base58btc for version 0.</summary>
    public override string ToString() => _text ??= CidText.Format(this);

    /// <inheritdoc/>
    public bool Equals(Cid? other) => other is not null && (ReferenceEquals(this, other) || _bytes.AsSpan().SequenceEqual(other._bytes));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Cid);

    /// <inheritdoc/>
    public override int GetHashCode() => Hashing.OfBytes(_bytes);

    /// <summary>Orders by binary form.</summary>
    /// <param name="other">The other identifier; null sorts first.</param>
    public int CompareTo(Cid? other) => other is null ? 1 : _bytes.AsSpan().SequenceCompareTo(other._bytes);

    /// <summary>Whether two identifiers are the same bytes.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator ==(Cid? left, Cid? right) => left is null ? right is null : left.Equals(right);

    /// <summary>Whether two identifiers differ.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator !=(Cid? left, Cid? right) => !(left == right);

    /// <summary>Orders by binary form.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator <(Cid? left, Cid? right) => left is null ? right is not null : left.CompareTo(right) < 0;

    /// <summary>Orders by binary form.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator >(Cid? left, Cid? right) => right < left;

    /// <summary>Orders by binary form.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator <=(Cid? left, Cid? right) => !(right < left);

    /// <summary>Orders by binary form.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator >=(Cid? left, Cid? right) => !(left < right);

    private static Cid Create(int version, Multicodec codec, MultihashCode hash, ReadOnlySpan<byte> digest)
    {
        Span<byte> head = stackalloc byte[4 * Varint.BytesMax];
        head[0] = (byte)version;
        var at = 1 + Varint.Write(head[1..], (ulong)codec);
        var multihashAt = at;
        at += Varint.Write(head[at..], (ulong)hash);
        at += Varint.Write(head[at..], (ulong)digest.Length);
        var bytes = new byte[at + digest.Length];
        head[..at].CopyTo(bytes);
        digest.CopyTo(bytes.AsSpan(at));
        return new Cid(bytes, version, (ulong)codec, (ulong)hash, multihashAt, at);
    }
}
