using System.Collections.Immutable;
using Sojourn.Cryptography.Hashing;
using Sojourn.Ledger.Ethereum.Abi;
using Sojourn.Ledger.Ethereum.Chain;
using Sojourn.Ledger.Ethereum.Rlp;
using Sojourn.Ledger.Ethereum.Rpc;
using Sojourn.Ledger.Ethereum.Sending;
using Sojourn.Primitives;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Ports;

namespace Sojourn.Ledger.Ethereum.Market;

/// <summary>What a ledger is to be.</summary>
public sealed record DeploymentPlan
{
    /// <summary>Whether simulated evidence is admissible.</summary>
    public bool Development { get; init; }

    /// <summary>The ERC-20 in which is paid; zero for the chain's own coin.</summary>
    public Address Token { get; init; }

    /// <summary>How many of the token's smallest units make one unit of the ledger.</summary>
    /// <value>Default 10^12: a millionth of a coin with 18 decimals.</value>
    public UInt128 Scale { get; init; } = 1_000_000_000_000;

    /// <summary>To whose account the treasury's share goes.</summary>
    public required Address Treasury { get; init; }

    /// <summary>Who may stop new jobs for a while; zero for nobody.</summary>
    public Address Guardian { get; init; }

    /// <summary>The rules.</summary>
    public LedgerRules Rules { get; init; } = new();

    /// <summary>What may be paid for gas.</summary>
    public FeePolicy Fees { get; init; } = new();
}

/// <summary>One contract of a ledger.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Address">Its address.</param>
/// <param name="Gas">What its creation used; 0 where that was not watched.</param>
/// <param name="Matches">Whether its code is what this software's artefact gives.</param>
public sealed record DeployedContract(string Name, Address Address, ulong Gas, bool Matches);

/// <summary>A ledger on a chain.</summary>
/// <param name="ChainId">The chain.</param>
/// <param name="Contract">Its address.</param>
/// <param name="Genesis">Its genesis.</param>
/// <param name="Block">The block before its creation.</param>
/// <param name="Contracts">All of its contracts.</param>
public sealed record DeployedLedger(ulong ChainId, Address Contract, LedgerGenesis Genesis, ulong Block, ImmutableArray<DeployedContract> Contracts);

/// <summary>Makes a ledger's contracts, and compares those on a chain with what this software would have made.</summary>
public static class LedgerDeployment
{
    private const int ConfigWords = 30;

    // In the order of their creation: each with the module whose address it is made with.
    private static readonly (string Name, Func<byte[]> Code, string? Needs)[] s_modules =
    [
        ("DrawingModule", () => DrawingContract.Bytecode.ToArray(), null), ("ProgressModule", () => ProgressContract.Bytecode.ToArray(), "DrawingModule"), ("AccountsModule", () => AccountsContract.Bytecode.ToArray(), null),
        ("BatchesModule", () => BatchesContract.Bytecode.ToArray(), null),
        ("PostingModule", () => PostingContract.Bytecode.ToArray(), "ProgressModule"), ("AttestingModule", () => AttestingContract.Bytecode.ToArray(), "ProgressModule"),
        ("ConcludingModule", () => ConcludingContract.Bytecode.ToArray(), "ProgressModule"),
        ("RunningModule", () => RunningContract.Bytecode.ToArray(), "ProgressModule"), ("JudgingModule", () => JudgingContract.Bytecode.ToArray(), "ProgressModule"), ("ViewsModule", () => ViewsContract.Bytecode.ToArray(), null),
    ];

    /// <summary>Makes a ledger: its modules, then the contract that has its address.</summary>
    /// <param name="endpoints">The chain.</param>
    /// <param name="deployer">Who pays for it; nothing of the ledger is its afterwards.</param>
    /// <param name="plan">What it is to be.</param>
    /// <param name="progress">Told of each contract; may be null.</param>
    /// <param name="mine">Called while a block is awaited, for chains that mine when told; null waits.</param>
    /// <param name="cancellation">Stops; what was made stays, and is of no use.</param>
    public static async Task<DeployedLedger> DeployAsync(
        IEnumerable<Uri> endpoints, ISigner deployer, DeploymentPlan plan, Action<DeployedContract>? progress = null, Func<Task>? mine = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(deployer);
        ArgumentNullException.ThrowIfNull(plan);
        await using var client = new ChainClient(EndpointPool.Connect(endpoints, new RpcLimits()));
        var chainId = await client.ChainIdAsync(cancellation).ConfigureAwait(false);
        using var outbox = new Outbox(client, deployer, chainId, plan.Fees, null, 0);
        var first = await client.NonceAsync(deployer.Address, cancellation).ConfigureAwait(false);
        var head = await client.LatestAsync(cancellation).ConfigureAwait(false);

        // The genesis names the ledger's address, and the modules name the genesis: the address is known before, from who makes it with which nonce.
        var contract = Created(deployer.Address, first + (ulong)s_modules.Length);
        var genesis = ContractGenesis.Of(chainId, contract, plan.Development, plan.Treasury, plan.Rules);
        if (!GenesisCodec.AreSound(genesis))
        {
            throw new EthereumException("These rules cannot work together: see `sojourn ledger rules`.");
        }

        var config = Config(genesis, plan);
        var addresses = new Dictionary<string, Address>(StringComparer.Ordinal);
        var made = ImmutableArray.CreateBuilder<DeployedContract>();
        foreach (var (name, code, needs) in s_modules)
        {
            made.Add(await CreateAsync(client, outbox, name, Creation(code(), config, needs is null ? null : addresses[needs]), mine, cancellation).ConfigureAwait(false));
            addresses[name] = made[^1].Address;
            progress?.Invoke(made[^1]);
        }

        made.Add(await CreateAsync(client, outbox, "SojournLedger", new RootContract.Creation(Modules(addresses)).Encode(), mine, cancellation).ConfigureAwait(false));
        progress?.Invoke(made[^1]);
        return made[^1].Address == contract
            ? new DeployedLedger(chainId, contract, genesis, head.Number, made.ToImmutable())
            : throw new NonceTakenException(deployer.Address, first + (ulong)s_modules.Length);
    }

    /// <summary>Compares a ledger's contracts with what this software would have made from its configuration.</summary>
    /// <param name="endpoints">The chain; several must agree.</param>
    /// <param name="contract">The ledger.</param>
    /// <param name="cancellation">Stops.</param>
    /// <exception cref="EthereumException">There is no ledger there at all.</exception>
    public static async Task<DeployedLedger> VerifyAsync(IEnumerable<Uri> endpoints, Address contract, CancellationToken cancellation = default)
    {
        await using var client = new ChainClient(EndpointPool.Connect(endpoints, new RpcLimits()));
        var chainId = await client.ChainIdAsync(cancellation).ConfigureAwait(false);
        var code = await client.CodeAsync(contract, cancellation).ConfigureAwait(false);
        if (code.Length == 0)
        {
            throw new EthereumException($"There is no contract at {contract} on chain {chainId}.");
        }

        var config = await client.CallAsync(contract, new LedgerContract.ConfigCall(), Address.Zero, cancellation).ConfigureAwait(false);
        var modules = await client.CallAsync(contract, new RootContract.ModulesCall(), Address.Zero, cancellation).ConfigureAwait(false);
        var addresses = new Dictionary<string, Address>(StringComparer.Ordinal)
        {
            ["AccountsModule"] = modules.Accounts, ["BatchesModule"] = modules.Batches, ["PostingModule"] = modules.Posting, ["DrawingModule"] = modules.Drawing, ["AttestingModule"] = modules.Attesting,
            ["ConcludingModule"] = modules.Concluding,
            ["RunningModule"] = modules.Running, ["JudgingModule"] = modules.Judging, ["ProgressModule"] = modules.Progress, ["ViewsModule"] = modules.Views,
        };
        var found = ImmutableArray.CreateBuilder<DeployedContract>();
        foreach (var (name, creation, needs) in s_modules)
        {
            var expected = await client.CreatedCodeAsync(Creation(creation(), config, needs is null ? null : addresses[needs]), cancellation).ConfigureAwait(false);
            found.Add(new DeployedContract(name, addresses[name], 0, Matches(expected, await client.CodeAsync(addresses[name], cancellation).ConfigureAwait(false), addresses[name])));
        }

        var root = await client.CreatedCodeAsync(new RootContract.Creation(Modules(addresses)).Encode(), cancellation).ConfigureAwait(false);
        found.Add(new DeployedContract("SojournLedger", contract, 0, Matches(root, code, contract)));
        var genesis = ContractGenesis.Of(chainId, contract, config.Development, config.Treasury, ContractGenesis.Read(config.Rules));
        return GenesisCodec.DigestOf(genesis) == config.Genesis
            ? new DeployedLedger(chainId, contract, genesis, 0, found.ToImmutable())
            : throw new EthereumException($"The contract at {contract} was made with another genesis than its configuration gives.");
    }

    // An address that a contract keeps of itself is another one in a trial; everything else must be the same byte for byte.
    private static bool Matches(byte[] expected, byte[] actual, in Address own)
    {
        if (expected.Length != actual.Length || expected.Length == 0)
        {
            return false;
        }

        for (var i = 0; i < expected.Length; i++)
        {
            if (expected[i] != actual[i])
            {
                var at = actual.AsSpan(Math.Max(0, i - 19)).IndexOf(own.AsSpan()) + Math.Max(0, i - 19);
                if (at > i || at < Math.Max(0, i - 19))
                {
                    return false;
                }

                i = at + Address.Length - 1;
            }
        }

        return true;
    }

    private static LedgerContract.Config Config(LedgerGenesis genesis, DeploymentPlan plan) => new(
        GenesisCodec.DigestOf(genesis), plan.Development, plan.Token, plan.Scale, plan.Treasury, plan.Guardian, ContractGenesis.Write(plan.Rules));

    private static byte[] Creation(byte[] code, LedgerContract.Config config, Address? needed)
    {
        var writer = new AbiWriter((ConfigWords + (needed is null ? 0 : 1)) * 32, code);
        config.Write(writer);
        if (needed is { } address)
        {
            writer.Address(address);
        }

        return writer.ToArray();
    }

    private static RootContract.Modules Modules(Dictionary<string, Address> a) => new(
        a["AccountsModule"], a["BatchesModule"], a["PostingModule"], a["DrawingModule"], a["AttestingModule"], a["ConcludingModule"], a["RunningModule"], a["JudgingModule"], a["ProgressModule"], a["ViewsModule"]);

    // Yellow Paper, 7: the last 20 bytes of Keccak-256 over RLP(sender, nonce).
    private static Address Created(in Address sender, ulong nonce) => new(Keccak256.Hash(RlpCodec.Encode(new RlpList([sender.ToArray(), RlpItem.Number(nonce)]))).AsSpan(12));

    private const int TakenStepsMax = 300;

    private static async Task<DeployedContract> CreateAsync(ChainClient client, Outbox outbox, string name, byte[] creation, Func<Task>? mine, CancellationToken cancellation)
    {
        var intent = await outbox.AddAsync(null, creation, 0, 0, cancellation).ConfigureAwait(false);
        var steps = 0;
        while (!intent.Completion.Task.IsCompleted)
        {
            await (mine is null ? Task.Delay(100, cancellation) : mine()).ConfigureAwait(false);
            await outbox.StepAsync((await client.LatestAsync(cancellation).ConfigureAwait(false)).Number, cancellation).ConfigureAwait(false);

            // A nonce that is taken may be taken by this very transaction, sent again after a slow answer: its receipt will tell.
            var isTaken = intent.Fault is RpcRefusedException { Message: var words } && words.Contains("nonce too low", StringComparison.Ordinal) && steps++ < TakenStepsMax;
            if (intent.Fault is FeeCapException or RpcRefusedException && !isTaken && !intent.Completion.Task.IsCompleted)
            {
                throw new EthereumException($"{name} could not be created: {intent.Fault.Message}", intent.Fault);
            }
        }

        var receipt = await intent.Completion.Task.ConfigureAwait(false);
        return receipt is { Succeeded: true, Created: { } address } ? new DeployedContract(name, address, receipt.GasUsed, true) : throw new EthereumException($"{name} could not be created: its creation failed in block {receipt.BlockNumber}.");
    }
}
