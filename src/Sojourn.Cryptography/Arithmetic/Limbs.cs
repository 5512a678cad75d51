using System.Runtime.CompilerServices;

namespace Sojourn.Cryptography.Arithmetic;

/// <summary>Carry arithmetic on 64-bit limbs. Comparisons are turned into bits by <c>setcc</c>, never into jumps, since operands may be secret.</summary>
internal static class Limbs
{
    /// <summary>1 where the condition holds, else 0. A bool is one byte of 0 or 1, so reading it as a number needs no branch.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Bit(bool condition) => Unsafe.BitCast<bool, byte>(condition);

    /// <summary>low 64 bits of t + a·b + carry; the high bits become the next carry. The sum is below 2^128, so nothing is lost.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong MultiplyAdd(ulong t, ulong a, ulong b, ref ulong carry)
    {
        var high = Math.BigMul(a, b, out var low);
        low += t;
        high += Bit(low < t);
        low += carry;
        high += Bit(low < carry);
        carry = high;
        return low;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong AddCarry(ulong a, ulong b, ref ulong carry)
    {
        var sum = a + carry;
        var first = Bit(sum < carry);
        sum += b;
        carry = first | Bit(sum < b);
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong SubtractBorrow(ulong a, ulong b, ref ulong borrow)
    {
        var difference = a - b;
        var first = Bit(a < b);
        var result = difference - borrow;
        borrow = first | Bit(difference < borrow);
        return result;
    }

    public static UInt256 Add(in UInt256 a, in UInt256 b, out ulong carry)
    {
        ulong c = 0;
        var l0 = AddCarry(a.L0, b.L0, ref c);
        var l1 = AddCarry(a.L1, b.L1, ref c);
        var l2 = AddCarry(a.L2, b.L2, ref c);
        var l3 = AddCarry(a.L3, b.L3, ref c);
        carry = c;
        return new UInt256(l0, l1, l2, l3);
    }

    public static UInt256 Subtract(in UInt256 a, in UInt256 b, out ulong borrow)
    {
        ulong c = 0;
        var l0 = SubtractBorrow(a.L0, b.L0, ref c);
        var l1 = SubtractBorrow(a.L1, b.L1, ref c);
        var l2 = SubtractBorrow(a.L2, b.L2, ref c);
        var l3 = SubtractBorrow(a.L3, b.L3, ref c);
        borrow = c;
        return new UInt256(l0, l1, l2, l3);
    }

    /// <summary>a where <paramref name="bit"/> is 1, b where it is 0, by masks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static UInt256 Select(ulong bit, in UInt256 a, in UInt256 b)
    {
        var mask = 0 - bit;
        return new UInt256(
            (a.L0 & mask) | (b.L0 & ~mask),
            (a.L1 & mask) | (b.L1 & ~mask),
            (a.L2 & mask) | (b.L2 & ~mask),
            (a.L3 & mask) | (b.L3 & ~mask));
    }
}
