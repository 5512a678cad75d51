using System.Security.Cryptography;
using Sojourn.Attestation.X509;

namespace Sojourn.Attestation.Tpm;

/// <summary>TPMT_SIGNATURE (TPM 2.0 Library, part 2, 11.3.4).</summary>
internal sealed record TpmSignature(ushort Scheme, ushort Hash, byte[] Value)
{
    public static TpmSignature? TryParse(ReadOnlySpan<byte> bytes)
    {
        var reader = new TpmReader(bytes);
        var scheme = reader.U16();
        var hash = reader.U16();
        byte[] value;
        switch (scheme)
        {
            case TpmAlg.RsaSsa or TpmAlg.RsaPss:
                value = reader.Sized().ToArray();
                break;
            case TpmAlg.EcDsa:
                var r = reader.Sized();
                var s = reader.Sized();
                if (r.Length > 66 || s.Length > 66)
                {
                    return null;
                }

                value = new byte[132];
                r.CopyTo(value.AsSpan(66 - r.Length));
                s.CopyTo(value.AsSpan(132 - s.Length));
                break;
            default:
                return null;
        }

        return reader.Done ? new TpmSignature(scheme, hash, value) : null;
    }

    /// <summary>The structure for an RSASSA signature with SHA-256 whose header a platform left out.</summary>
    public static byte[] WrapRsaSsaSha256(ReadOnlySpan<byte> signature) =>
        [0x00, 0x14, 0x00, 0x0B, (byte)(signature.Length >> 8), (byte)signature.Length, .. signature];

    public bool Verify(PublicKeyInfo key, ReadOnlySpan<byte> data)
    {
        if (TpmAlg.Strong(Hash) is not { } hash)
        {
            return false;
        }

        if (Scheme == TpmAlg.EcDsa)
        {
            if (key.Ec is null)
            {
                return false;
            }

            var size = (key.Ec.KeySize + 7) / 8;
            Span<byte> signature = stackalloc byte[2 * size];
            for (var part = 0; part < 2; part++)
            {
                var number = Value.AsSpan(66 * part, 66);
                if (number[..(66 - size)].IndexOfAnyExcept((byte)0) >= 0)
                {
                    return false;
                }

                number[(66 - size)..].CopyTo(signature[(size * part)..]);
            }

            return key.Ec.VerifyData(data, signature, hash);
        }

        return key.Rsa is not null && Value.Length == key.Rsa.KeySize / 8
            && key.Rsa.VerifyData(data, Value, hash, Scheme == TpmAlg.RsaPss ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1);
    }
}
