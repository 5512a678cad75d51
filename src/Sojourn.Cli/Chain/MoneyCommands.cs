using System.CommandLine;
using System.Globalization;
using Sojourn.Cli.Keys;
using Sojourn.Cli.Running;
using Sojourn.Hosting.Keys;
using Sojourn.Ledger.Ethereum;
using Sojourn.Primitives;
using Sojourn.Protocol.Accounts;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Cli.Chain;

/// <summary><c>sojourn chain deposit|withdraw|transfer</c>: an account's own calls on a chain, signed here with its key.</summary>
internal static class MoneyCommands
{
    public static Command Deposit()
    {
        var to = new Option<string?>("--to") { Description = "Whose account is credited; left out: the payer's." };
        return Make(
            "deposit", "Pay the chain's coin (or an ERC-20 for which the contract was approved) into an account of the ledger.", [to],
            (run, ledger, signer, amount) => ledger.PayInAsync(signer, run.Get(to) is { } who ? ChainOptions.Read(who, "the receiver's address") : signer.Address, amount, run.Cancellation));
    }

    public static Command Withdraw() => Make(
        "withdraw", "Take free tokens out of the ledger to the account's own address on the chain.", [],
        (run, ledger, signer, amount) => SubmitAsync(run, ledger, signer, new Withdraw(amount, Digest.Zero)));

    public static Command Transfer()
    {
        var to = new Argument<string>("to") { Description = "The receiver: 0x and 40 hexadecimal digits." };
        return Make(
            "transfer", "Move free tokens to another account of the ledger.", [to],
            (run, ledger, signer, amount) => SubmitAsync(run, ledger, signer, new Transfer(ChainOptions.Read(run.Get(to), "the receiver's address"), amount)));
    }

    private static async ValueTask<SubmitResult> SubmitAsync(CommandRun run, EthereumLedger ledger, Secp256k1Signer signer, Transaction body)
    {
        var account = await ledger.AccountAsync(signer.Address, run.Cancellation).ConfigureAwait(false);
        return await ledger.SubmitAsync(SignedTransaction.Create(body, account.Nonce, ledger.GenesisDigest, signer), run.Cancellation).ConfigureAwait(false);
    }

    private static Command Make(string name, string description, Symbol[] more, Func<CommandRun, EthereumLedger, Secp256k1Signer, Amount, ValueTask<SubmitResult>> act)
    {
        var rpc = ChainOptions.Endpoints();
        var contract = ChainOptions.Contract();
        var amount = new Argument<ulong>("amount") { Description = "How many of the ledger's units." };
        var key = new Option<string>("--key") { Description = "The account, by its name among your keys (sojourn keys list).", Required = true };
        var passphrases = new Passphrases();
        var command = new Command(name, description) { contract };
        foreach (var symbol in more.OfType<Argument>())
        {
            command.Add(symbol);
        }

        command.Add(amount);
        command.Add(key);
        command.Add(rpc);
        foreach (var symbol in more.OfType<Option>())
        {
            command.Add(symbol);
        }

        passphrases.AddTo(command);
        command.SetRun(async run =>
        {
            if (run.Get(amount) is 0 or > long.MaxValue)
            {
                throw new CliException(ExitCode.Usage, "the amount is a whole number above zero, below 2 to the 63rd");
            }

            using var identity = KeyStore.In(Places.StateFolder).OpenAccount(run.Get(key)!, stored => passphrases.For(run, stored));
            var signer = new Secp256k1Signer(identity);
            await using var ledger = await EthereumLedger.ConnectAsync(
                new EthereumLedgerOptions { Endpoints = [.. ChainOptions.Read(run, rpc)], Contract = ChainOptions.Read(run.Get(contract), "a contract's address"), Signers = [signer] }, run.Cancellation).ConfigureAwait(false);
            var result = await act(run, ledger, signer, run.Get(amount)).ConfigureAwait(false);
            if (!result.Applied)
            {
                throw new CliException(ExitCode.Refused, $"the ledger refused it: {result.Refusal}", result.Refusal.Words());
            }

            run.Out.WriteLine(result.Height.ToString(CultureInfo.InvariantCulture));
            foreach (var sent in ledger.Sent)
            {
                run.Note(string.Create(CultureInfo.InvariantCulture, $"{sent.What}: 0x{sent.Hash} in block {sent.Block}, {sent.Gas} gas"));
            }

            return ExitCode.Ok;
        });
        return command;
    }
}
