using System.Globalization;
using Sojourn.Hosting.Keys;
using Sojourn.Ledger.Ethereum;
using Sojourn.Ledger.Ethereum.Anvil;
using Sojourn.Ledger.Ethereum.Market;
using Sojourn.Primitives;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Hosting.Devnet;

/// <summary>A development chain with a ledger on it: starts it, makes the contracts, pays the parties in.</summary>
internal sealed class ChainDevnet : IAsyncDisposable
{
    private static readonly UInt128 s_coins = UInt128.Parse("1000000000000000000000000000", CultureInfo.InvariantCulture);
    private readonly AnvilProcess _chain;

    private ChainDevnet(AnvilProcess chain, EthereumLedger ledger) => (_chain, Ledger) = (chain, ledger);

    /// <summary>The ledger.</summary>
    public EthereumLedger Ledger { get; }

    /// <summary>Starts it; a chain that was stopped in order goes on where it was.</summary>
    /// <param name="folder">Where its state lies.</param>
    /// <param name="payer">Who makes the contracts, pays the gas of slot messages and drives what is due.</param>
    /// <param name="accounts">What accounts have at the start.</param>
    /// <param name="signers">Whose transactions are taken.</param>
    /// <param name="cancel">Stops starting.</param>
    public static async Task<ChainDevnet> StartAsync(string folder, PartyKeys payer, IReadOnlyDictionary<Address, Amount> accounts, IEnumerable<ISigner> signers, CancellationToken cancel)
    {
        Directory.CreateDirectory(folder);
        var named = Path.Combine(folder, "ledger.txt");
        var chain = await AnvilProcess.StartAsync(new AnvilOptions { BlockSeconds = 0.1, StateFile = Path.Combine(folder, "chain.json") }, cancel).ConfigureAwait(false);
        try
        {
            foreach (var account in accounts.Keys.Append(payer.Address))
            {
                await chain.FundAsync(account, s_coins, cancel).ConfigureAwait(false);
            }

            Address contract;
            ulong? start = null;
            var fresh = !File.Exists(named);
            if (fresh)
            {
                var made = await LedgerDeployment.DeployAsync([chain.Http], payer.Signer, new DeploymentPlan { Development = true, Treasury = payer.Address }, cancellation: cancel).ConfigureAwait(false);
                (contract, start) = (made.Contract, made.Block);
            }
            else
            {
                contract = Primitives.Address.Parse(File.ReadAllText(named).Trim());
            }

            var ledger = await EthereumLedger.ConnectAsync(
                new EthereumLedgerOptions
                {
                    Endpoints = [chain.WebSocket], Contract = contract, Signers = [.. signers], Operator = payer.Signer, StartBlock = start, Drives = true, Poll = TimeSpan.FromMilliseconds(100),
                    JournalFolder = Path.Combine(folder, "outbox"),
                },
                cancel).ConfigureAwait(false);
            if (fresh)
            {
                foreach (var (account, amount) in accounts)
                {
                    var paid = await ledger.SubmitAsync(SignedTransaction.Create(new Deposit(account, amount, Digest.Of(account.AsSpan())), 0, ledger.GenesisDigest, payer.Signer), cancel).ConfigureAwait(false);
                    if (!paid.Applied)
                    {
                        throw new EthereumException($"{account} could not be paid in: {paid.Refusal}.");
                    }
                }

                await File.WriteAllTextAsync(named, contract + "\n", cancel).ConfigureAwait(false);
            }

            return new ChainDevnet(chain, ledger);
        }
        catch
        {
            await chain.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Where the chain answers, with the contract: what <c>--ledger</c> takes.</summary>
    public Uri Address => new($"{_chain.Http.ToString().TrimEnd('/')}/#{Ledger.Contract}");

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Ledger.DisposeAsync().ConfigureAwait(false);
        await _chain.DisposeAsync().ConfigureAwait(false);
    }
}
