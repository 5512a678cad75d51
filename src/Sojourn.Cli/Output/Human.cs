using System.Globalization;

namespace Sojourn.Cli.Output;

/// <summary>Sizes and times for people, and sizes from people.</summary>
internal static class Human
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    /// <summary>A byte count in binary units: <c>1.5 MiB</c>.</summary>
    public static string Size(long bytes)
    {
        var (value, unit) = ((double)bytes, 0);
        while (Math.Abs(value) >= 1023.95 && unit < Units.Length - 1)
        {
            (value, unit) = (value / 1024, unit + 1);
        }

        return unit == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{bytes} B")
            : string.Create(CultureInfo.InvariantCulture, $"{value:0.0} {Units[unit]}");
    }

    /// <summary>A span of time with its two largest units: <c>1 h 05 min</c>, <c>42 s</c>.</summary>
    public static string Time(TimeSpan time)
    {
        var seconds = (long)Math.Ceiling(Math.Max(0, time.TotalSeconds));
        return seconds switch
        {
            < 60 => $"{seconds} s",
            < 3600 => $"{seconds / 60} min {seconds % 60:00} s",
            < 86400 => $"{seconds / 3600} h {seconds % 3600 / 60:00} min",
            _ => $"{seconds / 86400} d {seconds % 86400 / 3600:00} h",
        };
    }

    /// <summary>Reads <c>1048576</c>, <c>512KiB</c>, <c>1 MiB</c>, <c>2GB</c> (decimal) or <c>4k</c> (binary).</summary>
    /// <returns>False where the text is not a size of at least 0 bytes.</returns>
    public static bool TryParseSize(string? text, out long bytes)
    {
        bytes = 0;
        var trimmed = (text ?? "").Trim();
        var digits = trimmed.TakeWhile(char.IsAsciiDigit).Count();
        if (digits == 0 || !long.TryParse(trimmed.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return false;
        }

        long factor = trimmed[digits..].Trim().ToLowerInvariant() switch
        {
            "" or "b" => 1,
            "k" or "kib" => 1L << 10,
            "m" or "mib" => 1L << 20,
            "g" or "gib" => 1L << 30,
            "t" or "tib" => 1L << 40,
            "kb" => 1_000,
            "mb" => 1_000_000,
            "gb" => 1_000_000_000,
            "tb" => 1_000_000_000_000,
            _ => 0,
        };
        if (factor == 0 || number > long.MaxValue / factor)
        {
            return false;
        }

        bytes = number * factor;
        return true;
    }
}
