using Sojourn.Content.Codecs;
using Sojourn.Content.UnixFs;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;
using Sojourn.Primitives.Ipld;

namespace Sojourn.Content.Dag;

/// <summary>Reads what blocks of any known codec say, with faults instead of codec-specific errors.</summary>
internal static class Nodes
{
    /// <summary>The dag-pb node of a block.</summary>
    public static PbNode DecodePb(Block block) =>
        DagPb.TryDecode(block.Data, out var node, out var fault) ? node : throw Malformed(block.Cid, $"dag-pb ({fault})");

    /// <summary>The UnixFS message of a dag-pb node, or null where the node has no data.</summary>
    public static UnixFsData? DecodeUnixFs(Block block, PbNode node)
    {
        if (node.Data is not { } bytes)
        {
            return null;
        }

        return UnixFsData.TryDecode(bytes, out var data, out var fault)
            ? data
            : throw new ContentException(ContentFault.MalformedUnixFs, $"The dag-pb block {block.Cid} holds no valid UnixFS data ({fault}).", block.Cid);
    }

    /// <summary>The data-model value of a dag-cbor or dag-json block.</summary>
    public static DagValue DecodeValue(Block block)
    {
        switch (block.Cid.Codec)
        {
            case Multicodec.DagCbor:
                return DagCbor.TryDecode(block.Data.Span, out var cbor, out var cborFault) ? cbor : throw Malformed(block.Cid, $"dag-cbor ({cborFault})");
            case Multicodec.DagJson:
                return DagJson.TryDecode(block.Data.Span, out var json, out var jsonFault) ? json : throw Malformed(block.Cid, $"dag-json ({jsonFault})");
            default:
                throw Unsupported(block.Cid);
        }
    }

    /// <summary>Adds the links of a block in the order in which they stand.</summary>
    public static void ReadLinks(Block block, List<Cid> links)
    {
        switch (block.Cid.Codec)
        {
            case Multicodec.Raw or Multicodec.Cbor or Multicodec.Json or Multicodec.Libp2pKey:
                return;
            case Multicodec.DagPb:
                foreach (var link in DecodePb(block).Links)
                {
                    links.Add(link.Cid);
                }

                return;
            case Multicodec.DagCbor:
                try
                {
                    DagCbor.ReadLinks(block.Data.Span, links);
                    return;
                }
                catch (CborException refused)
                {
                    throw Malformed(block.Cid, $"dag-cbor ({refused.Fault})");
                }

            case Multicodec.DagJson:
                AddLinks(DecodeValue(block), links);
                return;
            default:
                throw Unsupported(block.Cid);
        }
    }

    public static ContentException Malformed(Cid cid, string codec) => new(ContentFault.MalformedNode, $"The bytes of {cid} are not valid {codec}.", cid);

    public static ContentException Unsupported(Cid cid) =>
        new(ContentFault.UnsupportedCodec, $"{cid} is of codec 0x{(ulong)cid.Codec:x}; raw, dag-pb, dag-cbor, dag-json, cbor and json can be read.", cid);

    private static void AddLinks(DagValue value, List<Cid> links)
    {
        switch (value)
        {
            case DagLink link:
                links.Add(link.Target);
                break;
            case DagList list:
                foreach (var item in list.Items)
                {
                    AddLinks(item, links);
                }

                break;
            case DagMap map:
                foreach (var (_, item) in map.Entries)
                {
                    AddLinks(item, links);
                }

                break;
        }
    }
}
