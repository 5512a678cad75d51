using Sojourn.Wasm.Run;

namespace Sojourn.Wasm;

/// <summary>A table of references.</summary>
public sealed unsafe class Table
{
    private readonly TableCell* cell;
    private object?[] references = [];

    internal Table(Store store, TableType type, nint cell)
    {
        Store = store;
        Type = type;
        this.cell = (TableCell*)cell;
        store.Register(this);
        HoldsFunctions = store.Types.Top(type.Element.Heap) == HeapType.Func;
        if (type.Limits.Minimum > uint.MaxValue || Grow(type.Limits.Minimum, Value.FromReference(null)) < 0)
        {
            throw new TrapException(TrapKind.ResourceExhausted, $"a table of {type.Limits.Minimum} elements exceeds the store's limit of {store.Options.TableElementsMax}");
        }
    }

    /// <summary>The store it lives in.</summary>
    public Store Store { get; }

    /// <summary>Its type; concrete element types are identities of the store.</summary>
    public TableType Type { get; }

    /// <summary>Its size in elements.</summary>
    public ulong Length => cell->Length;

    internal nint Cell => (nint)cell;

    internal bool HoldsFunctions { get; }

    internal object?[] References => references;

    internal ReadOnlySpan<nint> Elements => new(cell->Elements, (int)cell->Length);

    internal TableType CurrentType => Type with { Limits = Type.Limits with { Minimum = Length } };

    /// <summary>An element.</summary>
    /// <param name="index">Its index.</param>
    /// <exception cref="TrapException">There is no such element.</exception>
    public Value this[ulong index]
    {
        get
        {
            Check(index, 1);
            return Value.FromReference(HoldsFunctions ? Store.FunctionOf(cell->Elements[index]) : references[index]);
        }

        set
        {
            Check(index, 1);
            SetUnchecked(index, value.Reference);
        }
    }

    /// <summary>A table of the host's, to be imported by instances of the store.</summary>
    /// <param name="store">The store.</param>
    /// <param name="type">Its type.</param>
    public static Table Create(Store store, TableType type)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(type);
        store.CheckUsable();
        return new(store, type, store.Allocate(sizeof(TableCell)));
    }

    /// <summary>Grows the table.</summary>
    /// <param name="delta">Elements to add.</param>
    /// <param name="initial">What they hold.</param>
    /// <returns>The size before, or -1 where a limit forbids it.</returns>
    public long Grow(ulong delta, Value initial)
    {
        Store.CheckUsable();
        var before = cell->Length;
        var most = Math.Min(Type.Limits.Maximum ?? uint.MaxValue, uint.MaxValue);
        if (delta > most || before > most - delta || !Store.TryTakeElements((long)delta))
        {
            return -1;
        }

        var after = before + delta;
        if (!MakeRoom(before, after, most))
        {
            Store.TryTakeElements(-(long)delta);
            return -1;
        }

        cell->Length = after;
        if (initial.Reference is not null)
        {
            Fill(before, delta, initial.Reference);
        }

        return (long)before;
    }

    private bool MakeRoom(ulong before, ulong after, ulong most)
    {
        if (!HoldsFunctions && after > (ulong)Array.MaxLength)
        {
            return false;
        }

        try
        {
            if (HoldsFunctions)
            {
                var capacity = Math.Max((long)after, after > 16 && before > 0 ? (long)Math.Min(before * 2, most) : (long)after);
                cell->Elements = (nint*)Store.Resize((nint)cell->Elements, (long)before * sizeof(nint), Math.Max(capacity, 1) * sizeof(nint));
            }
            else
            {
                Array.Resize(ref references, (int)after);
            }

            return true;
        }
        catch (OutOfMemoryException)
        {
            // A table that cannot grow says so; nothing has changed.
            return false;
        }
    }

    /// <summary>Gives the table the length and contents that it had: only a pool does, between two uses.</summary>
    internal void Restore(nint[] functions, object?[] held)
    {
        var length = HoldsFunctions ? functions.Length : held.Length;
        Store.TryTakeElements(length - (long)cell->Length);
        cell->Length = (ulong)length;
        if (HoldsFunctions)
        {
            functions.CopyTo(new Span<nint>(cell->Elements, length));
            return;
        }

        if (references.Length != length)
        {
            references = new object?[length];
        }

        held.CopyTo(references, 0);
    }

    internal void Check(ulong index, ulong count)
    {
        if (index > cell->Length || count > cell->Length - index)
        {
            throw new TrapException(TrapKind.TableOutOfBounds);
        }
    }

    internal void SetUnchecked(ulong index, object? reference)
    {
        if (HoldsFunctions)
        {
            cell->Elements[index] = ((Function?)reference)?.Record ?? 0;
        }
        else
        {
            references[index] = reference;
        }
    }

    internal void Fill(ulong index, ulong count, object? reference)
    {
        Check(index, count);
        if (HoldsFunctions)
        {
            var record = ((Function?)reference)?.Record ?? 0;
            for (var i = index; i < index + count; i++)
            {
                cell->Elements[i] = record;
            }
        }
        else
        {
            references.AsSpan((int)index, (int)count).Fill(reference);
        }
    }

    internal void CopyFrom(Table source, ulong to, ulong from, ulong count)
    {
        source.Check(from, count);
        Check(to, count);
        if (HoldsFunctions)
        {
            Buffer.MemoryCopy(source.cell->Elements + from, cell->Elements + to, count * (ulong)sizeof(nint), count * (ulong)sizeof(nint));
        }
        else
        {
            Array.Copy(source.references, (long)from, references, (long)to, (long)count);
        }
    }
}
