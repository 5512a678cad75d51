using System.Text;
using System.Text.Json;
using Sojourn.Attestation.Dcap;
using Sojourn.Attestation.Tpm;
using Sojourn.Attestation.X509;

namespace Sojourn.Attestation.Tests.VectorCases;

/// <summary>What a file of the set is.</summary>
internal enum FileContent
{
    Other,
    Certificates,
    List,
    TcbInfo,
    QeIdentity,
    IntelBundle,
    DcapQuote,
    HclReport,
    TpmAttest,
    TpmSignature,
    TpmKey,
    EventLog,
}

/// <summary>Tells files by what is in them. What a file is called says nothing: another set may call it otherwise.</summary>
internal static class VectorFiles
{
    public static FileContent Of(ReadOnlyMemory<byte> bytes)
    {
        var span = bytes.Span;
        // Quotes and JSON first: both may hold certificates as texts.
        if (DcapQuote.TryParse(bytes, new Findings()) is not null)
        {
            return FileContent.DcapQuote;
        }

        if (span.TrimStart(" \r\n\t"u8).StartsWith("{"u8))
        {
            return Json(bytes);
        }

        if (span.IndexOf("-----BEGIN CERTIFICATE"u8) >= 0)
        {
            return FileContent.Certificates;
        }

        if (span.IndexOf("-----BEGIN X509 CRL"u8) >= 0)
        {
            return FileContent.List;
        }

        return span.StartsWith("HCLA"u8) ? FileContent.HclReport
            : span.StartsWith((ReadOnlySpan<byte>)[0xFF, 0x54, 0x43, 0x47]) ? FileContent.TpmAttest
            : span.Length > 100 && span[..100].IndexOf("Spec ID Event"u8) >= 0 ? FileContent.EventLog
            : Certificate.TryParse(bytes, out _) is not null ? FileContent.Certificates
            : RevocationList.TryParse(bytes) is not null ? FileContent.List
            : TpmPublic.TryParse(span) is not null || (span.Length > 2 && TpmPublic.TryParse(span[2..]) is not null) ? FileContent.TpmKey
            : TpmSignature.TryParse(span) is not null ? FileContent.TpmSignature
            : FileContent.Other;
    }

    /// <summary>TPMT_PUBLIC, also where its length stands before it (TPM2B_PUBLIC).</summary>
    public static ReadOnlyMemory<byte> TpmArea(ReadOnlyMemory<byte> bytes) => TpmPublic.TryParse(bytes.Span) is not null ? bytes : bytes[2..];

    private static FileContent Json(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes);
            var root = document.RootElement;
            return root.TryGetProperty("tcbInfo", out _) ? FileContent.TcbInfo
                : root.TryGetProperty("enclaveIdentity", out _) ? FileContent.QeIdentity
                : root.TryGetProperty("tcb_info", out _) ? FileContent.IntelBundle : FileContent.Other;
        }
        catch (JsonException)
        {
            return FileContent.Other;
        }
    }
}
