using System.Security.Cryptography;

namespace Sojourn.Cryptography.HybridEncryption;

/// <summary>HKDF with HPKE's labels (RFC 9180, 4).</summary>
internal sealed class HpkeHash
{
    private readonly HashAlgorithmName name;

    private HpkeHash(HashAlgorithmName name, int size)
    {
        this.name = name;
        Size = size;
    }

    public static HpkeHash Sha256 { get; } = new(HashAlgorithmName.SHA256, 32);

    public static HpkeHash Sha384 { get; } = new(HashAlgorithmName.SHA384, 48);

    public static HpkeHash Sha512 { get; } = new(HashAlgorithmName.SHA512, 64);

    /// <summary>Nh.</summary>
    public int Size { get; }

    public static HpkeHash Of(HpkeKdf kdf) => kdf switch
    {
        HpkeKdf.HkdfSha256 => Sha256,
        HpkeKdf.HkdfSha384 => Sha384,
        HpkeKdf.HkdfSha512 => Sha512,
        _ => throw new ArgumentOutOfRangeException(nameof(kdf), kdf, "HPKE KDF: 1 (SHA-256), 2 (SHA-384) and 3 (SHA-512) are known."),
    };

    /// <summary>LabeledExtract: Extract(salt, "HPKE-v1" ‖ suite ‖ label ‖ ikm).</summary>
    public void Extract(ReadOnlySpan<byte> suite, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> label, ReadOnlySpan<byte> ikm, Span<byte> prk)
    {
        var length = 7 + suite.Length + label.Length + ikm.Length;
        var rented = length > 512 ? GC.AllocateUninitializedArray<byte>(length, pinned: true) : null;
        var labeled = rented ?? stackalloc byte[512];
        labeled = labeled[..length];
        try
        {
            var at = Put(labeled, "HPKE-v1"u8);
            at += Put(labeled[at..], suite);
            at += Put(labeled[at..], label);
            _ = Put(labeled[at..], ikm);
            HKDF.Extract(name, labeled, salt, prk[..Size]);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(labeled);
        }
    }

    /// <summary>LabeledExpand: Expand(prk, L ‖ "HPKE-v1" ‖ suite ‖ label ‖ info, L).</summary>
    public void Expand(ReadOnlySpan<byte> suite, ReadOnlySpan<byte> prk, ReadOnlySpan<byte> label, ReadOnlySpan<byte> info, Span<byte> output)
    {
        var length = 9 + suite.Length + label.Length + info.Length;
        var labeled = length > 512 ? new byte[length] : stackalloc byte[length];
        labeled[0] = (byte)(output.Length >> 8);
        labeled[1] = (byte)output.Length;
        var at = 2 + Put(labeled[2..], "HPKE-v1"u8);
        at += Put(labeled[at..], suite);
        at += Put(labeled[at..], label);
        _ = Put(labeled[at..], info);
        HKDF.Expand(name, prk[..Size], output, labeled);
    }

    private static int Put(Span<byte> target, ReadOnlySpan<byte> source)
    {
        source.CopyTo(target);
        return source.Length;
    }
}
