namespace Sojourn.Attestation.SevSnp;

/// <summary>Bits of PLATFORM_INFO that a report signs (AMD publication 56860, ATTESTATION_REPORT, PLATFORM_INFO). The numbers are the bits'.</summary>
public enum SnpPlatformFeature
{
    /// <summary>Simultaneous multithreading is on: a neighbour on the same core can watch.</summary>
    SmtEnabled = 0,

    /// <summary>All memory is encrypted transparently.</summary>
    TsmeEnabled = 1,

    /// <summary>Memory has error-correcting codes: single flipped bits are mended.</summary>
    EccEnabled = 2,

    /// <summary>The energy counters, which leak what is computed, are off.</summary>
    RaplDisabled = 3,

    /// <summary>The host cannot read the ciphertext of guests' memory.</summary>
    CiphertextHiding = 4,

    /// <summary>The firmware has looked for aliased memory since it started: the answer to modules that lie about their size (CVE-2024-21944).</summary>
    AliasCheckComplete = 5,

    /// <summary>Trusted input and output (SEV-TIO) is on.</summary>
    TioEnabled = 7,
}
