using Sojourn.Primitives;

namespace Sojourn.Protocol.Reasons;

/// <summary>What happened.</summary>
public enum EventKind : byte
{
    /// <summary>Money moved, or did not; <see cref="LedgerEvent.Line"/> says why.</summary>
    Line = 1,

    /// <summary>A node registered or changed.</summary>
    NodeChanged = 2,

    /// <summary>An offer was published or changed.</summary>
    OfferChanged = 3,

    /// <summary>A job was posted. Number: the beacon's height.</summary>
    JobPosted = 10,

    /// <summary>A round began. Number: the round; Data: none.</summary>
    RoundBegan = 11,

    /// <summary>A ticket counts at the moment. Number: the role.</summary>
    TicketEntered = 12,

    /// <summary>An executor was drawn.</summary>
    ExecutorDrawn = 13,

    /// <summary>A verifier was drawn. Number: its seats.</summary>
    VerifierDrawn = 14,

    /// <summary>Evidence was published. Data: its digest.</summary>
    EvidencePublished = 15,

    /// <summary>A vote was cast; Account is the voter. Number: the verdict.</summary>
    Voted = 16,

    /// <summary>An executor is admitted. Data: the admission.</summary>
    Admitted = 17,

    /// <summary>An executor is refused.</summary>
    NotAdmitted = 18,

    /// <summary>A key release was recorded. Data: the wrapped key's digest.</summary>
    Released = 19,

    /// <summary>A keeper denied. Number: why.</summary>
    Denied = 20,

    /// <summary>A result was committed.</summary>
    Committed = 21,

    /// <summary>A result was revealed. Data: the receipt's digest, which joins the receipt log; Number: its index there.</summary>
    Revealed = 22,

    /// <summary>An executor failed, signed. Number: why.</summary>
    Failed = 23,

    /// <summary>Results agree. Data: the tag.</summary>
    Agreed = 24,

    /// <summary>Results contradict each other: a larger committee decides.</summary>
    Disputed = 25,

    /// <summary>The job is run again by others.</summary>
    Audited = 26,

    /// <summary>A phase began. Number: the phase.</summary>
    Phase = 27,

    /// <summary>A verifier judged or a reviewer reviewed. Number: 1 accepts.</summary>
    Judged = 28,

    /// <summary>The job is closed. Number: the outcome.</summary>
    Closed = 29,

    /// <summary>A proof of misbehaviour was accepted.</summary>
    Proved = 30,

    /// <summary>An appraisal was opened. Data: its digest.</summary>
    Opened = 31,

    /// <summary>A batch was posted or closed. Data: its id.</summary>
    Batch = 32,

    /// <summary>A contribution to the beacon was committed or shown.</summary>
    Contribution = 33,
}

/// <summary>One thing that happened, flat so that it fits a log of an EVM chain and a row of a table.</summary>
/// <param name="Kind">What.</param>
/// <param name="Line">Why, for money.</param>
/// <param name="Job">Which job, offer or batch; zero for none.</param>
/// <param name="Round">Which round.</param>
/// <param name="Account">Whom it concerns.</param>
/// <param name="Amount">How much.</param>
/// <param name="Number">See <see cref="EventKind"/>.</param>
/// <param name="Data">See <see cref="EventKind"/>.</param>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
public readonly record struct LedgerEvent(EventKind Kind, LineReason Line, Digest Job, byte Round, Address Account, Amount Amount, ulong Number, Digest Data);
