using System.Diagnostics;
using System.Text;
using Sojourn.Benchmarks.Harness;
using Sojourn.Wasm;
using Sojourn.Wasm.Tests.RealModules;
using Sojourn.Wasm.Wasi;

namespace Sojourn.Benchmarks.Wasm;

/// <summary>Programs that people use, as published.</summary>
internal static class ProgramRows
{
    private const int Rounds = 5;

    public static void Run(BenchReport report)
    {
        QuickJs(report);
        Sqlite(report);
        Circom(report);
    }

    private static void QuickJs(BenchReport report)
    {
        if (!Directory.Exists(Places.QuickJs))
        {
            Console.Error.WriteLine("bench: the packages of tests/peers/wasm are not installed");
            return;
        }

        var script = Path.Combine(Places.Peers, "work.js");
        using var v8 = new LinePeer("node", "--no-liftoff", Path.Combine(Places.Peers, "quickjs.mjs"), Places.QuickJs, script);
        v8.Ask("go", out var expected);
        Compare(report, "QuickJS runs a script", v8, expected, fuel => new QuickJsGuest(fuel, script).Run, ("≤ 1.05", "≤ 1.25"));
    }

    private static void Sqlite(BenchReport report)
    {
        var script = Path.Combine(Places.Peers, "work.sql");
        using var v8 = new LinePeer("node", "--no-liftoff", Path.Combine(Places.Peers, "sqlite.cjs"), Places.Sqlite, script);
        v8.Ask("go", out var expected);
        Compare(report, "SQLite runs statements", v8, expected, fuel => new SqliteGuest(fuel, script).Run, ("≤ 1.5", ""));
    }

    private static void Circom(BenchReport report)
    {
        const string Circuit = """
            pragma circom 2.1.0;
            template Step() { signal input in; signal output out; signal square; square <== in * in; out <== square * in + 7; }
            template Chain(n) {
                signal input a; signal output b; component steps[n];
                for (var i = 0; i < n; i++) { steps[i] = Step(); steps[i].in <== i == 0 ? a : steps[i - 1].out; }
                b <== steps[n - 1].out;
            }
            component main = Chain(3000);
            """;
        var folder = Directory.CreateTempSubdirectory("sojourn-bench-");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "chain.circom"), Circuit);
            using var v8 = new LinePeer("node", "--no-liftoff", Path.Combine(Places.Peers, "circom.mjs"), Places.Circom, folder.FullName);
            v8.Ask("go", out var expected);
            Compare(report, "circom compiles a circuit", v8, expected, fuel => new CircomGuest(fuel, folder.FullName).Run, ("≤ 1.5", ""));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void Compare(BenchReport report, string what, LinePeer v8, string expected, Func<FuelMode, Func<string>> guest, (string Guard, string Fuel) bars)
    {
        foreach (var (fuel, bar) in new[] { (FuelMode.None, bars.Guard), (FuelMode.Path, bars.Fuel) })
        {
            var run = guest(fuel);

            // Nobody times the first runs: all engines compile then.
            _ = run();
            _ = run();
            report.Compare(
                fuel == FuelMode.None ? what : what + ", path fuel",
                "s",
                Rounds,
                bar,
                "",
                new("ours", () =>
                {
                    var start = Stopwatch.GetTimestamp();
                    var result = run();
                    var took = Stopwatch.GetElapsedTime(start).TotalSeconds;
                    return result == expected ? took : throw new InvalidOperationException($"{what}: V8 got {expected}, we got {result}");
                }),
                new Contestant("V8", () => v8.Ask("go", out _)));
        }
    }

    private sealed class QuickJsGuest
    {
        private readonly EmscriptenHost host;
        private readonly string code;
        private readonly int text;
        private readonly int name;

        public QuickJsGuest(FuelMode fuel, string script)
        {
            var module = WasmModule.Load(File.ReadAllBytes(Path.Combine(Places.QuickJs, "dist/emscripten-module.wasm")), new ModuleOptions { Fuel = fuel });
            host = new EmscriptenHost(module, "a", null, engine => new Dictionary<string, HostCallback>
            {
                ["k"] = engine.ResizeHeap,
                ["p"] = (_, _, results) => results[0] = Value.From(1_700_000_000_000.0),
                ["n"] = (_, _, _) => { },
                ["e"] = (_, _, results) => results[0] = Value.From(0),
                ["f"] = (_, arguments, results) =>
                {
                    engine.Clear(arguments[0].Int32, 4);
                    engine.Clear(arguments[1].Int32, 4);
                    results[0] = Value.From(0);
                },
                ["m"] = (_, arguments, _) => engine.Clear(arguments[1].Int32, 44),
            });
            host.Call("u");
            code = File.ReadAllText(script);
            text = host.PutText(code, "v");
            name = host.PutText("s", "v");
        }

        public string Run()
        {
            var context = host.Call("N", host.Call("K"), 0);
            return host.ReadText(host.Call("$", context, host.Call("pa", context, text, Encoding.UTF8.GetByteCount(code), name, 0, 0)));
        }
    }

    private sealed class SqliteGuest
    {
        private const int Row = 100;
        private readonly EmscriptenHost host;
        private readonly int place;
        private readonly int text;
        private readonly int name;

        public SqliteGuest(FuelMode fuel, string script)
        {
            var module = WasmModule.Load(File.ReadAllBytes(Path.Combine(Places.Sqlite, "dist/sql-wasm.wasm")), new ModuleOptions { Fuel = fuel });
            host = new EmscriptenHost(module, null, "O", engine => module.Imports.ToDictionary(import => import.Name, import => (HostCallback)(import.Name switch
            {
                "l" => engine.ResizeHeap,
                "c" or "d" => (_, _, results) => results[0] = Value.From(1_700_000_000_000.0),
                "B" => (_, _, _) => { },
                _ => (_, _, results) => results.Fill(Value.From(-52)),
            })));
            host.Call("P");
            place = host.Call("Ia", 8);
            text = host.PutText(File.ReadAllText(script), "Ia");
            name = host.PutText(":memory:", "Ia");
        }

        public string Run()
        {
            host.Call("Ha", name, place);
            var database = host.ReadInt32(place);
            var last = "";
            var next = text;
            while (true)
            {
                host.Call("T", database, next, -1, place, place + 4);
                var statement = host.ReadInt32(place);
                next = host.ReadInt32(place + 4);
                if (statement == 0)
                {
                    // The peer closes its database too; ours is small against the memory.
                    return last;
                }

                while (host.Call("U", statement) == Row)
                {
                    last = string.Join('|', Enumerable.Range(0, host.Call("ra", statement)).Select(i => host.ReadText(host.Call("Z", statement, i))));
                }

                host.Call("X", statement);
            }
        }
    }

    private sealed class CircomGuest(FuelMode fuel, string folder)
    {
        private readonly WasmModule module = WasmModule.Load(File.ReadAllBytes(Places.Circom), new ModuleOptions { Fuel = fuel });

        public string Run()
        {
            using var host = HostDirectory.Open(folder);
            var options = new WasiOptions { Clock = WasiClock.System, Random = WasiRandom.System }.AddArguments("circom", "chain.circom", "--r1cs", "--sym").AddDirectory("/", host);
            using var store = new Store(new StoreOptions { StackBytesMax = 4 << 20 });
            using var wasi = new WasiPreview1(options);
            var linker = new Linker(store);
            wasi.DefineIn(linker);
            return WasiPreview1.Run(linker.Instantiate(module)).ToString(System.Globalization.CultureInfo.InvariantCulture);
        }
    }
}
