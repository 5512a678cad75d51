using Sojourn.Content.Dag;

namespace Sojourn.Content.Ipfs.Gateway;

/// <summary>Why a request is refused before any content is looked at.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Message">What is wrong and what was expected.</param>
internal sealed record GatewayRefusal(int Status, string Message);

/// <summary>What a client asks for, read from its URL and headers. Pure, so that every corner can be tested.</summary>
/// <param name="Path">The content.</param>
/// <param name="Format">In which form.</param>
/// <param name="Car">What the CAR holds; for other forms the default.</param>
/// <param name="FileName">The name to save under, as asked by <c>filename</c>; null where not asked.</param>
/// <param name="Download">Whether the answer is to be saved rather than shown.</param>
/// <param name="TrailingSlash">Whether the path ends in a slash.</param>
/// <remarks>Trustless Gateway and Path Gateway specifications; IPIP-0402, IPIP-0412, IPIP-0523.</remarks>
internal sealed record GatewayRequest(ContentPath Path, GatewayFormat Format, DagRequest Car, string? FileName, bool Download, bool TrailingSlash)
{
    private const string RawType = "application/vnd.ipld.raw";
    private const string CarType = "application/vnd.ipld.car";

    /// <summary>Reads a request.</summary>
    /// <param name="path">The URL's path as sent, percent-encoded, beginning with <c>/ipfs/</c>.</param>
    /// <param name="query">A query field's value, or null.</param>
    /// <param name="accept">The Accept header, or null.</param>
    /// <param name="request">The request, or null.</param>
    /// <returns>Why it is refused, or null.</returns>
    public static GatewayRefusal? TryParse(string path, Func<string, string?> query, string? accept, out GatewayRequest? request)
    {
        request = null;
        if (!ContentPath.TryParse(path, percentEncoded: true, out var content, out var fault))
        {
            return new GatewayRefusal(400, $"'{Shorten(path)}' is no /ipfs/CID/path: {Sojourn.Primitives.CidFaults.Explain(fault)}");
        }

        var ranges = MediaRange.Parse(accept);
        if (Negotiate(query("format"), ranges, out var format, out var parameters) is { } refused)
        {
            return refused;
        }

        var car = new DagRequest(content) { Duplicates = false };
        if (format == GatewayFormat.Car && ParseCar(query, parameters, ref car) is { } bad)
        {
            return bad;
        }

        var fileName = query("filename");
        request = new GatewayRequest(content, format, car, string.IsNullOrEmpty(fileName) ? null : fileName, query("download") == "true", path.EndsWith('/'));
        return null;
    }

    // The URL's format beats the header; the header's parameters still count where it names the same type.
    private static GatewayRefusal? Negotiate(string? format, IReadOnlyList<MediaRange> ranges, out GatewayFormat chosen, out IReadOnlyDictionary<string, string>? parameters)
    {
        parameters = ranges.FirstOrDefault(range => range.Type == CarType)?.Parameters;
        chosen = GatewayFormat.Content;
        switch (format)
        {
            case null or "":
                break;
            case "raw":
                chosen = GatewayFormat.Raw;
                return null;
            case "car":
                chosen = GatewayFormat.Car;
                return null;
            case "dag-json":
                chosen = GatewayFormat.DagJson;
                return null;
            case "dag-cbor":
                chosen = GatewayFormat.DagCbor;
                return null;
            case "json":
                chosen = GatewayFormat.Json;
                return null;
            case "cbor":
                chosen = GatewayFormat.Cbor;
                return null;
            case "tar" or "ipns-record":
                return new GatewayRefusal(406, $"format={format} is not offered; raw, car, dag-json, dag-cbor, json and cbor are");
            default:
                return new GatewayRefusal(400, $"format={Shorten(format)} is unknown; raw, car, dag-json, dag-cbor, json and cbor are offered");
        }

        foreach (var range in ranges)
        {
            GatewayFormat? offered = range.Type switch
            {
                RawType => GatewayFormat.Raw,
                CarType => GatewayFormat.Car,
                "application/vnd.ipld.dag-json" => GatewayFormat.DagJson,
                "application/vnd.ipld.dag-cbor" => GatewayFormat.DagCbor,

                // What browsers send, and application/json, which any JSON file answers, are no wish for a block's form.
                _ => null,
            };
            if (offered is not null)
            {
                chosen = offered.Value;
                parameters = offered == GatewayFormat.Car ? range.Parameters : null;
                return null;
            }

            if (range.Type is "*/*" or "text/html" or "application/*")
            {
                break;
            }
        }

        return ranges.Count > 0 && ranges.All(range => range.Type is "application/vnd.ipfs.ipns-record" or "application/x-tar")
            ? new GatewayRefusal(406, "none of the types in Accept is offered")
            : null;
    }

    private static GatewayRefusal? ParseCar(Func<string, string?> query, IReadOnlyDictionary<string, string>? accept, ref DagRequest car)
    {
        string? Parameter(string name) => query($"car-{name}") is { Length: > 0 } asked ? asked : accept is not null && accept.TryGetValue(name, out var value) ? value : null;
        if (Parameter("version") is not (null or "1"))
        {
            return new GatewayRefusal(400, "only CAR version 1 is offered");
        }

        // Depth first satisfies "unk" as well.
        if (Parameter("order") is not (null or "dfs" or "unk"))
        {
            return new GatewayRefusal(400, "a CAR's order is dfs or unk");
        }

        bool? duplicates = Parameter("dups") switch { null or "n" => false, "y" => true, _ => null };
        if (duplicates is null)
        {
            return new GatewayRefusal(400, "a CAR's dups is y or n");
        }

        DagScope? scope = query("dag-scope") switch { null or "" or "all" => DagScope.All, "entity" => DagScope.Entity, "block" => DagScope.Block, _ => null };
        if (scope is null)
        {
            return new GatewayRefusal(400, "dag-scope is all, entity or block");
        }

        EntityBytes? range = null;
        if (query("entity-bytes") is { Length: > 0 } text)
        {
            if (!EntityBytes.TryParse(text, out var bytes))
            {
                return new GatewayRefusal(400, $"entity-bytes={Shorten(text)} is no range FROM:TO, such as 0:1023, -1024:* or 0:*");
            }

            range = bytes;
        }

        car = car with { Scope = scope.Value, Bytes = range, Duplicates = duplicates.Value };
        return null;
    }

    private static string Shorten(string text) => text.Length <= 120 ? text : text[..117] + "...";
}
