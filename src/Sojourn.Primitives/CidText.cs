namespace Sojourn.Primitives;

/// <summary>The text forms of content identifiers.</summary>
internal static class CidText
{
    /// <summary>Drops <c>ipfs://</c> (and the doubled <c>ipfs://ipfs/</c>) or <c>/ipfs/</c>.</summary>
    public static ReadOnlySpan<char> StripScheme(ReadOnlySpan<char> text)
    {
        if (text.StartsWith("ipfs://", StringComparison.OrdinalIgnoreCase))
        {
            text = text[7..];
            return text.StartsWith("ipfs/", StringComparison.Ordinal) ? text[5..] : text;
        }

        return text.StartsWith("/ipfs/", StringComparison.Ordinal) ? text[6..] : text;
    }

    /// <summary>Reads a bare identifier.</summary>
    public static CidFault Parse(ReadOnlySpan<char> text, out Cid? cid)
    {
        cid = null;
        if (text.IsEmpty)
        {
            return CidFault.Empty;
        }

        if (text.Length > Cid.TextCharsMax)
        {
            return CidFault.TextTooLong;
        }

        // base256emoji is the one base whose digits are not ASCII, and none has a slash in first place.
        if (text.IndexOfAny('/', '?', '#') is var cut && cut > 0 && Parse(text[..cut], out _) == CidFault.None)
        {
            return CidFault.HasPath;
        }

        if (text.Length == 46 && text.StartsWith("Qm", StringComparison.Ordinal))
        {
            return ParseVersion0(text, out cid);
        }

        switch (Multibase.TryDecode(text, out var bytes))
        {
            case MultibaseFault.None:
                break;
            case MultibaseFault.UnknownBase:
                return CidFault.UnknownBase;
            case MultibaseFault.Empty:
                return CidFault.Empty;
            case MultibaseFault.TooLong:
                return CidFault.TextTooLong;
            default:
                return CidFault.BadText;
        }

        if (bytes.Length == 0)
        {
            return CidFault.Truncated;
        }

        if (bytes[0] == 0x12)
        {
            return CidFault.VersionZeroInBase;
        }

        Cid.TryDecode(bytes, out cid, out var fault);
        return fault;
    }

    /// <summary>The usual text of an identifier.</summary>
    public static string Format(Cid cid) =>
        cid.Version == 0 ? PositionalBase.Base58Btc.Encode(cid.Bytes) : Multibase.Encode(MultibaseEncoding.Base32, cid.Bytes);

    private static CidFault ParseVersion0(ReadOnlySpan<char> text, out Cid? cid)
    {
        cid = null;
        var bytes = PositionalBase.Base58Btc.Decode(text);
        if (bytes is null || bytes.Length != 34 || bytes[0] != 0x12 || bytes[1] != 0x20)
        {
            return CidFault.BadText;
        }

        cid = Cid.FromSha256Version0(bytes.AsSpan(2));
        return CidFault.None;
    }
}
