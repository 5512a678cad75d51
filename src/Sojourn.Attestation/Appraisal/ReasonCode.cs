namespace Sojourn.Attestation;

/// <summary>Why genuine evidence is not acceptable. Closed: a caller can switch on it.</summary>
public enum ReasonCode
{
    /// <summary>The evidence is not genuine; the fault says why.</summary>
    NotGenuine = 1,

    /// <summary>Collateral for a full answer is missing.</summary>
    Inconclusive,

    /// <summary>The policy does not name this kind.</summary>
    KindNotAllowed,

    /// <summary>Simulated evidence, and the policy does not name it or the ledger is not for development.</summary>
    SimulatedNotAllowed,

    /// <summary>The chain ends in a development root, and the ledger is not for development.</summary>
    DevelopmentRoot,

    /// <summary>The evidence proves less than the policy asks for.</summary>
    LevelTooLow,

    /// <summary>The attestation key is endorsed by nobody: it may live anywhere.</summary>
    KeyNotEndorsed,

    /// <summary>A debug facility leaves the memory open.</summary>
    DebugEnabled,

    /// <summary>A migration agent may move the guest to another machine.</summary>
    MigrationAgent,

    /// <summary>The report was asked for from a less privileged level than the policy allows.</summary>
    VmplTooHigh,

    /// <summary>Page faults can be injected without the guest's knowledge (TDX attribute SEPT_VE_DISABLE is clear).</summary>
    SeptVeNotDisabled,

    /// <summary>Firmware or microcode is older than the policy's floor.</summary>
    TcbTooOld,

    /// <summary>The vendor's status of the platform is not on the policy's list.</summary>
    TcbStatusNotAccepted,

    /// <summary>The collateral is of an older evaluation than the policy's floor.</summary>
    TcbEvaluationTooOld,

    /// <summary>No current revocation list was at hand.</summary>
    RevocationNotChecked,

    /// <summary>Certificates or collateral have ended since the quote was verified.</summary>
    Stale,

    /// <summary>The policy holds no reference values, and does not say that any measurement will do.</summary>
    NoReferenceValues,

    /// <summary>What was measured is in none of the policy's reference values.</summary>
    MeasurementUnknown,

    /// <summary>The evidence carries another challenge: it was made for somebody else or is being replayed.</summary>
    ChallengeMismatch,

    /// <summary>The evidence carries other report data, and does not say what for.</summary>
    ReportDataMismatch,

    /// <summary>Made for another ledger.</summary>
    GenesisMismatch,

    /// <summary>Made for another, or an older, beacon.</summary>
    BeaconMismatch,

    /// <summary>Made for another job.</summary>
    JobMismatch,

    /// <summary>Made for another executor.</summary>
    ExecutorMismatch,

    /// <summary>Made for another round of the draw.</summary>
    RoundMismatch,

    /// <summary>Made under other policies.</summary>
    PolicyMismatch,

    /// <summary>Made for another enclave's HPKE key.</summary>
    EnclaveKeyMismatch,

    /// <summary>Made for another receipt key.</summary>
    ReceiptKeyMismatch,

    /// <summary>The hardware is in less trusted hands than the policy asks for.</summary>
    CustodyTooLow,

    /// <summary>The platform hides which chip it is, and the policy asks for one.</summary>
    ChipHidden,

    /// <summary>The chip is not one that the policy names.</summary>
    ChipNotAllowed,

    /// <summary>A PCR that the policy needs is not in the quote.</summary>
    PcrNotQuoted,

    /// <summary>The quoted bank's digest is too weak.</summary>
    WeakPcrBank,

    /// <summary>The IMA measurement list is absent.</summary>
    ImaLogMissing,

    /// <summary>The IMA measurement list has an entry that is not known.</summary>
    ImaEntryUnknown,

    /// <summary>The boot event log is absent.</summary>
    EventLogMissing,

    /// <summary>The firmware started without secure boot.</summary>
    SecureBootOff,

    /// <summary>The enclave's keys are not wrapped to a TPM key that is sealed to the quoted state.</summary>
    WrapKeyMissing,

    /// <summary>The evidence is older than the policy allows.</summary>
    TooOld,

    /// <summary>The platform does not say of itself what the policy asks for (SEV-SNP's PLATFORM_INFO).</summary>
    PlatformFeatureMissing,

    /// <summary>The platform has something on that the policy forbids (SEV-SNP's PLATFORM_INFO).</summary>
    PlatformFeatureForbidden,
}

/// <summary>One reason with words for a person.</summary>
/// <param name="Code">Which.</param>
/// <param name="Fault">The verifier's fault, where the code is <see cref="ReasonCode.NotGenuine"/> or <see cref="ReasonCode.Inconclusive"/>.</param>
/// <param name="Words">What is wrong, with the values.</param>
/// <param name="Remedy">What to do about it.</param>
public sealed record Reason(ReasonCode Code, QuoteFault Fault, string Words, string Remedy)
{
    /// <summary>A short name for logs and scripts.</summary>
    public string Name => Fault == QuoteFault.None ? Code.ToString() : Fault.ToString();
}
