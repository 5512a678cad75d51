namespace Sojourn.Protocol.Policies;

/// <summary>Why a policy, a consent or a withdrawal was not accepted.</summary>
public enum PolicyFault
{
    /// <summary>Nothing is wrong.</summary>
    None = 0,

    /// <summary>Not the dag-cbor that the format asks for.</summary>
    Malformed,

    /// <summary>Another format or version.</summary>
    UnknownVersion,

    /// <summary>A key that the format does not have: it could carry a condition that nobody would check.</summary>
    UnknownKey,

    /// <summary>A value out of its bounds, or values that contradict each other.</summary>
    InvalidValue,

    /// <summary>No signature, or one that does not match its signer.</summary>
    BadSignature,

    /// <summary>The owner did not sign.</summary>
    NotSignedByOwner,
}
