using Sojourn.Ledger.Ethereum.Anvil;
using Sojourn.Ledger.Ethereum.Rpc;
using Sojourn.Ledger.Ethereum.Tests.Chain;
using Sojourn.Testing;

namespace Sojourn.Ledger.Ethereum.Tests.Market;

/// <summary>One chain for all tests of a class: each makes a ledger of its own on it. A block for each transaction, at once.</summary>
public sealed class ChainFixture : IAsyncLifetime
{
    public ChainFixture()
    {
    }

    /// <summary>A chain that somebody else starts and ends.</summary>
    internal ChainFixture(AnvilProcess process, EndpointPool pool) => (Process, Pool) = (process, pool);

    public AnvilProcess? Process { get; private set; }

    internal EndpointPool Pool { get; private set; } = null!;

    internal AnvilControl Control => new(Pool);

    public async Task InitializeAsync()
    {
        if (Tools.Missing(AnvilChain.Tool) is null)
        {
            Process = await AnvilProcess.StartAsync(new AnvilOptions());
            Pool = EndpointPool.Connect([Process.Http], new RpcLimits());
        }
    }

    public async Task DisposeAsync()
    {
        if (Process is not null)
        {
            await Pool.DisposeAsync();
            await Process.DisposeAsync();
        }
    }
}
