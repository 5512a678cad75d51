using System.CommandLine;

namespace Sojourn.Cli;

/// <summary>The tree of commands: nouns, then verbs. Each noun lives in a folder of its own.</summary>
internal static class RootCommands
{
    public static Task<int> InvokeAsync(string[] args)
    {
        var root = new RootCommand("Sojourn: leave your data where it is, send the app.");
        return root.Parse(args).InvokeAsync();
    }
}
