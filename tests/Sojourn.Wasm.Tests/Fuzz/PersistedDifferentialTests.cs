using System.Globalization;
using System.Text;
using Sojourn.Testing;
using Sojourn.Wasm.Cache;
using Sojourn.Wasm.Pooling;
using Sojourn.Wasm.Tests.Fuzz.Generation;
using Sojourn.Wasm.Tests.Spec;
using Xunit;
using Xunit.Abstractions;

namespace Sojourn.Wasm.Tests.Fuzz;

/// <summary>Generated programs behave alike whether their code was compiled ahead, is compiled when it is called, or runs in an instance that was used before.</summary>
public sealed class PersistedDifferentialTests(ITestOutputHelper output)
{
    private const ulong Seed = 0xCACE;
    private const int Batch = 250;
    private static readonly GeneratorOptions Everything = new() { CanonicalizeInProgram = false, RelaxedFreely = true };

    private static readonly ModuleOptions[] Ways =
    [
        ModuleOptions.Default with { CanonicalNaNs = true, Fuel = FuelMode.Path },
        ModuleOptions.Default with { CanonicalNaNs = true, Protection = MemoryProtection.BoundsChecks },
    ];

    [Fact]
    public void Code_compiled_ahead_behaves_like_code_compiled_now()
    {
        if (Precompiler.Find() is not { } compiler)
        {
            output.WriteLine("skipped: crossgen2 is not there");
            return;
        }

        var faults = new StringBuilder();
        output.WriteLine(Compare(compiler, Seed, Batch, faults));
        Assert.True(faults.Length == 0, faults.ToString());
    }

    /// <summary>Tells for one seed what every tier says: for looking into a difference that the campaign found.</summary>
    [Fact]
    [Trait("long", "wasm-persisted-seed")]
    public void One_seed()
    {
        if (Environment.GetEnvironmentVariable("SOJOURN_LONG") != "wasm-persisted-seed" || Precompiler.Find() is not { } compiler)
        {
            return;
        }

        var seed = Convert.ToUInt64(Environment.GetEnvironmentVariable("SOJOURN_LONG_SEED"), 16);
        var program = ModuleGenerator.Generate(seed, Everything);
        foreach (var options in Ways)
        {
            var persisted = PersistedModules.Compile([program.Bytes], options, compiler);
            using var store = new Store(StoreOptions.Default with { Fuel = 1L << 50 });
            var ahead = Outcome.Of(program, new Linker(store).Instantiate(persisted.Load(program.Bytes, options)), 20_000);
            var now = Outcome.Of(program, options, 20_000);
            var plain = Outcome.Of(program, options with { Tier = ExecutionTier.Interpreted }, 20_000);
            for (var i = 0; i < plain.Count; i++)
            {
                output.WriteLine($"{options.Protection} {i}: {(ahead[i] == plain[i] && now[i] == plain[i] ? "same" : "DIFFER")} interpreter '{plain[i]}' now '{now[i]}' ahead '{ahead[i]}'");
            }
        }

        var file = Path.Combine(Path.GetTempPath(), $"sojourn-persisted-{seed:x}.wasm");
        File.WriteAllBytes(file, program.Bytes);
        output.WriteLine($"LONG wasm-persisted-seed seed={seed:x} program in {file}; calls {string.Join("; ", program.Calls.Select(call => $"{call.Export}({string.Join(", ", call.Arguments.Select(a => a.Value))})"))}");
    }

    [Fact]
    [Trait("long", "wasm-persisted")]
    public void Campaign()
    {
        if (LongRun.Of("wasm-persisted") is not { } run || Precompiler.Find() is not { } compiler)
        {
            return;
        }

        var most = int.Parse(Environment.GetEnvironmentVariable("SOJOURN_LONG_COUNT") ?? int.MaxValue.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        var faults = new StringBuilder();
        var programs = 0;
        for (; programs < most && !run.Over; programs += Batch)
        {
            Compare(compiler, (run.Seed << 32) + (ulong)programs, Batch, faults);
        }

        LongRun.Record(output, "wasm-persisted", $"modules={programs} ways={Ways.Length} differences={faults.ToString().Split('\n').Length - 1}");
        Assert.True(faults.Length == 0, faults.ToString(0, Math.Min(faults.Length, 10_000)));
    }

    [Fact]
    public void An_instance_that_was_used_before_behaves_like_a_new_one()
    {
        var faults = new StringBuilder();
        var again = 0;
        foreach (var options in Ways)
        {
            for (var i = 0; i < 60; i++)
            {
                var program = ModuleGenerator.Generate(Seed + 1000 + (ulong)i, Everything);
                var module = WasmModule.Load(program.Bytes, options);
                using var pool = new InstancePool(module, new() { Store = StoreOptions.Default with { Fuel = 1L << 50 } });
                var wanted = Outcome.Of(program, options, 20_000);
                for (var use = 0; use < 3; use++)
                {
                    again += use > 0 && pool.Warm > 0 ? 1 : 0;
                    using var rented = pool.Rent();
                    Note(faults, program, options, wanted, Outcome.Of(program, rented.Instance, 20_000));
                }
            }
        }

        output.WriteLine($"{again} uses of instances that were used before");
        Assert.True(again > 60, "hardly any instance was used again");
        Assert.True(faults.Length == 0, faults.ToString());
    }

    private static string Compare(Precompiler compiler, ulong seed, int count, StringBuilder faults)
    {
        var programs = Enumerable.Range(0, count).Select(i => ModuleGenerator.Generate(seed + (ulong)i, Everything)).ToList();
        var calls = 0;
        var native = "";
        foreach (var options in Ways)
        {
            var persisted = PersistedModules.Compile(programs.ConvertAll(program => program.Bytes), options, compiler);
            native += $" {persisted.Native} of {persisted.Methods} functions native;";
            foreach (var program in programs)
            {
                using var store = new Store(StoreOptions.Default with { Fuel = 1L << 50 });
                var seen = Outcome.Of(program, new Linker(store).Instantiate(persisted.Load(program.Bytes, options)), 20_000);
                Note(faults, program, options, Outcome.Of(program, options, 20_000), seen);
                calls += program.Calls.Count;
            }
        }

        return $"{count} programs, {calls} calls;{native}";
    }

    private static void Note(StringBuilder faults, GeneratedModule program, ModuleOptions options, List<string> wanted, List<string> seen)
    {
        for (var i = 0; i < Math.Max(wanted.Count, seen.Count); i++)
        {
            if (wanted.ElementAtOrDefault(i) != seen.ElementAtOrDefault(i))
            {
                faults.AppendLine(CultureInfo.InvariantCulture, $"seed 0x{program.Seed:x} {options.Protection} {options.Fuel}: '{wanted.ElementAtOrDefault(i)}' compiled now, '{seen.ElementAtOrDefault(i)}' otherwise (observation {i})");
                return;
            }
        }
    }
}
