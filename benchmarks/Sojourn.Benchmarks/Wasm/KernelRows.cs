using System.Diagnostics;
using System.Globalization;
using Sojourn.Benchmarks.Harness;
using Sojourn.Wasm;

namespace Sojourn.Benchmarks.Wasm;

/// <summary>Sixteen kernels, the same binary in every engine and the same source in native code.</summary>
internal static class KernelRows
{
    private const int Rounds = 7;

    // A measurement is some tens of milliseconds: this many runs, all timed together.
    private const int Times = 5;

    public static void Run(BenchReport report)
    {
        var bytes = File.ReadAllBytes(Path.Combine(Places.Kernels, "kernels.wasm"));
        var guard = WasmModule.Load(bytes);
        var fuel = WasmModule.Load(bytes, new ModuleOptions { Fuel = FuelMode.Path });
        using var v8 = new LinePeer("node", "--no-liftoff", Path.Combine(Places.Peers, "kernels.mjs"), Path.Combine(Places.Kernels, "kernels.wasm"), CallsModule.File);
        var native = Native();
        var ratios = new Dictionary<string, List<double>>(StringComparer.Ordinal);
        foreach (var line in File.ReadAllLines(Path.Combine(Places.Kernels, "sizes.txt")))
        {
            var (name, size) = (line.Split(' ')[0], line.Split(' ')[1]);
            _ = Time(guard, name, size, out var expected);
            Contestant Ours(string label, WasmModule module) => new(label, () => Time(module, name, size, out var result) is var took && result == expected ? took : throw new InvalidOperationException($"{name}: {label} got {result}, and {expected} before"));
            var peers = new List<Contestant> { new("V8", () => Checked(v8.Ask($"{name} {size} {Times}", out var result), result, expected, name)) };
            if (File.Exists(Places.Wizer))
            {
                peers.Add(new("Wasmtime 42", () => Inside(Places.Wizer, [Path.Combine(Places.Kernels, "timed.wasm"), "--allow-wasi", "-o", "/dev/null"], name, size, expected)));
            }

            // The one with vectors is written with wasm's own intrinsics.
            if (native is not null && name != "simd")
            {
                peers.Add(new("gcc -O2", () => Inside(native, [], name, size, expected)));
            }

            Note(report.Compare($"kernel {name}", "s", Rounds, "", $"{Times} runs", Ours("guard pages", guard), [.. peers]), "guard", peers);
            Note(report.Compare($"kernel {name}, path fuel", "s", Rounds, "", "", Ours("path fuel", fuel), peers[0]), "fuel", peers[..1]);
        }

        if (native is not null)
        {
            File.Delete(native);
        }

        Mean("guard V8", "kernels, guard pages, geometric mean against V8", "≤ 0.95", "Node --no-liftoff: optimised at once");
        Mean("guard Wasmtime 42", "kernels, guard pages, geometric mean against Wasmtime", "", "42.0.1 inside wizer 11, timed by the program itself");
        Mean("guard gcc -O2", "kernels, guard pages, geometric mean against native", "≤ 1.2", "gcc -O2, without the kernel of vectors");
        Mean("fuel V8", "kernels, path fuel, geometric mean against V8", "≤ 1.03", "deterministic fuel and stack limit");

        void Note(double[] medians, string way, List<Contestant> others)
        {
            for (var i = 0; i < others.Count; i++)
            {
                var key = $"{way} {others[i].Label}";
                if (!ratios.TryGetValue(key, out var list))
                {
                    ratios.Add(key, list = []);
                }

                list.Add(medians[0] / medians[i + 1]);
            }
        }

        void Mean(string key, string what, string bar, string note)
        {
            if (ratios.TryGetValue(key, out var list))
            {
                var mean = Math.Exp(list.Average(Math.Log));
                report.Add(new(what, "", "", mean.ToString("0.000", CultureInfo.InvariantCulture), bar, $"{list.Count} kernels, worst {list.Max():0.00}; {note}"));
            }
        }
    }

    // Kernels leave their data in memory: every measurement has an instance of its own, whose first run nobody times.
    private static double Time(WasmModule module, string name, string size, out int result)
    {
        var argument = int.Parse(size, CultureInfo.InvariantCulture);
        using var store = new Store();
        var call = new Linker(store).Instantiate(module).GetFunction(name)!.Bind<Func<int, int>>();
        result = call(argument);
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < Times; i++)
        {
            result = call(argument);
        }

        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Checked(double seconds, string result, int expected, string name) =>
        result == ((uint)expected).ToString(CultureInfo.InvariantCulture) ? seconds : throw new InvalidOperationException($"{name}: a peer got {result}, we got {(uint)expected}");

    // A program that times itself. Lines "NAME RESULT NANOSECONDS"; the first run warms up.
    private static double Inside(string program, string[] arguments, string name, string size, int expected)
    {
        var lines = LinePeer.RunAll(program, arguments, Enumerable.Repeat($"{name} {size}", Times + 1));
        return Checked(lines.Skip(1).Sum(line => double.Parse(line.Split(' ')[2], CultureInfo.InvariantCulture) / 1e9), lines[^1].Split(' ')[1], expected, name);
    }

    private static string? Native()
    {
        var program = Path.Combine(Path.GetTempPath(), $"sojourn-kernels-{Environment.ProcessId}");
        try
        {
            LinePeer.RunAll("gcc", ["-O2", "-fno-math-errno", "-ffp-contract=off", "-o", program, Path.Combine(Places.Kernels, "timed.c"), "-lm"], []);
            return program;
        }
        catch (Exception fault) when (fault is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            Console.Error.WriteLine($"bench: no native peer: {fault.Message}");
            return null;
        }
    }
}
