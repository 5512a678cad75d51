namespace Sojourn.Cryptography.VerifiableRandomness;

/// <summary>Why a proof or a key was not accepted (RFC 9381, 5.3).</summary>
public enum VrfFault
{
    /// <summary>The proof holds.</summary>
    None = 0,

    /// <summary>Not 81 bytes.</summary>
    WrongLength,

    /// <summary>Γ is no compressed point of the curve.</summary>
    InvalidGamma,

    /// <summary>s is not below the group order.</summary>
    InvalidScalar,

    /// <summary>No point could be hashed to within 256 tries; does not happen by chance.</summary>
    NoPoint,

    /// <summary>The challenge does not match: another key, input or proof.</summary>
    WrongChallenge,
}
