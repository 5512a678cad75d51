using System.Text;
using Sojourn.Primitives;

namespace Sojourn.Content.Codecs;

/// <summary>A dag-pb node: links, and data that UnixFS gives a meaning.</summary>
/// <param name="Data">The data, or null where the field is absent (which is not the same as empty).</param>
/// <param name="Links">The links in the order in which they stand.</param>
/// <remarks>ipld.io, "DAG-PB specification", PBNode.</remarks>
public sealed record PbNode(ReadOnlyMemory<byte>? Data, IReadOnlyList<PbLink> Links);

/// <summary>A link of a dag-pb node.</summary>
/// <remarks>ipld.io, "DAG-PB specification", PBLink. Names are kept as bytes: old nodes exist whose names are no UTF-8.</remarks>
public readonly struct PbLink
{
    private readonly ReadOnlyMemory<byte> _name;

    /// <summary>A link.</summary>
    /// <param name="cid">The target.</param>
    /// <param name="nameUtf8">The name's bytes, or null where the field is absent.</param>
    /// <param name="totalSize">The size of the DAG below, as its writer claimed, or null where the field is absent.</param>
    public PbLink(Cid cid, ReadOnlyMemory<byte>? nameUtf8, ulong? totalSize)
    {
        Cid = cid;
        HasName = nameUtf8 is not null;
        _name = nameUtf8.GetValueOrDefault();
        TotalSize = totalSize;
    }

    /// <summary>A link with a name.</summary>
    /// <param name="cid">The target.</param>
    /// <param name="name">The name.</param>
    /// <param name="totalSize">The size of the DAG below.</param>
    public PbLink(Cid cid, string name, ulong totalSize)
        : this(cid, Encoding.UTF8.GetBytes(name), totalSize)
    {
    }

    /// <summary>The target.</summary>
    public Cid Cid { get; }

    /// <summary>Whether the name field is present (it may be empty).</summary>
    public bool HasName { get; }

    /// <summary>The name's bytes; empty where the field is absent.</summary>
    public ReadOnlyMemory<byte> NameUtf8 => _name;

    /// <summary>The name as text; bytes that are no UTF-8 show as U+FFFD.</summary>
    public string Name => Encoding.UTF8.GetString(_name.Span);

    /// <summary>The size of the DAG below, as its writer claimed (field Tsize); never to be trusted.</summary>
    public ulong? TotalSize { get; }
}

/// <summary>Why bytes are no dag-pb node.</summary>
public enum DagPbFault
{
    /// <summary>They are one.</summary>
    None,

    /// <summary>The bytes end inside a field.</summary>
    Truncated,

    /// <summary>A number is longer than 64 bits.</summary>
    BadVarint,

    /// <summary>A field has a number that the format does not know.</summary>
    UnknownField,

    /// <summary>A field has another wire type than the format says.</summary>
    WrongWireType,

    /// <summary>A field that may occur once occurs again, or the links are not in one piece.</summary>
    RepeatedField,

    /// <summary>Fields of a link in another order than Hash, Name, Tsize.</summary>
    FieldOrder,

    /// <summary>A link without a CID, or with bytes that are none.</summary>
    BadCid,
}
