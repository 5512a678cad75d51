using System.Collections.Immutable;
using Sojourn.Attestation;
using Sojourn.Content;
using Sojourn.Cryptography.Custody;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Sealing;
using Sojourn.Cryptography.Secrets;
using Sojourn.Node.Verifying;
using Sojourn.Primitives;
using Sojourn.Protocol.Jobs;
using Sojourn.Protocol.Policies;
using Sojourn.Protocol.Releases;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;

namespace Sojourn.Node.Keeping;

/// <summary>What a keeper decided of one release.</summary>
/// <param name="Reason">Why not; means nothing where it releases.</param>
/// <param name="Words">Why not, for a person.</param>
/// <param name="Released">The wrapped key, or the wrapped share of a custodian; null where it does not release.</param>
/// <param name="Use">What is counted before it leaves.</param>
internal sealed record ReleaseDecision(DenyReason Reason, string Words, byte[]? Released = null, CountedUse? Use = null);

/// <summary>What a keeper fetched and checked for one release.</summary>
/// <param name="Header">The content's header.</param>
/// <param name="Finding">What the evidence shows.</param>
/// <param name="Appraisal">What it shows under the policy.</param>
/// <param name="Policies">All policies of the job.</param>
/// <param name="Policy">The content's.</param>
/// <param name="Spec">The job's specification.</param>
/// <param name="Modules">The program and its libraries.</param>
internal sealed record ReleaseFacts(
    SealedHeader Header, EvidenceFinding Finding, AttestationResult Appraisal, IReadOnlyList<SignedPolicy> Policies, SignedPolicy Policy, JobSpec Spec, ImmutableArray<LinkedModule> Modules);

/// <summary>Decides whether a key leaves: collects the facts, holds the policy against them, and wraps the key as the policy's grant says. It changes nothing.</summary>
/// <param name="keeper">What the keeper works with.</param>
internal sealed class ReleaseJudge(KeeperContext keeper)
{
    private readonly EvidenceCheck _check = new(keeper.Ledger, keeper.Content, keeper.DropBox, keeper.Collateral);

    /// <summary>Decides one release.</summary>
    /// <param name="job">The job.</param>
    /// <param name="executor">An admitted executor.</param>
    /// <param name="offer">The offer; this keeper is its keeper.</param>
    /// <param name="cancel">Stops waiting.</param>
    public async Task<ReleaseDecision> DecideAsync(JobView job, ExecutorView executor, OfferView offer, CancellationToken cancel)
    {
        var (facts, refused) = await GatherAsync(job, executor, offer, cancel).ConfigureAwait(false);
        return facts is null ? refused! : await DecideAsync(facts, job, executor, offer, cancel).ConfigureAwait(false);
    }

    /// <summary>Fetches and checks what others hand out: as slow as they like, so it is asked with nothing held.</summary>
    /// <param name="job">The job.</param>
    /// <param name="executor">An admitted executor.</param>
    /// <param name="offer">The offer; this keeper is its keeper.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <returns>The facts; or why nothing is released, whatever else is so.</returns>
    public async Task<(ReleaseFacts? Facts, ReleaseDecision? Refused)> GatherAsync(JobView job, ExecutorView executor, OfferView offer, CancellationToken cancel)
    {
        var facts = await CollectAsync(job, executor, offer, cancel).ConfigureAwait(false);
        return (facts as ReleaseFacts, facts as ReleaseDecision);
    }

    private async Task<object> CollectAsync(JobView job, ExecutorView executor, OfferView offer, CancellationToken cancel)
    {
        // First what the owner said here and on the ledger: neither a gateway nor an executor can delay it.
        if (IsRevoked(offer) is { } revoked)
        {
            return revoked;
        }

        var content = offer.Terms.Content;
        var header = await HeaderAsync(content, cancel).ConfigureAwait(false);
        if (header?.Policy is not { } policyCid || policyCid != offer.Terms.Policy)
        {
            return new ReleaseDecision(DenyReason.Unavailable, "the content's header is not to be had, or names another policy than the offer");
        }

        var finding = await _check.CheckAsync(job, job.Round, executor, keeper.Clock.GetUtcNow(), cancel).ConfigureAwait(false);
        if (finding.Verdict == VoteVerdict.Unavailable)
        {
            return new ReleaseDecision(DenyReason.Unavailable, finding.Words);
        }

        if (finding.Verdict != VoteVerdict.Accept || !finding.Results.TryGetValue(policyCid, out var appraisal) || appraisal is null)
        {
            return new ReleaseDecision(DenyReason.Evidence, $"the keeper's own check of the evidence says {finding.Verdict}: {finding.Words}");
        }

        if (await _check.PoliciesAsync(job, cancel).ConfigureAwait(false) is not { } policies || policies.FirstOrDefault(candidate => candidate.Cid == policyCid) is not { } policy)
        {
            return new ReleaseDecision(DenyReason.Unavailable, "a policy is not to be had");
        }

        if (await SpecAsync(job.Terms.Spec, cancel).ConfigureAwait(false) is not { } spec)
        {
            return new ReleaseDecision(DenyReason.Unavailable, "the job's specification is not to be had");
        }

        if (await ModulesAsync(job, spec, policies, cancel).ConfigureAwait(false) is not { } modules)
        {
            return new ReleaseDecision(DenyReason.Unavailable, "the header of a sealed module is not to be had");
        }

        return new ReleaseFacts(header, finding, appraisal, policies, policy, spec, modules);
    }

    /// <summary>Decides by what was gathered and what the ledger and this keeper say now. It waits for the ledger alone, so that counting and deciding can be one.</summary>
    /// <param name="facts">What was gathered.</param>
    /// <param name="job">The job, as it is now.</param>
    /// <param name="executor">The executor.</param>
    /// <param name="offer">The offer, as it is now.</param>
    /// <param name="cancel">Stops waiting.</param>
    public async Task<ReleaseDecision> DecideAsync(ReleaseFacts facts, JobView job, ExecutorView executor, OfferView offer, CancellationToken cancel)
    {
        var (header, finding, appraisal, policies, policy, spec, modules) = facts;
        var content = offer.Terms.Content;
        var siblings = await SiblingsAsync(offer, cancel).ConfigureAwait(false);
        var node = await keeper.Ledger.NodeAsync(executor.Node, cancel).ConfigureAwait(false);
        var paid = await PaidAsync(job, content, cancel).ConfigureAwait(false);

        // From here on nothing is waited for: what the owner and members have said on this machine while facts were collected counts, too.
        if (IsRevoked(offer) is { } revoked)
        {
            return revoked;
        }

        // Whoever publishes an offer is paid by it, and its uses are counted by it: only the owner's own offers bind the owner's keeper.
        var consents = policy.Policy is DataPolicy { Pool: not null } ? Consents(policy, content, header) : null;
        if (offer.Owner != policy.Policy.Owner && consents?.Any(consent => consent.Key == offer.Owner && consent.Value == content) != true)
        {
            return new(DenyReason.Policy, $"the offer is {offer.Owner}'s, and the content is {policy.Policy.Owner}'s");
        }

        var now = keeper.Clock.GetUtcNow();
        var counts = keeper.Uses.Counts(policy.Body, job.Id, now, policy.Policy.Limits.Period);
        var onLedger = siblings.Sum(sibling => sibling.Uses) - (offer.Uses > 0 && keeper.Uses.Knows(offer.Id, job.Id) ? 1 : 0);
        var decision = PolicyEvaluator.Evaluate(policy, new PolicyRequest
        {
            Stage = PolicyStage.Release,
            Now = now,
            Requester = job.Requester,
            Job = job.Id,
            Admission = executor.Admission,
            EnclaveKey = executor.Evidence!.HpkeKey,
            Content = content,
            Role = RoleOf(content, job, spec),
            Code = job.Terms.Code,
            CodeOwner = modules[0].Owner,
            Libraries = modules.RemoveAt(0),
            Proof = ProofFacts.From(appraisal),
            Verifiers = executor.Votes.Count(vote => vote.Verdict == VoteVerdict.Accept),
            Regions = node is null ? null : RegionNames.Of(node.Profile.Regions),
            Uses = Math.Max(counts.Jobs, onLedger),
            Draws = siblings.Sum(sibling => sibling.Draws),
            PeriodUses = counts.PeriodJobs,
            PeriodOutputBytes = counts.PeriodOutputBytes,
            OutputBytesMax = spec.OutputBytesMax,
            OutputRecipients = spec.Recipients,
            Guards = [.. policies.Select(candidate => candidate.Policy).OfType<DataPolicy>().SelectMany(data => data.Output.Guards)],
            Paid = paid,
            Revoked = false,
            JobContents = [job.Terms.Code, .. job.Terms.Inputs],
            Consents = consents,
        });
        if (decision.Grant is not { } grant)
        {
            return new(DenyReason.Policy, decision.Clauses.First(clause => clause.Outcome != ClauseOutcome.Holds).Words);
        }

        if (!HpkePublicKey.TryImport(HpkeKem.P256, executor.Evidence.HpkeKey.Span, out _))
        {
            return new(DenyReason.Evidence, "the enclave's key is no point of P-256");
        }

        var wrapped = Wrap(grant, header, consents, new CountedUse(now, offer.Id, job.Id, job.Terms.Spec, policy.Body, spec.OutputBytesMax));
        return wrapped.Released is { } released ? wrapped with { Released = finding.ForMachine(released) } : wrapped;
    }

    private ReleaseDecision? IsRevoked(OfferView offer) =>
        offer.Withdrawn || keeper.Revoked?.Contains(offer.Id) == true ? new(DenyReason.Withdrawn, "the owner has revoked the offer") : null;

    private ReleaseDecision Wrap(PolicyGrant grant, SealedHeader header, IReadOnlyDictionary<Address, Cid>? consents, CountedUse use)
    {
        var content = grant.Request.Content!;
        var fault = header.TryOpenKey(keeper.Key, out var key);
        if (fault == SealedFault.NotForThisKey && consents is not null)
        {
            // A pool member's records are sealed to a key of their own, so that it can be dropped alone.
            foreach (var candidate in keeper.Books!.Members.Find(consents.First(consent => consent.Value == content).Key, grant.Policy))
            {
                using (candidate)
                {
                    if (fault == SealedFault.NotForThisKey)
                    {
                        fault = header.TryOpenKey(candidate, out key);
                    }
                }
            }
        }

        using (key)
        {
            if (fault == SealedFault.None)
            {
                return new(default, "", KeyWrap.Release(grant, key!), use);
            }
        }

        if (fault != SealedFault.NotForThisKey)
        {
            return new(DenyReason.Unavailable, $"the content's header is not what its owner sealed ({fault})");
        }

        return keeper.Books?.Custody.Find(content) is { } set
            ? WrapShare(grant, set, use)
            : new(DenyReason.Unavailable, "the content is not sealed to this keeper, and it holds no share of its key");
    }

    // A member can say of any content that it is its own, and would be paid for another's. Whose it is shows in whose key opens it: the key that this keeper has for the member, or the keeper's own where it is the member's.
    private Dictionary<Address, Cid>? Consents(SignedPolicy policy, Cid content, SealedHeader header)
    {
        return keeper.Books?.Consents.Standing(policy).Where(consent => consent.Value != content || IsOf(consent.Key)).ToDictionary();

        bool IsOf(Address member)
        {
            var opens = member == keeper.Signer.Address && Opens(keeper.Key);
            foreach (var candidate in keeper.Books.Members.Find(member, policy.Cid))
            {
                using (candidate)
                {
                    opens |= Opens(candidate);
                }
            }

            return opens;
        }

        bool Opens(HpkePrivateKey candidate)
        {
            var fault = header.TryOpenKey(candidate, out var key);
            key?.Dispose();
            return fault == SealedFault.None;
        }
    }

    private ReleaseDecision WrapShare(PolicyGrant grant, ShareSet set, CountedUse use)
    {
        if (set.Policy != grant.Policy)
        {
            return new(DenyReason.Unavailable, $"the share of the key was given under another policy than {grant.Policy}");
        }

        var fault = set.TryOpen(keeper.Key, out var share);
        using (share)
        {
            return fault == CustodyFault.None
                ? new(default, "", ShareRelease.Wrap(grant, set, share!), use)
                : new(DenyReason.Unavailable, $"the share of the key does not open ({fault})");
        }
    }

    // The program first, then the libraries; each with the owner who answers for it. Null where a sealed one's header cannot be had.
    private async Task<ImmutableArray<LinkedModule>?> ModulesAsync(JobView job, JobSpec spec, IReadOnlyList<SignedPolicy> policies, CancellationToken cancel)
    {
        var modules = ImmutableArray.CreateBuilder<LinkedModule>();
        foreach (var module in spec.Libraries.Select(library => library.Content).Prepend(job.Terms.Code))
        {
            if (module.Codec != Multicodec.DagCbor)
            {
                modules.Add(new LinkedModule(module, null));
                continue;
            }

            if (await HeaderAsync(module, cancel).ConfigureAwait(false) is not { } header)
            {
                return null;
            }

            modules.Add(new LinkedModule(module, AppPolicy.OwnerOf(header, policies.FirstOrDefault(policy => policy.Cid == header.Policy))));
        }

        return modules.ToImmutable();
    }

    // An owner may offer one content several times, at several prices: the policy's limits are over all of them.
    private async Task<ImmutableArray<OfferView>> SiblingsAsync(OfferView offer, CancellationToken cancel)
    {
        var known = await keeper.Ledger.OffersAsync(new OfferQuery(Owner: offer.Owner, Content: offer.Terms.Content, Open: false), cancel).ConfigureAwait(false);
        return [offer, .. known.Where(other => other.Id != offer.Id && other.Terms.Keeper == offer.Terms.Keeper && other.Terms.Policy == offer.Terms.Policy)];
    }

    private async Task<ImmutableDictionary<Address, Amount>> PaidAsync(JobView job, Cid content, CancellationToken cancel)
    {
        var paid = ImmutableDictionary.CreateBuilder<Address, Amount>();
        foreach (var id in job.Terms.Offers)
        {
            if (await keeper.Ledger.OfferAsync(id, cancel).ConfigureAwait(false) is { } offer && offer.Terms.Content == content)
            {
                paid[offer.Owner] = paid.GetValueOrDefault(offer.Owner) + offer.Terms.Price;
            }
        }

        return paid.ToImmutable();
    }

    private static ContentRoles RoleOf(Cid content, JobView job, JobSpec spec) =>
        (content == job.Terms.Code ? ContentRoles.Program : ContentRoles.None)
        | (spec.Libraries.Any(library => library.Content == content) ? ContentRoles.Library : ContentRoles.None)
        | (job.Terms.Inputs.Contains(content) || spec.Inputs.Any(input => input.Content == content) ? ContentRoles.Input : ContentRoles.None);

    private async Task<SealedHeader?> HeaderAsync(Cid content, CancellationToken cancel) =>
        await keeper.Content.GetAsync(content, cancel).ConfigureAwait(false) is { } block && SealedHeader.TryDecode(block.Data.Span, out var header) == SealedFault.None ? header : null;

    private async Task<JobSpec?> SpecAsync(Cid cid, CancellationToken cancel) =>
        await keeper.Content.GetAsync(cid, cancel).ConfigureAwait(false) is { } block && JobSpec.TryDecode(block.Data.Span, out var spec, out _) ? spec : null;
}
