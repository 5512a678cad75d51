namespace Sojourn.Ledger.Ethereum.Abi;

/// <summary>Why bytes are not the canonical encoding of a type.</summary>
public enum AbiFault
{
    /// <summary>They are.</summary>
    None,

    /// <summary>The bytes end inside a value.</summary>
    Truncated,

    /// <summary>Something follows the last value.</summary>
    Trailing,

    /// <summary>A number, address, boolean or padding has bits outside its type.</summary>
    OutOfRange,

    /// <summary>A dynamic value does not stand where the canonical layout puts it.</summary>
    NotCanonical,

    /// <summary>A string is not UTF-8.</summary>
    NotText,

    /// <summary>Values nest deeper, or are more, than the limits.</summary>
    TooMany,

    /// <summary>The selector or topic is another one.</summary>
    WrongSelector,
}
