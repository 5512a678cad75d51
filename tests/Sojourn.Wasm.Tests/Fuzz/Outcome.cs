using System.Runtime.InteropServices;
using Sojourn.Wasm.Tests.Fuzz.Generation;

namespace Sojourn.Wasm.Tests.Fuzz;

/// <summary>Runs a generated program in one of our tiers and writes down all that can be seen of it.</summary>
internal static class Outcome
{
    /// <summary>Runs a program.</summary>
    /// <param name="program">The program.</param>
    /// <param name="options">The tier.</param>
    /// <param name="fuel">What each call may use, where the tier meters.</param>
    public static List<string> Of(GeneratedModule program, ModuleOptions options, long fuel = 1L << 50)
    {
        using var store = new Store(StoreOptions.Default with { Fuel = 1L << 50 });
        return Of(program, new Linker(store).Instantiate(WasmModule.Load(program.Bytes, options)), fuel);
    }

    /// <summary>Runs a program in an instance that is there.</summary>
    public static List<string> Of(GeneratedModule program, Instance instance, long fuel = 1L << 50)
    {
        var (store, options) = (instance.Store, instance.Module.Options);
        var reset = instance.GetFunction("reset")!;
        var seen = new List<string>(program.Calls.Count + program.Getters.Count + 2);
        foreach (var call in program.Calls)
        {
            reset.Invoke();
            store.Fuel = fuel;
            try
            {
                var results = instance.GetFunction(call.Export)!.Invoke(call.Arguments.Select(x => x.Type == 'i' ? Value.From((int)x.Value) : Value.From(x.Value)).ToArray());
                seen.Add("ok " + string.Join(',', results.Select(x => x.Kind == WasmTypeKind.I32 ? x.Int32 : x.Int64)));
            }
            catch (TrapException trap)
            {
                seen.Add(Class(trap));
            }

            if (options.Fuel != FuelMode.None)
            {
                seen.Add($"fuel {fuel - store.Fuel}");
                store.Fuel = 1L << 50;
            }
        }

        seen.AddRange(program.Getters.Select(getter => $"{getter} {instance.GetFunction(getter)!.Invoke()[0].Int64}"));
        for (var i = 0; i < program.Memories; i++)
        {
            var memory = instance.GetMemory($"mem{i}")!;
            seen.Add($"memory {memory.ByteLength} {Hash(MemoryMarshal.Cast<byte, int>(memory.Span))}");
        }

        return seen;
    }

    /// <summary>Whether two engines saw the same. A segment that is too short is told apart from its target by some, and where a copy goes beyond one array
    /// and the other is null, engines differ in what they look at first.</summary>
    public static bool Agree(string one, string other) => one == other || (IsSegment(one) && IsBounds(other)) || (IsSegment(other) && IsBounds(one)) || (IsCopy(one) && IsCopy(other));

    private static bool IsCopy(string seen) => seen is "trap ArrayOutOfBounds" or "trap NullReference";

    private static bool IsSegment(string seen) => seen == "trap segment";

    private static bool IsBounds(string seen) => seen is "trap MemoryOutOfBounds" or "trap TableOutOfBounds" or "trap ArrayOutOfBounds";

    /// <summary>What every engine can tell apart.</summary>
    private static string Class(TrapException trap) => trap.Kind switch
    {
        TrapKind.UninitializedElement or TrapKind.IndirectCallTypeMismatch => "trap signature",
        TrapKind.InvalidConversionToInteger or TrapKind.IntegerOverflow => "trap arithmetic",
        _ => $"trap {trap.Kind}",
    };

    private static int Hash(ReadOnlySpan<int> words)
    {
        var hash = unchecked((int)0x811C9DC5);
        foreach (var word in words)
        {
            hash = unchecked((hash ^ word) * 0x01000193);
        }

        return hash;
    }
}
