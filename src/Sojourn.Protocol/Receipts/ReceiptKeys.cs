using System.Security.Cryptography;
using Sojourn.Cryptography.VerifiableRandomness;

namespace Sojourn.Protocol.Receipts;

/// <summary>Receipt keys: P-256, made by an enclave, gone with it.</summary>
public static class ReceiptKeys
{
    /// <summary>Imports a compressed public key.</summary>
    /// <param name="compressed">33 bytes.</param>
    /// <returns>The key, or null where the bytes are no point of the curve.</returns>
    public static ECDsa? Import(ReadOnlySpan<byte> compressed)
    {
        // The VRF's keys are points of the same curve in the same form, checked in the same way.
        if (!VrfPublicKey.TryImport(compressed, out var point))
        {
            return null;
        }

        var uncompressed = point.ToUncompressed();
        return ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint { X = uncompressed[1..33], Y = uncompressed[33..65] },
        });
    }

    /// <summary>The compressed form of a key's public half.</summary>
    /// <param name="key">A P-256 key.</param>
    /// <returns>33 bytes.</returns>
    public static byte[] Compress(ECDsa key)
    {
        var q = key.ExportParameters(includePrivateParameters: false).Q;
        return [(byte)(2 + (q.Y![^1] & 1)), .. q.X!];
    }
}
