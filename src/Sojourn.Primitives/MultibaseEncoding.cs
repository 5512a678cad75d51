namespace Sojourn.Primitives;

/// <summary>Text encodings of the multibase table; the value is the prefix character.</summary>
/// <remarks>multiformats/multibase multibase.csv.</remarks>
public enum MultibaseEncoding
{
    /// <summary>Binary digits.</summary>
    Base2 = '0',

    /// <summary>Octal digits.</summary>
    Base8 = '7',

    /// <summary>Decimal digits.</summary>
    Base10 = '9',

    /// <summary>Hexadecimal, lower case.</summary>
    Base16 = 'f',

    /// <summary>Hexadecimal, upper case.</summary>
    Base16Upper = 'F',

    /// <summary>RFC 4648 extended hex, lower case, no padding.</summary>
    Base32Hex = 'v',

    /// <summary>RFC 4648 extended hex, upper case, no padding.</summary>
    Base32HexUpper = 'V',

    /// <summary>RFC 4648 extended hex, lower case, padded.</summary>
    Base32HexPad = 't',

    /// <summary>RFC 4648 extended hex, upper case, padded.</summary>
    Base32HexPadUpper = 'T',

    /// <summary>RFC 4648, lower case, no padding: the usual one of CIDs.</summary>
    Base32 = 'b',

    /// <summary>RFC 4648, upper case, no padding.</summary>
    Base32Upper = 'B',

    /// <summary>RFC 4648, lower case, padded.</summary>
    Base32Pad = 'c',

    /// <summary>RFC 4648, upper case, padded.</summary>
    Base32PadUpper = 'C',

    /// <summary>z-base-32.</summary>
    Base32Z = 'h',

    /// <summary>Digits and lower-case letters: fits a DNS label.</summary>
    Base36 = 'k',

    /// <summary>Digits and upper-case letters.</summary>
    Base36Upper = 'K',

    /// <summary>RFC 9285.</summary>
    Base45 = 'R',

    /// <summary>Bitcoin's base 58.</summary>
    Base58Btc = 'z',

    /// <summary>Flickr's base 58.</summary>
    Base58Flickr = 'Z',

    /// <summary>RFC 4648, no padding.</summary>
    Base64 = 'm',

    /// <summary>RFC 4648, padded.</summary>
    Base64Pad = 'M',

    /// <summary>RFC 4648 for URLs, no padding.</summary>
    Base64Url = 'u',

    /// <summary>RFC 4648 for URLs, padded.</summary>
    Base64UrlPad = 'U',

    /// <summary>One emoji a byte.</summary>
    Base256Emoji = 0x1F680,
}

/// <summary>Why text is in no known multibase.</summary>
public enum MultibaseFault
{
    /// <summary>It is.</summary>
    None,

    /// <summary>There is no text.</summary>
    Empty,

    /// <summary>The prefix names no known base.</summary>
    UnknownBase,

    /// <summary>A character outside the base, wrong padding, or trailing bits that are not zero.</summary>
    BadText,

    /// <summary>Longer than <see cref="Multibase.TextCharsMax"/>, or than <see cref="Multibase.PositionalCharsMax"/> in a base whose decoding takes quadratic time.</summary>
    TooLong,
}
