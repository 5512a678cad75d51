using System.Collections.Immutable;
using System.Security.Cryptography;
using Sojourn.Attestation;
using Sojourn.Attestation.Tpm;
using Sojourn.Node.Enclaves;
using Sojourn.Node.Journal;
using Sojourn.Node.Watching;
using Sojourn.Primitives;
using Sojourn.Protocol;
using Sojourn.Protocol.DropBox;
using Sojourn.Protocol.EnclaveChannel;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Releases;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;

namespace Sojourn.Node.Executing;

/// <summary>
/// One job of one round in which this node was drawn to execute: evidence, keys, run, commitment, reveal. Each step can be repeated: what
/// must not be said twice in different words (evidence, commitment) is on disk before it is said.
/// </summary>
/// <param name="node">What the node works with.</param>
/// <param name="sender">Submits messages.</param>
/// <param name="promises">What survives a crash.</param>
/// <param name="round">The round.</param>
/// <param name="job">The job.</param>
internal sealed class Execution(NodeContext node, Sender sender, PromiseLog promises, byte round, Digest job) : IAsyncDisposable
{
    private const int StartsMax = 3;
    private const int WritesMax = 10;

    // Custodians that are late are waited for until this part of the run's window is left.
    private const uint LastPart = 4;

    // Of an earlier process: what it said is not known here.
    private readonly bool _saidBefore = promises.Find(PromiseKind.Evidence, job, round) is not null;
    private Task? _marked;
    private Task? _ending;
    private IEnclaveRun? _run;
    private EnclaveIdentity? _identity;
    private (ReadOnlyMemory<byte> Bytes, EvidencePublish Message)? _evidence;
    private Evidence? _made;
    private Task<Outcome>? _outcome;
    private StoredResult? _result;
    private FailReason? _failing;
    private volatile TaskCompletionSource<Releases>? _awaited;
    private int _handed;
    private string _releasedBy = "";
    private int _starts;
    private StoredResult? _unwritten;
    private int _writes;

    /// <summary>Whether nothing is left to do here.</summary>
    public bool Ended { get; private set; }

    /// <summary>Completes when the enclave has its outcome; null while none runs.</summary>
    public Task? Running => _outcome is { IsCompleted: false } ? _outcome : null;

    /// <summary>Does what can be done now.</summary>
    /// <param name="view">The job.</param>
    /// <param name="seat">This node's seat.</param>
    /// <param name="cancel">Stops waiting.</param>
    public async Task StepAsync(JobView view, ExecutorView seat, CancellationToken cancel)
    {
        if (Ended)
        {
            return;
        }

        if (_failing is { } reason)
        {
            await SendFailAsync(reason, cancel).ConfigureAwait(false);
            return;
        }

        try
        {
            switch (seat.Status)
            {
                case SeatStatus.Drawn:
                    await AttestAsync(view, seat, cancel).ConfigureAwait(false);
                    break;
                case SeatStatus.Evidenced when _run is null:
                    await FailAsync(FailReason.Enclave, "the enclave was lost in a restart, and with it the only keys that could open anything", cancel).ConfigureAwait(false);
                    break;
                case SeatStatus.Admitted:
                    await RunAsync(view, seat, cancel).ConfigureAwait(false);
                    break;
                case SeatStatus.Committed when view.Phase == JobPhase.Revealing:
                    await RevealAsync(view, cancel).ConfigureAwait(false);
                    break;
                case SeatStatus.Refused:
                    node.Journal.Add(JournalLevel.Trouble, "attest", job, $"the verifiers did not admit this node's evidence: {string.Join(", ", seat.Votes.Select(vote => vote.Verdict).Distinct())}");
                    await EndAsync().ConfigureAwait(false);
                    break;
                case SeatStatus.Evidenced or SeatStatus.Committed:
                    break;
                default:
                    await EndAsync().ConfigureAwait(false); // Revealed, failed, void, or too late: the ledger has the last word.
                    break;
            }
        }
        catch (EnclaveRefusedException e)
        {
            await FailAsync(e.Refusal.Reason, e.Message, cancel).ConfigureAwait(false);
        }
        catch (EnclaveIsolationException e)
        {
            await FailAsync(FailReason.Enclave, e.Message, cancel).ConfigureAwait(false);
        }
        catch (ChannelException e)
        {
            await FailAsync(FailReason.Enclave, e.Message, cancel).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await EndAsync().ConfigureAwait(false);

    private async Task AttestAsync(JobView view, ExecutorView seat, CancellationToken cancel)
    {
        while (_evidence is null)
        {
            if (_saidBefore)
            {
                await FailAsync(FailReason.Enclave, "the enclave was lost in a restart when its evidence may have been sent; another enclave's would contradict it", cancel).ConfigureAwait(false);
                return;
            }

            // The disk works while the enclave does.
            _marked ??= promises.KeepAsync(PromiseKind.Evidence, job, round, default);
            await MakeEvidenceAsync(view, seat, cancel).ConfigureAwait(false);
        }

        var (bytes, message) = _evidence!.Value;
        try
        {
            await (_marked ??= promises.KeepAsync(PromiseKind.Evidence, job, round, default)).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await FailAsync(FailReason.Resources, $"what must survive a crash could not be kept: {e.Message}", cancel).ConfigureAwait(false);
            return;
        }

        await node.DropBox.PutAsync(job, DropNames.Evidence(round, node.Signer.Address, message.EvidenceDigest), bytes, cancel).ConfigureAwait(false);
        var sent = await sender.SendAsync("attest", job, message, cancel).ConfigureAwait(false);
        if (sent.Applied)
        {
            node.Journal.Add(JournalLevel.Progress, "attest", job, $"published {node.Attester.Kind} evidence of {bytes.Length} bytes");
        }
    }

    private async Task MakeEvidenceAsync(JobView view, ExecutorView seat, CancellationToken cancel)
    {
        try
        {
            _run = await node.Conduct.StartEnclaveAsync(node, cancel).ConfigureAwait(false);
            var post = SignedTransaction.WithoutSignature(view.Requester, view.Nonce, new JobPost(view.Terms));
            _identity = await _run.AssignAsync(
                new Assignment(node.Ledger.GenesisDigest, post.Encoded, view.Round.Beacon ?? Digest.Zero, round, node.Signer.Address, node.Clock.GetUtcNow()), cancel).ConfigureAwait(false);
            _run.FetchAhead(view.Terms.Code, cancel);
            var evidence = await node.Attester.AttestAsync(EnclaveRun.ReportDataOf(_identity), cancel).ConfigureAwait(false);
            ReadOnlyMemory<byte> bytes = evidence.Encode();
            _made = evidence;
            var digest = Digest.Of(bytes.Span);
            var possession = seat.Local ? node.Conduct.Possession(await Possession.ProveAsync(node, view, cancel).ConfigureAwait(false)) ?? Digest.Zero : Digest.Zero;
            _evidence = (bytes, new EvidencePublish(job, round, Cid.ForRaw(bytes.Span), digest, _identity.HpkeKey, _identity.ReceiptKey, possession));
        }
        catch (Exception e) when (e is not EnclaveRefusedException)
        {
            // Nothing was said yet: another enclave may begin again.
            if (_run is not null)
            {
                await _run.DisposeAsync().ConfigureAwait(false);
                _run = null;
            }

            if (e is not ChannelException || ++_starts >= StartsMax)
            {
                throw;
            }

            node.Journal.Add(JournalLevel.Trouble, "attest", job, $"{e.Message}; another enclave is started");
        }
    }

    private async Task RunAsync(JobView view, ExecutorView seat, CancellationToken cancel)
    {
        if ((_result ??= await ReadResultAsync(cancel).ConfigureAwait(false)) is { } known)
        {
            // A restart between running and committing, or a ledger that did not answer: the result is on disk.
            await CommitAsync(view, known, cancel).ConfigureAwait(false);
            return;
        }

        if (_run is null || _identity is null)
        {
            // The enclave that the evidence speaks of is gone, and with it the only keys that could open anything.
            await FailAsync(FailReason.Enclave, "the enclave was lost in a restart", cancel).ConfigureAwait(false);
            return;
        }

        if (_outcome is null)
        {
            if (!seat.HasKeys || await CollectKeysAsync(view, seat, cancel).ConfigureAwait(false) is not { } keys)
            {
                return;
            }

            node.Journal.Add(JournalLevel.Progress, "execute", job, "keys are here; the guest starts");
            _outcome = _run.ExecuteAsync(
                Hand(seat, keys, await HaveAllAsync(view, seat, keys, cancel).ConfigureAwait(false)),
                new EnclaveListener
                {
                    Progress = Tell,
                    Notice = notice => node.Journal.Add(JournalLevel.Trouble, "execute", job, $"the enclave says: {notice.Words}{_releasedBy}"),
                    MoreKeys = AwaitKeys,
                },
                cancel);
        }
        else if (_awaited is { } waiting && await CollectKeysAsync(view, seat, cancel).ConfigureAwait(false) is { } more)
        {
            var all = await HaveAllAsync(view, seat, more, cancel).ConfigureAwait(false);
            if (all || more.Length > _handed)
            {
                _awaited = null;
                waiting.SetResult(Hand(seat, more, all));
            }
        }

        if (!_outcome.IsCompleted)
        {
            return;
        }

        Outcome outcome;
        try
        {
            outcome = await _outcome.ConfigureAwait(false);
        }
        catch (Exception e) when (e is UnauthorizedAccessException || (e is IOException and not ChannelException))
        {
            // The output could not be kept: the disk is full or broken, here and not at others.
            await FailAsync(FailReason.Resources, $"the output could not be stored: {e.Message}", cancel).ConfigureAwait(false);
            return;
        }

        var few = _run.OutputBlocks.Length <= StoredResult.BlocksMax;
        var result = _unwritten ??= new StoredResult(outcome, RandomDigest(), few ? _run.OutputBlocks : []);
        // A small output and the result wait for the disk together.
        var keeping = few ? KeepAsync(result) : null;
        try
        {
            await _run.Stored.ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The disk is full or broken, here and not at others.
            await FailAsync(FailReason.Resources, $"the output could not be stored: {e.Message}", cancel).ConfigureAwait(false);
            return;
        }

        try
        {
            await (keeping ?? KeepAsync(result)).ConfigureAwait(false);
        }
        catch (Exception e) when ((e is IOException or UnauthorizedAccessException) && ++_writes >= WritesMax)
        {
            // A full disk was given time; a result that a crash could take away is not committed to.
            await FailAsync(FailReason.Resources, $"the result could not be kept: {e.Message}", cancel).ConfigureAwait(false);
            return;
        }

        _result = result;
        node.Journal.Add(JournalLevel.Progress, "execute", job, $"the guest ended: exit {outcome.Statement.Exit}, fuel {outcome.Statement.Fuel}");
        var run = _run;
        _ending ??= Task.Run(async () => await run.DisposeAsync().ConfigureAwait(false), CancellationToken.None);
        await CommitAsync(view, result, cancel).ConfigureAwait(false);
    }

    private Task KeepAsync(StoredResult result) => promises.KeepAsync(PromiseKind.Result, job, round, result.Encode());

    // A result that was kept counts where its output arrived too; what is here is handed on again, to wherever outputs go.
    private async Task<StoredResult?> ReadResultAsync(CancellationToken cancel)
    {
        if (_unwritten is not null || promises.Find(PromiseKind.Result, job, round) is not { } bytes || StoredResult.Decode(bytes.Span) is not { } result)
        {
            return null;
        }

        foreach (var cid in result.Blocks)
        {
            if (await node.Held.GetAsync(cid, cancel).ConfigureAwait(false) is not { } block)
            {
                return null;
            }

            await node.Store.PutAsync(block, cancel).ConfigureAwait(false);
        }

        return result;
    }

    private Releases Hand(ExecutorView seat, ImmutableArray<ReleasedKey> keys, bool all)
    {
        _handed = keys.Length;
        return new Releases(seat.Admission, seat.Evidence!.EvidenceDigest, keys, all);
    }

    // Called while the enclave waits; the next steps look for what came since.
    private Task<Releases> AwaitKeys(EnclaveNotice notice)
    {
        node.Journal.Add(JournalLevel.Trouble, "execute", job, $"the enclave waits for further shares: {notice.Words}{_releasedBy}");
        var waiting = new TaskCompletionSource<Releases>(TaskCreationOptions.RunContinuationsAsynchronously);
        _awaited = waiting;
        return waiting.Task;
    }

    // Whether no further keys are to be waited for: every keeper has answered and what it released is here, or so little of the window is left that a reason is better than silence.
    private async Task<bool> HaveAllAsync(JobView view, ExecutorView seat, ImmutableArray<ReleasedKey> found, CancellationToken cancel)
    {
        // Whole keys are all that was needed, or the ledger would not say that all are there.
        if (!found.Any(key => ShareRelease.IsShare(key.WrappedKey.Span)))
        {
            return true;
        }

        var awaited = 0;
        foreach (var id in view.Terms.Offers)
        {
            awaited += (await node.Ledger.OfferAsync(id, cancel).ConfigureAwait(false))?.Terms.Sealed == true && !seat.Releases.Any(release => release.Offer == id && release.Denied is not null) ? 1 : 0;
        }

        return found.Length >= awaited
            || (await node.Ledger.HeadAsync(cancel).ConfigureAwait(false)).Height + (view.Terms.Windows.Run / LastPart) >= (view.Phase == JobPhase.Attesting ? view.Round.RunClose : view.Deadline);
    }

    private void Tell(EnclaveProgress progress)
    {
        node.Progress.Set(job, progress);
        if (progress.Total == 0)
        {
            node.Journal.Add(JournalLevel.Progress, "execute", job, progress.Stage.ToString().ToLowerInvariant());
        }
    }

    private async Task CommitAsync(JobView view, StoredResult result, CancellationToken cancel)
    {
        var receipt = result.Outcome.Receipt;
        await node.DropBox.PutAsync(job, DropNames.Receipt(round, node.Signer.Address, Digest.Of(receipt.Span)), receipt, cancel).ConfigureAwait(false);
        if (view.Round.Commits)
        {
            var commitment = node.Conduct.Commitment(job, Identifiers.Commitment(job, round, node.Signer.Address, result.Outcome.Statement, result.Nonce));
            var message = new ResultCommit(job, round, commitment);
            if ((await sender.SendAsync("execute", job, message, cancel).ConfigureAwait(false)).Applied)
            {
                node.Journal.Add(JournalLevel.Progress, "execute", job, "committed to the result");
                await node.Conduct.CommittedAsync(node, message, cancel).ConfigureAwait(false);
            }
        }
        else
        {
            await RevealAsync(view, cancel).ConfigureAwait(false);
        }
    }

    private async Task RevealAsync(JobView view, CancellationToken cancel)
    {
        if ((_result ??= await ReadResultAsync(cancel).ConfigureAwait(false)) is not { } result || !node.Conduct.Reveals)
        {
            return;
        }

        var nonce = view.Round.Commits ? result.Nonce : Digest.Zero;
        var sent = await sender.SendAsync(
            "receipt", job,
            new ResultReveal(job, round, result.Outcome.Statement, nonce, result.Outcome.Signature, Cid.ForRaw(result.Outcome.Receipt.Span)), cancel).ConfigureAwait(false);
        if (sent.Applied || sent.Refusal == Refusal.AlreadyRevealed)
        {
            node.Journal.Add(JournalLevel.Progress, "receipt", job, "revealed the result");
            await EndAsync().ConfigureAwait(false);
        }
    }

    private async Task FailAsync(FailReason reason, string words, CancellationToken cancel)
    {
        node.Journal.Add(JournalLevel.Trouble, "execute", job, words);
        _failing = reason;
        await SendFailAsync(reason, cancel).ConfigureAwait(false);
    }

    private async Task SendFailAsync(FailReason reason, CancellationToken cancel)
    {
        if (node.Conduct.Admits)
        {
            await sender.SendAsync("execute", job, new ResultFail(job, round, reason), cancel).ConfigureAwait(false);
        }

        await EndAsync().ConfigureAwait(false);
    }

    private async Task<ImmutableArray<ReleasedKey>?> CollectKeysAsync(JobView view, ExecutorView seat, CancellationToken cancel)
    {
        var keys = ImmutableArray.CreateBuilder<ReleasedKey>();
        var keepers = new List<Address>();
        foreach (var need in _identity!.Sealed)
        {
            // Several offers of one content: custodians, each with a share of its key.
            var found = 0;
            foreach (var id in view.Terms.Offers)
            {
                if (await node.Ledger.OfferAsync(id, cancel).ConfigureAwait(false) is not { } offer || offer.Terms.Content != need.Content
                    || seat.Releases.FirstOrDefault(release => release.Offer == id && release.Denied is null) is not { } release
                    || await node.DropBox.GetAsync(job, DropNames.WrappedKey(round, node.Signer.Address, release.WrappedKey), cancel).ConfigureAwait(false) is not { } wrapped)
                {
                    continue;
                }

                if (Digest.Of(wrapped.Span) == release.WrappedKey)
                {
                    keys.Add(new ReleasedKey(need.Content, await FromMachineAsync(wrapped, cancel).ConfigureAwait(false)));
                    keepers.Add(offer.Terms.Keeper);
                    found++;
                }
            }

            if (found == 0)
            {
                return null;
            }
        }

        _releasedBy = keepers.Count < 2 ? "" : $" (releases came from {string.Join(", ", keepers.Select((keeper, i) => $"{i + 1}: {keeper}"))})";
        return keys.ToImmutable();
    }

    // At level tpm a key comes wrapped to this machine too: its TPM opens that while the quoted registers stand, and not afterwards.
    private async Task<ReadOnlyMemory<byte>> FromMachineAsync(ReadOnlyMemory<byte> wrapped, CancellationToken cancel)
    {
        if (_made is not { } evidence || MachineKey.PointOf(evidence) is not { } point || node.Attester is not IMachineKey machine)
        {
            return wrapped;
        }

        var secret = MachineWrap.PointOf(wrapped) is { } other ? await machine.AgreeAsync(evidence, other, cancel).ConfigureAwait(false) : null;
        try
        {
            return secret is not null && MachineWrap.Open(secret, point, wrapped.Span) is { } inner ? inner
                : throw new EnclaveRefusedException(new EnclaveRefusal(FailReason.Enclave, "the TPM does not open the released key: this machine's measured state is another one than in its evidence"));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    private async ValueTask EndAsync()
    {
        Ended = true;
        node.Progress.Remove(job);
        if (_run is not null)
        {
            await (_ending ??= _run.DisposeAsync().AsTask()).ConfigureAwait(false);
        }
    }

    private static Digest RandomDigest()
    {
        Span<byte> bytes = stackalloc byte[Digest.Length];
        RandomNumberGenerator.Fill(bytes);
        return new Digest(bytes);
    }
}
