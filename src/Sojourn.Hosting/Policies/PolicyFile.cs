using System.Collections.Immutable;
using System.Globalization;
using Sojourn.Attestation;
using Sojourn.Hosting.Yaml;
using Sojourn.Primitives;
using Sojourn.Protocol.Policies;
using Sojourn.Protocol.Terms;

namespace Sojourn.Hosting.Policies;

/// <summary>Policies as people write them: YAML with one key for each clause, unknown keys refused.</summary>
public static class PolicyFile
{
    /// <summary>Reads a policy.</summary>
    /// <param name="file">The file's name, for messages.</param>
    /// <param name="text">The YAML text.</param>
    /// <param name="owner">The owner where the file names none: the signer's account.</param>
    /// <exception cref="YamlFileException">A key or a value is not understood; the message names the line.</exception>
    public static OwnerPolicy Read(string file, string text, Address? owner = null)
    {
        var root = YamlMap.Parse(file, text);
        var kind = root.Required("Kind");
        OwnerPolicy policy = kind.ToLowerInvariant() switch
        {
            "data" => ReadData(root, owner),
            "app" => ReadApp(root, owner),
            _ => throw root.Error("Kind", $"data or app was expected, not '{kind}'"),
        };
        root.Done();
        return policy.Fault() is { } fault ? throw new YamlFileException(file, root.Line, fault) : policy;
    }

    /// <summary>A template with every key, its default and a remark.</summary>
    /// <param name="kind">data or app.</param>
    /// <param name="now">The day it begins.</param>
    public static string Template(string kind, DateTimeOffset now) => string.Format(
        CultureInfo.InvariantCulture,
        kind == "app" ? PolicyTemplates.App : PolicyTemplates.Data,
        now.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        now.UtcDateTime.AddYears(1).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));

    private static DataPolicy ReadData(YamlMap root, Address? owner)
    {
        var output = root.Map("Output");
        var pool = root.Map("Pool");
        var policy = new DataPolicy
        {
            Title = root.Required("Title"),
            Owner = OwnerOf(root, owner),
            Revision = (int)(root.Number("Revision", 1, int.MaxValue) ?? 1),
            Replaces = root.Text("Replaces") is { } replaces ? CidOf(root, "Replaces", replaces) : null,
            NotBefore = Instant(root, "From"),
            NotAfter = Instant(root, "Until"),
            Requesters = Requesters(root, out var any),
            AnyRequester = any,
            Proof = ReadProof(root.Map("Proof")),
            Limits = ReadLimits(root.Map("Limits")),
            Price = ReadPrice(root.Map("Price")),
            Code = [.. root.Texts("Code").Select(text => CidOf(root, "Code", text))],
            AppOwners = [.. root.Texts("AppOwners").Select(text => AddressOf(root, "AppOwners", text))],
            Output = output is null ? new OutputRule() : ReadOutput(output),
            Pool = pool is null ? null : new PoolRule
            {
                Members = [.. pool.Texts("Members").Select(text => AddressOf(pool, "Members", text))],
                MembersMin = (int)(pool.Number("Least", 1, int.MaxValue) ?? 1),
            },
        };
        output?.Done();
        pool?.Done();
        return policy;
    }

    private static AppPolicy ReadApp(YamlMap root, Address? owner) => new()
    {
        Title = root.Required("Title"),
        Owner = OwnerOf(root, owner),
        Revision = (int)(root.Number("Revision", 1, int.MaxValue) ?? 1),
        Replaces = root.Text("Replaces") is { } replaces ? CidOf(root, "Replaces", replaces) : null,
        NotBefore = Instant(root, "From"),
        NotAfter = Instant(root, "Until"),
        Requesters = Requesters(root, out var any),
        AnyRequester = any,
        Proof = ReadProof(root.Map("Proof")),
        Limits = ReadLimits(root.Map("Limits")),
        Price = ReadPrice(root.Map("Price")),
        Code = [.. root.Texts("Code").Select(text => CidOf(root, "Code", text))],
        OutputMayRevealCode = root.Flag("OutputMayRevealCode") ?? false,
        GuardedOutputBytesMax = root.Size("GuardedOutput") ?? (4 << 10),
    };

    private static ImmutableArray<Address> Requesters(YamlMap root, out bool any)
    {
        var texts = root.Texts("Requesters");
        any = texts is ["any"];
        return any ? [] : [.. texts.Select(text => AddressOf(root, "Requesters", text))];
    }

    private static ProofRequirement ReadProof(YamlMap? map)
    {
        if (map is null)
        {
            return new ProofRequirement();
        }

        var proof = new ProofRequirement();
        var measurements = map.Maps("Measurements").Select(ReadMeasurement).ToImmutableArray();
        proof = proof with
        {
            Level = map.Text("Level") is not { } level ? proof.Level
                : TrustLevels.TryParse(level, out var parsed) ? parsed : throw Named(map, "Level", level, ["simulated", "tpm", "tee", "tee+tpm"]),
            Kinds = [.. map.Texts("Kinds").Select(text => PolicyCodec.TryParseKind(text, out var kind) ? kind : throw Named(map, "Kinds", text, [.. PolicyCodec.KindNames]))],
            Custody = map.Text("Custody") is not { } custody ? proof.Custody
                : PolicyCodec.TryParseCustody(custody, out var known) ? known : throw Named(map, "Custody", custody, [.. PolicyCodec.CustodyNames]),
            TcbStatuses = map.Texts("Tcb") is { Count: > 0 } statuses
                ? [.. statuses.Select(text => Enum.TryParse<TcbStatus>(text, ignoreCase: true, out var status) && Enum.IsDefined(status) ? status : throw Named(map, "Tcb", text, Enum.GetNames<TcbStatus>()))]
                : proof.TcbStatuses,
            TcbEvaluationMin = (int)(map.Number("TcbEvaluation", 0, int.MaxValue) ?? 0),
            AnyMeasurement = map.Flag("AnyMeasurement") ?? false,
            Measurements = measurements,
            RequireChip = map.Flag("Chip") ?? false,
            RequireRevocation = map.Flag("Revocation") ?? true,
            Regions = [.. map.Texts("Regions").Select(text => RegionNames.TryParse(text, out var bit) ? RegionNames.NameOf(bit) : throw Named(map, "Regions", text, [.. RegionNames.All]))],
            VerifiersMin = (int)(map.Number("Verifiers", 0, 100_000) ?? 1),
            AgeMax = map.Duration("AgeMax") ?? proof.AgeMax,
        };
        map.Done();
        return proof;
    }

    private static ReferenceSet ReadMeasurement(YamlMap map)
    {
        var set = new ReferenceSet
        {
            Name = map.Required("Name"),
            Endorser = map.Text("Endorser") ?? "",
            Values = map.Pairs("Values").ToImmutableSortedDictionary(
                pair => pair.Key,
                pair => pair.Value.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                    .Select(value => value.Length > 0 && value.Length % 2 == 0 && value.All(char.IsAsciiHexDigit) ? value.ToLowerInvariant() : throw map.Error("Values", $"hexadecimal digits were expected, not '{value}'"))
                    .ToImmutableSortedSet(StringComparer.Ordinal),
                StringComparer.Ordinal),
        };
        map.Done();
        return set;
    }

    private static UseLimits ReadLimits(YamlMap? map)
    {
        if (map is null)
        {
            return new UseLimits();
        }

        var limits = new UseLimits
        {
            Uses = map.Number("Uses", 0, long.MaxValue),
            Draws = map.Number("Draws", 0, long.MaxValue),
            Period = map.Duration("Period"),
            PeriodUses = map.Number("PeriodUses", 0, long.MaxValue),
            PeriodOutputBytes = map.Size("PeriodOutput"),
        };
        map.Done();
        return limits;
    }

    private static PriceRule ReadPrice(YamlMap? map)
    {
        if (map is null)
        {
            return new PriceRule();
        }

        var price = new PriceRule
        {
            PerUse = map.Text("PerUse") is not { } text ? Amount.Zero
                : Amount.TryParse(text, out var amount) ? amount : throw map.Error("PerUse", $"a whole number of smallest units was expected, not '{text}'"),
            Shares = [.. map.Maps("Shares").Select(share =>
            {
                var read = new PayShare(AddressOf(share, "To", share.Required("To")), (int)(share.Number("Parts", 1, int.MaxValue) ?? 1));
                share.Done();
                return read;
            })],
        };
        map.Done();
        return price;
    }

    private static OutputRule ReadOutput(YamlMap map)
    {
        var recipients = map.Texts("Recipients");
        var any = recipients is ["requester"];
        return new OutputRule
        {
            BytesMax = map.Size("Size") ?? (64 << 10),
            AnyRecipient = any,
            Recipients = any ? [] : [.. recipients.Select(text => KeyOf(map, text))],
            Public = map.Flag("Public") ?? false,
            Guards = [.. map.Texts("Guards").Select(text => CidOf(map, "Guards", text))],
        };
    }

    private static ReadOnlyMemory<byte> KeyOf(YamlMap map, string text)
    {
        try
        {
            var bytes = Convert.FromHexString(text.StartsWith("0x", StringComparison.Ordinal) ? text[2..] : text);
            if (Sojourn.Cryptography.HybridEncryption.HpkePublicKey.TryImport(Sojourn.Cryptography.HybridEncryption.HpkeKem.P256, bytes, out _))
            {
                return bytes;
            }
        }
        catch (FormatException)
        {
            // Told below.
        }

        throw map.Error("Recipients", $"'requester', or public keys (P-256, uncompressed, 130 hexadecimal digits; see 'sojourn keys show') were expected, not '{text}'");
    }

    private static Address OwnerOf(YamlMap root, Address? owner) => root.Text("Owner") is { } text
        ? AddressOf(root, "Owner", text)
        : owner ?? throw root.Error("Owner", "the owner's account is missing");

    private static Address AddressOf(YamlMap map, string key, string text) =>
        Address.TryParse(text, out var address) && !address.IsZero ? address : throw map.Error(key, $"an account (0x and 40 hexadecimal digits) was expected, not '{text}'");

    private static Cid CidOf(YamlMap map, string key, string text) =>
        Cid.TryParse(text, out var cid) ? cid : throw map.Error(key, $"a CID was expected, not '{text}'");

    private static DateTimeOffset Instant(YamlMap map, string key) =>
        DateTimeOffset.TryParse(map.Required(key), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var instant) && instant >= DateTimeOffset.UnixEpoch
            ? instant
            : throw map.Error(key, "a date such as 2030-01-31 was expected");

    private static YamlFileException Named(YamlMap map, string key, string text, string[] words)
    {
        var near = NearestWord.Of(text, words);
        return map.Error(key, $"one of {string.Join(", ", words)} was expected, not '{text}'{(near is null ? "" : $"; did you mean {near}?")}");
    }
}
