using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Wasm;

namespace Sojourn.Cli.Wasm;

/// <summary><c>sojourn wasm compile</c>: compiles every function, and tells what it cost.</summary>
internal static class CompileCommand
{
    public static Command Create()
    {
        var module = ModuleFile.Argument();
        var engine = new EngineOptions();
        var command = new Command("compile", "Compile every function of a module and tell time and memory.") { module };
        engine.AddTo(command);
        command.SetRun(async run =>
        {
            var bytes = await ModuleFile.ReadAsync(run, run.Get(module)!).ConfigureAwait(false);
            var clock = Stopwatch.StartNew();
            var loaded = WasmModule.Load(bytes, engine.Module(run));
            var validated = clock.Elapsed;
            loaded.Prepare();
            run.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{Human.Size(bytes.Length)}: decoded and validated in {validated.TotalMilliseconds:0.0} ms, compiled in {(clock.Elapsed - validated).TotalMilliseconds:0.0} ms, {Human.Size(Environment.WorkingSet)} in memory"));
        });
        return command;
    }
}
