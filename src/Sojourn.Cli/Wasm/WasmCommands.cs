using System.CommandLine;
using Sojourn.Cli.Running;
using Sojourn.Wasm;
using Sojourn.Wasm.Cache;
using Sojourn.Wasm.Text;

namespace Sojourn.Cli.Wasm;

/// <summary><c>sojourn wasm</c>: run, look into and convert WebAssembly modules.</summary>
internal static class WasmCommands
{
    public static Command Create()
    {
        ErrorRules.Add(Explain);
        return new Command("wasm", "Run, inspect, check and convert WebAssembly modules.")
        {
            RunCommand.Create(),
            InspectCommand.Create(),
            ValidateCommand.Create(),
            CompileCommand.Create(),
            ConvertCommands.ToBinary(),
            ConvertCommands.ToText(),
            BenchCommand.Create(),
        };
    }

    public static CliError? Explain(Exception exception) => exception switch
    {
        ModuleException { Fault: ModuleFault.LimitExceeded } e => new(ExitCode.Refused, e.Message, "The module is larger or deeper than the engine's limits allow."),
        ModuleException { Fault: ModuleFault.UnsupportedFeature } e => new(ExitCode.Refused, e.Message, "It uses more than the standard that it is judged by: see 'sojourn wasm inspect' for its features."),
        ModuleException e => new(ExitCode.BadInput, e.Message, "The offset is a byte's position in the binary module; the file may be cut short or damaged, or no WebAssembly at all."),
        WatException e => new(ExitCode.BadInput, $"malformed text at {e.Message}"),
        LinkException e => new(ExitCode.Refused, e.Message, "See 'sojourn wasm inspect' for what the module imports; 'run' offers WASI preview 1 only."),
        ModuleCacheException e => new(ExitCode.Environment, e.Message),
        TrapException e => new(ExitCode.Trapped, TrapText.Describe(e)),
        _ => null,
    };
}
