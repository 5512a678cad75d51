namespace Sojourn.Primitives.Cose;

/// <summary>Labels of claims: CWT (RFC 8392, section 4) and EAT (RFC 9711, section 10.2).</summary>
public static class CwtClaim
{
    /// <summary>Who issued the token.</summary>
    public const long Issuer = 1;

    /// <summary>What it is about.</summary>
    public const long Subject = 2;

    /// <summary>For whom it is.</summary>
    public const long Audience = 3;

    /// <summary>Not to be accepted from then on (seconds since 1970).</summary>
    public const long Expiration = 4;

    /// <summary>Not to be accepted before (seconds since 1970).</summary>
    public const long NotBefore = 5;

    /// <summary>When it was issued (seconds since 1970).</summary>
    public const long IssuedAt = 6;

    /// <summary>Its identifier.</summary>
    public const long CwtId = 7;

    /// <summary>Confirmation: the key that the subject holds (RFC 8747).</summary>
    public const long Confirmation = 8;

    /// <summary>EAT: freshness, 8 to 64 bytes or several of them.</summary>
    public const long EatNonce = 10;

    /// <summary>EAT: the device.</summary>
    public const long Ueid = 256;

    /// <summary>EAT: the hardware model's maker.</summary>
    public const long OemId = 258;

    /// <summary>EAT: the hardware model.</summary>
    public const long HardwareModel = 259;

    /// <summary>EAT: whether boot was authenticated.</summary>
    public const long OemBoot = 262;

    /// <summary>EAT: what debugging is possible.</summary>
    public const long DebugStatus = 263;

    /// <summary>EAT: which profile says what the claims mean.</summary>
    public const long EatProfile = 265;

    /// <summary>EAT: claims of parts.</summary>
    public const long Submodules = 266;

    /// <summary>EAT: what the token may be used for.</summary>
    public const long IntendedUse = 268;

    /// <summary>EAT: the software's name.</summary>
    public const long SoftwareName = 270;

    /// <summary>EAT: the software's version.</summary>
    public const long SoftwareVersion = 271;

    /// <summary>EAT: measured files and memory.</summary>
    public const long Measurements = 273;

    /// <summary>EAT: results of comparing measurements.</summary>
    public const long MeasurementResults = 274;
}
