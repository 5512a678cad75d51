using System.Globalization;

namespace Sojourn.Content.Ipfs.Gateway;

/// <summary>What a Range header asks of a representation of known length.</summary>
internal enum RangeVerdict
{
    /// <summary>No range, or one that is to be ignored: send everything.</summary>
    Whole,

    /// <summary>Send the part.</summary>
    Part,

    /// <summary>No byte of it exists: 416.</summary>
    Unsatisfiable,
}

/// <summary>Reads Range headers.</summary>
/// <remarks>RFC 9110, section 14. Of several ranges the first is sent alone, as the path gateway specification allows.</remarks>
internal static class RangeRequest
{
    /// <summary>Reads a header.</summary>
    /// <param name="header">The header, or null.</param>
    /// <param name="length">The length of what is served.</param>
    /// <param name="first">The first byte to send.</param>
    /// <param name="count">How many bytes to send.</param>
    public static RangeVerdict Parse(string? header, long length, out long first, out long count)
    {
        (first, count) = (0, length);
        if (header is null || !header.StartsWith("bytes=", StringComparison.OrdinalIgnoreCase))
        {
            return RangeVerdict.Whole;
        }

        var spec = header[6..].Split(',')[0].Trim();
        var dash = spec.IndexOf('-', StringComparison.Ordinal);
        if (dash < 0)
        {
            return RangeVerdict.Whole;
        }

        var (left, right) = (spec[..dash], spec[(dash + 1)..]);
        if (left.Length == 0)
        {
            if (!TryNumber(right, out var suffix))
            {
                return RangeVerdict.Whole;
            }

            count = Math.Min(suffix, length);
            first = length - count;
            return count == 0 ? RangeVerdict.Unsatisfiable : RangeVerdict.Part;
        }

        if (!TryNumber(left, out var from) || (right.Length > 0 && (!TryNumber(right, out var to) || to < from)))
        {
            return RangeVerdict.Whole;
        }

        if (from >= length)
        {
            return RangeVerdict.Unsatisfiable;
        }

        var last = right.Length == 0 ? length - 1 : Math.Min(long.Parse(right, NumberStyles.None, CultureInfo.InvariantCulture), length - 1);
        first = from;
        count = last - from + 1;
        return RangeVerdict.Part;
    }

    private static bool TryNumber(string text, out long number)
        => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
