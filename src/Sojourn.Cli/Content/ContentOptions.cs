using System.CommandLine;
using Sojourn.Cli.Output;

namespace Sojourn.Cli.Content;

/// <summary>Options and arguments that several content commands share.</summary>
internal static class ContentOptions
{
    /// <summary>The store's folder.</summary>
    public static Option<string?> Store() => new("--store")
    {
        Description = "The block store's folder; else $SOJOURN_STORE, else 'blocks' in the state folder.",
        HelpName = "folder",
    };

    /// <summary>Gateways to fetch from.</summary>
    public static Option<string[]> From() => new("--from")
    {
        Description = "A trustless gateway to fetch missing blocks from; may be given several times. Everything it sends is verified.",
        HelpName = "url",
        AllowMultipleArgumentsPerToken = false,
    };

    /// <summary>A delegated router.</summary>
    public static Option<string?> Router() => new("--router")
    {
        Description = "A delegated router (routing/v1) to ask who has missing blocks.",
        HelpName = "url",
    };

    /// <summary>A Kubo node.</summary>
    public static Option<string?> Kubo() => new("--kubo")
    {
        Description = "The RPC of a Kubo node to fetch missing blocks from, such as http://127.0.0.1:5001.",
        HelpName = "url",
    };

    /// <summary>What a command is about.</summary>
    public static Argument<string> PathArgument() => new("path")
    {
        Description = "A CID or a path below one: CID, CID/a/b, /ipfs/CID/a or ipfs://CID/a.",
    };

    /// <summary>A pin's name.</summary>
    public static Option<string?> Name(string description) => new("--name", "-n") { Description = description, HelpName = "name" };

    /// <summary>A size such as 256KiB.</summary>
    public static Option<long?> Size(string name, string description)
    {
        var option = new Option<long?>(name)
        {
            Description = description,
            HelpName = "size",
            CustomParser = result =>
            {
                if (Human.TryParseSize(result.Tokens[0].Value, out var bytes))
                {
                    return bytes;
                }

                result.AddError($"'{result.Tokens[0].Value}' is no size for {name}; expected a number of bytes, or one with a unit such as 256KiB or 1MiB.");
                return null;
            },
        };
        return option;
    }
}

/// <summary>The options that say where blocks come from, together.</summary>
internal sealed class SourceOptions
{
    /// <summary>The store's folder.</summary>
    public Option<string?> Store { get; } = ContentOptions.Store();

    /// <summary>Gateways.</summary>
    public Option<string[]> From { get; } = ContentOptions.From();

    /// <summary>A router.</summary>
    public Option<string?> Router { get; } = ContentOptions.Router();

    /// <summary>A Kubo node.</summary>
    public Option<string?> Kubo { get; } = ContentOptions.Kubo();

    /// <summary>Adds them to a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(Store);
        command.Options.Add(From);
        command.Options.Add(Router);
        command.Options.Add(Kubo);
    }
}
