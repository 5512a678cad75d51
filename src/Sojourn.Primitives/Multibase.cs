using System.Text;

namespace Sojourn.Primitives;

/// <summary>Self-describing text encodings of bytes.</summary>
/// <remarks>multiformats/multibase. RFC 4648 bases are read in either case; trailing bits must be zero and padding exact.</remarks>
public static class Multibase
{
    /// <summary>The longest text that is decoded, in characters.</summary>
    public const int TextCharsMax = 16 << 20;

    /// <summary>The longest text of a positional base (10, 36, 58) that is decoded, in characters.</summary>
    public const int PositionalCharsMax = 16 << 10;

    /// <summary>Every encoding that is read and written.</summary>
    public static IReadOnlyList<MultibaseEncoding> All { get; } = Enum.GetValues<MultibaseEncoding>();

    /// <summary>Encodes bytes with the prefix of the base.</summary>
    /// <param name="encoding">The base.</param>
    /// <param name="bytes">At most 16 KiB for the positional bases 10, 36 and 58.</param>
    public static string Encode(MultibaseEncoding encoding, ReadOnlySpan<byte> bytes)
    {
        var codec = BaseCodecs.Find(encoding) ?? throw new ArgumentOutOfRangeException(nameof(encoding));
        return codec.EncodeWithPrefix(new Rune((int)encoding), bytes);
    }

    /// <summary>Decodes text of any known base.</summary>
    /// <param name="text">The text with its prefix.</param>
    /// <param name="bytes">The bytes, or an empty array on failure.</param>
    public static MultibaseFault TryDecode(ReadOnlySpan<char> text, out byte[] bytes) => TryDecode(text, out bytes, out _);

    /// <summary>Decodes text of any known base.</summary>
    /// <param name="text">The text with its prefix.</param>
    /// <param name="bytes">The bytes, or an empty array on failure.</param>
    /// <param name="encoding">The base that the prefix names.</param>
    public static MultibaseFault TryDecode(ReadOnlySpan<char> text, out byte[] bytes, out MultibaseEncoding encoding)
    {
        bytes = [];
        encoding = default;
        if (text.IsEmpty)
        {
            return MultibaseFault.Empty;
        }

        if (text.Length > TextCharsMax)
        {
            return MultibaseFault.TooLong;
        }

        if (Rune.DecodeFromUtf16(text, out var prefix, out var used) != System.Buffers.OperationStatus.Done)
        {
            return MultibaseFault.UnknownBase;
        }

        encoding = (MultibaseEncoding)prefix.Value;
        var codec = BaseCodecs.Find(encoding);
        if (codec is null)
        {
            return MultibaseFault.UnknownBase;
        }

        text = text[used..];
        if (codec.IsPositional && text.Length > PositionalCharsMax)
        {
            return MultibaseFault.TooLong;
        }

        var decoded = codec.Decode(text);
        if (decoded is null)
        {
            return MultibaseFault.BadText;
        }

        bytes = decoded;
        return MultibaseFault.None;
    }
}
