using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Run;

/// <summary>Where an instance's state lies, as offsets below its base (which is also where memory 0 begins, if the instance owns it).</summary>
/// <remarks>Compiled code bakes these offsets in: a change here changes the engine's version in the cache of compiled code.</remarks>
internal sealed class ContextLayout
{
    /// <summary>Pointer to the <see cref="StoreBlock"/>.</summary>
    public const int StoreBlock = -8;

    /// <summary>Lowest address the stack pointer may reach.</summary>
    public const int StackLimit = -16;

    /// <summary>Written by the signal stub: the address of the access that trapped.</summary>
    public const int FaultAddress = -24;

    /// <summary>GC handle of the instance.</summary>
    public const int InstanceHandle = -32;

    /// <summary>Length of memory 0 in bytes, if the instance owns it.</summary>
    public const int MemoryLength = -40;

    /// <summary>Base of memory 0; with the length above it a <see cref="MemoryCell"/>.</summary>
    public const int MemoryBase = -48;

    /// <summary>Pointer to the instance's function records.</summary>
    public const int FunctionRecords = -56;

    /// <summary>0, -0, 1 and -1 as f32: arithmetic with them must not be folded, since it makes signalling NaNs quiet.</summary>
    public const int SingleConstants = -96;

    /// <summary>0, -0, 1 and -1 as f64.</summary>
    public const int DoubleConstants = -128;

    /// <summary>Non-zero once the host wants the guest to stop; a page of its own.</summary>
    public const int PollPage = -8192;

    /// <summary>Address space below the base.</summary>
    public const int ContextBytes = 16 << 20;

    private const int HeaderBytes = 128;
    private int next = -HeaderBytes;

    public ContextLayout(ModuleDefinition module)
    {
        OwnsMemory = module.Memories.Length > 0 && module.ImportedMemories == 0;
        Globals = new int[module.Globals.Length];
        for (var i = 0; i < Globals.Length; i++)
        {
            Globals[i] = i < module.ImportedGlobals ? Allocate(8, 8) : Allocate(16, 16);
        }

        Tables = new int[module.Tables.Length];
        for (var i = 0; i < Tables.Length; i++)
        {
            Tables[i] = i < module.ImportedTables ? Allocate(8, 8) : Allocate(16, 16);
        }

        Memories = new int[module.Memories.Length];
        for (var i = 0; i < Memories.Length; i++)
        {
            Memories[i] = i == 0 && OwnsMemory ? MemoryBase : Allocate(8, 8);
        }

        Imports = new int[module.ImportedFunctions];
        for (var i = 0; i < Imports.Length; i++)
        {
            Imports[i] = Allocate(16, 16);
        }

        Types = new int[module.Types.Length];
        for (var i = 0; i < Types.Length; i++)
        {
            Types[i] = module.Types[i].Function is null ? 0 : Allocate(4, 4);
        }

        Bytes = (-next + VirtualMemory.PageSize - 1) / VirtualMemory.PageSize * VirtualMemory.PageSize;
        Bytes = Math.Max(Bytes, 8192);
    }

    /// <summary>Whether memory 0 is the instance's own, so that the base serves both.</summary>
    public bool OwnsMemory { get; }

    /// <summary>Own globals: 16-byte cells. Imported: pointers to cells.</summary>
    public int[] Globals { get; }

    /// <summary>Own tables: <see cref="TableCell"/>s. Imported: pointers to them.</summary>
    public int[] Tables { get; }

    /// <summary>Memory 0, if own: the cell in the header. Others: pointers to <see cref="MemoryCell"/>s.</summary>
    public int[] Memories { get; }

    /// <summary>Imported functions: code and context, 16 bytes.</summary>
    public int[] Imports { get; }

    /// <summary>Identities of function types in the store, 4 bytes.</summary>
    public int[] Types { get; }

    /// <summary>Bytes that must be committed below the base.</summary>
    public int Bytes { get; }

    /// <summary>Fills what is the same in every context.</summary>
    public static unsafe void Initialize(nint context)
    {
        var singles = (float*)(context + SingleConstants);
        var doubles = (double*)(context + DoubleConstants);
        for (var i = 0; i < 4; i++)
        {
            var value = (i < 2 ? 0.0 : 1.0) * ((i & 1) == 0 ? 1 : -1);
            doubles[i] = value;
            singles[i] = (float)value;
        }
    }

    private int Allocate(int size, int alignment)
    {
        var at = (next - size) & -alignment;
        if (at < -4096 && next > -8192)
        {
            at = (-8192 - size) & -alignment;
        }

        if (at < -(ContextBytes - VirtualMemory.PageSize))
        {
            throw new ModuleException(ModuleFault.LimitExceeded, 0, $"globals, tables and types need more than {ContextBytes} bytes of context");
        }

        return next = at;
    }
}
