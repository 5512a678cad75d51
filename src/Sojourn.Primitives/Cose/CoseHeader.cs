namespace Sojourn.Primitives.Cose;

/// <summary>Header labels (RFC 9052, table 3; RFC 9360 for certificates; RFC 9597 for claims in headers).</summary>
public static class CoseHeader
{
    /// <summary>Algorithm.</summary>
    public const long Algorithm = 1;

    /// <summary>Headers that must be understood.</summary>
    public const long Critical = 2;

    /// <summary>What the payload is: a media type, or a number of the CoAP registry.</summary>
    public const long ContentType = 3;

    /// <summary>A hint at the key.</summary>
    public const long KeyId = 4;

    /// <summary>CWT claims in a header.</summary>
    public const long CwtClaims = 15;

    /// <summary>The type of the whole message.</summary>
    public const long Type = 16;

    /// <summary>An ordered chain of certificates.</summary>
    public const long X5Chain = 33;
}
