using Sojourn.Primitives;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Terms;

namespace Sojourn.Protocol.Settlement;

/// <summary>What a job can cost at most: its escrow covers every round that its terms allow, so that no settlement ever falls short. What is not used is given back.</summary>
/// <param name="Executors">Pay of executors, disputes and audits included.</param>
/// <param name="Verifiers">Pay of verifiers.</param>
/// <param name="Storage">Pay for storage.</param>
/// <param name="Offers">Prices of offers.</param>
/// <param name="Fee">The post's fee.</param>
/// <param name="Total">All of it.</param>
public sealed record EscrowQuote(Amount Executors, Amount Verifiers, Amount Storage, Amount Offers, Amount Fee, Amount Total)
{
    /// <summary>The largest amount that terms may name, so that no sum overflows.</summary>
    public static Amount AmountMax { get; } = new(UInt128.MaxValue >> 24);

    /// <summary>The most a job can cost, or null where a sum does not fit.</summary>
    /// <param name="terms">The terms.</param>
    /// <param name="rules">The ledger's rules.</param>
    /// <param name="offers">The sum of the offers' prices.</param>
    public static EscrowQuote? For(JobTerms terms, LedgerRules rules, Amount offers)
    {
        ArgumentNullException.ThrowIfNull(terms);
        ArgumentNullException.ThrowIfNull(rules);
        if (terms.ExecutorPay > AmountMax || terms.VerifierPay > AmountMax || terms.StoragePay > AmountMax || terms.ExecutorBond > AmountMax || offers > AmountMax)
        {
            return null;
        }

        var dispute = terms.Executors > 1 || CanBeAudited(terms, rules) || terms.Modes.HasFlag(VerificationModes.KnownAnswer);
        var audit = CanBeAudited(terms, rules);
        var seats = (ulong)terms.Executors + (dispute ? (ulong)DisputeSize(terms) : 0) + (audit ? 1UL : 0);
        var rounds = 1UL + terms.RedrawsMax + (dispute ? 1UL : 0) + (audit ? 1UL : 0);
        var executors = terms.ExecutorPay * seats;
        var verifiers = terms.VerifierPay * (rounds * terms.Verifiers);
        return new EscrowQuote(executors, verifiers, terms.StoragePay, offers, rules.PostFee, executors + verifiers + terms.StoragePay + offers + rules.PostFee);
    }

    /// <summary>The size of a dispute's committee of executors: larger than all that went before.</summary>
    /// <param name="terms">The job's terms.</param>
    public static int DisputeSize(JobTerms terms)
    {
        ArgumentNullException.ThrowIfNull(terms);
        return Math.Min((2 * terms.Executors) + 1, JobTerms.ExecutorsMax + 1);
    }

    /// <summary>Whether a job can be drawn for an audit.</summary>
    /// <param name="terms">The job's terms.</param>
    /// <param name="rules">The ledger's rules.</param>
    public static bool CanBeAudited(JobTerms terms, LedgerRules rules)
    {
        ArgumentNullException.ThrowIfNull(terms);
        ArgumentNullException.ThrowIfNull(rules);
        return terms.Audit > 0 || rules.AuditFloor > 0;
    }

    /// <summary>The most heights a job can take: every round in full, widened windows included.</summary>
    /// <param name="terms">The job's terms.</param>
    /// <param name="rules">The ledger's rules.</param>
    public static ulong HeightsMax(JobTerms terms, LedgerRules rules)
    {
        ArgumentNullException.ThrowIfNull(terms);
        ArgumentNullException.ThrowIfNull(rules);
        var rounds = 3UL + terms.RedrawsMax;
        return (rounds * (terms.Windows.Total + terms.Windows.Ticket + 8)) + (2UL * (rules.AuditDelay + terms.Windows.Judge + terms.Windows.Vote + terms.Windows.Evidence + 4));
    }
}
