using System.CommandLine;
using Sojourn.Cli.Running;
using Sojourn.Wasm;

namespace Sojourn.Cli.Wasm;

/// <summary><c>sojourn wasm validate</c>: whether a module may run at all.</summary>
internal static class ValidateCommand
{
    public static Command Create()
    {
        var module = ModuleFile.Argument();
        var features = new Option<string>("--features")
        {
            Description = "The standard to judge by: 2.0 or 3.0.",
            DefaultValueFactory = _ => "3.0",
            HelpName = "2.0|3.0",
        };
        features.AcceptOnlyFromAmong("2.0", "3.0");
        var command = new Command("validate", "Check a module; silent and 0 if it is valid.") { module, features };
        command.SetRun(async run =>
        {
            var path = run.Get(module)!;
            var bytes = await ModuleFile.ReadAsync(run, path).ConfigureAwait(false);
            ModuleFile.In(path, () => WasmModule.Load(bytes, ModuleOptions.Default with
            {
                Tier = ExecutionTier.Interpreted,
                Features = run.Get(features) == "2.0" ? WasmFeatures.Wasm2 : WasmFeatures.Wasm3,
            }));
        });
        return command;
    }
}
