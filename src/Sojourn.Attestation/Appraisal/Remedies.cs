namespace Sojourn.Attestation;

/// <summary>What a person can do about a reason.</summary>
internal static class Remedies
{
    public static string For(ReasonCode code) => code switch
    {
        ReasonCode.Inconclusive => "Fetch or import the missing collateral (sojourn trust collateral), then verify again.",
        ReasonCode.KindNotAllowed => "Use a machine of a kind that the policy names, or name this kind in the policy.",
        ReasonCode.SimulatedNotAllowed => "Use real hardware; simulated evidence is for development ledgers whose policy names it.",
        ReasonCode.DevelopmentRoot => "Use hardware that chains to a vendor's root; development roots count on development ledgers only.",
        ReasonCode.LevelTooLow => "Use a machine whose evidence reaches the level, or lower the level in the policy knowing what it gives up.",
        ReasonCode.KeyNotEndorsed => "Enrol the TPM (endorsement-key certificate and credential activation) and send the attestation-key certificate along.",
        ReasonCode.DebugEnabled => "Start the guest or enclave without debug mode.",
        ReasonCode.MigrationAgent => "Launch the guest without a migration agent (SNP policy bit 18 clear).",
        ReasonCode.VmplTooHigh => "Ask for the report at VMPL 0, or let the policy allow the paravisor's level.",
        ReasonCode.SeptVeNotDisabled => "Launch the TD with SEPT_VE_DISABLE, or let the policy allow it.",
        ReasonCode.TcbTooOld or ReasonCode.TcbStatusNotAccepted => "Update the machine's firmware and microcode, restart it and attest again; the advisories say what is affected.",
        ReasonCode.TcbEvaluationTooOld => "Fetch newer TCB info.",
        ReasonCode.RevocationNotChecked => "Fetch the vendor's revocation lists (sojourn trust collateral fetch).",
        ReasonCode.Stale => "Fetch fresh collateral and verify again.",
        ReasonCode.NoReferenceValues => "Put reference values into the policy, or let it say that any measurement will do.",
        ReasonCode.MeasurementUnknown => "Run a build that the policy knows, or add the new build's signed reference values.",
        ReasonCode.ChallengeMismatch or ReasonCode.ReportDataMismatch or ReasonCode.GenesisMismatch or ReasonCode.BeaconMismatch or ReasonCode.JobMismatch
            or ReasonCode.ExecutorMismatch or ReasonCode.RoundMismatch or ReasonCode.PolicyMismatch or ReasonCode.EnclaveKeyMismatch or ReasonCode.ReceiptKeyMismatch
            => "Make fresh evidence for this very job, enclave and executor; if that was done, somebody is replaying evidence.",
        ReasonCode.CustodyTooLow => "Choose an operator whose custody is endorsed, or have this machine's custody endorsed.",
        ReasonCode.ChipHidden => "Have the platform show its chip identity (no MASK_CHIP_ID, a VCEK rather than a VLEK).",
        ReasonCode.ChipNotAllowed => "Run on a machine that the policy names.",
        ReasonCode.PcrNotQuoted => "Quote the PCRs that the policy names.",
        ReasonCode.WeakPcrBank => "Quote the SHA-256 (or stronger) bank.",
        ReasonCode.ImaLogMissing => "Boot with an IMA policy that measures everything executed, and send the measurement list along.",
        ReasonCode.ImaEntryUnknown => "Remove the unknown program from the machine, or add it to the signed reference values.",
        ReasonCode.EventLogMissing => "Send the firmware's event log along.",
        ReasonCode.SecureBootOff => "Turn secure boot on.",
        ReasonCode.WrapKeyMissing => "Create the enclave's wrapping key under PolicyPCR and have the attestation key certify it.",
        ReasonCode.TooOld => "Make fresh evidence.",
        ReasonCode.PlatformFeatureMissing => "Update the machine's firmware and turn the feature on in its setup; or name fewer features in the policy (snpPlatformRequired), knowing which attack that lets in.",
        ReasonCode.PlatformFeatureForbidden => "Turn the feature off in the machine's setup, or let the policy allow it (snpPlatformForbidden).",
        _ => "Do not trust this evidence.",
    };

    public static string For(QuoteFault fault) => fault switch
    {
        QuoteFault.CollateralMissing or QuoteFault.CollateralExpired or QuoteFault.CrlExpired => "Fetch fresh collateral (sojourn trust collateral fetch) and verify again.",
        QuoteFault.CollateralMismatch => "Fetch the TCB info of this platform's FMSPC.",
        QuoteFault.ChainMissing => "Send the missing certificate along, or import it as collateral.",
        QuoteFault.CertificateExpired => "Have the platform fetch a current certificate and attest again.",
        QuoteFault.CertificateNotYetValid or QuoteFault.CollateralNotYetValid or QuoteFault.CrlNotYetValid or QuoteFault.TimeInFuture => "Check the clocks of both machines.",
        QuoteFault.RootNotTrusted => "Only pinned vendor roots count; a development root must be named by the verifier's owner.",
        QuoteFault.CertificateRevoked or QuoteFault.ChipRevoked => "Do not use this machine.",
        QuoteFault.CertificationData => "Have the platform embed its PCK certificate chain (certification data type 5).",
        QuoteFault.UnsupportedVersion or QuoteFault.UnsupportedKind or QuoteFault.UnsupportedAlgorithm => "This verifier does not know the format; update it.",
        QuoteFault.EventLogMismatch or QuoteFault.ImaLogMismatch => "Send the log as it was when the quote was made; if it was, the log has been altered.",
        QuoteFault.PartMissing => "Send all parts of the evidence.",
        _ => "Do not trust this evidence: it is damaged or forged.",
    };
}
