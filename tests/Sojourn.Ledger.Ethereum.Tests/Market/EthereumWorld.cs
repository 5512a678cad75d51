using System.Globalization;
using Sojourn.Cryptography.Identity;
using Sojourn.Ledger.Ethereum.Market;
using Sojourn.Ledger.Tests.Conformance;
using Sojourn.Primitives;
using Sojourn.Protocol.Accounts;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Transactions;
using Sojourn.Simulation.Model;

namespace Sojourn.Ledger.Ethereum.Tests.Market;

/// <summary>A fresh ledger of contracts as a world of the conformance suite.</summary>
internal sealed class EthereumWorld : LedgerWorld
{
    public static readonly UInt128 Ether = 1_000_000_000_000_000_000;
    private static readonly string[] s_others = ["nobody", "data owner", "app owner", "stranger", "owner", "keeper"];
    private static int s_seed;
    private readonly ChainFixture _chain;
    private readonly List<Party> _nodes = [];

    private EthereumWorld(ChainFixture chain, ICryptography cryptography)
    {
        (_chain, Cryptography) = (chain, cryptography);
        Issuer = Party.Of(cryptography, "issuer");
        Requester = Party.Of(cryptography, "requester");
    }

    public EthereumLedger Chain { get; private set; } = null!;

    public override ILedger Ledger => Chain;

    public override ICryptography Cryptography { get; }

    public override Party Issuer { get; }

    public override Party Requester { get; }

    public override IReadOnlyList<Party> Nodes => _nodes;

    /// <summary>A fresh ledger with fresh accounts.</summary>
    /// <param name="chain">Where.</param>
    /// <param name="spec">What.</param>
    /// <param name="drives">Whether the client drives what is due.</param>
    /// <param name="seed">From which all keys come, the deployer's too; by default one that no world of this process had.</param>
    public static async Task<EthereumWorld> CreateAsync(ChainFixture chain, WorldSpec spec, bool drives = true, ulong? seed = null)
    {
        var world = new EthereumWorld(chain, new RealCryptography(seed ?? (ulong)Interlocked.Increment(ref s_seed), ethereum: true));
        var bank = world.Stranger("bank").Signer;
        for (var i = 0; i < spec.Nodes; i++)
        {
            world._nodes.Add(Party.Of(world.Cryptography, $"node{i}"));
        }

        ISigner[] accounts = [bank, world.Issuer.Signer, world.Requester.Signer, .. world._nodes.Select(node => node.Signer), .. s_others.Select(name => world.Stranger(name).Signer)];
        foreach (var account in accounts)
        {
            await chain.Control.SetBalanceAsync(account.Address, 1_000_000 * Ether);
        }

        var deployed = await LedgerDeployment.DeployAsync([chain.Process!.Http], bank, new DeploymentPlan { Development = true, Treasury = world.Issuer.Address, Scale = 1, Rules = spec.Rules });
        world.Chain = await EthereumLedger.ConnectAsync(new EthereumLedgerOptions
        {
            Endpoints = [chain.Process.Http], Contract = deployed.Contract, Signers = [.. accounts], Operator = world.Issuer.Signer, StartBlock = deployed.Block, Poll = TimeSpan.FromMilliseconds(10), Drives = drives,
        });
        await world.Must(world.Issuer, new Deposit(world.Requester.Address, RequesterFunds, Workbench.Hash("requester")));
        foreach (var node in world._nodes)
        {
            await world.Must(world.Issuer, new Deposit(node.Address, NodeFunds, Workbench.Hash(node.Name)));
        }

        return world;
    }

    public override SignedTransaction Message(Party party, Transaction body) => TypedEnvelope.Create(Chain, body, party.Signer);

    public override async Task AdvanceAsync(ulong heights)
    {
        // In small portions: a machine under load mines slowly, and each request has its patience.
        for (var left = heights; left > 0; left -= Math.Min(left, 32))
        {
            await _chain.Control.MineAsync(Math.Min(left, 32));
        }

        await Chain.SyncAsync();
    }

    public override async ValueTask DisposeAsync() => await Chain.DisposeAsync();
}
