using System.CommandLine;
using Sojourn.Cli.Running;
using Sojourn.Cli.Seal;
using Sojourn.Cryptography.HybridEncryption;

namespace Sojourn.Cli.Custody;

/// <summary><c>--custodian</c> and <c>--threshold</c>: who holds shares of a key, and how many are needed.</summary>
internal sealed class CustodianOptions
{
    private readonly Option<string[]> custodians = new("--custodian") { Description = "A custodian of the key: NAME=KEY, the key as for 'seal --to'. Repeat for each.", HelpName = "NAME=KEY" };
    private readonly Option<int?> threshold = new("--threshold") { Description = "How many custodians' shares give the key (default: more than half).", HelpName = "N" };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(custodians);
        command.Options.Add(threshold);
    }

    /// <summary>The custodians that were named.</summary>
    public IReadOnlyList<(string Name, HpkePublicKey Key)> Of(CommandRun run) =>
    [
        .. (run.Get(custodians) ?? []).Select(text => text.Split('=', 2) is [{ Length: > 0 } name, { Length: > 0 } key]
            ? (name, SealCommands.FindRecipient(key))
            : throw new CliException(ExitCode.Usage, $"'{text}' is no custodian: NAME=KEY was expected", "The name is for people, such as notary=notary.pem.")),
    ];

    /// <summary>How many shares are needed; more than half of the custodians where it is not said.</summary>
    public int ThresholdOf(CommandRun run) => run.Get(threshold) ?? (Of(run).Count / 2) + 1;

    /// <summary>How many shares are needed, if it was said.</summary>
    public int? Threshold(CommandRun run) => run.Get(threshold);
}
