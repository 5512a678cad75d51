using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Sojourn.Primitives;

namespace Sojourn.Protocol.Policies;

/// <summary>The conditions of a policy.</summary>
public enum Clause
{
    /// <summary>Between the policy's begin and end.</summary>
    Validity,

    /// <summary>Not revoked or replaced.</summary>
    Revocation,

    /// <summary>Who asks.</summary>
    Requester,

    /// <summary>Which code.</summary>
    Code,

    /// <summary>The level of the proof.</summary>
    Level,

    /// <summary>The kind of evidence.</summary>
    Kind,

    /// <summary>In whose hands the hardware is.</summary>
    Custody,

    /// <summary>How current the platform is.</summary>
    Tcb,

    /// <summary>What was measured.</summary>
    Measurement,

    /// <summary>Which chip.</summary>
    Chip,

    /// <summary>Everything else that the appraisal of the evidence found.</summary>
    Evidence,

    /// <summary>Where.</summary>
    Region,

    /// <summary>How many verifiers accepted.</summary>
    Verifiers,

    /// <summary>Uses in all.</summary>
    Uses,

    /// <summary>Draws in all.</summary>
    Draws,

    /// <summary>The period's uses.</summary>
    PeriodUses,

    /// <summary>The period's output.</summary>
    PeriodOutput,

    /// <summary>How much may come out.</summary>
    OutputSize,

    /// <summary>Who may read what comes out.</summary>
    OutputRecipients,

    /// <summary>Which guards look at it.</summary>
    Guards,

    /// <summary>Whether the output may reveal the code.</summary>
    CodeSecrecy,

    /// <summary>What is paid.</summary>
    Price,

    /// <summary>Whether enough members consent.</summary>
    Consent,
}

/// <summary>What was found of one clause.</summary>
public enum ClauseOutcome
{
    /// <summary>It holds.</summary>
    Holds,

    /// <summary>It does not.</summary>
    Fails,

    /// <summary>It cannot be told yet; it will be at release.</summary>
    Later,
}

/// <summary>One clause's verdict, with words for a person.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly struct ClauseVerdict
{
    private readonly string? fixedWords;
    private readonly OwnerPolicy policy;
    private readonly PolicyRequest request;

    internal ClauseVerdict(Clause clause, ClauseOutcome outcome, OwnerPolicy policy, PolicyRequest request, string? fixedWords = null)
    {
        Clause = clause;
        Outcome = outcome;
        this.policy = policy;
        this.request = request;
        this.fixedWords = fixedWords;
    }

    /// <summary>Which clause.</summary>
    public Clause Clause { get; }

    /// <summary>What was found.</summary>
    public ClauseOutcome Outcome { get; }

    /// <summary>The words to show: what was asked, what was found. Made when read, since most decisions are not.</summary>
    public string Words => fixedWords ?? ClauseWords.Of(Clause, Outcome, policy, request);

    /// <inheritdoc/>
    public override string ToString() => $"{Clause}: {Outcome}: {Words}";
}

/// <summary>The answer of a policy.</summary>
public sealed class PolicyDecision
{
    internal PolicyDecision(SignedPolicy policy, PolicyRequest request, ImmutableArray<ClauseVerdict> clauses)
    {
        Policy = policy;
        Request = request;
        Clauses = clauses;
        var allowed = true;
        foreach (var clause in clauses)
        {
            allowed &= clause.Outcome != ClauseOutcome.Fails && (clause.Outcome != ClauseOutcome.Later || request.Stage == PolicyStage.Offer);
        }

        Allowed = allowed;
        Grant = allowed && request.Stage == PolicyStage.Release ? new PolicyGrant(policy.Cid, request) : null;
    }

    /// <summary>The policy that was asked.</summary>
    public SignedPolicy Policy { get; }

    /// <summary>The facts it was held against.</summary>
    public PolicyRequest Request { get; }

    /// <summary>Whether nothing stands against it: at an offer, as far as can be told; at a release, at all.</summary>
    public bool Allowed { get; }

    /// <summary>Every clause's verdict.</summary>
    public ImmutableArray<ClauseVerdict> Clauses { get; }

    /// <summary>The grant that a key release needs; null unless the release is allowed.</summary>
    public PolicyGrant? Grant { get; }

    /// <summary>Clauses that fail.</summary>
    public IEnumerable<ClauseVerdict> Failures => Clauses.Where(clause => clause.Outcome == ClauseOutcome.Fails);
}

/// <summary>That a policy allows one release. Only the evaluator makes it.</summary>
public sealed class PolicyGrant
{
    internal PolicyGrant(Cid policy, PolicyRequest request)
    {
        Policy = policy;
        Request = request;
    }

    /// <summary>The signed policy's CID.</summary>
    public Cid Policy { get; }

    /// <summary>What was asked and found.</summary>
    public PolicyRequest Request { get; }
}
