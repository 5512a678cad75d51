namespace Sojourn.Cryptography.Mnemonics;

/// <summary>Why a mnemonic or a path was not accepted.</summary>
public enum MnemonicFault
{
    /// <summary>Nothing is wrong.</summary>
    None = 0,

    /// <summary>Not 12, 15, 18, 21 or 24 words.</summary>
    WordCount,

    /// <summary>A word is not in the English list.</summary>
    UnknownWord,

    /// <summary>The last bits do not match: a word is wrong or out of place.</summary>
    Checksum,

    /// <summary>A derivation path is not like m/44'/60'/0'/0/0.</summary>
    Path,
}
