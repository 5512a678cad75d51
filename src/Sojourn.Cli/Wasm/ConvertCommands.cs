using System.CommandLine;
using System.Text;
using Sojourn.Cli.Running;
using Sojourn.Wasm.Text;

namespace Sojourn.Cli.Wasm;

/// <summary><c>sojourn wasm wat2wasm</c> and <c>wasm2wat</c>.</summary>
internal static class ConvertCommands
{
    public static Command ToBinary()
    {
        var input = new Argument<string>("text") { Description = "A .wat file, or - for standard input.", HelpName = "FILE" };
        var output = Output("The .wasm file to write; default: the text's name with .wasm, or standard output for -.");
        var noNames = new Option<bool>("--no-names") { Description = "Leave the names of the text out of the module." };
        var command = new Command("wat2wasm", "Turn the text format into a binary module.") { input, output, noNames };
        command.SetRun(async run =>
        {
            var path = run.Get(input)!;
            var text = await ModuleFile.ReadRawAsync(run, path).ConfigureAwait(false);
            var binary = Wat.ToBinary(text, WatOptions.Default with { EmitNames = !run.Get(noNames) });
            await WriteAsync(run, run.Get(output) ?? (path == "-" ? "-" : Path.ChangeExtension(path, ".wasm")), binary).ConfigureAwait(false);
        });
        return command;
    }

    public static Command ToText()
    {
        var input = ModuleFile.Argument();
        var output = Output("The .wat file to write; default: standard output.");
        var command = new Command("wasm2wat", "Print a binary module in the text format.") { input, output };
        command.SetRun(async run =>
        {
            var path = run.Get(input)!;
            var bytes = await ModuleFile.ReadAsync(run, path).ConfigureAwait(false);
            var text = ModuleFile.In(path, () => Wat.FromBinary(bytes));
            if ((run.Get(output) ?? "-") == "-")
            {
                run.Out.Write(text);
            }
            else
            {
                await WriteAsync(run, run.Get(output)!, Encoding.UTF8.GetBytes(text)).ConfigureAwait(false);
            }
        });
        return command;
    }

    private static Option<string?> Output(string description) => new("--out") { Description = description, HelpName = "FILE" };

    private static async Task WriteAsync(CommandRun run, string path, byte[] bytes)
    {
        if (path != "-")
        {
            await File.WriteAllBytesAsync(path, bytes, run.Cancellation).ConfigureAwait(false);
            return;
        }

        if (run.OutputIsTerminal)
        {
            throw new CliException(ExitCode.Usage, "standard output is a terminal, and a module is binary", "Name a file with --out, or redirect.");
        }

        await run.OutBytes.WriteAsync(bytes, run.Cancellation).ConfigureAwait(false);
        await run.OutBytes.FlushAsync(run.Cancellation).ConfigureAwait(false);
    }
}
