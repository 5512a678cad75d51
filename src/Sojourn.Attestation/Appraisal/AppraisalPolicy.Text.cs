using System.Buffers;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using Sojourn.Attestation.SevSnp;

namespace Sojourn.Attestation;

/// <content>The policy's text form: JSON with every member present, in a fixed order, so that its digest names it.</content>
public sealed partial record AppraisalPolicy
{
    /// <summary>SHA-256 of <see cref="ToJson"/>.</summary>
    public byte[] Digest() => SHA256.HashData(ToJson());

    /// <summary>The canonical text.</summary>
    /// <param name="indented">For a person; the digest is over the text that is not.</param>
    public byte[] ToJson(bool indented = false)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = indented }))
        {
            json.WriteStartObject();
            json.WriteString("name", Name);
            json.WriteString("minimumLevel", MinimumLevel.Name());
            Strings(json, "kinds", Kinds.Select(kind => kind.ToString()));
            json.WriteBoolean("developmentLedger", DevelopmentLedger);
            json.WriteStartArray("referenceValues");
            foreach (var set in ReferenceValues)
            {
                json.WriteStartObject();
                json.WriteString("name", set.Name);
                json.WriteString("endorser", set.Endorser);
                json.WriteStartObject("values");
                foreach (var (name, values) in set.Values)
                {
                    Strings(json, name, values);
                }

                json.WriteEndObject();
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteBoolean("anyMeasurement", AnyMeasurement);
            Strings(json, "tcbStatuses", TcbStatuses.Select(status => status.ToString()));
            json.WriteNumber("tcbEvaluationMinimum", TcbEvaluationMinimum);
            json.WriteStartObject("snpMinimum");
            foreach (var (product, floor) in SnpMinimum)
            {
                json.WriteStartObject(product);
                json.WriteNumber("bootLoader", floor.BootLoader);
                json.WriteNumber("tee", floor.Tee);
                json.WriteNumber("snp", floor.Snp);
                json.WriteNumber("microcode", floor.Microcode);
                json.WriteNumber("fmc", floor.Fmc);
                json.WriteEndObject();
            }

            json.WriteEndObject();
            Strings(json, "snpPlatformRequired", SnpPlatformRequired.Select(feature => feature.ToString()));
            Strings(json, "snpPlatformForbidden", SnpPlatformForbidden.Select(feature => feature.ToString()));
            json.WriteNumber("vmplMaximum", VmplMaximum);
            json.WriteBoolean("allowMigrationAgent", AllowMigrationAgent);
            json.WriteBoolean("allowDebug", AllowDebug);
            json.WriteBoolean("allowSeptVe", AllowSeptVe);
            json.WriteBoolean("requireRevocation", RequireRevocation);
            json.WriteString("minimumCustody", MinimumCustody.ToString());
            json.WriteBoolean("requireChip", RequireChip);
            Strings(json, "chips", Chips.Select(chip => chip.ToString()).Order(StringComparer.Ordinal));
            json.WriteStartArray("requiredPcrs");
            foreach (var pcr in RequiredPcrs)
            {
                json.WriteNumberValue(pcr);
            }

            json.WriteEndArray();
            json.WriteBoolean("allowSha1Pcrs", AllowSha1Pcrs);
            json.WriteBoolean("requireIma", RequireIma);
            Strings(json, "knownFiles", KnownFiles.Order(StringComparer.Ordinal));
            json.WriteBoolean("requireEventLog", RequireEventLog);
            json.WriteBoolean("requireSecureBoot", RequireSecureBoot);
            json.WriteBoolean("requireWrapKey", RequireWrapKey);
            json.WriteNumber("ageMaximumSeconds", (long)AgeMaximum.TotalSeconds);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads a policy's text. Members that are absent take the strict default; unknown or doubled members are refused.</summary>
    /// <param name="text">JSON.</param>
    /// <param name="policy">The policy, or null.</param>
    /// <param name="problem">What is wrong with the text.</param>
    public static bool TryParse(ReadOnlyMemory<byte> text, out AppraisalPolicy? policy, out string problem)
    {
        policy = null;
        problem = "";
        var name = "";
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16, CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            var read = new AppraisalPolicy();
            foreach (var member in document.RootElement.EnumerateObject())
            {
                name = member.Name;
                read = Apply(read, member.Name, member.Value);
            }

            policy = read;
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or ArgumentException or KeyNotFoundException or OverflowException)
        {
            problem = name.Length == 0 ? "the policy is not a JSON object" : $"the policy's member \"{name}\" is unknown or has a value that is not allowed there";
            return false;
        }
    }

    private static AppraisalPolicy Apply(AppraisalPolicy policy, string name, JsonElement value) => name switch
    {
        "name" => policy with { Name = value.GetString()! },
        "minimumLevel" => TrustLevels.TryParse(value.GetString(), out var level) ? policy with { MinimumLevel = level } : throw new FormatException(),
        "kinds" => policy with { Kinds = [.. value.EnumerateArray().Select(Named<EvidenceKind>)] },
        "developmentLedger" => policy with { DevelopmentLedger = value.GetBoolean() },
        "referenceValues" => policy with { ReferenceValues = [.. value.EnumerateArray().Select(ReadSet)] },
        "anyMeasurement" => policy with { AnyMeasurement = value.GetBoolean() },
        "tcbStatuses" => policy with { TcbStatuses = [.. value.EnumerateArray().Select(Named<TcbStatus>)] },
        "tcbEvaluationMinimum" => policy with { TcbEvaluationMinimum = value.GetInt32() },
        "snpMinimum" => policy with { SnpMinimum = value.EnumerateObject().ToImmutableSortedDictionary(p => p.Name, p => ReadFloor(p.Value), StringComparer.Ordinal) },
        "snpPlatformRequired" => policy with { SnpPlatformRequired = [.. value.EnumerateArray().Select(Named<SnpPlatformFeature>)] },
        "snpPlatformForbidden" => policy with { SnpPlatformForbidden = [.. value.EnumerateArray().Select(Named<SnpPlatformFeature>)] },
        "vmplMaximum" => policy with { VmplMaximum = value.GetInt32() },
        "allowMigrationAgent" => policy with { AllowMigrationAgent = value.GetBoolean() },
        "allowDebug" => policy with { AllowDebug = value.GetBoolean() },
        "allowSeptVe" => policy with { AllowSeptVe = value.GetBoolean() },
        "requireRevocation" => policy with { RequireRevocation = value.GetBoolean() },
        "minimumCustody" => policy with { MinimumCustody = Named<CustodyClass>(value) },
        "requireChip" => policy with { RequireChip = value.GetBoolean() },
        "chips" => policy with { Chips = [.. value.EnumerateArray().Select(item => ChipIdentity.TryParse(item.GetString(), out var chip) ? chip : throw new FormatException())] },
        "requiredPcrs" => policy with { RequiredPcrs = [.. value.EnumerateArray().Select(item => item.GetInt32() is >= 0 and < 24 and var pcr ? pcr : throw new FormatException())] },
        "allowSha1Pcrs" => policy with { AllowSha1Pcrs = value.GetBoolean() },
        "requireIma" => policy with { RequireIma = value.GetBoolean() },
        "knownFiles" => policy with { KnownFiles = value.EnumerateArray().Select(item => item.GetString()!.ToLowerInvariant()).ToImmutableHashSet(StringComparer.Ordinal) },
        "requireEventLog" => policy with { RequireEventLog = value.GetBoolean() },
        "requireSecureBoot" => policy with { RequireSecureBoot = value.GetBoolean() },
        "requireWrapKey" => policy with { RequireWrapKey = value.GetBoolean() },
        "ageMaximumSeconds" => policy with { AgeMaximum = TimeSpan.FromSeconds(value.GetInt64()) },
        _ => throw new FormatException(name),
    };

    private static ReferenceSet ReadSet(JsonElement item) => new()
    {
        Name = item.GetProperty("name").GetString()!,
        Endorser = item.TryGetProperty("endorser", out var endorser) ? endorser.GetString()! : "",
        Values = item.GetProperty("values").EnumerateObject().ToImmutableSortedDictionary(
            p => p.Name,
            p => (p.Value.ValueKind == JsonValueKind.Array ? p.Value.EnumerateArray().Select(v => v.GetString()!) : [p.Value.GetString()!])
                .Select(v => Convert.ToHexStringLower(Convert.FromHexString(v))).ToImmutableSortedSet(StringComparer.Ordinal),
            StringComparer.Ordinal),
    };

    private static SnpTcbFloor ReadFloor(JsonElement item) => new(
        item.GetProperty("bootLoader").GetInt32(), item.GetProperty("tee").GetInt32(), item.GetProperty("snp").GetInt32(), item.GetProperty("microcode").GetInt32(),
        item.TryGetProperty("fmc", out var fmc) ? fmc.GetInt32() : 0);

    /// <summary>By name alone: the platform's own reading takes numbers and adds up lists of names, which would make one status of two.</summary>
    private static T Named<T>(JsonElement item)
        where T : struct, Enum
    {
        var text = item.GetString();
        foreach (var value in Enum.GetValues<T>())
        {
            if (string.Equals(value.ToString(), text, StringComparison.OrdinalIgnoreCase))
            {
                return value;
            }
        }

        throw new FormatException();
    }

    private static void Strings(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }
}
