using System.CommandLine;
using System.Reflection;

namespace Sojourn.Cli;

/// <summary>The entry point of <c>sojourn</c>.</summary>
public static class Program
{
    /// <summary>The product's version, as in the assembly.</summary>
    public static string Version { get; } =
        typeof(Program).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>Parses the command line and runs one command.</summary>
    /// <param name="args">Arguments without the program's name.</param>
    /// <returns>The exit code; see <see cref="ExitCode"/>.</returns>
    public static async Task<int> Main(string[] args)
    {
        // Answered before the command tree is built: scripts ask for the version often.
        if (args is ["--version"])
        {
            Console.Out.WriteLine(Version);
            return ExitCode.Ok;
        }

        return await RootCommands.InvokeAsync(args).ConfigureAwait(false);
    }
}
