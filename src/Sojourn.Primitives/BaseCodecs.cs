using System.Collections.Frozen;
using System.Text;

namespace Sojourn.Primitives;

/// <summary>Turns bytes into digits of one base and back.</summary>
internal abstract class BaseCodec
{
    /// <summary>Whether the cost grows with the square of the length.</summary>
    public virtual bool IsPositional => false;

    /// <summary>The digits alone.</summary>
    public abstract string Encode(ReadOnlySpan<byte> bytes);

    /// <summary>The bytes, or null where the digits do not fit.</summary>
    public abstract byte[]? Decode(ReadOnlySpan<char> text);

    /// <summary>The digits after the base's prefix.</summary>
    public virtual string EncodeWithPrefix(Rune prefix, ReadOnlySpan<byte> bytes) => string.Concat(prefix.ToString(), Encode(bytes));
}

/// <summary>The table from prefixes to codecs.</summary>
internal static class BaseCodecs
{
    private const string Lower32 = "abcdefghijklmnopqrstuvwxyz234567";
    private const string LowerHex32 = "0123456789abcdefghijklmnopqrstuv";
    private const string Digits36 = "0123456789abcdefghijklmnopqrstuvwxyz";
    private const string Url64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    private const string Standard64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    private static readonly FrozenDictionary<MultibaseEncoding, BaseCodec> Table = new Dictionary<MultibaseEncoding, BaseCodec>
    {
        [MultibaseEncoding.Base2] = new BitBase("01", 1),
        [MultibaseEncoding.Base8] = new BitBase("01234567", 3),
        [MultibaseEncoding.Base10] = new PositionalBase("0123456789"),
        [MultibaseEncoding.Base16] = new BitBase("0123456789abcdef", 4, anyCase: true),
        [MultibaseEncoding.Base16Upper] = new BitBase("0123456789ABCDEF", 4, anyCase: true),
        [MultibaseEncoding.Base32] = new BitBase(Lower32, 5, anyCase: true),
        [MultibaseEncoding.Base32Upper] = new BitBase(Lower32.ToUpperInvariant(), 5, anyCase: true),
        [MultibaseEncoding.Base32Pad] = new BitBase(Lower32, 5, anyCase: true, padTo: 8),
        [MultibaseEncoding.Base32PadUpper] = new BitBase(Lower32.ToUpperInvariant(), 5, anyCase: true, padTo: 8),
        [MultibaseEncoding.Base32Hex] = new BitBase(LowerHex32, 5, anyCase: true),
        [MultibaseEncoding.Base32HexUpper] = new BitBase(LowerHex32.ToUpperInvariant(), 5, anyCase: true),
        [MultibaseEncoding.Base32HexPad] = new BitBase(LowerHex32, 5, anyCase: true, padTo: 8),
        [MultibaseEncoding.Base32HexPadUpper] = new BitBase(LowerHex32.ToUpperInvariant(), 5, anyCase: true, padTo: 8),
        [MultibaseEncoding.Base32Z] = new BitBase("ybndrfg8ejkmcpqxot1uwisza345h769", 5),
        [MultibaseEncoding.Base36] = new PositionalBase(Digits36, anyCase: true),
        [MultibaseEncoding.Base36Upper] = new PositionalBase(Digits36.ToUpperInvariant(), anyCase: true),
        [MultibaseEncoding.Base45] = new Base45(),
        [MultibaseEncoding.Base58Btc] = PositionalBase.Base58Btc,
        [MultibaseEncoding.Base58Flickr] = new PositionalBase("123456789abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"),
        [MultibaseEncoding.Base64] = new BitBase(Standard64, 6),
        [MultibaseEncoding.Base64Pad] = new BitBase(Standard64, 6, padTo: 4),
        [MultibaseEncoding.Base64Url] = new BitBase(Url64, 6),
        [MultibaseEncoding.Base64UrlPad] = new BitBase(Url64, 6, padTo: 4),
        [MultibaseEncoding.Base256Emoji] = new EmojiBase(),
    }.ToFrozenDictionary();

    public static BaseCodec? Find(MultibaseEncoding encoding) => Table.GetValueOrDefault(encoding);
}
