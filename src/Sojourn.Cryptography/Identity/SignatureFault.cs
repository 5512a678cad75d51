namespace Sojourn.Cryptography.Identity;

/// <summary>Why a signature was not accepted.</summary>
public enum SignatureFault
{
    /// <summary>The signature holds.</summary>
    None = 0,

    /// <summary>Wrong length or recovery id.</summary>
    Malformed,

    /// <summary>r or s is zero or not below the group order.</summary>
    OutOfRange,

    /// <summary>s is above half the order: the malleable twin that EIP-2 refuses.</summary>
    HighS,

    /// <summary>No public key fits.</summary>
    NotRecoverable,

    /// <summary>Another key, or another message.</summary>
    Mismatch,
}
