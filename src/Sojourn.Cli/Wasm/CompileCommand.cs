using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Wasm;
using Sojourn.Wasm.Cache;

namespace Sojourn.Cli.Wasm;

/// <summary><c>sojourn wasm compile</c>: compiles a module ahead, keeps its code for later runs, and tells what it cost.</summary>
internal static class CompileCommand
{
    public static Command Create()
    {
        var module = ModuleFile.Argument();
        var engine = new EngineOptions();
        var code = new CodeCacheOptions(byDefault: true);
        var command = new Command("compile", "Compile a module ahead, keep its code for 'run --cache', and tell time and memory.") { module };
        engine.AddTo(command);
        code.AddTo(command);
        command.SetRun(async run =>
        {
            var path = run.Get(module)!;
            var bytes = await ModuleFile.ReadAsync(run, path).ConfigureAwait(false);
            run.Out.WriteLine(ModuleFile.In(path, () => code.IsUsed(run) ? Keep(run, code, engine.Module(run), bytes) : Try(engine.Module(run), bytes)));
        });
        return command;
    }

    private static string Keep(CommandRun run, CodeCacheOptions code, ModuleOptions options, byte[] bytes)
    {
        var cache = code.Open(run);
        var clock = Stopwatch.StartNew();
        code.Load(run, cache, bytes, options, out var origin, out var report);
        if (origin != CacheOrigin.Compiled)
        {
            return $"{Human.Size(bytes.Length)}: {(origin == CacheOrigin.StoredNative ? "machine code" : "IL")} is in {cache.Options.Directory} already";
        }

        switch (report?.Outcome)
        {
            case CompileOutcome.Compiled:
                return string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Human.Size(bytes.Length)}: compiled in {clock.Elapsed.TotalMilliseconds:0.0} ms, at most {Human.Size(report.MemoryBytes)} of memory; machine code is in {cache.Options.Directory}");
            case CompileOutcome.CompilerFailed:
                run.Note($"The ahead-of-time compiler failed, so only IL is kept: {report.Message.Split('\n')[0]}");
                break;
            case CompileOutcome.NoCompiler:
                run.Note("No crossgen2 was found, so only IL is kept; name one by SOJOURN_CROSSGEN2, or restore the package microsoft.netcore.app.crossgen2.");
                break;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{Human.Size(bytes.Length)}: compiled in {clock.Elapsed.TotalMilliseconds:0.0} ms to IL, which is in {cache.Options.Directory}");
    }

    private static string Try(ModuleOptions options, byte[] bytes)
    {
        var clock = Stopwatch.StartNew();
        var loaded = WasmModule.Load(bytes, options);
        var validated = clock.Elapsed;
        loaded.Prepare();
        return string.Create(CultureInfo.InvariantCulture,
            $"{Human.Size(bytes.Length)}: decoded and validated in {validated.TotalMilliseconds:0.0} ms, compiled in {(clock.Elapsed - validated).TotalMilliseconds:0.0} ms, {Human.Size(Environment.WorkingSet)} in memory");
    }
}
