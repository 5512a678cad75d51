using System.Collections.Concurrent;
using System.Collections.Immutable;
using Sojourn.Attestation;
using Sojourn.Content;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Sealing;
using Sojourn.Node.Journal;
using Sojourn.Node.Verifying;
using Sojourn.Node.Watching;
using Sojourn.Primitives;
using Sojourn.Protocol.DropBox;
using Sojourn.Protocol.Jobs;
using Sojourn.Protocol.Policies;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Releases;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;

namespace Sojourn.Node.Keeping;

/// <summary>What a keeper works with.</summary>
public sealed record KeeperContext
{
    /// <summary>Where admissions are read and releases recorded.</summary>
    public required ILedger Ledger { get; init; }

    /// <summary>The keeper's account, as offers name it.</summary>
    public required ISigner Signer { get; init; }

    /// <summary>The key to which the owner's contents are sealed.</summary>
    public required HpkePrivateKey Key { get; init; }

    /// <summary>Where headers and policies come from.</summary>
    public required IBlockSource Content { get; init; }

    /// <summary>Where evidence is taken and wrapped keys are left.</summary>
    public required IDropBox DropBox { get; init; }

    /// <summary>Roots and collateral: the keeper checks evidence itself.</summary>
    public Collateral Collateral { get; init; } = Collateral.Empty;

    /// <summary>The clock.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>What happened.</summary>
    public required NodeJournal Journal { get; init; }

    /// <summary>Where uses are counted.</summary>
    public required UseLedger Uses { get; init; }
}

/// <summary>An owner's key broker: releases a content's key to an admitted enclave when the policy holds, and to nothing else.</summary>
/// <param name="keeper">What it works with.</param>
public sealed class Keeper(KeeperContext keeper)
{
    private static readonly TimeSpan Sweep = TimeSpan.FromSeconds(1);
    private readonly Sender _sender = new(keeper.Ledger, keeper.Signer, keeper.Journal);
    private readonly EvidenceCheck _check = new(keeper.Ledger, keeper.Content, keeper.DropBox, keeper.Collateral);
    private readonly ConcurrentDictionary<(Digest Job, byte Round, Address Executor, Digest Offer), bool> _answered = new();

    /// <summary>Runs until cancelled.</summary>
    /// <param name="cancel">Ends it.</param>
    public async Task RunAsync(CancellationToken cancel)
    {
        var head = await keeper.Ledger.HeadAsync(cancel).ConfigureAwait(false);
        foreach (var job in await keeper.Ledger.JobsAsync(new JobQuery(Open: true, Max: 10_000), cancel).ConfigureAwait(false))
        {
            await LookAsync(job.Id, cancel).ConfigureAwait(false);
        }

        try
        {
            await foreach (var entry in keeper.Ledger.EventsAsync(head.Events, cancel).ConfigureAwait(false))
            {
                if (entry.Event.Kind == EventKind.Admitted)
                {
                    await LookAsync(entry.Event.Job, cancel).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // Asked to stop.
        }
    }

    private async Task LookAsync(Digest job, CancellationToken cancel)
    {
        for (var attempt = 0; attempt < 30; attempt++)
        {
            try
            {
                if (await keeper.Ledger.JobAsync(job, cancel).ConfigureAwait(false) is not { Phase: JobPhase.Attesting or JobPhase.Running } view)
                {
                    return;
                }

                await AnswerAsync(view, cancel).ConfigureAwait(false);
                return;
            }
            catch (Exception e) when (e is IOException or HttpRequestException or TimeoutException)
            {
                keeper.Journal.Add(JournalLevel.Trouble, "release", job, e.Message);
                await Task.Delay(Sweep, keeper.Clock, cancel).ConfigureAwait(false);
            }
        }
    }

    private async Task AnswerAsync(JobView job, CancellationToken cancel)
    {
        foreach (var id in job.Terms.Offers)
        {
            if (await keeper.Ledger.OfferAsync(id, cancel).ConfigureAwait(false) is not { } offer || offer.Terms.Keeper != keeper.Signer.Address || !offer.Terms.Sealed)
            {
                continue;
            }

            foreach (var executor in job.Round.Executors.Where(executor => !executor.Admission.IsZero))
            {
                var slot = (job.Id, job.Round.Index, executor.Node, id);
                if (executor.Releases.Any(release => release.Offer == id) || !_answered.TryAdd(slot, true))
                {
                    continue;
                }

                await ReleaseAsync(job, executor, offer, cancel).ConfigureAwait(false);
            }
        }
    }

    private async Task ReleaseAsync(JobView job, ExecutorView executor, OfferView offer, CancellationToken cancel)
    {
        var (reason, words, wrapped) = await DecideAsync(job, executor, offer, cancel).ConfigureAwait(false);
        if (wrapped is null)
        {
            keeper.Journal.Add(JournalLevel.Reason, "release", job.Id, $"no key to {executor.Node} ({reason}): {words}");
            await _sender.SendAsync("release", job.Id, new ReleaseDeny(job.Id, job.Round.Index, executor.Node, offer.Id, reason), cancel).ConfigureAwait(false);
            return;
        }

        // Counted durably before the key leaves: a crash in between costs a use, never gives one away.
        keeper.Uses.Record(offer.Id, job.Id, keeper.Clock.GetUtcNow(), job.Terms.Spec);
        await keeper.DropBox.PutAsync(job.Id, DropNames.WrappedKey(job.Round.Index, executor.Node, offer.Id), wrapped, cancel).ConfigureAwait(false);
        await _sender.SendAsync(
            "release", job.Id, new ReleaseRecord(job.Id, job.Round.Index, executor.Node, offer.Id, executor.Admission, Digest.Of(wrapped)), cancel).ConfigureAwait(false);
        keeper.Journal.Add(JournalLevel.Progress, "release", job.Id, $"released the key of {offer.Terms.Content} to the enclave of {executor.Node}");
    }

    private async Task<(DenyReason Reason, string Words, byte[]? Wrapped)> DecideAsync(JobView job, ExecutorView executor, OfferView offer, CancellationToken cancel)
    {
        var header = await HeaderAsync(offer.Terms.Content, cancel).ConfigureAwait(false);
        if (header?.Policy is not { } policyCid || policyCid != offer.Terms.Policy)
        {
            return (DenyReason.Unavailable, "the content's header is not to be had, or names another policy than the offer", null);
        }

        var finding = await _check.CheckAsync(job, job.Round, executor, keeper.Clock.GetUtcNow(), cancel).ConfigureAwait(false);
        if (finding.Verdict != VoteVerdict.Accept || !finding.Results.TryGetValue(policyCid, out var appraisal))
        {
            return (DenyReason.Evidence, $"the keeper's own check of the evidence says {finding.Verdict}: {finding.Words}", null);
        }

        var policies = (await _check.PoliciesAsync(job, cancel).ConfigureAwait(false))!;
        var policy = policies.First(candidate => candidate.Cid == policyCid);
        if (await SpecAsync(job.Terms.Spec, cancel).ConfigureAwait(false) is not { } spec)
        {
            return (DenyReason.Unavailable, "the job's specification is not to be had", null);
        }

        var now = keeper.Clock.GetUtcNow();
        var decision = PolicyEvaluator.Evaluate(policy, new PolicyRequest
        {
            Stage = PolicyStage.Release,
            Now = now,
            Requester = job.Requester,
            Code = job.Terms.Code,
            CodeOwner = await CodeOwnerAsync(job, policies, cancel).ConfigureAwait(false),
            Proof = ProofFacts.From(appraisal),
            Verifiers = executor.Votes.Count(vote => vote.Verdict == VoteVerdict.Accept),
            Uses = Math.Max(keeper.Uses.JobsBefore(offer.Id, job.Id), offer.Uses > 0 && keeper.Uses.Knows(offer.Id, job.Id) ? offer.Uses - 1 : offer.Uses),
            Draws = offer.Draws,
            OutputBytesMax = spec.OutputBytesMax,
            OutputRecipients = spec.Recipients,
            Guards = [.. policies.Select(candidate => candidate.Policy).OfType<DataPolicy>().SelectMany(data => data.Output.Guards)],
            Offered = offer.Terms.Price,
            Revoked = offer.Withdrawn,
        });
        if (decision.Grant is null)
        {
            return (DenyReason.Policy, decision.Clauses.First(clause => clause.Outcome != ClauseOutcome.Holds).Words, null);
        }

        if (header.TryOpenKey(keeper.Key, out var contentKey) != SealedFault.None)
        {
            return (DenyReason.Unavailable, "the content is not sealed to this keeper", null);
        }

        using (contentKey)
        {
            return HpkePublicKey.TryImport(HpkeKem.P256, executor.Evidence!.HpkeKey.Span, out var enclave)
                ? (default, "", KeyWrap.Wrap(enclave, KeyWrap.Info(job.Id, executor.Admission, policyCid, offer.Terms.Content), contentKey!))
                : (DenyReason.Evidence, "the enclave's key is no point of P-256", null);
        }
    }

    private async Task<Address?> CodeOwnerAsync(JobView job, IReadOnlyList<SignedPolicy> policies, CancellationToken cancel)
    {
        foreach (var id in job.Terms.Offers)
        {
            if (await keeper.Ledger.OfferAsync(id, cancel).ConfigureAwait(false) is { } offer && offer.Terms.Content == job.Terms.Code
                && policies.FirstOrDefault(policy => policy.Cid == offer.Terms.Policy)?.Policy is AppPolicy app)
            {
                return app.Owner;
            }
        }

        return null;
    }

    private async Task<SealedHeader?> HeaderAsync(Cid content, CancellationToken cancel) =>
        await keeper.Content.GetAsync(content, cancel).ConfigureAwait(false) is { } block && SealedHeader.TryDecode(block.Data.Span, out var header) == SealedFault.None ? header : null;

    private async Task<JobSpec?> SpecAsync(Cid cid, CancellationToken cancel) =>
        await keeper.Content.GetAsync(cid, cancel).ConfigureAwait(false) is { } block && JobSpec.TryDecode(block.Data.Span, out var spec, out _) ? spec : null;
}
