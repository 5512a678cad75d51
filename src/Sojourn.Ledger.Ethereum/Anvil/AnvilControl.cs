using System.Text.Json;
using Sojourn.Ledger.Ethereum.Rpc;
using Sojourn.Primitives;

namespace Sojourn.Ledger.Ethereum.Anvil;

/// <summary>What only a development chain can be told: to mine, to forget, to give money.</summary>
internal sealed class AnvilControl(EndpointPool pool)
{
    public Task MineAsync(ulong blocks = 1, CancellationToken cancellation = default) => pool.SendAsync(RpcRequest.Of("anvil_mine", Hex.Quantity(blocks)), cancellation);

    public async Task<string> SnapshotAsync(CancellationToken cancellation = default) => (await pool.SendAsync(RpcRequest.Of("evm_snapshot"), cancellation).ConfigureAwait(false)).GetString()!;

    public Task RevertAsync(string snapshot, CancellationToken cancellation = default) => pool.SendAsync(RpcRequest.Of("evm_revert", snapshot), cancellation);

    public Task SetBalanceAsync(Address account, UInt128 wei, CancellationToken cancellation = default) => pool.SendAsync(RpcRequest.Of("anvil_setBalance", account.ToString(), Hex.Quantity(wei)), cancellation);

    public Task SetBaseFeeAsync(UInt128 wei, CancellationToken cancellation = default) => pool.SendAsync(RpcRequest.Of("anvil_setNextBlockBaseFeePerGas", Hex.Quantity(wei)), cancellation);

    public Task AutomineAsync(bool on, CancellationToken cancellation = default) => pool.SendAsync(RpcRequest.Of("evm_setAutomine", on), cancellation);

    public Task DropAsync(Digest transaction, CancellationToken cancellation = default) => pool.SendAsync(RpcRequest.Of("anvil_dropTransaction", Hex.Data(transaction)), cancellation);

    public Task DropAllAsync(CancellationToken cancellation = default) => pool.SendAsync(RpcRequest.Of("anvil_dropAllTransactions"), cancellation);

    public Task<JsonElement> ReorganiseAsync(ulong depth, CancellationToken cancellation = default) => pool.SendAsync(RpcRequest.Of("anvil_reorg", depth, Array.Empty<object>()), cancellation);
}
