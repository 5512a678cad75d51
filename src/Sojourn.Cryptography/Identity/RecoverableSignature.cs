using Sojourn.Cryptography.Arithmetic;

namespace Sojourn.Cryptography.Identity;

/// <summary>r, s and the recovery id of an ECDSA signature on secp256k1.</summary>
/// <remarks>Not an identity: another valid signature of the same message may exist, so nothing may be keyed by these bytes.</remarks>
public sealed record RecoverableSignature
{
    internal RecoverableSignature(UInt256 r, UInt256 s, int recoveryId)
    {
        R = r;
        S = s;
        RecoveryId = recoveryId;
    }

    /// <summary>Bytes of the compact form.</summary>
    public const int Size = 65;

    /// <summary>0 or 1, the parity of R's y; 2 more where R's x was not below the order (about one in 2^127).</summary>
    public int RecoveryId { get; }

    internal UInt256 R { get; }

    internal UInt256 S { get; }

    /// <summary>r, 32 bytes big-endian.</summary>
    public byte[] RBytes => R.ToBytes();

    /// <summary>s, 32 bytes big-endian.</summary>
    public byte[] SBytes => S.ToBytes();

    /// <summary>r ‖ s ‖ v with v = 27 + recovery id, as wallets and <c>ecrecover</c> take it.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[Size];
        R.Write(bytes);
        S.Write(bytes.AsSpan(32));
        bytes[64] = (byte)(27 + RecoveryId);
        return bytes;
    }

    /// <summary>Reads r ‖ s ‖ v, with v as 0/1 or 27/28; untrusted.</summary>
    /// <param name="bytes">65 bytes.</param>
    /// <param name="signature">The signature, unless there is a fault.</param>
    public static SignatureFault TryDecode(ReadOnlySpan<byte> bytes, out RecoverableSignature? signature)
    {
        signature = null;
        if (bytes.Length != Size)
        {
            return SignatureFault.Malformed;
        }

        int v = bytes[64];
        return TryCreate(bytes[..32], bytes[32..64], v >= 27 ? v - 27 : v, out signature);
    }

    /// <summary>Puts a signature together from its parts; untrusted.</summary>
    /// <param name="r">32 bytes.</param>
    /// <param name="s">32 bytes, at most half the order.</param>
    /// <param name="recoveryId">0 to 3.</param>
    /// <param name="signature">The signature, unless there is a fault.</param>
    public static SignatureFault TryCreate(ReadOnlySpan<byte> r, ReadOnlySpan<byte> s, int recoveryId, out RecoverableSignature? signature)
    {
        signature = null;
        if (r.Length != 32 || s.Length != 32 || recoveryId is < 0 or > 3)
        {
            return SignatureFault.Malformed;
        }

        var curve = PrimeCurve.Secp256k1;
        UInt256 rValue = UInt256.Read(r), sValue = UInt256.Read(s);
        if (rValue.IsZero || sValue.IsZero || !curve.Order.IsReduced(rValue) || !curve.Order.IsReduced(sValue))
        {
            return SignatureFault.OutOfRange;
        }

        if (UInt256.Less(curve.HalfOrder, sValue))
        {
            return SignatureFault.HighS;
        }

        signature = new RecoverableSignature(rValue, sValue, recoveryId);
        return SignatureFault.None;
    }

    /// <inheritdoc/>
    public override string ToString() => "0x" + Convert.ToHexStringLower(ToBytes());
}
