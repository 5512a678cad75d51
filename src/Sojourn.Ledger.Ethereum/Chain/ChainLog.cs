using System.Collections.Immutable;
using Sojourn.Primitives;

namespace Sojourn.Ledger.Ethereum.Chain;

/// <summary>What a contract told in a transaction.</summary>
/// <param name="Contract">Which contract.</param>
/// <param name="Topics">At most four words, the first of which names the event.</param>
/// <param name="Data">The rest, as the ABI encodes it.</param>
/// <param name="BlockHash">In which block.</param>
/// <param name="BlockNumber">That block's number.</param>
/// <param name="Transaction">In which transaction.</param>
/// <param name="Index">Its place in the block.</param>
public sealed record ChainLog(Address Contract, ImmutableArray<Digest> Topics, ReadOnlyMemory<byte> Data, Digest BlockHash, ulong BlockNumber, Digest Transaction, uint Index);

/// <summary>What became of a transaction.</summary>
/// <param name="Transaction">Its hash.</param>
/// <param name="Type">Its type.</param>
/// <param name="Succeeded">Whether it did not revert.</param>
/// <param name="CumulativeGas">Gas used in the block up to it.</param>
/// <param name="GasUsed">Its gas.</param>
/// <param name="GasPrice">What each gas cost, in wei.</param>
/// <param name="BlockHash">In which block.</param>
/// <param name="BlockNumber">That block's number.</param>
/// <param name="Created">The contract it created; null for none.</param>
/// <param name="Logs">What contracts told.</param>
public sealed record ChainReceipt(
    Digest Transaction, byte Type, bool Succeeded, ulong CumulativeGas, ulong GasUsed, UInt128 GasPrice, Digest BlockHash, ulong BlockNumber, Address? Created, ImmutableArray<ChainLog> Logs);
