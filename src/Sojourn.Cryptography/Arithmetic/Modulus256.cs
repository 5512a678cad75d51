using static Sojourn.Cryptography.Arithmetic.Limbs;

namespace Sojourn.Cryptography.Arithmetic;

/// <summary>Arithmetic modulo an odd prime between 2^255 and 2^256, in Montgomery form.</summary>
/// <remarks>
/// The platform has no arithmetic modulo a group order, which RFC 6979, BIP-32 and RFC 9381 need on secrets. So it is written
/// here with the same instructions for every value: carries are bits, the last subtraction is a masked choice, and exponents
/// (always public: p−2, (p+1)/4) are the only thing that steers the flow. Nothing is looked up by a secret index.
/// </remarks>
internal sealed class Modulus256
{
    private readonly UInt256 modulus;
    private readonly UInt256 rSquared;
    private readonly ulong negativeInverse;
    private readonly UInt256 inverseExponent;
    private readonly UInt256 rootExponent;

    public Modulus256(string hex)
    {
        modulus = UInt256.Parse(hex);

        // Newton's iteration doubles the number of right bits: 5 steps from 3 bits give 96 ≥ 64.
        var inverse = modulus.L0;
        for (var i = 0; i < 5; i++)
        {
            inverse *= 2 - (modulus.L0 * inverse);
        }

        negativeInverse = 0 - inverse;

        var r = Reduce(Limbs.Subtract(default, modulus, out _));
        One = r;
        for (var i = 0; i < 256; i++)
        {
            r = Add(r, r);
        }

        rSquared = r;
        inverseExponent = Limbs.Subtract(modulus, new UInt256(2, 0, 0, 0), out _);
        var up = Limbs.Add(modulus, new UInt256(1, 0, 0, 0), out _);
        rootExponent = new UInt256((up.L0 >> 2) | (up.L1 << 62), (up.L1 >> 2) | (up.L2 << 62), (up.L2 >> 2) | (up.L3 << 62), up.L3 >> 2);
    }

    public UInt256 Value => modulus;

    /// <summary>1 in Montgomery form.</summary>
    public UInt256 One { get; }

    /// <summary>Brings any 256-bit number below the modulus; one subtraction suffices.</summary>
    public UInt256 Reduce(in UInt256 a)
    {
        var less = Limbs.Subtract(a, modulus, out var borrow);
        return Select(borrow, a, less);
    }

    /// <summary>Whether a number is its own residue.</summary>
    public bool IsReduced(in UInt256 a) => UInt256.Less(a, modulus);

    public UInt256 ToMontgomery(in UInt256 a) => Multiply(a, rSquared);

    public UInt256 FromMontgomery(in UInt256 a) => Multiply(a, new UInt256(1, 0, 0, 0));

    public UInt256 Add(in UInt256 a, in UInt256 b)
    {
        var sum = Limbs.Add(a, b, out var carry);
        var less = Limbs.Subtract(sum, modulus, out var borrow);
        // Keep the sum only where it neither overflowed nor reached the modulus.
        return Select(borrow & (carry ^ 1), sum, less);
    }

    public UInt256 Subtract(in UInt256 a, in UInt256 b)
    {
        var difference = Limbs.Subtract(a, b, out var borrow);
        var mask = 0 - borrow;
        return Limbs.Add(difference, new UInt256(modulus.L0 & mask, modulus.L1 & mask, modulus.L2 & mask, modulus.L3 & mask), out _);
    }

    public UInt256 Negate(in UInt256 a) => Subtract(default, a);

    /// <summary>a·b·2^−256 (CIOS, Koç, Acar and Kaliski 1996).</summary>
    public UInt256 Multiply(in UInt256 a, in UInt256 b)
    {
        ulong n0 = modulus.L0, n1 = modulus.L1, n2 = modulus.L2, n3 = modulus.L3;
        ulong a0 = a.L0, a1 = a.L1, a2 = a.L2, a3 = a.L3;
        ulong t0 = 0, t1 = 0, t2 = 0, t3 = 0, t4 = 0;

        Step(b.L0);
        Step(b.L1);
        Step(b.L2);
        Step(b.L3);

        var product = new UInt256(t0, t1, t2, t3);
        var less = Limbs.Subtract(product, modulus, out var borrow);
        return Select(borrow & (t4 ^ 1), product, less);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.AggressiveInlining)]
        void Step(ulong bi)
        {
            ulong c = 0;
            t0 = MultiplyAdd(t0, a0, bi, ref c);
            t1 = MultiplyAdd(t1, a1, bi, ref c);
            t2 = MultiplyAdd(t2, a2, bi, ref c);
            t3 = MultiplyAdd(t3, a3, bi, ref c);
            t4 += c;
            var t5 = Bit(t4 < c);

            var m = t0 * negativeInverse;
            c = 0;
            _ = MultiplyAdd(t0, m, n0, ref c);
            t0 = MultiplyAdd(t1, m, n1, ref c);
            t1 = MultiplyAdd(t2, m, n2, ref c);
            t2 = MultiplyAdd(t3, m, n3, ref c);
            t3 = t4 + c;
            t4 = t5 + Bit(t3 < c);
        }
    }

    public UInt256 Square(in UInt256 a) => Multiply(a, a);

    /// <summary>a^−1 by Fermat; 0 gives 0. Montgomery form in and out.</summary>
    public UInt256 Invert(in UInt256 a) => Power(a, inverseExponent);

    /// <summary>A square root where there is one, for a modulus that is 3 modulo 4. Montgomery form in and out.</summary>
    public bool TrySquareRoot(in UInt256 a, out UInt256 root)
    {
        root = Power(a, rootExponent);
        return UInt256.Equal(Square(root), a);
    }

    /// <summary>a to a public exponent, four bits at a time.</summary>
    private UInt256 Power(in UInt256 a, in UInt256 exponent)
    {
        Span<UInt256> powers = stackalloc UInt256[16];
        powers[0] = One;
        for (var i = 1; i < 16; i++)
        {
            powers[i] = Multiply(powers[i - 1], a);
        }

        var result = One;
        for (var i = 63; i >= 0; i--)
        {
            result = Square(Square(Square(Square(result))));
            var digit = (exponent.Bit((4 * i) + 3) << 3) | (exponent.Bit((4 * i) + 2) << 2) | (exponent.Bit((4 * i) + 1) << 1) | exponent.Bit(4 * i);
            result = Multiply(result, powers[digit]);
        }

        powers.Clear();
        return result;
    }
}
