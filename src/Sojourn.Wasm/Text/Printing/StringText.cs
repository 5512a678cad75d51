using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Sojourn.Wasm.Text.Printing;

/// <summary>Writes bytes as a string literal.</summary>
internal static class StringText
{
    /// <summary>Quotes bytes; letters beyond ASCII stay letters where the bytes are known to be text.</summary>
    public static string Quote(ReadOnlySpan<byte> bytes, bool text)
    {
        var builder = new StringBuilder(bytes.Length + 2).Append('"');
        if (text && Utf8.IsValid(bytes))
        {
            foreach (var rune in Encoding.UTF8.GetString(bytes).EnumerateRunes())
            {
                if (rune.IsAscii || Rune.IsControl(rune))
                {
                    foreach (var b in Encoding.UTF8.GetBytes(rune.ToString()))
                    {
                        Append(builder, b);
                    }
                }
                else
                {
                    builder.Append(rune);
                }
            }
        }
        else
        {
            foreach (var b in bytes)
            {
                Append(builder, b);
            }
        }

        return builder.Append('"').ToString();
    }

    private static void Append(StringBuilder builder, byte b)
    {
        switch (b)
        {
            case (byte)'"' or (byte)'\\':
                builder.Append('\\').Append((char)b);
                break;
            case (byte)'\n':
                builder.Append("\\n");
                break;
            case (byte)'\t':
                builder.Append("\\t");
                break;
            case >= 0x20 and < 0x7F:
                builder.Append((char)b);
                break;
            default:
                builder.Append(CultureInfo.InvariantCulture, $"\\{b:x2}");
                break;
        }
    }
}
