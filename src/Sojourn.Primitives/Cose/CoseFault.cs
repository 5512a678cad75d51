namespace Sojourn.Primitives.Cose;

/// <summary>Why a COSE_Sign1 message or a CWT was not accepted.</summary>
public enum CoseFault
{
    /// <summary>Nothing is wrong.</summary>
    None = 0,

    /// <summary>Not CBOR, or not an array of four with the types of RFC 9052, section 4.2.</summary>
    Malformed,

    /// <summary>Tagged, but not with 18.</summary>
    WrongTag,

    /// <summary>A header label occurs twice, or both protected and unprotected (RFC 9052, section 3).</summary>
    DuplicateHeader,

    /// <summary>A header is marked critical and not understood here (RFC 9052, section 3.1).</summary>
    CriticalHeader,

    /// <summary>No algorithm, or one that is not ES256, ES384 or ES512.</summary>
    UnknownAlgorithm,

    /// <summary>The payload travels apart and was not given, or was given and is inside as well.</summary>
    DetachedPayload,

    /// <summary>The signature has another length than the key's curve gives.</summary>
    SignatureLength,

    /// <summary>The signature does not match.</summary>
    SignatureMismatch,
}
