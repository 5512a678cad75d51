using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sojourn.Wasm;

/// <summary>A value of any WebAssembly type; the type itself is known from where the value is used.</summary>
public readonly struct Value : IEquatable<Value>
{
    private readonly Vector128<ulong> bits;
    private readonly object? reference;

    private Value(Vector128<ulong> bits, object? reference, WasmTypeKind kind)
    {
        this.bits = bits;
        this.reference = reference;
        Kind = kind;
    }

    /// <summary>The kind of value.</summary>
    public WasmTypeKind Kind { get; }

    /// <summary>The value as i32.</summary>
    public int Int32 => (int)bits[0];

    /// <summary>The value as i64.</summary>
    public long Int64 => (long)bits[0];

    /// <summary>The value as f32, every bit of a NaN kept.</summary>
    public float Single => BitConverter.UInt32BitsToSingle((uint)bits[0]);

    /// <summary>The value as f64, every bit of a NaN kept.</summary>
    public double Double => BitConverter.UInt64BitsToDouble(bits[0]);

    /// <summary>The value as v128.</summary>
    public Vector128<byte> Vector => bits.AsByte();

    /// <summary>The reference: a <see cref="Wasm.Function"/>, a host object, an object of the guest's heap, or null.</summary>
    public object? Reference => reference;

    /// <summary>The reference as a function, or null.</summary>
    public Function? Function => reference as Function;

    /// <summary>The low 64 bits.</summary>
    public ulong Bits => bits[0];

    /// <summary>Compares kind, bits and reference.</summary>
    public static bool operator ==(Value left, Value right) => left.Equals(right);

    /// <summary>Compares kind, bits and reference.</summary>
    public static bool operator !=(Value left, Value right) => !left.Equals(right);

    /// <summary>An i32.</summary>
    public static implicit operator Value(int value) => From(value);

    /// <summary>An i64.</summary>
    public static implicit operator Value(long value) => From(value);

    /// <summary>An f32.</summary>
    public static implicit operator Value(float value) => From(value);

    /// <summary>An f64.</summary>
    public static implicit operator Value(double value) => From(value);

    /// <summary>An i32.</summary>
    /// <param name="value">The number.</param>
    public static Value From(int value) => new(Vector128.CreateScalar((ulong)(uint)value), null, WasmTypeKind.I32);

    /// <summary>An i64.</summary>
    /// <param name="value">The number.</param>
    public static Value From(long value) => new(Vector128.CreateScalar((ulong)value), null, WasmTypeKind.I64);

    /// <summary>An f32.</summary>
    /// <param name="value">The number.</param>
    public static Value From(float value) => new(Vector128.CreateScalar((ulong)BitConverter.SingleToUInt32Bits(value)), null, WasmTypeKind.F32);

    /// <summary>An f64.</summary>
    /// <param name="value">The number.</param>
    public static Value From(double value) => new(Vector128.CreateScalar(BitConverter.DoubleToUInt64Bits(value)), null, WasmTypeKind.F64);

    /// <summary>A v128.</summary>
    /// <param name="value">The vector.</param>
    public static Value From(Vector128<byte> value) => new(value.AsUInt64(), null, WasmTypeKind.V128);

    /// <summary>A reference; null is null of every reference type.</summary>
    /// <param name="value">A function, a host object or null.</param>
    public static Value FromReference(object? value) => new(default, value, WasmTypeKind.Reference);

    /// <summary>A number of a kind from its bits.</summary>
    /// <param name="kind">I32, I64, F32 or F64.</param>
    /// <param name="bits">The bits.</param>
    public static Value FromBits(WasmTypeKind kind, ulong bits) => new(Vector128.CreateScalar(bits), null, kind);

    /// <summary>The zero or null that locals start with.</summary>
    /// <param name="type">A defaultable type.</param>
    public static Value Default(WasmType type) => new(default, null, type.Kind);

    /// <inheritdoc/>
    public bool Equals(Value other) => Kind == other.Kind && bits == other.bits && ReferenceEquals(reference, other.reference);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Value other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Kind, bits, RuntimeHelpers.GetHashCode(reference));

    /// <inheritdoc/>
    public override string ToString() => Kind switch
    {
        WasmTypeKind.I32 => $"i32:{Int32}",
        WasmTypeKind.I64 => $"i64:{Int64}",
        WasmTypeKind.F32 => $"f32:{Single:R}",
        WasmTypeKind.F64 => $"f64:{Double:R}",
        WasmTypeKind.V128 => $"v128:{bits[0]:x16}_{bits[1]:x16}",
        _ => $"ref:{reference ?? "null"}",
    };
}
