namespace Sojourn.Primitives.Cbor;

/// <summary>Which CBOR is accepted or written.</summary>
public enum CborProfile
{
    /// <summary>RFC 8949 section 4.2.1: shortest forms, definite lengths, map keys in bytewise order of their encoding, no duplicates. What this project writes outside IPLD (COSE, CWT, messages).</summary>
    Deterministic,

    /// <summary>DAG-CBOR: as deterministic, and text keys only, tag 42 alone (a CID), 64-bit finite floats, no <c>undefined</c>.</summary>
    DagCbor,

    /// <summary>Anything well-formed that foreign signers produce: any key order, long forms and indefinite lengths; duplicate keys are still refused.</summary>
    Lenient,
}

/// <summary>What the next item is.</summary>
public enum CborKind
{
    /// <summary>Nothing follows (the end of the input).</summary>
    End,

    /// <summary>A number from 0 to 2^64 - 1.</summary>
    Unsigned,

    /// <summary>A number from -2^64 to -1.</summary>
    Negative,

    /// <summary>A byte string.</summary>
    Bytes,

    /// <summary>A text string.</summary>
    Text,

    /// <summary>An array.</summary>
    Array,

    /// <summary>A map.</summary>
    Map,

    /// <summary>A tag; its item follows.</summary>
    Tag,

    /// <summary><c>true</c> or <c>false</c>.</summary>
    Boolean,

    /// <summary><c>null</c>.</summary>
    Null,

    /// <summary><c>undefined</c>.</summary>
    Undefined,

    /// <summary>A float of 16, 32 or 64 bits.</summary>
    Float,

    /// <summary>Something that no profile accepts (other simple values, reserved encodings, a stray break).</summary>
    Invalid,
}
