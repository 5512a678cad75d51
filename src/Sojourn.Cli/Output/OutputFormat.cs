using System.CommandLine;

namespace Sojourn.Cli.Output;

/// <summary>How a command prints what it found.</summary>
internal enum OutputFormat
{
    /// <summary>Aligned columns for people.</summary>
    Table,

    /// <summary>One JSON document (RFC 8259).</summary>
    Json,

    /// <summary>One YAML 1.2 document.</summary>
    Yaml,
}

/// <summary>The <c>--output</c> option, the same on every command that has one.</summary>
internal static class OutputOption
{
    private const string Name = "--output";

    /// <summary>Makes the option; add it to a command's options and read it with <see cref="Of"/>.</summary>
    public static Option<string> Create()
    {
        var option = new Option<string>(Name, "-o")
        {
            Description = "How to print the result: table, json or yaml.",
            DefaultValueFactory = _ => "table",
            HelpName = "table|json|yaml",
        };
        option.AcceptOnlyFromAmong("table", "json", "yaml");
        return option;
    }

    /// <summary>The format asked for; a table where the command has no such option.</summary>
    public static OutputFormat Of(ParseResult parse)
        => parse.CommandResult.Command.Options.OfType<Option<string>>().FirstOrDefault(o => o.Name == Name) is not { } option
            ? OutputFormat.Table
            : parse.GetValue(option) switch
            {
                "json" => OutputFormat.Json,
                "yaml" => OutputFormat.Yaml,
                _ => OutputFormat.Table,
            };
}
