using System.Collections.Immutable;
using Sojourn.Primitives;

namespace Sojourn.Protocol.Genesis;

/// <summary>What a ledger is: its name, who orders its transactions, who may create tokens, and its rules. Its digest is the ledger's identity.</summary>
public sealed record LedgerGenesis
{
    /// <summary>A name for people; it is part of the digest.</summary>
    public required string Name { get; init; }

    /// <summary>Whether evidence of the level <c>simulated</c> is admissible here.</summary>
    public bool Development { get; init; }

    /// <summary>When height 0 begins, in milliseconds since 1970 (UTC).</summary>
    public long StartsAt { get; init; }

    /// <summary>How long one height lasts.</summary>
    /// <value>Default 1,000 milliseconds; a development network takes 20 to 50.</value>
    public uint HeightMilliseconds { get; init; } = 1000;

    /// <summary>The account that may create tokens against deposits, and that pays them back.</summary>
    public required Address Issuer { get; init; }

    /// <summary>Who may order transactions, first choice first; empty on an EVM chain.</summary>
    public ImmutableArray<Sequencer> Sequencers { get; init; } = [];

    /// <summary>Whether every VRF proof is checked when its ticket arrives, or only when somebody challenges it.</summary>
    public bool VrfOnChallenge { get; init; }

    /// <summary>Tokens that exist from the start.</summary>
    public ImmutableArray<Allocation> Allocations { get; init; } = [];

    /// <summary>The rules.</summary>
    public LedgerRules Rules { get; init; } = new();
}

/// <summary>A sequencer: who signs blocks, and the key of its part of the beacon.</summary>
/// <param name="Address">The account that signs blocks.</param>
/// <param name="VrfKey">The VRF public key, 33 bytes.</param>
public sealed record Sequencer(Address Address, ReadOnlyMemory<byte> VrfKey);

/// <summary>Tokens given to an account at genesis.</summary>
/// <param name="To">The account.</param>
/// <param name="Amount">How much.</param>
public sealed record Allocation(Address To, Amount Amount);
