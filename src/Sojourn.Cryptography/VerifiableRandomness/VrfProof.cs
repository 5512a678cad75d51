using System.Runtime.InteropServices;
using Sojourn.Cryptography.Arithmetic;

namespace Sojourn.Cryptography.VerifiableRandomness;

/// <summary>A decoded proof: Γ, c and s (RFC 9381, 5.4.4).</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly struct VrfProof(AffinePoint gamma, UInt256 c, UInt256 s)
{
    public readonly AffinePoint Gamma = gamma;
    public readonly UInt256 C = c;
    public readonly UInt256 S = s;

    public static VrfFault TryDecode(ReadOnlySpan<byte> bytes, out VrfProof proof)
    {
        proof = default;
        if (bytes.Length != Vrf.ProofSize)
        {
            return VrfFault.WrongLength;
        }

        if (!PrimeCurve.P256.TryDecode(bytes[..33], out var gamma))
        {
            return VrfFault.InvalidGamma;
        }

        Span<byte> challenge = stackalloc byte[32];
        bytes.Slice(33, 16).CopyTo(challenge[16..]);
        var s = UInt256.Read(bytes[49..]);
        if (!PrimeCurve.P256.Order.IsReduced(s))
        {
            return VrfFault.InvalidScalar;
        }

        proof = new VrfProof(gamma, UInt256.Read(challenge), s);
        return VrfFault.None;
    }

    public byte[] Encode()
    {
        var bytes = new byte[Vrf.ProofSize];
        Span<byte> challenge = stackalloc byte[32];
        C.Write(challenge);
        Gamma.WriteCompressed(bytes);
        challenge[16..].CopyTo(bytes.AsSpan(33));
        S.Write(bytes.AsSpan(49));
        return bytes;
    }
}
