using System.Security.Cryptography;
using Sojourn.Cryptography.Arithmetic;
using Sojourn.Cryptography.Secrets;

namespace Sojourn.Cryptography.VerifiableRandomness;

/// <summary>ECVRF-P256-SHA256-TAI (RFC 9381, 5.5, suite 0x01): randomness that its maker cannot choose and everyone can check.</summary>
/// <remarks>
/// Products with secrets are the platform's: Γ = x·H and V = k·H come from Diffie-Hellman with H, which yields x coordinates; a
/// second agreement with H + B settles the sign, since x·(H+B) = Γ + Y and k·(H+B) = V + U. Everything else is public.
/// The input α must be public too: hashing it to the curve takes as long as it takes.
/// </remarks>
public static class Vrf
{
    /// <summary>Bytes of a proof: Γ (33), c (16), s (32).</summary>
    public const int ProofSize = 81;

    /// <summary>Bytes of the output β.</summary>
    public const int OutputSize = 32;

    private const byte Suite = 0x01;

    /// <summary>Proves (5.1). The same key and input give the same proof.</summary>
    /// <param name="key">The private key.</param>
    /// <param name="alpha">The public input.</param>
    /// <returns>81 bytes.</returns>
    public static byte[] Prove(VrfPrivateKey key, ReadOnlySpan<byte> alpha)
    {
        ArgumentNullException.ThrowIfNull(key);
        var curve = PrimeCurve.P256;
        if (!TryHashToCurve(key.Public, alpha, out var h, out _) || !curve.TryAdd(h, curve.Generator, out var hPlusB))
        {
            throw new CryptographicException("No point could be hashed to.");
        }

        using var platformH = PlatformKey.ImportPoint(curve, h);
        using var platformHPlusB = PlatformKey.ImportPoint(curve, hPlusB);
        using var publicH = platformH.PublicKey;
        using var publicHPlusB = platformHPlusB.PublicKey;

        var gamma = Multiply(key.Handle, publicH, publicHPlusB);

        Span<byte> nonce = stackalloc byte[32];
        try
        {
            MakeNonce(key, h, nonce);
            AffinePoint u, v;
            using (var k = PlatformKey.Import(curve, nonce))
            {
                u = k.PublicPoint;
                v = Multiply(k, publicH, publicHPlusB);
            }

            var c = Challenge(key.Public.Point, h, gamma, u, v);
            return new VrfProof(gamma, c, Respond(key, nonce, c)).Encode();
        }
        finally
        {
            CryptographicOperations.ZeroMemory(nonce);
            StackHygiene.Wipe();
        }
    }

    /// <summary>Verifies (5.3).</summary>
    /// <param name="key">A validated key.</param>
    /// <param name="alpha">The public input.</param>
    /// <param name="proof">Untrusted.</param>
    /// <param name="output">32 bytes for β; zeroed where there is a fault.</param>
    public static VrfFault Verify(VrfPublicKey key, ReadOnlySpan<byte> alpha, ReadOnlySpan<byte> proof, Span<byte> output)
    {
        ArgumentNullException.ThrowIfNull(key);
        output[..OutputSize].Clear();
        var fault = VrfProof.TryDecode(proof, out var decoded);
        if (fault != VrfFault.None)
        {
            return fault;
        }

        if (!TryHashToCurve(key, alpha, out var h, out _))
        {
            return VrfFault.NoPoint;
        }

        var curve = PrimeCurve.P256;
        var minusC = curve.Order.Negate(decoded.C);
        if (!curve.TryMultiplyAdd(decoded.S, curve.Generator, minusC, key.Point, out var u)
            || !curve.TryMultiplyAdd(decoded.S, h, minusC, decoded.Gamma, out var v)
            || !UInt256.Equal(Challenge(key.Point, h, decoded.Gamma, u, v), decoded.C))
        {
            return VrfFault.WrongChallenge;
        }

        Hash(decoded.Gamma, output);
        return VrfFault.None;
    }

    /// <summary>The output β of a proof (5.2). It means something only for a proof that verifies or that one made oneself.</summary>
    /// <param name="proof">81 bytes.</param>
    /// <param name="output">32 bytes for β.</param>
    public static VrfFault ProofToHash(ReadOnlySpan<byte> proof, Span<byte> output)
    {
        output[..OutputSize].Clear();
        var fault = VrfProof.TryDecode(proof, out var decoded);
        if (fault == VrfFault.None)
        {
            Hash(decoded.Gamma, output);
        }

        return fault;
    }

    /// <summary>ECVRF_encode_to_curve_try_and_increment (5.4.1.1) with the public key as salt; says which counter hit.</summary>
    internal static bool TryHashToCurve(VrfPublicKey key, ReadOnlySpan<byte> alpha, out AffinePoint h, out int counter)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> digest = stackalloc byte[32];
        for (counter = 0; counter < 256; counter++)
        {
            HashCandidate(hash, key, alpha, (byte)counter, digest);
            if (PrimeCurve.P256.TryLift(UInt256.Read(digest), odd: false, out h))
            {
                return true;
            }
        }

        h = default;
        return false;
    }

    internal static void HashCandidate(IncrementalHash hash, VrfPublicKey key, ReadOnlySpan<byte> alpha, byte counter, Span<byte> digest)
    {
        hash.AppendData([Suite, 0x01]);
        hash.AppendData(key.Bytes.Span);
        hash.AppendData(alpha);
        hash.AppendData([counter, 0x00]);
        _ = hash.GetHashAndReset(digest);
    }

    /// <summary>ECVRF_challenge_generation (5.4.3), 16 bytes.</summary>
    private static UInt256 Challenge(in AffinePoint y, in AffinePoint h, in AffinePoint gamma, in AffinePoint u, in AffinePoint v)
    {
        Span<byte> input = stackalloc byte[2 + (5 * 33) + 1];
        input[0] = Suite;
        input[1] = 0x02;
        y.WriteCompressed(input[2..]);
        h.WriteCompressed(input[35..]);
        gamma.WriteCompressed(input[68..]);
        u.WriteCompressed(input[101..]);
        v.WriteCompressed(input[134..]);
        input[167] = 0;
        Span<byte> digest = stackalloc byte[32];
        SHA256.HashData(input, digest);
        digest[..16].CopyTo(digest[16..]);
        digest[..16].Clear();
        return UInt256.Read(digest);
    }

    private static void Hash(in AffinePoint gamma, Span<byte> output)
    {
        Span<byte> input = stackalloc byte[36];
        input[0] = Suite;
        input[1] = 0x03;
        gamma.WriteCompressed(input[2..]);
        input[35] = 0;
        SHA256.HashData(input, output[..OutputSize]);
    }

    /// <summary>secret · H from two agreements. Which sign was right is public as soon as the product is.</summary>
    private static AffinePoint Multiply(PlatformKey secret, ECDiffieHellmanPublicKey h, ECDiffieHellmanPublicKey hPlusB)
    {
        var curve = secret.Curve;
        var x = secret.MultiplyX(h);
        var expected = secret.MultiplyX(hPlusB);
        if (!curve.TryLift(x, odd: false, out var point))
        {
            throw new CryptographicException("The platform's agreement is not on the curve.");
        }

        if (curve.TryAdd(point, secret.PublicPoint, out var sum) && UInt256.Equal(sum.X, expected))
        {
            return point;
        }

        var other = curve.Negate(point);
        return curve.TryAdd(other, secret.PublicPoint, out sum) && UInt256.Equal(sum.X, expected)
            ? other
            : throw new CryptographicException("The platform's agreements do not fit together.");
    }

    /// <summary>ECVRF_nonce_generation_RFC6979 (5.4.2.1) over the encoded H.</summary>
    private static void MakeNonce(VrfPrivateKey key, in AffinePoint h, Span<byte> nonce)
    {
        Span<byte> encoded = stackalloc byte[33];
        Span<byte> digest = stackalloc byte[32];
        Span<byte> state = stackalloc byte[64];
        h.WriteCompressed(encoded);
        SHA256.HashData(encoded, digest);
        using var scalar = key.LendScalar();
        var generator = new Rfc6979(PrimeCurve.P256.Order, scalar.Span, digest, state);
        generator.Next(nonce);
        CryptographicOperations.ZeroMemory(state);
    }

    /// <summary>s = k + c·x modulo the order, branch-free.</summary>
    private static UInt256 Respond(VrfPrivateKey key, ReadOnlySpan<byte> nonce, in UInt256 c)
    {
        var n = PrimeCurve.P256.Order;
        using var scalar = key.LendScalar();
        // A product of one plain and one Montgomery factor is plain.
        var product = n.Multiply(n.ToMontgomery(UInt256.Read(scalar.Span)), c);
        return n.Add(product, UInt256.Read(nonce));
    }
}
