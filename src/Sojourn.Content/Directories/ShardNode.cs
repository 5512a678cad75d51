using Sojourn.Content.Codecs;
using Sojourn.Content.UnixFs;
using Sojourn.Primitives;

namespace Sojourn.Content.Directories;

/// <summary>A shard of a directory, checked: its width, its bit field, and that links stand in the slots they claim.</summary>
internal sealed class ShardNode
{
    private ShardNode(ShardFormat format, IReadOnlyList<PbLink> links)
    {
        Format = format;
        Links = links;
    }

    public ShardFormat Format { get; }

    /// <summary>The links, in strictly growing order of slots.</summary>
    public IReadOnlyList<PbLink> Links { get; }

    /// <summary>Checks a node that says it is a shard.</summary>
    /// <param name="cid">Its identifier, for messages.</param>
    /// <param name="node">The node.</param>
    /// <param name="data">Its UnixFS message.</param>
    /// <param name="parent">The format of the shard above, or null at the root.</param>
    public static ShardNode Parse(Cid cid, PbNode node, UnixFsData data, ShardFormat? parent)
    {
        if (!ShardFormat.IsFanout(data.Fanout))
        {
            throw Malformed(cid, $"its fanout is {data.Fanout?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "missing"}, and must be a power of two up to {ShardFormat.FanoutMax}");
        }

        if (data.HashType != ShardFormat.HashCode)
        {
            throw Malformed(cid, "its hash function is not murmur3-x64-64");
        }

        var format = new ShardFormat((int)data.Fanout!.Value);
        if (parent is { } above && above.Fanout != format.Fanout)
        {
            throw Malformed(cid, $"its fanout is {format.Fanout} under a shard of {above.Fanout}");
        }

        CheckSlots(cid, node.Links, data.Data.GetValueOrDefault().Span, format);
        return new ShardNode(format, node.Links);
    }

    public static ContentException Malformed(Cid cid, string why) => new(ContentFault.MalformedShard, $"The directory shard {cid} is malformed: {why}.", cid);

    /// <summary>Whether a link leads to another shard rather than to an entry.</summary>
    public bool IsShard(in PbLink link) => link.NameUtf8.Length == Format.PrefixChars;

    /// <summary>The link in a slot, or null.</summary>
    public PbLink? Find(int slot)
    {
        int low = 0, high = Links.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var found = Format.ReadPrefix(Links[middle].NameUtf8.Span);
            if (found == slot)
            {
                return Links[middle];
            }

            (low, high) = found < slot ? (middle + 1, high) : (low, middle - 1);
        }

        return null;
    }

    private static void CheckSlots(Cid cid, IReadOnlyList<PbLink> links, ReadOnlySpan<byte> bits, ShardFormat format)
    {
        var trimmed = bits.TrimStart((byte)0);
        if (trimmed.Length > (format.Fanout + 7) / 8)
        {
            throw Malformed(cid, "its bit field is wider than its fanout");
        }

        var last = -1;
        for (var i = 0; i < links.Count; i++)
        {
            var slot = format.ReadPrefix(links[i].NameUtf8.Span);
            if (slot <= last)
            {
                throw Malformed(cid, slot < 0 ? "a link does not begin with a slot" : "its links are not in the order of their slots");
            }

            var at = trimmed.Length - 1 - (slot >> 3);
            if (at < 0 || (trimmed[at] & (1 << (slot & 7))) == 0)
            {
                throw Malformed(cid, "a link stands in a slot that its bit field calls empty");
            }

            last = slot;
        }

        var set = 0;
        foreach (var b in trimmed)
        {
            set += System.Numerics.BitOperations.PopCount(b);
        }

        if (set != links.Count)
        {
            throw Malformed(cid, $"its bit field says {set} links, and there are {links.Count}");
        }
    }
}
