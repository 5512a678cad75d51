using System.Collections.Immutable;
using System.Text.Json;
using Sojourn.Ledger.Ethereum.Abi;
using Sojourn.Ledger.Ethereum.Rpc;
using Sojourn.Primitives;

namespace Sojourn.Ledger.Ethereum.Chain;

/// <summary>What the ledger asks of a chain, typed; every answer is checked for its shape, and where it can be for its truth.</summary>
internal sealed class ChainClient(EndpointPool pool, bool prove = true) : IAsyncDisposable
{
    /// <summary>The endpoints.</summary>
    public EndpointPool Pool => pool;

    /// <summary>The chain's number; all endpoints that answer must say the same.</summary>
    public async Task<ulong> ChainIdAsync(CancellationToken cancellation)
    {
        var answers = await pool.AskAllAsync(RpcRequest.Of("eth_chainId"), cancellation).ConfigureAwait(false);
        if (answers.Count == 0)
        {
            throw new EndpointsUnreachableException("eth_chainId", null);
        }

        var first = Number(answers[0].Value, "eth_chainId");
        foreach (var (name, value) in answers)
        {
            if (Number(value, "eth_chainId") is var other && other != first)
            {
                throw new EndpointsDisagreeException($"{answers[0].Name} is on chain {first}, {name} on chain {other}");
            }
        }

        return first;
    }

    /// <summary>The last block's header.</summary>
    public async Task<ChainHeader> LatestAsync(CancellationToken cancellation) => await HeaderAsync("latest", cancellation).ConfigureAwait(false) ?? throw new LyingEndpointException("there is no latest block");

    /// <summary>The header of a number on the chain as it stands; null beyond its end.</summary>
    public Task<ChainHeader?> HeaderAsync(ulong number, CancellationToken cancellation) => HeaderAsync(Hex.Quantity(number), cancellation);

    /// <summary>The header of a hash; null where the node does not know it.</summary>
    public async Task<ChainHeader?> HeaderAsync(Digest hash, CancellationToken cancellation)
    {
        var json = await pool.SendAsync(RpcRequest.Of("eth_getBlockByHash", Hex.Data(hash), false), cancellation).ConfigureAwait(false);
        if (json.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        var header = ChainHeader.Read(json);
        return header.Hash == hash ? header : throw new LyingEndpointException($"block {header.Hash} was given for {hash}");
    }

    /// <summary>Headers of consecutive numbers, in one batch.</summary>
    public async Task<ChainHeader?[]> HeadersAsync(ulong from, int count, CancellationToken cancellation)
    {
        var replies = await pool.SendAsync([.. Enumerable.Range(0, count).Select(i => RpcRequest.Of("eth_getBlockByNumber", Hex.Quantity(from + (ulong)i), false))], cancellation).ConfigureAwait(false);
        return [.. replies.Select((reply, i) => reply.Value.ValueKind == JsonValueKind.Null ? null : Numbered(ChainHeader.Read(reply.Value), from + (ulong)i))];
    }

    /// <summary>Asks every endpoint for the hash of a block and demands that those which have it agree.</summary>
    public async Task DemandAgreementAsync(ChainHeader header, CancellationToken cancellation)
    {
        if (pool.Count < 2)
        {
            return;
        }

        foreach (var (name, json) in await pool.AskAllAsync(RpcRequest.Of("eth_getBlockByNumber", Hex.Quantity(header.Number), false), cancellation).ConfigureAwait(false))
        {
            if (json.ValueKind != JsonValueKind.Null && ChainHeader.Read(json).Hash is var other && other != header.Hash)
            {
                throw new EndpointsDisagreeException($"block {header.Number} is {header.Hash} here and {other} at {name}");
            }
        }
    }

    /// <summary>The logs of some contracts in blocks, by their hashes, one request for each block that may hold any.</summary>
    /// <remarks>
    /// A header's filter never says no wrongly, so only blocks that may hold logs cost anything. Those are read whole and proved by the header's root over receipts: a node can neither leave
    /// out nor invent a log. Where a node has no <c>eth_getBlockReceipts</c> proving can be switched off; then a block whose filter says yes and for which no log is shown is still proved.
    /// </remarks>
    public async Task<ImmutableArray<ChainLog>[]> LogsAsync(IReadOnlyList<ChainHeader> headers, IReadOnlyList<Address> contracts, CancellationToken cancellation)
    {
        var logs = new ImmutableArray<ChainLog>[headers.Count];
        Array.Fill(logs, []);
        var asked = Enumerable.Range(0, headers.Count).Where(i => contracts.Any(contract => headers[i].MayHoldLogsOf(contract))).ToList();
        if (asked.Count == 0)
        {
            return logs;
        }

        if (prove)
        {
            var blocks = await pool.SendAsync([.. asked.Select(i => RpcRequest.Of("eth_getBlockReceipts", Hex.Data(headers[i].Hash)))], cancellation).ConfigureAwait(false);
            for (var k = 0; k < asked.Count; k++)
            {
                logs[asked[k]] = [.. Proved(headers[asked[k]], blocks[k].Value).SelectMany(receipt => receipt.Logs).Where(log => contracts.Contains(log.Contract))];
            }

            return logs;
        }

        var addresses = contracts.Select(contract => contract.ToString()).ToArray();
        var replies = await pool.SendAsync([.. asked.Select(i => RpcRequest.Of("eth_getLogs", new { blockHash = Hex.Data(headers[i].Hash), address = addresses }))], cancellation).ConfigureAwait(false);
        for (var k = 0; k < asked.Count; k++)
        {
            var header = headers[asked[k]];
            var found = ReadLogs(replies[k].Value, header, contracts);
            logs[asked[k]] = found.IsEmpty ? await ProvenLogsAsync(header, contracts, cancellation).ConfigureAwait(false) : found;
        }

        return logs;
    }

    /// <summary>The logs of a block out of all its receipts, which must hash to the header's root: nothing can be left out.</summary>
    public async Task<ImmutableArray<ChainLog>> ProvenLogsAsync(ChainHeader header, IReadOnlyList<Address> contracts, CancellationToken cancellation)
    {
        var receipts = await ReceiptsAsync(header, cancellation).ConfigureAwait(false);
        return [.. receipts.SelectMany(receipt => receipt.Logs).Where(log => contracts.Contains(log.Contract))];
    }

    /// <summary>All receipts of a block, proved by the header's root.</summary>
    public async Task<ImmutableArray<ChainReceipt>> ReceiptsAsync(ChainHeader header, CancellationToken cancellation)
    {
        return Proved(header, await pool.SendAsync(RpcRequest.Of("eth_getBlockReceipts", Hex.Data(header.Hash)), cancellation).ConfigureAwait(false));
    }

    private static ImmutableArray<ChainReceipt> Proved(ChainHeader header, JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Array)
        {
            throw new LyingEndpointException($"block {header.Number} has no receipts");
        }

        var receipts = json.EnumerateArray().Select(ReadReceipt).ToImmutableArray();
        if (BlockTrie.RootOf(receipts) != header.ReceiptsRoot)
        {
            throw new LyingEndpointException($"the receipts of block {header.Number} are not those its header names");
        }

        return receipts;
    }

    /// <summary>All transactions of a block, proved by the header's root: what was said to a contract cannot be altered either.</summary>
    public async Task<ImmutableArray<ChainTransaction>> TransactionsAsync(ChainHeader header, CancellationToken cancellation)
    {
        var json = await pool.SendAsync(RpcRequest.Of("eth_getBlockByHash", Hex.Data(header.Hash), true), cancellation).ConfigureAwait(false);
        if (json.ValueKind != JsonValueKind.Object || !json.TryGetProperty("transactions", out var list) || list.ValueKind != JsonValueKind.Array)
        {
            throw new LyingEndpointException($"block {header.Number} has no transactions");
        }

        var transactions = list.EnumerateArray().Select(ChainTransaction.Read).ToImmutableArray();
        return BlockTrie.RootOf([.. transactions.Select(transaction => transaction.Encoded)]) == header.TransactionsRoot
            ? transactions
            : throw new LyingEndpointException($"the transactions of block {header.Number} are not those its header names");
    }

    /// <summary>A transaction's receipt; null while it is not in a block.</summary>
    public async Task<ChainReceipt?> ReceiptAsync(Digest transaction, CancellationToken cancellation)
    {
        var json = await pool.SendAsync(RpcRequest.Of("eth_getTransactionReceipt", Hex.Data(transaction)), cancellation).ConfigureAwait(false);
        if (json.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        var receipt = ReadReceipt(json);
        return receipt.Transaction == transaction ? receipt : throw new LyingEndpointException($"the receipt of {receipt.Transaction} was given for {transaction}");
    }

    /// <summary>How many transactions of an account are in blocks, up to one of them or the last.</summary>
    public async Task<ulong> NonceAsync(Address account, CancellationToken cancellation, ulong? at = null) =>
        Number(await pool.SendAsync(RpcRequest.Of("eth_getTransactionCount", account.ToString(), at is { } number ? Hex.Quantity(number) : "latest"), cancellation).ConfigureAwait(false), "eth_getTransactionCount");

    /// <summary>An account's coins, in wei.</summary>
    public async Task<UInt128> BalanceAsync(Address account, CancellationToken cancellation) =>
        Quantity(await pool.SendAsync(RpcRequest.Of("eth_getBalance", account.ToString(), "latest"), cancellation).ConfigureAwait(false), "eth_getBalance");

    /// <summary>An account's code; every endpoint that answers must have the same.</summary>
    public async Task<byte[]> CodeAsync(Address account, CancellationToken cancellation)
    {
        var answers = await pool.AskAllAsync(RpcRequest.Of("eth_getCode", account.ToString(), "latest"), cancellation).ConfigureAwait(false);
        byte[]? code = null;
        foreach (var (name, value) in answers)
        {
            var other = Data(value, "eth_getCode");
            if (code is not null && !code.AsSpan().SequenceEqual(other))
            {
                throw new EndpointsDisagreeException($"the code of {account} is another one at {name}");
            }

            code = other;
        }

        return code ?? throw new EndpointsUnreachableException("eth_getCode", null);
    }

    /// <summary>Whether an account had code at a block.</summary>
    public async Task<bool> HasCodeAsync(Address account, ulong block, CancellationToken cancellation) =>
        Data(await pool.SendAsync(RpcRequest.Of("eth_getCode", account.ToString(), Hex.Quantity(block)), cancellation).ConfigureAwait(false), "eth_getCode").Length > 0;

    /// <summary>A view function's result.</summary>
    /// <exception cref="RpcRefusedException">The call reverted.</exception>
    public async Task<T> CallAsync<T>(Address contract, IContractCall<T> call, Address from, CancellationToken cancellation, string block = "latest")
    {
        var json = await pool.SendAsync(RpcRequest.Of("eth_call", new { to = contract.ToString(), from = from.ToString(), data = Hex.Data(call.Encode()) }, block), cancellation).ConfigureAwait(false);
        var fault = call.TryReadResult(Data(json, "eth_call"), out var result);
        return fault == AbiFault.None ? result : throw new LyingEndpointException($"{call.Signature} returned something else ({fault}): is {contract} the contract?");
    }

    /// <summary>The code that a creation would leave, found by a trial that changes nothing.</summary>
    public async Task<byte[]> CreatedCodeAsync(byte[] creation, CancellationToken cancellation) =>
        Data(await pool.SendAsync(RpcRequest.Of("eth_call", new { data = Hex.Data(creation) }, "latest"), cancellation).ConfigureAwait(false), "eth_call");

    /// <summary>What a transaction would use, or why it would revert.</summary>
    public async Task<RpcReply> EstimateAsync(Address from, Address? to, ReadOnlyMemory<byte> data, UInt128 value, CancellationToken cancellation)
    {
        object call = to is { } target
            ? new { from = from.ToString(), to = target.ToString(), data = Hex.Data(data.Span), value = Hex.Quantity(value) }
            : new { from = from.ToString(), data = Hex.Data(data.Span), value = Hex.Quantity(value) };
        return (await pool.SendAsync([RpcRequest.Of("eth_estimateGas", call, "pending")], cancellation).ConfigureAwait(false))[0];
    }

    /// <summary>The base fee of the next block and what tips were paid lately: the median over blocks of the percentile in each.</summary>
    public async Task<(UInt128 BaseFee, UInt128 Tip)> FeesAsync(int blocks, int percentile, CancellationToken cancellation)
    {
        var json = await pool.SendAsync(RpcRequest.Of("eth_feeHistory", Hex.Quantity((UInt128)blocks), "latest", new[] { percentile }), cancellation).ConfigureAwait(false);
        if (!json.TryGetProperty("baseFeePerGas", out var fees) || fees.ValueKind != JsonValueKind.Array || fees.GetArrayLength() == 0)
        {
            throw new LyingEndpointException("a fee history without base fees");
        }

        var tips = new List<UInt128>();
        if (json.TryGetProperty("reward", out var rewards) && rewards.ValueKind == JsonValueKind.Array)
        {
            tips.AddRange(rewards.EnumerateArray().Where(row => row.ValueKind == JsonValueKind.Array && row.GetArrayLength() > 0).Select(row => Quantity(row[0], "eth_feeHistory")));
        }

        tips.Sort();
        return (Quantity(fees[fees.GetArrayLength() - 1], "eth_feeHistory"), tips.Count == 0 ? 0 : tips[tips.Count / 2]);
    }

    /// <summary>Gives a signed transaction to every endpoint.</summary>
    public Task<RpcReply> SendAsync(ReadOnlyMemory<byte> signed, CancellationToken cancellation) => pool.BroadcastAsync(RpcRequest.Of("eth_sendRawTransaction", Hex.Data(signed.Span)), cancellation);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => pool.DisposeAsync();

    private async Task<ChainHeader?> HeaderAsync(string which, CancellationToken cancellation)
    {
        var json = await pool.SendAsync(RpcRequest.Of("eth_getBlockByNumber", which, false), cancellation).ConfigureAwait(false);
        return json.ValueKind == JsonValueKind.Null ? null : ChainHeader.Read(json);
    }

    private static ChainHeader Numbered(ChainHeader header, ulong number) => header.Number == number ? header : throw new LyingEndpointException($"block {header.Number} was given for {number}");

    private static ImmutableArray<ChainLog> ReadLogs(JsonElement json, ChainHeader header, IReadOnlyList<Address> contracts)
    {
        if (json.ValueKind != JsonValueKind.Array)
        {
            throw new LyingEndpointException("logs that are no list");
        }

        var logs = ImmutableArray.CreateBuilder<ChainLog>();
        foreach (var item in json.EnumerateArray())
        {
            var log = ReadLog(item);
            if (log.BlockHash != header.Hash || log.BlockNumber != header.Number || !contracts.Contains(log.Contract) || (logs.Count > 0 && logs[^1].Index >= log.Index))
            {
                throw new LyingEndpointException($"logs that were not asked for, or out of order, in block {header.Number}");
            }

            logs.Add(log);
        }

        return logs.ToImmutable();
    }

    internal static ChainLog ReadLog(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object || !json.TryGetProperty("topics", out var topics) || topics.ValueKind != JsonValueKind.Array || topics.GetArrayLength() > 4)
        {
            throw new LyingEndpointException("a log of another form");
        }

        return new ChainLog(
            new Address(Sized(json, "address", 20)),
            [.. topics.EnumerateArray().Select(topic => Hex.TryData(topic, out var bytes) && bytes.Length == 32 ? new Digest(bytes) : throw new LyingEndpointException("a topic of another length"))],
            json.TryGetProperty("data", out var data) ? Data(data, "data") : [],
            new Digest(Sized(json, "blockHash", 32)), Number(Get(json, "blockNumber"), "blockNumber"), new Digest(Sized(json, "transactionHash", 32)), (uint)Number(Get(json, "logIndex"), "logIndex"));
    }

    internal static ChainReceipt ReadReceipt(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new LyingEndpointException("a receipt of another form");
        }

        var created = json.TryGetProperty("contractAddress", out var address) && Hex.TryData(address, out var bytes) && bytes.Length == 20 ? new Address(bytes) : (Address?)null;
        var status = Number(Get(json, "status"), "status");
        return new ChainReceipt(
            new Digest(Sized(json, "transactionHash", 32)), json.TryGetProperty("type", out var type) ? (byte)Number(type, "type") : (byte)0, status == 1, Number(Get(json, "cumulativeGasUsed"), "cumulativeGasUsed"),
            Number(Get(json, "gasUsed"), "gasUsed"), json.TryGetProperty("effectiveGasPrice", out var price) ? Quantity(price, "effectiveGasPrice") : 0,
            new Digest(Sized(json, "blockHash", 32)), Number(Get(json, "blockNumber"), "blockNumber"), created, [.. Get(json, "logs").EnumerateArray().Select(ReadLog)]);
    }

    private static JsonElement Get(JsonElement json, string name) => json.TryGetProperty(name, out var value) ? value : throw new LyingEndpointException($"an answer without {name}");

    private static byte[] Sized(JsonElement json, string name, int length) => Hex.TryData(Get(json, name), out var bytes) && bytes.Length == length ? bytes : throw new LyingEndpointException($"{name} is not {length} bytes");

    private static byte[] Data(JsonElement json, string what) => Hex.TryData(json, out var bytes) ? bytes : throw new LyingEndpointException($"{what} is no data");

    private static UInt128 Quantity(JsonElement json, string what) => Hex.TryQuantity(json, out var value) ? value : throw new LyingEndpointException($"{what} is no number");

    private static ulong Number(JsonElement json, string what) => Quantity(json, what) is var value && value <= ulong.MaxValue ? (ulong)value : throw new LyingEndpointException($"{what} is too large");
}
