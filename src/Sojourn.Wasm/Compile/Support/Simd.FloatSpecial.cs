using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using V128 = System.Runtime.Intrinsics.Vector128<byte>;

namespace Sojourn.Wasm.Compile.Support;

internal static partial class Simd
{
    [MethodImpl(Inline)]
    public static V128 F32x4Min(V128 left, V128 right)
    {
        var (a, b) = (left.AsSingle(), right.AsSingle());
        var chosen = Vector128.ConditionalSelect(Vector128.LessThan(a, b), a, b);
        chosen = Vector128.ConditionalSelect(Vector128.Equals(a, b), a | b, chosen);
        var ordered = Vector128.Equals(a, a) & Vector128.Equals(b, b);
        return Vector128.ConditionalSelect(ordered, chosen, a + b).AsByte();
    }

    [MethodImpl(Inline)]
    public static V128 F32x4Max(V128 left, V128 right)
    {
        var (a, b) = (left.AsSingle(), right.AsSingle());
        var chosen = Vector128.ConditionalSelect(Vector128.GreaterThan(a, b), a, b);
        chosen = Vector128.ConditionalSelect(Vector128.Equals(a, b), a & b, chosen);
        var ordered = Vector128.Equals(a, a) & Vector128.Equals(b, b);
        return Vector128.ConditionalSelect(ordered, chosen, a + b).AsByte();
    }

    [MethodImpl(Inline)]
    public static V128 F64x2Min(V128 left, V128 right)
    {
        var (a, b) = (left.AsDouble(), right.AsDouble());
        var chosen = Vector128.ConditionalSelect(Vector128.LessThan(a, b), a, b);
        chosen = Vector128.ConditionalSelect(Vector128.Equals(a, b), a | b, chosen);
        var ordered = Vector128.Equals(a, a) & Vector128.Equals(b, b);
        return Vector128.ConditionalSelect(ordered, chosen, a + b).AsByte();
    }

    [MethodImpl(Inline)]
    public static V128 F64x2Max(V128 left, V128 right)
    {
        var (a, b) = (left.AsDouble(), right.AsDouble());
        var chosen = Vector128.ConditionalSelect(Vector128.GreaterThan(a, b), a, b);
        chosen = Vector128.ConditionalSelect(Vector128.Equals(a, b), a & b, chosen);
        var ordered = Vector128.Equals(a, a) & Vector128.Equals(b, b);
        return Vector128.ConditionalSelect(ordered, chosen, a + b).AsByte();
    }

    [MethodImpl(Inline)]
    public static V128 F32x4RelaxedMin(V128 left, V128 right) => F32x4Min(left, right);

    [MethodImpl(Inline)]
    public static V128 F32x4RelaxedMax(V128 left, V128 right) => F32x4Max(left, right);

    [MethodImpl(Inline)]
    public static V128 F64x2RelaxedMin(V128 left, V128 right) => F64x2Min(left, right);

    [MethodImpl(Inline)]
    public static V128 F64x2RelaxedMax(V128 left, V128 right) => F64x2Max(left, right);

    // The deterministic profile fuses: one rounding. Lane by lane where the machine has no such instruction.
    public static V128 F32x4RelaxedMadd(V128 a, V128 b, V128 c)
    {
        if (Fma.IsSupported)
        {
            return Fma.MultiplyAdd(a.AsSingle(), b.AsSingle(), c.AsSingle()).AsByte();
        }

        var result = Vector128<float>.Zero;
        for (var i = 0; i < 4; i++)
        {
            result = result.WithElement(i, MathF.FusedMultiplyAdd(a.AsSingle()[i], b.AsSingle()[i], c.AsSingle()[i]));
        }

        return result.AsByte();
    }

    public static V128 F32x4RelaxedNmadd(V128 a, V128 b, V128 c) => F32x4RelaxedMadd(F32x4Neg(a), b, c);

    public static V128 F64x2RelaxedMadd(V128 a, V128 b, V128 c)
    {
        if (Fma.IsSupported)
        {
            return Fma.MultiplyAdd(a.AsDouble(), b.AsDouble(), c.AsDouble()).AsByte();
        }

        return Vector128.Create(
            Math.FusedMultiplyAdd(a.AsDouble()[0], b.AsDouble()[0], c.AsDouble()[0]),
            Math.FusedMultiplyAdd(a.AsDouble()[1], b.AsDouble()[1], c.AsDouble()[1])).AsByte();
    }

    public static V128 F64x2RelaxedNmadd(V128 a, V128 b, V128 c) => F64x2RelaxedMadd(F64x2Neg(a), b, c);

    [MethodImpl(Inline)]
    public static V128 CanonicalF32x4(V128 vector) =>
        Vector128.ConditionalSelect(Vector128.Equals(vector.AsSingle(), vector.AsSingle()).AsByte(), vector, Vector128.Create(0x7FC00000).AsByte());

    [MethodImpl(Inline)]
    public static V128 CanonicalF64x2(V128 vector) =>
        Vector128.ConditionalSelect(Vector128.Equals(vector.AsDouble(), vector.AsDouble()).AsByte(), vector, Vector128.Create(0x7FF8000000000000).AsByte());

    [MethodImpl(Inline)]
    public static V128 F32x4DemoteF64x2Zero(V128 vector)
    {
        if (Sse2.IsSupported)
        {
            return Sse2.ConvertToVector128Single(vector.AsDouble()).AsByte();
        }

        return Vector128.Create((float)vector.AsDouble()[0], (float)vector.AsDouble()[1], 0, 0).AsByte();
    }

    [MethodImpl(Inline)]
    public static V128 F64x2PromoteLowF32x4(V128 vector)
    {
        if (Sse2.IsSupported)
        {
            return Sse2.ConvertToVector128Double(vector.AsSingle()).AsByte();
        }

        return Vector128.Create((double)vector.AsSingle()[0], vector.AsSingle()[1]).AsByte();
    }

    [MethodImpl(Inline)]
    public static V128 F32x4ConvertI32x4S(V128 vector) => Vector128.ConvertToSingle(vector.AsInt32()).AsByte();

    public static V128 F32x4ConvertI32x4U(V128 vector)
    {
        var v = vector.AsUInt32();
        return Vector128.Create((float)(long)v[0], (float)(long)v[1], (float)(long)v[2], (float)(long)v[3]).AsByte();
    }

    [MethodImpl(Inline)]
    public static V128 F64x2ConvertLowI32x4S(V128 vector) => Vector128.Create((double)vector.AsInt32()[0], vector.AsInt32()[1]).AsByte();

    [MethodImpl(Inline)]
    public static V128 F64x2ConvertLowI32x4U(V128 vector) => Vector128.Create((double)(long)vector.AsUInt32()[0], (double)(long)vector.AsUInt32()[1]).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4TruncSatF32x4S(V128 vector)
    {
        var value = vector.AsSingle();
        if (Sse2.IsSupported)
        {
            // Too large gives 0x80000000, which inverted is the largest; NaN was replaced by zero.
            value &= Vector128.Equals(value, value);
            var overflow = Vector128.GreaterThanOrEqual(value, Vector128.Create(2147483648f)).AsInt32();
            return (Sse2.ConvertToVector128Int32WithTruncation(value) ^ overflow).AsByte();
        }

        return Vector128.Create(Numeric.I32TruncSatF32S(value[0]), Numeric.I32TruncSatF32S(value[1]), Numeric.I32TruncSatF32S(value[2]), Numeric.I32TruncSatF32S(value[3])).AsByte();
    }

    public static V128 I32x4TruncSatF32x4U(V128 vector)
    {
        var value = vector.AsSingle();
        return Vector128.Create(Numeric.I32TruncSatF32U(value[0]), Numeric.I32TruncSatF32U(value[1]), Numeric.I32TruncSatF32U(value[2]), Numeric.I32TruncSatF32U(value[3])).AsByte();
    }

    public static V128 I32x4TruncSatF64x2SZero(V128 vector)
    {
        var value = vector.AsDouble();
        return Vector128.Create(Numeric.I32TruncSatF64S(value[0]), Numeric.I32TruncSatF64S(value[1]), 0, 0).AsByte();
    }

    public static V128 I32x4TruncSatF64x2UZero(V128 vector)
    {
        var value = vector.AsDouble();
        return Vector128.Create(Numeric.I32TruncSatF64U(value[0]), Numeric.I32TruncSatF64U(value[1]), 0, 0).AsByte();
    }

    [MethodImpl(Inline)]
    public static V128 I32x4RelaxedTruncF32x4S(V128 vector) => I32x4TruncSatF32x4S(vector);

    [MethodImpl(Inline)]
    public static V128 I32x4RelaxedTruncF32x4U(V128 vector) => I32x4TruncSatF32x4U(vector);

    [MethodImpl(Inline)]
    public static V128 I32x4RelaxedTruncF64x2SZero(V128 vector) => I32x4TruncSatF64x2SZero(vector);

    [MethodImpl(Inline)]
    public static V128 I32x4RelaxedTruncF64x2UZero(V128 vector) => I32x4TruncSatF64x2UZero(vector);
}
