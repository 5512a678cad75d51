using System.Collections.Immutable;

namespace Sojourn.Ledger.Ethereum.Abi;

/// <summary>Writes and reads values by types that are data.</summary>
public static class AbiCodec
{
    /// <summary>The canonical encoding of a tuple's values.</summary>
    /// <param name="type">The tuple.</param>
    /// <param name="value">Its values.</param>
    /// <exception cref="ArgumentException">A value does not fit its type.</exception>
    public static byte[] Encode(AbiType type, AbiList value)
    {
        ArgumentNullException.ThrowIfNull(type);
        ArgumentNullException.ThrowIfNull(value);
        var writer = new AbiWriter(type.BodySize);
        WriteItems(writer, type, value);
        return writer.ToArray();
    }

    /// <summary>Reads a tuple's values.</summary>
    /// <param name="type">The tuple.</param>
    /// <param name="data">The canonical encoding; nothing may follow it.</param>
    /// <param name="value">The values, unless there is a fault.</param>
    public static AbiFault TryDecode(AbiType type, ReadOnlySpan<byte> data, out AbiList? value)
    {
        ArgumentNullException.ThrowIfNull(type);
        var reader = new AbiReader(data, type.BodySize);
        var read = ReadItems(ref reader, type, type.Components.Length);
        var fault = reader.Finish();
        value = fault == AbiFault.None ? read : null;
        return fault;
    }

    private static void WriteItems(AbiWriter writer, AbiType type, AbiList list)
    {
        var count = type.Kind switch { AbiKind.Tuple => type.Components.Length, AbiKind.FixedArray => type.Size, _ => list.Items.Length };
        if (list.Items.Length != count)
        {
            throw new ArgumentException($"{type} has {count} items, not {list.Items.Length}.", nameof(list));
        }

        for (var i = 0; i < count; i++)
        {
            Write(writer, type.Components[type.Kind == AbiKind.Tuple ? i : 0], list.Items[i]);
        }
    }

    private static void Write(AbiWriter writer, AbiType type, AbiValue value)
    {
        switch (type.Kind, value)
        {
            case (AbiKind.UInt or AbiKind.Int, AbiNumber number): writer.Number(number.Value, type.Size, type.Kind == AbiKind.Int); break;
            case (AbiKind.Address, AbiAddress address): writer.Address(address.Value); break;
            case (AbiKind.Bool, AbiFlag flag): writer.Bool(flag.Value); break;
            case (AbiKind.FixedBytes, AbiBytes bytes) when bytes.Value.Length == type.Size: writer.FixedBytes(bytes.Value.Span); break;
            case (AbiKind.Bytes, AbiBytes bytes): writer.Bytes(bytes.Value.Span); break;
            case (AbiKind.String, AbiText text): writer.Text(text.Value); break;
            case (AbiKind.Array, AbiList list):
                writer.BeginArray(list.Items.Length, type.Components[0].HeadSize);
                WriteItems(writer, type, list);
                writer.End();
                break;
            case (AbiKind.Tuple or AbiKind.FixedArray, AbiList list) when type.IsDynamic:
                writer.BeginTuple(type.BodySize);
                WriteItems(writer, type, list);
                writer.End();
                break;
            case (AbiKind.Tuple or AbiKind.FixedArray, AbiList list): WriteItems(writer, type, list); break;
            default: throw new ArgumentException($"A {value?.GetType().Name} is no {type}.", nameof(value));
        }
    }

    private static AbiList ReadItems(ref AbiReader reader, AbiType type, int count)
    {
        var items = ImmutableArray.CreateBuilder<AbiValue>();
        for (var i = 0; i < count && reader.Fault == AbiFault.None; i++)
        {
            items.Add(Read(ref reader, type.Components[type.Kind == AbiKind.Tuple ? i : 0]));
        }

        return new AbiList(items.ToImmutable());
    }

    private static AbiValue Read(ref AbiReader reader, AbiType type)
    {
        switch (type.Kind)
        {
            case AbiKind.UInt or AbiKind.Int: return new AbiNumber(reader.Number(type.Size, type.Kind == AbiKind.Int));
            case AbiKind.Address: return new AbiAddress(reader.Address());
            case AbiKind.Bool: return new AbiFlag(reader.Bool());
            case AbiKind.FixedBytes: return new AbiBytes(reader.FixedBytes(type.Size));
            case AbiKind.Bytes: return new AbiBytes(reader.Bytes());
            case AbiKind.String: return new AbiText(reader.Text());
            case AbiKind.Array:
            {
                var frame = reader.BeginArray(type.Components[0].HeadSize, out var count);
                var list = ReadItems(ref reader, type, count);
                reader.End(frame);
                return list;
            }

            default:
            {
                var count = type.Kind == AbiKind.Tuple ? type.Components.Length : type.Size;
                if (!type.IsDynamic)
                {
                    return ReadItems(ref reader, type, count);
                }

                var frame = reader.BeginTuple(type.BodySize);
                var list = ReadItems(ref reader, type, count);
                reader.End(frame);
                return list;
            }
        }
    }
}
