using System.Globalization;
using System.Text.Json;
using Sojourn.Attestation.X509;

namespace Sojourn.Attestation.Tests.VectorCases;

/// <summary>
/// What must be among a case's reasons, by what vectors.json states about it in numbers: checks that fail, windows that are over, bits that are set. Each demand is met by any of its
/// names. This is worked out from the set's statements alone, not from the evidence.
/// </summary>
internal static class Demands
{
    private static readonly string[] Chain = [nameof(QuoteFault.ChainBroken), nameof(QuoteFault.ChainMissing), nameof(QuoteFault.RootNotTrusted), nameof(QuoteFault.CertificateRevoked), nameof(QuoteFault.CertificateMisused)];

    private static readonly Dictionary<string, string[]> FailedChecks = new(StringComparer.Ordinal)
    {
        ["report_signature_valid"] = [nameof(QuoteFault.QuoteSignature)],
        ["quote_signature_valid"] = [nameof(QuoteFault.QuoteSignature)],
        ["snp_signature_valid"] = [nameof(QuoteFault.QuoteSignature)],
        ["td_quote_signature_valid"] = [nameof(QuoteFault.QuoteSignature)],
        ["tpm_quote_signature_valid"] = [nameof(QuoteFault.QuoteSignature)],
        ["cose_signature_valid"] = [nameof(QuoteFault.QuoteSignature)],
        ["signature_valid"] = [nameof(QuoteFault.QuoteSignature)],
        ["qe_report_signature_valid"] = [nameof(QuoteFault.QeReportSignature)],
        ["qe_report_data_binding_valid"] = [nameof(QuoteFault.QeReportBinding)],
        ["chain_valid"] = Chain,
        ["pck_chain_valid"] = Chain,
        ["ak_cert_chain_valid"] = Chain,
        ["pcr_digest_matches"] = [nameof(QuoteFault.PcrDigestMismatch)],
        ["report_data_is_sha256_of_runtime_data"] = [nameof(QuoteFault.RuntimeDataMismatch)],
        ["chip_id_matches"] = [nameof(QuoteFault.ChipIdMismatch)],
        ["ak_cert_key_equals_ak"] = [nameof(QuoteFault.AttestationKeyMismatch)],
    };

    /// <summary>The names of checks that are compared; a set that states another one is not understood.</summary>
    public static IEnumerable<string> KnownChecks => [.. FailedChecks.Keys, "debug_mode", "chain_valid_without_crl", "chain_valid_with_crl", "issued_by_checked"];

    public static List<string[]> Of(VectorCase item)
    {
        var demands = new List<string[]>();
        void If(bool holds, params string[] names)
        {
            if (holds)
            {
                demands.Add(names);
            }
        }

        foreach (var (check, names) in FailedChecks)
        {
            If(item.Check(check) == false || item.Field(check) is { ValueKind: JsonValueKind.False }, names);
        }

        If(item.Check("debug_mode") == true || item.Field("debug") is { ValueKind: JsonValueKind.True }, nameof(ReasonCode.DebugEnabled));
        If(item.Field("migrate_ma") is { ValueKind: JsonValueKind.True }, nameof(ReasonCode.MigrationAgent));
        If(Number(item, "vmpl") > VectorInputs.Baseline.VmplMaximum, nameof(ReasonCode.VmplTooHigh));
        If(Number(item, "cert_data_type") is { } type and not 5, nameof(QuoteFault.CertificationData));
        If(item.Expect.TryGetProperty("converged_tcb_status", out var status) && status.GetString() is not ("UpToDate" or "SWHardeningNeeded"), nameof(ReasonCode.TcbStatusNotAccepted), nameof(QuoteFault.CollateralMismatch));
        foreach (var window in (string[])["tcb_info_window", "qe_identity_window"])
        {
            if (item.Expect.TryGetProperty(window, out var times) && times.ValueKind == JsonValueKind.Array)
            {
                If(item.Time < Time(times[0]), nameof(QuoteFault.CollateralNotYetValid));
                If(item.Time > Time(times[1]), nameof(QuoteFault.CollateralExpired));
            }
        }

        var certificates = new List<JsonElement>();
        if (item.Entry.TryGetProperty("leaf", out var leaf) && leaf.ValueKind == JsonValueKind.Object)
        {
            certificates.Add(leaf);
            If(leaf.TryGetProperty("tcb_matches", out var tcb) && tcb.ValueKind == JsonValueKind.False, nameof(QuoteFault.LeafTcbMismatch));
            If(leaf.TryGetProperty("chip_id_matches", out var chip) && chip.ValueKind == JsonValueKind.False, nameof(QuoteFault.ChipIdMismatch));
        }

        if (item.Entry.TryGetProperty("certs", out var certs) && certs.ValueKind == JsonValueKind.Array)
        {
            certificates.AddRange(certs.EnumerateArray());
        }

        foreach (var certificate in certificates)
        {
            If(certificate.TryGetProperty("not_before", out var before) && item.Time < Time(before), nameof(QuoteFault.CertificateNotYetValid));
            If(certificate.TryGetProperty("not_after", out var after) && item.Time > Time(after), nameof(QuoteFault.CertificateExpired));
        }

        if (item.Field("ak_attributes") is { } attributes)
        {
            var bits = Convert.ToUInt32(attributes.GetString()![2..], 16);
            // restricted, sign, fixedTPM, fixedParent, sensitiveDataOrigin; not decrypt (TPM 2.0 Library, part 2, 8.3).
            If((bits & 0x50032) != 0x50032 || (bits & 0x20000) != 0, nameof(QuoteFault.AttestationKeyAttributes));
        }

        foreach (var list in item.Kind == "snp" ? item.Paths("crl").Select(path => RevocationList.TryParse(VectorSet.Bytes(path))!) : [])
        {
            If(item.Time > list.NextUpdate, nameof(QuoteFault.CrlExpired));
            If(item.Time < list.ThisUpdate, nameof(QuoteFault.CrlNotYetValid));
        }

        return demands;
    }

    private static long? Number(VectorCase item, string name) => item.Field(name) is { ValueKind: JsonValueKind.Number } value ? value.GetInt64() : null;

    private static DateTimeOffset Time(JsonElement text) => DateTimeOffset.Parse(text.GetString()!, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}
