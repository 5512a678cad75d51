using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;

namespace Sojourn.Wasm.Text.Lexing;

/// <summary>String literals and their escapes (6.3.3 "Strings").</summary>
internal static class StringLiteral
{
    /// <summary>Reads the literal whose quote is at <paramref name="at"/>; gives the offset after it.</summary>
    /// <param name="source">The text.</param>
    /// <param name="at">The offset of the opening quote.</param>
    /// <param name="into">Where the bytes go, or null to look only.</param>
    public static int Scan(Source source, int at, List<byte>? into)
    {
        var text = source.Bytes;
        var opening = at++;
        while (true)
        {
            if (at >= text.Length)
            {
                throw source.Error(TextFault.UnclosedString, opening, "unclosed string literal");
            }

            var c = text[at];
            switch (c)
            {
                case (byte)'"':
                    return at + 1;
                case (byte)'\n' or (byte)'\r':
                    throw source.Error(TextFault.UnclosedString, opening, "unclosed string literal");
                case < (byte)' ' or 0x7F:
                    throw source.Error(TextFault.IllegalCharacter, at, $"illegal character in string literal (byte 0x{c:x2})");
                case (byte)'\\':
                    at = Escape(source, at, into);
                    break;
                default:
                    into?.Add(c);
                    at++;
                    break;
            }
        }
    }

    /// <summary>Reads a string token's bytes.</summary>
    public static void Append(Source source, Token token, List<byte> into) => Scan(source, token.Start, into);

    /// <summary>Refuses bytes that are not UTF-8.</summary>
    public static void DemandUtf8(Source source, int at, List<byte> name)
    {
        if (!Utf8.IsValid(CollectionsMarshal.AsSpan(name)))
        {
            throw source.Error(TextFault.MalformedUtf8, at, "malformed UTF-8 encoding");
        }
    }

    private static int Escape(Source source, int at, List<byte>? into)
    {
        var text = source.Bytes;
        var c = at + 1 < text.Length ? text[at + 1] : (byte)0;
        int simple = c switch
        {
            (byte)'t' => '\t',
            (byte)'n' => '\n',
            (byte)'r' => '\r',
            (byte)'"' => '"',
            (byte)'\'' => '\'',
            (byte)'\\' => '\\',
            _ => -1,
        };
        if (simple >= 0)
        {
            into?.Add((byte)simple);
            return at + 2;
        }

        if (c == 'u')
        {
            return Scalar(source, at, into);
        }

        if (at + 2 < text.Length && char.IsAsciiHexDigit((char)c) && char.IsAsciiHexDigit((char)text[at + 2]))
        {
            into?.Add((byte)((Convert.ToInt32(((char)c).ToString(), 16) << 4) | Convert.ToInt32(((char)text[at + 2]).ToString(), 16)));
            return at + 3;
        }

        throw source.Error(TextFault.IllegalCharacter, at, "illegal escape");
    }

    private static int Scalar(Source source, int at, List<byte>? into)
    {
        var text = source.Bytes;
        var end = at + 3;
        while (end < text.Length && (char.IsAsciiHexDigit((char)text[end]) || text[end] == '_'))
        {
            end++;
        }

        if (at + 2 >= text.Length || text[at + 2] != '{' || end >= text.Length || text[end] != '}' || !NumberSyntax.IsHexDigits(text[(at + 3)..end])
            || end - at > 16
            || !uint.TryParse(Encoding.ASCII.GetString(text[(at + 3)..end]).Replace("_", "", StringComparison.Ordinal), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            || !Rune.IsValid(value))
        {
            throw source.Error(TextFault.IllegalCharacter, at, "illegal escape");
        }

        Span<byte> utf8 = stackalloc byte[4];
        var length = new Rune(value).EncodeToUtf8(utf8);
        into?.AddRange(utf8[..length]);
        return end + 1;
    }
}
