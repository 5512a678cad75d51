using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Sojourn.Attestation.Tpm;

/// <summary>
/// Wraps a secret so that only the TPM that holds an endorsement key, and in it an object of a given name, can give it back
/// (TPM 2.0 Library, part 1, 24 "Credential Protection"): the software side of TPM2_MakeCredential, and its opposite for keys in files.
/// </summary>
internal static class TpmCredential
{
    private static readonly byte[] Identity = "IDENTITY\0"u8.ToArray();

    /// <summary>TPM2B_ID_OBJECT and TPM2B_ENCRYPTED_SECRET, each with its size.</summary>
    public static (byte[] IdObject, byte[] EncryptedSecret) Make(TpmPublic endorsementKey, ReadOnlySpan<byte> name, ReadOnlySpan<byte> secret)
    {
        var nameAlg = endorsementKey.NameAlg;
        var seed = new byte[TpmAlg.DigestLength(nameAlg)];
        byte[] encrypted;
        if (endorsementKey.Key!.Rsa is { } rsa)
        {
            RandomNumberGenerator.Fill(seed);
            encrypted = Sized(OaepEncrypt(rsa, seed, nameAlg));
        }
        else
        {
            encrypted = EcSeed(endorsementKey, nameAlg, out seed);
        }

        var bits = endorsementKey.SymmetricBits;
        var symmetric = Kdfa(nameAlg, seed, "STORAGE", name, [], bits);
        var identity = AesCfb(symmetric, Sized(secret), encrypt: true);
        var mac = Mac(nameAlg, Kdfa(nameAlg, seed, "INTEGRITY", [], [], 8 * TpmAlg.DigestLength(nameAlg)), [.. identity, .. name]);
        return (Sized([.. Sized(mac), .. identity]), encrypted);
    }

    /// <summary>The opposite with an RSA endorsement key whose private half is at hand; null where anything does not fit.</summary>
    public static byte[]? Open(RSA privateKey, ushort nameAlg, int symmetricBits, ReadOnlySpan<byte> name, ReadOnlySpan<byte> idObject, ReadOnlySpan<byte> encryptedSecret)
    {
        var outer = new TpmReader(idObject);
        var body = outer.Sized();
        var reader = new TpmReader(body);
        var mac = reader.Sized();
        if (reader.Failed || !outer.Done)
        {
            return null;
        }

        var identity = reader.Bytes(reader.Remaining);
        var sealedSeed = new TpmReader(encryptedSecret);
        var cipher = sealedSeed.Sized();
        if (!sealedSeed.Done || OaepDecrypt(privateKey, cipher, nameAlg) is not { } seed)
        {
            return null;
        }

        var expected = Mac(nameAlg, Kdfa(nameAlg, seed, "INTEGRITY", [], [], 8 * TpmAlg.DigestLength(nameAlg)), [.. identity, .. name]);
        if (!CryptographicOperations.FixedTimeEquals(expected, mac))
        {
            return null;
        }

        var plain = new TpmReader(AesCfb(Kdfa(nameAlg, seed, "STORAGE", name, [], symmetricBits), identity, encrypt: false));
        var secret = plain.Sized();
        return plain.Done ? secret.ToArray() : null;
    }

    /// <summary>KDFa (part 1, 11.4.10.2): HMAC in counter mode over label, contexts and the number of bits.</summary>
    public static byte[] Kdfa(ushort hash, ReadOnlySpan<byte> key, string label, ReadOnlySpan<byte> contextU, ReadOnlySpan<byte> contextV, int bits)
    {
        var result = new byte[(bits + 7) / 8];
        var text = System.Text.Encoding.ASCII.GetBytes(label);
        for (int at = 0, counter = 1; at < result.Length; counter++)
        {
            var block = Mac(hash, key, [.. U32(counter), .. text, 0, .. contextU, .. contextV, .. U32(bits)]);
            var take = Math.Min(block.Length, result.Length - at);
            block.AsSpan(0, take).CopyTo(result.AsSpan(at));
            at += take;
        }

        return result;
    }

    /// <summary>KDFe (part 1, 11.4.10.3): hash of counter, shared point, label, and both public points.</summary>
    public static byte[] Kdfe(ushort hash, ReadOnlySpan<byte> z, string label, ReadOnlySpan<byte> partyU, ReadOnlySpan<byte> partyV, int bits)
    {
        var result = new byte[(bits + 7) / 8];
        var text = System.Text.Encoding.ASCII.GetBytes(label);
        for (int at = 0, counter = 1; at < result.Length; counter++)
        {
            var block = TpmAlg.Hash(hash, [.. U32(counter), .. z, .. text, 0, .. partyU, .. partyV]);
            var take = Math.Min(block.Length, result.Length - at);
            block.AsSpan(0, take).CopyTo(result.AsSpan(at));
            at += take;
        }

        return result;
    }

    public static byte[] Sized(ReadOnlySpan<byte> bytes) => [(byte)(bytes.Length >> 8), (byte)bytes.Length, .. bytes];

    private static byte[] EcSeed(TpmPublic endorsementKey, ushort nameAlg, out byte[] seed)
    {
        var parameters = endorsementKey.Key!.Ec!.ExportParameters(includePrivateParameters: false);
        using var other = ECDiffieHellman.Create(parameters);
        using var ephemeral = ECDiffieHellman.Create(parameters.Curve);
        var z = ephemeral.DeriveRawSecretAgreement(other.PublicKey);
        var q = ephemeral.ExportParameters(includePrivateParameters: false).Q;
        seed = Kdfe(nameAlg, z, "IDENTITY", q.X!, parameters.Q.X!, 8 * TpmAlg.DigestLength(nameAlg));
        CryptographicOperations.ZeroMemory(z);
        return Sized([.. Sized(q.X!), .. Sized(q.Y!)]);
    }

    /// <summary>OAEP with a label, which the platform's RSA does not offer: padding here, the private or public operation there is raw.</summary>
    private static byte[] OaepEncrypt(RSA rsa, ReadOnlySpan<byte> message, ushort hash)
    {
        var k = rsa.KeySize / 8;
        var h = TpmAlg.DigestLength(hash);
        var block = new byte[k];
        var db = block.AsSpan(1 + h);
        TpmAlg.Hash(hash, Identity).CopyTo(db);
        db[^(message.Length + 1)] = 1;
        message.CopyTo(db[^message.Length..]);
        var seed = block.AsSpan(1, h);
        RandomNumberGenerator.Fill(seed);
        Xor(db, Mgf1(hash, seed, db.Length));
        Xor(seed, Mgf1(hash, db, h));
        return RawRsa.Public(rsa, block);
    }

    private static byte[]? OaepDecrypt(RSA rsa, ReadOnlySpan<byte> cipher, ushort hash)
    {
        var k = rsa.KeySize / 8;
        var h = TpmAlg.DigestLength(hash);
        if (cipher.Length != k || RawRsa.Private(rsa, cipher) is not { } block || block[0] != 0)
        {
            return null;
        }

        var seed = block.AsSpan(1, h);
        var db = block.AsSpan(1 + h);
        Xor(seed, Mgf1(hash, db, h));
        Xor(db, Mgf1(hash, seed, db.Length));
        if (!db[..h].SequenceEqual(TpmAlg.Hash(hash, Identity)))
        {
            return null;
        }

        var rest = db[h..];
        var one = rest.IndexOfAnyExcept((byte)0);
        return one >= 0 && rest[one] == 1 ? rest[(one + 1)..].ToArray() : null;
    }

    private static byte[] Mgf1(ushort hash, ReadOnlySpan<byte> seed, int length)
    {
        var mask = new byte[length];
        for (int at = 0, counter = 0; at < length; counter++)
        {
            var block = TpmAlg.Hash(hash, [.. seed, .. U32(counter)]);
            var take = Math.Min(block.Length, length - at);
            block.AsSpan(0, take).CopyTo(mask.AsSpan(at));
            at += take;
        }

        return mask;
    }

    private static void Xor(Span<byte> target, ReadOnlySpan<byte> mask)
    {
        for (var i = 0; i < target.Length; i++)
        {
            target[i] ^= mask[i];
        }
    }

    private static byte[] AesCfb(byte[] key, byte[] data, bool encrypt) => AesCfb(key, data.AsSpan(), encrypt);

    private static byte[] AesCfb(byte[] key, ReadOnlySpan<byte> data, bool encrypt)
    {
        // CFB with full blocks, and a cut last block: what the TPM does. The platform wants whole blocks, so pad and cut.
        using var aes = Aes.Create();
        aes.Key = key;
        var padded = new byte[(data.Length + 15) / 16 * 16];
        data.CopyTo(padded);
        var iv = new byte[16];
        var result = encrypt ? aes.EncryptCfb(padded, iv, PaddingMode.None, 128) : aes.DecryptCfb(padded, iv, PaddingMode.None, 128);
        return result[..data.Length];
    }

    private static byte[] Mac(ushort hash, ReadOnlySpan<byte> key, ReadOnlySpan<byte> data) => hash switch
    {
        TpmAlg.Sha256 => HMACSHA256.HashData(key, data),
        TpmAlg.Sha384 => HMACSHA384.HashData(key, data),
        TpmAlg.Sha512 => HMACSHA512.HashData(key, data),
        _ => throw new ArgumentOutOfRangeException(nameof(hash)),
    };

    private static byte[] U32(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }
}
