namespace Sojourn.Protocol.State;

/// <summary>Where a job stands. A job's phase is the phase of its last round, until results agree.</summary>
public enum JobPhase : byte
{
    /// <summary>Waits for the beacon, then for tickets.</summary>
    Drawing = 0,

    /// <summary>Executors publish evidence, verifiers vote.</summary>
    Attesting = 1,

    /// <summary>Keepers release, executors run and commit (or, alone, reveal).</summary>
    Running = 2,

    /// <summary>Executors reveal.</summary>
    Revealing = 3,

    /// <summary>Waits for the beacon that decides about an audit.</summary>
    AuditDraw = 4,

    /// <summary>Verifiers open appraisals and judge, reviewers review.</summary>
    Judging = 5,

    /// <summary>Closed and settled.</summary>
    Closed = 6,
}

/// <summary>How a job ended.</summary>
public enum JobOutcome : byte
{
    /// <summary>It has not ended.</summary>
    Open = 0,

    /// <summary>A result was agreed and paid for.</summary>
    Succeeded = 1,

    /// <summary>Enough executors said, signed, that the job cannot be run.</summary>
    FailedByExecutors = 2,

    /// <summary>Too few eligible nodes answered.</summary>
    NoExecutors = 3,

    /// <summary>No executor was admitted.</summary>
    NotAdmitted = 4,

    /// <summary>Admitted executors gave too few results.</summary>
    NoResult = 5,

    /// <summary>A keeper did not release a key.</summary>
    KeyDenied = 6,

    /// <summary>Results contradict each other and no committee could decide.</summary>
    Disagreed = 7,

    /// <summary>The checker module rejected the result.</summary>
    CheckerRejected = 8,

    /// <summary>The reviewer rejected the result.</summary>
    ReviewRejected = 9,

    /// <summary>Cancelled before its beacon was known.</summary>
    Cancelled = 10,

    /// <summary>No committee decided about the result by the checker module.</summary>
    Unjudged = 11,
}

/// <summary>Why a round is drawn.</summary>
public enum RoundKind : byte
{
    /// <summary>The first one.</summary>
    Primary = 0,

    /// <summary>Those drawn before did not deliver. Where no executors are wanted, a committee alone is drawn, to judge by the checker.</summary>
    Redraw = 1,

    /// <summary>Results contradict each other.</summary>
    Dispute = 2,

    /// <summary>A finished job is run again.</summary>
    Audit = 3,
}

/// <summary>What an executor has done in its round.</summary>
public enum SeatStatus : byte
{
    /// <summary>Drawn; no evidence yet.</summary>
    Drawn = 0,

    /// <summary>Evidence is published; verifiers vote.</summary>
    Evidenced = 1,

    /// <summary>Admitted.</summary>
    Admitted = 2,

    /// <summary>Committed to a result.</summary>
    Committed = 3,

    /// <summary>Gave its result.</summary>
    Revealed = 4,

    /// <summary>Said, signed, that it cannot run the job.</summary>
    Failed = 5,

    /// <summary>No evidence in time.</summary>
    NoEvidence = 6,

    /// <summary>The verifiers did not admit it.</summary>
    Refused = 7,

    /// <summary>No result in time.</summary>
    NoResult = 8,

    /// <summary>Committed, and never revealed.</summary>
    NoReveal = 9,

    /// <summary>Its ticket or evidence was shown to be false.</summary>
    Void = 10,
}
