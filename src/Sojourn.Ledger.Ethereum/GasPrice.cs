using System.Collections.Immutable;
using Sojourn.Ledger.Ethereum.Chain;
using Sojourn.Ledger.Ethereum.Market;
using Sojourn.Ledger.Ethereum.Rpc;
using Sojourn.Primitives;

namespace Sojourn.Ledger.Ethereum;

/// <summary>What gas costs on a chain at the moment.</summary>
/// <param name="ChainId">The chain.</param>
/// <param name="BaseFee">What the next block asks at least, in wei.</param>
/// <param name="Tip">What others tip, in wei.</param>
public sealed record GasPrice(ulong ChainId, UInt128 BaseFee, UInt128 Tip)
{
    /// <summary>Both together.</summary>
    public UInt128 PerGas => BaseFee + Tip;

    /// <summary>Asks the chain.</summary>
    /// <param name="endpoints">The chain.</param>
    /// <param name="cancellation">Stops asking.</param>
    public static async Task<GasPrice> ReadAsync(IEnumerable<Uri> endpoints, CancellationToken cancellation = default)
    {
        await using var client = new ChainClient(EndpointPool.Connect(endpoints, new RpcLimits()));
        var (baseFee, tip) = await client.FeesAsync(10, 50, cancellation).ConfigureAwait(false);
        return new GasPrice(await client.ChainIdAsync(cancellation).ConfigureAwait(false), baseFee, tip);
    }
}

/// <summary>What calls of one kind used.</summary>
/// <param name="What">The kinds of messages in one call.</param>
/// <param name="Calls">How many calls.</param>
/// <param name="Messages">How many messages they carried.</param>
/// <param name="Gas">What they used together.</param>
public sealed record GasUse(string What, int Calls, int Messages, ulong Gas);

/// <summary>What a ledger's calls really used lately: counted from receipts that the blocks' headers prove.</summary>
public static class GasHistory
{
    /// <summary>Reads the last blocks.</summary>
    /// <param name="endpoints">The chain.</param>
    /// <param name="contract">The ledger.</param>
    /// <param name="blocks">How many blocks.</param>
    /// <param name="cancellation">Stops reading.</param>
    public static async Task<ImmutableArray<GasUse>> ReadAsync(IEnumerable<Uri> endpoints, Address contract, int blocks, CancellationToken cancellation = default)
    {
        await using var client = new ChainClient(EndpointPool.Connect(endpoints, new RpcLimits()));
        var last = (await client.LatestAsync(cancellation).ConfigureAwait(false)).Number;
        var uses = new SortedDictionary<string, GasUse>(StringComparer.Ordinal);
        for (var from = last >= (ulong)blocks ? last - (ulong)blocks + 1 : 0; from <= last; from += 100)
        {
            foreach (var header in await client.HeadersAsync(from, (int)Math.Min(100, last - from + 1), cancellation).ConfigureAwait(false))
            {
                if (header is null || !header.MayHoldLogsOf(contract))
                {
                    continue;
                }

                var receipts = (await client.ReceiptsAsync(header, cancellation).ConfigureAwait(false)).ToDictionary(receipt => receipt.Transaction);
                foreach (var transaction in await client.TransactionsAsync(header, cancellation).ConfigureAwait(false))
                {
                    if (transaction.To == contract && receipts.TryGetValue(transaction.Hash, out var receipt) && receipt.Succeeded)
                    {
                        Count(uses, CallReader.Read(transaction.Input.Span, transaction.Sender), receipt.GasUsed);
                    }
                }
            }
        }

        return [.. uses.Values];
    }

    private static void Count(SortedDictionary<string, GasUse> uses, MarketCall call, ulong gas)
    {
        var messages = call.Parts.SelectMany(part => part ?? []).ToList();
        var what = string.Join(" + ", messages.Select(NameOf).Distinct());
        var before = uses.GetValueOrDefault(what) ?? new GasUse(what, 0, 0, 0);
        uses[what] = before with { Calls = before.Calls + 1, Messages = before.Messages + messages.Count, Gas = before.Gas + gas };
    }

    private static string NameOf(MarketMessage message) => message switch
    {
        ProtocolMessage protocol => protocol.Body.Kind.ToString(),
        CaptureMessage => "Beacon",
        _ => message.GetType().Name.Replace("Message", "", StringComparison.Ordinal),
    };
}
