namespace Sojourn.Cryptography.Sealing;

/// <summary>Why sealed content was not accepted.</summary>
public enum SealedFault
{
    /// <summary>Nothing is wrong.</summary>
    None = 0,

    /// <summary>The header is not the dag-cbor map that the format asks for.</summary>
    Malformed,

    /// <summary>The header is of another format or version.</summary>
    UnknownVersion,

    /// <summary>The header names a suite that is not known here.</summary>
    UnknownSuite,

    /// <summary>The chunk size is no power of two in the allowed range.</summary>
    ChunkSize,

    /// <summary>Size and number of chunks do not fit together, or the metadata contradict them.</summary>
    InconsistentSize,

    /// <summary>More recipients than a header may have.</summary>
    TooManyRecipients,

    /// <summary>No stanza is for this key.</summary>
    NotForThisKey,

    /// <summary>The stanza for this key was changed, or was made for other content or another policy.</summary>
    StanzaNotAuthentic,

    /// <summary>The header's code does not match under the content key: it was changed after sealing, or the key is another content's.</summary>
    HeaderNotAuthentic,

    /// <summary>The sealed metadata do not decrypt or are not what the format asks for.</summary>
    MetadataInvalid,

    /// <summary>The body ends before the last chunk.</summary>
    Truncated,

    /// <summary>A chunk was changed, moved, repeated, or comes from other content.</summary>
    ChunkNotAuthentic,

    /// <summary>A chunk is authentic but for its flag: it ends content that goes on, or the other way round.</summary>
    WrongLastFlag,

    /// <summary>Something follows the last chunk.</summary>
    TrailingData,

    /// <summary>The padding behind the content is not zero.</summary>
    PaddingNotZero,

    /// <summary>A directory's manifest is not what the format asks for.</summary>
    ManifestInvalid,
}
