using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Sojourn.Cli.Running;
using Sojourn.Wasm;
using Sojourn.Wasm.Wasi;

namespace Sojourn.Cli.Wasm;

/// <summary><c>sojourn wasm bench</c>: runs a program or function several times, each in a fresh instance, and prints the times.</summary>
internal static class BenchCommand
{
    public static Command Create()
    {
        var module = ModuleFile.Argument();
        var arguments = new Argument<string[]>("arguments") { Description = "Arguments, after --.", Arity = ArgumentArity.ZeroOrMore };
        var invoke = new Option<string?>("--invoke") { Description = "Call this exported function instead of _start.", HelpName = "FUNCTION" };
        var runs = new Option<int>("--runs") { Description = "How often to run. Default 5.", DefaultValueFactory = _ => 5 };
        var engine = new EngineOptions();
        var guest = new GuestOptions();
        var command = new Command("bench", "Time a module: load once, then run several times. Its output is thrown away.") { module, arguments, invoke, runs };
        engine.AddTo(command);
        guest.AddTo(command);
        command.SetRun(async run =>
        {
            var path = run.Get(module)!;
            var bytes = await ModuleFile.ReadAsync(run, path).ConfigureAwait(false);
            var clock = Stopwatch.StartNew();
            var loaded = ModuleFile.In(path, () => WasmModule.Load(bytes, engine.Module(run)));
            run.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"load    {clock.Elapsed.TotalMilliseconds,10:0.000} ms"));
            var times = new List<double>();
            for (var i = 0; i < Math.Max(1, run.Get(runs)); i++)
            {
                run.Cancellation.ThrowIfCancellationRequested();
                using var store = new Store(engine.Store(run));
                using var interruption = store.InterruptOn(run.Cancellation);
                var options = guest.Create(run, Path.GetFileName(path), run.Get(arguments) ?? [], engine.IsDeterministic(run), run.Cancellation);
                options.StandardInput = WasiStream.Null;
                options.StandardOutput = WasiStream.Null;
                options.StandardError = WasiStream.Null;
                using var wasi = new WasiPreview1(options);
                clock.Restart();
                var linker = new Linker(store);
                wasi.DefineIn(linker);
                var instance = linker.Instantiate(loaded);
                if (run.Get(invoke) is { } name)
                {
                    var callee = instance.GetFunction(name)
                        ?? throw new CliException(ExitCode.NotFound, $"the module exports no function '{name}'", "See 'sojourn wasm inspect' for its exports.");
                    callee.Invoke((run.Get(arguments) ?? []).Select((text, at) => NumberArguments.Parse(text, callee.Type.Parameters[at])).ToArray());
                }
                else
                {
                    WasiPreview1.Run(instance);
                }

                times.Add(clock.Elapsed.TotalMilliseconds);
                var fuel = engine.IsMetered(run) ? $"  fuel {engine.Store(run).Fuel - store.Fuel}" : "";
                run.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"run {i + 1,-3} {times[^1],10:0.000} ms{fuel}"));
            }

            times.Sort();
            run.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"median  {times[times.Count / 2],10:0.000} ms, least {times[0]:0.000} ms"));
        });
        return command;
    }
}
