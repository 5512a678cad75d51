using System.CommandLine;
using Sojourn.Cli.Content;

namespace Sojourn.Cli.Gateway;

/// <summary><c>sojourn gateway …</c>.</summary>
internal static class GatewayCommands
{
    /// <summary>Makes the noun.</summary>
    public static Command Create()
    {
        ContentErrors.Register();
        return new Command("gateway", "Serve stored content over HTTP.") { RunCommand.Create() };
    }
}
