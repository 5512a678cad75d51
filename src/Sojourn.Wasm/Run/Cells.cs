using System.Runtime.InteropServices;

namespace Sojourn.Wasm.Run;

/// <summary>A memory as compiled code sees it. The base never moves.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MemoryCell
{
    public nint Base;
    public ulong Length;
}

/// <summary>A table as compiled code sees it: function tables hold pointers to <see cref="FunctionRecord"/>s, other tables are in managed memory.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct TableCell
{
    public nint* Elements;
    public ulong Length;
}

/// <summary>A function reference as compiled code sees it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FunctionRecord
{
    /// <summary>Machine code; zero in the interpreter.</summary>
    public nint Code;

    /// <summary>Passed as the last argument.</summary>
    public nint Context;

    /// <summary>Identity of the type in the store.</summary>
    public int TypeIdentity;

    /// <summary>Index of the owning instance in the store, or -1 for a host function.</summary>
    public int Instance;

    /// <summary>Index of the function in the instance, or of the host function in the store.</summary>
    public int Index;

    public int Reserved;
}

/// <summary>State shared by all instances of a store; results beyond the first follow it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct StoreBlock
{
    public const int FuelOffset = 0;
    public const int DepthOffset = 8;
    public const int ResultsOffset = 32;
    public const int ResultsMax = 1024;

    public long Fuel;
    public long Depth;
    public long Reserved1;
    public long Reserved2;
}
