using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Sojourn.Wasm.Run;

namespace Sojourn.Wasm.Compile.Support;

/// <summary>Checked addresses, where guard pages do not check them.</summary>
internal static unsafe class Access
{
    /// <summary>Reads the end of what lies at an address, in a way that the platform's compiler neither narrows nor leaves out.</summary>
    /// <param name="address">Where two bytes lie.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void TouchEnd2(nint address)
    {
        if (Avx2.IsSupported)
        {
            _ = Avx2.BroadcastScalarToVector128((byte*)(address + 1));
        }
        else
        {
            Volatile.Read(ref *(byte*)(address + 1));
        }
    }

    /// <summary>The same for four bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void TouchEnd4(nint address)
    {
        if (Sse2.IsSupported)
        {
            _ = Sse2.LoadScalarVector128((int*)address);
        }
        else
        {
            Volatile.Read(ref *(byte*)(address + 3));
        }
    }

    /// <summary>The same for eight bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void TouchEnd8(nint address) => TouchEnd4(address + 4);

    /// <summary>The same for sixteen bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void TouchEnd16(nint address) => TouchEnd4(address + 12);

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
