using System.CommandLine;
using Sojourn.Cli.Running;
using Sojourn.Wasm;
using Sojourn.Wasm.Text;

namespace Sojourn.Cli.Wasm;

/// <summary>Reads a module from a file or standard input, binary or text.</summary>
internal static class ModuleFile
{
    public static Argument<string> Argument() => new("module")
    {
        Description = "A .wasm or .wat file, or - for standard input.",
        HelpName = "FILE",
    };

    /// <summary>The module's bytes in the binary format.</summary>
    public static async Task<byte[]> ReadAsync(CommandRun run, string path)
    {
        var bytes = await ReadRawAsync(run, path).ConfigureAwait(false);
        if (IsBinary(bytes) || Path.GetExtension(path).Equals(".wasm", StringComparison.OrdinalIgnoreCase))
        {
            return bytes;
        }

        if (bytes.Length == 0 && path == "-")
        {
            throw new CliException(ExitCode.BadInput, "standard input is empty: a module was expected on it", "Pipe a file in, or name one.");
        }

        try
        {
            return Wat.ToBinary(bytes);
        }
        catch (WatException e)
        {
            throw new CliException(ExitCode.BadInput, $"{path}: malformed text at {e.Message}", "A binary module begins with the bytes 0, 'asm'; anything else is read as the text format.");
        }
    }

    /// <summary>Does something with a file's module; what is wrong with the module is told with the file's name.</summary>
    public static T In<T>(string path, Func<T> use)
    {
        try
        {
            return use();
        }
        catch (ModuleException e) when (WasmCommands.Explain(e) is { } told)
        {
            throw new CliException(told.Code, $"{(path == "-" ? "standard input" : path)}: {told.What}", told.Hint);
        }
    }

    /// <summary>The file as it is.</summary>
    public static async Task<byte[]> ReadRawAsync(CommandRun run, string path)
    {
        if (path != "-")
        {
            if (Directory.Exists(path))
            {
                throw new CliException(ExitCode.BadInput, $"{path} is a directory: a module's file was expected", "Name a .wasm or .wat file.");
            }

            return await File.ReadAllBytesAsync(path, run.Cancellation).ConfigureAwait(false);
        }

        if (run.InputIsTerminal)
        {
            throw new CliException(ExitCode.Usage, "standard input is a terminal: a module was expected on it", "Pipe a file in, or name one.");
        }

        using var memory = new MemoryStream();
        await run.In.CopyToAsync(memory, run.Cancellation).ConfigureAwait(false);
        return memory.ToArray();
    }

    public static bool IsBinary(ReadOnlySpan<byte> bytes) => bytes.StartsWith("\0asm"u8);
}
