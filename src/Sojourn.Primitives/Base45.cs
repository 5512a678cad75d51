namespace Sojourn.Primitives;

/// <summary>Two bytes as three digits of base 45, a last single byte as two.</summary>
/// <remarks>RFC 9285 section 4.</remarks>
internal sealed class Base45 : BaseCodec
{
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
    private static readonly sbyte[] Values = MakeValues();

    public override string Encode(ReadOnlySpan<byte> bytes)
    {
        var text = new System.Text.StringBuilder(bytes.Length * 3 / 2 + 2);
        for (var i = 0; i < bytes.Length; i += 2)
        {
            var pair = i + 1 < bytes.Length;
            var number = pair ? (bytes[i] << 8) | bytes[i + 1] : bytes[i];
            text.Append(Alphabet[number % 45]).Append(Alphabet[number / 45 % 45]);
            if (pair)
            {
                text.Append(Alphabet[number / 2025]);
            }
        }

        return text.ToString();
    }

    public override byte[]? Decode(ReadOnlySpan<char> text)
    {
        if (text.Length % 3 == 1)
        {
            return null;
        }

        var result = new byte[text.Length / 3 * 2 + (text.Length % 3 == 2 ? 1 : 0)];
        for (int i = 0, at = 0; i < text.Length; i += 3)
        {
            var digits = Math.Min(3, text.Length - i);
            var number = 0;
            for (var k = digits - 1; k >= 0; k--)
            {
                var value = text[i + k] < 128 ? Values[text[i + k]] : -1;
                if (value < 0)
                {
                    return null;
                }

                number = number * 45 + value;
            }

            if (number > (digits == 3 ? 0xffff : 0xff))
            {
                return null;
            }

            if (digits == 3)
            {
                result[at++] = (byte)(number >> 8);
            }

            result[at++] = (byte)number;
        }

        return result;
    }

    private static sbyte[] MakeValues()
    {
        var values = new sbyte[128];
        DigitTable.Fill(values, Alphabet, anyCase: false);
        return values;
    }
}
