using System.Text;
using Sojourn.Wasm.Text;

namespace Sojourn.Wasm.Tests.Compile;

/// <summary>A load whose first bytes lie in memory and whose last do not traps, however little of its value is needed.</summary>
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
    public void Straddling_loads_trap_whatever_becomes_of_the_value(string opcode, int padding)
    {
        var (_, type, width) = StraddlingLoads.Loads.Single(load => load.Opcode == opcode);
        var consumers = StraddlingLoads.Consumers(type);
        var binary = Wat.ToBinary(StraddlingLoads.Module(opcode, type, padding));
        var faults = new StringBuilder();
        foreach (var (protection, fuel) in new[] { (MemoryProtection.Automatic, FuelMode.None), (MemoryProtection.Automatic, FuelMode.Path), (MemoryProtection.BoundsChecks, FuelMode.None) })
        {
            using var store = new Store();
            var instance = new Linker(store).Instantiate(WasmModule.Load(binary, ModuleOptions.Default with { Protection = protection, Fuel = fuel }));
            for (var i = 0; i < consumers.Length; i++)
            {
                var function = instance.GetFunction($"f{i}")!.Bind<Action<int, int>>();
                for (var inside = 1; inside <= width; inside++)
                {
                    var wanted = inside < width ? TrapKind.MemoryOutOfBounds : (TrapKind?)null;
                    if (Run(function, End - inside) is var seen && seen != wanted && !(wanted is null && MayTrap(consumers[i])))
                    {
                        faults.AppendLine($"{protection} {fuel} f{i} {opcode} with {inside} of {width} bytes inside: {seen?.ToString() ?? "no trap"}: {consumers[i]}");
                    }
                }
            }
        }

        Assert.True(faults.Length == 0, faults.ToString());
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
