using System.Runtime.InteropServices;

namespace Sojourn.Cryptography.Arithmetic;

/// <summary>A public curve point other than infinity, as plain numbers.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly struct AffinePoint(UInt256 x, UInt256 y)
{
    public readonly UInt256 X = x;
    public readonly UInt256 Y = y;

    /// <summary>SEC 1, 2.3.3 with compression: 33 bytes.</summary>
    public void WriteCompressed(Span<byte> bytes)
    {
        bytes[0] = (byte)(Y.IsOdd ? 3 : 2);
        X.Write(bytes[1..]);
    }

    /// <summary>SEC 1, 2.3.3 without compression: 65 bytes.</summary>
    public void WriteUncompressed(Span<byte> bytes)
    {
        bytes[0] = 4;
        X.Write(bytes[1..]);
        Y.Write(bytes[33..]);
    }

    public byte[] ToCompressed()
    {
        var bytes = new byte[33];
        WriteCompressed(bytes);
        return bytes;
    }

    public byte[] ToUncompressed()
    {
        var bytes = new byte[65];
        WriteUncompressed(bytes);
        return bytes;
    }
}
