using System.Collections.Immutable;
using System.Numerics;
using Sojourn.Primitives;

namespace Sojourn.Ledger.Ethereum.Abi;

/// <summary>A value whose type is known only when the program runs; bindings made from build artefacts do not need it.</summary>
public abstract record AbiValue
{
    private protected AbiValue()
    {
    }
}

/// <summary>A number.</summary>
/// <param name="Value">The number.</param>
public sealed record AbiNumber(BigInteger Value) : AbiValue;

/// <summary>A boolean.</summary>
/// <param name="Value">The value.</param>
public sealed record AbiFlag(bool Value) : AbiValue;

/// <summary>An address.</summary>
/// <param name="Value">The address.</param>
public sealed record AbiAddress(Address Value) : AbiValue;

/// <summary>Bytes, of fixed length or any.</summary>
/// <param name="Value">The bytes.</param>
public sealed record AbiBytes(ReadOnlyMemory<byte> Value) : AbiValue;

/// <summary>A string.</summary>
/// <param name="Value">The string.</param>
public sealed record AbiText(string Value) : AbiValue;

/// <summary>The elements of an array or the components of a tuple.</summary>
/// <param name="Items">The items.</param>
public sealed record AbiList(ImmutableArray<AbiValue> Items) : AbiValue;
