using System.CommandLine;
using Sojourn.Cli.Running;
using Sojourn.Ledger.Ethereum.Anvil;
using Sojourn.Primitives;

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

    /// <summary>An address given.</summary>
    public static Address Read(string? text, string what) => Sojourn.Cryptography.Identity.EthereumAddress.TryParse(text, out var address) ? address
        : throw new CliException(ExitCode.Usage, $"'{text}' is not {what}", "An address is 0x and 40 hexadecimal digits; in mixed case they are a checksum.");
}
