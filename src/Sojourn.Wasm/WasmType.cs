namespace Sojourn.Wasm;

/// <summary>A value type: a number, a vector or a reference.</summary>
/// <remarks>WebAssembly 3.0, value types.</remarks>
public readonly record struct WasmType
{
    /// <summary>32-bit integer.</summary>
    public static readonly WasmType I32 = new(WasmTypeKind.I32);

    /// <summary>64-bit integer.</summary>
    public static readonly WasmType I64 = new(WasmTypeKind.I64);

    /// <summary>IEEE 754 binary32.</summary>
    public static readonly WasmType F32 = new(WasmTypeKind.F32);

    /// <summary>IEEE 754 binary64.</summary>
    public static readonly WasmType F64 = new(WasmTypeKind.F64);

    /// <summary>128-bit vector.</summary>
    public static readonly WasmType V128 = new(WasmTypeKind.V128);

    /// <summary>Nullable reference to any function.</summary>
    public static readonly WasmType FuncRef = Reference(HeapType.Func, nullable: true);

    /// <summary>Nullable reference to a host object.</summary>
    public static readonly WasmType ExternRef = Reference(HeapType.Extern, nullable: true);

    /// <summary>Nullable reference to an exception.</summary>
    public static readonly WasmType ExnRef = Reference(HeapType.Exn, nullable: true);

    /// <summary>Nullable reference to any value of the guest's heap.</summary>
    public static readonly WasmType AnyRef = Reference(HeapType.Any, nullable: true);

    internal static readonly WasmType Bottom = new(WasmTypeKind.Bottom);

    private WasmType(WasmTypeKind kind, bool nullable = false, HeapType heap = default)
    {
        Kind = kind;
        IsNullable = nullable;
        Heap = heap;
    }

    /// <summary>The kind of value.</summary>
    public WasmTypeKind Kind { get; }

    /// <summary>Whether null is among the values (references only).</summary>
    public bool IsNullable { get; }

    /// <summary>What a reference refers to; meaningless for other kinds.</summary>
    public HeapType Heap { get; }

    /// <summary>Whether this is a reference type.</summary>
    public bool IsReference => Kind == WasmTypeKind.Reference;

    internal bool IsDefaultable => Kind != WasmTypeKind.Reference || IsNullable;

    /// <summary>A reference type.</summary>
    /// <param name="heap">What it refers to.</param>
    /// <param name="nullable">Whether null is allowed.</param>
    public static WasmType Reference(HeapType heap, bool nullable) => new(WasmTypeKind.Reference, nullable, heap);

    /// <inheritdoc/>
    public override string ToString() => Kind switch
    {
        WasmTypeKind.I32 => "i32",
        WasmTypeKind.I64 => "i64",
        WasmTypeKind.F32 => "f32",
        WasmTypeKind.F64 => "f64",
        WasmTypeKind.V128 => "v128",
        WasmTypeKind.Bottom => "unknown",
        _ when IsNullable && !Heap.IsConcrete => ShortName(),
        _ => $"(ref {(IsNullable ? "null " : "")}{Heap})",
    };

    private string ShortName() => Heap.Code switch
    {
        -0x0C => "nullexnref", -0x0D => "nullfuncref", -0x0E => "nullexternref", -0x0F => "nullref",
        _ => Heap + "ref",
    };
}
