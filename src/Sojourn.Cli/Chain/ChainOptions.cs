using System.CommandLine;
using System.Globalization;
using Sojourn.Cli.Running;
using Sojourn.Ledger.Ethereum;
using Sojourn.Ledger.Ethereum.Anvil;
using Sojourn.Primitives;
using Sojourn.Protocol.Terms;

namespace Sojourn.Cli.Chain;

/// <summary>Options that several commands share, and what they mean.</summary>
internal static class ChainOptions
{
    /// <summary>Which ledger a development network gets.</summary>
    public static Option<string> DevelopmentLedger()
    {
        var option = new Option<string>("--ledger") { Description = "embedded, or ethereum: contracts on a development chain (anvil).", DefaultValueFactory = _ => "embedded" };
        option.AcceptOnlyFromAmong("embedded", "ethereum");
        return option;
    }

    /// <summary>Whether the chain was asked for; it must be installed then.</summary>
    public static bool IsEthereum(CommandRun run, Option<string> option) => run.Get(option) == "ethereum"
        && (AnvilProcess.Find() is not null ? true : throw new CliException(ExitCode.Environment, "anvil is not installed, and --ledger ethereum needs it.", "npm ci --prefix tests/peers/anvil, or put it on the path or into SOJOURN_ANVIL."));

    /// <summary>JSON-RPC endpoints.</summary>
    public static Option<string[]> Endpoints() => new("--rpc")
    {
        Description = "A JSON-RPC endpoint of the chain (http, https, ws or wss); repeat for several, which must agree.",
        DefaultValueFactory = _ => [Environment.GetEnvironmentVariable("SOJOURN_RPC") ?? "http://127.0.0.1:8545"],
    };

    /// <summary>The contract.</summary>
    public static Argument<string> Contract() => new("contract") { Description = "The ledger's contract: 0x and 40 hexadecimal digits." };

    /// <summary>The endpoints given.</summary>
    public static IReadOnlyList<Uri> Read(CommandRun run, Option<string[]> option) => [.. run.Get(option)!.Select(text =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" or "ws" or "wss" ? uri
            : throw new CliException(ExitCode.Usage, $"'{text}' is not an endpoint's address", "Give one such as http://127.0.0.1:8545."))];

    /// <summary>Tells what a job would use and cost in gas at today's price.</summary>
    public static async Task NoteGasAsync(CommandRun run, Uri chain, JobTerms terms)
    {
        var gas = GasEstimate.Of(terms);
        var price = await GasPrice.ReadAsync([new Uri(chain.GetLeftPart(UriPartial.Query))], run.Cancellation).ConfigureAwait(false);
        string Cost(ulong amount) => string.Create(CultureInfo.InvariantCulture, $"{amount:N0} gas ({(double)((UInt128)amount * price.PerGas) / 1e18:0.######} of the chain's coin)");
        var bundled = terms.Offers.IsEmpty ? $"; {Cost(gas.AtOnce)} where its nodes bundle what they say" : "";
        run.Note(string.Create(CultureInfo.InvariantCulture, $"on chain {price.ChainId} its transactions use about {Cost(gas.ByMessages)} at {(double)price.PerGas / 1e9:0.###} gwei{bundled}; the requester pays for the post, whoever brings messages for the rest"));
    }

    /// <summary>An address given.</summary>
    public static Address Read(string? text, string what) => Sojourn.Cryptography.Identity.EthereumAddress.TryParse(text, out var address) ? address
        : throw new CliException(ExitCode.Usage, $"'{text}' is not {what}", "An address is 0x and 40 hexadecimal digits; in mixed case they are a checksum.");
}
