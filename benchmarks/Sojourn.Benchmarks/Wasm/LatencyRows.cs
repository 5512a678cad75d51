using System.Diagnostics;
using System.Globalization;
using Sojourn.Benchmarks.Harness;
using Sojourn.Wasm;
using Sojourn.Wasm.Cache;
using Sojourn.Wasm.Pooling;

namespace Sojourn.Benchmarks.Wasm;

/// <summary>What starting, calling and trapping costs.</summary>
internal static class LatencyRows
{
    private const int Rounds = 9;

    public static void Run(BenchReport report)
    {
        Pool(report);
        Calls(report);
        if (!File.Exists(Path.Combine(Places.Sqlite, "dist/sql-wasm.wasm")))
        {
            Console.Error.WriteLine("bench: the packages of tests/peers/wasm are not installed");
            return;
        }

        var sqlite = File.ReadAllBytes(Path.Combine(Places.Sqlite, "dist/sql-wasm.wasm"));
        Cache(report, sqlite);
        Cold(report);
        CompileCosts(report, sqlite);
        FreshProcess(report);
    }

    private static void Pool(BenchReport report)
    {
        const int Uses = 2000;
        using var pool = new InstancePool(WasmModule.Load(CallsModule.Bytes), new() { Link = Add });
        report.Compare("instance from a warm pool", "µs", Rounds, "≤ 5 µs", "rented and given back unused; what was written is dropped when it comes back", new("ours", () => PerUse(() =>
        {
            using var rented = pool.Rent();
        })));
        report.Compare("instance from a warm pool, used", "µs", Rounds, "", "one call that writes to two pages, then given back", new("ours", () => PerUse(() =>
        {
            using var rented = pool.Rent();
            var touch = rented.Instance.GetFunction("touch")!;
            touch.Invoke(0);
            touch.Invoke(40_000);
        })));
        var module = WasmModule.Load(CallsModule.Bytes);
        report.Compare("instance without a pool", "µs", Rounds, "", "store, linking, memory, all freed again", new("ours", () => PerUse(() =>
        {
            using var store = new Store();
            var linker = new Linker(store);
            Add(linker);
            linker.Instantiate(module);
        })));

        static double PerUse(Action use)
        {
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < Uses; i++)
            {
                use();
            }

            return Stopwatch.GetElapsedTime(start).TotalMicroseconds / Uses;
        }
    }

    private static void Add(Linker linker) => linker.DefineFunction("env", "add", (int a, int b) => a + b);

    private static void Calls(BenchReport report)
    {
        using var store = new Store();
        var linker = new Linker(store);
        Add(linker);
        var instance = linker.Instantiate(WasmModule.Load(CallsModule.Bytes));
        var calls = instance.GetFunction("calls")!.Bind<Func<int, int>>();
        var trap = instance.GetFunction("trap")!.Bind<Func<int, int>>();
        using var v8 = new LinePeer("node", "--no-liftoff", Path.Combine(Places.Peers, "kernels.mjs"), Path.Combine(Places.Kernels, "kernels.wasm"), CallsModule.File);
        const int Count = 5_000_000;
        report.Compare("host call round trip", "ns", Rounds, "≤ 15 ns", "a typed delegate with two parameters and a result, called from a loop of the guest", new("ours", () =>
        {
            var start = Stopwatch.GetTimestamp();
            calls(Count);
            return Stopwatch.GetElapsedTime(start).TotalNanoseconds / Count;
        }), new Contestant("V8", () => v8.Ask($"host {Count} 1", out _) * 1e9 / Count));
        using var generated = new Store();
        var byAddressInstance = new AddingHost().DefineIn(new(generated)).Instantiate(WasmModule.Load(CallsModule.Bytes));
        var byAddress = byAddressInstance.GetFunction("calls")!.Bind<Func<int, int>>();
        report.Compare("host call round trip, generated", "ns", Rounds, "≤ 15 ns", "the same through a class with [HostModule]", new("ours", () =>
        {
            var start = Stopwatch.GetTimestamp();
            byAddress(Count);
            return Stopwatch.GetElapsedTime(start).TotalNanoseconds / Count;
        }));
        var guest = new TouchingGuest(byAddressInstance);
        report.Compare("guest call round trip, generated", "ns", Rounds, "", "a class with [GuestExports], called from a loop of the host: one store and one load in the guest", new("ours", () =>
        {
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < Count; i++)
            {
                guest.Touch(8);
            }

            return Stopwatch.GetElapsedTime(start).TotalNanoseconds / Count;
        }));
        const int Traps = 3000;
        report.Compare("trap", "µs", Rounds, "≤ 20 µs", "out of bounds, caught by the host, thrown through one frame", new("ours", () =>
        {
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < Traps; i++)
            {
                try
                {
                    trap(-8);
                }
                catch (TrapException)
                {
                }
            }

            return Stopwatch.GetElapsedTime(start).TotalMicroseconds / Traps;
        }), new Contestant("V8", () => v8.Ask($"trap {Traps} 1", out _) * 1e6 / Traps));
    }

    private static void Cache(BenchReport report, byte[] module)
    {
        var folder = Directory.CreateTempSubdirectory("sojourn-bench-cache-");
        try
        {
            foreach (var precompiler in new[] { Precompiler.Find(), null }.Distinct())
            {
                var options = new ModuleCacheOptions { Directory = folder.FullName, Precompiler = precompiler };
                var variants = Enumerable.Range(precompiler is null ? 100 : 0, Rounds + 1).Select(i => Variants.Named(module, i)).ToList();
                var cost = new List<CompileReport>();
                foreach (var variant in variants)
                {
                    ModuleCache.Open(options).Load(variant, null, out _, out var compiled);
                    cost.Add(compiled!);
                }

                var next = 0;
                report.Compare(
                    $"module from the cache to its first call, {(precompiler is null ? "IL" : "machine code")}",
                    "ms",
                    Rounds,
                    precompiler is null ? "" : "≤ 5 ms",
                    $"SQLite, {module.Length >> 10} KiB: opened, authenticated, loaded, instantiated, malloc(8) called",
                    new("ours", () =>
                    {
                        var bytes = variants[next++];
                        var start = Stopwatch.GetTimestamp();
                        var loaded = ModuleCache.Open(options).Load(bytes, null, out var origin, out _);
                        using var guest = new FirstCall(loaded, "Ia");
                        var took = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                        return origin != CacheOrigin.Compiled ? took : throw new InvalidOperationException("the cache was empty");
                    }));
                if (precompiler is not null)
                {
                    var compiled = cost.Where(each => each.Outcome == CompileOutcome.Compiled).ToList();
                    report.Add(new(
                        "crossgen2, per MB of module",
                        BenchReport.Format(BenchReport.Median([.. compiled.Select(each => each.Time.TotalSeconds)]) / (module.Length / 1e6), "s"),
                        "",
                        "",
                        "reported",
                        $"SQLite; at most {compiled.Max(each => each.MemoryBytes) >> 20} MiB resident"));
                }
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void Cold(BenchReport report)
    {
        var quickjs = Variants.TwiceTheFunctions(File.ReadAllBytes(Path.Combine(Places.QuickJs, "dist/emscripten-module.wasm")));
        var next = 1000;
        report.Compare("cold module of 1 MB to its first call", "ms", Rounds, "≤ 100 ms", $"QuickJS with every function twice, {quickjs.Length / 1e6:0.00} MB: decoded, validated, IL made, instantiated, malloc(8) called; warm engine", new("ours", () =>
        {
            var bytes = Variants.Named(quickjs, next++);
            var start = Stopwatch.GetTimestamp();
            using var guest = new FirstCall(WasmModule.Load(bytes), "v");
            return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }));
    }

    private static void CompileCosts(BenchReport report, byte[] module)
    {
        var next = 2000;
        long memory = 0;
        var medians = report.Compare("compile every function, per MB of module", "s", 3, "reported", "SQLite: decode, validate, IL, machine code by the platform's compiler, one thread for the last", new("ours", () =>
        {
            var bytes = Variants.Named(module, next++);
            GC.Collect();
            var before = Environment.WorkingSet;
            var start = Stopwatch.GetTimestamp();
            WasmModule.Load(bytes).Prepare();
            var took = Stopwatch.GetElapsedTime(start).TotalSeconds;
            memory = Math.Max(memory, Environment.WorkingSet - before);
            return took / (module.Length / 1e6);
        }));
        report.Add(new("memory of compiling, per MB of module", BenchReport.Format(memory / 1048576.0 / (module.Length / 1e6), "MiB"), "", "", "reported", "growth of resident memory, at most"));
        _ = medians;
    }

    // What a person at a command line waits for: runtime, engine and module, from nothing.
    private static void FreshProcess(BenchReport report)
    {
        if (!File.Exists(Places.CommandLine) || !File.Exists(Places.Circom))
        {
            return;
        }

        var folder = Directory.CreateTempSubdirectory("sojourn-bench-fresh-");
        try
        {
            string[] command = [Places.CommandLine, "wasm", "run", Places.Circom];
            string[] version = ["--", "--version"];
            LinePeer.RunAll("dotnet", [Places.CommandLine, "wasm", "compile", "--cache-dir", folder.FullName, Places.Circom], []);
            var node = Contestant.Timed("Node", () => LinePeer.RunAll("node", ["--no-warnings", Path.Combine(Places.Peers, "run.mjs"), Places.Circom, folder.FullName, "--version"], []));
            report.Compare("fresh process runs circom --version, nothing kept", "s", 5, "", "9.3 MB module; the whole process, runtime included", Contestant.Timed("ours", () => LinePeer.RunAll("dotnet", [.. command, .. version], [])), node);
            report.Compare("fresh process runs circom --version, from the cache", "s", 5, "", "machine code where crossgen2 is there", Contestant.Timed("ours", () => LinePeer.RunAll("dotnet", [.. command, "--cache-dir", folder.FullName, .. version], [])), node);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>An instance of an Emscripten module, and its allocator called once.</summary>
    private sealed class FirstCall : IDisposable
    {
        private readonly Store store = new();

        public FirstCall(WasmModule module, string malloc)
        {
            var linker = new Linker(store);
            foreach (var import in module.Imports)
            {
                switch (import.Type)
                {
                    case FunctionType type:
                        linker.DefineFunction(import.Module, import.Name, type, static (_, _, results) => results.Fill(Value.From(0)));
                        break;
                    case MemoryType type:
                        linker.Define(import.Module, import.Name, Memory.Create(store, type));
                        break;
                }
            }

            if (linker.Instantiate(module).GetFunction(malloc)!.Invoke(8)[0].Int32 == 0)
            {
                throw new InvalidOperationException("malloc gave nothing");
            }
        }

        public void Dispose() => store.Dispose();
    }
}
