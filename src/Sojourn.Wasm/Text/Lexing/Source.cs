using System.Text;
using System.Text.Unicode;

namespace Sojourn.Wasm.Text.Lexing;

/// <summary>The bytes of a text, and the means to say where in it something is wrong.</summary>
internal sealed class Source
{
    /// <summary>The largest text that is read: 256 MiB, so that offsets and token counts stay far inside 32 bits.</summary>
    public const int LargestLength = 256 << 20;

    private readonly byte[] bytes;

    public Source(byte[] bytes)
    {
        this.bytes = bytes;
        if (bytes.Length > LargestLength)
        {
            throw Error(TextFault.TooLarge, 0, $"text of {bytes.Length} bytes; at most {LargestLength} are read");
        }

        if (!Utf8.IsValid(bytes))
        {
            throw Error(TextFault.MalformedUtf8, FirstInvalid(bytes), "malformed UTF-8 encoding");
        }
    }

    public ReadOnlySpan<byte> Bytes => bytes;

    public ReadOnlySpan<byte> Of(Token token) => bytes.AsSpan(token.Start, token.Length);

    public string TextOf(Token token) => Encoding.UTF8.GetString(Of(token));

    public WatException Error(TextFault fault, int offset, string detail)
    {
        var (line, column) = Position(offset);
        return new WatException(fault, detail, offset, line, column);
    }

    private static int FirstInvalid(ReadOnlySpan<byte> text)
    {
        var at = 0;
        while (Rune.DecodeFromUtf8(text[at..], out _, out var taken) == System.Buffers.OperationStatus.Done)
        {
            at += taken;
        }

        return at;
    }

    public (int Line, int Column) Position(int offset)
    {
        var before = bytes.AsSpan(0, Math.Min(offset, bytes.Length));
        var line = 1;
        var start = 0;
        for (var i = 0; i < before.Length; i++)
        {
            // CR, LF and CRLF each end one line.
            if (before[i] == '\n' || (before[i] == '\r' && !(i + 1 < bytes.Length && bytes[i + 1] == '\n')))
            {
                line++;
                start = i + 1;
            }
        }

        var column = 1;
        foreach (var b in before[start..])
        {
            column += (b & 0xC0) == 0x80 ? 0 : 1;
        }

        return (line, column);
    }
}
