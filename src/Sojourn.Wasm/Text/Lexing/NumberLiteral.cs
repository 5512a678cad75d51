using System.Globalization;
using System.Text;

namespace Sojourn.Wasm.Text.Lexing;

/// <summary>The values of number tokens.</summary>
internal static class NumberLiteral
{
    /// <summary>Reads an unsigned integer of at most 64 bits.</summary>
    public static bool TryNatural(ReadOnlySpan<byte> word, out ulong value)
    {
        value = 0;
        var hex = word.StartsWith("0x"u8);
        foreach (var c in hex ? word[2..] : word)
        {
            if (c == '_')
            {
                continue;
            }

            var high = Math.BigMul(value, hex ? 16UL : 10UL, out value);
            var sum = value + (ulong)Digit(c);
            if (high != 0 || sum < value)
            {
                return false;
            }

            value = sum;
        }

        return true;
    }

    /// <summary>Reads an integer literal into <paramref name="bits"/> bits: from −2ⁿ⁻¹ to 2ⁿ−1.</summary>
    public static bool TryInteger(ReadOnlySpan<byte> word, int bits, out ulong value)
    {
        var negative = word[0] == '-';
        if (word[0] is (byte)'+' or (byte)'-')
        {
            word = word[1..];
        }

        if (!TryNatural(word, out value))
        {
            return false;
        }

        if (negative)
        {
            if (value > 1UL << (bits - 1))
            {
                return false;
            }

            value = 0 - value;
        }
        else if (bits < 64 && value >> bits != 0)
        {
            return false;
        }

        value &= bits == 64 ? ulong.MaxValue : (1UL << bits) - 1;
        return true;
    }

    /// <summary>Reads a float literal into the bits of a 32-bit or 64-bit IEEE number, rounding to nearest, ties to even.</summary>
    /// <param name="word">The literal.</param>
    /// <param name="wide">Whether the number has 64 bits.</param>
    /// <param name="value">The number's bits.</param>
    /// <returns>False where the value is too large for the type.</returns>
    public static bool TryFloat(ReadOnlySpan<byte> word, bool wide, out ulong value)
    {
        var fractionBits = wide ? 52 : 23;
        var exponentMask = wide ? 0x7FFUL : 0xFFUL;
        var sign = word[0] == '-' ? 1UL << (wide ? 63 : 31) : 0;
        if (word[0] is (byte)'+' or (byte)'-')
        {
            word = word[1..];
        }

        var infinity = exponentMask << fractionBits;
        if (word.SequenceEqual("inf"u8))
        {
            value = sign | infinity;
            return true;
        }

        if (word.SequenceEqual("nan"u8))
        {
            value = sign | infinity | (1UL << (fractionBits - 1));
            return true;
        }

        if (word.StartsWith("nan:"u8))
        {
            value = 0;
            if (!TryNatural(word[4..], out var payload) || payload == 0 || payload >> fractionBits != 0)
            {
                return false;
            }

            value = sign | infinity | payload;
            return true;
        }

        ulong magnitude;
        if (word.StartsWith("0x"u8))
        {
            magnitude = HexFloat(word[2..], fractionBits, (int)exponentMask);
        }
        else
        {
            var text = Encoding.ASCII.GetString(word).Replace("_", "", StringComparison.Ordinal);
            const NumberStyles Style = NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
            magnitude = wide
                ? BitConverter.DoubleToUInt64Bits(double.Parse(text, Style, CultureInfo.InvariantCulture))
                : BitConverter.SingleToUInt32Bits(float.Parse(text, Style, CultureInfo.InvariantCulture));
        }

        value = sign | magnitude;
        return magnitude < infinity;
    }

    private static int Digit(byte c) => c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;

    /// <summary>Rounds a hexadecimal float: 62 leading bits and a sticky bit are enough for both widths.</summary>
    private static ulong HexFloat(ReadOnlySpan<byte> word, int fractionBits, int exponentMask)
    {
        ulong mantissa = 0;
        var sticky = false;
        long exponent = 0;
        var fraction = false;
        var i = 0;
        for (; i < word.Length && word[i] is not ((byte)'p' or (byte)'P'); i++)
        {
            if (word[i] == '_')
            {
                continue;
            }

            if (word[i] == '.')
            {
                fraction = true;
                continue;
            }

            if (mantissa >> 58 == 0)
            {
                mantissa = (mantissa << 4) | (uint)Digit(word[i]);
                exponent -= fraction ? 4 : 0;
            }
            else
            {
                sticky |= Digit(word[i]) != 0;
                exponent += fraction ? 0 : 4;
            }
        }

        if (i < word.Length)
        {
            exponent += Exponent(word[(i + 1)..]);
        }

        if (mantissa == 0)
        {
            return 0;
        }

        var shift = System.Numerics.BitOperations.LeadingZeroCount(mantissa);
        mantissa <<= shift;
        exponent -= shift;

        // value = mantissa · 2^exponent with the top bit of mantissa set; the number's own exponent is that of the top bit.
        var bias = exponentMask >> 1;
        var unbiased = exponent + 63;
        if (unbiased > bias)
        {
            return (ulong)exponentMask << fractionBits;
        }

        var keep = fractionBits + 1;
        long biased = unbiased + bias;
        if (biased <= 0)
        {
            // Subnormal: fewer bits are kept, down to none.
            keep -= (int)Math.Min(1 - biased, 70);
            biased = 0;
        }

        if (keep < 0)
        {
            return 0;
        }

        var dropped = 64 - keep;
        var kept = keep == 0 ? 0 : mantissa >> dropped;
        var rest = keep == 0 ? mantissa : mantissa << keep;
        const ulong Half = 1UL << 63;
        if (rest > Half || (rest == Half && (sticky || (kept & 1) != 0)))
        {
            kept++;
        }

        // A kept leading bit adds one to the exponent field, and so does a carry out of the fraction.
        return biased == 0 ? kept : ((ulong)(biased - 1) << fractionBits) + kept;
    }

    private static long Exponent(ReadOnlySpan<byte> word)
    {
        var negative = word[0] == '-';
        long value = 0;
        foreach (var c in word)
        {
            if (char.IsAsciiDigit((char)c))
            {
                value = Math.Min((value * 10) + (c - '0'), 1L << 40);
            }
        }

        return negative ? -value : value;
    }
}
