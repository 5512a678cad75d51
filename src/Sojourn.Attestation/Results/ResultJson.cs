using System.Buffers;
using System.Buffers.Text;
using System.Collections.Immutable;
using System.Text.Json;

namespace Sojourn.Attestation.Results;

/// <summary>The claims as a JWT's payload.</summary>
internal static class ResultJson
{
    public static byte[] Write(ResultClaims claims)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("eat_profile", ResultClaims.Profile);
            json.WriteString("iss", claims.Issuer);
            json.WriteNumber("iat", claims.IssuedAt.ToUnixTimeSeconds());
            json.WriteNumber("exp", claims.Expires.ToUnixTimeSeconds());
            json.WriteString("eat_nonce", Text(claims.Nonce));
            json.WriteStartObject("ear.verifier-id");
            json.WriteString("developer", "Sojourn");
            json.WriteString("build", "1");
            json.WriteEndObject();
            json.WriteStartObject("submods");
            json.WriteStartObject(ResultClaims.Submodule);
            json.WriteString("ear.status", claims.Status);
            json.WriteStartObject("ear.trustworthiness-vector");
            foreach (var (name, value) in claims.Vector.All())
            {
                json.WriteNumber(name, value);
            }

            json.WriteEndObject();
            json.WriteString("ear.appraisal-policy-id", claims.PolicyName);
            json.WriteStartObject("sojourn");
            json.WriteBoolean("accepted", claims.Accepted);
            json.WriteString("kind", claims.Kind);
            json.WriteString("level", claims.Level);
            json.WriteString("chip", claims.Chip);
            json.WriteString("custody", claims.Custody);
            json.WriteString("anchor", claims.Anchor);
            json.WriteString("tcb", claims.Tcb);
            json.WriteStartArray("advisories");
            foreach (var advisory in claims.Advisories)
            {
                json.WriteStringValue(advisory);
            }

            json.WriteEndArray();
            json.WriteString("reference", claims.Reference);
            json.WriteStartArray("reasons");
            foreach (var reason in claims.Reasons)
            {
                json.WriteStartObject();
                json.WriteString("name", reason.Name);
                json.WriteString("words", reason.Words);
                json.WriteString("remedy", reason.Remedy);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteString("policySha256", Text(claims.PolicyDigest));
            json.WriteString("evidenceSha256", Text(claims.EvidenceDigest));
            json.WriteString("collateralSha256", Text(claims.CollateralDigest));
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    public static ResultClaims? TryRead(ReadOnlyMemory<byte> payload)
    {
        try
        {
            using var document = JsonDocument.Parse(payload, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 });
            var root = document.RootElement;
            if (Get(root, "eat_profile") != ResultClaims.Profile)
            {
                return null;
            }

            var machine = root.GetProperty("submods").GetProperty(ResultClaims.Submodule);
            var own = machine.GetProperty("sojourn");
            var vector = machine.GetProperty("ear.trustworthiness-vector");
            sbyte Claim(string name) => vector.TryGetProperty(name, out var value) ? value.GetSByte() : (sbyte)0;
            var read = new ResultClaims
            {
                Issuer = Get(root, "iss"),
                IssuedAt = DateTimeOffset.FromUnixTimeSeconds(root.GetProperty("iat").GetInt64()),
                Expires = DateTimeOffset.FromUnixTimeSeconds(root.GetProperty("exp").GetInt64()),
                Nonce = Bytes(root, "eat_nonce"),
                Accepted = own.GetProperty("accepted").GetBoolean(),
                Kind = Get(own, "kind"),
                Level = Get(own, "level"),
                Chip = Get(own, "chip"),
                Custody = Get(own, "custody"),
                Anchor = Get(own, "anchor"),
                Tcb = Get(own, "tcb"),
                Advisories = [.. own.GetProperty("advisories").EnumerateArray().Select(item => item.GetString()!)],
                Vector = new TrustVector
                {
                    InstanceIdentity = Claim("instance-identity"),
                    Configuration = Claim("configuration"),
                    Executables = Claim("executables"),
                    FileSystem = Claim("file-system"),
                    Hardware = Claim("hardware"),
                    RuntimeOpaque = Claim("runtime-opaque"),
                    StorageOpaque = Claim("storage-opaque"),
                    SourcedData = Claim("sourced-data"),
                },
                Reference = Get(own, "reference"),
                Reasons = [.. own.GetProperty("reasons").EnumerateArray().Select(item => new ResultReason(Get(item, "name"), Get(item, "words"), Get(item, "remedy")))],
                PolicyName = Get(machine, "ear.appraisal-policy-id"),
                PolicyDigest = Bytes(own, "policySha256"),
                EvidenceDigest = Bytes(own, "evidenceSha256"),
                CollateralDigest = Bytes(own, "collateralSha256"),
            };
            return read.Status == Get(machine, "ear.status") ? read : null;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException or OverflowException)
        {
            return null;
        }
    }

    private static string Get(JsonElement item, string name) => item.GetProperty(name).GetString() ?? throw new FormatException(name);

    private static byte[] Bytes(JsonElement item, string name) => Base64Url.DecodeFromChars(Get(item, name));

    private static string Text(ReadOnlyMemory<byte> bytes) => Base64Url.EncodeToString(bytes.Span);
}
