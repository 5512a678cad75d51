using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Sojourn.Cryptography.Dsse;

/// <summary>A signature in an envelope.</summary>
/// <param name="KeyId">A hint at the key; not authenticated.</param>
/// <param name="Signature">The bytes.</param>
public sealed record DsseSignature(string KeyId, ReadOnlyMemory<byte> Signature);

/// <summary>Dead Simple Signing Envelope (secure-systems-lab, version 1), so that supply-chain tools can check what we sign.</summary>
/// <param name="PayloadType">What the payload is; covered by the signatures.</param>
/// <param name="Payload">The payload.</param>
/// <param name="Signatures">At least one.</param>
public sealed record DsseEnvelope(string PayloadType, ReadOnlyMemory<byte> Payload, ImmutableArray<DsseSignature> Signatures)
{
    private const int SizeMax = 24 << 20;

    private const int SignaturesMax = 64;

    /// <summary>Signs with ECDSA over P-256 and SHA-256 (r ‖ s in DER, as Sigstore's tools expect).</summary>
    /// <param name="payloadType">What the payload is.</param>
    /// <param name="payload">The payload.</param>
    /// <param name="key">The key.</param>
    /// <param name="keyId">A hint at it.</param>
    public static DsseEnvelope Sign(string payloadType, ReadOnlyMemory<byte> payload, ECDsa key, string keyId = "")
    {
        ArgumentNullException.ThrowIfNull(key);
        var signature = key.SignData(PreAuthenticationEncoding(payloadType, payload.Span), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        return new DsseEnvelope(payloadType, payload, [new DsseSignature(keyId, signature)]);
    }

    /// <summary>Whether one of the signatures is this key's.</summary>
    /// <param name="key">A public key.</param>
    public bool IsSignedBy(ECDsa key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var signed = PreAuthenticationEncoding(PayloadType, Payload.Span);
        return Signatures.Any(signature => key.VerifyData(signed, signature.Signature.Span, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
    }

    /// <summary>PAE: what is signed.</summary>
    /// <param name="payloadType">What the payload is.</param>
    /// <param name="payload">The payload.</param>
    public static byte[] PreAuthenticationEncoding(string payloadType, ReadOnlySpan<byte> payload) =>
        [.. Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"DSSEv1 {Encoding.UTF8.GetByteCount(payloadType)} {payloadType} {payload.Length} ")), .. payload];

    /// <summary>The envelope as JSON.</summary>
    public string ToJson() => new JsonObject
    {
        ["payload"] = Convert.ToBase64String(Payload.Span),
        ["payloadType"] = PayloadType,
        ["signatures"] = new JsonArray([.. Signatures.Select(signature => new JsonObject
        {
            ["keyid"] = signature.KeyId,
            ["sig"] = Convert.ToBase64String(signature.Signature.Span),
        })]),
    }.ToJsonString();

    /// <summary>Reads an envelope; untrusted. Nothing is verified yet.</summary>
    /// <param name="json">The text.</param>
    /// <returns>The envelope, or null where the text is none.</returns>
    public static DsseEnvelope? TryParse(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        if (json.Length > SizeMax)
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 8 });
            var root = document.RootElement;
            var signatures = root.GetProperty("signatures").EnumerateArray().Take(SignaturesMax + 1).Select(signature => new DsseSignature(
                signature.TryGetProperty("keyid", out var id) ? id.GetString() ?? "" : "",
                signature.GetProperty("sig").GetBytesFromBase64())).ToImmutableArray();
            return signatures.Length is 0 or > SignaturesMax
                ? null
                : new DsseEnvelope(root.GetProperty("payloadType").GetString() ?? "", root.GetProperty("payload").GetBytesFromBase64(), signatures);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return null;
        }
    }
}
