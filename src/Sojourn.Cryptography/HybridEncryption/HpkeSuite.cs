namespace Sojourn.Cryptography.HybridEncryption;

/// <summary>Key encapsulation mechanisms (RFC 9180, 7.1) whose curves the platform has.</summary>
public enum HpkeKem : ushort
{
    /// <summary>DHKEM(P-256, HKDF-SHA256).</summary>
    P256 = 0x0010,

    /// <summary>DHKEM(P-384, HKDF-SHA384).</summary>
    P384 = 0x0011,

    /// <summary>DHKEM(P-521, HKDF-SHA512).</summary>
    P521 = 0x0012,
}

/// <summary>Key derivation functions (RFC 9180, 7.2).</summary>
public enum HpkeKdf : ushort
{
    /// <summary>HKDF-SHA256.</summary>
    HkdfSha256 = 1,

    /// <summary>HKDF-SHA384.</summary>
    HkdfSha384 = 2,

    /// <summary>HKDF-SHA512.</summary>
    HkdfSha512 = 3,
}

/// <summary>Authenticated encryption (RFC 9180, 7.3).</summary>
public enum HpkeAead : ushort
{
    /// <summary>AES-128-GCM.</summary>
    Aes128Gcm = 1,

    /// <summary>AES-256-GCM.</summary>
    Aes256Gcm = 2,

    /// <summary>ChaCha20-Poly1305.</summary>
    ChaCha20Poly1305 = 3,

    /// <summary>No encryption: the context only exports secrets.</summary>
    ExportOnly = 0xFFFF,
}

/// <summary>Why a message or an encapsulated key was not accepted.</summary>
public enum HpkeFault
{
    /// <summary>Nothing is wrong.</summary>
    None = 0,

    /// <summary>Shorter than an encapsulated key and a tag.</summary>
    TooShort,

    /// <summary>The encapsulated key is not a point of the curve.</summary>
    InvalidEncapsulation,

    /// <summary>The tag does not match: another key, info, additional data, order or content.</summary>
    NotAuthentic,

    /// <summary>The context has no cipher (export only).</summary>
    ExportOnly,

    /// <summary>The context has counted as many messages as it may.</summary>
    MessageLimit,
}

/// <summary>A choice of mechanisms (RFC 9180, 5.1).</summary>
/// <param name="Kem">Encapsulation.</param>
/// <param name="Kdf">Key derivation.</param>
/// <param name="Aead">Encryption.</param>
public sealed record HpkeSuite(HpkeKem Kem, HpkeKdf Kdf, HpkeAead Aead)
{
    /// <summary>Sojourn's suite: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.</summary>
    public static HpkeSuite Default { get; } = new(HpkeKem.P256, HpkeKdf.HkdfSha256, HpkeAead.Aes256Gcm);

    /// <summary>The same over P-521, for keys that must outlast P-256's margin.</summary>
    public static HpkeSuite P521 { get; } = new(HpkeKem.P521, HpkeKdf.HkdfSha512, HpkeAead.Aes256Gcm);
}
