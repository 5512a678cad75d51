using System.Numerics;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Interpret;

/// <summary>The numeric instructions on scalars, one line each.</summary>
internal static class ScalarOperations
{
    /// <summary>Computes the result of one instruction.</summary>
    /// <param name="opcode">A numeric instruction of one or two scalar operands.</param>
    /// <param name="a">The first operand.</param>
    /// <param name="b">The second operand, or anything where there is none.</param>
    /// <param name="result">The result.</param>
    /// <returns>False where the instruction is not one of these.</returns>
    public static bool TryCompute(Opcode opcode, in Slot a, in Slot b, out Slot result)
    {
        result = default;
        switch (opcode)
        {
            case Opcode.I32Eqz:
                result.Flag = a.U32 == 0;
                break;
            case Opcode.I32Eq:
                result.Flag = a.U32 == b.U32;
                break;
            case Opcode.I32Ne:
                result.Flag = a.U32 != b.U32;
                break;
            case Opcode.I32LtS:
                result.Flag = a.I32 < b.I32;
                break;
            case Opcode.I32LtU:
                result.Flag = a.U32 < b.U32;
                break;
            case Opcode.I32GtS:
                result.Flag = a.I32 > b.I32;
                break;
            case Opcode.I32GtU:
                result.Flag = a.U32 > b.U32;
                break;
            case Opcode.I32LeS:
                result.Flag = a.I32 <= b.I32;
                break;
            case Opcode.I32LeU:
                result.Flag = a.U32 <= b.U32;
                break;
            case Opcode.I32GeS:
                result.Flag = a.I32 >= b.I32;
                break;
            case Opcode.I32GeU:
                result.Flag = a.U32 >= b.U32;
                break;
            case Opcode.I64Eqz:
                result.Flag = a.Low == 0;
                break;
            case Opcode.I64Eq:
                result.Flag = a.Low == b.Low;
                break;
            case Opcode.I64Ne:
                result.Flag = a.Low != b.Low;
                break;
            case Opcode.I64LtS:
                result.Flag = a.I64 < b.I64;
                break;
            case Opcode.I64LtU:
                result.Flag = a.Low < b.Low;
                break;
            case Opcode.I64GtS:
                result.Flag = a.I64 > b.I64;
                break;
            case Opcode.I64GtU:
                result.Flag = a.Low > b.Low;
                break;
            case Opcode.I64LeS:
                result.Flag = a.I64 <= b.I64;
                break;
            case Opcode.I64LeU:
                result.Flag = a.Low <= b.Low;
                break;
            case Opcode.I64GeS:
                result.Flag = a.I64 >= b.I64;
                break;
            case Opcode.I64GeU:
                result.Flag = a.Low >= b.Low;
                break;
            case Opcode.F32Eq:
                result.Flag = a.F32 == b.F32;
                break;
            case Opcode.F32Ne:
                result.Flag = a.F32 != b.F32;
                break;
            case Opcode.F32Lt:
                result.Flag = a.F32 < b.F32;
                break;
            case Opcode.F32Gt:
                result.Flag = a.F32 > b.F32;
                break;
            case Opcode.F32Le:
                result.Flag = a.F32 <= b.F32;
                break;
            case Opcode.F32Ge:
                result.Flag = a.F32 >= b.F32;
                break;
            case Opcode.F64Eq:
                result.Flag = a.F64 == b.F64;
                break;
            case Opcode.F64Ne:
                result.Flag = a.F64 != b.F64;
                break;
            case Opcode.F64Lt:
                result.Flag = a.F64 < b.F64;
                break;
            case Opcode.F64Gt:
                result.Flag = a.F64 > b.F64;
                break;
            case Opcode.F64Le:
                result.Flag = a.F64 <= b.F64;
                break;
            case Opcode.F64Ge:
                result.Flag = a.F64 >= b.F64;
                break;
            case Opcode.I32Clz:
                result.U32 = (uint)BitOperations.LeadingZeroCount(a.U32);
                break;
            case Opcode.I32Ctz:
                result.U32 = (uint)BitOperations.TrailingZeroCount(a.U32);
                break;
            case Opcode.I32Popcnt:
                result.U32 = (uint)BitOperations.PopCount(a.U32);
                break;
            case Opcode.I32Add:
                result.U32 = unchecked(a.U32 + b.U32);
                break;
            case Opcode.I32Sub:
                result.U32 = unchecked(a.U32 - b.U32);
                break;
            case Opcode.I32Mul:
                result.U32 = unchecked(a.U32 * b.U32);
                break;
            case Opcode.I32DivS:
                result.I32 = Integers.Divide(a.I32, b.I32);
                break;
            case Opcode.I32DivU:
                result.U32 = Integers.Divide(a.U32, b.U32);
                break;
            case Opcode.I32RemS:
                result.I32 = Integers.Remainder(a.I32, b.I32);
                break;
            case Opcode.I32RemU:
                result.U32 = Integers.Remainder(a.U32, b.U32);
                break;
            case Opcode.I32And:
                result.U32 = a.U32 & b.U32;
                break;
            case Opcode.I32Or:
                result.U32 = a.U32 | b.U32;
                break;
            case Opcode.I32Xor:
                result.U32 = a.U32 ^ b.U32;
                break;
            case Opcode.I32Shl:
                result.U32 = a.U32 << (int)(b.Low & 31);
                break;
            case Opcode.I32ShrS:
                result.I32 = a.I32 >> (int)(b.Low & 31);
                break;
            case Opcode.I32ShrU:
                result.U32 = a.U32 >> (int)(b.Low & 31);
                break;
            case Opcode.I32Rotl:
                result.U32 = BitOperations.RotateLeft(a.U32, (int)(b.Low & 31));
                break;
            case Opcode.I32Rotr:
                result.U32 = BitOperations.RotateRight(a.U32, (int)(b.Low & 31));
                break;
            case Opcode.I64Clz:
                result.Low = (ulong)BitOperations.LeadingZeroCount(a.Low);
                break;
            case Opcode.I64Ctz:
                result.Low = (ulong)BitOperations.TrailingZeroCount(a.Low);
                break;
            case Opcode.I64Popcnt:
                result.Low = (ulong)BitOperations.PopCount(a.Low);
                break;
            case Opcode.I64Add:
                result.Low = unchecked(a.Low + b.Low);
                break;
            case Opcode.I64Sub:
                result.Low = unchecked(a.Low - b.Low);
                break;
            case Opcode.I64Mul:
                result.Low = unchecked(a.Low * b.Low);
                break;
            case Opcode.I64DivS:
                result.I64 = Integers.Divide(a.I64, b.I64);
                break;
            case Opcode.I64DivU:
                result.Low = Integers.Divide(a.Low, b.Low);
                break;
            case Opcode.I64RemS:
                result.I64 = Integers.Remainder(a.I64, b.I64);
                break;
            case Opcode.I64RemU:
                result.Low = Integers.Remainder(a.Low, b.Low);
                break;
            case Opcode.I64And:
                result.Low = a.Low & b.Low;
                break;
            case Opcode.I64Or:
                result.Low = a.Low | b.Low;
                break;
            case Opcode.I64Xor:
                result.Low = a.Low ^ b.Low;
                break;
            case Opcode.I64Shl:
                result.Low = a.Low << (int)(b.Low & 63);
                break;
            case Opcode.I64ShrS:
                result.I64 = a.I64 >> (int)(b.Low & 63);
                break;
            case Opcode.I64ShrU:
                result.Low = a.Low >> (int)(b.Low & 63);
                break;
            case Opcode.I64Rotl:
                result.Low = BitOperations.RotateLeft(a.Low, (int)(b.Low & 63));
                break;
            case Opcode.I64Rotr:
                result.Low = BitOperations.RotateRight(a.Low, (int)(b.Low & 63));
                break;
            case Opcode.F32Abs:
                result.U32 = a.U32 & ~0x8000_0000u;
                break;
            case Opcode.F32Neg:
                result.U32 = a.U32 ^ 0x8000_0000u;
                break;
            case Opcode.F32Ceil:
                result.F32 = Floats.Canonical(Floats.Ceiling(a.F32));
                break;
            case Opcode.F32Floor:
                result.F32 = Floats.Canonical(Floats.Floor(a.F32));
                break;
            case Opcode.F32Trunc:
                result.F32 = Floats.Canonical(Floats.Truncate(a.F32));
                break;
            case Opcode.F32Nearest:
                result.F32 = Floats.Canonical(Floats.Nearest(a.F32));
                break;
            case Opcode.F32Sqrt:
                result.F32 = Floats.Canonical(MathF.Sqrt(a.F32));
                break;
            case Opcode.F32Add:
                result.F32 = Floats.Canonical(a.F32 + b.F32);
                break;
            case Opcode.F32Sub:
                result.F32 = Floats.Canonical(a.F32 - b.F32);
                break;
            case Opcode.F32Mul:
                result.F32 = Floats.Canonical(a.F32 * b.F32);
                break;
            case Opcode.F32Div:
                result.F32 = Floats.Canonical(a.F32 / b.F32);
                break;
            case Opcode.F32Min:
                result.F32 = Floats.Canonical(Floats.Min(a.F32, b.F32));
                break;
            case Opcode.F32Max:
                result.F32 = Floats.Canonical(Floats.Max(a.F32, b.F32));
                break;
            case Opcode.F32Copysign:
                result.U32 = (a.U32 & ~0x8000_0000u) | (b.U32 & 0x8000_0000u);
                break;
            case Opcode.F64Abs:
                result.Low = a.Low & ~0x8000_0000_0000_0000u;
                break;
            case Opcode.F64Neg:
                result.Low = a.Low ^ 0x8000_0000_0000_0000u;
                break;
            case Opcode.F64Ceil:
                result.F64 = Floats.Canonical(Floats.Ceiling(a.F64));
                break;
            case Opcode.F64Floor:
                result.F64 = Floats.Canonical(Floats.Floor(a.F64));
                break;
            case Opcode.F64Trunc:
                result.F64 = Floats.Canonical(Floats.Truncate(a.F64));
                break;
            case Opcode.F64Nearest:
                result.F64 = Floats.Canonical(Floats.Nearest(a.F64));
                break;
            case Opcode.F64Sqrt:
                result.F64 = Floats.Canonical(Math.Sqrt(a.F64));
                break;
            case Opcode.F64Add:
                result.F64 = Floats.Canonical(a.F64 + b.F64);
                break;
            case Opcode.F64Sub:
                result.F64 = Floats.Canonical(a.F64 - b.F64);
                break;
            case Opcode.F64Mul:
                result.F64 = Floats.Canonical(a.F64 * b.F64);
                break;
            case Opcode.F64Div:
                result.F64 = Floats.Canonical(a.F64 / b.F64);
                break;
            case Opcode.F64Min:
                result.F64 = Floats.Canonical(Floats.Min(a.F64, b.F64));
                break;
            case Opcode.F64Max:
                result.F64 = Floats.Canonical(Floats.Max(a.F64, b.F64));
                break;
            case Opcode.F64Copysign:
                result.Low = (a.Low & ~0x8000_0000_0000_0000u) | (b.Low & 0x8000_0000_0000_0000u);
                break;
            case Opcode.I32WrapI64:
                result.U32 = (uint)a.Low;
                break;
            case Opcode.I32TruncF32S:
                result.I32 = Floats.ToInt32(a.F32);
                break;
            case Opcode.I32TruncF32U:
                result.U32 = Floats.ToUInt32(a.F32);
                break;
            case Opcode.I32TruncSatF32S:
                result.I32 = Floats.SaturateInt32(a.F32);
                break;
            case Opcode.I32TruncSatF32U:
                result.U32 = Floats.SaturateUInt32(a.F32);
                break;
            case Opcode.I32TruncF64S:
                result.I32 = Floats.ToInt32(a.F64);
                break;
            case Opcode.I32TruncF64U:
                result.U32 = Floats.ToUInt32(a.F64);
                break;
            case Opcode.I32TruncSatF64S:
                result.I32 = Floats.SaturateInt32(a.F64);
                break;
            case Opcode.I32TruncSatF64U:
                result.U32 = Floats.SaturateUInt32(a.F64);
                break;
            case Opcode.I64TruncF32S:
                result.I64 = Floats.ToInt64(a.F32);
                break;
            case Opcode.I64TruncF32U:
                result.Low = Floats.ToUInt64(a.F32);
                break;
            case Opcode.I64TruncSatF32S:
                result.I64 = Floats.SaturateInt64(a.F32);
                break;
            case Opcode.I64TruncSatF32U:
                result.Low = Floats.SaturateUInt64(a.F32);
                break;
            case Opcode.I64TruncF64S:
                result.I64 = Floats.ToInt64(a.F64);
                break;
            case Opcode.I64TruncF64U:
                result.Low = Floats.ToUInt64(a.F64);
                break;
            case Opcode.I64TruncSatF64S:
                result.I64 = Floats.SaturateInt64(a.F64);
                break;
            case Opcode.I64TruncSatF64U:
                result.Low = Floats.SaturateUInt64(a.F64);
                break;
            case Opcode.I64ExtendI32S:
                result.I64 = a.I32;
                break;
            case Opcode.I64ExtendI32U:
                result.Low = a.U32;
                break;
            case Opcode.F32ConvertI32S:
                result.F32 = Floats.FromInt64(a.I32);
                break;
            case Opcode.F64ConvertI32S:
                result.F64 = Floats.DoubleFromInt64(a.I32);
                break;
            case Opcode.F32ConvertI32U:
                result.F32 = Floats.FromUInt64(a.U32);
                break;
            case Opcode.F64ConvertI32U:
                result.F64 = Floats.DoubleFromUInt64(a.U32);
                break;
            case Opcode.F32ConvertI64S:
                result.F32 = Floats.FromInt64(a.I64);
                break;
            case Opcode.F64ConvertI64S:
                result.F64 = Floats.DoubleFromInt64(a.I64);
                break;
            case Opcode.F32ConvertI64U:
                result.F32 = Floats.FromUInt64(a.Low);
                break;
            case Opcode.F64ConvertI64U:
                result.F64 = Floats.DoubleFromUInt64(a.Low);
                break;
            case Opcode.F32DemoteF64:
                result.F32 = Floats.Canonical((float)a.F64);
                break;
            case Opcode.F64PromoteF32:
                result.F64 = Floats.Canonical((double)a.F32);
                break;
            case Opcode.I32ReinterpretF32:
                result.Low = a.U32;
                break;
            case Opcode.F32ReinterpretI32:
                result.Low = a.U32;
                break;
            case Opcode.I64ReinterpretF64:
                result.Low = a.Low;
                break;
            case Opcode.F64ReinterpretI64:
                result.Low = a.Low;
                break;
            case Opcode.I32Extend8S:
                result.I32 = (sbyte)a.Low;
                break;
            case Opcode.I32Extend16S:
                result.I32 = (short)a.Low;
                break;
            case Opcode.I64Extend8S:
                result.I64 = (sbyte)a.Low;
                break;
            case Opcode.I64Extend16S:
                result.I64 = (short)a.Low;
                break;
            case Opcode.I64Extend32S:
                result.I64 = (int)a.Low;
                break;
            default:
                return false;
        }

        return true;
    }
}
