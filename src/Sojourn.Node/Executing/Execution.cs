using System.Collections.Immutable;
using System.Security.Cryptography;
using Sojourn.Node.Journal;
using Sojourn.Node.Watching;
using Sojourn.Primitives;
using Sojourn.Protocol;
using Sojourn.Protocol.DropBox;
using Sojourn.Protocol.EnclaveChannel;
using Sojourn.Protocol.Releases;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;

namespace Sojourn.Node.Executing;

/// <summary>One job of one round in which this node was drawn to execute: evidence, keys, run, commitment, reveal.</summary>
/// <param name="node">What the node works with.</param>
/// <param name="sender">Submits messages.</param>
/// <param name="round">The round.</param>
/// <param name="job">The job.</param>
internal sealed class Execution(NodeContext node, Sender sender, byte round, Digest job) : IAsyncDisposable
{
    private readonly ResultFile _file = new(node.StateFolder, job, round);
    private EnclaveRun? _run;
    private EnclaveIdentity? _identity;
    private Task<Outcome>? _outcome;
    private bool _ended;

    /// <summary>Does what can be done now.</summary>
    /// <param name="view">The job.</param>
    /// <param name="seat">This node's seat.</param>
    /// <param name="cancel">Stops waiting.</param>
    public async Task StepAsync(JobView view, ExecutorView seat, CancellationToken cancel)
    {
        if (_ended)
        {
            return;
        }

        try
        {
            switch (seat.Status)
            {
                case SeatStatus.Drawn when _run is null:
                    await AttestAsync(view, cancel).ConfigureAwait(false);
                    break;
                case SeatStatus.Admitted:
                    await RunAsync(view, seat, cancel).ConfigureAwait(false);
                    break;
                case SeatStatus.Committed when view.Phase == JobPhase.Revealing:
                    await RevealAsync(view, cancel).ConfigureAwait(false);
                    break;
                case SeatStatus.Refused:
                    node.Journal.Add(JournalLevel.Trouble, "attest", job, "the verifiers did not admit this node's evidence");
                    await EndAsync().ConfigureAwait(false);
                    break;
                default:
                    break;
            }
        }
        catch (EnclaveRefusedException e)
        {
            await FailAsync(e.Refusal.Reason, e.Message, cancel).ConfigureAwait(false);
        }
        catch (ChannelException e)
        {
            await FailAsync(FailReason.Enclave, e.Message, cancel).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await EndAsync().ConfigureAwait(false);

    private async Task AttestAsync(JobView view, CancellationToken cancel)
    {
        _run = new EnclaveRun(await node.Enclaves.TakeAsync(cancel).ConfigureAwait(false), node.Content, node.Store);
        var post = SignedTransaction.WithoutSignature(view.Requester, view.Nonce, new JobPost(view.Terms));
        _identity = await _run.AssignAsync(
            new Assignment(node.Ledger.GenesisDigest, post.Encoded, view.Round.Beacon ?? Digest.Zero, round, node.Signer.Address, node.Clock.GetUtcNow()), cancel).ConfigureAwait(false);
        var evidence = await node.Attester.AttestAsync(EnclaveRun.ReportDataOf(_identity), cancel).ConfigureAwait(false);
        var bytes = evidence.Encode();
        await node.DropBox.PutAsync(job, DropNames.Evidence(round, node.Signer.Address), bytes, cancel).ConfigureAwait(false);
        var possession = view.Round.Executors.Any(executor => executor.Node == node.Signer.Address && executor.Local)
            ? await Possession.ProveAsync(node, view, cancel).ConfigureAwait(false) ?? Digest.Zero
            : Digest.Zero;
        await sender.SendAsync(
            "attest", job,
            new EvidencePublish(job, round, Cid.ForRaw(bytes), Digest.Of(bytes), _identity.HpkeKey, _identity.ReceiptKey, possession), cancel).ConfigureAwait(false);
        node.Journal.Add(JournalLevel.Progress, "attest", job, $"published {evidence.Kind} evidence of {bytes.Length} bytes");
    }

    private async Task RunAsync(JobView view, ExecutorView seat, CancellationToken cancel)
    {
        if (_file.Read() is { } known)
        {
            // A restart between running and committing: the result is on disk.
            await CommitAsync(view, known, cancel).ConfigureAwait(false);
            return;
        }

        if (_run is null || _identity is null)
        {
            // A restart after the evidence: the enclave that it speaks of is gone, and with it the only keys that could open anything.
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
                new Releases(seat.Admission, seat.Evidence!.EvidenceDigest, keys),
                progress => node.Journal.Add(JournalLevel.Progress, "execute", job, progress.Stage.ToString().ToLowerInvariant()), cancel);
        }

        if (!_outcome.IsCompleted)
        {
            return;
        }

        var outcome = await _outcome.ConfigureAwait(false);
        var result = new StoredResult(outcome, RandomDigest());
        _file.Write(result);
        node.Journal.Add(JournalLevel.Progress, "execute", job, $"the guest ended: exit {outcome.Statement.Exit}, fuel {outcome.Statement.Fuel}");
        await _run.DisposeAsync().ConfigureAwait(false);
        await CommitAsync(view, result, cancel).ConfigureAwait(false);
    }

    /// <summary>Completes when the enclave has its outcome; null while none runs.</summary>
    public Task? Running => _outcome is { IsCompleted: false } ? _outcome : null;

    private async Task CommitAsync(JobView view, StoredResult result, CancellationToken cancel)
    {
        await node.DropBox.PutAsync(job, DropNames.Receipt(round, node.Signer.Address), result.Outcome.Receipt, cancel).ConfigureAwait(false);
        if (view.Round.Commits)
        {
            await sender.SendAsync(
                "execute", job,
                new ResultCommit(job, round, Identifiers.Commitment(job, round, node.Signer.Address, result.Outcome.Statement, result.Nonce)), cancel).ConfigureAwait(false);
        }
        else
        {
            await RevealAsync(view, cancel).ConfigureAwait(false);
        }
    }

    private async Task RevealAsync(JobView view, CancellationToken cancel)
    {
        if (_file.Read() is not { } result)
        {
            return;
        }

        var nonce = view.Round.Commits ? result.Nonce : Digest.Zero;
        var sent = await sender.SendAsync(
            "receipt", job,
            new ResultReveal(job, round, result.Outcome.Statement, nonce, result.Outcome.Signature, Cid.ForRaw(result.Outcome.Receipt.Span)), cancel).ConfigureAwait(false);
        if (sent.Applied)
        {
            node.Journal.Add(JournalLevel.Progress, "receipt", job, "revealed the result");
            await EndAsync().ConfigureAwait(false);
        }
    }

    private async Task FailAsync(FailReason reason, string words, CancellationToken cancel)
    {
        node.Journal.Add(JournalLevel.Trouble, "execute", job, words);
        await sender.SendAsync("execute", job, new ResultFail(job, round, reason), cancel).ConfigureAwait(false);
        await EndAsync().ConfigureAwait(false);
    }

    private async Task<ImmutableArray<ReleasedKey>?> CollectKeysAsync(JobView view, ExecutorView seat, CancellationToken cancel)
    {
        var keys = ImmutableArray.CreateBuilder<ReleasedKey>();
        foreach (var need in _identity!.Sealed)
        {
            ReleasedKey? found = null;
            foreach (var id in view.Terms.Offers)
            {
                if (await node.Ledger.OfferAsync(id, cancel).ConfigureAwait(false) is not { } offer || offer.Terms.Content != need.Content
                    || seat.Releases.FirstOrDefault(release => release.Offer == id && release.Denied is null) is not { } release
                    || await node.DropBox.GetAsync(job, DropNames.WrappedKey(round, node.Signer.Address, id), cancel).ConfigureAwait(false) is not { } wrapped)
                {
                    continue;
                }

                if (Digest.Of(wrapped.Span) == release.WrappedKey)
                {
                    found = new ReleasedKey(need.Content, wrapped);
                }
            }

            if (found is null)
            {
                return null;
            }

            keys.Add(found);
        }

        return keys.ToImmutable();
    }

    private async ValueTask EndAsync()
    {
        _ended = true;
        if (_run is not null)
        {
            await _run.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static Digest RandomDigest()
    {
        Span<byte> bytes = stackalloc byte[Digest.Length];
        RandomNumberGenerator.Fill(bytes);
        return new Digest(bytes);
    }
}
