using System.Buffers.Binary;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Interpret;

/// <summary>A value of the guest's own heap; the platform's collector frees it.</summary>
/// <param name="type">Identity of its type in the store.</param>
internal abstract class GuestObject(int type)
{
    public int Type { get; } = type;
}

/// <summary>A structure.</summary>
internal sealed class StructObject(int type, Slot[] fields) : GuestObject(type)
{
    public Slot[] Fields { get; } = fields;
}

/// <summary>An array: packed bytes for numbers, references otherwise.</summary>
internal sealed class ArrayObject : GuestObject
{
    /// <summary>The most bytes one array may take: 1 GiB.</summary>
    private const long BytesMax = 1L << 30;

    private readonly byte[] data = [];
    private readonly object?[] references = [];

    public ArrayObject(int type, FieldType element, uint length)
        : base(type)
    {
        Element = element;
        if ((long)length * element.Size > BytesMax)
        {
            throw new TrapException(TrapKind.ResourceExhausted, $"an array of {length} elements exceeds {BytesMax} bytes");
        }

        Length = (int)length;
        if (element.Type.IsReference)
        {
            references = new object?[length];
        }
        else
        {
            data = new byte[Length * element.Size];
        }
    }

    public FieldType Element { get; }

    public int Length { get; }

    /// <summary>The bytes of an array of numbers.</summary>
    public Span<byte> Data => data;

    /// <summary>The references of an array of references.</summary>
    public Span<object?> References => references;

    public Slot this[int index]
    {
        get
        {
            if (Element.Type.IsReference)
            {
                return new Slot { Reference = references[index] };
            }

            var at = data.AsSpan(index * Element.Size, Element.Size);
            return Element.Size switch
            {
                1 => new Slot { Low = at[0] },
                2 => new Slot { Low = BinaryPrimitives.ReadUInt16LittleEndian(at) },
                4 => new Slot { Low = BinaryPrimitives.ReadUInt32LittleEndian(at) },
                8 => new Slot { Low = BinaryPrimitives.ReadUInt64LittleEndian(at) },
                _ => new Slot { Low = BinaryPrimitives.ReadUInt64LittleEndian(at), High = BinaryPrimitives.ReadUInt64LittleEndian(at[8..]) },
            };
        }

        set
        {
            if (Element.Type.IsReference)
            {
                references[index] = value.Reference;
                return;
            }

            Span<byte> bits = stackalloc byte[16];
            BinaryPrimitives.WriteUInt64LittleEndian(bits, value.Low);
            BinaryPrimitives.WriteUInt64LittleEndian(bits[8..], value.High);
            bits[..Element.Size].CopyTo(data.AsSpan(index * Element.Size));
        }
    }
}

/// <summary>An unboxed integer of 31 bits, boxed here; equal by value.</summary>
/// <param name="Value">The low 31 bits.</param>
internal sealed record I31Object(uint Value)
{
    public int Signed => (int)(Value << 1) >> 1;
}

/// <summary>An exception of the guest's: its tag and what it carries.</summary>
internal sealed class ExceptionObject(Tag tag, Slot[] payload)
{
    public Tag Tag { get; } = tag;

    public Slot[] Payload { get; } = payload;
}

/// <summary>Carries a guest's exception through frames of the host.</summary>
internal sealed class GuestException(ExceptionObject thrown) : TrapException(TrapKind.UncaughtException)
{
    public ExceptionObject Thrown { get; } = thrown;
}
