using System.Text.Json;

namespace Sojourn.Content.Ipfs.Routing;

/// <summary>Who may have some content, as a delegated router says.</summary>
/// <param name="Schema">The record's schema; only <c>peer</c> and the legacy <c>bitswap</c> are understood.</param>
/// <param name="Id">The peer's identity, as text.</param>
/// <param name="Addresses">Multiaddresses.</param>
/// <param name="Protocols">Transfer protocols, such as <c>transport-ipfs-gateway-http</c>.</param>
/// <remarks>Delegated Routing V1 HTTP API, "Known Schemas".</remarks>
public sealed record ProviderRecord(string Schema, string Id, IReadOnlyList<string> Addresses, IReadOnlyList<string> Protocols)
{
    /// <summary>The most addresses kept of one record.</summary>
    public const int AddressesMax = 64;

    /// <summary>Reads a record; null where it is none.</summary>
    internal static ProviderRecord? From(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object || Text(json, "Schema") is not { } schema)
        {
            return null;
        }

        // A legacy record names its one protocol instead of a list.
        var protocols = Texts(json, "Protocols");
        if (schema == "bitswap" && Text(json, "Protocol") is { } legacy)
        {
            protocols = [legacy];
        }

        return new ProviderRecord(schema, Text(json, "ID") ?? "", Texts(json, "Addrs"), protocols);
    }

    private static string? Text(JsonElement json, string name)
        => json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static IReadOnlyList<string> Texts(JsonElement json, string name)
        => json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Take(AddressesMax).Select(item => item.GetString()!)]
            : [];
}
