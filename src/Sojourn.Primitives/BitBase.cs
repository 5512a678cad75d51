using System.Text;

namespace Sojourn.Primitives;

/// <summary>A base whose size is a power of two: each digit is a fixed number of bits, most significant first.</summary>
/// <remarks>RFC 4648; trailing bits must be zero (section 3.5) and padding exact.</remarks>
internal sealed class BitBase : BaseCodec
{
    private readonly string _alphabet;
    private readonly sbyte[] _values = new sbyte[128];
    private readonly int _bits;
    private readonly int _padTo;

    public BitBase(string alphabet, int bits, bool anyCase = false, int padTo = 0)
    {
        _alphabet = alphabet;
        _bits = bits;
        _padTo = padTo;
        DigitTable.Fill(_values, alphabet, anyCase);
    }

    public override string Encode(ReadOnlySpan<byte> bytes) => EncodeAfter("", bytes);

    public override string EncodeWithPrefix(Rune prefix, ReadOnlySpan<byte> bytes) => EncodeAfter(prefix.ToString(), bytes);

    public override byte[]? Decode(ReadOnlySpan<char> text)
    {
        if (_padTo > 0)
        {
            if (text.Length % _padTo != 0)
            {
                return null;
            }

            var padded = text.Length;
            text = text.TrimEnd('=');
            if (padded - text.Length >= _padTo)
            {
                return null;
            }
        }

        var result = new byte[(int)((long)text.Length * _bits / 8)];
        uint buffer = 0;
        int held = 0, at = 0;
        foreach (var c in text)
        {
            var value = c < 128 ? _values[c] : -1;
            if (value < 0)
            {
                return null;
            }

            buffer = (buffer << _bits) | (uint)value;
            held += _bits;
            if (held >= 8)
            {
                held -= 8;
                result[at++] = (byte)(buffer >> held);
            }
        }

        // A whole digit too many, or bits that no byte holds, would give one value several texts.
        return held >= _bits || (buffer & ((1u << held) - 1)) != 0 ? null : result;
    }

    private string EncodeAfter(string prefix, ReadOnlySpan<byte> bytes)
    {
        var digits = (int)(((long)bytes.Length * 8 + _bits - 1) / _bits);
        var padded = _padTo > 0 ? (digits + _padTo - 1) / _padTo * _padTo : digits;
        var chars = new char[prefix.Length + padded];
        prefix.CopyTo(chars);
        var at = prefix.Length;
        uint buffer = 0;
        var held = 0;
        var mask = (1u << _bits) - 1;
        foreach (var b in bytes)
        {
            buffer = (buffer << 8) | b;
            held += 8;
            while (held >= _bits)
            {
                held -= _bits;
                chars[at++] = _alphabet[(int)((buffer >> held) & mask)];
            }
        }

        if (held > 0)
        {
            chars[at++] = _alphabet[(int)((buffer << (_bits - held)) & mask)];
        }

        chars.AsSpan(at).Fill('=');
        return new string(chars);
    }
}

/// <summary>Reverse tables of digits.</summary>
internal static class DigitTable
{
    public static void Fill(sbyte[] values, string alphabet, bool anyCase)
    {
        Array.Fill(values, (sbyte)-1);
        for (var i = 0; i < alphabet.Length; i++)
        {
            values[alphabet[i]] = (sbyte)i;
            if (anyCase)
            {
                values[char.ToLowerInvariant(alphabet[i])] = (sbyte)i;
                values[char.ToUpperInvariant(alphabet[i])] = (sbyte)i;
            }
        }
    }
}
