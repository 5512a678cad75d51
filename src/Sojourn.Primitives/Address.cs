using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Sojourn.Primitives;

/// <summary>An account on a ledger: the last 20 bytes of Keccak-256 of an uncompressed secp256k1 public key.</summary>
/// <remarks>Ethereum yellow paper, section 4.1. Printed in lower case; the mixed-case checksum of EIP-55 needs Keccak and lives with the cryptography.</remarks>
public readonly struct Address : IEquatable<Address>, IComparable<Address>
{
    /// <summary>20.</summary>
    public const int Length = 20;

    private readonly Twenty _bytes;

    /// <summary>Takes 20 bytes.</summary>
    /// <param name="bytes">Exactly 20 bytes.</param>
    public Address(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, Length);
        bytes.CopyTo(_bytes);
    }

    /// <summary>All zero: nobody.</summary>
    public static Address Zero => default;

    /// <summary>Whether all bytes are zero.</summary>
    public bool IsZero => AsSpan().IndexOfAnyExcept((byte)0) < 0;

    /// <summary>Takes bytes where they are 20.</summary>
    /// <param name="bytes">Any bytes.</param>
    /// <param name="address">The address, or zero.</param>
    public static bool TryFromBytes(ReadOnlySpan<byte> bytes, out Address address)
    {
        address = bytes.Length == Length ? new Address(bytes) : default;
        return bytes.Length == Length;
    }

    /// <summary>Reads 40 hexadecimal digits, with or without <c>0x</c>, in any case (a checksum is not looked at).</summary>
    /// <param name="text">The text.</param>
    /// <param name="address">The address, or zero.</param>
    public static bool TryParse(ReadOnlySpan<char> text, out Address address)
    {
        Span<byte> bytes = stackalloc byte[Length];
        var ok = FixedHex.TryRead(text, bytes);
        address = ok ? new Address(bytes) : default;
        return ok;
    }

    /// <summary>Reads 40 hexadecimal digits, with or without <c>0x</c>, in any case (a checksum is not looked at).</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="FormatException">The text is something else.</exception>
    public static Address Parse(string text) => TryParse(text, out var address) ? address : throw new FormatException($"'{text}' is not an address: 0x and 40 hexadecimal digits are expected.");

    /// <summary>The bytes, in place.</summary>
    [UnscopedRef]
    public ReadOnlySpan<byte> AsSpan() => _bytes;

    /// <summary>Copies the bytes to a span of at least 20.</summary>
    /// <param name="destination">Where to.</param>
    public void CopyTo(Span<byte> destination) => AsSpan().CopyTo(destination);

    /// <summary>A fresh array of the bytes.</summary>
    public byte[] ToArray() => AsSpan().ToArray();

    /// <inheritdoc/>
    public bool Equals(Address other) => AsSpan().SequenceEqual(other.AsSpan());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Address other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Hashing.OfBytes(AsSpan());

    /// <inheritdoc/>
    public int CompareTo(Address other) => AsSpan().SequenceCompareTo(other.AsSpan());

    /// <summary><c>0x</c> and 40 lower-case hexadecimal digits.</summary>
    public override string ToString() => "0x" + Convert.ToHexStringLower(AsSpan());

    /// <summary>Whether two addresses are equal.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator ==(Address left, Address right) => left.Equals(right);

    /// <summary>Whether two addresses differ.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator !=(Address left, Address right) => !left.Equals(right);

    /// <summary>Orders as big-endian numbers.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator <(Address left, Address right) => left.CompareTo(right) < 0;

    /// <summary>Orders as big-endian numbers.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator >(Address left, Address right) => left.CompareTo(right) > 0;

    /// <summary>Orders as big-endian numbers.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator <=(Address left, Address right) => left.CompareTo(right) <= 0;

    /// <summary>Orders as big-endian numbers.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator >=(Address left, Address right) => left.CompareTo(right) >= 0;

    [InlineArray(Length)]
    private struct Twenty
    {
        private byte _first;
    }
}
