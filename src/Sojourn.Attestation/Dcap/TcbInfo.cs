using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

namespace Sojourn.Attestation.Dcap;

/// <summary>One level of a list, the best first.</summary>
internal sealed record TcbLevel(ImmutableArray<byte> SgxComponents, ImmutableArray<byte> TdxComponents, int PceSvn, int IsvSvn, TcbStatus Status, DateTimeOffset Date, ImmutableArray<string> Advisories);

/// <summary>What a TDX module of one major version looks like.</summary>
internal sealed record TdxModuleIdentity(string Id, ReadOnlyMemory<byte> MrSigner, ReadOnlyMemory<byte> Attributes, ReadOnlyMemory<byte> AttributesMask, ImmutableArray<TcbLevel> Levels);

/// <summary>Intel's TCB info, versions 2 and 3 (Intel SGX and TDX Provisioning Certification Service API, version 4).</summary>
internal sealed record TcbInfo(
    string Id, int Version, DateTimeOffset IssueDate, DateTimeOffset NextUpdate, ReadOnlyMemory<byte> Fmspc, ReadOnlyMemory<byte> PceId, int EvaluationDataNumber,
    TdxModuleIdentity? TdxModule, ImmutableArray<TdxModuleIdentity> TdxModuleIdentities, ImmutableArray<TcbLevel> Levels)
{
    public static TcbInfo? TryParse(ReadOnlyMemory<byte> text) => IntelJson.TryParse(text, root =>
    {
        var version = root.GetProperty("version").GetInt32();
        var id = version >= 3 ? root.GetProperty("id").GetString()! : "SGX";
        if (version is not (2 or 3) || root.GetProperty("tcbType").GetInt32() != 0)
        {
            return null;
        }

        TdxModuleIdentity? module = null;
        var identities = ImmutableArray.CreateBuilder<TdxModuleIdentity>();
        if (root.TryGetProperty("tdxModule", out var plain))
        {
            module = Module("", plain, []);
        }

        if (root.TryGetProperty("tdxModuleIdentities", out var list))
        {
            foreach (var item in list.EnumerateArray())
            {
                identities.Add(Module(item.GetProperty("id").GetString()!, item, IntelJson.Levels(item, components: false, tdx: false)));
            }
        }

        return new TcbInfo(
            id, version, IntelJson.Date(root, "issueDate"), IntelJson.Date(root, "nextUpdate"), IntelJson.Hex(root, "fmspc", 6), IntelJson.Hex(root, "pceId", 2),
            root.GetProperty("tcbEvaluationDataNumber").GetInt32(), module, identities.ToImmutable(), IntelJson.Levels(root, components: true, tdx: id == "TDX"));
    });

    private static TdxModuleIdentity Module(string id, JsonElement item, ImmutableArray<TcbLevel> levels) => new(
        id, IntelJson.Hex(item, "mrsigner", 48), IntelJson.Hex(item, "attributes", 8), IntelJson.Hex(item, "attributesMask", 8), levels);
}

/// <summary>Intel's identity of a quoting enclave, version 2.</summary>
internal sealed record QeIdentity(
    string Id, DateTimeOffset IssueDate, DateTimeOffset NextUpdate, int EvaluationDataNumber, ReadOnlyMemory<byte> MiscSelect, ReadOnlyMemory<byte> MiscSelectMask,
    ReadOnlyMemory<byte> Attributes, ReadOnlyMemory<byte> AttributesMask, ReadOnlyMemory<byte> MrSigner, int IsvProdId, ImmutableArray<TcbLevel> Levels)
{
    public static QeIdentity? TryParse(ReadOnlyMemory<byte> text) => IntelJson.TryParse(text, root =>
        root.GetProperty("version").GetInt32() != 2 ? null : new QeIdentity(
            root.GetProperty("id").GetString()!, IntelJson.Date(root, "issueDate"), IntelJson.Date(root, "nextUpdate"), root.GetProperty("tcbEvaluationDataNumber").GetInt32(),
            IntelJson.Hex(root, "miscselect", 4), IntelJson.Hex(root, "miscselectMask", 4), IntelJson.Hex(root, "attributes", 16), IntelJson.Hex(root, "attributesMask", 16),
            IntelJson.Hex(root, "mrsigner", 32), root.GetProperty("isvprodid").GetUInt16(), IntelJson.Levels(root, components: false, tdx: false)));
}

/// <summary>Reading Intel's JSON strictly: no duplicate names, bounded lists, known statuses only.</summary>
internal static class IntelJson
{
    private const int LevelsMax = 512;

    public static T? TryParse<T>(ReadOnlyMemory<byte> text, Func<JsonElement, T?> read)
        where T : class
    {
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 32, AllowDuplicateProperties = false });
            return read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or FormatException or InvalidOperationException or OverflowException or ArgumentException)
        {
            return null;
        }
    }

    public static DateTimeOffset Date(JsonElement item, string name) => DateTimeOffset.ParseExact(
        item.GetProperty(name).GetString()!, "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);

    public static ReadOnlyMemory<byte> Hex(JsonElement item, string name, int length)
    {
        var bytes = Convert.FromHexString(item.GetProperty(name).GetString()!);
        return bytes.Length == length ? bytes : throw new FormatException(name);
    }

    public static ImmutableArray<TcbLevel> Levels(JsonElement item, bool components, bool tdx)
    {
        if (!components && !item.TryGetProperty("tcbLevels", out _))
        {
            return [];
        }

        var levels = ImmutableArray.CreateBuilder<TcbLevel>();
        foreach (var level in item.GetProperty("tcbLevels").EnumerateArray())
        {
            if (levels.Count >= LevelsMax)
            {
                throw new FormatException("tcbLevels");
            }

            var tcb = level.GetProperty("tcb");
            var status = Status(level.GetProperty("tcbStatus").GetString()!);
            var advisories = level.TryGetProperty("advisoryIDs", out var ids) ? [.. ids.EnumerateArray().Select(id => id.GetString()!)] : ImmutableArray<string>.Empty;
            levels.Add(new TcbLevel(
                components ? Components(tcb, "sgxtcbcomponents", "sgxtcbcomp{0:00}svn") : [],
                components && tdx ? Components(tcb, "tdxtcbcomponents", null) : [],
                components ? tcb.GetProperty("pcesvn").GetUInt16() : 0,
                components ? 0 : tcb.GetProperty("isvsvn").GetUInt16(),
                status, Date(level, "tcbDate"), advisories));
        }

        return levels.ToImmutable();
    }

    private static ImmutableArray<byte> Components(JsonElement tcb, string name, string? flatName)
    {
        var svns = ImmutableArray.CreateBuilder<byte>(16);
        if (tcb.TryGetProperty(name, out var list))
        {
            foreach (var component in list.EnumerateArray())
            {
                svns.Add(component.GetProperty("svn").GetByte());
            }
        }
        else if (flatName is not null)
        {
            for (var i = 1; i <= 16; i++)
            {
                svns.Add(tcb.GetProperty(string.Format(CultureInfo.InvariantCulture, flatName, i)).GetByte());
            }
        }

        return svns.Count == 16 ? svns.ToImmutable() : throw new FormatException(name);
    }

    private static TcbStatus Status(string status) => status switch
    {
        "UpToDate" => TcbStatus.UpToDate,
        "SWHardeningNeeded" => TcbStatus.SWHardeningNeeded,
        "ConfigurationNeeded" => TcbStatus.ConfigurationNeeded,
        "ConfigurationAndSWHardeningNeeded" => TcbStatus.ConfigurationAndSWHardeningNeeded,
        "OutOfDate" => TcbStatus.OutOfDate,
        "OutOfDateConfigurationNeeded" => TcbStatus.OutOfDateConfigurationNeeded,
        "Revoked" => TcbStatus.Revoked,
        _ => throw new FormatException(status),
    };
}
