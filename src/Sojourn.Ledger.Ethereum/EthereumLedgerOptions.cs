using System.Collections.Immutable;
using Sojourn.Ledger.Ethereum.Rpc;
using Sojourn.Ledger.Ethereum.Sending;
using Sojourn.Primitives;
using Sojourn.Protocol.Ports;

namespace Sojourn.Ledger.Ethereum;

/// <summary>How a ledger on a chain is reached and used.</summary>
public sealed record EthereumLedgerOptions
{
    /// <summary>JSON-RPC endpoints, <c>http(s)</c> or <c>ws(s)</c>, first choice first. With several, what cannot be undone any more must be the same at all.</summary>
    public required ImmutableArray<Uri> Endpoints { get; init; }

    /// <summary>The ledger's contract.</summary>
    public required Address Contract { get; init; }

    /// <summary>Accounts whose transactions are taken: their keys sign here and leave nowhere.</summary>
    public ImmutableArray<ISigner> Signers { get; init; } = [];

    /// <summary>The account that pays the gas of messages of slots and drives what is due; null leaves each to its author, and driving to others.</summary>
    public ISigner? Operator { get; init; }

    /// <summary>Where outboxes keep their journals; null keeps none, for accounts that need not survive a crash.</summary>
    public string? JournalFolder { get; init; }

    /// <summary>What may be paid for gas.</summary>
    public FeePolicy Fees { get; init; } = new();

    /// <summary>How many blocks above a transaction's make it settled.</summary>
    /// <value>Default 0: as soon as it is in a block, for development chains. A public chain takes 2 to 64.</value>
    public ulong Depth { get; init; }

    /// <summary>How often the chain is asked for a new head; a WebSocket wakes earlier.</summary>
    /// <value>Default 1 second.</value>
    public TimeSpan Poll { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Whether the operator drives jobs whose deadline has passed.</summary>
    public bool Drives { get; init; }

    /// <summary>Whether blocks that may hold the contract's logs are read whole and proved by their headers.</summary>
    /// <value>Default true. Switch it off for nodes without <c>eth_getBlockReceipts</c>.</value>
    public bool Prove { get; init; } = true;

    /// <summary>The block before the contract's creation, if it is known; else it is searched.</summary>
    public ulong? StartBlock { get; init; }

    /// <summary>Limits of what is asked and taken.</summary>
    public RpcLimits Limits { get; init; } = new();
}
