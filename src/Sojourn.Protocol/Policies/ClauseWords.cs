using System.Globalization;
using Sojourn.Attestation;

namespace Sojourn.Protocol.Policies;

/// <summary>What a clause asked and what was found, for a person.</summary>
internal static class ClauseWords
{
    public static string Of(Clause clause, ClauseOutcome outcome, OwnerPolicy policy, PolicyRequest request)
    {
        var later = outcome == ClauseOutcome.Later;
        var facts = request.Proof;
        var proof = policy.Proof;
        FormattableString words = clause switch
        {
            Clause.Validity => $"the policy is in force from {policy.NotBefore:yyyy-MM-dd} to {policy.NotAfter:yyyy-MM-dd}; it is {request.Now:yyyy-MM-dd}",
            Clause.Revocation => request.Revoked is not { } revoked ? (FormattableString)$"nobody has looked whether the owner has revoked the policy" : revoked ? (FormattableString)$"the owner has revoked or replaced the policy" : $"the policy is not revoked",
            Clause.Requester => policy.AnyRequester ? (FormattableString)$"anybody may ask" : $"{policy.Requesters.Length} account(s) may ask; {request.Requester} asks",
            Clause.Code when policy is AppPolicy => request.Role.HasFlag(ContentRoles.Input) ? (FormattableString)$"the code may be run, and the job takes it as data, from which it could be copied" : $"the code may be run{(request.Role == ContentRoles.None ? ", and what the job does with it is not known" : "")}",
            Clause.Code => $"{((DataPolicy)policy).Code.Length} module(s) and the modules of {((DataPolicy)policy).AppOwners.Length} owner(s) may see the data; the job runs {request.Code}{(request.CodeOwner is { } answers ? $", for which {answers} answers" : "")}{(request.Libraries.IsEmpty ? "" : $", linked with {string.Join(", ", request.Libraries.Select(library => library.Code))}")}{(request.Role == ContentRoles.Input ? "" : "; the data are not an input of it")}",
            Clause.Level => $"level {proof.Level.Name()} or above is asked; {(later ? "the evidence is still to come" : $"the evidence proves {facts!.Level.Name()}")}",
            Clause.Kind => $"{(proof.Kinds.IsEmpty ? "any real hardware" : string.Join(", ", proof.Kinds.Select(ProofRequirement.NameOf)))} will do; {(later ? "the evidence is still to come" : $"the evidence is {ProofRequirement.NameOf(facts!.Kind)}")}",
            Clause.Custody => $"custody {ProofRequirement.NameOf(proof.Custody)} or better is asked; {(later ? "the evidence is still to come" : $"the machine's is {ProofRequirement.NameOf(facts!.Custody)}")}",
            Clause.Tcb => $"platform status {string.Join(" or ", proof.TcbStatuses)} is asked; {(later ? "the evidence is still to come" : $"it is {facts!.Tcb}")}",
            Clause.Measurement => $"{(proof.AnyMeasurement ? "any measured state will do" : $"one of {proof.Measurements.Length} measured state(s) is asked")}; {(later ? "the evidence is still to come" : facts!.Reference.Length == 0 ? "none matched" : $"'{facts.Reference}' matched")}",
            Clause.Chip => $"the chip must be known by name{(later ? "; the evidence is still to come" : facts!.HasChip ? "; it is" : "; it is not")}",
            Clause.Evidence => later ? (FormattableString)$"the evidence is still to come" : facts!.Accepted ? (FormattableString)$"the evidence was checked and accepted" : $"the evidence is refused: {facts.Against}",
            Clause.Region => $"the region must be {string.Join(" or ", proof.Regions)} (the operator's word); {(request.Regions is not { } regions ? "none is known" : regions.IsEmpty ? "none is stated" : $"it is {string.Join(", ", regions)}")}",
            Clause.Verifiers => $"{proof.VerifiersMin} accepting verifier(s) are asked; {(later ? "votes are still to come" : request.Verifiers.ToString(CultureInfo.InvariantCulture))}",
            Clause.Uses => $"{policy.Limits.Uses} use(s) are allowed; {Count(request.Uses)} happened",
            Clause.Draws => $"{policy.Limits.Draws} draw(s) are allowed; {Count(request.Draws)} happened",
            Clause.PeriodUses => $"{policy.Limits.PeriodUses} use(s) are allowed in {Span(policy.Limits.Period)}; {Count(request.PeriodUses)} happened",
            Clause.PeriodOutput => $"{policy.Limits.PeriodOutputBytes} bytes may come out in {Span(policy.Limits.Period)}; {Count(request.PeriodOutputBytes)} could have, and the job may make {Count(request.OutputBytesMax)}",
            Clause.OutputSize => $"at most {((DataPolicy)policy).Output.BytesMax} bytes may come out; the job may make {Count(request.OutputBytesMax)}",
            Clause.OutputRecipients => $"{Readers(((DataPolicy)policy).Output)}; {(request.OutputRecipients.IsEmpty ? "the job's output is public" : $"the job seals it to {request.OutputRecipients.Length} key(s)")}",
            Clause.Guards => $"{((DataPolicy)policy).Output.Guards.Length} guard(s) must look at the output; {request.Guards.Count(((DataPolicy)policy).Output.Guards.Contains)} of them will",
            Clause.CodeSecrecy => $"{(((AppPolicy)policy).OutputMayRevealCode ? "the output may reveal the code" : $"the output must not reveal the code, so at most {((AppPolicy)policy).GuardedOutputBytesMax} bytes may come out")}; the job may make {Count(request.OutputBytesMax)}",
            Clause.Price => $"a use costs {policy.Price.PerUse}{(policy.Price.Shares.IsEmpty ? "" : $" in {policy.Price.Shares.Length} shares")}; {Paid(request)}",
            Clause.Consent => $"{((DataPolicy)policy).Pool!.MembersMin} of {((DataPolicy)policy).Pool!.Members.Length} members must consent and take part with their records; {Consents(((DataPolicy)policy).Pool!, request)}",
            _ => throw new ArgumentOutOfRangeException(nameof(clause)),
        };
        return FormattableString.Invariant(words);
    }

    internal static string Span(TimeSpan? span) => span switch
    {
        null => "no period",
        { TotalDays: >= 1 } s when s.Ticks % TimeSpan.TicksPerDay == 0 => FormattableString.Invariant($"{s.TotalDays} day(s)"),
        { TotalHours: >= 1 } s when s.Ticks % TimeSpan.TicksPerHour == 0 => FormattableString.Invariant($"{s.TotalHours} hour(s)"),
        { } s => FormattableString.Invariant($"{s.TotalSeconds} second(s)"),
    };

    private static string Count(long? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "an unknown number";

    private static string Paid(PolicyRequest request) => request.Paid is not { } paid ? "what the job pays is not known"
        : paid.IsEmpty ? "the job pays nothing for it" : $"the job pays {string.Join(", ", paid.OrderBy(pair => pair.Key).Select(pair => $"{pair.Value} to {pair.Key}"))}";

    private static string Consents(PoolRule pool, PolicyRequest request) => request.Consents is not { } consents ? "nobody has looked who does"
        : FormattableString.Invariant($"{pool.Members.Count(member => consents.TryGetValue(member, out var records) && request.JobContents.Contains(records))} do{(consents.Any(consent => consent.Value == request.Content) ? "" : ", and for this content no consent stands")}");

    private static string Readers(OutputRule output) => output.Public
        ? output.AnyRecipient || !output.Recipients.IsEmpty ? "the output may be public or sealed" : "the output may be public"
        : output.AnyRecipient ? "the requester chooses who may read the output" : FormattableString.Invariant($"{output.Recipients.Length} key(s) may read the output");
}
