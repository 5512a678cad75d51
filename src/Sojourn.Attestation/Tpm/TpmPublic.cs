using Sojourn.Attestation.X509;

namespace Sojourn.Attestation.Tpm;

/// <summary>Bits of TPMA_OBJECT (TPM 2.0 Library, part 2, 8.3).</summary>
[Flags]
internal enum TpmAttributes : uint
{
    None = 0,
    FixedTpm = 1 << 1,
    StClear = 1 << 2,
    FixedParent = 1 << 4,
    SensitiveDataOrigin = 1 << 5,
    UserWithAuth = 1 << 6,
    AdminWithPolicy = 1 << 7,
    NoDa = 1 << 10,
    EncryptedDuplication = 1 << 11,
    Restricted = 1 << 16,
    Decrypt = 1 << 17,
    Sign = 1 << 18,
}

/// <summary>TPMT_PUBLIC (TPM 2.0 Library, part 2, 12.2.4).</summary>
internal sealed class TpmPublic
{
    private const int BytesMax = 2048;

    private TpmPublic(byte[] encoded) => Encoded = encoded;

    public byte[] Encoded { get; }

    public ushort Type { get; private init; }

    public ushort NameAlg { get; private init; }

    public TpmAttributes Attributes { get; private init; }

    public byte[] AuthPolicy { get; private init; } = [];

    public ushort Scheme { get; private init; } = TpmAlg.Null;

    public ushort SchemeHash { get; private init; } = TpmAlg.Null;

    public ushort SymmetricAlg { get; private init; } = TpmAlg.Null;

    public ushort SymmetricBits { get; private init; }

    public PublicKeyInfo? Key { get; private init; }

    /// <summary>nameAlg ‖ H(TPMT_PUBLIC): what the TPM calls the object.</summary>
    public byte[] Name => [(byte)(NameAlg >> 8), (byte)NameAlg, .. TpmAlg.Hash(NameAlg, Encoded)];

    public bool IsRestrictedSigner
    {
        get
        {
            const TpmAttributes Needed = TpmAttributes.FixedTpm | TpmAttributes.FixedParent | TpmAttributes.SensitiveDataOrigin | TpmAttributes.Restricted | TpmAttributes.Sign;
            return (Attributes & Needed) == Needed && (Attributes & (TpmAttributes.Decrypt | TpmAttributes.EncryptedDuplication)) == TpmAttributes.None;
        }
    }

    public static TpmPublic? TryParse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length is 0 or > BytesMax)
        {
            return null;
        }

        var reader = new TpmReader(bytes);
        var type = reader.U16();
        var nameAlg = reader.U16();
        var attributes = (TpmAttributes)reader.U32();
        var policy = reader.Sized();
        if (reader.Failed || TpmAlg.DigestLength(nameAlg) == 0 || (policy.Length != 0 && policy.Length != TpmAlg.DigestLength(nameAlg)))
        {
            return null;
        }

        ushort symmetric = TpmAlg.Null, bits = 0, scheme = TpmAlg.Null, hash = TpmAlg.Null;
        PublicKeyInfo? key = null;
        switch (type)
        {
            case TpmAlg.Rsa:
                ReadSymmetric(ref reader, out symmetric, out bits);
                ReadScheme(ref reader, out scheme, out hash);
                var keyBits = reader.U16();
                var exponent = reader.U32();
                var modulus = reader.Sized();
                if (reader.Failed || modulus.Length * 8 != keyBits)
                {
                    return null;
                }

                key = PublicKeyInfo.FromRsaNumbers(modulus, exponent == 0 ? 65537 : exponent);
                break;
            case TpmAlg.Ecc:
                ReadSymmetric(ref reader, out symmetric, out bits);
                ReadScheme(ref reader, out scheme, out hash);
                var (oid, size) = reader.U16() switch { 3 => (Oids.P256, 32), 4 => (Oids.P384, 48), 5 => (Oids.P521, 66), _ => ("", 0) };
                if (reader.U16() != TpmAlg.Null)
                {
                    reader.U16();
                }

                var x = reader.Sized();
                var y = reader.Sized();
                if (reader.Failed || size == 0 || x.Length > size || y.Length > size)
                {
                    return null;
                }

                Span<byte> px = stackalloc byte[size], py = stackalloc byte[size];
                px.Clear();
                py.Clear();
                x.CopyTo(px[(size - x.Length)..]);
                y.CopyTo(py[(size - y.Length)..]);
                key = PublicKeyInfo.FromEcPoint(oid, px, py);
                break;
            case TpmAlg.KeyedHash:
                scheme = reader.U16();
                if (scheme is TpmAlg.Hmac or TpmAlg.Xor)
                {
                    hash = reader.U16();
                    if (scheme == TpmAlg.Xor)
                    {
                        reader.U16();
                    }
                }
                else if (scheme != TpmAlg.Null)
                {
                    return null;
                }

                reader.Sized();
                break;
            default:
                return null;
        }

        if (!reader.Done || (type != TpmAlg.KeyedHash && key is null))
        {
            return null;
        }

        return new TpmPublic(bytes.ToArray())
        {
            Type = type,
            NameAlg = nameAlg,
            Attributes = attributes,
            AuthPolicy = policy.ToArray(),
            Scheme = scheme,
            SchemeHash = hash,
            SymmetricAlg = symmetric,
            SymmetricBits = bits,
            Key = key,
        };
    }

    private static void ReadSymmetric(ref TpmReader reader, out ushort alg, out ushort bits)
    {
        alg = reader.U16();
        bits = 0;
        if (alg != TpmAlg.Null)
        {
            bits = reader.U16();
            reader.U16();
        }
    }

    private static void ReadScheme(ref TpmReader reader, out ushort scheme, out ushort hash)
    {
        scheme = reader.U16();
        hash = TpmAlg.Null;
        switch (scheme)
        {
            case TpmAlg.Null or TpmAlg.RsaEs:
                break;
            case TpmAlg.RsaSsa or TpmAlg.RsaPss or TpmAlg.Oaep or TpmAlg.EcDsa:
                hash = reader.U16();
                break;
            case TpmAlg.EcDaa:
                hash = reader.U16();
                reader.U16();
                break;
            default:
                reader.Fail();
                break;
        }
    }
}
