namespace Sojourn.Attestation;

/// <summary>Why evidence is not known to be genuine. Closed: a caller can switch on it.</summary>
public enum QuoteFault
{
    /// <summary>No fault.</summary>
    None = 0,

    /// <summary>A structure breaks its format.</summary>
    Malformed,

    /// <summary>The input ends early.</summary>
    Truncated,

    /// <summary>Bytes follow where none, or only zeroes, may.</summary>
    TrailingBytes,

    /// <summary>Reserved bytes that no signature covers are not zero.</summary>
    ReservedNotZero,

    /// <summary>A version this verifier does not know.</summary>
    UnsupportedVersion,

    /// <summary>A kind of evidence, or of key inside it, that this verifier does not know.</summary>
    UnsupportedKind,

    /// <summary>A signature or digest algorithm that is not allowed here.</summary>
    UnsupportedAlgorithm,

    /// <summary>A part that the kind needs is absent.</summary>
    PartMissing,

    /// <summary>A certificate that the chain needs is at hand neither in the evidence nor in the collateral.</summary>
    ChainMissing,

    /// <summary>A certificate was not issued by the next one in the chain.</summary>
    ChainBroken,

    /// <summary>The chain ends in a root that is not pinned.</summary>
    RootNotTrusted,

    /// <summary>A certificate cannot be read.</summary>
    CertificateMalformed,

    /// <summary>A certificate is used for what it was not issued for.</summary>
    CertificateMisused,

    /// <summary>A certificate's validity has ended.</summary>
    CertificateExpired,

    /// <summary>A certificate's validity has not begun.</summary>
    CertificateNotYetValid,

    /// <summary>A certificate is on its issuer's revocation list.</summary>
    CertificateRevoked,

    /// <summary>A revocation list cannot be read, or its signature is wrong.</summary>
    CrlInvalid,

    /// <summary>A revocation list's next update has passed.</summary>
    CrlExpired,

    /// <summary>A revocation list was issued in the future.</summary>
    CrlNotYetValid,

    /// <summary>The signature over the report or quote is wrong.</summary>
    QuoteSignature,

    /// <summary>The chip's key is of another product than the certificates.</summary>
    ProductMismatch,

    /// <summary>The chip id in the report is not the certificate's.</summary>
    ChipIdMismatch,

    /// <summary>The TCB version in the report is not the one the key was derived for.</summary>
    LeafTcbMismatch,

    /// <summary>The chip is on the list of revoked chips.</summary>
    ChipRevoked,

    /// <summary>The quoting enclave's report is not signed by the PCK.</summary>
    QeReportSignature,

    /// <summary>The quoting enclave's report does not name the attestation key.</summary>
    QeReportBinding,

    /// <summary>The certification data holds no PCK certificate chain.</summary>
    CertificationData,

    /// <summary>TCB info or enclave identity is not at hand.</summary>
    CollateralMissing,

    /// <summary>TCB info or enclave identity cannot be read.</summary>
    CollateralMalformed,

    /// <summary>TCB info or enclave identity is not signed by its issuer.</summary>
    CollateralSignature,

    /// <summary>TCB info or enclave identity: the next update has passed.</summary>
    CollateralExpired,

    /// <summary>TCB info or enclave identity was issued in the future.</summary>
    CollateralNotYetValid,

    /// <summary>TCB info or enclave identity is for another platform or another technology.</summary>
    CollateralMismatch,

    /// <summary>The quoting enclave is not the one that its identity describes.</summary>
    QeIdentityMismatch,

    /// <summary>The TDX module is not one that the TCB info describes.</summary>
    TdxModuleMismatch,

    /// <summary>The signed structure is not a TPM quote made inside a TPM.</summary>
    NotATpmQuote,

    /// <summary>The attestation key could have signed something that only looks like a quote.</summary>
    AttestationKeyAttributes,

    /// <summary>The certificate or runtime data names another attestation key.</summary>
    AttestationKeyMismatch,

    /// <summary>The PCR values are not those that were quoted.</summary>
    PcrDigestMismatch,

    /// <summary>The event log does not lead to the quoted registers.</summary>
    EventLogMismatch,

    /// <summary>The IMA list does not lead to the quoted PCR 10.</summary>
    ImaLogMismatch,

    /// <summary>The report data is not the digest of the runtime data.</summary>
    RuntimeDataMismatch,

    /// <summary>The wrapping key is not certified by the attestation key, or is not sealed to the quoted state.</summary>
    WrapKeyNotBound,

    /// <summary>A time stated inside the evidence lies in the future.</summary>
    TimeInFuture,
}
