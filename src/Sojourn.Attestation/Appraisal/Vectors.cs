using System.Collections.Immutable;

namespace Sojourn.Attestation;

/// <summary>Fills the trustworthiness vector from what was proved.</summary>
internal static class Vectors
{
    private const sbyte Affirmed = 2;
    private const sbyte Warning = 32;
    private const sbyte Unrecognised = 33;
    private const sbyte Contra = 96;
    private const sbyte Untrusted = 97;
    private const sbyte CryptoFailed = 99;

    /// <summary>Evidence that could not be verified: every claim that depends on it is contraindicated.</summary>
    public static TrustVector Unverified { get; } = new()
    {
        InstanceIdentity = CryptoFailed,
        Configuration = CryptoFailed,
        Executables = CryptoFailed,
        Hardware = CryptoFailed,
        RuntimeOpaque = CryptoFailed,
    };

    public static TrustVector For(VerifiedQuote quote, ImmutableArray<Reason> reasons, string reference)
    {
        var simulated = quote.Level == TrustLevel.Simulated;
        var tee = quote.Level >= TrustLevel.Tee;
        bool Has(params ReadOnlySpan<ReasonCode> codes)
        {
            foreach (var reason in reasons)
            {
                if (codes.Contains(reason.Code))
                {
                    return true;
                }
            }

            return false;
        }

        return new TrustVector
        {
            InstanceIdentity = simulated || Has(ReasonCode.ChipNotAllowed) ? Untrusted : quote.Chip.IsNone ? (sbyte)0 : Affirmed,
            Configuration = quote.Claims.Debug ? Contra : Has(ReasonCode.MigrationAgent, ReasonCode.VmplTooHigh, ReasonCode.SeptVeNotDisabled, ReasonCode.SecureBootOff, ReasonCode.PlatformFeatureMissing, ReasonCode.PlatformFeatureForbidden) ? Warning : simulated ? (sbyte)0 : Affirmed,
            Executables = Has(ReasonCode.MeasurementUnknown, ReasonCode.ImaEntryUnknown) ? Unrecognised : reference.Length == 0 ? (sbyte)0 : quote.Kind == EvidenceKind.Tpm ? Affirmed : (sbyte)3,
            Hardware = simulated ? Untrusted : quote.Tcb is TcbStatus.Revoked or TcbStatus.NotSupported ? Contra : Has(ReasonCode.TcbStatusNotAccepted, ReasonCode.TcbTooOld) || quote.Tcb is TcbStatus.OutOfDate or TcbStatus.OutOfDateConfigurationNeeded ? Warning : Affirmed,
            RuntimeOpaque = quote.Claims.Debug || !tee ? Contra : Affirmed,
            StorageOpaque = 0,
        };
    }
}
