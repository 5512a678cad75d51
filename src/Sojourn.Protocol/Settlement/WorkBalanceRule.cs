using Sojourn.Primitives;
using Sojourn.Protocol.Terms;

namespace Sojourn.Protocol.Settlement;

/// <summary>What of a job is written at once on the ledger that holds the money, and what is batched off it: a requester's rule on fee and value.</summary>
/// <remarks>
/// A job worth much goes onto the ledger whatever that costs; otherwise it does as long as the ledger's fees stay a small share of its value. What does not is posted to a side
/// ledger, whose payments come back under one Merkle root (see <see cref="SideSettlement"/>). A requester may also say it by hand.
/// </remarks>
public sealed record WorkBalanceRule
{
    /// <summary>What one transaction costs on the ledger that holds the money, in its smallest units.</summary>
    public required Amount FeePerTransaction { get; init; }

    /// <summary>The largest share of a job's value that fees may take, in parts of 10,000.</summary>
    /// <value>Default 200 (2 %).</value>
    public uint FeeShareMax { get; init; } = 200;

    /// <summary>From this value on a job always goes onto the ledger; zero for no such bound.</summary>
    public Amount AlwaysFrom { get; init; }

    /// <summary>How many transactions a job makes where everything goes well: each stage's messages once, and one drive.</summary>
    /// <param name="terms">The terms.</param>
    public static uint TransactionsOf(JobTerms terms)
    {
        ArgumentNullException.ThrowIfNull(terms);
        // Post and drive; ticket, evidence, reveal and (with several executors) commitment; ticket, vote and opening of each verifier seat; a release of each offer to each executor.
        var perExecutor = terms.Executors > 1 ? 4u : 3u;
        var judges = terms.Modes.HasFlag(VerificationModes.Checker) ? 1u : 0u;
        return 2 + (terms.Executors * (perExecutor + (uint)terms.Offers.Length)) + (terms.Verifiers * (3 + judges));
    }

    /// <summary>What the job's transactions would cost on the ledger.</summary>
    /// <param name="terms">The terms.</param>
    public Amount FeesOf(JobTerms terms) => FeePerTransaction * TransactionsOf(terms);

    /// <summary>Where a job's stages belong.</summary>
    /// <param name="terms">The terms.</param>
    /// <param name="quote">What it would set aside: its value.</param>
    public WorkBalance Decide(JobTerms terms, EscrowQuote quote)
    {
        ArgumentNullException.ThrowIfNull(terms);
        ArgumentNullException.ThrowIfNull(quote);
        return (!AlwaysFrom.IsZero && quote.Total >= AlwaysFrom) || FeesOf(terms) <= quote.Total.Share(FeeShareMax, 10_000) ? WorkBalance.OnLedger : WorkBalance.Batched;
    }
}
