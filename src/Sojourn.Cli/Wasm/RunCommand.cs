using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Wasm;
using Sojourn.Wasm.Wasi;

namespace Sojourn.Cli.Wasm;

/// <summary><c>sojourn wasm run</c>: a WASI program with what it is handed and nothing more, or one exported function.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var module = ModuleFile.Argument();
        var arguments = new Argument<string[]>("arguments") { Description = "Arguments of the program, after --.", Arity = ArgumentArity.ZeroOrMore };
        var invoke = new Option<string?>("--invoke") { Description = "Call this exported function with the arguments as numbers, and print its results.", HelpName = "FUNCTION" };
        var timeout = new Option<double?>("--timeout") { Description = "End the program after so many seconds.", HelpName = "SECONDS" };
        var stats = new Option<bool>("--stats") { Description = "Print fuel, time and memory on standard error at the end." };
        var engine = new EngineOptions();
        var guest = new GuestOptions();
        var code = new CodeCacheOptions(byDefault: false);
        var command = new Command("run", "Run a WASI program. Its exit code is ours; a trap or a limit ends with 8.") { module, arguments, invoke, timeout, stats };
        engine.AddTo(command);
        guest.AddTo(command);
        code.AddTo(command);
        command.SetRun(async run =>
        {
            var path = run.Get(module)!;
            var bytes = await ModuleFile.ReadAsync(run, path).ConfigureAwait(false);
            var loaded = ModuleFile.In(path, () => code.IsUsed(run) ? code.Load(run, code.Open(run), bytes, engine.Module(run), out _, out _) : WasmModule.Load(bytes, engine.Module(run)));
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(run.Cancellation);
            using var store = new Store(engine.Store(run));
            using var interruption = store.InterruptOn(limit.Token);
            var deterministic = engine.IsDeterministic(run);
            using var wasi = new WasiPreview1(guest.Create(run, Path.GetFileName(path), run.Get(arguments) ?? [], deterministic, limit.Token));
            if (run.Get(timeout) is { } seconds)
            {
                limit.CancelAfter(TimeSpan.FromSeconds(seconds));
            }

            var clock = Stopwatch.StartNew();
            try
            {
                var linker = new Linker(store);
                wasi.DefineIn(linker);
                return Execute(run, linker.Instantiate(loaded), run.Get(invoke), run.Get(arguments) ?? []);
            }
            catch (TrapException trap) when (trap.Kind == TrapKind.Interrupted)
            {
                run.Cancellation.ThrowIfCancellationRequested();
                throw new CliException(ExitCode.Trapped, $"the program was ended after {run.Get(timeout)?.ToString(CultureInfo.InvariantCulture)} s (--timeout)");
            }
            finally
            {
                await run.OutBytes.FlushAsync(CancellationToken.None).ConfigureAwait(false);
                if (run.Get(stats))
                {
                    var used = engine.IsMetered(run) ? $"fuel {engine.Store(run).Fuel - store.Fuel}, " : "";
                    run.Note(string.Create(CultureInfo.InvariantCulture, $"{used}time {clock.Elapsed.TotalMilliseconds:0.0} ms, memory {Human.Size(store.MemoryBytes)}"));
                }
            }
        });
        return command;
    }

    private static int Execute(CommandRun run, Instance instance, string? function, string[] arguments)
    {
        if (function is null)
        {
            if (instance.GetFunction("_start") is null)
            {
                throw new CliException(
                    ExitCode.BadInput, "the module is no WASI command: it exports no function '_start'", "Name a function with --invoke, or see 'sojourn wasm inspect'.");
            }

            return WasiPreview1.Run(instance);
        }

        var callee = instance.GetFunction(function)
            ?? throw new CliException(ExitCode.NotFound, $"the module exports no function '{function}'", "See 'sojourn wasm inspect' for its exports.");
        if (arguments.Length != callee.Type.Parameters.Length)
        {
            throw new CliException(ExitCode.Usage, $"'{function}' is {callee.Type}, and {arguments.Length} arguments were given");
        }

        var values = arguments.Select((text, i) => NumberArguments.Parse(text, callee.Type.Parameters[i])).ToArray();
        try
        {
            foreach (var result in callee.Invoke(values))
            {
                run.Out.WriteLine(NumberArguments.Format(result));
            }

            return ExitCode.Ok;
        }
        catch (WasiExitException exit)
        {
            return exit.ExitCode;
        }
    }
}
