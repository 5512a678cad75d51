using System.Globalization;
using Sojourn.Testing;
using Sojourn.Wasm.Tests.Fuzz.Generation;
using Xunit;
using Xunit.Abstractions;

namespace Sojourn.Wasm.Tests.Fuzz;

/// <summary>Generated programs behave alike in every tier and in V8: results, traps, globals, memories and fuel.</summary>
public sealed class DifferentialTests(ITestOutputHelper output)
{
    private const ulong Seed = 0x50B0;
    private static readonly ModuleOptions Base = ModuleOptions.Default with { Features = WasmFeatures.Wasm3 };

    private static readonly Tier[] Tiers =
    [
        new("interpreter", Base with { Tier = ExecutionTier.Interpreted }),
        new("guard", Base with { Protection = MemoryProtection.GuardPages }),
        new("bounds", Base with { Protection = MemoryProtection.BoundsChecks }),
    ];

    /// <summary>The pinned Node knows all of 3.0; an older one on the path at least 2.0.</summary>
    private static GeneratorOptions ForV8 => new() { Wasm3 = NodePeer.Find() is not null };

    [ToolFact("node")]
    public void Every_tier_agrees_with_v8() => Compare(new(Tiers, ForV8, WithV8: true), Seed, 400);

    [Fact]
    public void Tiers_agree_on_canonical_NaNs_and_relaxed_vectors() =>
        Compare(new(Free(FuelMode.None), new() { CanonicalizeInProgram = false, RelaxedFreely = true }, WithV8: false), Seed + 1, 150);

    [Theory]
    [InlineData(FuelMode.Path, 1L << 50)]
    [InlineData(FuelMode.Exact, 1L << 50)]
    [InlineData(FuelMode.Path, 300)]
    [InlineData(FuelMode.Exact, 300)]
    public void Fuel_is_the_same_in_every_tier(FuelMode mode, long limit) =>
        Compare(new(Tiers.Select(x => x with { Options = x.Options with { Fuel = mode } }).ToArray(), new(), WithV8: false) { Fuel = limit }, Seed + 2, 150);

    [Fact]
    public void Programs_reach_every_instruction()
    {
        using var coverage = new OpcodeCoverage();
        var interpreter = new Differential([Tiers[0]], new(), WithV8: false);
        interpreter.Run(Seed + 3, 3_000, _ => false, coverage);
        output.WriteLine(coverage.ToString());
        var (never, dead) = coverage.Missing;
        Assert.Empty(never);
        Assert.Empty(dead);
    }

    /// <summary>Makes a program small on which the tiers differ: <c>SOJOURN_FUZZ_SHRINK</c> is its seed, <c>SOJOURN_FUZZ_OF=fuzz-wasm</c> says that it is of that campaign.</summary>
    [Fact]
    [Trait("long", "fuzz-wasm-shrink")]
    public void Shrink()
    {
        if (Environment.GetEnvironmentVariable("SOJOURN_FUZZ_SHRINK") is { } seed)
        {
            var differential = Environment.GetEnvironmentVariable("SOJOURN_FUZZ_OF") == "fuzz-wasm" ? OfTiers(FuelMode.None) : new Differential(Tiers, ForV8, WithV8: false);
            output.WriteLine(new Shrinker(differential).Shrink(Convert.ToUInt64(seed, 16)));
        }
    }

    /// <summary>Looks at single programs again, as every campaign would make them: <c>SOJOURN_FUZZ_SEEDS</c> are their seeds, separated by commas.</summary>
    [Fact]
    [Trait("long", "fuzz-wasm-seeds")]
    public void Seeds()
    {
        foreach (var seed in (Environment.GetEnvironmentVariable("SOJOURN_FUZZ_SEEDS") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            foreach (var differential in new Differential[] { new(Tiers, ForV8, WithV8: true), OfTiers(FuelMode.Path), OfTiers(FuelMode.None) with { Fuel = 20_000 } })
            {
                var found = differential.Run(Convert.ToUInt64(seed, 16), 1, _ => false);
                output.WriteLine($"{seed} against {differential.Reference}: {found.Differences} {found.Faults}");
            }
        }
    }

    /// <summary>Guard pages, bounds checks, interpreter and V8.</summary>
    [ToolFact("node")]
    [Trait("long", "wasm-differential")]
    public void Campaign() => Slice("wasm-differential", new Differential(Tiers, ForV8, WithV8: true));

    /// <summary>What V8 cannot judge: fuel, its limit, canonical NaNs, relaxed vectors with any operands.</summary>
    [Fact]
    [Trait("long", "fuzz-wasm")]
    public void Campaign_of_tiers() => Slice("fuzz-wasm", OfTiers(FuelMode.Path));

    private static Differential OfTiers(FuelMode fuel) =>
        new(Free(fuel), new() { CanonicalizeInProgram = false, RelaxedFreely = true }, WithV8: false) { Fuel = 2_000 };

    private static Tier[] Free(FuelMode fuel) => Tiers.Select(x => x with { Options = x.Options with { CanonicalNaNs = true, Fuel = fuel } }).ToArray();

    private void Slice(string name, Differential differential)
    {
        if (LongRun.Of(name) is not { } run)
        {
            return;
        }

        using var coverage = new OpcodeCoverage();
        var most = int.Parse(Environment.GetEnvironmentVariable("SOJOURN_LONG_COUNT") ?? int.MaxValue.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var found = differential.Run(run.Seed << 32, most, _ => run.Over, coverage, Environment.ProcessorCount);
        var rate = found.Programs / clock.Elapsed.TotalSeconds;
        LongRun.Record(output, name, string.Create(CultureInfo.InvariantCulture, $"modules={found.Programs} calls={found.Calls} traps={found.Traps} ({string.Join(' ', found.ByTrap.Select(x => $"{x.Key}={x.Value}"))}) modules/s={rate:F0} reference={differential.Reference} {found.Differences} {coverage}"));
        Assert.True(found.Faults.Length == 0, found.Faults);
    }

    private void Compare(Differential differential, ulong seed, int count)
    {
        var found = differential.Run(seed, count, _ => false);
        output.WriteLine($"{found.Programs} programs, {found.Bytes / Math.Max(1, found.Programs)} bytes each, {found.Calls} calls, {found.Traps} traps; {found.Differences}");
        Assert.True(found.Faults.Length == 0, found.Faults);
    }
}
