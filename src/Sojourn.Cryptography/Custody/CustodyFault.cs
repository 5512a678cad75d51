namespace Sojourn.Cryptography.Custody;

/// <summary>Why shares were not accepted or did not give the secret.</summary>
public enum CustodyFault
{
    /// <summary>Nothing is wrong.</summary>
    None = 0,

    /// <summary>The record is not what the format asks for.</summary>
    Malformed,

    /// <summary>Fewer good shares than the threshold.</summary>
    TooFewShares,

    /// <summary>A share does not match its commitment; see which.</summary>
    WrongShare,

    /// <summary>A share of another set or epoch.</summary>
    OtherSet,

    /// <summary>The sealed share does not open with this key.</summary>
    NotForThisKey,

    /// <summary>The shares are good and the secret is not the committed one: the dealer lied.</summary>
    WrongSecret,

    /// <summary>These shares cannot be refreshed without the secret: the threshold is 1, a key is on another curve than P-256, or the secret is longer than a key.</summary>
    CannotRefresh,
}
