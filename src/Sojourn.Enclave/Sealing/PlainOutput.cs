using System.Collections.Immutable;
using System.Text;
using Sojourn.Content;
using Sojourn.Content.Codecs;
using Sojourn.Content.Import;
using Sojourn.Content.UnixFs;
using Sojourn.Enclave.Fetching;
using Sojourn.Primitives;

namespace Sojourn.Enclave.Sealing;

/// <summary>Writes a public output as an ordinary UnixFS folder.</summary>
internal static class PlainOutput
{
    /// <summary>Writes the files.</summary>
    /// <param name="files">Files by path.</param>
    /// <param name="blocks">Where blocks go.</param>
    /// <returns>The folder's root.</returns>
    public static Cid Write(ImmutableSortedDictionary<string, byte[]> files, ChannelBlocks blocks) =>
        Folder([.. files.Select(file => (file.Key.Split('/'), file.Value))], 0, blocks).Cid;

    private static (Cid Cid, ulong Size) Folder(IReadOnlyList<(string[] Path, byte[] Content)> files, int depth, ChannelBlocks blocks)
    {
        var links = new List<PbLink>();
        foreach (var group in files.GroupBy(file => file.Path[depth], StringComparer.Ordinal).OrderBy(group => group.Key, Utf8Order.Instance))
        {
            var entries = group.ToList();
            var (cid, size) = entries is [var only] && only.Path.Length == depth + 1 ? File(only.Content, blocks) : Folder(entries, depth + 1, blocks);
            links.Add(new PbLink(cid, group.Key, size));
        }

        var bytes = DagPb.Encode(new UnixFsData { Type = UnixFsType.Directory }.Encode(), links);
        var block = Block.Create(Multicodec.DagPb, bytes);
        blocks.Put(block);
        return (block.Cid, (ulong)bytes.Length + links.Aggregate(0UL, (sum, link) => sum + (link.TotalSize ?? 0)));
    }

    private static (Cid Cid, ulong Size) File(byte[] content, ChannelBlocks blocks)
    {
        var import = UnixFsImporter.ImportAsync(new MemoryStream(content, writable: false), blocks, new ImportOptions { Degree = 1 });
        var result = import.IsCompleted ? import.Result : import.AsTask().GetAwaiter().GetResult();
        return (result.Root, result.DagBytes);
    }

    private sealed class Utf8Order : IComparer<string>
    {
        public static Utf8Order Instance { get; } = new();

        public int Compare(string? x, string? y) => Encoding.UTF8.GetBytes(x!).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(y!));
    }
}
