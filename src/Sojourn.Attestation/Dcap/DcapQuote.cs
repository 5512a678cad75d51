using System.Buffers.Binary;

namespace Sojourn.Attestation.Dcap;

/// <summary>
/// An ECDSA quote cut into its parts: version 3 (SGX), 4 and 5 (SGX or TDX), as in Intel's "SGX ECDSA QuoteGenReference" and "TDX DCAP Quoting Library API".
/// </summary>
internal sealed class DcapQuote
{
    private const int HeaderLength = 48;
    private const uint TeeSgx = 0;
    private const uint TeeTdx = 0x81;
    private const int CertificationBytesMax = 64 * 1024;

    public required int Version { get; init; }

    public required bool IsTdx { get; init; }

    public required ReadOnlyMemory<byte> Signed { get; init; }

    public required ReadOnlyMemory<byte> Body { get; init; }

    public required ReadOnlyMemory<byte> VendorId { get; init; }

    public required ReadOnlyMemory<byte> Signature { get; init; }

    public required ReadOnlyMemory<byte> AttestationKey { get; init; }

    public required ReadOnlyMemory<byte> QeReport { get; init; }

    public required ReadOnlyMemory<byte> QeReportSignature { get; init; }

    public required ReadOnlyMemory<byte> AuthData { get; init; }

    public required int CertificationType { get; init; }

    public required ReadOnlyMemory<byte> CertificationData { get; init; }

    public required int TrailingLength { get; init; }

    public static DcapQuote? TryParse(ReadOnlyMemory<byte> bytes, Findings findings)
    {
        var rest = bytes;
        if (!Take(ref rest, HeaderLength, out var header))
        {
            findings.Add(QuoteFault.Truncated, "the quote ends inside its header");
            return null;
        }

        var version = BinaryPrimitives.ReadUInt16LittleEndian(header.Span);
        var keyType = BinaryPrimitives.ReadUInt16LittleEndian(header.Span[2..]);
        // Version 3 has four reserved bytes where 4 and 5 name the technology.
        var tee = BinaryPrimitives.ReadUInt32LittleEndian(header.Span[4..]);
        if (version is not (3 or 4 or 5))
        {
            findings.Add(QuoteFault.UnsupportedVersion, $"quote version {version}; 3, 4 and 5 are known");
            return null;
        }

        if (keyType != 2)
        {
            findings.Add(QuoteFault.UnsupportedAlgorithm, $"attestation key type {keyType}; 2 (ECDSA P-256) is known");
            return null;
        }

        if (tee is not (TeeSgx or TeeTdx) || (version == 3 && tee != TeeSgx))
        {
            findings.Add(QuoteFault.UnsupportedKind, $"technology {tee:x}h of quote version {version} is not known");
            return null;
        }

        var bodyLength = tee == TeeTdx ? TdReportBody.Length10 : SgxReportBody.Length;
        var bodyStart = HeaderLength;
        if (version == 5)
        {
            if (!Take(ref rest, 6, out var descriptor))
            {
                findings.Add(QuoteFault.Truncated, "the quote ends inside its body descriptor");
                return null;
            }

            var type = BinaryPrimitives.ReadUInt16LittleEndian(descriptor.Span);
            var size = BinaryPrimitives.ReadUInt32LittleEndian(descriptor.Span[2..]);
            bodyStart += 6;
            bodyLength = (type, tee) switch { (1, TeeSgx) => SgxReportBody.Length, (2, TeeTdx) => TdReportBody.Length10, (3, TeeTdx) => TdReportBody.Length15, _ => -1 };
            if (bodyLength < 0 || size != bodyLength)
            {
                findings.Add(QuoteFault.UnsupportedKind, $"body type {type} of {size} bytes is not known for technology {tee:x}h");
                return null;
            }
        }

        if (!Take(ref rest, bodyLength, out var body) || !TakeSized32(ref rest, out var signatureData))
        {
            findings.Add(QuoteFault.Truncated, "the quote ends early");
            return null;
        }

        if (rest.Span.IndexOfAnyExcept((byte)0) >= 0)
        {
            findings.Add(QuoteFault.TrailingBytes, "bytes other than zero follow the quote");
        }

        var inner = signatureData;
        if (!Take(ref inner, 64, out var signature) || !Take(ref inner, 64, out var key))
        {
            findings.Add(QuoteFault.Truncated, "the signature data ends early");
            return null;
        }

        if (version >= 4)
        {
            if (!TakeCertification(ref inner, out var outerType, out var outer) || inner.Length != 0 || outerType != 6)
            {
                findings.Add(QuoteFault.Malformed, "the quote's outer certification data is not of type 6");
                return null;
            }

            inner = outer;
        }

        if (!Take(ref inner, SgxReportBody.Length, out var qeReport) || !Take(ref inner, 64, out var qeSignature)
            || !TakeSized16(ref inner, out var auth) || !TakeCertification(ref inner, out var certificationType, out var certification) || inner.Length != 0)
        {
            findings.Add(QuoteFault.Malformed, "the quoting enclave's part does not fill the signature data");
            return null;
        }

        return new DcapQuote
        {
            Version = version,
            IsTdx = tee == TeeTdx,
            Signed = bytes[..(bodyStart + bodyLength)],
            Body = body,
            VendorId = header.Slice(12, 16),
            Signature = signature,
            AttestationKey = key,
            QeReport = qeReport,
            QeReportSignature = qeSignature,
            AuthData = auth,
            CertificationType = certificationType,
            CertificationData = certification,
            TrailingLength = rest.Length,
        };
    }

    private static bool Take(ref ReadOnlyMemory<byte> rest, int length, out ReadOnlyMemory<byte> field)
    {
        field = default;
        if (rest.Length < length)
        {
            return false;
        }

        field = rest[..length];
        rest = rest[length..];
        return true;
    }

    private static bool TakeSized16(ref ReadOnlyMemory<byte> rest, out ReadOnlyMemory<byte> field)
    {
        field = default;
        return Take(ref rest, 2, out var size) && Take(ref rest, BinaryPrimitives.ReadUInt16LittleEndian(size.Span), out field);
    }

    private static bool TakeSized32(ref ReadOnlyMemory<byte> rest, out ReadOnlyMemory<byte> field)
    {
        field = default;
        if (!Take(ref rest, 4, out var size))
        {
            return false;
        }

        var length = BinaryPrimitives.ReadUInt32LittleEndian(size.Span);
        return length <= CertificationBytesMax && Take(ref rest, (int)length, out field);
    }

    private static bool TakeCertification(ref ReadOnlyMemory<byte> rest, out int type, out ReadOnlyMemory<byte> data)
    {
        data = default;
        type = 0;
        if (!Take(ref rest, 2, out var number))
        {
            return false;
        }

        type = BinaryPrimitives.ReadUInt16LittleEndian(number.Span);
        return TakeSized32(ref rest, out data);
    }
}
