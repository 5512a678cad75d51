namespace Sojourn.Primitives;

/// <summary>Why text or bytes are no content identifier.</summary>
public enum CidFault
{
    /// <summary>They are one.</summary>
    None,

    /// <summary>There is nothing to read.</summary>
    Empty,

    /// <summary>The text is longer than <see cref="Cid.TextCharsMax"/>.</summary>
    TextTooLong,

    /// <summary>The first character names no multibase that is known.</summary>
    UnknownBase,

    /// <summary>A character, the padding or the trailing bits do not fit the base.</summary>
    BadText,

    /// <summary>A version 0 identifier under a multibase prefix, which the specification forbids.</summary>
    VersionZeroInBase,

    /// <summary>The version is neither 0 nor 1.</summary>
    UnknownVersion,

    /// <summary>A varint is padded or longer than nine bytes.</summary>
    BadVarint,

    /// <summary>The bytes end too early.</summary>
    Truncated,

    /// <summary>The digest is longer than <see cref="Multihash.DigestBytesMax"/>.</summary>
    DigestTooLong,

    /// <summary>Bytes follow the identifier.</summary>
    TrailingBytes,

    /// <summary>The text goes on with a path; parse it as a content path.</summary>
    HasPath,
}

/// <summary>Thrown where text or bytes that must be a content identifier are none.</summary>
/// <remarks>Names the fault; the message says what was read and what was expected.</remarks>
public sealed class CidException : FormatException
{
    /// <summary>Says which input failed and why.</summary>
    /// <param name="fault">The closed reason.</param>
    /// <param name="input">What was read, cut where it is long.</param>
    public CidException(CidFault fault, string input)
        : base($"'{Shorten(input)}' is not a CID: {CidFaults.Explain(fault)}.") => Fault = fault;

    /// <summary>The closed reason.</summary>
    public CidFault Fault { get; }

    private static string Shorten(string input) => input.Length <= 120 ? input : string.Concat(input.AsSpan(0, 117), "...");
}

/// <summary>Words for <see cref="CidFault"/>.</summary>
public static class CidFaults
{
    /// <summary>One clause that says what is wrong and what was expected.</summary>
    /// <param name="fault">The reason.</param>
    public static string Explain(CidFault fault) => fault switch
    {
        CidFault.None => "nothing is wrong",
        CidFault.Empty => "it is empty; a CID such as bafy… or Qm… is expected",
        CidFault.TextTooLong => $"it is longer than {Cid.TextCharsMax} characters",
        CidFault.UnknownBase => "its first character names no known multibase (b, z, k, f, u … or Qm for version 0)",
        CidFault.BadText => "a character or the ending does not fit its multibase (was it cut or mistyped?)",
        CidFault.VersionZeroInBase => "version 0 CIDs carry no multibase prefix; drop the first character",
        CidFault.UnknownVersion => "its version is neither 0 nor 1",
        CidFault.BadVarint => "a number in it is not in shortest form",
        CidFault.Truncated => "it ends too early (was it cut?)",
        CidFault.DigestTooLong => $"its digest is longer than {Multihash.DigestBytesMax} bytes",
        CidFault.TrailingBytes => "bytes follow its end",
        CidFault.HasPath => "a path follows it; only the CID is expected here",
        _ => fault.ToString(),
    };

    internal static CidFault From(VarintFault fault) => fault switch
    {
        VarintFault.None => CidFault.None,
        VarintFault.Truncated => CidFault.Truncated,
        _ => CidFault.BadVarint,
    };
}
