using System.Text;
using Sojourn.Wasm.Cache;
using Sojourn.Wasm.Compile;
using Sojourn.Wasm.Tests.Spec;
using Sojourn.Wasm.Text;

namespace Sojourn.Wasm.Tests.Compile;

/// <summary>A load that ends beyond the memory traps, wherever it begins and however little of its value is needed.</summary>
public sealed class StraddlingLoadTests
{
    private const int End = 65536;

    public static TheoryData<string, int> Opcodes
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (var (opcode, _, _) in StraddlingLoads.Loads)
            {
                data.Add(opcode, 0);
                data.Add(opcode, 120);
            }

            return data;
        }
    }


    [Theory]
    [MemberData(nameof(Opcodes))]
    public void Loads_beyond_the_end_trap_whatever_becomes_of_the_value(string opcode, int padding)
    {
        var (_, type, width) = StraddlingLoads.Loads.Single(load => load.Opcode == opcode);
        var consumers = StraddlingLoads.Consumers(type);
        var binary = Wat.ToBinary(StraddlingLoads.Module(opcode, type, padding));
        var faults = new StringBuilder();
        (MemoryProtection, FuelMode)[] ways = padding == 0
            ? [(MemoryProtection.Automatic, FuelMode.None), (MemoryProtection.BoundsChecks, FuelMode.None)]
            : [(MemoryProtection.Automatic, FuelMode.None), (MemoryProtection.Automatic, FuelMode.Path)];
        foreach (var (protection, fuel) in ways)
        {
            using var store = new Store();
            var instance = new Linker(store).Instantiate(WasmModule.Load(binary, ModuleOptions.Default with { Protection = protection, Fuel = fuel }));
            Ask($"{protection} {fuel}", instance, opcode, consumers, width, faults);
        }

        // As giant functions are written.
        FunctionCompiler.LeastDensity = padding == 0 ? Density.Dense : Density.Densest;
        try
        {
            using var store = new Store();
            var dense = WasmModule.Load(Wat.ToBinary(StraddlingLoads.Module(opcode + " offset=24", type, padding)), ModuleOptions.Default with { Fuel = FuelMode.Path });
            Ask($"{FunctionCompiler.LeastDensity}", new Linker(store).Instantiate(dense), opcode, consumers, width, faults, offset: 24);
        }
        finally
        {
            FunctionCompiler.LeastDensity = Density.Usual;
        }

        Assert.True(faults.Length == 0, faults.ToString());
    }

    /// <summary>The same of machine code made ahead, all loads in one assembly.</summary>
    [Fact]
    [Trait("speed", "slow")]
    public void Loads_beyond_the_end_trap_in_persisted_code()
    {
        if (Precompiler.Find() is not { } compiler)
        {
            return;
        }

        var binaries = Opcodes.Select(row => Wat.ToBinary(StraddlingLoads.Module((string)row[0], StraddlingLoads.Loads.Single(load => load.Opcode == (string)row[0]).Type, (int)row[1]))).ToList();
        var persisted = PersistedModules.Compile(binaries, ModuleOptions.Default, compiler);
        Assert.True(persisted.Native > persisted.Methods * 9 / 10, $"{persisted.Native} of {persisted.Methods} functions are machine code");
        var faults = new StringBuilder();
        foreach (var (row, binary) in Opcodes.Zip(binaries))
        {
            var (opcode, type, width) = StraddlingLoads.Loads.Single(load => load.Opcode == (string)row[0]);
            using var store = new Store();
            Ask($"persisted, {row[1]} padding", new Linker(store).Instantiate(persisted.Load(binary, ModuleOptions.Default)), opcode, StraddlingLoads.Consumers(type), width, faults);
        }

        Assert.True(faults.Length == 0, faults.ToString());
    }

    // From 8 bytes beyond the end, through the end, to wholly inside.
    private static void Ask(string tier, Instance instance, string opcode, string[] consumers, int width, StringBuilder faults, int offset = 0)
    {
        for (var i = 0; i < consumers.Length; i++)
        {
            var function = instance.GetFunction($"f{i}")!.Bind<Action<int, int>>();
            for (var inside = -8; inside <= width; inside = inside == -8 ? 0 : inside + 1)
            {
                var wanted = inside < width ? TrapKind.MemoryOutOfBounds : (TrapKind?)null;
                if (Run(function, End - inside - offset) is var seen && seen != wanted && !(wanted is null && MayTrap(consumers[i])))
                {
                    faults.AppendLine($"{tier} f{i} {opcode} with {inside} of {width} bytes inside: {seen?.ToString() ?? "no trap"}: {consumers[i]}");
                }
            }
        }
    }

    private static bool MayTrap(string consumer) =>
        consumer.EndsWith("#unreachable", StringComparison.Ordinal) || consumer.EndsWith("#trap", StringComparison.Ordinal);

    private static TrapKind? Run(Action<int, int> function, int address)
    {
        try
        {
            function(address, 0);
            return null;
        }
        catch (TrapException trap)
        {
            return trap.Kind;
        }
    }
}
