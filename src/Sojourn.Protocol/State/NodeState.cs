using Sojourn.Primitives;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Terms;

namespace Sojourn.Protocol.State;

/// <summary>What counts of a node from one height on.</summary>
/// <param name="Profile">Its profile.</param>
/// <param name="Units">Its units of stake.</param>
/// <param name="Since">The first height of posts for which this counts.</param>
public sealed record NodeVersion(NodeProfile Profile, uint Units, ulong Since);

/// <summary>What a node did so far; anyone can count it again from the ledger's events.</summary>
public sealed record NodeRecord
{
    /// <summary>Results that were agreed.</summary>
    public uint Agreed { get; init; }

    /// <summary>Results that were shown to be wrong.</summary>
    public uint Wrong { get; init; }

    /// <summary>Signed FAILs.</summary>
    public uint Failed { get; init; }

    /// <summary>Draws to which it did not answer, or after which it gave nothing.</summary>
    public uint Silent { get; init; }

    /// <summary>Votes that counted.</summary>
    public uint Voted { get; init; }

    /// <summary>Votes that were missing.</summary>
    public uint VotesMissed { get; init; }

    /// <summary>Votes for evidence that was shown to be bad, and contradictions.</summary>
    public uint Proved { get; init; }

    /// <summary>Audits of its results that confirmed them.</summary>
    public uint AuditsPassed { get; init; }
}

/// <summary>One registered node.</summary>
public sealed class NodeState
{
    internal NodeState(Address address) => Address = address;

    /// <summary>Its account.</summary>
    public Address Address { get; }

    /// <summary>What counts for jobs posted from now on.</summary>
    public NodeVersion Current { get; internal set; } = null!;

    /// <summary>What counts for jobs posted before.</summary>
    public NodeVersion? Previous { get; internal set; }

    /// <summary>Stake, engaged or not.</summary>
    public Amount Stake { get; internal set; }

    /// <summary>The part of the stake that is bound to open jobs.</summary>
    public Amount Engaged { get; internal set; }

    /// <summary>Stake on its way out.</summary>
    public Amount Unbonding { get; internal set; }

    /// <summary>When it is out.</summary>
    public ulong UnbondHeight { get; internal set; }

    /// <summary>The record.</summary>
    public NodeRecord Record { get; internal set; } = new();

    /// <summary>What can still be engaged.</summary>
    public Amount Available => Stake > Engaged ? Stake - Engaged : Amount.Zero;

    /// <summary>The version that counts for a draw whose snapshot is at a height.</summary>
    /// <param name="height">The snapshot.</param>
    public NodeVersion? At(ulong height) => Current.Since <= height ? Current : Previous is { } previous && previous.Since <= height ? previous : null;

    /// <summary>Units that may enter a draw: those of the snapshot, as far as the stake still covers them.</summary>
    /// <param name="version">The snapshot's version.</param>
    /// <param name="rules">The ledger's rules.</param>
    public uint UnitsOf(NodeVersion version, LedgerRules rules)
    {
        var covered = Stake.Units / rules.StakeUnit.Units;
        return covered < version.Units ? (uint)covered : version.Units;
    }

    internal NodeState Copy() => (NodeState)MemberwiseClone();
}
