using System.Runtime.CompilerServices;
using Sojourn.Wasm.Run;

namespace Sojourn.Wasm.Compile.Support;

/// <summary>Checked addresses, where guard pages do not check them.</summary>
internal static unsafe class Access
{
    /// <summary>Address of an access to the instance's own 32-bit memory 0.</summary>
    /// <param name="address">The operand.</param>
    /// <param name="context">The instance's base.</param>
    /// <param name="end">Static offset plus width of the access.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Own(int address, nint context, long end)
    {
        if ((uint)address + (ulong)end > *(ulong*)(context + ContextLayout.MemoryLength))
        {
            Throw.MemoryOutOfBounds();
        }

        return context + (nint)(uint)address;
    }

    /// <summary>Address of an access to any other 32-bit memory.</summary>
    /// <param name="address">The operand.</param>
    /// <param name="cell">The memory's cell.</param>
    /// <param name="end">Static offset plus width of the access.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Other(int address, nint cell, long end)
    {
        if ((uint)address + (ulong)end > ((MemoryCell*)cell)->Length)
        {
            Throw.MemoryOutOfBounds();
        }

        return ((MemoryCell*)cell)->Base + (nint)(uint)address;
    }

    /// <summary>Address of an access to a 64-bit memory.</summary>
    /// <param name="address">The operand.</param>
    /// <param name="cell">The memory's cell.</param>
    /// <param name="offset">Static offset.</param>
    /// <param name="width">Width of the access.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Wide(long address, nint cell, long offset, int width)
    {
        var at = (ulong)address + (ulong)offset;
        var length = ((MemoryCell*)cell)->Length;
        if (at < (ulong)address || at > length || length - at < (ulong)width)
        {
            Throw.MemoryOutOfBounds();
        }

        return ((MemoryCell*)cell)->Base + (nint)at;
    }
}
