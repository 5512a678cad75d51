using System.Collections.Immutable;

namespace Sojourn.Ledger.Ethereum.Abi;

/// <summary>Reads one value; what generated bindings hand to <see cref="AbiArrays"/>.</summary>
/// <typeparam name="T">The value's type.</typeparam>
/// <param name="r">The reader.</param>
public delegate T AbiRead<out T>(ref AbiReader r);

/// <summary>Arrays, for generated bindings.</summary>
public static class AbiArrays
{
    /// <summary>Reads an array of any length.</summary>
    /// <typeparam name="T">Of what.</typeparam>
    /// <param name="r">The reader.</param>
    /// <param name="elementHead">The size of one element in the head.</param>
    /// <param name="read">Reads one.</param>
    public static ImmutableArray<T> Read<T>(ref AbiReader r, int elementHead, AbiRead<T> read)
    {
        var frame = r.BeginArray(elementHead, out var count);
        var items = ReadFixed(ref r, count, read);
        r.End(frame);
        return items;
    }

    /// <summary>Reads an array of fixed length whose elements are dynamic.</summary>
    /// <typeparam name="T">Of what.</typeparam>
    /// <param name="r">The reader.</param>
    /// <param name="count">How many.</param>
    /// <param name="headSize">The size of all heads.</param>
    /// <param name="read">Reads one.</param>
    public static ImmutableArray<T> ReadFixedDynamic<T>(ref AbiReader r, int count, int headSize, AbiRead<T> read)
    {
        var frame = r.BeginTuple(headSize);
        var items = ReadFixed(ref r, count, read);
        r.End(frame);
        return items;
    }

    /// <summary>Reads an array of fixed length in the head.</summary>
    /// <typeparam name="T">Of what.</typeparam>
    /// <param name="r">The reader.</param>
    /// <param name="count">How many.</param>
    /// <param name="read">Reads one.</param>
    public static ImmutableArray<T> ReadFixed<T>(ref AbiReader r, int count, AbiRead<T> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        var items = ImmutableArray.CreateBuilder<T>();
        for (var i = 0; i < count && r.Fault == AbiFault.None; i++)
        {
            items.Add(read(ref r));
        }

        return items.ToImmutable();
    }

    /// <summary>Demands that an array has its fixed length.</summary>
    /// <param name="length">What it has.</param>
    /// <param name="count">What it must have.</param>
    public static void Demand(int length, int count)
    {
        if (length != count)
        {
            throw new ArgumentException($"The array has {count} elements, not {length}.", nameof(length));
        }
    }
}
