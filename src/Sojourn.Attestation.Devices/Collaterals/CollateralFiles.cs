using System.Globalization;
using System.Text;
using System.Text.Json;
using Sojourn.Attestation.Dcap;
using Sojourn.Attestation.X509;

namespace Sojourn.Attestation.Devices.Collaterals;

/// <summary>The files of a store by their paths: how each is read, and what it is called.</summary>
internal static class CollateralFiles
{
    public const string Chips = "revoked-chips.txt";
    public const string Custody = "custody.json";

    public static bool Belongs(string path) => !path.Contains("..", StringComparison.Ordinal) && !path.Contains('\\')
        && path.Split('/') is ["certificates" or "lists" or "intel", _] or ["roots", "tpm", _] or [Chips or Custody];

    public static string CertificatePath(Certificate certificate) => $"certificates/{certificate.Fingerprint[..16]}.der";

    /// <summary>By name and key: two authorities may bear one name.</summary>
    public static string ListPath(RevocationList list, Certificate issuer) => $"lists/{Short([.. list.Issuer.Span, .. Encoding.ASCII.GetBytes(issuer.KeyFingerprint)])}";

    public static string RootPath(Certificate root, bool enrolment) => $"roots/tpm/{(enrolment ? "enrolment" : "development")}-{root.Fingerprint[..16]}.der";

    public static bool IsEnrolment(string rootName) => rootName.StartsWith("enrolment-", StringComparison.Ordinal);

    public static Collateral Add(Collateral collateral, string path, ReadOnlyMemory<byte> bytes, ReadOnlyMemory<byte> chain) => path.Split('/') switch
    {
        ["certificates", ..] => collateral.AddCertificates(bytes),
        ["lists", ..] => collateral.AddRevocationList(bytes),
        ["roots", "tpm", var name] => collateral.WithRoots(
            collateral.Roots.WithRoot(bytes, AnchorUse.Tpm, IsEnrolment(name) ? AnchorClass.Enrolment : AnchorClass.Development)
            ?? throw new CollateralException("not one certificate, or one that its own key did not sign")),
        ["intel", var name] when name.StartsWith("tcbinfo-", StringComparison.Ordinal) && name.EndsWith(".json", StringComparison.Ordinal) => collateral.AddTcbInfo(bytes, chain),
        ["intel", var name] when name.StartsWith("qeidentity-", StringComparison.Ordinal) && name.EndsWith(".json", StringComparison.Ordinal) => collateral.AddQeIdentity(bytes, chain),
        ["intel", var name] when name.EndsWith(".pem", StringComparison.Ordinal) => collateral.AddCertificates(bytes),
        [Chips] => collateral.RevokeChips(ReadChips(bytes.Span)),
        [Custody] => ReadCustody(bytes).Aggregate(collateral, (all, statement) => all.AddCustody(statement)),
        _ => collateral,
    };

    public static List<ChipIdentity> ReadChips(ReadOnlySpan<byte> bytes) =>
        [.. Encoding.UTF8.GetString(bytes).TrimStart('\uFEFF').Split('\n').Select(line => line.Split('#')[0].Trim()).Where(line => line.Length > 0)
            .Select(line => ChipIdentity.TryParse(line, out var chip) ? chip : throw new CollateralException($"\"{line}\" is not a chip (scheme:value expected)"))];

    public static List<CustodyStatement> ReadCustody(ReadOnlyMemory<byte> bytes)
    {
        var read = new List<CustodyStatement>();
        try
        {
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { AllowDuplicateProperties = false });
            foreach (var item in document.RootElement.EnumerateArray())
            {
                var name = item.GetProperty("custody").GetString();
                if (!ChipIdentity.TryParse(item.GetProperty("chip").GetString(), out var chip) || !Enum.GetNames<CustodyClass>().Contains(name, StringComparer.Ordinal))
                {
                    throw new CollateralException($"a custody statement names no chip or no class ({string.Join(", ", Enum.GetNames<CustodyClass>())})");
                }

                read.Add(new CustodyStatement(chip, Enum.Parse<CustodyClass>(name!), item.GetProperty("endorser").GetString() ?? "", item.GetProperty("notAfter").GetDateTimeOffset()));
            }
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new CollateralException("custody.json is not a list of statements (chip, custody, endorser, notAfter)");
        }

        return read;
    }

    public static byte[] WriteCustody(IEnumerable<CustodyStatement> statements)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartArray();
            foreach (var statement in statements)
            {
                json.WriteStartObject();
                json.WriteString("chip", statement.Chip.ToString());
                json.WriteString("custody", statement.Custody.ToString());
                json.WriteString("endorser", statement.Endorser);
                json.WriteString("notAfter", statement.NotAfter);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return buffer.WrittenSpan.ToArray();
    }

    public static CollateralItem Describe(string path, byte[] bytes) => path.Split('/') switch
    {
        ["certificates", ..] or ["roots", ..] => Pem.TryCertificates(bytes) is [var first, ..] ? new(path, $"{(path.StartsWith("roots", StringComparison.Ordinal) ? "ROOT: " : "")}certificate of {first.SubjectWords}", first.NotAfter) : new(path, "unreadable", null),
        ["lists", ..] => RevocationList.TryParse(Unwrap(bytes)) is { } list ? new(path, $"revocation list of {DistinguishedName.Words(list.Issuer)}, {list.Count} entries", list.NextUpdate) : new(path, "unreadable", null),
        ["intel", var name] when name.EndsWith(".json", StringComparison.Ordinal) => DescribeJson(path, bytes),
        ["intel", ..] => new(path, "issuer chain", null),
        [Chips] => new(path, "revoked chips", null),
        [Custody] => new(path, "custody statements", null),
        _ => new(path, "not used", null),
    };

    public static ReadOnlyMemory<byte> Unwrap(ReadOnlyMemory<byte> bytes)
    {
        var text = Encoding.Latin1.GetString(bytes.Span);
        return System.Security.Cryptography.PemEncoding.TryFind(text, out var fields) && text[fields.Label] == "X509 CRL" ? Convert.FromBase64String(text[fields.Base64Data]) : bytes;
    }

    private static CollateralItem DescribeJson(string path, byte[] bytes)
    {
        if (SignedDocument.FromEnvelope(bytes, "tcbInfo"u8, default).TcbInfo is { } info)
        {
            return new(path, $"TCB info of {info.Id} {Convert.ToHexStringLower(info.Fmspc.Span)}, evaluation {info.EvaluationDataNumber.ToString(CultureInfo.InvariantCulture)}", info.NextUpdate);
        }

        return SignedDocument.FromEnvelope(bytes, "enclaveIdentity"u8, default).QeIdentity is { } identity
            ? new(path, $"identity of {identity.Id}, evaluation {identity.EvaluationDataNumber.ToString(CultureInfo.InvariantCulture)}", identity.NextUpdate) : new(path, "unreadable", null);
    }

    private static string Short(ReadOnlySpan<byte> name) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(name))[..16];
}
