using System.Collections.Immutable;

namespace Sojourn.Enclave.Guarding;

/// <summary>Strikes ranges out of an output.</summary>
internal static class Striking
{
    /// <summary>Removes the ranges.</summary>
    /// <param name="files">The output.</param>
    /// <param name="strikes">The ranges; they may overlap.</param>
    /// <param name="struck">How many bytes were removed.</param>
    /// <returns>The output without them, or null where a range lies outside its file.</returns>
    public static ImmutableSortedDictionary<string, byte[]>? Apply(ImmutableSortedDictionary<string, byte[]> files, IEnumerable<Strike> strikes, out long struck)
    {
        struck = 0;
        foreach (var group in strikes.GroupBy(strike => strike.File, StringComparer.Ordinal))
        {
            if (!files.TryGetValue(group.Key, out var content))
            {
                return null;
            }

            using var rest = new MemoryStream(content.Length);
            long at = 0;
            foreach (var strike in group.OrderBy(strike => strike.Offset))
            {
                if (strike.Offset < 0 || strike.Length < 0 || strike.Offset > content.Length || strike.Length > content.Length - strike.Offset)
                {
                    return null;
                }

                if (strike.Offset > at)
                {
                    rest.Write(content, (int)at, (int)(strike.Offset - at));
                }

                at = Math.Max(at, strike.Offset + strike.Length);
            }

            rest.Write(content, (int)at, content.Length - (int)at);
            struck += content.Length - rest.Length;
            files = files.SetItem(group.Key, rest.ToArray());
        }

        return files;
    }
}
