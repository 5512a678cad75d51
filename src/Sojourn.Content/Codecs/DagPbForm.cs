using System.Diagnostics.CodeAnalysis;
using System.Text;
using Sojourn.Primitives.Ipld;

namespace Sojourn.Content.Codecs;

/// <summary>Why a data-model value is no dag-pb node.</summary>
public enum DagPbFormFault
{
    /// <summary>It is one.</summary>
    None,

    /// <summary>It is no map, or has keys other than Data and Links.</summary>
    BadNode,

    /// <summary>Data is present and no bytes.</summary>
    BadData,

    /// <summary>Links is missing or no list.</summary>
    BadLinks,

    /// <summary>A link is no map, or has keys other than Hash, Name and Tsize.</summary>
    BadLink,

    /// <summary>A link's Hash is missing or no CID.</summary>
    BadHash,

    /// <summary>A link's Name is present and no text.</summary>
    BadName,

    /// <summary>A link's Tsize is present and no integer from 0 to 2^64 - 1.</summary>
    BadTotalSize,

    /// <summary>The links are not sorted by the bytes of their names.</summary>
    Unsorted,
}

/// <summary>dag-pb nodes as data-model values and back.</summary>
/// <remarks>ipld.io, "DAG-PB specification", logical format.</remarks>
public static class DagPbForm
{
    /// <summary>What a node says as a value.</summary>
    /// <param name="node">The node.</param>
    public static DagValue ToValue(PbNode node)
    {
        var links = new List<DagValue>(node.Links.Count);
        foreach (var link in node.Links)
        {
            var entries = new List<KeyValuePair<string, DagValue>>(3) { new("Hash", link.Cid) };
            if (link.HasName)
            {
                entries.Add(new("Name", link.Name));
            }

            if (link.TotalSize is { } size)
            {
                entries.Add(new("Tsize", new DagInteger(size)));
            }

            DagMap.TryCreate(entries, out var map);
            links.Add(map!);
        }

        DagValue list = new DagList([.. links]);
        return node.Data is { } data ? DagMap.Create(("Data", new DagBytes(data)), ("Links", list)) : DagMap.Create(("Links", list));
    }

    /// <summary>The node that a value describes.</summary>
    /// <param name="value">The value.</param>
    /// <param name="node">The node, or null.</param>
    /// <param name="fault">Why not.</param>
    public static bool TryFromValue(DagValue value, [NotNullWhen(true)] out PbNode? node, out DagPbFormFault fault)
    {
        node = null;
        fault = DagPbFormFault.BadNode;
        if (value is not DagMap map || map.Entries.Any(entry => entry.Key is not ("Data" or "Links")))
        {
            return false;
        }

        fault = DagPbFormFault.BadData;
        if (map["Data"] is not (null or DagBytes))
        {
            return false;
        }

        fault = DagPbFormFault.BadLinks;
        if (map["Links"] is not DagList list)
        {
            return false;
        }

        var links = new List<PbLink>(list.Items.Length);
        foreach (var item in list.Items)
        {
            fault = ReadLink(item, out var link);
            if (fault != DagPbFormFault.None)
            {
                return false;
            }

            if (links.Count > 0 && links[^1].NameUtf8.Span.SequenceCompareTo(link.NameUtf8.Span) > 0)
            {
                fault = DagPbFormFault.Unsorted;
                return false;
            }

            links.Add(link);
        }

        node = new PbNode((map["Data"] as DagBytes)?.Value, links);
        return true;
    }

    private static DagPbFormFault ReadLink(DagValue value, out PbLink link)
    {
        link = default;
        if (value is not DagMap map || map.Entries.Any(entry => entry.Key is not ("Hash" or "Name" or "Tsize")))
        {
            return DagPbFormFault.BadLink;
        }

        if (map["Hash"] is not DagLink hash)
        {
            return DagPbFormFault.BadHash;
        }

        if (map["Name"] is not (null or DagText))
        {
            return DagPbFormFault.BadName;
        }

        if (map["Tsize"] is not null and not DagInteger || map["Tsize"] is DagInteger given && given.Value < 0)
        {
            return DagPbFormFault.BadTotalSize;
        }

        var name = (map["Name"] as DagText)?.Value;
        link = new PbLink(
            hash.Target,
            name is null ? (ReadOnlyMemory<byte>?)null : Encoding.UTF8.GetBytes(name),
            map["Tsize"] is DagInteger { Value: var size } ? (ulong)size : null);
        return DagPbFormFault.None;
    }
}
