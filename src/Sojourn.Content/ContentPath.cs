using System.Diagnostics.CodeAnalysis;
using Sojourn.Primitives;

namespace Sojourn.Content;

/// <summary>A CID and the names to follow from it: <c>/ipfs/CID/a/b</c>, <c>ipfs://CID/a/b</c> or <c>CID/a/b</c>.</summary>
public sealed record ContentPath
{
    /// <summary>The longest text that is read, in characters.</summary>
    public const int TextCharsMax = 16 << 10;

    private ContentPath(Cid root, IReadOnlyList<string> segments)
    {
        Root = root;
        Segments = segments;
    }

    /// <summary>Where the path begins.</summary>
    public Cid Root { get; }

    /// <summary>The names to follow, decoded; none is empty.</summary>
    public IReadOnlyList<string> Segments { get; }

    /// <summary>A path from its parts.</summary>
    /// <param name="root">Where the path begins.</param>
    /// <param name="segments">The names to follow.</param>
    public static ContentPath Of(Cid root, params IReadOnlyList<string> segments) => new(root, [.. segments]);

    /// <summary>Reads a path. In <c>ipfs://</c> URLs names are percent-decoded, elsewhere only where asked.</summary>
    /// <param name="text">The text; empty segments are dropped, <c>.</c> and <c>..</c> are names like others.</param>
    /// <param name="percentEncoded">Whether names are percent-encoded, as in an HTTP request.</param>
    /// <param name="path">The path, or null.</param>
    /// <param name="fault">Why its CID is none; <see cref="CidFault.None"/> where another part is malformed.</param>
    public static bool TryParse(string? text, bool percentEncoded, [NotNullWhen(true)] out ContentPath? path, out CidFault fault)
    {
        path = null;
        fault = CidFault.Empty;
        if (string.IsNullOrEmpty(text) || text.Length > TextCharsMax)
        {
            fault = text is null or "" ? CidFault.Empty : CidFault.TextTooLong;
            return false;
        }

        var url = text.StartsWith("ipfs://", StringComparison.OrdinalIgnoreCase);
        var rest = url ? text[7..] : text.StartsWith("/ipfs/", StringComparison.Ordinal) ? text[6..] : text;
        rest = url && rest.StartsWith("ipfs/", StringComparison.Ordinal) ? rest[5..] : rest;
        if (url && rest.IndexOfAny(['?', '#']) is var cut and >= 0)
        {
            rest = rest[..cut];
        }

        // A whole text may be a CID whose base has the slash as a digit.
        if (Cid.TryParse(rest, out var whole, out fault))
        {
            path = new ContentPath(whole, []);
            return true;
        }

        var parts = rest.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length == 0 || !Cid.TryParse(parts[0], out var root, out fault))
        {
            return false;
        }

        var segments = parts[1..];
        if (url || percentEncoded)
        {
            for (var i = 0; i < segments.Length; i++)
            {
                segments[i] = Uri.UnescapeDataString(segments[i]);
            }
        }

        path = new ContentPath(root, segments);
        return true;
    }

    /// <summary>Reads a path whose names are not percent-encoded (but in <c>ipfs://</c> URLs).</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="ContentException">It is no path.</exception>
    public static ContentPath Parse(string text) => TryParse(text, percentEncoded: false, out var path, out var fault)
        ? path
        : text.StartsWith("/ipns/", StringComparison.Ordinal) || text.StartsWith("ipns://", StringComparison.OrdinalIgnoreCase)
        ? throw new ContentException(ContentFault.BadPath, $"'{(text.Length <= 120 ? text : text[..117] + "...")}' is a name that may lead elsewhere tomorrow; content is named by its CID here, such as /ipfs/CID/name.")
        : throw new ContentException(ContentFault.BadPath, $"'{(text.Length <= 120 ? text : text[..117] + "...")}' is not a content path such as /ipfs/CID/name: {CidFaults.Explain(fault)}.");

    /// <summary><c>/ipfs/CID/a/b</c>, names as they are.</summary>
    public override string ToString() => Segments.Count == 0 ? $"/ipfs/{Root}" : $"/ipfs/{Root}/{string.Join('/', Segments)}";

    /// <inheritdoc/>
    public bool Equals(ContentPath? other) => other is not null && Root == other.Root && Segments.SequenceEqual(other.Segments, StringComparer.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Root, Segments.Count);
}
