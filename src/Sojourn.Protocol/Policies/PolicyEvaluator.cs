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
        Add(Clause.Revocation, !request.Revoked);
        Add(Clause.Requester, policy.AnyRequester || policy.Requesters.Contains(request.Requester));
        AddProof(policy.Proof);
        AddLimits(policy.Limits);
        Add(Clause.Price, request.Offered >= policy.Price.PerUse);
        switch (policy)
        {
            case DataPolicy data:
                AddData(data);
                break;
            case AppPolicy app:
                Add(Clause.CodeSecrecy, app.OutputMayRevealCode || request.OutputBytesMax <= app.GuardedOutputBytesMax);
                break;
        }

        return new PolicyDecision(signed, request, clauses.ToImmutable());

        void Add(Clause clause, bool holds) => clauses.Add(new ClauseVerdict(clause, holds ? ClauseOutcome.Holds : ClauseOutcome.Fails, policy, request));

        void AddLater(Clause clause, bool known, bool holds) =>
            clauses.Add(new ClauseVerdict(clause, !known ? ClauseOutcome.Later : holds ? ClauseOutcome.Holds : ClauseOutcome.Fails, policy, request));

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
                AddLater(Clause.Region, request.Region is not null || known, request.Region is not null && proof.Regions.Contains(request.Region, StringComparer.OrdinalIgnoreCase));
            }

            AddLater(Clause.Verifiers, known, request.Verifiers >= proof.VerifiersMin);
        }

        void AddLimits(UseLimits limits)
        {
            if (limits.Uses is { } uses)
            {
                Add(Clause.Uses, request.Uses < uses);
            }

            if (limits.Draws is { } draws)
            {
                // The draw that is being offered counts; at release it was counted already.
                Add(Clause.Draws, request.Stage == PolicyStage.Offer ? request.Draws < draws : request.Draws <= draws);
            }

            if (limits.PeriodUses is { } periodUses)
            {
                Add(Clause.PeriodUses, request.PeriodUses < periodUses);
            }

            if (limits.PeriodOutputBytes is { } bytes)
            {
                Add(Clause.PeriodOutput, request.OutputBytesMax <= bytes - request.PeriodOutputBytes);
            }
        }

        void AddData(DataPolicy data)
        {
            Add(Clause.Code, data.Code.Contains(request.Code) || (request.CodeOwner is { } owner && data.AppOwners.Contains(owner)));
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
                Add(Clause.Consent, EnoughConsent(pool, request.Consenting));
            }
        }
    }

    private static bool EnoughConsent(PoolRule pool, ImmutableHashSet<Address> consenting)
    {
        var standing = 0;
        foreach (var member in pool.Members)
        {
            // Large pools: stop as soon as enough are found.
            if (consenting.Contains(member) && ++standing >= pool.MembersMin)
            {
                return true;
            }
        }

        return false;
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
