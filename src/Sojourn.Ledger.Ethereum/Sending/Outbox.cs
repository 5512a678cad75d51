using System.Globalization;
using Sojourn.Ledger.Ethereum.Chain;
using Sojourn.Ledger.Ethereum.Transactions;
using Sojourn.Primitives;
using Sojourn.Protocol.Ports;

namespace Sojourn.Ledger.Ethereum.Sending;

/// <summary>Where an intent stands.</summary>
internal enum IntentStatus
{
    /// <summary>It waits for a nonce: the chain could not be asked, or gas costs more than the cap.</summary>
    Waiting,

    /// <summary>It was sent and is in no block.</summary>
    Sent,

    /// <summary>It is in a block that can still be undone.</summary>
    Mined,

    /// <summary>It is in a block deep enough.</summary>
    Settled,

    /// <summary>It would revert, so it was not sent.</summary>
    Dropped,
}

/// <summary>What is to be done on the chain exactly once.</summary>
internal sealed class Intent
{
    public required long Id { get; init; }

    public required Address? To { get; init; }

    public required ReadOnlyMemory<byte> Data { get; init; }

    public required UInt128 Value { get; init; }

    /// <summary>The gas limit; 0 until it is estimated.</summary>
    public ulong Gas { get; set; }

    public IntentStatus Status { get; set; }

    /// <summary>Everything signed for it; all under one nonce while that is free, newest last.</summary>
    public List<SignedFeeTransaction> Signed { get; } = [];

    /// <summary>The height at which the newest was sent.</summary>
    public ulong SentAt { get; set; }

    public ChainReceipt? Receipt { get; set; }

    /// <summary>Why it waits or was dropped.</summary>
    public Exception? Fault { get; set; }

    /// <summary>Ends when it is settled, dropped or, where that is all that is wanted, mined.</summary>
    public TaskCompletionSource<ChainReceipt> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>Sends an account's transactions: one nonce for each intent, written down before it leaves; offered again for more while it is in no block; sent again when a block that held it is undone; never twice.</summary>
/// <remarks>
/// Time is the chain's own: <see cref="StepAsync(ulong, CancellationToken)"/> is called for every new head and does all that is due. Why nothing happens twice: an intent gets a second nonce only when the first was
/// used by something else in a block below the undo window, and everything signed for an intent under one nonce excludes all else under that nonce.
/// </remarks>
internal sealed class Outbox : IDisposable
{
    private const int IntentsMax = 10_000;

    // A node tells of an account's nonce a moment before it tells of the receipt: a nonce counts as used by something else only when that is some blocks old.
    private const ulong LostDepthMin = 8;
    private readonly ChainClient _client;
    private readonly ISigner _signer;
    private readonly ulong _chainId;
    private readonly FeePolicy _fees;
    private readonly OutboxJournal? _journal;
    private readonly ulong _depth;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly SortedDictionary<long, Intent> _open = [];
    private ulong _nextNonce;
    private bool _nonceKnown;
    private volatile bool _undone;
    private long _nextId = 1;
    private int _finished;

    /// <param name="client">The chain.</param>
    /// <param name="signer">The account's key; it stays the caller's and does not leave this process.</param>
    /// <param name="chainId">The chain's number: a signature for one chain is worthless on another.</param>
    /// <param name="fees">What may be paid.</param>
    /// <param name="journal">Where intents are kept, or null for an account that need not survive a crash.</param>
    /// <param name="depth">How many blocks above a transaction's make it settled.</param>
    public Outbox(ChainClient client, ISigner signer, ulong chainId, FeePolicy fees, OutboxJournal? journal, ulong depth)
    {
        (_client, _signer, _chainId, _fees, _journal, _depth) = (client, signer, chainId, fees, journal, depth);
        Restore();
    }

    /// <summary>The account.</summary>
    public Address Account => _signer.Address;

    /// <summary>Intents that are not settled.</summary>
    public IReadOnlyList<Intent> Open
    {
        get
        {
            lock (_open)
            {
                return [.. _open.Values];
            }
        }
    }

    /// <summary>Writes an intent down and sends it as soon as the chain and the caps allow.</summary>
    public async Task<Intent> AddAsync(Address? to, ReadOnlyMemory<byte> data, UInt128 value, ulong gas, CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (_open.Count >= IntentsMax)
            {
                throw new EthereumException($"{IntentsMax} transactions of {Account} wait already.");
            }

            var intent = new Intent { Id = _nextId++, To = to, Data = data, Value = value, Gas = gas };
            _journal?.Append(new JournalLine("intent", intent.Id)
            {
                To = to?.ToString(), Data = Convert.ToHexStringLower(data.Span), Value = value.ToString(CultureInfo.InvariantCulture), Gas = gas,
            });
            lock (_open)
            {
                _open.Add(intent.Id, intent);
            }

            await TrySendAsync(intent, await HeightAsync(cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);
            return intent;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Does what is due at a height: looks for receipts, sends again what is lost, offers more for what is stuck, settles what is deep.</summary>
    public async Task StepAsync(ulong height, CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            foreach (var intent in _open.Values.ToList())
            {
                try
                {
                    await StepAsync(intent, height, cancellation).ConfigureAwait(false);
                }
                catch (EthereumException exception) when (exception is not EndpointsDisagreeException)
                {
                    // The next head tries again; nothing is lost meanwhile.
                    intent.Fault = exception;
                }
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Blocks were taken back: the next nonce is what the chain says, and what waits here. What was settled in them (at depth zero that can be) stays settled; its sender sees that it is gone.</summary>
    public void Undone() => _undone = true;

    public void Dispose()
    {
        _gate.Dispose();
        _journal?.Dispose();
    }

    private async Task StepAsync(Intent intent, ulong height, CancellationToken cancellation)
    {
        if (intent.Signed.Count == 0)
        {
            await TrySendAsync(intent, height, cancellation).ConfigureAwait(false);
            return;
        }

        var receipt = await FindReceiptAsync(intent, cancellation).ConfigureAwait(false);
        if (receipt is not null)
        {
            intent.Receipt = receipt;
            intent.Status = IntentStatus.Mined;
            if (height >= receipt.BlockNumber + _depth)
            {
                Finish(intent, IntentStatus.Settled, "done");
                intent.Completion.TrySetResult(receipt);
            }

            return;
        }

        // Not in a block, or not any more.
        (intent.Receipt, intent.Status) = (null, IntentStatus.Sent);
        if (await IsNonceLostAsync(intent, height, cancellation).ConfigureAwait(false))
        {
            Reopen(intent);
            await TrySendAsync(intent, height, cancellation).ConfigureAwait(false);
        }
        else if (height >= intent.SentAt + (ulong)_fees.BlocksBeforeReplacement)
        {
            await ReplaceAsync(intent, height, cancellation).ConfigureAwait(false);
        }
        else
        {
            await BroadcastAsync(intent, cancellation).ConfigureAwait(false);
        }
    }

    private async Task<ChainReceipt?> FindReceiptAsync(Intent intent, CancellationToken cancellation)
    {
        for (var i = intent.Signed.Count - 1; i >= 0; i--)
        {
            if (await _client.ReceiptAsync(intent.Signed[i].Hash, cancellation).ConfigureAwait(false) is { } receipt)
            {
                // A receipt of a block that is no more is not one.
                var header = await _client.HeaderAsync(receipt.BlockNumber, cancellation).ConfigureAwait(false);
                if (header?.Hash == receipt.BlockHash)
                {
                    return receipt;
                }
            }
        }

        return null;
    }

    // Only what lies below the undo window is certain: until then a nonce that seems used may come back.
    private async Task<bool> IsNonceLostAsync(Intent intent, ulong height, CancellationToken cancellation)
    {
        var nonce = intent.Signed[^1].Body.Nonce;
        var depth = Math.Max(_depth, LostDepthMin);
        if (height < depth || await _client.NonceAsync(Account, cancellation, height - depth).ConfigureAwait(false) <= nonce)
        {
            return false;
        }

        // The receipt may have come in between: look once more before a second nonce is given.
        return await FindReceiptAsync(intent, cancellation).ConfigureAwait(false) is null;
    }

    private void Reopen(Intent intent)
    {
        _journal?.Append(new JournalLine("open", intent.Id) { Note = "nonce taken" });
        intent.Fault = new NonceTakenException(Account, intent.Signed[^1].Body.Nonce);
        intent.Signed.Clear();
        intent.Status = IntentStatus.Waiting;
        _nonceKnown = false;
    }

    private async Task TrySendAsync(Intent intent, ulong height, CancellationToken cancellation)
    {
        try
        {
            if (intent.Gas == 0)
            {
                var reply = await _client.EstimateAsync(Account, intent.To, intent.Data, intent.Value, cancellation).ConfigureAwait(false);
                if (reply.Error is { IsRevert: true } refusal)
                {
                    intent.Fault = refusal;
                    Finish(intent, IntentStatus.Dropped, "dropped");
                    intent.Completion.TrySetException(refusal);
                    return;
                }

                intent.Gas = Rpc.Hex.TryQuantity(reply.Value, out var gas) && gas < 1 << 30 ? (ulong)gas * (100 + (ulong)_fees.GasMarginPercent) / 100 : throw new LyingEndpointException("an estimate that is no amount of gas");
            }

            var (baseFee, tip) = await _client.FeesAsync(5, 50, cancellation).ConfigureAwait(false);
            if (_fees.First(baseFee, tip) is not { } fees)
            {
                intent.Fault = new FeeCapException(baseFee, _fees.FeeCap);
                return;
            }

            Sign(intent, await NextNonceAsync(cancellation).ConfigureAwait(false), fees, height);
            _nextNonce++;
            intent.Fault = null;
            await BroadcastAsync(intent, cancellation).ConfigureAwait(false);
        }
        catch (EthereumException exception) when (exception is not EndpointsDisagreeException)
        {
            intent.Fault = exception;
        }
    }

    private async Task ReplaceAsync(Intent intent, ulong height, CancellationToken cancellation)
    {
        var last = intent.Signed[^1];
        var (baseFee, tip) = await _client.FeesAsync(5, 50, cancellation).ConfigureAwait(false);
        // A transaction that pays enough and is still in no block waits for another nonce or was lost: then sending it again does more than paying more.
        var stuckBehind = await _client.NonceAsync(Account, cancellation).ConfigureAwait(false) < last.Body.Nonce;
        if (!stuckBehind && _fees.Replacement(last.Body.FeeMax, last.Body.PriorityFeeMax, baseFee, tip) is { } fees)
        {
            Sign(intent, last.Body.Nonce, fees, height);
        }
        else if (baseFee > last.Body.FeeMax)
        {
            intent.Fault = new FeeCapException(baseFee, _fees.FeeCap);
        }

        await BroadcastAsync(intent, cancellation).ConfigureAwait(false);
    }

    private void Sign(Intent intent, ulong nonce, (UInt128 FeeMax, UInt128 Tip) fees, ulong height)
    {
        var signed = new FeeTransaction
        {
            ChainId = _chainId, Nonce = nonce, FeeMax = fees.FeeMax, PriorityFeeMax = fees.Tip, GasLimit = intent.Gas, To = intent.To, Value = intent.Value, Data = intent.Data,
        }.Sign(_signer);
        _journal?.Append(new JournalLine("signed", intent.Id) { Nonce = nonce, Raw = Convert.ToHexStringLower(signed.Encoded.Span) });
        intent.Signed.Add(signed);
        intent.SentAt = height;
        intent.Status = IntentStatus.Sent;
    }

    private async Task BroadcastAsync(Intent intent, CancellationToken cancellation)
    {
        var reply = await _client.SendAsync(intent.Signed[^1].Encoded, cancellation).ConfigureAwait(false);
        // That it is known, or that its nonce is used, is what receipts will tell; other refusals are kept for people to see.
        if (reply.Error is { } error && !error.Reason.Contains("known", StringComparison.OrdinalIgnoreCase) && !error.Reason.Contains("already", StringComparison.OrdinalIgnoreCase))
        {
            intent.Fault = error;
        }
    }

    private async Task<ulong> NextNonceAsync(CancellationToken cancellation)
    {
        if (_undone)
        {
            (_undone, _nonceKnown, _nextNonce) = (false, false, 0);
        }

        if (!_nonceKnown)
        {
            var chain = await _client.NonceAsync(Account, cancellation).ConfigureAwait(false);
            var mine = _open.Values.Where(intent => intent.Signed.Count > 0).Select(intent => intent.Signed[^1].Body.Nonce + 1).DefaultIfEmpty(0UL).Max();
            _nextNonce = Math.Max(Math.Max(chain, mine), _nextNonce);
            _nonceKnown = true;
        }

        return _nextNonce;
    }

    private async Task<ulong> HeightAsync(CancellationToken cancellation)
    {
        try
        {
            return (await _client.LatestAsync(cancellation).ConfigureAwait(false)).Number;
        }
        catch (EthereumException exception) when (exception is not EndpointsDisagreeException)
        {
            return 0;
        }
    }

    private void Finish(Intent intent, IntentStatus status, string kind)
    {
        intent.Status = status;
        _journal?.Append(new JournalLine(kind, intent.Id) { Note = intent.Receipt?.Transaction.ToString() });
        lock (_open)
        {
            _open.Remove(intent.Id);
        }

        if (_journal is not null && ++_finished >= 256)
        {
            _finished = 0;
            _journal.Compact(Lines());
        }
    }

    private IEnumerable<JournalLine> Lines()
    {
        yield return new JournalLine("next", _nextId) { Nonce = _nextNonce };
        foreach (var intent in _open.Values)
        {
            yield return new JournalLine("intent", intent.Id)
            {
                To = intent.To?.ToString(), Data = Convert.ToHexStringLower(intent.Data.Span), Value = intent.Value.ToString(CultureInfo.InvariantCulture), Gas = intent.Gas,
            };
            foreach (var signed in intent.Signed)
            {
                yield return new JournalLine("signed", intent.Id) { Nonce = signed.Body.Nonce, Raw = Convert.ToHexStringLower(signed.Encoded.Span) };
            }
        }
    }

    private void Restore()
    {
        foreach (var line in _journal?.Lines ?? [])
        {
            switch (line.Kind)
            {
                case "next":
                    _nextId = Math.Max(_nextId, line.Id);
                    _nextNonce = Math.Max(_nextNonce, line.Nonce);
                    break;
                case "intent":
                    _open[line.Id] = new Intent
                    {
                        Id = line.Id, To = line.To is null ? null : Address.Parse(line.To), Data = Convert.FromHexString(line.Data ?? ""),
                        Value = UInt128.Parse(line.Value ?? "0", CultureInfo.InvariantCulture), Gas = line.Gas,
                    };
                    break;
                case "signed" when _open.TryGetValue(line.Id, out var intent):
                    if (SignedFeeTransaction.TryDecode(Convert.FromHexString(line.Raw ?? ""), out var signed) != TransactionFault.None || signed!.Sender != Account || signed.Body.ChainId != _chainId)
                    {
                        throw new EthereumException($"The journal belongs to another account or chain than {Account} on {_chainId}.");
                    }

                    intent.Signed.Add(signed);
                    intent.Gas = signed.Body.GasLimit;
                    intent.Status = IntentStatus.Sent;
                    break;
                case "open" when _open.TryGetValue(line.Id, out var intent):
                    intent.Signed.Clear();
                    intent.Status = IntentStatus.Waiting;
                    break;
                case "done" or "dropped":
                    _open.Remove(line.Id);
                    break;
                default:
                    break;
            }

            _nextId = Math.Max(_nextId, line.Id + (line.Kind == "next" ? 0 : 1));
        }
    }
}
