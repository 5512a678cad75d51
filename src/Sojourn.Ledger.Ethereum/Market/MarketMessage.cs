using Sojourn.Primitives;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Ledger.Ethereum.Market;

/// <summary>A call: one part, or several where it was a batch; a part is null where it cannot be read, which the contract must then have refused.</summary>
internal sealed record MarketCall(bool IsBatch, IReadOnlyList<IReadOnlyList<MarketMessage>?> Parts);

/// <summary>What one part of a call says.</summary>
/// <param name="Author">Who says it: the caller, or whose signature stands below a message.</param>
internal abstract record MarketMessage(Address Author);

/// <summary>A transaction of the protocol.</summary>
internal sealed record ProtocolMessage(Address Author, Transaction Body, ReadOnlyMemory<byte> Signature = default, LedgerContract.Ticket? Ticket = null) : MarketMessage(Author);

/// <summary>Tokens come from the token's contract: anyone may pay in for anyone.</summary>
internal sealed record DepositMessage(Address Author, Address To, ulong Amount, Digest Reference) : MarketMessage(Author);

/// <summary>The treasury's part is moved to the treasury's account.</summary>
internal sealed record SweepMessage(Address Author) : MarketMessage(Author);

/// <summary>A beacon is kept.</summary>
internal sealed record CaptureMessage(Address Author, Digest Job, ReadOnlyMemory<byte> Header) : MarketMessage(Author);

/// <summary>New jobs pause.</summary>
internal sealed record PauseMessage(Address Author, ulong Heights) : MarketMessage(Author);

/// <summary>All leaves of a batch are claimed at once.</summary>
internal sealed record ClaimAllMessage(Address Author, LedgerContract.BatchClaimAllCall Call) : MarketMessage(Author);

/// <summary>A ticket is challenged by showing it as its node signed it.</summary>
internal sealed record ChallengeMessage(Address Author, LedgerContract.ChallengeCall Call) : MarketMessage(Author);

/// <summary>A round is concluded at once.</summary>
internal sealed record ConcludeMessage(Address Author, LedgerContract.ConcludeCall Call) : MarketMessage(Author);

/// <summary>Contradictory messages, as the contract takes them.</summary>
internal sealed record EquivocationMessage(Address Author, LedgerContract.EquivocationCall Call) : MarketMessage(Author);
