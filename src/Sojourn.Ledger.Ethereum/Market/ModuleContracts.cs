using Sojourn.Ledger.Ethereum.Abi;

namespace Sojourn.Ledger.Ethereum.Market;

/// <summary>The contract that has the ledger's address.</summary>
[ContractBinding("SojournLedger")]
internal static partial class RootContract;

/// <summary>Accounts, stakes, nodes, offers.</summary>
[ContractBinding("AccountsModule")]
internal static partial class AccountsContract;

/// <summary>Batches of payments.</summary>
[ContractBinding("BatchesModule")]
internal static partial class BatchesContract;

/// <summary>Posts.</summary>
[ContractBinding("PostingModule")]
internal static partial class PostingContract;

/// <summary>Tickets and beacons.</summary>
[ContractBinding("DrawingModule")]
internal static partial class DrawingContract;

/// <summary>Evidence, votes, openings.</summary>
[ContractBinding("AttestingModule")]
internal static partial class AttestingContract;

/// <summary>Rounds concluded at once.</summary>
[ContractBinding("ConcludingModule")]
internal static partial class ConcludingContract;

/// <summary>Releases and results.</summary>
[ContractBinding("RunningModule")]
internal static partial class RunningContract;

/// <summary>Judgements, proofs, challenges.</summary>
[ContractBinding("JudgingModule")]
internal static partial class JudgingContract;

/// <summary>Deadlines and settlement.</summary>
[ContractBinding("ProgressModule")]
internal static partial class ProgressContract;

/// <summary>Views.</summary>
[ContractBinding("ViewsModule")]
internal static partial class ViewsContract;
