using System.Diagnostics.CodeAnalysis;
using Sojourn.Primitives;

namespace Sojourn.Content.Codecs;

/// <summary>The dag-pb codec: strict reading of both historical field orders, canonical writing.</summary>
/// <remarks>
/// ipld.io, "DAG-PB specification": links come before data when written; data before links is read, links on both sides of
/// data are not; within a link the order is Hash, Name, Tsize. The order of links is the writer's and is kept.
/// </remarks>
public static class DagPb
{
    /// <summary>Decodes a block. The node refers to the block's bytes; they must not change.</summary>
    /// <param name="block">The block's bytes.</param>
    /// <param name="node">The node, or null.</param>
    /// <param name="fault">Why not.</param>
    public static bool TryDecode(ReadOnlyMemory<byte> block, [NotNullWhen(true)] out PbNode? node, out DagPbFault fault)
    {
        node = null;
        var reader = new ProtobufReader(block.Span);
        ReadOnlyMemory<byte>? data = null;
        List<PbLink>? links = null;
        var dataAfterLinks = false;
        while (!reader.AtEnd)
        {
            var (field, wireType) = reader.ReadKey();
            fault = reader.Failed ? FaultOf(reader) : field is not (1 or 2) ? DagPbFault.UnknownField : wireType != 2 ? DagPbFault.WrongWireType : DagPbFault.None;
            if (fault != DagPbFault.None)
            {
                return false;
            }

            var range = reader.ReadBytes();
            if (reader.Failed)
            {
                fault = FaultOf(reader);
                return false;
            }

            if (field == 1)
            {
                if (data is not null)
                {
                    fault = DagPbFault.RepeatedField;
                    return false;
                }

                data = block[range];
                dataAfterLinks = links is not null;
                continue;
            }

            if (dataAfterLinks)
            {
                fault = DagPbFault.RepeatedField;
                return false;
            }

            fault = DecodeLink(block[range], out var link);
            if (fault != DagPbFault.None)
            {
                return false;
            }

            (links ??= []).Add(link);
        }

        fault = DagPbFault.None;
        node = new PbNode(data, links is null ? [] : links);
        return true;
    }

    /// <summary>Encodes a node canonically; links stay in the order given.</summary>
    /// <param name="node">The node.</param>
    public static byte[] Encode(PbNode node) => Encode(node.Data, node.Links);

    /// <summary>Encodes a node canonically; links stay in the order given.</summary>
    /// <param name="data">The data, or null to leave the field out.</param>
    /// <param name="links">The links.</param>
    public static byte[] Encode(ReadOnlyMemory<byte>? data, IReadOnlyList<PbLink> links)
    {
        var total = data is { } some ? ProtobufWriter.LengthOfBytes(some.Length) : 0;
        for (var i = 0; i < links.Count; i++)
        {
            total = checked(total + ProtobufWriter.LengthOfBytes(LengthOf(links[i])));
        }

        var block = new byte[total];
        var writer = new ProtobufWriter(block);
        for (var i = 0; i < links.Count; i++)
        {
            var link = links[i];
            writer.WriteByte(0x12);
            writer.WriteVarint((ulong)LengthOf(link));
            writer.WriteBytes(0x0a, link.Cid.Bytes);
            if (link.HasName)
            {
                writer.WriteBytes(0x12, link.NameUtf8.Span);
            }

            if (link.TotalSize is { } size)
            {
                writer.WriteByte(0x18);
                writer.WriteVarint(size);
            }
        }

        if (data is { } bytes)
        {
            writer.WriteBytes(0x0a, bytes.Span);
        }

        return block;
    }

    /// <summary>How many bytes a link takes inside a node, key and length included.</summary>
    internal static int EncodedLengthOf(in PbLink link) => ProtobufWriter.LengthOfBytes(LengthOf(link));

    private static int LengthOf(in PbLink link) =>
        ProtobufWriter.LengthOfBytes(link.Cid.Bytes.Length)
        + (link.HasName ? ProtobufWriter.LengthOfBytes(link.NameUtf8.Length) : 0)
        + (link.TotalSize is { } size ? 1 + ProtobufWriter.LengthOfVarint(size) : 0);

    private static DagPbFault DecodeLink(ReadOnlyMemory<byte> bytes, out PbLink link)
    {
        link = default;
        var reader = new ProtobufReader(bytes.Span);
        Cid? cid = null;
        ReadOnlyMemory<byte>? name = null;
        ulong? size = null;
        ulong last = 0;
        while (!reader.AtEnd)
        {
            var (field, wireType) = reader.ReadKey();
            if (reader.Failed)
            {
                return FaultOf(reader);
            }

            if (field is < 1 or > 3)
            {
                return DagPbFault.UnknownField;
            }

            if (wireType != (field == 3 ? 0 : 2))
            {
                return DagPbFault.WrongWireType;
            }

            if (field <= last)
            {
                return field == last ? DagPbFault.RepeatedField : DagPbFault.FieldOrder;
            }

            last = field;
            if (field == 3)
            {
                size = reader.ReadVarint();
            }
            else
            {
                var range = reader.ReadBytes();
                if (!reader.Failed && field == 1 && !Cid.TryDecode(bytes.Span[range], out cid, out _))
                {
                    return DagPbFault.BadCid;
                }

                name = field == 2 ? bytes[range] : name;
            }

            if (reader.Failed)
            {
                return FaultOf(reader);
            }
        }

        if (cid is null)
        {
            return DagPbFault.BadCid;
        }

        link = new PbLink(cid, name, size);
        return DagPbFault.None;
    }

    private static DagPbFault FaultOf(in ProtobufReader reader) => reader.Overlong ? DagPbFault.BadVarint : DagPbFault.Truncated;
}
