using System.Collections.Immutable;
using Sojourn.Attestation;
using Sojourn.Primitives;

namespace Sojourn.Protocol.Policies;

/// <summary>Holds a policy against facts. Pure: the same arguments give the same answer, and nothing is looked up.</summary>
public static class PolicyEvaluator
{
    /// <summary>Evaluates every clause; none is skipped because another failed.</summary>
    /// <param name="signed">A policy whose signature was checked.</param>
    /// <param name="request">The facts.</param>
    public static PolicyDecision Evaluate(SignedPolicy signed, PolicyRequest request)
    {
        ArgumentNullException.ThrowIfNull(signed);
        ArgumentNullException.ThrowIfNull(request);
        var policy = signed.Policy;
        var clauses = ImmutableArray.CreateBuilder<ClauseVerdict>(24);

        Add(Clause.Validity, request.Now >= policy.NotBefore && request.Now < policy.NotAfter);
        AddKnown(Clause.Revocation, request.Revoked is not null, request.Revoked == false);
        Add(Clause.Requester, policy.AnyRequester || policy.Requesters.Contains(request.Requester));
        AddProof(policy.Proof);
        AddLimits(policy.Limits);
        AddKnown(Clause.Price, request.Paid is not null || policy.Price.PerUse.IsZero, IsPaid(policy, request));
        switch (policy)
        {
            case DataPolicy data:
                AddData(data);
                break;
            case AppPolicy app:
                // A module handed over as data could simply be copied out.
                Add(Clause.Code, request.Role != ContentRoles.None && !request.Role.HasFlag(ContentRoles.Input));
                Add(Clause.CodeSecrecy, app.OutputMayRevealCode || request.OutputBytesMax <= app.GuardedOutputBytesMax);
                break;
        }

        return new PolicyDecision(signed, request, clauses.ToImmutable());

        void Add(Clause clause, bool holds) => clauses.Add(new ClauseVerdict(clause, holds ? ClauseOutcome.Holds : ClauseOutcome.Fails, policy, request));

        void AddLater(Clause clause, bool known, bool holds) =>
            clauses.Add(new ClauseVerdict(clause, !known ? ClauseOutcome.Later : holds ? ClauseOutcome.Holds : ClauseOutcome.Fails, policy, request));

        // What nobody has found out may still be found out after an offer; at a release it is refused.
        void AddKnown(Clause clause, bool known, bool holds) => clauses.Add(new ClauseVerdict(
            clause,
            known && holds ? ClauseOutcome.Holds : !known && request.Stage == PolicyStage.Offer ? ClauseOutcome.Later : ClauseOutcome.Fails,
            policy,
            request));

        void AddProof(ProofRequirement proof)
        {
            var facts = request.Proof;
            var known = facts is not null;
            AddLater(Clause.Level, known, known && facts!.Level >= proof.Level);
            AddLater(Clause.Kind, known, known && (proof.Kinds.IsEmpty ? facts!.Kind != EvidenceKind.Simulated : proof.Kinds.Contains(facts!.Kind)));
            AddLater(Clause.Custody, known, known && facts!.Custody >= proof.Custody);
            AddLater(Clause.Tcb, known, known && (facts!.Tcb == TcbStatus.NotApplicable || proof.TcbStatuses.Contains(facts.Tcb)));
            AddLater(Clause.Measurement, known, known && (proof.AnyMeasurement || (facts!.Reference.Length > 0 && proof.Measurements.Any(set => set.Name == facts.Reference))));
            if (proof.RequireChip)
            {
                AddLater(Clause.Chip, known, known && facts!.HasChip);
            }

            AddLater(Clause.Evidence, known, known && facts!.Accepted);
            if (!proof.Regions.IsEmpty)
            {
                AddKnown(Clause.Region, request.Regions is not null, request.Regions is { } stated && stated.Any(region => proof.Regions.Contains(region, StringComparer.OrdinalIgnoreCase)));
            }

            AddLater(Clause.Verifiers, known, request.Verifiers >= proof.VerifiersMin);
        }

        void AddLimits(UseLimits limits)
        {
            if (limits.Uses is { } uses)
            {
                AddKnown(Clause.Uses, request.Uses is not null, request.Uses < uses);
            }

            if (limits.Draws is { } draws)
            {
                // The draw that is being offered counts; at release it was counted already.
                AddKnown(Clause.Draws, request.Draws is not null, request.Stage == PolicyStage.Offer ? request.Draws < draws : request.Draws <= draws);
            }

            if (limits.PeriodUses is { } periodUses)
            {
                AddKnown(Clause.PeriodUses, request.PeriodUses is not null, request.PeriodUses < periodUses);
            }

            if (limits.PeriodOutputBytes is { } bytes)
            {
                AddKnown(Clause.PeriodOutput, request.PeriodOutputBytes is not null && request.OutputBytesMax is not null, request.OutputBytesMax <= bytes - request.PeriodOutputBytes);
            }
        }

        void AddData(DataPolicy data)
        {
            Add(Clause.Code, request.Role == ContentRoles.Input && Trusts(data, request.Code, request.CodeOwner) && request.Libraries.All(library => Trusts(data, library.Code, library.Owner)));
            Add(Clause.OutputSize, request.OutputBytesMax <= data.Output.BytesMax);
            Add(Clause.OutputRecipients, request.OutputRecipients.IsEmpty
                ? data.Output.Public
                : data.Output.AnyRecipient || AllNamed(request.OutputRecipients, data.Output.Recipients));
            if (!data.Output.Guards.IsEmpty)
            {
                Add(Clause.Guards, data.Output.Guards.All(request.Guards.Contains));
            }

            if (data.Pool is { } pool)
            {
                AddKnown(Clause.Consent, request.Consents is not null, request.Consents is { } consents && EnoughConsent(pool, consents, request));
            }
        }
    }

    private static bool Trusts(DataPolicy data, Cid code, Address? owner) => data.Code.Contains(code) || (owner is { } answering && data.AppOwners.Contains(answering));

    /// <summary>Whether the content is a consenting member's, and enough members' records go into the job that no result is about few of them.</summary>
    private static bool EnoughConsent(PoolRule pool, IReadOnlyDictionary<Address, Cid> consents, PolicyRequest request)
    {
        // Records count once, however many members say that they are theirs.
        var (standing, own) = (0, false);
        var used = request.JobContents.ToHashSet();
        foreach (var member in pool.Members)
        {
            if (consents.TryGetValue(member, out var records) && used.Remove(records))
            {
                standing++;
                own |= records == request.Content;
            }
        }

        return own && standing >= pool.MembersMin;
    }

    /// <summary>Whether everybody who has a part in the price gets it. In a pool the part of the owner is the member's whose records are used.</summary>
    private static bool IsPaid(OwnerPolicy policy, PolicyRequest request)
    {
        var price = policy.Price;
        if (price.PerUse.IsZero)
        {
            return true;
        }

        if (request.Paid is not { } paid)
        {
            return false;
        }

        if (policy is DataPolicy { Pool: not null })
        {
            return request.Consents?.Any(consent => consent.Value == request.Content && PaidTo(consent.Key) >= price.PerUse) == true;
        }

        if (price.Shares.IsEmpty)
        {
            return PaidTo(policy.Owner) >= price.PerUse;
        }

        var total = (ulong)price.PartsTotal;
        return price.Shares.All(share => PaidTo(share.To) >= price.PerUse.Share((ulong)share.Parts, total));

        Amount PaidTo(Address account) => paid.GetValueOrDefault(account);
    }

    private static bool AllNamed(ImmutableArray<ReadOnlyMemory<byte>> asked, ImmutableArray<ReadOnlyMemory<byte>> named)
    {
        foreach (var key in asked)
        {
            var found = false;
            foreach (var allowed in named)
            {
                found |= key.Span.SequenceEqual(allowed.Span);
            }

            if (!found)
            {
                return false;
            }
        }

        return true;
    }
}
