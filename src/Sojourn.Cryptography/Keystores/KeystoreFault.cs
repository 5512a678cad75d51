namespace Sojourn.Cryptography.Keystores;

/// <summary>Why a key file was not opened.</summary>
public enum KeystoreFault
{
    /// <summary>Nothing is wrong.</summary>
    None = 0,

    /// <summary>Not a key file of version 3.</summary>
    Malformed,

    /// <summary>A cipher or key derivation that is not known, or parameters out of bounds.</summary>
    Unsupported,

    /// <summary>The passphrase is wrong, or the file was changed.</summary>
    WrongPassphrase,

    /// <summary>The address in the file is not the key's.</summary>
    AddressMismatch,
}
