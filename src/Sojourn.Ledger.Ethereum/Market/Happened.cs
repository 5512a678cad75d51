using System.Buffers.Binary;
using System.Collections.Immutable;
using Sojourn.Ledger.Ethereum.Abi;
using Sojourn.Ledger.Ethereum.Chain;
using Sojourn.Primitives;
using Sojourn.Protocol.Reasons;

namespace Sojourn.Ledger.Ethereum.Market;

/// <summary>One item of the contract's log: an event, or the refusal of a message (kind 0).</summary>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
internal readonly record struct ContractItem(Digest Subject, byte Kind, byte Line, byte Round, Address Account, ulong Amount, ulong Number, Digest Data)
{
    public bool IsRefusal => Kind == 0;

    public Refusal Refusal => (Refusal)Line;
}

/// <summary>Reads the packed items of <c>Happened</c>.</summary>
internal static class Happened
{
    /// <summary>Reads a log's items; null where it is no such log or is malformed.</summary>
    public static ImmutableArray<ContractItem>? Read(ChainLog log)
    {
        if (LedgerContract.HappenedEvent.TryRead(log, out var happened) != AbiFault.None)
        {
            return null;
        }

        var items = ImmutableArray.CreateBuilder<ContractItem>();
        var rest = happened!.Items.Span;
        while (!rest.IsEmpty)
        {
            if (rest.Length < 4)
            {
                return null;
            }

            var mask = rest[3];
            var length = 4 + ((mask & 1) != 0 ? 20 : 0) + ((mask & 2) != 0 ? 8 : 0) + ((mask & 4) != 0 ? 8 : 0) + ((mask & 8) != 0 ? 32 : 0);
            if (mask > 15 || rest.Length < length)
            {
                return null;
            }

            var at = rest[4..];
            var account = Take(ref at, (mask & 1) != 0 ? 20 : 0) is { Length: 20 } who ? new Address(who) : default;
            var amount = Take(ref at, (mask & 2) != 0 ? 8 : 0) is { Length: 8 } sum ? BinaryPrimitives.ReadUInt64BigEndian(sum) : 0;
            var number = Take(ref at, (mask & 4) != 0 ? 8 : 0) is { Length: 8 } count ? BinaryPrimitives.ReadUInt64BigEndian(count) : 0;
            var data = Take(ref at, (mask & 8) != 0 ? 32 : 0) is { Length: 32 } word ? new Digest(word) : default;
            items.Add(new ContractItem(happened.Subject, rest[0], rest[1], rest[2], account, amount, number, data));
            rest = rest[length..];
        }

        return items.ToImmutable();
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> from, int length)
    {
        var taken = from[..length];
        from = from[length..];
        return taken;
    }
}
