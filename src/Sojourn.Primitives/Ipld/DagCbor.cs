using System.Diagnostics.CodeAnalysis;
using Sojourn.Primitives.Cbor;

namespace Sojourn.Primitives.Ipld;

/// <summary>DAG-CBOR blocks as data-model values, and their links without building values.</summary>
/// <remarks>ipld.io, "DAG-CBOR specification", strict mode.</remarks>
public static class DagCbor
{
    /// <summary>How deep a block may nest.</summary>
    public const int DepthMax = 256;

    /// <summary>Encodes a value canonically.</summary>
    /// <param name="value">The value.</param>
    public static byte[] Encode(DagValue value)
    {
        var writer = new CborWriter(CborProfile.DagCbor);
        Write(writer, value);
        return writer.ToArray();
    }

    /// <summary>Writes a value into a DAG-CBOR writer.</summary>
    /// <param name="writer">A writer of the profile <see cref="CborProfile.DagCbor"/>.</param>
    /// <param name="value">The value.</param>
    public static void Write(CborWriter writer, DagValue value)
    {
        switch (value)
        {
            case DagNull:
                writer.WriteNull();
                break;
            case DagBoolean boolean:
                writer.WriteBoolean(boolean.Value);
                break;
            case DagInteger integer:
                writer.WriteInteger(integer.Value);
                break;
            case DagFloat number:
                writer.WriteDouble(number.Value);
                break;
            case DagText text:
                writer.WriteText(text.Value);
                break;
            case DagBytes bytes:
                writer.WriteBytes(bytes.Value.Span);
                break;
            case DagLink link:
                writer.WriteCid(link.Target);
                break;
            case DagList list:
                writer.BeginArray();
                foreach (var item in list.Items)
                {
                    Write(writer, item);
                }

                writer.EndArray();
                break;
            case DagMap map:
                writer.BeginMap();
                foreach (var (key, item) in map.Entries)
                {
                    writer.WriteText(key);
                    Write(writer, item);
                }

                writer.EndMap();
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(value));
        }
    }

    /// <summary>Decodes a block.</summary>
    /// <param name="block">The block's bytes.</param>
    /// <exception cref="CborException">It is not strict DAG-CBOR.</exception>
    public static DagValue Decode(ReadOnlySpan<byte> block)
    {
        var reader = new CborReader(block, CborProfile.DagCbor, DepthMax);
        var value = Read(ref reader);
        reader.ReadEnd();
        return value;
    }

    /// <summary>Decodes a block.</summary>
    /// <param name="block">The block's bytes.</param>
    /// <param name="value">The value, or null.</param>
    /// <param name="fault">Why not.</param>
    public static bool TryDecode(ReadOnlySpan<byte> block, [NotNullWhen(true)] out DagValue? value, out CborFault fault)
    {
        try
        {
            value = Decode(block);
            fault = CborFault.None;
            return true;
        }
        catch (CborException refused)
        {
            value = null;
            fault = refused.Fault;
            return false;
        }
    }

    /// <summary>Reads the next item of a DAG-CBOR reader as a value.</summary>
    /// <param name="reader">A reader of the profile <see cref="CborProfile.DagCbor"/>; it bounds the depth.</param>
    public static DagValue Read(ref CborReader reader)
    {
        switch (reader.Peek())
        {
            case CborKind.Null:
                reader.ReadNull();
                return DagNull.Instance;
            case CborKind.Boolean:
                return reader.ReadBoolean();
            case CborKind.Unsigned or CborKind.Negative:
                return new DagInteger(reader.ReadInteger());
            case CborKind.Float:
                return new DagFloat(reader.ReadDouble());
            case CborKind.Text:
                return reader.ReadText() is { Length: > 0 } text ? new DagText(text) : DagText.Empty;
            case CborKind.Bytes:
                return new DagBytes(reader.ReadBytes().ToArray());
            case CborKind.Tag:
                return new DagLink(reader.ReadCid());
            case CborKind.Array:
                var length = reader.ReadArrayHeader();
                if (length == 0)
                {
                    return DagList.Empty;
                }

                var items = new DagValue[length];
                for (var i = 0; i < length; i++)
                {
                    items[i] = Read(ref reader);
                }

                return new DagList(System.Runtime.InteropServices.ImmutableCollectionsMarshal.AsImmutableArray(items));
            case CborKind.Map:
                var entries = new KeyValuePair<string, DagValue>[reader.ReadMapHeader()];
                for (var i = 0; i < entries.Length; i++)
                {
                    entries[i] = new(reader.ReadText(), Read(ref reader));
                }

                return DagMap.FromSorted(entries);
            default:
                reader.Skip();
                throw new InvalidOperationException("The reader is not of the DAG-CBOR profile.");
        }
    }

    /// <summary>Lists the links of a block in the order in which they stand, checking all of it.</summary>
    /// <param name="block">The block's bytes.</param>
    /// <param name="links">Where they are added.</param>
    /// <exception cref="CborException">It is not strict DAG-CBOR.</exception>
    public static void ReadLinks(ReadOnlySpan<byte> block, ICollection<Cid> links)
    {
        var reader = new CborReader(block, CborProfile.DagCbor, DepthMax);
        do
        {
            switch (reader.Peek())
            {
                case CborKind.Tag:
                    links.Add(reader.ReadCid());
                    break;
                case CborKind.Array:
                    reader.ReadArrayHeader();
                    break;
                case CborKind.Map:
                    reader.ReadMapHeader();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
        while (reader.Depth > 0);

        reader.ReadEnd();
    }
}
