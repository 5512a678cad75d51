namespace Sojourn.Ledger.Ethereum.Sending;

/// <summary>What may be paid for gas, and when more is offered.</summary>
public sealed record FeePolicy
{
    /// <summary>The most that is ever offered for one gas, in wei.</summary>
    /// <value>Default 100 gwei.</value>
    public UInt128 FeeCap { get; init; } = 100_000_000_000;

    /// <summary>The most tip, in wei for each gas.</summary>
    /// <value>Default 5 gwei.</value>
    public UInt128 TipCap { get; init; } = 5_000_000_000;

    /// <summary>The least tip, in wei for each gas.</summary>
    /// <value>Default 0.001 gwei.</value>
    public UInt128 TipMin { get; init; } = 1_000_000;

    /// <summary>After how many blocks without inclusion a transaction is offered again for more.</summary>
    /// <value>Default 3.</value>
    public int BlocksBeforeReplacement { get; init; } = 3;

    /// <summary>How much more gas is allowed than estimated, in percent.</summary>
    /// <value>Default 25.</value>
    public int GasMarginPercent { get; init; } = 25;

    /// <summary>The fees for a first offer: room for six full blocks of rising base fee (each at most 12.5 % more), within the caps.</summary>
    /// <param name="baseFee">The next block's base fee.</param>
    /// <param name="tip">What others tip.</param>
    /// <returns>The fees, or null where the base fee is above the cap.</returns>
    public (UInt128 FeeMax, UInt128 Tip)? First(UInt128 baseFee, UInt128 tip)
    {
        if (baseFee + TipMin > FeeCap)
        {
            return null;
        }

        var offered = UInt128.Min(UInt128.Max(tip, TipMin), TipCap);
        var most = UInt128.Min((2 * baseFee) + offered, FeeCap);
        return (most, UInt128.Min(offered, most));
    }

    /// <summary>The fees for a replacement: nodes take none that does not offer a tenth more of both; an eighth is on the safe side.</summary>
    /// <param name="feeMax">The fee offered before.</param>
    /// <param name="tip">The tip offered before.</param>
    /// <param name="baseFee">The next block's base fee.</param>
    /// <param name="tipNow">What others tip.</param>
    /// <returns>The fees, or null where the caps forbid so much.</returns>
    public (UInt128 FeeMax, UInt128 Tip)? Replacement(UInt128 feeMax, UInt128 tip, UInt128 baseFee, UInt128 tipNow)
    {
        var moreTip = tip + (tip / 8) + 1;
        var more = feeMax + (feeMax / 8) + 1;
        if (moreTip > FeeCap || more > FeeCap)
        {
            return null;
        }

        var wanted = First(baseFee, tipNow) ?? (more, moreTip);
        var newTip = UInt128.Max(moreTip, wanted.Tip);
        var newFee = UInt128.Min(UInt128.Max(UInt128.Max(more, wanted.FeeMax), newTip), FeeCap);
        return newTip > newFee ? null : (newFee, newTip);
    }
}
