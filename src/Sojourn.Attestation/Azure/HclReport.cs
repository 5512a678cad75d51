using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text.Json;
using Sojourn.Attestation.X509;

namespace Sojourn.Attestation.Azure;

/// <summary>Azure's HCL report (Microsoft, "Azure confidential VM guest attestation", ATTESTATION_REPORT header and IGVM_REQUEST_DATA): hardware report and runtime data.</summary>
internal sealed class HclReport
{
    private const int HeaderLength = 32;
    private const int HardwareLength = 1184;
    private const int RequestLength = 20;
    private const int RuntimeBytesMax = 16 * 1024;
    private const uint TypeSnp = 2;
    private const uint TypeTdx = 4;
    private const uint HashSha256 = 1;

    public required bool IsTdx { get; init; }

    /// <summary>The SNP report, or the TD report (TDREPORT_STRUCT) at its front.</summary>
    public required ReadOnlyMemory<byte> Hardware { get; init; }

    public required ReadOnlyMemory<byte> RuntimeData { get; init; }

    public required PublicKeyInfo AttestationKey { get; init; }

    public required string VmId { get; init; }

    public required bool SecureBoot { get; init; }

    public static HclReport? TryParse(ReadOnlyMemory<byte> bytes, Findings findings)
    {
        if (bytes.Length < HeaderLength + HardwareLength + RequestLength)
        {
            findings.Add(QuoteFault.Truncated, $"an HCL report of {bytes.Length} bytes ends early");
            return null;
        }

        var span = bytes.Span;
        var request = span[(HeaderLength + HardwareLength)..];
        var type = BinaryPrimitives.ReadUInt32LittleEndian(request[8..]);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(request[16..]);
        if (!span.StartsWith("HCLA"u8) || type is not (TypeSnp or TypeTdx) || BinaryPrimitives.ReadUInt32LittleEndian(request[12..]) != HashSha256)
        {
            findings.Add(QuoteFault.UnsupportedKind, "this is not an HCL report over SNP or TDX with SHA-256");
            return null;
        }

        const int Start = HeaderLength + HardwareLength + RequestLength;
        if (length is 0 or > RuntimeBytesMax || bytes.Length - Start < length)
        {
            findings.Add(QuoteFault.Truncated, "the HCL report's runtime data ends early");
            return null;
        }

        var runtime = bytes.Slice(Start, (int)length);
        findings.Check(QuoteClaims.IsZero(span[(Start + (int)length)..]), QuoteFault.TrailingBytes, "bytes other than zero follow the runtime data");
        try
        {
            using var document = JsonDocument.Parse(runtime, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 8 });
            PublicKeyInfo? key = null;
            foreach (var item in document.RootElement.GetProperty("keys").EnumerateArray())
            {
                if (item.GetProperty("kid").GetString() == "HCLAkPub" && item.GetProperty("kty").GetString() == "RSA")
                {
                    if (key is not null)
                    {
                        throw new FormatException();
                    }

                    key = ReadRsa(item);
                }
            }

            if (key is null)
            {
                findings.Add(QuoteFault.Malformed, "the runtime data names no attestation key");
                return null;
            }

            var configuration = document.RootElement.TryGetProperty("vm-configuration", out var vm) ? vm : default;
            return new HclReport
            {
                IsTdx = type == TypeTdx,
                Hardware = bytes.Slice(HeaderLength, HardwareLength),
                RuntimeData = runtime,
                AttestationKey = key,
                VmId = configuration.ValueKind == JsonValueKind.Object && configuration.TryGetProperty("vmUniqueId", out var id) ? id.GetString() ?? "" : "",
                SecureBoot = configuration.ValueKind == JsonValueKind.Object && configuration.TryGetProperty("secure-boot", out var boot) && boot.GetBoolean(),
            };
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or FormatException or InvalidOperationException)
        {
            findings.Add(QuoteFault.Malformed, "the runtime data cannot be read");
            return null;
        }
    }

    private static PublicKeyInfo? ReadRsa(JsonElement item)
    {
        var modulus = Base64Url.DecodeFromChars(item.GetProperty("n").GetString());
        var exponent = Base64Url.DecodeFromChars(item.GetProperty("e").GetString());
        if (exponent.Length is 0 or > 4)
        {
            return null;
        }

        var number = 0u;
        foreach (var b in exponent)
        {
            number = (number << 8) | b;
        }

        return PublicKeyInfo.FromRsaNumbers(modulus, number);
    }
}
