using System.Collections.Immutable;
using System.Globalization;
using Sojourn.Attestation.Azure;
using Sojourn.Attestation.Dcap;
using Sojourn.Attestation.SevSnp;
using Sojourn.Attestation.Tpm;

namespace Sojourn.Attestation;

/// <content>Checks that only some kinds have.</content>
public static partial class Appraiser
{
    private static void KindChecks(VerifiedQuote quote, AppraisalPolicy policy, DateTimeOffset now, ImmutableArray<Reason>.Builder reasons)
    {
        if (quote.Claims.Debug && !policy.AllowDebug)
        {
            Add(reasons, ReasonCode.DebugEnabled, "debug mode is on: the memory is not private");
        }

        var claims = quote.Claims is AzureClaims azure ? azure.Hardware : quote.Claims;
        switch (claims)
        {
            case TpmClaims tpm:
                Tpm(tpm, policy, reasons);
                break;
            case SnpClaims snp:
                Snp(snp, policy, reasons);
                break;
            case TdxClaims tdx:
                Tdx(tdx, policy, reasons);
                break;
            case SgxClaims sgx:
                Evaluation(sgx.TcbEvaluation, policy, reasons);
                break;
            default:
                break;
        }

        CheckPcrs(quote.Claims, policy, reasons);
        if (quote.Claims is AzureClaims { SecureBoot: false } && policy.RequireSecureBoot)
        {
            Add(reasons, ReasonCode.SecureBootOff, "the virtual machine is not set to secure boot");
        }

        if (quote.Claims.MadeAt is { } madeAt && now - madeAt > policy.AgeMaximum)
        {
            Add(reasons, ReasonCode.TooOld, $"the evidence was made {madeAt:u}, longer ago than {policy.AgeMaximum}");
        }
    }

    private static void CheckPcrs(QuoteClaims claims, AppraisalPolicy policy, ImmutableArray<Reason>.Builder reasons)
    {
        if (claims is not (TpmClaims or AzureClaims))
        {
            return;
        }

        var weak = false;
        var covered = new HashSet<int>();
        foreach (var measurement in claims.Measurements)
        {
            if (measurement.Name.Split('/') is ["pcr", var bank, var register])
            {
                weak |= bank == "sha1";
                if (bank != "sha1" || policy.AllowSha1Pcrs)
                {
                    covered.Add(int.Parse(register, CultureInfo.InvariantCulture));
                }
            }
        }

        if (weak && !policy.AllowSha1Pcrs)
        {
            Add(reasons, ReasonCode.WeakPcrBank, "the quote covers a SHA-1 bank");
        }

        foreach (var pcr in policy.RequiredPcrs)
        {
            if (!covered.Contains(pcr))
            {
                Add(reasons, ReasonCode.PcrNotQuoted, $"PCR {pcr} is not quoted in a strong bank");
            }
        }
    }

    private static void Tpm(TpmClaims tpm, AppraisalPolicy policy, ImmutableArray<Reason>.Builder reasons)
    {
        if (!tpm.HasEventLog && (policy.RequireEventLog || policy.RequireSecureBoot))
        {
            Add(reasons, ReasonCode.EventLogMissing, "no event log came along");
        }
        else if (policy.RequireSecureBoot && (tpm.SecureBoot != true || !tpm.Pcrs.Any(p => p.Register == 7)))
        {
            Add(reasons, ReasonCode.SecureBootOff, tpm.SecureBoot == true ? "PCR 7, which holds the log's word on secure boot, is not quoted" : "the event log does not show secure boot");
        }

        if (policy.RequireWrapKey && !tpm.HasWrapKey)
        {
            Add(reasons, ReasonCode.WrapKeyMissing, "no wrapping key that is sealed to the quoted registers came along");
        }

        if (policy.RequireIma)
        {
            Ima(tpm, policy, reasons);
        }
    }

    /// <summary>Closed world: what is not known is refused, since the operator chose what to run.</summary>
    private static void Ima(TpmClaims tpm, AppraisalPolicy policy, ImmutableArray<Reason>.Builder reasons)
    {
        if (!tpm.HasImaLog || tpm.ImaEntries.IsEmpty)
        {
            Add(reasons, ReasonCode.ImaLogMissing, tpm.HasImaLog ? "the IMA list is empty: nothing was measured" : "no IMA list came along");
            return;
        }

        foreach (var entry in tpm.ImaEntries)
        {
            if (entry.Violation || !(policy.KnownFiles.Contains(entry.Digest) || (entry.Path == "boot_aggregate" && IsBootAggregate(entry.Digest, tpm))))
            {
                Add(reasons, ReasonCode.ImaEntryUnknown, entry.Violation ? $"IMA could not vouch for \"{entry.Path}\"" : $"\"{entry.Path}\" ({entry.Digest}) is not known");
                if (reasons.Count > 16)
                {
                    return;
                }
            }
        }
    }

    /// <summary>The kernel's first entry is the digest of the quoted PCR 0 to 9 (0 to 7 before Linux 5.8); whoever knows those knows it.</summary>
    private static bool IsBootAggregate(string digest, TpmClaims tpm)
    {
        foreach (var last in (ReadOnlySpan<int>)[9, 7])
        {
            var values = tpm.Pcrs.Where(p => p.Bank == TpmAlg.Sha256 && p.Register <= last).OrderBy(p => p.Register).ToList();
            if (values.Count == last + 1 && digest == Convert.ToHexStringLower(TpmAlg.Hash(TpmAlg.Sha256, values.SelectMany(p => p.Value.ToArray()).ToArray())))
            {
                return true;
            }
        }

        return false;
    }

    private static void Snp(SnpClaims snp, AppraisalPolicy policy, ImmutableArray<Reason>.Builder reasons)
    {
        if (snp.MigrationAgent && !policy.AllowMigrationAgent)
        {
            Add(reasons, ReasonCode.MigrationAgent, $"the guest's policy (0x{snp.Policy:x}) lets a migration agent move it");
        }

        foreach (var feature in policy.SnpPlatformRequired.Where(feature => !snp.Has(feature)))
        {
            Add(reasons, ReasonCode.PlatformFeatureMissing, $"the platform (0x{snp.PlatformInfo:x}) does not say {feature}, which the policy asks for");
        }

        foreach (var feature in policy.SnpPlatformForbidden.Where(snp.Has))
        {
            Add(reasons, ReasonCode.PlatformFeatureForbidden, $"the platform (0x{snp.PlatformInfo:x}) says {feature}, which the policy forbids");
        }

        if (snp.Vmpl > policy.VmplMaximum)
        {
            Add(reasons, ReasonCode.VmplTooHigh, $"the report was asked for at VMPL {snp.Vmpl}, and the policy allows up to {policy.VmplMaximum}");
        }

        if (!policy.SnpMinimum.TryGetValue(snp.Product.ToString(), out var floor))
        {
            if (!policy.SnpMinimum.IsEmpty)
            {
                Add(reasons, ReasonCode.TcbTooOld, $"the policy names floors for {string.Join(", ", policy.SnpMinimum.Keys)} and none for {snp.Product}");
            }
        }
        else if (!(snp.ReportedTcb.AtLeast(floor) && snp.LaunchTcb.AtLeast(floor)))
        {
            Add(reasons, ReasonCode.TcbTooOld, $"the platform reports {snp.ReportedTcb} (at launch {snp.LaunchTcb}), and the policy asks for at least boot loader {floor.BootLoader}, TEE {floor.Tee}, SNP {floor.Snp}, microcode {floor.Microcode}, FMC {floor.Fmc}");
        }
    }

    private static void Tdx(TdxClaims tdx, AppraisalPolicy policy, ImmutableArray<Reason>.Builder reasons)
    {
        if (!tdx.SeptVeDisabled && !policy.AllowSeptVe)
        {
            Add(reasons, ReasonCode.SeptVeNotDisabled, $"the TD's attributes (0x{tdx.Attributes:x}) leave SEPT_VE_DISABLE clear");
        }

        if (tdx.Migratable && !policy.AllowMigrationAgent)
        {
            Add(reasons, ReasonCode.MigrationAgent, $"the TD's attributes (0x{tdx.Attributes:x}) let a migration service move it");
        }

        Evaluation(tdx.TcbEvaluation, policy, reasons);
    }

    private static void Evaluation(int number, AppraisalPolicy policy, ImmutableArray<Reason>.Builder reasons)
    {
        if (number < policy.TcbEvaluationMinimum)
        {
            Add(reasons, ReasonCode.TcbEvaluationTooOld, $"the TCB info is of evaluation {number}, and the policy asks for {policy.TcbEvaluationMinimum}");
        }
    }
}
