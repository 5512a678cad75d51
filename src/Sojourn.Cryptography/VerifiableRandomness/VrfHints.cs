using System.Collections.Immutable;
using System.Security.Cryptography;
using Sojourn.Cryptography.Arithmetic;

namespace Sojourn.Cryptography.VerifiableRandomness;

/// <summary>What lets a contract check a proof with five calls of the P256VERIFY precompile (EIP-7951) and no curve arithmetic of its own.</summary>
/// <remarks>
/// All values are public, 32 bytes big-endian. The contract checks each: points against the precompile, inverses by one
/// multiplication, slopes by one more, and each rejected counter by a square root of −(x³ − 3x + b).
/// </remarks>
public sealed record VrfHints
{
    private VrfHints()
    {
    }

    /// <summary>Γ.</summary>
    public required ReadOnlyMemory<byte> GammaX { get; init; }

    /// <summary>Γ.</summary>
    public required ReadOnlyMemory<byte> GammaY { get; init; }

    /// <summary>The challenge, widened to 32 bytes.</summary>
    public required ReadOnlyMemory<byte> C { get; init; }

    /// <summary>The response.</summary>
    public required ReadOnlyMemory<byte> S { get; init; }

    /// <summary>U = s·B − c·Y.</summary>
    public required ReadOnlyMemory<byte> UX { get; init; }

    /// <summary>U = s·B − c·Y.</summary>
    public required ReadOnlyMemory<byte> UY { get; init; }

    /// <summary>The even y of H.</summary>
    public required ReadOnlyMemory<byte> HY { get; init; }

    /// <summary>s·H.</summary>
    public required ReadOnlyMemory<byte> P1X { get; init; }

    /// <summary>s·H.</summary>
    public required ReadOnlyMemory<byte> P1Y { get; init; }

    /// <summary>c·Γ.</summary>
    public required ReadOnlyMemory<byte> P2X { get; init; }

    /// <summary>c·Γ.</summary>
    public required ReadOnlyMemory<byte> P2Y { get; init; }

    /// <summary>c⁻¹ modulo the group order.</summary>
    public required ReadOnlyMemory<byte> CInverse { get; init; }

    /// <summary>s⁻¹ modulo the group order.</summary>
    public required ReadOnlyMemory<byte> SInverse { get; init; }

    /// <summary>The slope through B and s·H.</summary>
    public required ReadOnlyMemory<byte> SlopeBP1 { get; init; }

    /// <summary>The slope through B and c·Γ.</summary>
    public required ReadOnlyMemory<byte> SlopeBP2 { get; init; }

    /// <summary>The slope through s·H and −c·Γ.</summary>
    public required ReadOnlyMemory<byte> SlopeV { get; init; }

    /// <summary>For each counter that gave no point, the witness that it gives none; zero where the digest is not below the field's prime.</summary>
    public required ImmutableArray<ReadOnlyMemory<byte>> NonResidues { get; init; }

    /// <summary>Makes the hints for a proof that verifies.</summary>
    /// <param name="key">The prover's key.</param>
    /// <param name="alpha">The public input.</param>
    /// <param name="proof">Untrusted; verified first.</param>
    /// <param name="hints">The hints, unless there is a fault.</param>
    public static VrfFault TryCreate(VrfPublicKey key, ReadOnlySpan<byte> alpha, ReadOnlySpan<byte> proof, out VrfHints? hints)
    {
        hints = null;
        Span<byte> beta = stackalloc byte[Vrf.OutputSize];
        var fault = Vrf.Verify(key, alpha, proof, beta);
        if (fault != VrfFault.None)
        {
            return fault;
        }

        _ = VrfProof.TryDecode(proof, out var decoded);
        _ = Vrf.TryHashToCurve(key, alpha, out var h, out var counter);
        var curve = PrimeCurve.P256;
        var n = curve.Order;
        var b = curve.Generator;
        if (!curve.TryMultiplyAdd(decoded.S, b, n.Negate(decoded.C), key.Point, out var u)
            || !curve.TryMultiply(decoded.S, h, out var p1)
            || !curve.TryMultiply(decoded.C, decoded.Gamma, out var p2))
        {
            return VrfFault.WrongChallenge;
        }

        var witnesses = ImmutableArray.CreateBuilder<ReadOnlyMemory<byte>>(counter);
        using (var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256))
        {
            Span<byte> digest = stackalloc byte[32];
            for (var i = 0; i < counter; i++)
            {
                Vrf.HashCandidate(hash, key, alpha, (byte)i, digest);
                _ = curve.TryNonResidueWitness(UInt256.Read(digest), out var witness);
                witnesses.Add(witness.ToBytes());
            }
        }

        hints = new VrfHints
        {
            GammaX = decoded.Gamma.X.ToBytes(),
            GammaY = decoded.Gamma.Y.ToBytes(),
            C = decoded.C.ToBytes(),
            S = decoded.S.ToBytes(),
            UX = u.X.ToBytes(),
            UY = u.Y.ToBytes(),
            HY = h.Y.ToBytes(),
            P1X = p1.X.ToBytes(),
            P1Y = p1.Y.ToBytes(),
            P2X = p2.X.ToBytes(),
            P2Y = p2.Y.ToBytes(),
            CInverse = n.FromMontgomery(n.Invert(n.ToMontgomery(decoded.C))).ToBytes(),
            SInverse = n.FromMontgomery(n.Invert(n.ToMontgomery(decoded.S))).ToBytes(),
            SlopeBP1 = curve.Slope(b, p1).ToBytes(),
            SlopeBP2 = curve.Slope(b, p2).ToBytes(),
            SlopeV = curve.Slope(p1, curve.Negate(p2)).ToBytes(),
            NonResidues = witnesses.MoveToImmutable(),
        };
        return VrfFault.None;
    }
}
