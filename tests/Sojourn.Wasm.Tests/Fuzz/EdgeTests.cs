using System.Globalization;
using System.Text;
using Sojourn.Testing;
using Sojourn.Wasm.Cache;
using Sojourn.Wasm.Compile;
using Sojourn.Wasm.Tests.Spec;
using Sojourn.Wasm.Text;
using Xunit.Abstractions;

namespace Sojourn.Wasm.Tests.Fuzz;

/// <summary>Accesses around the end of memory trap alike in every tier, whatever becomes of what was loaded.</summary>
public sealed class EdgeTests(ITestOutputHelper output)
{
    private const ulong Seed = 0xED6E;
    private const int End = 65536;
    private static readonly ModuleOptions Base = ModuleOptions.Default with { CanonicalNaNs = true };

    private static readonly Tier[] Tiers =
    [
        new("interpreter", Base with { Tier = ExecutionTier.Interpreted }),
        new("guard", Base with { Protection = MemoryProtection.GuardPages }),
        new("bounds", Base with { Protection = MemoryProtection.BoundsChecks }),
    ];

    [Fact]
    public void Accesses_around_the_end_trap_alike()
    {
        var faults = new StringBuilder();
        for (var i = 0; i < 60; i++)
        {
            Compare(Seed + (ulong)i, faults);
        }

        Assert.True(faults.Length == 0, faults.ToString());
    }

    [Fact]
    public void Accesses_around_the_end_trap_alike_in_persisted_code()
    {
        if (Precompiler.Find() is { } compiler)
        {
            var faults = new StringBuilder();
            ComparePersisted(compiler, Seed + 1000, 60, faults);
            Assert.True(faults.Length == 0, faults.ToString());
        }
    }

    [Fact]
    [Trait("long", "wasm-edges")]
    public void Campaign()
    {
        if (LongRun.Of("wasm-edges") is not { } run)
        {
            return;
        }

        var faults = new StringBuilder();
        var modules = 0;
        for (; !run.Over && faults.Length < 100_000; modules++)
        {
            Compare((run.Seed << 32) + (ulong)modules, faults);
        }

        LongRun.Record(output, "wasm-edges", string.Create(CultureInfo.InvariantCulture, $"modules={modules} functions={modules * EdgePrograms.Functions} differences={faults.ToString().Split('\n').Length - 1}"));
        Assert.True(faults.Length == 0, faults.ToString());
    }

    /// <summary>The text of one program and what tiers say of it: <c>SOJOURN_FUZZ_EDGE</c> is its seed.</summary>
    [Fact]
    [Trait("long", "wasm-edge-seed")]
    public void One_seed()
    {
        if (Environment.GetEnvironmentVariable("SOJOURN_FUZZ_EDGE") is { } seed)
        {
            var faults = new StringBuilder();
            Compare(Convert.ToUInt64(seed, 16), faults);
            output.WriteLine($"{faults}\n{new EdgePrograms(new Prng(Convert.ToUInt64(seed, 16))).Module()}");
        }
    }

    private static void Compare(ulong seed, StringBuilder faults)
    {
        var binary = Wat.ToBinary(new EdgePrograms(new Prng(seed)).Module());
        var wanted = Watch(WasmModule.Load(binary, Tiers[0].Options));
        foreach (var tier in Tiers.Skip(1))
        {
            Note(faults, seed, tier.Name, wanted, Watch(WasmModule.Load(binary, tier.Options)));
        }

        // As giant functions are written.
        FunctionCompiler.LeastDensity = seed % 2 == 0 ? Density.Dense : Density.Densest;
        Note(faults, seed, FunctionCompiler.LeastDensity.ToString(), wanted, Watch(WasmModule.Load(binary, Tiers[1].Options with { Fuel = FuelMode.Path })));
        FunctionCompiler.LeastDensity = Density.Usual;
    }

    private static void ComparePersisted(Precompiler compiler, ulong seed, int count, StringBuilder faults)
    {
        var binaries = Enumerable.Range(0, count).Select(i => Wat.ToBinary(new EdgePrograms(new Prng(seed + (ulong)i)).Module())).ToList();
        var persisted = PersistedModules.Compile(binaries, Tiers[1].Options, compiler);
        for (var i = 0; i < count; i++)
        {
            Note(faults, seed + (ulong)i, "persisted", Watch(WasmModule.Load(binaries[i], Tiers[0].Options)), Watch(persisted.Load(binaries[i], Tiers[1].Options)));
        }
    }

    private static void Note(StringBuilder faults, ulong seed, string tier, List<string> wanted, List<string> seen)
    {
        var at = wanted.Zip(seen).TakeWhile(pair => pair.First == pair.Second).Count();
        if (at < wanted.Count)
        {
            faults.AppendLine(CultureInfo.InvariantCulture, $"seed 0x{seed:x}: interpreter '{wanted[at]}', {tier} '{seen[at]}'");
        }
    }

    /// <summary>How each call ends, and what globals and the ends of memory hold then.</summary>
    private static List<string> Watch(WasmModule module)
    {
        using var store = new Store(StoreOptions.Default with { Fuel = 1L << 50 });
        var instance = new Linker(store).Instantiate(module);
        var memory = instance.GetMemory("m")!;
        var globals = Enumerable.Range(0, 3).Select(i => instance.GetGlobal($"g{i}")!).ToArray();
        var seen = new List<string>();
        for (var f = 0; f < EdgePrograms.Functions; f++)
        {
            var function = instance.GetFunction($"f{f}")!;
            for (var c = 0; c < 2; c++)
            {
                for (var p = End - 22; p < End + 10; p++)
                {
                    seen.Add(string.Create(CultureInfo.InvariantCulture, $"f{f}({p - End}, {c}): {HowItEnds(function, p, c)} {string.Join(' ', globals.Select(x => x.Value.Int64))} {Convert.ToHexString(memory.Span[..64])} {Convert.ToHexString(memory.Span[^48..])}"));
                }
            }
        }

        return seen;
    }

    private static string HowItEnds(Function function, int p, int c)
    {
        try
        {
            function.Invoke(p, c);
            return "ok";
        }
        catch (TrapException trap)
        {
            return trap.Kind.ToString();
        }
    }
}
