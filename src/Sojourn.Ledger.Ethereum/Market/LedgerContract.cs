using Sojourn.Ledger.Ethereum.Abi;

namespace Sojourn.Ledger.Ethereum.Market;

/// <summary>The ledger's contract, bound from its build artefact.</summary>
[ContractBinding("ISojournLedger")]
internal static partial class LedgerContract;
