using Sojourn.Cryptography.Identity;
using Sojourn.Ledger.Ethereum.Anvil;
using Sojourn.Ledger.Ethereum.Chain;
using Sojourn.Ledger.Ethereum.Rpc;
using Sojourn.Protocol.Accounts;
using Sojourn.Protocol.Ports;

namespace Sojourn.Ledger.Ethereum.Tests.Chain;

/// <summary>A fresh chain that mines only when told, with a funded account.</summary>
internal sealed class AnvilChain : IAsyncDisposable
{
    public const string Tool = "tests/peers/anvil/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil";

    private AnvilChain(AnvilProcess process, ChainClient client)
    {
        (Process, Client) = (process, client);
        Control = new AnvilControl(client.Pool);
    }

    public AnvilProcess Process { get; }

    public ChainClient Client { get; }

    public AnvilControl Control { get; }

    public static async Task<AnvilChain> StartAsync(bool manual = true, ulong chainId = 31337)
    {
        var process = await AnvilProcess.StartAsync(new AnvilOptions { Manual = manual, ChainId = chainId });
        return new AnvilChain(process, new ChainClient(EndpointPool.Connect([process.Http], new RpcLimits())));
    }

    public async Task<ISigner> FundedAsync()
    {
        var identity = new Secp256k1Signer(Secp256k1Identity.Generate());
        await Control.SetBalanceAsync(identity.Address, UInt128.Parse("1000000000000000000000", System.Globalization.CultureInfo.InvariantCulture));
        return identity;
    }

    // Creation code of a contract that logs its call's first two words as topics and the rest as data: LOG2(0, size, word 0, word 1).
    public static byte[] Logger { get; } = Convert.FromHexString("6012600a5f3960125ff3" + "6040360380" + "60405f37" + "5f35602035" + "915fa200");

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await Process.DisposeAsync();
    }
}
