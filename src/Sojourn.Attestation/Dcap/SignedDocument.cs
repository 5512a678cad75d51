using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using Sojourn.Attestation.X509;

namespace Sojourn.Attestation.Dcap;

/// <summary>A JSON text of Intel's, signed byte for byte, with the chain of who signed it.</summary>
internal sealed class SignedDocument
{
    private const int BytesMax = 1024 * 1024;
    private readonly Lazy<List<Certificate>?> chain;
    private readonly ConcurrentDictionary<string, bool> checkedBy = new(StringComparer.Ordinal);
    private readonly Lazy<TcbInfo?> tcbInfo;
    private readonly Lazy<QeIdentity?> qeIdentity;

    public SignedDocument(ReadOnlyMemory<byte> text, ReadOnlyMemory<byte> signature, ReadOnlyMemory<byte> issuerChain)
    {
        Text = text;
        Signature = signature;
        IssuerChain = issuerChain;
        chain = new(() => Pem.TryCertificates(IssuerChain));
        tcbInfo = new(() => TcbInfo.TryParse(Text));
        qeIdentity = new(() => QeIdentity.TryParse(Text));
    }

    public ReadOnlyMemory<byte> Text { get; }

    public ReadOnlyMemory<byte> Signature { get; }

    public ReadOnlyMemory<byte> IssuerChain { get; }

    public List<Certificate>? Chain => chain.Value;

    public TcbInfo? TcbInfo => tcbInfo.Value;

    public QeIdentity? QeIdentity => qeIdentity.Value;

    public bool SignedBy(Certificate signer)
    {
        if (checkedBy.TryGetValue(signer.Fingerprint, out var known))
        {
            return known;
        }

        var good = signer.Key.Ec is { KeySize: 256 } key && Signature.Length == 64 && key.VerifyData(Text.Span, Signature.Span, HashAlgorithmName.SHA256);
        checkedBy[signer.Fingerprint] = good;
        return good;
    }

    /// <summary>Cuts the signed text out of its envelope without touching a byte of it. What cannot be read becomes an empty text, which no signature covers.</summary>
    public static SignedDocument FromEnvelope(ReadOnlyMemory<byte> json, ReadOnlySpan<byte> name, ReadOnlyMemory<byte> issuerChain)
    {
        var text = ReadOnlyMemory<byte>.Empty;
        var signature = Array.Empty<byte>();
        try
        {
            if (json.Length <= BytesMax)
            {
                var reader = new Utf8JsonReader(json.Span, new JsonReaderOptions { MaxDepth = 32 });
                reader.Read();
                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    if (reader.ValueTextEquals(name))
                    {
                        reader.Read();
                        var start = (int)reader.TokenStartIndex;
                        reader.Skip();
                        text = json[start..(int)reader.BytesConsumed];
                    }
                    else if (reader.ValueTextEquals("signature"u8))
                    {
                        reader.Read();
                        signature = Convert.FromHexString(reader.GetString() ?? "");
                    }
                    else
                    {
                        reader.Read();
                        reader.Skip();
                    }
                }
            }
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            text = ReadOnlyMemory<byte>.Empty;
        }

        return new SignedDocument(text, signature, issuerChain);
    }
}
