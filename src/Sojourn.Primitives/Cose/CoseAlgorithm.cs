namespace Sojourn.Primitives.Cose;

/// <summary>Signature algorithms of COSE that this project makes and checks.</summary>
/// <remarks>RFC 9053, section 2.1. The hash follows the algorithm; the curve is the key's.</remarks>
public enum CoseAlgorithm
{
    /// <summary>ECDSA with SHA-256.</summary>
    ES256 = -7,

    /// <summary>ECDSA with SHA-384.</summary>
    ES384 = -35,

    /// <summary>ECDSA with SHA-512.</summary>
    ES512 = -36,
}
