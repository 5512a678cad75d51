namespace Sojourn.Ledger.Embedded.Chain;

/// <summary>What is wrong with a chain.</summary>
public enum ChainFaultKind
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The database holds no ledger, or another format.</summary>
    NotALedger,

    /// <summary>The genesis stored is not the one expected.</summary>
    OtherGenesis,

    /// <summary>A block is missing or out of order.</summary>
    MissingBlock,

    /// <summary>A block's bytes cannot be read.</summary>
    UnreadableBlock,

    /// <summary>A block does not follow from the one before.</summary>
    BrokenChain,

    /// <summary>A block's signature is not the sequencer's.</summary>
    BadBlockSignature,

    /// <summary>A sequencer wrote out of turn.</summary>
    WrongSequencer,

    /// <summary>The transactions are not those the header names.</summary>
    ChangedTransactions,

    /// <summary>Height or time went backwards, or a height was skipped that a job waited for.</summary>
    WrongHeight,

    /// <summary>A beacon is not the value of the sequencer's function.</summary>
    ForgedBeacon,

    /// <summary>A transaction's signature does not hold.</summary>
    BadTransactionSignature,

    /// <summary>The rules refuse a transaction that the block contains.</summary>
    RefusedTransaction,

    /// <summary>What happened is not what the header says.</summary>
    WrongEvents,

    /// <summary>The receipt log is not what the header says.</summary>
    WrongReceipts,

    /// <summary>Stored events, lines or jobs are not what the blocks give.</summary>
    WrongIndex,

    /// <summary>A snapshot does not match the chain.</summary>
    WrongSnapshot,

    /// <summary>A sequencer signed two different blocks with one number in one term.</summary>
    Equivocation,

    /// <summary>A block contradicts one that a majority of sequencers has confirmed.</summary>
    Fork,
}

/// <summary>A fault of a chain and where it is.</summary>
/// <param name="Kind">What.</param>
/// <param name="Block">In which block; 0 for none.</param>
/// <param name="Detail">More, for people.</param>
public sealed record ChainFault(ChainFaultKind Kind, ulong Block, string Detail)
{
    /// <summary>Who signed the block that is wrong; null where nobody's signature holds.</summary>
    public Primitives.Address? Sequencer { get; init; }

    /// <inheritdoc/>
    public override string ToString() => (Block == 0 ? $"{Kind}: {Detail}" : $"{Kind} in block {Block}: {Detail}") + (Sequencer is { } who ? $" Signed by {who}." : "");
}

/// <summary>The ledger's data on disk cannot be used.</summary>
/// <param name="fault">What is wrong.</param>
public sealed class LedgerCorruptException(ChainFault fault) : Exception($"The ledger's data cannot be used: {fault}")
{
    /// <summary>What is wrong.</summary>
    public ChainFault Fault => fault;
}
