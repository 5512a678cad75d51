using System.Collections.Immutable;
using System.Globalization;

namespace Sojourn.Protocol.Terms;

/// <summary>The names of regions. A node's profile states regions as bits, policies name them; both are read by this one table. A region is the operator's word: nothing proves it.</summary>
public static class RegionNames
{
    /// <summary>Names of the first bits; the others are called <c>region-N</c> and mean what a network agrees on.</summary>
    private static readonly ImmutableArray<string> Named =
    [
        "eu", "eea", "europe", "uk", "ch", "us", "ca", "north-america", "south-america", "africa", "asia", "oceania", "jp", "in", "cn", "au", "br", "kr", "sg", "il", "za", "mx", "ae", "nz",
    ];

    /// <summary>Every name.</summary>
    public static ImmutableArray<string> All { get; } = [.. Enumerable.Range(0, 64).Select(NameOf)];

    /// <summary>The name of a bit.</summary>
    /// <param name="bit">0 to 63.</param>
    public static string NameOf(int bit) => bit < Named.Length ? Named[bit] : string.Create(CultureInfo.InvariantCulture, $"region-{bit}");

    /// <summary>Reads a name, without regard to case.</summary>
    /// <param name="name">The name.</param>
    /// <param name="bit">Its bit.</param>
    public static bool TryParse(string name, out int bit)
    {
        bit = All.IndexOf(name, 0, StringComparer.OrdinalIgnoreCase);
        return bit >= 0;
    }

    /// <summary>The names that a profile states.</summary>
    /// <param name="bits">One bit each.</param>
    public static ImmutableArray<string> Of(ulong bits) => [.. Enumerable.Range(0, 64).Where(bit => (bits >> bit & 1) != 0).Select(NameOf)];
}
