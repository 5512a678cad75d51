using Sojourn.Protocol.Terms;

namespace Sojourn.Ledger.Ethereum;

/// <summary>What a job's way over the chain uses where everything goes well, in gas: so that a requester knows before it posts.</summary>
/// <param name="AtOnce">Where its nodes bundle what they say and the round is concluded at once; only jobs without sealed offers can be.</param>
/// <param name="ByMessages">Where each kind of message goes in a transaction of its own.</param>
/// <remarks>Straight lines through what <c>./bench gas</c> measured (`benchmarks/RESULTS.md`), in a market that runs: within a tenth for one to five executors and one to eleven verifiers.</remarks>
public sealed record GasEstimate(ulong AtOnce, ulong ByMessages)
{
    private const ulong Release = 75_000;

    /// <summary>Estimates a job.</summary>
    /// <param name="terms">Its terms.</param>
    public static GasEstimate Of(JobTerms terms)
    {
        ArgumentNullException.ThrowIfNull(terms);
        ulong e = terms.Executors;
        ulong v = terms.Verifiers;
        var post = 105_000 + (8_000 * (ulong)terms.Inputs.Length) + (20_000 * (ulong)terms.Offers.Length);
        var tickets = 45_000 + (24_300 * (e + v));
        var atOnce = post + tickets + 63_000 + (46_000 * e) + (24_500 * v) + 66_000 + (12_800 * e) + (11_200 * v);
        var draw = 36_000 + (16_000 * e) + (13_200 * v);
        var evidence = 21_000 + (34_700 * e);
        var votes = 32_000 + (11_200 * e) + (v * (17_500 + (11_000 * e)));
        var openings = 20_000 + (v * (12_000 + (20_000 * e)));
        var commits = e > 1 ? 21_000 + (34_200 * e) : 0;
        var reveals = 21_000 + (55_000 * e);
        var settle = 70_000 + (14_000 * e) + (20_200 * v);
        var releases = Release * e * (ulong)terms.Offers.Length;
        return new GasEstimate(atOnce, post + tickets + draw + evidence + votes + openings + releases + commits + reveals + settle);
    }
}
