using System.Security.Cryptography;
using System.Text;

namespace Sojourn.Attestation.X509;

/// <summary>Certificates out of PEM text (RFC 7468) or DER bytes.</summary>
internal static class Pem
{
    public const int CertificatesMax = 32;

    /// <summary>All certificates of a text or of concatenated DER; null where anything in it is not one.</summary>
    public static List<Certificate>? TryCertificates(ReadOnlyMemory<byte> bytes)
    {
        var found = new List<Certificate>();
        var trimmed = bytes.Span.IndexOf("-----BEGIN"u8);
        return trimmed >= 0 ? FromText(bytes.Span, found) : FromDer(bytes, found);
    }

    private static List<Certificate>? FromText(ReadOnlySpan<byte> bytes, List<Certificate> found)
    {
        // Intel's quotes end the PEM text with a zero byte.
        var text = Encoding.Latin1.GetString(bytes.TrimEnd((byte)0)).AsSpan();
        while (PemEncoding.TryFind(text, out var fields))
        {
            if (found.Count >= CertificatesMax || text[..fields.Location.Start].Trim().Length != 0 || text[fields.Label] is not "CERTIFICATE")
            {
                return null;
            }

            var der = new byte[fields.DecodedDataLength];
            if (!Convert.TryFromBase64Chars(text[fields.Base64Data], der, out var written) || written != der.Length
                || Certificate.TryParse(der) is not { } certificate)
            {
                return null;
            }

            found.Add(certificate);
            text = text[fields.Location.End..];
        }

        return text.Trim().Length == 0 && found.Count > 0 ? found : null;
    }

    private static List<Certificate>? FromDer(ReadOnlyMemory<byte> rest, List<Certificate> found)
    {
        while (rest.Length > 0)
        {
            if (found.Count >= CertificatesMax || Certificate.TryParse(rest, out var consumed) is not { } certificate)
            {
                return null;
            }

            found.Add(certificate);
            rest = rest[consumed..];
        }

        return found.Count > 0 ? found : null;
    }
}
