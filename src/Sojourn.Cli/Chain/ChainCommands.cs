using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Sojourn.Cli.Keys;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Hosting.Keys;
using Sojourn.Ledger.Ethereum;
using Sojourn.Ledger.Ethereum.Market;
using Sojourn.Ledger.Ethereum.Sending;
using Sojourn.Primitives;
using Sojourn.Protocol.Accounts;
using Sojourn.Protocol.Genesis;

namespace Sojourn.Cli.Chain;

/// <summary><c>sojourn chain</c>: the ledger as contracts on an EVM chain.</summary>
internal static class ChainCommands
{
    public static Command Create()
    {
        ErrorRules.Add(Explain);
        return new Command("chain", "The ledger as contracts on an EVM chain: make, check, look, pay in and out.") { Deploy(), Verify(), Status(), Gas(), MoneyCommands.Deposit(), MoneyCommands.Withdraw(), MoneyCommands.Transfer() };
    }

    internal static CliError? Explain(Exception exception) => exception switch
    {
        EndpointsUnreachableException => new(ExitCode.Unreachable, exception.Message),
        EndpointsDisagreeException or LyingEndpointException or LedgerDivergedException => new(ExitCode.Refused, exception.Message),
        EthereumException => new(ExitCode.Failed, exception.Message),
        _ => null,
    };

    private static Command Deploy()
    {
        var rpc = ChainOptions.Endpoints();
        var key = new Option<string>("--key") { Description = "The account that pays for it, by its name among your keys (sojourn keys list).", Required = true };
        var development = new Option<bool>("--development") { Description = "Admit simulated evidence: for tests only." };
        var token = new Option<string?>("--token") { Description = "The ERC-20 in which is paid; left out: the chain's own coin." };
        var scale = new Option<string>("--scale") { Description = "How many of the token's smallest units make one unit of the ledger.", DefaultValueFactory = _ => "1000000000000" };
        var treasury = new Option<string?>("--treasury") { Description = "Whose the treasury's share is; left out: the paying account." };
        var guardian = new Option<string?>("--guardian") { Description = "Who may stop new jobs for a while; left out: nobody." };
        var cap = new Option<double>("--fee-cap") { Description = "The most that is paid for one gas, in gwei.", DefaultValueFactory = _ => 100 };
        var passphrases = new Passphrases();
        var command = new Command("deploy", "Make a ledger: ten modules and the contract that has its address. Nobody can change it afterwards.") { rpc, key, development, token, scale, treasury, guardian, cap };
        passphrases.AddTo(command);
        command.SetRun(async run =>
        {
            if (!UInt128.TryParse(run.Get(scale), NumberStyles.None, CultureInfo.InvariantCulture, out var units) || units == 0)
            {
                throw new CliException(ExitCode.Usage, $"'{run.Get(scale)}' is no scale", "It is a whole number above zero.");
            }

            using var identity = KeyStore.In(Places.StateFolder).OpenAccount(run.Get(key)!, stored => passphrases.For(run, stored));
            var made = await LedgerDeployment.DeployAsync(
                ChainOptions.Read(run, rpc), new Secp256k1Signer(identity),
                new DeploymentPlan
                {
                    Development = run.Get(development), Token = run.Get(token) is { } erc20 ? ChainOptions.Read(erc20, "a token's address") : default, Scale = units,
                    Treasury = run.Get(treasury) is { } who ? ChainOptions.Read(who, "the treasury's address") : identity.Address,
                    Guardian = run.Get(guardian) is { } other ? ChainOptions.Read(other, "the guardian's address") : default,
                    Fees = new FeePolicy { FeeCap = (UInt128)(run.Get(cap) * 1_000_000_000) },
                },
                one => run.Note($"{one.Name} {one.Address}: {one.Gas} gas"), cancellation: run.Cancellation).ConfigureAwait(false);
            run.Out.WriteLine(made.Contract.ToString());
            run.Note($"Genesis {GenesisCodec.DigestOf(made.Genesis)} on chain {made.ChainId}, {made.Contracts.Aggregate(0UL, (sum, one) => sum + one.Gas)} gas. Next: sojourn chain verify {made.Contract} --rpc {ChainOptions.Read(run, rpc)[0]}");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Verify()
    {
        var rpc = ChainOptions.Endpoints();
        var contract = ChainOptions.Contract();
        var output = OutputOption.Create();
        var command = new Command("verify", "Compare a ledger's code, module by module, with what this software makes; and its genesis with its configuration.") { contract, rpc, output };
        command.SetRun(async run =>
        {
            var found = await LedgerDeployment.VerifyAsync(ChainOptions.Read(run, rpc), ChainOptions.Read(run.Get(contract), "a contract's address"), run.Cancellation).ConfigureAwait(false);
            run.Results.List(
                found.Contracts,
                new Column<DeployedContract>("contract", one => one.Name),
                new Column<DeployedContract>("address", one => one.Address.ToString()),
                new Column<DeployedContract>("code", one => one.Matches ? "the same" : "ANOTHER"));
            if (found.Contracts.Any(one => !one.Matches))
            {
                throw new CliException(ExitCode.Refused, "some of its code is not what this software makes.", "Do not pay anything in: another version, or a forgery.");
            }

            run.Note($"Genesis {GenesisCodec.DigestOf(found.Genesis)}{(found.Genesis.Development ? "; it admits simulated evidence: for tests only" : "")}.");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Status()
    {
        var rpc = ChainOptions.Endpoints();
        var contract = ChainOptions.Contract();
        var output = OutputOption.Create();
        var command = new Command("status", "Read a ledger from its creation on, and show where it stands.") { contract, rpc, output };
        command.SetRun(async run =>
        {
            await using var ledger = await ConnectAsync(ChainOptions.Read(run, rpc), ChainOptions.Read(run.Get(contract), "a contract's address"), run.Cancellation).ConfigureAwait(false);
            var head = await ledger.HeadAsync(run.Cancellation).ConfigureAwait(false);
            run.Results.One(
                head,
                new Column<Protocol.Views.LedgerHead>("ledger", one => one.Genesis.ToString()),
                new Column<Protocol.Views.LedgerHead>("chain", _ => JsonValue.Create(ledger.ChainId)),
                new Column<Protocol.Views.LedgerHead>("block", one => JsonValue.Create(one.Block)),
                new Column<Protocol.Views.LedgerHead>("block hash", one => "0x" + one.BlockHash),
                new Column<Protocol.Views.LedgerHead>("events", one => JsonValue.Create(one.Events)),
                new Column<Protocol.Views.LedgerHead>("tokens", one => one.TokensHeld.ToString()),
                new Column<Protocol.Views.LedgerHead>("treasury", one => one.Treasury.ToString()));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Gas()
    {
        var rpc = ChainOptions.Endpoints();
        var contract = ChainOptions.Contract();
        var blocks = new Option<int>("--blocks") { Description = "How many of the last blocks to read.", DefaultValueFactory = _ => 1000 };
        var output = OutputOption.Create();
        var command = new Command("gas", "What gas costs now, and what this ledger's calls used lately, counted from receipts.") { contract, rpc, blocks, output };
        command.SetRun(async run =>
        {
            if (run.Get(blocks) is < 1 or > 100_000)
            {
                throw new CliException(ExitCode.Usage, "1 to 100,000 blocks can be read.");
            }

            var endpoints = ChainOptions.Read(run, rpc);
            var price = await GasPrice.ReadAsync(endpoints, run.Cancellation).ConfigureAwait(false);
            var uses = await GasHistory.ReadAsync(endpoints, ChainOptions.Read(run.Get(contract), "a contract's address"), run.Get(blocks), run.Cancellation).ConfigureAwait(false);
            run.Results.List(
                uses,
                new Column<GasUse>("calls of", row => row.What),
                new Column<GasUse>("calls", row => JsonValue.Create(row.Calls), AlignRight: true),
                new Column<GasUse>("messages", row => JsonValue.Create(row.Messages), AlignRight: true),
                new Column<GasUse>("gas each", row => JsonValue.Create(row.Gas / (ulong)row.Calls), AlignRight: true),
                new Column<GasUse>("gwei each", row => ((UInt128)(row.Gas / (ulong)row.Calls) * price.PerGas / 1_000_000_000).ToString(CultureInfo.InvariantCulture), AlignRight: true));
            run.Note(string.Create(CultureInfo.InvariantCulture, $"Base fee {(double)price.BaseFee / 1e9:0.###} gwei, tip {(double)price.Tip / 1e9:0.###} gwei on chain {price.ChainId}."));
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Connects for reading.</summary>
    internal static Task<EthereumLedger> ConnectAsync(IReadOnlyList<Uri> endpoints, Address contract, CancellationToken cancellation) =>
        EthereumLedger.ConnectAsync(new EthereumLedgerOptions { Endpoints = [.. endpoints], Contract = contract }, cancellation);
}
