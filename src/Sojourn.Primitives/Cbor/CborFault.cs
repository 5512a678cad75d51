namespace Sojourn.Primitives.Cbor;

/// <summary>Why bytes were refused. Closed: every refusal of untrusted CBOR is one of these.</summary>
public enum CborFault
{
    /// <summary>Nothing is wrong.</summary>
    None,

    /// <summary>The input ends inside an item.</summary>
    Truncated,

    /// <summary>Bytes follow the last item.</summary>
    TrailingBytes,

    /// <summary>An integer, length or float is not in its shortest form.</summary>
    NotShortest,

    /// <summary>An indefinite length where only definite ones are accepted.</summary>
    IndefiniteLength,

    /// <summary>A reserved encoding or a stray break.</summary>
    Reserved,

    /// <summary>Another kind of item than the one that was asked for.</summary>
    TypeMismatch,

    /// <summary>Map keys out of order.</summary>
    KeyOrder,

    /// <summary>The same map key twice.</summary>
    DuplicateKey,

    /// <summary>A map key of a kind that is not accepted (DAG-CBOR: text; else integers and strings).</summary>
    KeyType,

    /// <summary>Text that is not UTF-8.</summary>
    InvalidUtf8,

    /// <summary>A tag that is not accepted.</summary>
    ForbiddenTag,

    /// <summary>Tag 42 over something that is no CID.</summary>
    InvalidCid,

    /// <summary>A float that is not accepted (DAG-CBOR: NaN, infinities, fewer than 64 bits).</summary>
    ForbiddenFloat,

    /// <summary>A simple value that is not accepted.</summary>
    ForbiddenSimple,

    /// <summary>Nested deeper than the reader allows.</summary>
    DepthExceeded,

    /// <summary>An integer outside the range that was asked for.</summary>
    IntegerRange,

    /// <summary>A string or container longer than was allowed.</summary>
    LengthExceeded,

    /// <summary>A key or a value other than the one that the format demands at this place.</summary>
    Unexpected,
}

/// <summary>Thrown by <see cref="CborReader"/> when input is refused; decoders of records catch it at their edge and answer with a verdict.</summary>
public sealed class CborException : FormatException
{
    /// <summary>Says what is wrong and where.</summary>
    /// <param name="fault">The closed reason.</param>
    /// <param name="offset">The byte at which the item begins.</param>
    public CborException(CborFault fault, int offset)
        : base($"CBOR is refused at byte {offset}: {fault}.")
    {
        Fault = fault;
        Offset = offset;
    }

    /// <summary>The closed reason.</summary>
    public CborFault Fault { get; }

    /// <summary>The byte at which the item begins.</summary>
    public int Offset { get; }
}
