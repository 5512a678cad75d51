using System.Globalization;

namespace Sojourn.Content.Ipfs.Gateway;

/// <summary>One entry of an Accept header.</summary>
/// <param name="Type">The media type, lower case.</param>
/// <param name="Parameters">Its parameters, names lower case.</param>
/// <param name="Quality">Its weight, 0 to 1.</param>
/// <remarks>RFC 9110, section 12.5.1.</remarks>
internal sealed record MediaRange(string Type, IReadOnlyDictionary<string, string> Parameters, double Quality)
{
    private const int EntriesMax = 32;

    /// <summary>Reads a header, best first; malformed entries are skipped.</summary>
    public static IReadOnlyList<MediaRange> Parse(string? header)
    {
        if (string.IsNullOrWhiteSpace(header))
        {
            return [];
        }

        var ranges = new List<MediaRange>();
        foreach (var entry in header.Split(',').Take(EntriesMax))
        {
            var parts = entry.Split(';', StringSplitOptions.TrimEntries);
            if (!parts[0].Contains('/'))
            {
                continue;
            }

            var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var parameter in parts.Skip(1))
            {
                var pair = parameter.Split('=', 2, StringSplitOptions.TrimEntries);
                if (pair.Length == 2)
                {
                    parameters[pair[0].ToLowerInvariant()] = pair[1].Trim('"');
                }
            }

            var quality = parameters.TryGetValue("q", out var q) && double.TryParse(q, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var weight) ? weight : 1;
            if (quality > 0)
            {
                ranges.Add(new MediaRange(parts[0].ToLowerInvariant(), parameters, quality));
            }
        }

        return [.. ranges.OrderByDescending(range => range.Quality)];
    }
}
