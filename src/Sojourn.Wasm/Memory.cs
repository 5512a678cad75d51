using Sojourn.Wasm.Run;

namespace Sojourn.Wasm;

/// <summary>A linear memory. Its base never moves; it lives as long as its store.</summary>
public sealed unsafe class Memory
{
    /// <summary>Bytes of a page.</summary>
    public const int PageBytes = 65536;

    private readonly MemoryCell* cell;
    private readonly ContextRegion region;
    private readonly ulong pagesMax;

    internal Memory(Store store, MemoryType type, ContextRegion region, nint cell)
    {
        Store = store;
        Type = type;
        this.region = region;
        this.cell = (MemoryCell*)cell;
        this.cell->Base = region.Base;
        this.cell->Length = 0;
        pagesMax = Math.Min(type.Limits.Maximum ?? ulong.MaxValue, (ulong)region.Capacity / PageBytes);
        if (!type.Limits.Is64Bit)
        {
            pagesMax = Math.Min(pagesMax, 65536);
        }

        store.Register(this);
        if (type.Limits.Minimum != 0 && Grow(type.Limits.Minimum) < 0)
        {
            throw new TrapException(TrapKind.ResourceExhausted, $"a memory of {type.Limits.Minimum} pages exceeds the store's limit of {store.Options.MemoryBytesMax} bytes");
        }
    }

    /// <summary>The store it lives in.</summary>
    public Store Store { get; }

    /// <summary>Its type as declared.</summary>
    public MemoryType Type { get; }

    /// <summary>Its size in pages of 64 KiB.</summary>
    public ulong Pages => ByteLength / PageBytes;

    /// <summary>Its size in bytes.</summary>
    public ulong ByteLength
    {
        get
        {
            Store.CheckUsable();
            return cell->Length;
        }
    }

    /// <summary>The first 2 GiB less one byte, as far as the memory reaches. Not to be used once the store is disposed; growth does not move it.</summary>
    public Span<byte> Span => new((void*)cell->Base, (int)Math.Min(ByteLength, int.MaxValue));

    internal byte* Base => (byte*)cell->Base;

    internal nint Cell => (nint)cell;

    internal ContextRegion Region => region;

    internal MemoryType CurrentType => Type with { Limits = Type.Limits with { Minimum = Pages } };

    /// <summary>A memory of the host's, to be imported by instances of the store.</summary>
    /// <param name="store">The store.</param>
    /// <param name="type">Its type.</param>
    public static Memory Create(Store store, MemoryType type)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(type);
        store.CheckUsable();
        return Create(store, type, GuardArena.IsAvailable && !type.Limits.Is64Bit);
    }

    /// <summary>A range of bytes.</summary>
    /// <param name="offset">Where it begins.</param>
    /// <param name="length">Its length.</param>
    /// <exception cref="TrapException">It does not lie within the memory.</exception>
    public Span<byte> Slice(ulong offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        var size = ByteLength;
        if (offset > size || (ulong)length > size - offset)
        {
            throw new TrapException(TrapKind.MemoryOutOfBounds);
        }

        return new((byte*)cell->Base + offset, length);
    }

    /// <summary>Grows the memory.</summary>
    /// <param name="delta">Pages to add.</param>
    /// <returns>The size before, in pages, or -1 where a limit forbids it.</returns>
    public long Grow(ulong delta)
    {
        Store.CheckUsable();
        var pages = cell->Length / PageBytes;
        if (delta == 0)
        {
            return (long)pages;
        }

        if (delta > pagesMax || pages > pagesMax - delta || !Store.TryTakeMemory((long)delta * PageBytes))
        {
            return -1;
        }

        if (!VirtualMemory.Commit((nint)(Base + cell->Length), (long)delta * PageBytes))
        {
            Store.TryTakeMemory(-(long)delta * PageBytes);
            return -1;
        }

        cell->Length += delta * PageBytes;
        return (long)pages;
    }

    /// <summary>Takes pages away from the end: only a pool does, between two uses.</summary>
    internal void ShrinkTo(ulong length)
    {
        if (cell->Length > length)
        {
            var beyond = (long)(cell->Length - length);
            VirtualMemory.Decommit((nint)(Base + length), beyond);
            Store.TryTakeMemory(-beyond);
            cell->Length = length;
        }
    }

    internal static Memory Create(Store store, MemoryType type, bool guarded)
    {
        var region = ContextRegion.Create(8192, ReserveBytes(store, type), guarded);
        store.Add(region);
        return new(store, type, region, region.Base + ContextLayout.MemoryBase);
    }

    internal static long ReserveBytes(Store store, MemoryType type)
    {
        var most = type.Limits.Maximum ?? ulong.MaxValue;
        var bytes = most >= (1UL << 47) ? long.MaxValue : (long)(most * PageBytes);
        bytes = Math.Min(bytes, Math.Max(store.Options.MemoryBytesMax, (long)Math.Min(type.Limits.Minimum, 1UL << 30) * PageBytes));
        bytes = Math.Min(bytes, 1L << 42);
        return type.Limits.Is64Bit ? bytes : Math.Min(bytes, 4L << 30);
    }
}
