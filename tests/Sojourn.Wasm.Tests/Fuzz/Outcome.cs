using System.Runtime.InteropServices;
using Sojourn.Wasm.Tests.Fuzz.Generation;

namespace Sojourn.Wasm.Tests.Fuzz;

/// <summary>Runs a generated program in one of our tiers and writes down all that can be seen of it.</summary>
internal static class Outcome
{
    private const string NoSource = "trap NullReference (the source of array.copy)";
    private const string NoRoom = "trap ArrayOutOfBounds (array.init_elem)";

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
        var steps = instance.GetGlobal("steps")!;
        var seen = new List<string>((2 * program.Calls.Count) + program.Memories + 1);
        foreach (var call in program.Calls)
        {
            steps.Value = ModuleGenerator.Steps;
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

        seen.Add("globals " + string.Join(',', instance.GetFunction("globals")!.Invoke().Select(x => x.Int64)));
        for (var i = 0; i < program.Memories; i++)
        {
            var memory = instance.GetMemory($"mem{i}")!;
            seen.Add($"memory {memory.ByteLength} {Hash(MemoryMarshal.Cast<byte, int>(memory.Span))}");
        }

        return seen;
    }

    /// <summary>Whether another engine saw the same as one of our tiers. In two cases V8 looks at things in another order than the specification: where <c>array.copy</c>
    /// has no source, it first asks whether the target has room; and of <c>array.init_elem</c> it asks about the segment before the array.</summary>
    /// <param name="theirs">What the reference says.</param>
    /// <param name="ours">What a tier says.</param>
    public static bool Agree(string theirs, string ours) => theirs == ours || ours switch
    {
        NoSource => theirs is "trap NullReference" or "trap ArrayOutOfBounds",
        NoRoom => theirs is "trap ArrayOutOfBounds" or "trap TableOutOfBounds",
        _ => false,
    };

    /// <summary>What every engine can tell apart.</summary>
    private static string Class(TrapException trap) => trap.Kind switch
    {
        TrapKind.NullReference when trap.Message.EndsWith("array.copy", StringComparison.Ordinal) => NoSource,
        TrapKind.ArrayOutOfBounds when trap.Message.EndsWith("array.init_elem", StringComparison.Ordinal) => NoRoom,
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
