using Sojourn.Protocol.State;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Ledger.Ethereum.Exchange;

/// <summary>What is to be done with what was said in a round.</summary>
internal enum RoundMove
{
    /// <summary>Nothing yet: more is to come.</summary>
    Wait,

    /// <summary>Everybody said everything, and the same: one call says it all.</summary>
    Conclude,

    /// <summary>The messages go to the chain, together.</summary>
    Bring,
}

/// <summary>What is to be done, and when it must be done at the latest.</summary>
/// <param name="Move">What.</param>
/// <param name="Due">The last height for the most urgent message; it is brought well before.</param>
/// <param name="Margin">How many heights before it.</param>
internal sealed record RoundPlan(RoundMove Move, ulong Due, ulong Margin)
{
    private const ulong MarginMax = 60;

    /// <summary>Nothing was said that the chain does not have.</summary>
    public static RoundPlan Idle { get; } = new(RoundMove.Wait, ulong.MaxValue, 0);

    /// <summary>Decides.</summary>
    /// <param name="preview">The job, on the chain and ahead of it.</param>
    /// <param name="index">The round.</param>
    /// <param name="isSealed">Whether keys must be released on the ledger in between.</param>
    /// <param name="allSigned">Whether every node of the round has signed over all of its messages.</param>
    public static RoundPlan Of(Preview preview, byte index, bool isSealed, bool allSigned)
    {
        var waiting = preview.Waiting.Where(message => Voice.PlaceOf(message.Body).Round == index).ToList();
        if (waiting.Count == 0)
        {
            return Idle;
        }

        var (chain, ahead) = (preview.OnChain.Rounds[index], preview.Ahead.Rounds[index]);
        var (due, margin) = waiting.Select(message => DueOf(chain, message.Body)).MinBy(one => one.Due - Math.Min(one.Due, one.Margin));
        var isFresh = preview.OnChain.Phase == JobPhase.Attesting && index == preview.OnChain.Round.Index && chain.Executors.TrueForAll(seat => seat.Status == SeatStatus.Drawn);
        if (isFresh && !isSealed && IsUnanimous(ahead))
        {
            var isWhole = allSigned && ahead.Executors.TrueForAll(seat => seat.Status == SeatStatus.Revealed);
            return new RoundPlan(isWhole ? RoundMove.Conclude : RoundMove.Wait, due, margin);
        }

        // The first part is whole when all evidence is shown, judged and opened; the second when nobody who was admitted is awaited any more.
        var isJudged = ahead.Executors.TrueForAll(seat => seat.Evidence is not null && Array.TrueForAll(seat.Votes, vote => vote?.Opened is not null));
        var isOver = ahead.Executors.TrueForAll(seat => seat.Status is not (SeatStatus.Drawn or SeatStatus.Evidenced or SeatStatus.Admitted or SeatStatus.Committed));
        var isFirst = waiting.Exists(message => message.Body is EvidencePublish);
        return new RoundPlan((isFirst ? isJudged : isOver) || index < preview.OnChain.Round.Index ? RoundMove.Bring : RoundMove.Wait, due, margin);
    }

    // Nothing that was said so far keeps the round from being concluded at once.
    private static bool IsUnanimous(RoundState round)
    {
        var first = round.Executors.Find(seat => seat.Result is not null)?.Result?.Statement;
        return round.Executors.TrueForAll(seat =>
            seat.Status is SeatStatus.Drawn or SeatStatus.Evidenced or SeatStatus.Admitted or SeatStatus.Committed or SeatStatus.Revealed
            && Array.TrueForAll(seat.Votes, vote => vote is null || (vote.Verdict == VoteVerdict.Accept && (vote.Opened is null || seat.Votes.All(other => other?.Opened is null || other.Opened == vote.Opened))))
            && (seat.Result is not { } result || (result.Statement.Tag == first!.Tag && result.Statement.Exit == first.Exit)));
    }

    private static (ulong Due, ulong Margin) DueOf(RoundState round, Transaction body) => body switch
    {
        EvidencePublish => (round.EvidenceClose, MarginOf(round.TicketClose, round.EvidenceClose)),
        VoteCast or AppraisalOpen => (round.VoteClose, MarginOf(round.EvidenceClose, round.VoteClose)),
        ResultCommit => (round.RunClose, MarginOf(round.VoteClose, round.RunClose)),
        _ => (round.RevealClose, MarginOf(round.RunClose, round.RevealClose)),
    };

    private static ulong MarginOf(ulong from, ulong to) => Math.Clamp((to - from) / 3, 2, MarginMax);
}
