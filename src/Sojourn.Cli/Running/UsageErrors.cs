using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
using Sojourn.Hosting.Yaml;

namespace Sojourn.Cli.Running;

/// <summary>What is wrong with a command line, in words that name what exists.</summary>
internal static partial class UsageErrors
{
    /// <summary>The message for a command line that cannot be parsed.</summary>
    public static CliError Of(ParseResult parse)
    {
        var command = parse.CommandResult.Command;
        var path = PathOf(parse);
        var hint = $"Try '{path} --help'.";
        var unknown = parse.UnmatchedTokens.Count > 0 ? parse.UnmatchedTokens[0] : null;
        if (unknown is ['-', ..])
        {
            return new CliError(ExitCode.Usage, $"{path} has no option {unknown}{Suggestion(unknown, OptionsOf(command))}", hint);
        }

        if (command.Subcommands.Count > 0)
        {
            var verbs = command.Subcommands.Where(each => !each.Hidden).Select(each => each.Name).ToList();
            var what = unknown is null
                ? $"{path} needs a command: {string.Join(", ", verbs)}"
                : NearestWord.Of(unknown, verbs) is { } near
                ? $"{path} has no command '{unknown}'; did you mean '{near}'?"
                : $"{path} has no command '{unknown}'; it has {string.Join(", ", verbs)}";
            return new CliError(ExitCode.Usage, what, hint);
        }

        return new CliError(ExitCode.Usage, string.Join(" ", parse.Errors.Select(error => Words(error.Message))), hint);
    }

    /// <summary>The message for an option that the parser took for an argument.</summary>
    public static CliError Mistyped(ParseResult parse, string option)
    {
        var path = PathOf(parse);
        return new CliError(ExitCode.Usage, $"{path} has no option {option}{Suggestion(option, OptionsOf(parse.CommandResult.Command))}", $"Try '{path} --help'; a file of that name is written ./{option}.");
    }

    private static IEnumerable<string> OptionsOf(Command command) => command.Options.Where(each => !each.Hidden).Select(each => each.Name);

    private static string Suggestion(string unknown, IEnumerable<string> words) => NearestWord.Of(unknown, words) is { } near ? $"; did you mean {near}?" : "";

    /// <summary>The parser's words, without the names of types.</summary>
    private static string Words(string message) => TypeName().Replace(message.Replace("\n\t", " ", StringComparison.Ordinal), match => match.Groups["type"].Value switch
    {
        var name when name.Contains("Boolean", StringComparison.Ordinal) => "; expected true or false",
        var name when name.Contains("Int", StringComparison.Ordinal) || name.Contains("Byte", StringComparison.Ordinal) => "; expected a whole number",
        var name when name.Contains("Double", StringComparison.Ordinal) || name.Contains("Single", StringComparison.Ordinal) || name.Contains("Decimal", StringComparison.Ordinal) => "; expected a number",
        var name when name.Contains("TimeSpan", StringComparison.Ordinal) => "; expected a time such as 00:05:00",
        var name when name.Contains("DateTime", StringComparison.Ordinal) => "; expected a date such as 2026-01-31 or 2026-01-31T12:00:00Z",
        var name when name.Contains("Uri", StringComparison.Ordinal) => "; expected an address such as http://127.0.0.1:8080",
        _ => "; see --help for what it takes",
    });

    private static string PathOf(ParseResult parse)
    {
        var names = new Stack<string>();
        for (SymbolResult? at = parse.CommandResult; at is CommandResult command; at = at.Parent)
        {
            names.Push(command.Parent is null ? "sojourn" : command.Command.Name);
        }

        return string.Join(' ', names);
    }

    [GeneratedRegex(" as expected type '(?<type>[^']*)'\\.?", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex TypeName();
}
