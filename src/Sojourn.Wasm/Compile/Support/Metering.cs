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

    /// <summary>Charges an instruction on a whole memory or table.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Bulk(long count, int opcode, nint block) => Charge(block, FuelPlan.BulkCost((Opcode)opcode, (ulong)count));
}
