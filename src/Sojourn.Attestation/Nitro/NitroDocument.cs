using System.Collections.Immutable;
using Sojourn.Primitives.Cbor;

namespace Sojourn.Attestation.Nitro;

/// <summary>An AWS Nitro Enclaves attestation document inside its COSE_Sign1 (AWS Nitro Enclaves, "Attestation document specification").</summary>
internal sealed class NitroDocument
{
    private const int BytesMax = 64 * 1024;
    private const int CertificateBytesMax = 1024;
    private const int UserBytesMax = 1024;
    private const int BundleMax = 16;

    public required byte[] Protected { get; init; }

    public required byte[] Payload { get; init; }

    public required byte[] Signature { get; init; }

    public required int Algorithm { get; init; }

    public required string ModuleId { get; init; }

    public required ulong Timestamp { get; init; }

    public required ImmutableSortedDictionary<int, byte[]> Pcrs { get; init; }

    public required byte[] Certificate { get; init; }

    public required ImmutableArray<byte[]> Bundle { get; init; }

    public byte[]? PublicKey { get; init; }

    public byte[]? UserData { get; init; }

    public byte[]? Nonce { get; init; }

    public static NitroDocument? TryParse(ReadOnlySpan<byte> bytes, Findings findings)
    {
        if (bytes.Length > BytesMax)
        {
            findings.Add(QuoteFault.Malformed, $"the document is larger than {BytesMax} bytes");
            return null;
        }

        try
        {
            return Parse(bytes, findings);
        }
        catch (CborException e)
        {
            findings.Add(e.Fault switch { CborFault.Truncated => QuoteFault.Truncated, CborFault.TrailingBytes => QuoteFault.TrailingBytes, _ => QuoteFault.Malformed }, $"the document is not what its specification says ({e.Fault} at byte {e.Offset})");
            return null;
        }
    }

    private static NitroDocument? Parse(ReadOnlySpan<byte> bytes, Findings findings)
    {
        var outer = new CborReader(bytes, CborProfile.Lenient, 8);
        if (outer.Peek() == CborKind.Tag)
        {
            outer.ReadTag(18);
        }

        outer.ReadArrayHeaderExactly(4);
        var protectedHeader = outer.ReadBytes(64).ToArray();
        // No signature covers the unprotected header; AWS leaves it empty, so nothing may hide there.
        if (outer.ReadMapHeader() != 0)
        {
            findings.Add(QuoteFault.ReservedNotZero, "the unprotected header is not empty");
            return null;
        }

        var payload = outer.ReadBytes().ToArray();
        var signature = outer.ReadBytesExactly(96).ToArray();
        outer.ReadEnd();
        var header = new CborReader(protectedHeader, CborProfile.Lenient, 4);
        header.ReadMapHeaderExactly(1);
        header.ReadKey(1);
        var algorithm = header.ReadInt32();
        header.ReadEnd();
        return ReadPayload(protectedHeader, payload, signature, algorithm, findings);
    }

    private static NitroDocument? ReadPayload(byte[] protectedHeader, byte[] payload, byte[] signature, int algorithm, Findings findings)
    {
        string? module = null, digest = null;
        ulong? timestamp = null;
        var pcrs = ImmutableSortedDictionary.CreateBuilder<int, byte[]>();
        byte[]? certificate = null, publicKey = null, userData = null, nonce = null;
        var bundle = ImmutableArray.CreateBuilder<byte[]>();
        var reader = new CborReader(payload, CborProfile.Lenient, 8);
        var count = reader.ReadMapHeader(16);
        for (var i = 0; i < count; i++)
        {
            switch (reader.ReadText(32))
            {
                case "module_id":
                    module = reader.ReadText(256);
                    break;
                case "digest":
                    digest = reader.ReadText(16);
                    break;
                case "timestamp":
                    timestamp = reader.ReadUInt64();
                    break;
                case "pcrs":
                    var n = reader.ReadMapHeader(32);
                    for (var k = 0; k < n; k++)
                    {
                        var index = reader.ReadInt32(0, 31);
                        pcrs.Add(index, reader.ReadBytes(64).ToArray());
                    }

                    break;
                case "certificate":
                    certificate = reader.ReadBytes(CertificateBytesMax).ToArray();
                    break;
                case "cabundle":
                    var items = reader.ReadArrayHeader(BundleMax);
                    for (var k = 0; k < items; k++)
                    {
                        bundle.Add(reader.ReadBytes(CertificateBytesMax).ToArray());
                    }

                    break;
                case "public_key":
                    publicKey = reader.TryReadNull() ? null : reader.ReadBytes(UserBytesMax).ToArray();
                    break;
                case "user_data":
                    userData = reader.TryReadNull() ? null : reader.ReadBytes(UserBytesMax).ToArray();
                    break;
                case "nonce":
                    nonce = reader.TryReadNull() ? null : reader.ReadBytes(UserBytesMax).ToArray();
                    break;
                default:
                    findings.Add(QuoteFault.Malformed, "the document has a member that its specification does not name");
                    return null;
            }
        }

        reader.ReadEnd();
        if (module is not { Length: > 0 } || digest != "SHA384" || timestamp is null or 0 || pcrs.Count == 0 || certificate is not { Length: > 0 } || bundle.Count == 0
            || pcrs.Values.Any(value => value.Length != 48))
        {
            findings.Add(QuoteFault.Malformed, "the document lacks a member, or one has not the form that its specification gives");
            return null;
        }

        return new NitroDocument
        {
            Protected = protectedHeader,
            Payload = payload,
            Signature = signature,
            Algorithm = algorithm,
            ModuleId = module,
            Timestamp = timestamp.Value,
            Pcrs = pcrs.ToImmutable(),
            Certificate = certificate,
            Bundle = bundle.ToImmutable(),
            PublicKey = publicKey,
            UserData = userData,
            Nonce = nonce,
        };
    }

    /// <summary>Sig_structure of COSE_Sign1 (RFC 9052, 4.4).</summary>
    public byte[] ToBeSigned() => new CborWriter().BeginArray().WriteText("Signature1").WriteBytes(Protected).WriteBytes([]).WriteBytes(Payload).EndArray().ToArray();
}
