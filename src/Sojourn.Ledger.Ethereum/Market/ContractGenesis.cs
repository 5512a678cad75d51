using System.Globalization;
using Sojourn.Primitives;
using Sojourn.Protocol.Genesis;

namespace Sojourn.Ledger.Ethereum.Market;

/// <summary>The genesis of a ledger on a chain: it follows from the contract's configuration, its address and the chain's number, and its digest is the one that the contract was made with.</summary>
internal static class ContractGenesis
{
    /// <summary>The genesis of a ledger.</summary>
    /// <param name="chainId">The chain.</param>
    /// <param name="contract">The contract.</param>
    /// <param name="development">Whether simulated evidence is admissible.</param>
    /// <param name="treasury">Whose the treasury is; it stands as issuer.</param>
    /// <param name="rules">The rules.</param>
    public static LedgerGenesis Of(ulong chainId, in Address contract, bool development, in Address treasury, LedgerRules rules) => new()
    {
        // Chain and address make it another one than any other ledger's, and with it every id and every input of the draw.
        Name = string.Create(CultureInfo.InvariantCulture, $"evm/{chainId}/{contract}"),
        Development = development,
        Issuer = treasury,
        HeightMilliseconds = MillisecondsOf(chainId),
        VrfOnChallenge = true,
        Rules = rules,
    };

    /// <summary>The rules as the contract has them.</summary>
    public static LedgerContract.Rules Write(LedgerRules r) => new(
        Units(r.StakeUnit), r.NodeUnitsMin, r.NodeUnitsMax, Units(r.PostFee), r.TreasuryShare, r.SilentExecutorShare, Units(r.SilentVerifierPenalty), Units(r.ExecutorBondMin),
        Units(r.VerifierBond), r.ReporterShare, r.FailShare, r.ReviewFloorShare, r.AuditFloor, r.AuditDelay, r.WindowMin, r.WindowMax, r.JobHeightsMax, r.ProfileDelay, r.UnbondDelay,
        r.CreditEpoch, Units(r.PayoutMin), r.PayoutEpochs, r.BatchClaimHeights, Units(r.ChallengeFee));

    /// <summary>The rules that a contract has.</summary>
    public static LedgerRules Read(LedgerContract.Rules r) => new()
    {
        StakeUnit = r.StakeUnit, NodeUnitsMin = r.NodeUnitsMin, NodeUnitsMax = r.NodeUnitsMax, PostFee = r.PostFee, TreasuryShare = r.TreasuryShare, SilentExecutorShare = r.SilentExecutorShare,
        SilentVerifierPenalty = r.SilentVerifierPenalty, ExecutorBondMin = r.ExecutorBondMin, VerifierBond = r.VerifierBond, ReporterShare = r.ReporterShare, FailShare = r.FailShare,
        ReviewFloorShare = r.ReviewFloorShare, AuditFloor = r.AuditFloor, AuditDelay = r.AuditDelay, WindowMin = r.WindowMin, WindowMax = r.WindowMax, JobHeightsMax = r.JobHeightsMax,
        ProfileDelay = r.ProfileDelay, UnbondDelay = r.UnbondDelay, CreditEpoch = r.CreditEpoch, PayoutMin = r.PayoutMin, PayoutEpochs = r.PayoutEpochs, BatchClaimHeights = r.BatchClaimHeights,
        ChallengeFee = r.ChallengeFee,
    };

    /// <summary>An amount as the contract counts it.</summary>
    /// <exception cref="OverflowException">The contract's amounts have 64 bits.</exception>
    public static ulong Units(Amount amount) => checked((ulong)amount.Units);

    // How fast heights pass is the chain's own: only clocks on screens depend on it. Ethereum and its test networks make a block in twelve seconds, a development chain four a second.
    private static uint MillisecondsOf(ulong chainId) => chainId is 31337 or 1337 ? 250u : 12_000u;
}
