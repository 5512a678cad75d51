using System.CommandLine;
using Sojourn.Cli.Running;

namespace Sojourn.Cli;

/// <summary>The tree of commands: nouns, then verbs. Each noun lives in a folder of its own.</summary>
internal static class RootCommands
{
    // A noun is built only where it is named or help is asked for, since building all of them costs start-up time.
    private static readonly (string Name, Func<Command> Create)[] Nouns =
    [
        ("demo", Demo.DemoCommand.Create),
        ("content", Content.ContentCommands.Create),
        ("gateway", Gateway.GatewayCommands.Create),
        ("devnet", Devnet.DevnetCommands.Create),
        ("node", Node.NodeCommands.Create),
        ("keeper", Keeper.KeeperCommands.Create),
        ("data", Publish.PublishCommands.CreateData),
        ("app", Publish.PublishCommands.CreateApp),
        ("job", Job.JobCommands.Create),
        ("receipt", Receipt.ReceiptCommands.Create),
        ("ledger", Ledger.LedgerCommands.Create),
        ("chain", Chain.ChainCommands.Create),
        ("market", Market.MarketCommands.Create),
        ("account", Account.AccountCommands.Create),
        ("doctor", Doctor.DoctorCommand.Create),
        ("trust", Trust.TrustCommands.Create),
        ("wasm", Wasm.WasmCommands.Create),
        ("custody", Custody.CustodyCommands.Create),
        ("keys", Keys.KeysCommands.Create),
        ("policy", Policy.PolicyCommands.Create),
        ("seal", Seal.SealCommands.CreateSeal),
        ("open", Seal.SealCommands.CreateOpen),
        ("rewrap", Seal.SealCommands.CreateRewrap),
    ];

    /// <summary>Parses and runs a command line on the process's own streams.</summary>
    public static async Task<int> InvokeAsync(string[] args)
    {
        using var signals = new Signals();
        return signals.Translate(await InvokeAsync(args, CliInvocation.FromProcess(), signals.Token).ConfigureAwait(false));
    }

    /// <summary>Parses and runs a command line.</summary>
    /// <param name="args">Arguments without the program's name.</param>
    /// <param name="invocation">The streams.</param>
    /// <param name="cancellation">Asks the command to stop.</param>
    public static async Task<int> InvokeAsync(string[] args, CliInvocation invocation, CancellationToken cancellation)
    {
        var parse = Build(args).Parse(args);
        if (parse.Errors.Count > 0 && parse.Action is System.CommandLine.Invocation.ParseErrorAction)
        {
            CommandRunner.Print(invocation.Error, UsageErrors.Of(parse));
            return ExitCode.Usage;
        }

        if (parse.Errors.Count == 0 && MistypedOption(parse) is { } mistyped)
        {
            CommandRunner.Print(invocation.Error, UsageErrors.Mistyped(parse, mistyped));
            return ExitCode.Usage;
        }

        return await parse.InvokeAsync(invocation, cancellation).ConfigureAwait(false);
    }

    /// <summary>An argument that looks like an option: the parser would take it for a file's name.</summary>
    private static string? MistypedOption(ParseResult parse)
    {
        if (parse.Tokens.Any(token => token.Type == System.CommandLine.Parsing.TokenType.DoubleDash))
        {
            return null;
        }

        // What a program is given is the program's affair.
        return parse.CommandResult.Command.Arguments.Where(argument => argument.Name != "arguments")
            .SelectMany(argument => parse.CommandResult.GetResult(argument)?.Tokens ?? [])
            .Select(token => token.Value).FirstOrDefault(value => value.Length > 2 && value.StartsWith("--", StringComparison.Ordinal));
    }

    private static RootCommand Build(string[] args)
    {
        var root = new RootCommand("Sojourn: leave your data where it is, send the app.");
        var named = Nouns.Where(noun => args.Length > 0 && args[0] == noun.Name).ToArray();
        foreach (var noun in named.Length > 0 ? named : Nouns)
        {
            root.Subcommands.Add(noun.Create());
        }

        return root;
    }
}
