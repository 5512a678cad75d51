using System.Security.Cryptography;
using Sojourn.Cryptography.Hashing;
using Sojourn.Cryptography.VerifiableRandomness;
using Sojourn.Primitives;

namespace Sojourn.Protocol.Accounts;

/// <summary>Points of P-256 as accounts and receipts use them: compressed, 33 bytes (SEC 1, 2.3.3).</summary>
internal static class P256Keys
{
    /// <summary>Imports a compressed public key; untrusted.</summary>
    /// <param name="compressed">33 bytes.</param>
    /// <returns>The key, or null where the bytes are no point of the curve.</returns>
    public static ECDsa? TryImport(ReadOnlySpan<byte> compressed)
    {
        // The VRF's keys are points of the same curve, so its decoder serves here too.
        if (!VrfPublicKey.TryImport(compressed, out var point))
        {
            return null;
        }

        var bytes = point.ToUncompressed();
        try
        {
            return ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = bytes[1..33], Y = bytes[33..] } });
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    /// <summary>The last 20 bytes of Keccak-256 over a byte 2 and the compressed point: no secp256k1 key can have the same preimage.</summary>
    /// <param name="compressed">33 bytes.</param>
    public static Address AddressOf(ReadOnlySpan<byte> compressed)
    {
        Span<byte> message = stackalloc byte[34];
        Span<byte> digest = stackalloc byte[32];
        message[0] = AccountSignatures.P256;
        compressed.CopyTo(message[1..]);
        Keccak256.Hash(message, digest);
        return new Address(digest[12..]);
    }

    /// <summary>The compressed form of a key's public half.</summary>
    /// <param name="key">A P-256 key.</param>
    public static byte[] Compress(ECDsa key)
    {
        var q = key.ExportParameters(includePrivateParameters: false).Q;
        return [(byte)(2 + (q.Y![^1] & 1)), .. q.X!];
    }
}
