using System.Collections.Immutable;

namespace Sojourn.Attestation;

/// <summary>The three answers to "is it genuine?".</summary>
public enum QuoteOutcome
{
    /// <summary>No: something contradicts it.</summary>
    Rejected = 0,

    /// <summary>Not known: nothing contradicts it, but collateral for a full answer is missing. Never to be taken for a yes.</summary>
    Inconclusive,

    /// <summary>Yes.</summary>
    Genuine,
}

/// <summary>One thing that is wrong, with the place.</summary>
/// <param name="Fault">What.</param>
/// <param name="Detail">Where and how, for a person.</param>
public sealed record QuoteFinding(QuoteFault Fault, string Detail);

/// <summary>The verifier's answer: a <see cref="VerifiedQuote"/>, or every fault it found.</summary>
public sealed class QuoteVerdict
{
    internal QuoteVerdict(QuoteOutcome outcome, VerifiedQuote? quote, ImmutableArray<QuoteFinding> findings, QuoteClaims? claims, TcbStatus tcb = TcbStatus.NotApplicable, ImmutableArray<string> advisories = default)
    {
        Outcome = outcome;
        Quote = quote;
        Findings = findings;
        UnverifiedClaims = claims;
        UnverifiedTcb = tcb;
        UnverifiedAdvisories = advisories.IsDefault ? [] : advisories;
    }

    /// <summary>The answer.</summary>
    public QuoteOutcome Outcome { get; }

    /// <summary>The verified quote; null unless <see cref="Outcome"/> is genuine.</summary>
    public VerifiedQuote? Quote { get; }

    /// <summary>The first fault, or none.</summary>
    public QuoteFault Fault => Findings.IsEmpty ? QuoteFault.None : Findings[0].Fault;

    /// <summary>All faults found, the gravest kind first found first.</summary>
    public ImmutableArray<QuoteFinding> Findings { get; }

    /// <summary>What the evidence says of itself, for an explanation; believed by nobody.</summary>
    public QuoteClaims? UnverifiedClaims { get; }

    internal TcbStatus UnverifiedTcb { get; }

    internal ImmutableArray<string> UnverifiedAdvisories { get; }
}
