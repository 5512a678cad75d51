using System.Globalization;

namespace Sojourn.Content.Dag;

/// <summary>How much of a DAG is asked for.</summary>
/// <remarks>Trustless gateway specification, <c>dag-scope</c>.</remarks>
public enum DagScope
{
    /// <summary>Everything below.</summary>
    All,

    /// <summary>A whole file, the blocks that list a directory, or one block of anything else.</summary>
    Entity,

    /// <summary>One block.</summary>
    Block,
}

/// <summary>A byte range of a file as trustless gateways take it: both ends inclusive, negative from the end.</summary>
/// <param name="From">The first byte; negative counts from the end.</param>
/// <param name="To">The last byte, negative counts from the end; null (<c>*</c>) for the end.</param>
/// <remarks>Trustless gateway specification, <c>entity-bytes</c>.</remarks>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
public readonly record struct EntityBytes(long From, long? To)
{
    /// <summary>Reads <c>from:to</c>.</summary>
    /// <param name="text">Such as <c>0:1023</c>, <c>512:*</c> or <c>-1024:*</c>.</param>
    /// <param name="bytes">The range.</param>
    public static bool TryParse(ReadOnlySpan<char> text, out EntityBytes bytes)
    {
        bytes = default;
        var colon = text.IndexOf(':');
        if (colon < 0 || !TryParseEnd(text[..colon], out var from))
        {
            return false;
        }

        var last = text[(colon + 1)..];
        if (last is "*")
        {
            bytes = new EntityBytes(from, null);
            return true;
        }

        if (!TryParseEnd(last, out var to) || ((from < 0) == (to < 0) && to < from))
        {
            return false;
        }

        bytes = new EntityBytes(from, to);
        return true;
    }

    /// <summary>The part of a file that the range selects: start inclusive, end exclusive; both equal where it selects nothing.</summary>
    /// <param name="size">The file's size.</param>
    public (long Start, long End) Within(long size)
    {
        var start = From >= 0 ? From : Math.Max(0, size + From);
        var end = To is not { } to ? size : to >= 0 ? to < size ? to + 1 : size : Math.Max(0, size + to + 1);
        return start < end ? (start, Math.Min(end, size)) : (0, 0);
    }

    /// <summary><c>from:to</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{From}:{(To is { } to ? to.ToString(CultureInfo.InvariantCulture) : "*")}");

    private static bool TryParseEnd(ReadOnlySpan<char> text, out long value) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value) && !text.StartsWith("+") && value > long.MinValue / 2 && value < long.MaxValue / 2;
}

/// <summary>What a trustless gateway is asked for.</summary>
/// <param name="Path">Where it begins.</param>
public sealed record DagRequest(ContentPath Path)
{
    /// <summary>How much of it.</summary>
    public DagScope Scope { get; init; }

    /// <summary>Which part of a file; null for all of it. Implies <see cref="DagScope.Entity"/> where the scope is <see cref="DagScope.All"/>.</summary>
    public EntityBytes? Bytes { get; init; }

    /// <summary>Whether a block that occurs several times is given each time (<c>dups=y</c>).</summary>
    public bool Duplicates { get; init; } = true;
}
