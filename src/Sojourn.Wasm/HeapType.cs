namespace Sojourn.Wasm;

/// <summary>What a reference refers to: one of the abstract kinds (negative numbers, as the binary format writes them), or a type of the module by its index.</summary>
/// <remarks>WebAssembly 3.0, heap types.</remarks>
public readonly record struct HeapType
{
    /// <summary>Functions of any type.</summary>
    public static readonly HeapType Func = new(-0x10);

    /// <summary>Whatever the host hands in.</summary>
    public static readonly HeapType Extern = new(-0x11);

    /// <summary>Every value of the guest's own heap.</summary>
    public static readonly HeapType Any = new(-0x12);

    /// <summary>What <c>ref.eq</c> compares.</summary>
    public static readonly HeapType Eq = new(-0x13);

    /// <summary>Unboxed 31-bit integers.</summary>
    public static readonly HeapType I31 = new(-0x14);

    /// <summary>Structures.</summary>
    public static readonly HeapType Struct = new(-0x15);

    /// <summary>Arrays.</summary>
    public static readonly HeapType Array = new(-0x16);

    /// <summary>Exceptions.</summary>
    public static readonly HeapType Exn = new(-0x17);

    /// <summary>The bottom of exceptions.</summary>
    public static readonly HeapType NoExn = new(-0x0C);

    /// <summary>The bottom of functions.</summary>
    public static readonly HeapType NoFunc = new(-0x0D);

    /// <summary>The bottom of host references.</summary>
    public static readonly HeapType NoExtern = new(-0x0E);

    /// <summary>The bottom of the guest's heap.</summary>
    public static readonly HeapType None = new(-0x0F);

    internal HeapType(int code) => Code = code;

    /// <summary>The abstract kind as a negative number, or the index of a type of the module.</summary>
    public int Code { get; }

    /// <summary>Whether this names a type of the module.</summary>
    public bool IsConcrete => Code >= 0;

    /// <summary>The type of the module with that index.</summary>
    /// <param name="typeIndex">An index into the type section.</param>
    public static HeapType Of(int typeIndex)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(typeIndex);
        return new(typeIndex);
    }

    /// <inheritdoc/>
    public override string ToString() => Code switch
    {
        -0x10 => "func", -0x11 => "extern", -0x12 => "any", -0x13 => "eq", -0x14 => "i31", -0x15 => "struct", -0x16 => "array", -0x17 => "exn",
        -0x0C => "noexn", -0x0D => "nofunc", -0x0E => "noextern", -0x0F => "none",
        _ => Code.ToString(System.Globalization.CultureInfo.InvariantCulture),
    };

    internal static bool IsAbstract(int code) => code is >= -0x17 and <= -0x0C;
}
