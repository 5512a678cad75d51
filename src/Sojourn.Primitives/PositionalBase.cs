namespace Sojourn.Primitives;

/// <summary>A base in which the bytes are one big number; each leading zero byte is one leading zero digit.</summary>
internal sealed class PositionalBase : BaseCodec
{
    private readonly string _alphabet;
    private readonly sbyte[] _values = new sbyte[128];

    public PositionalBase(string alphabet, bool anyCase = false)
    {
        _alphabet = alphabet;
        DigitTable.Fill(_values, alphabet, anyCase);
    }

    public static PositionalBase Base58Btc { get; } = new("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz");

    public override bool IsPositional => true;

    public override string Encode(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, Multibase.PositionalCharsMax);
        var zeros = 0;
        while (zeros < bytes.Length && bytes[zeros] == 0)
        {
            zeros++;
        }

        var @base = (uint)_alphabet.Length;
        var digits = new byte[(int)((bytes.Length - zeros) * 8 / Math.Log2(@base)) + 1];
        var used = 0;
        foreach (var b in bytes[zeros..])
        {
            uint carry = b;
            for (var i = 0; i < used; i++)
            {
                carry += (uint)digits[i] << 8;
                digits[i] = (byte)(carry % @base);
                carry /= @base;
            }

            while (carry > 0)
            {
                digits[used++] = (byte)(carry % @base);
                carry /= @base;
            }
        }

        var chars = new char[zeros + used];
        chars.AsSpan(0, zeros).Fill(_alphabet[0]);
        for (var i = 0; i < used; i++)
        {
            chars[zeros + i] = _alphabet[digits[used - 1 - i]];
        }

        return new string(chars);
    }

    public override byte[]? Decode(ReadOnlySpan<char> text)
    {
        var zeros = 0;
        while (zeros < text.Length && text[zeros] == _alphabet[0])
        {
            zeros++;
        }

        var @base = (uint)_alphabet.Length;
        var number = new byte[(int)((text.Length - zeros) * Math.Log2(@base) / 8) + 1];
        var used = 0;
        foreach (var c in text[zeros..])
        {
            var value = c < 128 ? _values[c] : -1;
            if (value < 0)
            {
                return null;
            }

            var carry = (uint)value;
            for (var i = 0; i < used; i++)
            {
                carry += number[i] * @base;
                number[i] = (byte)carry;
                carry >>= 8;
            }

            while (carry > 0)
            {
                number[used++] = (byte)carry;
                carry >>= 8;
            }
        }

        var result = new byte[zeros + used];
        for (var i = 0; i < used; i++)
        {
            result[zeros + i] = number[used - 1 - i];
        }

        return result;
    }
}
