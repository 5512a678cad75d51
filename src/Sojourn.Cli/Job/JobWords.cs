using System.Text.Json.Nodes;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;

namespace Sojourn.Cli.Job;

/// <summary>A job's stages in words.</summary>
internal static class JobWords
{
    /// <summary>What an event means for somebody who waits; null for what does not matter to them.</summary>
    public static string? Of(LedgerEvent e) => e.Kind switch
    {
        EventKind.JobPosted => $"escrowed; the beacon of height {e.Number} will draw",
        EventKind.ExecutorDrawn => $"elected to execute: {e.Account}",
        EventKind.VerifierDrawn => $"elected to verify: {e.Account}",
        EventKind.EvidencePublished => $"attested: {e.Account} published its evidence",
        EventKind.Admitted => $"admitted: {e.Account}",
        EventKind.NotAdmitted => $"refused by the verifiers: {e.Account}",
        EventKind.Released => $"key released to the enclave of {e.Account}",
        EventKind.Denied => $"a keeper denied: {(DenyReason)e.Number}",
        EventKind.Committed => $"ran and committed: {e.Account}",
        EventKind.Revealed => $"revealed: {e.Account}",
        EventKind.Failed => $"failed, signed: {e.Account} ({(FailReason)e.Number})",
        EventKind.Agreed => "results agree",
        EventKind.Disputed => "results contradict each other: a larger committee decides",
        EventKind.Audited => "drawn for an audit: others run it again",
        EventKind.Judged => $"judged by {e.Account}: {(e.Number == 1 ? "accepted" : "rejected")}",
        EventKind.Closed => $"closed: {(JobOutcome)e.Number}",
        _ => null,
    };

    /// <summary>The whole job as a document.</summary>
    /// <param name="job">The job.</param>
    /// <param name="offers">Its offers, where they are known: who did not answer is then named.</param>
    public static JsonObject Describe(JobView job, IReadOnlyCollection<OfferView>? offers = null) => new()
    {
        ["job"] = job.Id.ToString(),
        ["requester"] = job.Requester.ToString(),
        ["phase"] = job.Phase.ToString(),
        ["outcome"] = job.Outcome.ToString(),
        ["why"] = job.Phase == JobPhase.Closed ? Why(job, offers) : "waits for " + JobFollower.Waits(job),
        ["deadline"] = job.Phase == JobPhase.Closed ? null : job.Deadline,
        ["escrow"] = job.Escrow.ToString(),
        ["code"] = job.Terms.Code.ToString(),
        ["inputs"] = new JsonArray([.. job.Terms.Inputs.Select(input => (JsonNode)input.ToString())]),
        ["specification"] = job.Terms.Spec.ToString(),
        ["level"] = job.Terms.LevelMin.ToString(),
        ["agreedTag"] = job.AgreedTag?.ToString(),
        ["agreedExit"] = job.AgreedExit,
        ["rounds"] = new JsonArray([.. job.Rounds.Select(Round)]),
    };

    /// <summary>Why a job ended as it did, in words.</summary>
    /// <param name="job">The job.</param>
    /// <param name="offers">Its offers, where they are known.</param>
    public static string Why(JobView job, IReadOnlyCollection<OfferView>? offers = null)
    {
        var seats = job.Rounds.SelectMany(round => round.Executors).ToList();
        return job.Outcome switch
        {
            JobOutcome.Succeeded => job.Disputed ? "results contradicted each other, and a larger committee decided" : "enough results agree",
            JobOutcome.FailedByExecutors => $"the job cannot be run, executors say, signed: {Of(seats.Select(seat => seat.Fail?.ToString()))}",
            JobOutcome.NoExecutors => "too few eligible nodes entered the draw: level, memory, pay and locality are conditions, and operators have rules of their own (sojourn node status)",
            JobOutcome.NotAdmitted => $"the verifiers admitted nobody; they voted: {Of(seats.SelectMany(seat => seat.Votes).Select(vote => vote.Verdict.ToString()))}",
            JobOutcome.NoResult => $"no executor that was admitted gave a result in time; they ended as: {Of(seats.Select(seat => seat.Fail is { } fail ? $"{seat.Status} ({fail})" : seat.Status.ToString()))}",
            JobOutcome.KeyDenied when offers is { Count: > 0 } => KeyWords.Of(job, offers),
            JobOutcome.KeyDenied => Of(seats.SelectMany(seat => seat.Releases).Select(release => release.Denied?.ToString())) is { Length: > 0 } reasons ? $"a keeper did not release its key: {reasons}" : "a keeper did not answer in time",
            JobOutcome.Disagreed => "results contradict each other, and no committee could decide",
            JobOutcome.CheckerRejected => "the committee's quorum did not accept the result by the job's checker",
            JobOutcome.Unjudged => "no committee decided by the job's checker, however often one was drawn: nothing is said for or against the result",
            JobOutcome.ReviewRejected => "the reviewer rejected the result",
            JobOutcome.Cancelled => "its requester cancelled it before the draw was known",
            _ => "",
        };

        static string Of(IEnumerable<string?> reasons) => string.Join(", ", reasons.OfType<string>().GroupBy(reason => reason, StringComparer.Ordinal).OrderByDescending(group => group.Count()).Select(group => $"{group.Key} ×{group.Count()}"));
    }

    private static JsonNode Round(RoundView round) => new JsonObject
    {
        ["round"] = round.Index,
        ["kind"] = round.Kind.ToString(),
        ["beacon"] = round.Beacon?.ToString(),
        ["quorum"] = round.Quorum,
        ["executors"] = new JsonArray([.. round.Executors.Select(executor => new JsonObject
        {
            ["node"] = executor.Node.ToString(),
            ["status"] = executor.Status.ToString(),
            ["holdsInputs"] = executor.Local,
            ["votes"] = new JsonArray([.. executor.Votes.Select(vote => (JsonNode)$"{vote.Verifier} {vote.Verdict}")]),
            ["releases"] = new JsonArray([.. executor.Releases.Select(release => (JsonNode)$"{release.Offer} {(release.Denied is { } denied ? $"denied: {denied}" : "released")}")]),
            ["exit"] = executor.Result?.Statement.Exit,
            ["fuel"] = executor.Result?.Statement.Fuel,
            ["fail"] = executor.Fail?.ToString(),
        })]),
        ["verifiers"] = new JsonArray([.. round.Verifiers.Select(verifier => (JsonNode)$"{verifier.Node} ({verifier.Seats} seats)")]),
    };
}
