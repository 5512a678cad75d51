using System.Buffers.Binary;
using System.Security.Cryptography;
using Sojourn.Cryptography.Secrets;

namespace Sojourn.Cryptography.Sealing;

/// <summary>The keys under a content key: HKDF-SHA-256 with the header's salt, a label each.</summary>
internal static class SealedKeySchedule
{
    public const string Format = "sojourn/sealed/1";

    public static ReadOnlySpan<byte> StanzaInfo => "sojourn/sealed/1 stanza"u8;

    private static ReadOnlySpan<byte> PayloadLabel => "sojourn/sealed/1 payload"u8;

    private static ReadOnlySpan<byte> HeaderLabel => "sojourn/sealed/1 header"u8;

    private static ReadOnlySpan<byte> MetadataLabel => "sojourn/sealed/1 metadata"u8;

    /// <summary>The chunks' key. Suite and chunk size are in it, so that no reader can be led to cut the body otherwise.</summary>
    public static SecretKey Payload(SecretKey contentKey, ReadOnlySpan<byte> salt, int suite, int chunkSize)
    {
        Span<byte> info = stackalloc byte[PayloadLabel.Length + 5];
        PayloadLabel.CopyTo(info);
        info[PayloadLabel.Length] = (byte)suite;
        BinaryPrimitives.WriteInt32BigEndian(info[(PayloadLabel.Length + 1)..], chunkSize);
        return Derive(contentKey, salt, info);
    }

    public static SecretKey Metadata(SecretKey contentKey, ReadOnlySpan<byte> salt) => Derive(contentKey, salt, MetadataLabel);

    /// <summary>HMAC-SHA-256 over the header without its code. It commits to the content key, which AES-GCM by itself would not.</summary>
    public static void HeaderCode(SecretKey contentKey, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> header, Span<byte> code)
    {
        using var key = Derive(contentKey, salt, HeaderLabel);
        using var lease = key.Lend();
        HMACSHA256.HashData(lease.Span, header, code);
    }

    private static SecretKey Derive(SecretKey contentKey, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> info)
    {
        using var lease = contentKey.Lend();
        return SecretKey.Create(32, new Inputs(lease.Span, salt, info), static (bytes, inputs) =>
            HKDF.DeriveKey(HashAlgorithmName.SHA256, inputs.Secret, bytes, inputs.Salt, inputs.Info));
    }

    private readonly ref struct Inputs(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> info)
    {
        public readonly ReadOnlySpan<byte> Secret = secret;
        public readonly ReadOnlySpan<byte> Salt = salt;
        public readonly ReadOnlySpan<byte> Info = info;
    }
}
