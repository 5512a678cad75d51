using System.Formats.Asn1;
using Sojourn.Attestation.X509;

namespace Sojourn.Attestation.SevSnp;

/// <summary>What AMD writes into a chip's key certificate (AMD publication 57230, "VCEK and VLEK Certificates").</summary>
internal sealed record SnpLeaf(string ProductName, SnpProduct Product, ReadOnlyMemory<byte> Tcb, ReadOnlyMemory<byte>? HardwareId, string? Csp)
{
    private const string Arc = "1.3.6.1.4.1.3704.1.";

    public bool IsVlek => Csp is not null;

    public static bool LooksLikeOne(Certificate certificate) => certificate.Extensions.ContainsKey(Arc + "1") && certificate.Extensions.ContainsKey(Arc + "3.1");

    public static SnpLeaf? TryRead(Certificate certificate)
    {
        try
        {
            var name = Text(certificate, "2");
            var product = SnpProducts.FromName(name ?? "");
            if (name is null || product == SnpProduct.Unknown)
            {
                return null;
            }

            // Position in TCB_VERSION → last arc of the extension; the layout is the product's.
            ReadOnlySpan<int> arcs = product == SnpProduct.Turin ? [9, 1, 2, 3, 5, 6, 7, 8] : [1, 2, 4, 5, 6, 7, 3, 8];
            var tcb = new byte[8];
            for (var i = 0; i < 8; i++)
            {
                var number = Number(certificate, $"3.{arcs[i]}");
                if (number is null or < 0 or > 255)
                {
                    return null;
                }

                tcb[i] = (byte)number;
            }

            ReadOnlyMemory<byte>? hardware = null;
            if (certificate.Extensions.TryGetValue(Arc + "4", out var id))
            {
                var length = product == SnpProduct.Turin ? 8 : 64;
                // KDS puts the bytes straight into the extension; a wrapped octet string is what X.509 would have there.
                hardware = id.Value.Length == length ? id.Value
                    : id.Value.Length == length + 2 && id.Value.Span[0] == 4 && id.Value.Span[1] == length ? id.Value[2..]
                    : null;
                if (hardware is null)
                {
                    return null;
                }
            }

            var csp = certificate.Extensions.ContainsKey(Arc + "5") ? Text(certificate, "5") : null;
            return (hardware is null) == (csp is null) ? null : new SnpLeaf(name, product, tcb, hardware, csp);
        }
        catch (AsnContentException)
        {
            return null;
        }
    }

    private static string? Text(Certificate certificate, string arc) =>
        certificate.Extensions.TryGetValue(Arc + arc, out var extension)
            ? AsnDecoder.ReadCharacterString(extension.Value.Span, AsnEncodingRules.DER, UniversalTagNumber.IA5String, out _) : null;

    private static int? Number(Certificate certificate, string arc) =>
        certificate.Extensions.TryGetValue(Arc + arc, out var extension)
        && AsnDecoder.TryReadInt32(extension.Value.Span, AsnEncodingRules.DER, out var value, out var consumed) && consumed == extension.Value.Length ? value : null;
}
