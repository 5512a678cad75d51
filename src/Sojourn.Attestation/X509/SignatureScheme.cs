using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Sojourn.Attestation.X509;

/// <summary>A certificate's signature algorithm. SHA-1 and MD5 are not on the list.</summary>
internal readonly record struct SignatureScheme(bool Ecdsa, HashAlgorithmName Hash, bool Pss)
{
    public static bool TryParse(ReadOnlyMemory<byte> algorithmIdentifier, out SignatureScheme scheme)
    {
        scheme = default;
        try
        {
            var sequence = new AsnReader(algorithmIdentifier, AsnEncodingRules.DER).ReadSequence();
            var oid = sequence.ReadObjectIdentifier();
            switch (oid)
            {
                case Oids.EcdsaSha256:
                    scheme = new(true, HashAlgorithmName.SHA256, false);
                    return true;
                case Oids.EcdsaSha384:
                    scheme = new(true, HashAlgorithmName.SHA384, false);
                    return true;
                case Oids.EcdsaSha512:
                    scheme = new(true, HashAlgorithmName.SHA512, false);
                    return true;
                case Oids.Sha256WithRsa:
                    scheme = new(false, HashAlgorithmName.SHA256, false);
                    return true;
                case Oids.Sha384WithRsa:
                    scheme = new(false, HashAlgorithmName.SHA384, false);
                    return true;
                case Oids.Sha512WithRsa:
                    scheme = new(false, HashAlgorithmName.SHA512, false);
                    return true;
                case Oids.RsaPss:
                    return ReadPss(sequence, out scheme);
                default:
                    return false;
            }
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    public bool Verify(PublicKeyInfo key, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        if (Ecdsa)
        {
            return key.Ec is not null && key.Ec.VerifyData(data, signature, Hash, DSASignatureFormat.Rfc3279DerSequence);
        }

        return key.Rsa is not null && signature.Length == (key.Rsa.KeySize + 7) / 8
            && key.Rsa.VerifyData(data, signature, Hash, Pss ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1);
    }

    /// <summary>RFC 4055, 3.1: all parameters explicit, MGF1 with the same hash, a salt as long as the hash.</summary>
    private static bool ReadPss(AsnReader sequence, out SignatureScheme scheme)
    {
        scheme = default;
        var parameters = sequence.ReadSequence();
        string? hash = null, mask = null;
        var salt = 20;
        while (parameters.HasData)
        {
            var tag = parameters.PeekTag();
            var field = parameters.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, tag.TagValue, isConstructed: true));
            switch (tag.TagValue)
            {
                case 0:
                    hash = field.ReadSequence().ReadObjectIdentifier();
                    break;
                case 1:
                    var generator = field.ReadSequence();
                    if (generator.ReadObjectIdentifier() != Oids.Mgf1)
                    {
                        return false;
                    }

                    mask = generator.ReadSequence().ReadObjectIdentifier();
                    break;
                case 2:
                    if (!field.TryReadInt32(out salt))
                    {
                        return false;
                    }

                    break;
                case 3:
                    if (!field.TryReadInt32(out var trailer) || trailer != 1)
                    {
                        return false;
                    }

                    break;
                default:
                    return false;
            }
        }

        var (name, length) = hash switch
        {
            Oids.Sha256 => (HashAlgorithmName.SHA256, 32),
            Oids.Sha384 => (HashAlgorithmName.SHA384, 48),
            Oids.Sha512 => (HashAlgorithmName.SHA512, 64),
            _ => (default, 0),
        };
        if (length == 0 || mask != hash || salt != length)
        {
            return false;
        }

        scheme = new SignatureScheme(false, name, true);
        return true;
    }
}
