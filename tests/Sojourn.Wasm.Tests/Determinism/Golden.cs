using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Sojourn.Testing;
using Sojourn.Wasm.Tests.Fuzz;
using Sojourn.Wasm.Tests.Fuzz.Generation;
using Sojourn.Wasm.Text;

namespace Sojourn.Wasm.Tests.Determinism;

/// <summary>Programs whose results, traps, fuel and NaN bits are written down, one line each.</summary>
internal static class Golden
{
    /// <summary>Kernels of the benchmarks at small sizes.</summary>
    private static readonly (string Name, int Size)[] Kernels =
    [
        ("recursion", 18), ("sha256", 1), ("crc32", 1), ("nbody", 500), ("matrix", 1), ("mandelbrot", 16), ("sorting", 1), ("sieve", 1), ("compression", 1), ("image", 1),
        ("calls", 20_000), ("hashing", 1), ("json", 1), ("regex", 1), ("modular", 2_000), ("simd", 20),
    ];

    /// <summary>Generated programs that are compared among tiers and processes; the generator may change, so what they give is not written down.</summary>
    private const int Generated = 60;

    public static string File => Path.Combine(Vectors.Checkout, "tests/Sojourn.Wasm.Tests/Determinism/golden.txt");

    /// <summary>The options that matter, by name.</summary>
    public static ModuleOptions Options(string tier, FuelMode fuel) => ModuleOptions.Default with
    {
        CanonicalNaNs = true,
        Fuel = fuel,
        Tier = tier == "interpreter" ? ExecutionTier.Interpreted : ExecutionTier.Compiled,
        Protection = tier == "bounds" ? MemoryProtection.BoundsChecks : MemoryProtection.Automatic,
    };

    /// <summary>The lines that are written down.</summary>
    /// <param name="fuel">How fuel is counted.</param>
    /// <param name="load">Loads a module in the tier.</param>
    public static List<string> Lines(FuelMode fuel, Func<byte[], WasmModule> load)
    {
        var lines = new List<string>();
        var kernels = load(System.IO.File.ReadAllBytes(Path.Combine(Vectors.Checkout, "benchmarks/Sojourn.Benchmarks/Wasm/Kernels/kernels.wasm")));
        foreach (var (name, size) in Kernels)
        {
            using var store = new Store(StoreOptions.Default with { Fuel = 1L << 50 });
            var instance = new Linker(store).Instantiate(kernels);
            lines.Add(Line(fuel, name, store, () => instance.GetFunction(name)!.Invoke(size)));
        }

        var numbers = load(Wat.ToBinary(NanProgram.Text()));
        using (var store = new Store(StoreOptions.Default with { Fuel = 1L << 50 }))
        {
            var instance = new Linker(store).Instantiate(numbers);
            foreach (var export in numbers.Exports)
            {
                lines.Add(Line(fuel, export.Name, store, () => instance.GetFunction(export.Name)!.Invoke()));
            }
        }

        return lines;
    }

    /// <summary>Digests of what generated programs do, some of them until their fuel ends.</summary>
    public static List<string> OfGenerated(FuelMode fuel, string tier)
    {
        var lines = new List<string>();
        for (var i = 0; i < Generated; i++)
        {
            var program = ModuleGenerator.Generate(0x601D + (ulong)i, new() { CanonicalizeInProgram = false, RelaxedFreely = true });
            var seen = Outcome.Of(program, Options(tier, fuel), i % 2 == 0 ? 1L << 40 : 1_500);
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"{fuel} generated{i} {Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', seen))).AsSpan(0, 8))}"));
        }

        return lines;
    }

    private static string Line(FuelMode fuel, string name, Store store, Func<Value[]> run)
    {
        var before = store.Fuel;
        string result;
        try
        {
            result = string.Join(',', run().Select(x => x.Kind switch { WasmTypeKind.I32 => x.Int32.ToString("x8", CultureInfo.InvariantCulture), _ => x.Int64.ToString("x16", CultureInfo.InvariantCulture) }));
        }
        catch (TrapException trap)
        {
            result = trap.Kind.ToString();
        }

        return string.Create(CultureInfo.InvariantCulture, $"{fuel} {name} {result} fuel {before - store.Fuel}");
    }
}
