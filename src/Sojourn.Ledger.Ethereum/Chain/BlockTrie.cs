using System.Collections.Immutable;
using Sojourn.Cryptography.Hashing;
using Sojourn.Ledger.Ethereum.Rlp;
using Sojourn.Primitives;

namespace Sojourn.Ledger.Ethereum.Chain;

/// <summary>The roots over a block's receipts and transactions as its header names them: whoever knows the header can be told no others.</summary>
/// <remarks>Ethereum Yellow Paper, appendix D (modified Merkle Patricia tree), 4.3.1 (receipts root).</remarks>
internal static class BlockTrie
{
    public static Digest RootOf(IReadOnlyList<ChainReceipt> receipts) => RootOf([.. receipts.Select(Encode)]);

    /// <summary>The root over a block's items in order: receipts, or transactions.</summary>
    public static Digest RootOf(IReadOnlyList<ReadOnlyMemory<byte>> items)
    {
        var entries = new List<(byte[] Path, byte[] Value)>(items.Count);
        for (var i = 0; i < items.Count; i++)
        {
            entries.Add((Nibbles(RlpCodec.Encode(RlpItem.Number((UInt128)i))), items[i].ToArray()));
        }

        entries.Sort((a, b) => a.Path.AsSpan().SequenceCompareTo(b.Path));
        var root = entries.Count == 0 ? RlpCodec.Encode(new RlpString(default)) : RlpCodec.Encode(Node(entries, 0, entries.Count, 0));
        return new Digest(Keccak256.Hash(root));
    }

    /// <summary>A receipt as it is hashed.</summary>
    public static ReadOnlyMemory<byte> Encode(ChainReceipt receipt)
    {
        var bloom = new byte[Bloom.Length];
        foreach (var log in receipt.Logs)
        {
            Bloom.Add(bloom, log);
        }

        var logs = new RlpList([.. receipt.Logs.Select(log => (RlpItem)new RlpList(
        [
            log.Contract.ToArray(), new RlpList([.. log.Topics.Select(topic => (RlpItem)topic.ToArray())]), new RlpString(log.Data),
        ]))]);
        var body = RlpCodec.Encode(new RlpList([RlpItem.Number(receipt.Succeeded ? 1u : 0u), RlpItem.Number(receipt.CumulativeGas), bloom, logs]));
        return receipt.Type == 0 ? body : (byte[])[receipt.Type, .. body];
    }

    private static RlpItem Node(List<(byte[] Path, byte[] Value)> entries, int from, int to, int depth)
    {
        if (to - from == 1)
        {
            return new RlpList([Compact(entries[from].Path.AsSpan(depth), leaf: true), entries[from].Value]);
        }

        var common = Common(entries[from].Path.AsSpan(depth), entries[to - 1].Path.AsSpan(depth));
        if (common > 0)
        {
            return new RlpList([Compact(entries[from].Path.AsSpan(depth, common), leaf: false), Reference(Node(entries, from, to, depth + common))]);
        }

        var children = ImmutableArray.CreateBuilder<RlpItem>(17);
        var at = from;
        RlpItem value = new RlpString(default);
        if (entries[at].Path.Length == depth)
        {
            value = entries[at++].Value;
        }

        for (var nibble = 0; nibble < 16; nibble++)
        {
            var end = at;
            while (end < to && entries[end].Path[depth] == nibble)
            {
                end++;
            }

            children.Add(end == at ? new RlpString(default) : Reference(Node(entries, at, end, depth + 1)));
            at = end;
        }

        children.Add(value);
        return new RlpList(children.ToImmutable());
    }

    // Nodes shorter than a hash stand in their parent themselves.
    private static RlpItem Reference(RlpItem node)
    {
        var encoded = RlpCodec.Encode(node);
        return encoded.Length < 32 ? node : Keccak256.Hash(encoded);
    }

    private static int Common(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b) => a.CommonPrefixLength(b);

    private static byte[] Compact(ReadOnlySpan<byte> path, bool leaf)
    {
        var flag = (leaf ? 2 : 0) + (path.Length & 1);
        var bytes = new byte[(path.Length / 2) + 1];
        bytes[0] = (byte)(flag << 4);
        var at = 0;
        if ((path.Length & 1) != 0)
        {
            bytes[0] |= path[at++];
        }

        for (var i = 1; at < path.Length; i++, at += 2)
        {
            bytes[i] = (byte)((path[at] << 4) | path[at + 1]);
        }

        return bytes;
    }

    private static byte[] Nibbles(ReadOnlySpan<byte> bytes)
    {
        var nibbles = new byte[bytes.Length * 2];
        for (var i = 0; i < bytes.Length; i++)
        {
            nibbles[2 * i] = (byte)(bytes[i] >> 4);
            nibbles[(2 * i) + 1] = (byte)(bytes[i] & 15);
        }

        return nibbles;
    }
}
