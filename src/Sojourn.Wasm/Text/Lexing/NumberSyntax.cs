namespace Sojourn.Wasm.Text.Lexing;

/// <summary>The shapes of numbers (6.3.1 "Integers", 6.3.2 "Floating-Point").</summary>
internal static class NumberSyntax
{
    /// <summary>Whether a word is an unsigned integer.</summary>
    public static bool IsNatural(ReadOnlySpan<byte> word) =>
        word.StartsWith("0x"u8) ? IsHexDigits(word[2..]) : IsDigits(word);

    /// <summary>Whether a word is any number: integer or float, signed or not, <c>inf</c>, <c>nan</c> and <c>nan:0x…</c> among them.</summary>
    public static bool IsNumber(ReadOnlySpan<byte> word)
    {
        if (word.Length > 0 && word[0] is (byte)'+' or (byte)'-')
        {
            word = word[1..];
        }

        if (word.Length == 0)
        {
            return false;
        }

        if (word.SequenceEqual("inf"u8) || word.SequenceEqual("nan"u8))
        {
            return true;
        }

        if (word.StartsWith("nan:0x"u8))
        {
            return IsHexDigits(word[6..]);
        }

        return word.StartsWith("0x"u8) ? IsFloat(word[2..], true) : IsFloat(word, false);
    }

    /// <summary>Digits, an optional fraction, an optional exponent.</summary>
    private static bool IsFloat(ReadOnlySpan<byte> word, bool hex)
    {
        var exponent = hex ? word.IndexOfAny((byte)'p', (byte)'P') : word.IndexOfAny((byte)'e', (byte)'E');
        if (exponent >= 0)
        {
            var digits = word[(exponent + 1)..];
            if (digits.Length > 0 && digits[0] is (byte)'+' or (byte)'-')
            {
                digits = digits[1..];
            }

            if (!IsDigits(digits))
            {
                return false;
            }

            word = word[..exponent];
        }

        var point = word.IndexOf((byte)'.');
        if (point < 0)
        {
            return hex ? IsHexDigits(word) : IsDigits(word);
        }

        var fraction = word[(point + 1)..];
        var whole = word[..point];
        return (hex ? IsHexDigits(whole) : IsDigits(whole)) && (fraction.IsEmpty || (hex ? IsHexDigits(fraction) : IsDigits(fraction)));
    }

    /// <summary>Decimal digits with single underscores between them.</summary>
    public static bool IsDigits(ReadOnlySpan<byte> word)
    {
        var digit = false;
        foreach (var c in word)
        {
            if (c == '_' && digit)
            {
                digit = false;
            }
            else if (char.IsAsciiDigit((char)c))
            {
                digit = true;
            }
            else
            {
                return false;
            }
        }

        return digit;
    }

    /// <summary>Hexadecimal digits with single underscores between them.</summary>
    public static bool IsHexDigits(ReadOnlySpan<byte> word)
    {
        var digit = false;
        foreach (var c in word)
        {
            if (c == '_' && digit)
            {
                digit = false;
            }
            else if (char.IsAsciiHexDigit((char)c))
            {
                digit = true;
            }
            else
            {
                return false;
            }
        }

        return digit;
    }
}
