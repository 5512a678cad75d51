using System.Globalization;
using System.Text;
using Sojourn.Testing;
using Sojourn.Wasm.Tests.Fuzz.Generation;
using Sojourn.Wasm.Text;
using Xunit;
using Xunit.Abstractions;

namespace Sojourn.Wasm.Tests.Fuzz;

/// <summary>Generated programs behave alike in every tier and in V8: results, traps, globals, memory and fuel.</summary>
public sealed class DifferentialTests(ITestOutputHelper output)
{
    private const ulong Seed = 0x50B0;
    private static readonly ModuleOptions Base = ModuleOptions.Default with { Features = WasmFeatures.Wasm2 | WasmFeatures.TailCalls };

    private static readonly (string Name, ModuleOptions Options)[] Tiers =
    [
        ("interpreter", Base with { Tier = ExecutionTier.Interpreted }),
        ("guard", Base with { Protection = MemoryProtection.GuardPages }),
        ("bounds", Base with { Protection = MemoryProtection.BoundsChecks }),
    ];

    [ToolFact("node")]
    public void Every_tier_agrees_with_v8() => Compare(Seed, 150, new GeneratorOptions(), Tiers, withV8: true);

    [Fact]
    public void Tiers_agree_on_canonical_NaNs_and_relaxed_vectors() => Compare(
        Seed + 1,
        100,
        new GeneratorOptions { CanonicalizeInProgram = false, RelaxedSimd = true },
        Tiers.Select(x => (x.Name, x.Options with { CanonicalNaNs = true, Features = x.Options.Features | WasmFeatures.RelaxedSimd })).ToArray(),
        withV8: false);

    [Theory]
    [InlineData(FuelMode.Path, 1L << 50)]
    [InlineData(FuelMode.Exact, 1L << 50)]
    [InlineData(FuelMode.Path, 300)]
    [InlineData(FuelMode.Exact, 300)]
    public void Fuel_is_the_same_in_every_tier(FuelMode mode, long limit) => Compare(
        Seed + 2,
        100,
        new GeneratorOptions(),
        Tiers.Select(x => (x.Name, x.Options with { Fuel = mode })).ToArray(),
        withV8: false,
        limit);

    [Fact]
    [Trait("long", "fuzz-wasm")]
    public void Campaign()
    {
        if (Environment.GetEnvironmentVariable("SOJOURN_LONG") != "fuzz-wasm")
        {
            return;
        }

        var seed = ulong.Parse(Environment.GetEnvironmentVariable("SOJOURN_LONG_SEED") ?? "1", CultureInfo.InvariantCulture);
        var count = int.Parse(Environment.GetEnvironmentVariable("SOJOURN_LONG_COUNT") ?? "1000000", CultureInfo.InvariantCulture);
        var mismatches = Differences(seed << 32, count, new GeneratorOptions(), Tiers, withV8: true, 1L << 50, out var faults);
        var line = $"LONG fuzz-wasm seed={seed} count={count} reference=v8 mismatches: {string.Join(' ', mismatches.Select(x => $"{x.Key}={x.Value}"))}";
        output.WriteLine(line);
        Console.WriteLine(line);
        Assert.True(faults.Length == 0, faults);
    }

    private void Compare(ulong seed, int count, GeneratorOptions generator, (string Name, ModuleOptions Options)[] tiers, bool withV8, long fuel = 1L << 50)
    {
        Differences(seed, count, generator, tiers, withV8, fuel, out var faults);
        Assert.True(faults.Length == 0, faults);
    }

    /// <summary>Runs programs everywhere; gives the number that differ from the reference by tier, and says where the first few differ.</summary>
    private SortedDictionary<string, int> Differences(
        ulong seed, int count, GeneratorOptions generator, (string Name, ModuleOptions Options)[] tiers, bool withV8, long fuel, out string text)
    {
        const int Batch = 25;
        const int ReportsMax = 20;
        var mismatches = new SortedDictionary<string, int>(tiers.ToDictionary(x => x.Name, _ => 0), StringComparer.Ordinal);
        using var v8 = withV8 ? new NodePeer() : null;
        var faults = new StringBuilder();
        long bytes = 0;
        var traps = 0;
        for (var done = 0; done < count; done += Batch)
        {
            var programs = Enumerable.Range(done, Math.Min(Batch, count - done)).Select(i => ModuleGenerator.Generate(seed + (ulong)i, generator)).ToArray();
            var wanted = v8?.Run(programs);
            for (var i = 0; i < programs.Length; i++)
            {
                bytes += programs[i].Bytes.Length;
                var (who, reference) = wanted is null ? (tiers[0].Name, Run(programs[i], tiers[0].Options, fuel)) : ("v8", wanted[i]);
                traps += reference.Count(x => x.StartsWith("trap", StringComparison.Ordinal));
                foreach (var (name, options) in tiers)
                {
                    var seen = Run(programs[i], options, fuel);
                    if (!seen.SequenceEqual(reference))
                    {
                        mismatches[name]++;
                        if (mismatches.Values.Sum() <= ReportsMax)
                        {
                            Report(faults, programs[i], who, reference, name, seen);
                        }
                    }
                }
            }
        }

        output.WriteLine($"{count} programs, {bytes / Math.Max(1, count)} bytes each, {traps} traps");
        text = faults.ToString();
        return mismatches;
    }

    private static List<string> Run(GeneratedModule program, ModuleOptions options, long fuel)
    {
        if (Environment.GetEnvironmentVariable("SOJOURN_FUZZ_TRACE") is { } trace)
        {
            // Should the process die, the last line says of what.
            File.WriteAllText(trace, $"0x{program.Seed:x} {options.Tier} {options.Protection} {string.Join("; ", program.Calls.Select(x => x.Export + " " + string.Join(" ", x.Arguments.Select(a => a.Value))))}");
            File.WriteAllBytes(trace + ".wasm", program.Bytes);
        }

        try
        {
            return Outcome.Of(program, options, fuel);
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            return [$"{fault.GetType().Name}: {fault.Message} {fault.StackTrace}"];
        }
    }

    private static void Report(StringBuilder faults, GeneratedModule program, string who, List<string> wanted, string tier, List<string> seen)
    {
        var path = Path.Combine(Path.GetTempPath(), $"sojourn-fuzz-{program.Seed:x}.wat");
        if (!File.Exists(path))
        {
            File.WriteAllText(path, Wat.FromBinary(program.Bytes));
        }

        var at = Enumerable.Range(0, Math.Max(wanted.Count, seen.Count)).First(i => i >= wanted.Count || i >= seen.Count || wanted[i] != seen[i]);
        faults.AppendLine($"seed 0x{program.Seed:x}: {who} says '{wanted.ElementAtOrDefault(at)}', {tier} says '{seen.ElementAtOrDefault(at)}' (observation {at}; program in {path})");
    }
}
