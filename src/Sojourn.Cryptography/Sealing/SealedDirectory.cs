using System.Collections.Immutable;
using Sojourn.Primitives.Cbor;

namespace Sojourn.Cryptography.Sealing;

/// <summary>What an entry of a sealed directory is.</summary>
public enum SealedEntryKind
{
    /// <summary>A file.</summary>
    File,

    /// <summary>A directory that may be empty.</summary>
    Directory,

    /// <summary>A symbolic link.</summary>
    Link,
}

/// <summary>One entry of a sealed directory's manifest.</summary>
/// <param name="Path">Relative, with forward slashes, without <c>.</c> and <c>..</c>.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Offset">Where a file's bytes begin in the content.</param>
/// <param name="Length">How many they are.</param>
/// <param name="Mode">POSIX permission bits, where known.</param>
/// <param name="Modified">Seconds since 1970, where known.</param>
/// <param name="Target">Where a link points.</param>
public sealed record SealedDirectoryEntry(string Path, SealedEntryKind Kind, long Offset, long Length, int? Mode, long? Modified, string? Target);

/// <summary>An entry to be sealed.</summary>
/// <param name="Path">As in <see cref="SealedDirectoryEntry"/>.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Open">Opens a file's bytes; called once, when its turn comes.</param>
/// <param name="Mode">POSIX permission bits, where known.</param>
/// <param name="Modified">Seconds since 1970, where known.</param>
/// <param name="Target">Where a link points.</param>
public sealed record SealedDirectorySource(string Path, SealedEntryKind Kind, Func<Stream>? Open = null, int? Mode = null, long? Modified = null, string? Target = null);

/// <summary>The manifest of a sealed directory: the public sees one body, without names, number, sizes or tree.</summary>
public static class SealedDirectory
{
    /// <summary>Most entries.</summary>
    public const int EntriesMax = 1 << 20;

    /// <summary>Largest manifest, in bytes: 256 MiB.</summary>
    public const int ManifestSizeMax = 256 << 20;

    /// <summary>Longest path, in bytes of UTF-8.</summary>
    public const int PathMax = 4096;

    /// <summary>Whether a path may stand in a manifest: extracting it cannot leave the folder.</summary>
    /// <param name="path">The path.</param>
    public static bool IsPath(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (path.Length is 0 or > PathMax || System.Text.Encoding.UTF8.GetByteCount(path) > PathMax || path.Contains('\0') || path.Contains('\\'))
        {
            return false;
        }

        foreach (var part in path.Split('/'))
        {
            if (part is "" or "." or "..")
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Orders paths by the bytes of their UTF-8 form, as the manifest does.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static int ComparePaths(string left, string right) =>
        System.Text.Encoding.UTF8.GetBytes(left).AsSpan().SequenceCompareTo(System.Text.Encoding.UTF8.GetBytes(right));

    /// <summary>Reads the manifest of an opened directory.</summary>
    /// <param name="content">The directory.</param>
    /// <param name="reader">A reader of its body.</param>
    /// <param name="cancellationToken">Stops the read.</param>
    /// <exception cref="SealedContentException">Not a directory, or its manifest is not what the format asks for.</exception>
    public static async ValueTask<ImmutableArray<SealedDirectoryEntry>> ReadManifestAsync(OpenedContent content, SealedReader reader, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        ArgumentNullException.ThrowIfNull(reader);
        SealedContentException.ThrowIf(content.Metadata.Manifest is null ? SealedFault.ManifestInvalid : SealedFault.None);
        var start = content.Metadata.Manifest!.Value;
        SealedContentException.ThrowIf(reader.Length - start > ManifestSizeMax ? SealedFault.ManifestInvalid : SealedFault.None);
        var bytes = new byte[reader.Length - start];
        _ = await reader.ReadAsync(start, bytes, cancellationToken).ConfigureAwait(false);
        SealedContentException.ThrowIf(TryDecode(bytes, start, out var entries));
        return entries;
    }

    internal static byte[] Encode(IReadOnlyList<SealedDirectoryEntry> entries)
    {
        var writer = new CborWriter(CborProfile.DagCbor, 64 * entries.Count);
        writer.BeginArray();
        foreach (var entry in entries)
        {
            writer.BeginMap();
            writer.WriteKey("path").WriteText(entry.Path);
            writer.WriteKey("kind").WriteInteger((int)entry.Kind);
            if (entry.Kind == SealedEntryKind.File)
            {
                writer.WriteKey("at").WriteInteger(entry.Offset);
                writer.WriteKey("size").WriteInteger(entry.Length);
            }

            if (entry.Mode is { } mode)
            {
                writer.WriteKey("mode").WriteInteger(mode);
            }

            if (entry.Modified is { } modified)
            {
                writer.WriteKey("mtime").WriteInteger(modified);
            }

            if (entry.Target is { } target)
            {
                writer.WriteKey("target").WriteText(target);
            }

            writer.EndMap();
        }

        return writer.EndArray().ToArray();
    }

    internal static SealedFault TryDecode(ReadOnlySpan<byte> bytes, long filesEnd, out ImmutableArray<SealedDirectoryEntry> entries)
    {
        entries = [];
        try
        {
            var reader = new CborReader(bytes, CborProfile.DagCbor, 4);
            var count = reader.ReadArrayHeader(EntriesMax);
            var builder = ImmutableArray.CreateBuilder<SealedDirectoryEntry>(count);
            for (var i = 0; i < count; i++)
            {
                if (!TryReadEntry(ref reader, filesEnd, out var entry) || (i > 0 && ComparePaths(builder[i - 1].Path, entry!.Path) >= 0))
                {
                    return SealedFault.ManifestInvalid;
                }

                builder.Add(entry!);
            }

            reader.ReadEnd();
            if (!IsTree(builder) || Overlap(builder))
            {
                return SealedFault.ManifestInvalid;
            }

            entries = builder.MoveToImmutable();
            return SealedFault.None;
        }
        catch (CborException)
        {
            return SealedFault.ManifestInvalid;
        }
    }

    /// <summary>Whether nothing lies below a file or a link: extracting it would write through a link, or fail half way.</summary>
    private static bool IsTree(IReadOnlyCollection<SealedDirectoryEntry> entries)
    {
        var leaves = entries.Where(entry => entry.Kind != SealedEntryKind.Directory).Select(entry => entry.Path).ToHashSet(StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            for (var slash = entry.Path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = entry.Path.IndexOf('/', slash + 1))
            {
                if (leaves.Contains(entry.Path[..slash]))
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>Whether two files share bytes: a manifest of a few lines could make terabytes out of them.</summary>
    private static bool Overlap(IReadOnlyCollection<SealedDirectoryEntry> entries)
    {
        var end = 0L;
        foreach (var entry in entries.Where(entry => entry.Kind == SealedEntryKind.File && entry.Length > 0).OrderBy(entry => entry.Offset))
        {
            if (entry.Offset < end)
            {
                return true;
            }

            end = entry.Offset + entry.Length;
        }

        return false;
    }

    private static bool TryReadEntry(ref CborReader reader, long filesEnd, out SealedDirectoryEntry? entry)
    {
        entry = null;
        string? path = null, target = null;
        int? kind = null, mode = null;
        long? at = null, size = null, modified = null;
        for (var fields = reader.ReadMapHeader(7); fields > 0; fields--)
        {
            switch (reader.ReadText(8))
            {
                case "at":
                    at = reader.ReadInt64();
                    break;
                case "kind":
                    kind = reader.ReadInt32(0, 2);
                    break;
                case "mode":
                    mode = reader.ReadInt32(0, 4095);
                    break;
                case "path":
                    path = reader.ReadText(PathMax);
                    break;
                case "size":
                    size = reader.ReadInt64();
                    break;
                case "mtime":
                    modified = reader.ReadInt64();
                    break;
                case "target":
                    target = reader.ReadText(PathMax);
                    break;
                default:
                    return false;
            }
        }

        if (path is null || !IsPath(path) || kind is null)
        {
            return false;
        }

        var isFile = kind == (int)SealedEntryKind.File;
        if (isFile != (at is not null && size is not null)
            || (kind == (int)SealedEntryKind.Link) != target is not null
            || (isFile && (at < 0 || size < 0 || at > filesEnd || size > filesEnd - at)))
        {
            return false;
        }

        entry = new SealedDirectoryEntry(path, (SealedEntryKind)kind, at ?? 0, size ?? 0, mode, modified, target);
        return true;
    }
}
