namespace Sojourn.Attestation.Devices.Collaterals;

/// <summary>What an import did with an item.</summary>
public enum CollateralChange
{
    /// <summary>It is there, and was before.</summary>
    Present = 0,

    /// <summary>It was not there before.</summary>
    Added,

    /// <summary>It took the place of an older one.</summary>
    Renewed,

    /// <summary>What was there stays, and more stands beside it: revocations are never taken back.</summary>
    Merged,

    /// <summary>A newer one is there already, so it was not taken.</summary>
    KeptNewer,
}

/// <summary>One file of the store.</summary>
/// <param name="Path">Below the store's folder.</param>
/// <param name="What">What it is.</param>
/// <param name="ValidUntil">Until when it holds; null where it has no end.</param>
public sealed record CollateralItem(string Path, string What, DateTimeOffset? ValidUntil)
{
    /// <summary>What the import did; <see cref="CollateralChange.Present"/> in a listing.</summary>
    public CollateralChange Change { get; init; }
}
