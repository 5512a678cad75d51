using System.Runtime.CompilerServices;
using Sojourn.Wasm.Fuel;
using Sojourn.Wasm.Model;
using Sojourn.Wasm.Run;

namespace Sojourn.Wasm.Compile.Support;

/// <summary>Charges that are not written into the code.</summary>
internal static unsafe class Metering
{
    /// <summary>Charges a segment where a branch out of line cannot be written.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Charge(nint block, long cost)
    {
        if ((((StoreBlock*)block)->Fuel -= cost) < 0)
        {
            throw new TrapException(TrapKind.FuelExhausted);
        }
    }

    /// <summary>Charges the head of a quiet loop for the first time.</summary>
    /// <returns>The portion to begin with: nothing.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int BeginPortions(nint block, int cost)
    {
        Charge(block, cost);
        return 0;
    }

    /// <summary>Takes the next portion of a quiet loop.</summary>
    /// <param name="block">The store's block.</param>
    /// <param name="portion">What is left of the last one, negative by what is missing.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int TakePortion(nint block, int portion)
    {
        ref var fuel = ref ((StoreBlock*)block)->Fuel;
        Charge(block, -(long)portion);
        var taken = FuelPlan.Portion(fuel);
        fuel -= taken;
        return taken;
    }

    /// <summary>Charges a segment of a quiet loop where a branch out of line cannot be written.</summary>
    /// <returns>What is left of the portion.</returns>
    public static int Spend(nint block, int portion, int cost) => portion >= cost ? portion - cost : TakePortion(block, portion - cost);

    /// <summary>Charges an instruction on a whole memory or table.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Bulk(long count, int opcode, nint block) => Charge(block, FuelPlan.BulkCost((Opcode)opcode, (ulong)count));
}
