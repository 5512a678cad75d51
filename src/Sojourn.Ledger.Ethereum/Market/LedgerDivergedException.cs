namespace Sojourn.Ledger.Ethereum.Market;

/// <summary>The contract and the state machine do not agree on what a transaction did: nothing is answered any more until a person has looked.</summary>
/// <param name="what">On what.</param>
public sealed class LedgerDivergedException(string what)
    : EthereumException($"The contract and the protocol's state machine disagree: {what}. This software and the contract are of different versions, or one of them has a fault; nothing more is done.");
