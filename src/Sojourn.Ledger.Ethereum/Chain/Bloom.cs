using Sojourn.Cryptography.Hashing;
using Sojourn.Primitives;

namespace Sojourn.Ledger.Ethereum.Chain;

/// <summary>The filter over a block's logs: it may say yes wrongly, never no. A node that leaves out logs is caught by it.</summary>
/// <remarks>Ethereum Yellow Paper, 4.4.1 (M3:2048).</remarks>
internal static class Bloom
{
    public const int Length = 256;

    public static bool MayHold(ReadOnlySpan<byte> bloom, in Address contract) => MayHold(bloom, contract.AsSpan());

    public static bool MayHold(ReadOnlySpan<byte> bloom, in Digest topic) => MayHold(bloom, topic.AsSpan());

    public static void Add(Span<byte> bloom, ChainLog log)
    {
        Add(bloom, log.Contract.AsSpan());
        foreach (var topic in log.Topics)
        {
            Add(bloom, topic.AsSpan());
        }
    }

    private static bool MayHold(ReadOnlySpan<byte> bloom, ReadOnlySpan<byte> item)
    {
        Span<byte> hash = stackalloc byte[32];
        Keccak256.Hash(item, hash);
        for (var i = 0; i < 6; i += 2)
        {
            var bit = ((hash[i] << 8) | hash[i + 1]) & 2047;
            if ((bloom[Length - 1 - (bit >> 3)] & (1 << (bit & 7))) == 0)
            {
                return false;
            }
        }

        return true;
    }

    private static void Add(Span<byte> bloom, ReadOnlySpan<byte> item)
    {
        Span<byte> hash = stackalloc byte[32];
        Keccak256.Hash(item, hash);
        for (var i = 0; i < 6; i += 2)
        {
            var bit = ((hash[i] << 8) | hash[i + 1]) & 2047;
            bloom[Length - 1 - (bit >> 3)] |= (byte)(1 << (bit & 7));
        }
    }
}
