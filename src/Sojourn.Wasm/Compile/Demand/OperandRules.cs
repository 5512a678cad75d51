using System.Numerics;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Compile.Demand;

/// <summary>What follows for an instruction's operands from what becomes of its result.</summary>
/// <remarks>
/// A need is a set of bits of which each certainly makes a difference to something that can be seen (of a vector: bytes). Both answers lean to
/// the safe side: a bit is only needed where no algebra that the platform's compiler knows could do without it (x - x, x * 0, x &amp; 255), and
/// a value may be cut wherever it could make do with less of it.
/// </remarks>
internal static class OperandRules
{
    /// <summary>Every bit.</summary>
    public const ulong All = ulong.MaxValue;

    private const ulong Word = uint.MaxValue;

    /// <summary>The first operand.</summary>
    public static (ulong Need, Cuts Cuts) First(FunctionTrace trace, in Step step, ulong need, Cuts cuts)
    {
        var opcode = step.Opcode;
        if ((int)opcode >> 16 == 0xFD)
        {
            return VectorRules.Operand(trace, in step, 0, need);
        }

        if (opcode is >= Opcode.I32Add and <= Opcode.I32Rotr)
        {
            return Integer(trace, opcode - Opcode.I32Add, step.B, 32, first: true, need, cuts);
        }

        if (opcode is >= Opcode.I64Add and <= Opcode.I64Rotr)
        {
            return Integer(trace, opcode - Opcode.I64Add, step.B, 64, first: true, need, cuts);
        }

        switch (opcode)
        {
            case Opcode.Select:
                return (0, cuts);
            case Opcode.I32Eqz or Opcode.I64Eqz:
                return (Truth(need), Cuts.None);
            case >= Opcode.I32Eq and <= Opcode.I32GeU:
                return Comparison(trace, opcode - Opcode.I32Eq, step.B, 32, need);
            case >= Opcode.I64Eq and <= Opcode.I64GeU:
                return Comparison(trace, opcode - Opcode.I64Eq, step.B, 64, need);
            case >= Opcode.F32Eq and <= Opcode.F64Ge:
                return (trace.TryConstant(step.B, out _) ? Truth(need) : 0, Cuts.None);
            case Opcode.I32Clz or Opcode.I64Clz or Opcode.I32Ctz or Opcode.I64Ctz or Opcode.I32Popcnt or Opcode.I64Popcnt:
                return (Truth(need), Cuts.None);
            case Opcode.I32Extend8S or Opcode.I64Extend8S:
                return (Extended(need, 8), Cuts.Any);
            case Opcode.I32Extend16S or Opcode.I64Extend16S:
                return (Extended(need, 16), Cuts.ToShort | cuts);
            case Opcode.I64Extend32S or Opcode.I64ExtendI32S:
                return (Extended(need, 32), cuts);
            case Opcode.I32WrapI64 or Opcode.I64ExtendI32U:
                return (need & Word, cuts);
            case Opcode.I32ReinterpretF32 or Opcode.I64ReinterpretF64 or Opcode.F32ReinterpretI32 or Opcode.F64ReinterpretI64 or Opcode.F32Neg or Opcode.F64Neg:
                return (need, cuts);
            case Opcode.F32Abs or Opcode.F32Copysign:
                return (need & Word & ~(1UL << 31), Cuts.Any);
            case Opcode.F64Abs or Opcode.F64Copysign:
                return (need & ~(1UL << 63), Cuts.Any);
            default:
                // Arithmetic and conversions of floats: all of a result that is needed depends on all of the operand.
                return (AllIfWhole(need), Cuts.None);
        }
    }

    /// <summary>The second operand.</summary>
    public static (ulong Need, Cuts Cuts) Second(FunctionTrace trace, in Step step, ulong need, Cuts cuts)
    {
        var opcode = step.Opcode;
        if ((int)opcode >> 16 == 0xFD)
        {
            return VectorRules.Operand(trace, in step, 1, need);
        }

        if (opcode is >= Opcode.I32Add and <= Opcode.I32Rotr)
        {
            return Integer(trace, opcode - Opcode.I32Add, step.A, 32, first: false, need, cuts);
        }

        if (opcode is >= Opcode.I64Add and <= Opcode.I64Rotr)
        {
            return Integer(trace, opcode - Opcode.I64Add, step.A, 64, first: false, need, cuts);
        }

        switch (opcode)
        {
            case Opcode.Select:
                return (0, cuts);
            case >= Opcode.I32Eq and <= Opcode.I32GeU:
                return Comparison(trace, opcode - Opcode.I32Eq, step.A, 32, need);
            case >= Opcode.I64Eq and <= Opcode.I64GeU:
                return Comparison(trace, opcode - Opcode.I64Eq, step.A, 64, need);
            case >= Opcode.F32Eq and <= Opcode.F64Ge:
                return (trace.TryConstant(step.A, out _) ? Truth(need) : 0, Cuts.None);
            case Opcode.I32Store8 or Opcode.I64Store8:
                return (0xFF, Cuts.Any);
            case Opcode.I32Store16 or Opcode.I64Store16:
                return (0xFFFF, Cuts.ToShort);
            case Opcode.I64Store32:
                return (Word, Cuts.None);
            case Opcode.I32Store or Opcode.I64Store or Opcode.F32Store or Opcode.F64Store:
                return (All, Cuts.None);
            case Opcode.F32Copysign:
                return (need & (1UL << 31), Cuts.None);
            case Opcode.F64Copysign:
                return (need & (1UL << 63), Cuts.None);
            case >= Opcode.F32Abs and <= Opcode.F64Copysign:
                return (AllIfWhole(need), Cuts.None);
            default:
                return (0, Cuts.Any);
        }
    }

    // Results that are small numbers: whoever needs the lowest bit needs the operand.
    private static ulong Truth(ulong need) => (need & 1) != 0 ? All : 0;

    private static ulong AllIfWhole(ulong need) => (need & Word) == Word ? All : 0;

    private static ulong Extended(ulong need, int bits) =>
        (need & ((1UL << bits) - 1)) | (need >> bits != 0 ? 1UL << (bits - 1) : 0);

    private static (ulong Need, Cuts Cuts) Comparison(FunctionTrace trace, int number, int other, int bits, ulong need)
    {
        if (!trace.TryConstant(other, out var constant))
        {
            return (0, Cuts.None);
        }

        if (number < 2)
        {
            return (Truth(need), Cuts.None);
        }

        // Below 0, at most the greatest: known without looking. Else at least the highest bits decide.
        var extreme = bits == 32
            ? (int)constant is 0 or -1 or int.MinValue or int.MaxValue
            : constant is 0 or -1 or long.MinValue or long.MaxValue;
        return (extreme || (need & 1) == 0 ? 0 : 1UL << (bits - 1), Cuts.None);
    }

    // By position after add: sub, mul, div_s, div_u, rem_s, rem_u, and, or, xor, shl, shr_s, shr_u, rotl, rotr.
    private static (ulong Need, Cuts Cuts) Integer(FunctionTrace trace, int number, int other, int bits, bool first, ulong need, Cuts cuts)
    {
        var known = trace.TryConstant(other, out var constant);
        var unsigned = bits == 32 ? (uint)constant : (ulong)constant;
        need &= bits == 32 ? Word : All;
        switch (number)
        {
            case 0 or 1 or 9:
                return (known ? need : 0, cuts);
            case 2:
                return (known && unsigned != 0 ? need >> BitOperations.TrailingZeroCount(unsigned) : 0, cuts);
            case 7:
                if (!known)
                {
                    return (0, cuts | (trace.MayBeKnown(other) ? Cuts.Any : Cuts.None));
                }

                var width = 64 - BitOperations.LeadingZeroCount(unsigned);
                return (need & unsigned, cuts | (width <= 8 ? Cuts.Any : width <= 16 ? Cuts.ToShort : Cuts.None));
            case 8:
                return (known ? need & ~unsigned : 0, cuts);
            case >= 10 when !first:
                // Counts of shifts are taken modulo the width.
                return (0, Cuts.Any);
            case >= 10:
                return Shifted(number, known, (int)constant & (bits - 1), trace.MayBeKnown(other), bits, need, cuts);
            default:
                return first ? Divided(number, known, unsigned, bits, trace.MayBeKnown(other), need, cuts) : (0, Cuts.None);
        }
    }

    private static (ulong Need, Cuts Cuts) Shifted(int number, bool known, int count, bool mayBeKnown, int bits, ulong need, Cuts cuts)
    {
        var top = 1UL << (bits - 1);
        switch (number)
        {
            case 10 when known:
                return (need >> count, cuts | (count >= bits - 8 ? Cuts.Any : count >= bits - 16 ? Cuts.ToShort : Cuts.None));
            case 10:
                return (0, cuts | (mayBeKnown ? Cuts.Any : Cuts.None));
            case 11 when known:
                return (((need << count) & (top | (top - 1))) | (need >> (bits - 1 - count) != 0 ? top : 0), count == 0 ? cuts : Cuts.None);
            case 12 when known:
                return ((need << count) & (top | (top - 1)), count == 0 ? cuts : Cuts.None);
            case 11 or 12:
                return (0, cuts);
            default:
                if (!known)
                {
                    return (need == (top | (top - 1)) ? need : 0, cuts);
                }

                var back = number == 13 ? count : bits - count;
                var moved = bits == 64 ? BitOperations.RotateRight(need, back) : BitOperations.RotateRight((uint)need, back);
                return (moved, count == 0 ? cuts : Cuts.None);
        }
    }

    private static (ulong Need, Cuts Cuts) Divided(int number, bool known, ulong divisor, int bits, bool mayBeKnown, ulong need, Cuts cuts)
    {
        if (!known)
        {
            return (0, mayBeKnown ? Cuts.Any : Cuts.None);
        }

        var all = bits == 32 ? Word : All;
        var minusOne = divisor == all;
        var then = need == all ? 1UL << (bits - 1) : 0;
        if (number <= 4)
        {
            return (then, divisor == 1 || minusOne ? cuts : Cuts.None);
        }

        return BitOperations.IsPow2(divisor) || minusOne || divisor == 0 ? (0, Cuts.Any) : (then, Cuts.None);
    }
}
