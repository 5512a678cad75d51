using System.Collections.Immutable;
using Sojourn.Ledger.Ethereum.Abi;
using Sojourn.Ledger.Ethereum.Chain;
using Sojourn.Ledger.Ethereum.Market;
using Sojourn.Ledger.Ethereum.Sending;
using Sojourn.Ledger.Ethereum.Transactions;
using Sojourn.Primitives;
using Sojourn.Protocol;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Ledger.Ethereum;

public sealed partial class EthereumLedger
{
    private const int GroupMax = 32;
    private const int QueueMax = 4096;
    private readonly Lock _relayGate = new();
    private readonly List<PendingMessage> _pending = [];
    private readonly HashSet<(Digest Job, ulong Deadline)> _driven = [];
    private int _relaying;

    /// <summary>A message that waits to be brought to the chain.</summary>
    private sealed record PendingMessage(SlotItem Item, Transaction Body, Address Author, TaskCompletionSource<SubmitResult> Completion);

    /// <inheritdoc/>
    /// <remarks>The sender's key must be held here (<see cref="AddSigner"/>): on a chain an account acts by signing for the chain, and the protocol's own signature, which is checked first, is no such signature.</remarks>
    public async ValueTask<SubmitResult> SubmitAsync(SignedTransaction transaction, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        var brought = TypedEnvelope.TryOpen(_domain, transaction, _signatures, out var carried);
        var refusal = brought ? Refusal.None : VerifiedTransaction.TryVerify(transaction, GenesisDigest, _signatures, out _);
        if (refusal == Refusal.None)
        {
            refusal = Read(state => CheckNonce(state, transaction));
        }

        if (refusal != Refusal.None)
        {
            return Refused(refusal);
        }

        var payer = transaction.Sender.IsZero || (brought && _options.Operator is not null) ? _options.Operator ?? _signers.Values.FirstOrDefault() : _signers.GetValueOrDefault(transaction.Sender);
        if (payer is null || (transaction.Body is Deposit && transaction.Sender != Genesis.Issuer))
        {
            return Refused(Refusal.NotAllowed);
        }

        try
        {
            if (CallOf(transaction) is { } call)
            {
                return await CallAsync(call, transaction, payer, cancellation).ConfigureAwait(false);
            }

            if (transaction.Body is EquivocationProof)
            {
                return Refused(Refusal.BadSignature);
            }

            var digest = TypedMessages.SigningDigest(_domain, transaction.Body);
            if (digest is null)
            {
                return Refused(Refusal.UnknownKind);
            }

            var signature = carried ?? Envelope.Open(payer.Sign(digest.Value));
            SlotItem? item;
            lock (_gate)
            {
                item = CallWriter.Slot(_replica.State, transaction.Body, transaction.Sender, signature, transaction.Body is AppraisalOpen open ? _replica.CastBy(open.Job, open.Round, transaction.Sender) : []);
            }

            return item is null ? Refused(Refusal.UnknownKind) : await BringAsync(item, transaction, cancellation).ConfigureAwait(false);
        }
        catch (OverflowException)
        {
            return Refused(Refusal.Overflow);
        }
    }

    /// <summary>Pays tokens in: the chain's coin with the call, an ERC-20 as far as the payer has approved the contract.</summary>
    /// <param name="payer">Who pays; its key signs here.</param>
    /// <param name="to">Whose account is credited.</param>
    /// <param name="amount">In the ledger's units.</param>
    /// <param name="cancellation">Stops waiting.</param>
    public async ValueTask<SubmitResult> PayInAsync(ISigner payer, Address to, Amount amount, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(payer);
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        if (amount.Units > long.MaxValue)
        {
            return Refused(Refusal.Overflow);
        }

        var config = await _client.CallAsync(_options.Contract, new LedgerContract.ConfigCall(), Address.Zero, cancellation).ConfigureAwait(false);
        return await CallAsync(
            new LedgerContract.DepositCall(to, (ulong)amount.Units, Digest.Zero), nameof(Deposit), payer, cancellation, config.Token.IsZero ? amount.Units * _scale : 0, TransactionKind.Deposit).ConfigureAwait(false);
    }

    /// <summary>Concludes the present round of a job at once, where all its nodes have signed their bundles and all say the same.</summary>
    /// <param name="job">The job.</param>
    /// <param name="executors">The bundles of all drawn executors.</param>
    /// <param name="verifiers">The bundles of all drawn verifiers.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <returns>What became of it; <see cref="Refusal.BadList"/> where bundles are missing or differ. Nothing is lost then: the messages can be brought one by one.</returns>
    public async ValueTask<SubmitResult> ConcludeAsync(Digest job, IReadOnlyList<ExecutorBundle> executors, IReadOnlyList<VerifierBundle> verifiers, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(executors);
        ArgumentNullException.ThrowIfNull(verifiers);
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        var payer = _options.Operator ?? _signers.Values.FirstOrDefault();
        if (payer is null)
        {
            return Refused(Refusal.NotAllowed);
        }

        var (refusal, call) = Read(state => !state.OpenJobs.TryGetValue(job, out var open) ? (Refusal.UnknownJob, null) : RoundBundles.Call(open, executors, verifiers) is { } made ? (Refusal.None, made) : (Refusal.BadList, null));
        if (call is null)
        {
            return Refused(refusal);
        }

        return await CallAsync(call, "Conclusion", payer, cancellation).ConfigureAwait(false);
    }

    /// <summary>Brings messages of slots that their authors have signed for the chain (<see cref="TypedEnvelope"/>), all in one transaction where they fit.</summary>
    /// <param name="messages">The messages, in an order in which the ledger takes them.</param>
    /// <param name="cancellation">Stops waiting; they may still be applied.</param>
    /// <returns>What became of each.</returns>
    public async ValueTask<ImmutableArray<SubmitResult>> BringAsync(IReadOnlyList<SignedTransaction> messages, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        var results = new Task<SubmitResult>[messages.Count];
        var cast = new Dictionary<(Digest Job, byte Round, Address Voter), List<Vote>>();
        var shown = new Dictionary<(Digest Job, byte Round, Address Executor), EvidencePublish>();
        for (var i = 0; i < results.Length; i++)
        {
            var message = messages[i];
            results[i] = Task.FromResult(Refused(Refusal.BadSignature));
            if (!TypedEnvelope.TryOpen(_domain, message, _signatures, out var signature))
            {
                continue;
            }

            SlotItem? item;
            lock (_gate)
            {
                // Openings show the votes as they were cast, those that travel along too.
                List<Vote> VotesOf(in Digest job, byte round)
                {
                    if (!cast.TryGetValue((job, round, message.Sender), out var votes))
                    {
                        cast.Add((job, round, message.Sender), votes = [.. _replica.CastBy(job, round, message.Sender)]);
                    }

                    return votes;
                }

                if (message.Body is VoteCast vote)
                {
                    VotesOf(vote.Job, vote.Round).AddRange(vote.Votes);
                }

                if (message.Body is EvidencePublish evidence)
                {
                    shown[(evidence.Job, evidence.Round, message.Sender)] = evidence;
                }

                item = CallWriter.Slot(
                    _replica.State, message.Body, message.Sender, signature!, message.Body is AppraisalOpen open ? VotesOf(open.Job, open.Round) : [],
                    message.Body is ResultReveal reveal ? shown.GetValueOrDefault((reveal.Job, reveal.Round, message.Sender)) : null);
            }

            results[i] = item is null ? Task.FromResult(Refused(Refusal.UnknownKind)) : Enqueue(item, message);
        }

        await RelayAsync(cancellation).ConfigureAwait(false);
        return [.. await Task.WhenAll(results).WaitAsync(cancellation).ConfigureAwait(false)];
    }

    private static Refusal CheckNonce(LedgerState state, SignedTransaction signed)
    {
        if (!signed.Body.IsNonced)
        {
            return signed.Nonce == 0 ? Refusal.None : Refusal.NonceUnexpected;
        }

        var next = state.Accounts.TryGetValue(signed.Sender, out var account) ? account.Nonce : 0;
        return signed.Nonce == next ? Refusal.None : signed.Nonce < next ? Refusal.NonceUsed : Refusal.NonceAhead;
    }

    private SubmitResult Refused(Refusal refusal) => new(refusal, default, Read(state => state.Height));

    // Calls that their sender must make, or anyone; null for messages of slots.
    private IContractCall? CallOf(SignedTransaction transaction)
    {
        switch (transaction.Body)
        {
            case TicketChallenge challenge:
            {
                LedgerContract.Ticket? ticket;
                lock (_gate)
                {
                    ticket = _replica.TicketOf(challenge.Job, challenge.Round, challenge.Role, challenge.Node);
                }

                ticket ??= new LedgerContract.Ticket(challenge.Node, (byte)challenge.Role, default, TypedMessages.ProofWords(default), [], default, default, default);
                return new LedgerContract.ChallengeCall(challenge.Job, challenge.Round, ticket, s_noHints);
            }

            case EquivocationProof proof:
                return EquivocationCall(proof);
            case Drive drive when CaptureFor(drive.Job, byte.MaxValue) is { } capture:
                return new LedgerContract.BatchCall([capture.Encode(), new LedgerContract.DriveCall(drive.Job).Encode()]);
            default:
                return CallWriter.Call(transaction);
        }
    }

    private static readonly LedgerContract.VrfHints s_noHints = new(0, 0, 0, 0, 0, [0, 0], [0, 0], 0, 0, 0, 0, 0, 0, []);

    // Both messages must carry the signatures that the contract checks; what is none, or no contradiction, is told by the contract.
    private LedgerContract.EquivocationCall? EquivocationCall(EquivocationProof proof)
    {
        if (SignedTransaction.TryDecode(proof.First.Span, out var first) != Refusal.None || SignedTransaction.TryDecode(proof.Second.Span, out var second) != Refusal.None
            || !TypedEnvelope.TryOpen(_domain, first!, _signatures, out var one) || !TypedEnvelope.TryOpen(_domain, second!, _signatures, out var other))
        {
            return null;
        }

        lock (_gate)
        {
            var a = CallWriter.Slot(_replica.State, first!.Body, first.Sender, one!, []);
            var b = CallWriter.Slot(_replica.State, second!.Body, second.Sender, other!, []);
            return a is null || b is null || CallWriter.Message(a) is not { } left || CallWriter.Message(b) is not { } right ? null
                : new LedgerContract.EquivocationCall(a.Job, a.Round, (byte)a.Kind, left, right, []);
        }
    }

    // A draw, and an audit, need their beacon on the chain: whoever comes first brings the header.
    private LedgerContract.CaptureBeaconCall? CaptureFor(Digest id, byte round)
    {
        lock (_gate)
        {
            if (!_replica.State.OpenJobs.TryGetValue(id, out var job))
            {
                return null;
            }

            var audit = job.Phase == JobPhase.AuditDraw;
            var height = audit ? job.AuditHeight : job.Round.BeaconHeight;
            if ((audit ? round != byte.MaxValue : job.Phase != JobPhase.Drawing || (round != byte.MaxValue && round != job.Round.Index))
                || height > _replica.Head.Number || _replica.IsCaptured(id, audit ? Replica.AuditBeacon : job.Round.Index))
            {
                return null;
            }

            return _follower.Recent(height) is { } header ? new LedgerContract.CaptureBeaconCall(id, header.Encoded) : null;
        }
    }

    private Task<SubmitResult> CallAsync(IContractCall call, SignedTransaction transaction, ISigner payer, CancellationToken cancellation) =>
        CallAsync(call, transaction.Body.Kind.ToString(), payer, cancellation, transaction.Body is Deposit deposit ? deposit.Amount.Units * _scale : 0, transaction.Body.Kind);

    private async Task<SubmitResult> CallAsync(IContractCall call, string what, ISigner payer, CancellationToken cancellation, UInt128 value = default, TransactionKind kind = 0)
    {
        var intent = await OutboxOf(payer).AddAsync(_options.Contract, call.Encode(), value, 0, cancellation).ConfigureAwait(false);
        Wake();
        ChainReceipt receipt;
        try
        {
            receipt = await ReceiptOfAsync(intent, cancellation).ConfigureAwait(false);
        }
        catch (RpcRefusedException exception)
        {
            return Refused(ReasonOf(exception));
        }

        Remember(what, payer.Address, receipt);
        if (!receipt.Succeeded)
        {
            // It would have passed when it was sent; meanwhile something else came first.
            var again = await _client.EstimateAsync(payer.Address, _options.Contract, call.Encode(), value, cancellation).ConfigureAwait(false);
            return new SubmitResult(again.Error is { } error ? ReasonOf(error) : Refusal.Busy, default, receipt.BlockNumber);
        }

        await ReachAsync(receipt.BlockNumber, cancellation).ConfigureAwait(false);
        var outcome = OutcomesOf(receipt.Transaction).FirstOrDefault(one => one.Kind == kind);
        return new SubmitResult(outcome?.Refusal ?? Refusal.None, outcome?.Subject ?? default, receipt.BlockNumber);
    }

    private async Task<SubmitResult> BringAsync(SlotItem item, SignedTransaction transaction, CancellationToken cancellation)
    {
        var waiting = Enqueue(item, transaction);
        await RelayAsync(cancellation).ConfigureAwait(false);
        return await waiting.WaitAsync(cancellation).ConfigureAwait(false);
    }

    private Task<SubmitResult> Enqueue(SlotItem item, SignedTransaction transaction)
    {
        var pending = new PendingMessage(item, transaction.Body, transaction.Sender, new TaskCompletionSource<SubmitResult>(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (_relayGate)
        {
            if (_pending.Count >= QueueMax)
            {
                return Task.FromResult(Refused(Refusal.Busy));
            }

            _pending.Add(pending);
        }

        return pending.Completion.Task;
    }

    // Who pays for an author's messages: the operator, the author where its key is here, else whoever is here first.
    private ISigner PayerOf(in Address author) => _options.Operator ?? _signers.GetValueOrDefault(author) ?? _signers.Values.First();

    // Brings what waits to the chain: everything of one payer in one transaction. One flight at a time for each payer, so that what comes meanwhile gathers and travels together.
    private async Task RelayAsync(CancellationToken cancellation)
    {
        if (Interlocked.CompareExchange(ref _relaying, 1, 0) != 0)
        {
            return;
        }

        try
        {
            while (true)
            {
                List<PendingMessage> batch;
                lock (_relayGate)
                {
                    batch = [.. _pending.Take(4 * GroupMax)];
                    _pending.RemoveRange(0, batch.Count);
                }

                if (batch.Count == 0)
                {
                    break;
                }

                foreach (var group in batch.GroupBy(message => PayerOf(message.Author).Address))
                {
                    await SendAsync(_signers[group.Key], [.. group], cancellation).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            Interlocked.Exchange(ref _relaying, 0);
        }
    }

    private async Task SendAsync(ISigner payer, List<PendingMessage> messages, CancellationToken cancellation)
    {
        try
        {
            var intent = await OutboxOf(payer).AddAsync(_options.Contract, CallOf(messages), 0, 0, cancellation).ConfigureAwait(false);
            if (intent.Status == IntentStatus.Dropped)
            {
                if (messages.Count == 1)
                {
                    messages[0].Completion.TrySetResult(Refused(intent.Fault is RpcRefusedException refused ? ReasonOf(refused) : Refusal.Busy));
                    return;
                }

                // All were refused, or one of another kind spoiled the rest: each is tried alone.
                foreach (var message in messages)
                {
                    await SendAsync(payer, [message], cancellation).ConfigureAwait(false);
                }

                return;
            }

            _ = SettleAsync(intent, payer, messages);
            Wake();
        }
        catch (Exception exception) when (exception is EthereumException or OperationCanceledException)
        {
            messages.ForEach(message => message.Completion.TrySetException(exception));
        }
    }

    private byte[] CallOf(List<PendingMessage> messages)
    {
        var calls = new List<byte[]>();
        var captured = new HashSet<Digest>();
        foreach (var message in messages.Where(message => message.Body is Ticket))
        {
            if (captured.Add(message.Item.Job) && CaptureFor(message.Item.Job, message.Item.Round) is { } capture)
            {
                calls.Add(capture.Encode());
            }
        }

        var groups = new List<List<PendingMessage>>();
        foreach (var message in messages)
        {
            var group = groups.FindLast(other => other[0].Item.Kind == message.Item.Kind && other[0].Item.Job == message.Item.Job && other[0].Item.Round == message.Item.Round);
            if (group is null || group.Count >= GroupMax || !CallWriter.TravelsTogether(message.Item.Kind))
            {
                groups.Add([message]);
            }
            else
            {
                group.Add(message);
            }
        }

        calls.AddRange(groups.Select(group => CallWriter.Call([.. group.Select(message => message.Item)]).Encode()));
        return calls.Count == 1 ? calls[0] : new LedgerContract.BatchCall([.. calls.Select(call => (ReadOnlyMemory<byte>)call)]).Encode();
    }

    private async Task SettleAsync(Intent intent, ISigner payer, List<PendingMessage> messages)
    {
        try
        {
            var receipt = await ReceiptOfAsync(intent, _stopping.Token).ConfigureAwait(false);
            Remember(string.Join(" + ", messages.GroupBy(message => message.Body.Kind).Select(group => group.Count() == 1 ? $"{group.Key}" : $"{group.Count()} {group.Key}")), payer.Address, receipt);
            if (!receipt.Succeeded)
            {
                messages.ForEach(message => message.Completion.TrySetResult(new SubmitResult(Refusal.Busy, default, receipt.BlockNumber)));
                return;
            }

            await ReachAsync(receipt.BlockNumber, _stopping.Token).ConfigureAwait(false);
            var outcomes = OutcomesOf(receipt.Transaction);
            foreach (var message in messages)
            {
                var at = outcomes.FindIndex(one => one.Author == message.Author && one.Kind == message.Body.Kind);
                if (at < 0)
                {
                    // The block was undone between: the sender asks again.
                    message.Completion.TrySetResult(new SubmitResult(Refusal.Busy, default, receipt.BlockNumber));
                    continue;
                }

                message.Completion.TrySetResult(new SubmitResult(outcomes[at].Refusal, outcomes[at].Subject, receipt.BlockNumber));
                outcomes.RemoveAt(at);
            }
        }
        catch (Exception exception) when (exception is EthereumException or OperationCanceledException)
        {
            messages.ForEach(message => message.Completion.TrySetException(exception));
        }
    }

    private List<MessageOutcome> OutcomesOf(Digest transaction)
    {
        lock (_gate)
        {
            return [.. _outcomes.Where(entry => entry.Outcome.Transaction == transaction).Select(entry => entry.Outcome)];
        }
    }

    // Waits until the view has reached a block.
    private async Task ReachAsync(ulong number, CancellationToken cancellation)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (_diverged is not null)
                {
                    throw _diverged;
                }

                if (_replica.Head.Number >= number)
                {
                    return;
                }

                changed = _changed.Task;
            }

            Wake();
            await changed.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    private void DriveDue()
    {
        if (!_options.Drives || _options.Operator is not { } payer)
        {
            return;
        }

        List<(Digest Job, ulong Deadline)> due;
        lock (_gate)
        {
            due = [.. _replica.State.DueJobs(GroupMax).Select(id => (id, _replica.State.OpenJobs[id].Deadline)).Where(_driven.Add)];
        }

        foreach (var (job, deadline) in due)
        {
            _ = DriveAsync(job, deadline, payer);
        }
    }

    private async Task DriveAsync(Digest job, ulong deadline, ISigner payer)
    {
        var drive = SignedTransaction.Unsigned(new Drive(job));
        try
        {
            await CallAsync(CallOf(drive)!, drive, payer, _stopping.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is EthereumException or OperationCanceledException or ObjectDisposedException)
        {
            // Somebody else may drive it, or the next round here.
        }
        finally
        {
            lock (_gate)
            {
                _driven.Remove((job, deadline));
            }
        }
    }

    private static Refusal ReasonOf(RpcRefusedException exception) =>
        LedgerContract.RefusedError.TryRead(exception.Returned.Span, out var refused) == AbiFault.None && Enum.IsDefined((Refusal)refused!.Reason) ? (Refusal)refused.Reason
            : exception.IsRevert ? Refusal.Malformed
            : throw exception;
}
