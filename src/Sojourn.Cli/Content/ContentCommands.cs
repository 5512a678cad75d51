using System.CommandLine;

namespace Sojourn.Cli.Content;

/// <summary><c>sojourn content …</c>: files, folders and graphs under their CIDs.</summary>
internal static class ContentCommands
{
    /// <summary>Makes the noun.</summary>
    public static Command Create()
    {
        ContentErrors.Register();
        return new Command("content", "Store, fetch, verify and inspect content by its CID.")
        {
            AddCommand.Create(),
            GetCommand.Create(),
            CatCommand.Create(),
            LsCommand.Create(),
            StatCommand.Create(),
            ResolveCommand.Create(),
            ImportCommand.Create(),
            ExportCommand.Create(),
            PinCommands.Pin(),
            PinCommands.Unpin(),
            PinCommands.Pins(),
            GcCommand.Create(),
            VerifyCommand.Create(),
        };
    }
}
