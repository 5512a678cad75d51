using System.Collections.Immutable;
using Sojourn.Primitives.Cbor;

namespace Sojourn.Primitives.Cose;

/// <summary>Labels and their encoded values: headers of COSE, claims of a CWT.</summary>
public sealed class CoseMap
{
    /// <summary>Most entries that are read.</summary>
    public const int EntriesMax = 256;

    private readonly ImmutableSortedDictionary<CoseLabel, ReadOnlyMemory<byte>> entries;

    private CoseMap(ImmutableSortedDictionary<CoseLabel, ReadOnlyMemory<byte>> entries) => this.entries = entries;

    /// <summary>No entries.</summary>
    public static CoseMap Empty { get; } = new(ImmutableSortedDictionary<CoseLabel, ReadOnlyMemory<byte>>.Empty);

    /// <summary>Every label.</summary>
    public IEnumerable<CoseLabel> Labels => entries.Keys;

    /// <summary>How many entries there are.</summary>
    public int Count => entries.Count;

    /// <summary>The encoded value of a label, or null.</summary>
    /// <param name="label">The label.</param>
    public ReadOnlyMemory<byte>? this[CoseLabel label] => entries.TryGetValue(label, out var value) ? value : (ReadOnlyMemory<byte>?)null;

    /// <summary>Whether a label is there.</summary>
    /// <param name="label">The label.</param>
    public bool Contains(CoseLabel label) => entries.ContainsKey(label);

    /// <summary>With one more entry, or another value for it.</summary>
    /// <param name="label">The label.</param>
    /// <param name="write">Writes one item.</param>
    public CoseMap With(CoseLabel label, Action<CborWriter> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        var writer = new CborWriter();
        write(writer);
        return new CoseMap(entries.SetItem(label, writer.ToArray()));
    }

    /// <summary>With a number.</summary>
    /// <param name="label">The label.</param>
    /// <param name="value">The number.</param>
    public CoseMap With(CoseLabel label, long value) => With(label, writer => writer.WriteInteger(value));

    /// <summary>With a text.</summary>
    /// <param name="label">The label.</param>
    /// <param name="value">The text.</param>
    public CoseMap With(CoseLabel label, string value) => With(label, writer => writer.WriteText(value));

    /// <summary>With bytes.</summary>
    /// <param name="label">The label.</param>
    /// <param name="value">The bytes.</param>
    public CoseMap With(CoseLabel label, byte[] value) => With(label, writer => writer.WriteBytes(value));

    /// <summary>The value as a number, or null where it is absent or something else.</summary>
    /// <param name="label">The label.</param>
    public long? GetInteger(CoseLabel label)
    {
        if (!entries.TryGetValue(label, out var value))
        {
            return null;
        }

        var reader = new CborReader(value.Span, CborProfile.Lenient);
        try
        {
            return reader.Peek() is CborKind.Unsigned or CborKind.Negative ? reader.ReadInt64() : null;
        }
        catch (CborException)
        {
            return null;
        }
    }

    /// <summary>The value as a text, or null where it is absent or something else.</summary>
    /// <param name="label">The label.</param>
    public string? GetText(CoseLabel label)
    {
        if (!entries.TryGetValue(label, out var value))
        {
            return null;
        }

        var reader = new CborReader(value.Span, CborProfile.Lenient);
        try
        {
            return reader.Peek() == CborKind.Text ? reader.ReadText() : null;
        }
        catch (CborException)
        {
            return null;
        }
    }

    /// <summary>The value as bytes, or null where it is absent or something else.</summary>
    /// <param name="label">The label.</param>
    public byte[]? GetBytes(CoseLabel label)
    {
        if (!entries.TryGetValue(label, out var value))
        {
            return null;
        }

        var reader = new CborReader(value.Span, CborProfile.Lenient);
        try
        {
            return reader.Peek() == CborKind.Bytes ? reader.ReadBytes().ToArray() : null;
        }
        catch (CborException)
        {
            return null;
        }
    }

    /// <summary>The deterministic encoding.</summary>
    public byte[] Encode()
    {
        var writer = new CborWriter();
        Write(writer);
        return writer.ToArray();
    }

    /// <summary>Writes the map as one item.</summary>
    /// <param name="writer">Where to.</param>
    public void Write(CborWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.BeginMap();
        foreach (var (label, value) in entries)
        {
            if (label.Text is { } text)
            {
                writer.WriteKey(text);
            }
            else
            {
                writer.WriteKey(label.Number);
            }

            writer.WriteEncoded(value.Span);
        }

        writer.EndMap();
    }

    /// <summary>Reads a map in place.</summary>
    /// <param name="reader">At the map.</param>
    /// <exception cref="CborException">Not a map with labels as keys, or a label twice.</exception>
    public static CoseMap Read(ref CborReader reader)
    {
        var count = reader.ReadMapHeader(EntriesMax);
        var builder = ImmutableSortedDictionary.CreateBuilder<CoseLabel, ReadOnlyMemory<byte>>();
        for (var i = 0; i < count; i++)
        {
            CoseLabel label = reader.Peek() == CborKind.Text ? reader.ReadText(256) : reader.ReadInt64();
            if (!builder.TryAdd(label, reader.ReadEncoded().ToArray()))
            {
                reader.Refuse(CborFault.DuplicateKey);
            }
        }

        return new CoseMap(builder.ToImmutable());
    }

    /// <summary>Reads a map that is the whole input; untrusted.</summary>
    /// <param name="encoded">The bytes.</param>
    /// <param name="profile">Which encodings are accepted.</param>
    /// <param name="map">The map, unless there is a fault.</param>
    public static CoseFault TryDecode(ReadOnlySpan<byte> encoded, CborProfile profile, out CoseMap map)
    {
        map = Empty;
        try
        {
            var reader = new CborReader(encoded, profile);
            var read = Read(ref reader);
            reader.ReadEnd();
            map = read;
            return CoseFault.None;
        }
        catch (CborException fault)
        {
            return fault.Fault == CborFault.DuplicateKey ? CoseFault.DuplicateHeader : CoseFault.Malformed;
        }
    }
}
