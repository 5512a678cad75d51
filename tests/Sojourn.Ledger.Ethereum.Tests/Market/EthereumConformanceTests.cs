using Sojourn.Ledger.Tests.Conformance;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Terms;
using Sojourn.Simulation.Model;

namespace Sojourn.Ledger.Ethereum.Tests.Market;

/// <summary>The suite of the ledger's port, on contracts in a real chain.</summary>
[Trait("speed", "slow")]
public sealed class EthereumConformanceTests(ChainFixture chain) : LedgerConformance, IClassFixture<ChainFixture>
{
    // Every transaction is a block of its own here, so that a window of a few heights would be over before all have said their word.
    protected override JobWindows Windows => new(4, 28, 60, 60, 60, 60, 60);

    protected override LedgerRules Rules => Workbench.Rules with { CreditEpoch = 128, PayoutMin = 1, UnbondDelay = 8 };

    protected override bool IssuerDeposits => false;

    protected override async Task<LedgerWorld> CreateAsync(WorldSpec spec) => await EthereumWorld.CreateAsync(chain, spec);
}
