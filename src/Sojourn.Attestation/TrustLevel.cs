namespace Sojourn.Attestation;

/// <summary>How much evidence of a kind can prove, in rising order.</summary>
public enum TrustLevel
{
    /// <summary>Nothing about hardware.</summary>
    Simulated = 0,

    /// <summary>What the machine booted and ran; not that its operator cannot read memory.</summary>
    Tpm = 1,

    /// <summary>Memory is hidden from the operator's software, and what was launched is measured.</summary>
    Tee = 2,

    /// <summary>Both, each vouching for the other.</summary>
    TeeTpm = 3,
}

/// <summary>Names of levels as policies and commands write them.</summary>
public static class TrustLevels
{
    /// <summary>The level's name.</summary>
    /// <param name="level">The level.</param>
    public static string Name(this TrustLevel level) => level switch
    {
        TrustLevel.Simulated => "simulated",
        TrustLevel.Tpm => "tpm",
        TrustLevel.Tee => "tee",
        TrustLevel.TeeTpm => "tee+tpm",
        _ => throw new ArgumentOutOfRangeException(nameof(level)),
    };

    /// <summary>Reads a level's name.</summary>
    /// <param name="name">As <see cref="Name"/> writes it.</param>
    /// <param name="level">The level.</param>
    public static bool TryParse(string? name, out TrustLevel level)
    {
        level = name switch { "simulated" => TrustLevel.Simulated, "tpm" => TrustLevel.Tpm, "tee" => TrustLevel.Tee, "tee+tpm" => TrustLevel.TeeTpm, _ => (TrustLevel)(-1) };
        return level >= TrustLevel.Simulated;
    }
}

/// <summary>In whose hands the hardware is, in rising order of assurance.</summary>
public enum CustodyClass
{
    /// <summary>Nobody vouches for the place: assume physical attacks.</summary>
    Unknown = 0,

    /// <summary>A named operator answers for the machine.</summary>
    KnownOperator = 1,

    /// <summary>A data centre that an endorser vouches for, or a cloud whose own key signed the evidence.</summary>
    EndorsedDataCentre = 2,
}

/// <summary>Who stands at the end of a chain.</summary>
public enum AnchorClass
{
    /// <summary>Nobody: the key is not endorsed.</summary>
    None = 0,

    /// <summary>A root that a developer made; worth something only on a development ledger.</summary>
    Development = 1,

    /// <summary>A cloud operator's own authority (a virtual TPM's, for example).</summary>
    Cloud = 2,

    /// <summary>The hardware vendor.</summary>
    Vendor = 3,

    /// <summary>An enrolment authority that checked a vendor's endorsement by credential activation and issued a certificate of its own.</summary>
    Enrolment = 4,
}

/// <summary>How current the platform's firmware and microcode are.</summary>
public enum TcbStatus
{
    /// <summary>The technology has no such notion, or the vendor's endorsement is the statement.</summary>
    NotApplicable = 0,

    /// <summary>Up to date.</summary>
    UpToDate,

    /// <summary>Up to date; software must be hardened against a known weakness.</summary>
    SWHardeningNeeded,

    /// <summary>A setting of the platform must change.</summary>
    ConfigurationNeeded,

    /// <summary>Both of these.</summary>
    ConfigurationAndSWHardeningNeeded,

    /// <summary>Firmware or microcode must be updated.</summary>
    OutOfDate,

    /// <summary>Out of date, and a setting must change too.</summary>
    OutOfDateConfigurationNeeded,

    /// <summary>The vendor has revoked this version.</summary>
    Revoked,

    /// <summary>No level of the vendor's list matches.</summary>
    NotSupported,
}
