using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Sojourn.Cryptography.Arithmetic;

/// <summary>256 bits in four limbs, least significant first. Every operation here is branch-free: values may be secret.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly struct UInt256(ulong l0, ulong l1, ulong l2, ulong l3)
{
    public readonly ulong L0 = l0;
    public readonly ulong L1 = l1;
    public readonly ulong L2 = l2;
    public readonly ulong L3 = l3;

    /// <summary>Reads 32 big-endian bytes (SEC 1, 2.3.8; RFC 6979 int2octets).</summary>
    public static UInt256 Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]),
        BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]),
        BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]),
        BinaryPrimitives.ReadUInt64BigEndian(bytes));

    /// <summary>Reads 64 hexadecimal digits; for constants.</summary>
    public static UInt256 Parse(string hex) => Read(Convert.FromHexString(hex));

    /// <summary>Writes 32 big-endian bytes.</summary>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64BigEndian(bytes[24..], L0);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[16..], L1);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], L2);
        BinaryPrimitives.WriteUInt64BigEndian(bytes, L3);
    }

    /// <summary>Writes 32 big-endian bytes into an array of their own.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[32];
        Write(bytes);
        return bytes;
    }

    public bool IsZero => (L0 | L1 | L2 | L3) == 0;

    public bool IsOdd => (L0 & 1) != 0;

    public static bool Equal(in UInt256 a, in UInt256 b) =>
        ((a.L0 ^ b.L0) | (a.L1 ^ b.L1) | (a.L2 ^ b.L2) | (a.L3 ^ b.L3)) == 0;

    /// <summary>Whether a &lt; b, from the borrow of the subtraction.</summary>
    public static bool Less(in UInt256 a, in UInt256 b)
    {
        _ = Limbs.Subtract(a, b, out var borrow);
        return borrow != 0;
    }

    /// <summary>The bit at a public position.</summary>
    public int Bit(int index) => (int)(((index >> 6) switch { 0 => L0, 1 => L1, 2 => L2, _ => L3 }) >> (index & 63)) & 1;
}
