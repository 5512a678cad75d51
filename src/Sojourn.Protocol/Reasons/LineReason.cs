namespace Sojourn.Protocol.Reasons;

/// <summary>Why money moved, or did not: each line of an account has one. The numbers are part of the protocol.</summary>
public enum LineReason : byte
{
    /// <summary>Not a line.</summary>
    None = 0,

    /// <summary>Tokens created against a deposit.</summary>
    Deposited = 1,

    /// <summary>Tokens destroyed for a withdrawal.</summary>
    Withdrawn = 2,

    /// <summary>Sent to another account.</summary>
    TransferOut = 3,

    /// <summary>Received from another account.</summary>
    TransferIn = 4,

    /// <summary>Staked.</summary>
    Staked = 5,

    /// <summary>Stake returned after its delay.</summary>
    Unstaked = 6,

    /// <summary>Set aside for a job.</summary>
    Escrowed = 10,

    /// <summary>The post's fee.</summary>
    PostFee = 11,

    /// <summary>What a job did not use.</summary>
    Refunded = 12,

    /// <summary>Pay for a result that counts.</summary>
    ExecutorPaid = 20,

    /// <summary>Part of the pay: the work was done, and no result of it counts (a signed FAIL on which enough executors agree, results of which none was decided on).</summary>
    FailPaid = 21,

    /// <summary>Part of the pay although a reviewer rejected.</summary>
    ReviewFloorPaid = 22,

    /// <summary>Pay for votes that were cast and opened.</summary>
    VerifierPaid = 23,

    /// <summary>The price of an offer.</summary>
    OfferPaid = 24,

    /// <summary>Pay for holding the inputs.</summary>
    StoragePaid = 25,

    /// <summary>Pay for running a job again.</summary>
    AuditorPaid = 26,

    /// <summary>Pay for a place in a dispute's committee.</summary>
    DisputePaid = 27,

    /// <summary>The treasury's share.</summary>
    TreasuryPaid = 28,

    /// <summary>Matured credits became free tokens.</summary>
    PaidOut = 29,

    /// <summary>Not paid: drawn, and no evidence came in time.</summary>
    UnpaidNoEvidence = 40,

    /// <summary>Not paid: the verifiers did not admit the evidence.</summary>
    UnpaidNotAdmitted = 41,

    /// <summary>Not paid: no result came in time.</summary>
    UnpaidNoResult = 42,

    /// <summary>Not paid: a committed result was never shown.</summary>
    UnpaidNoReveal = 43,

    /// <summary>Not paid: the result differs from the agreed one.</summary>
    UnpaidWrongResult = 44,

    /// <summary>Not paid: the executor said it could not run the job.</summary>
    UnpaidFailed = 45,

    /// <summary>Not paid: a vote is missing.</summary>
    UnpaidNoVote = 46,

    /// <summary>Not paid: the appraisal behind the vote was not opened.</summary>
    UnpaidNotOpened = 47,

    /// <summary>Not paid: the opened appraisal differs from what the quorum saw.</summary>
    UnpaidOtherAppraisal = 48,

    /// <summary>Not paid: the checker module rejected the result.</summary>
    UnpaidChecker = 49,

    /// <summary>Not paid: a keeper did not release the key.</summary>
    UnpaidKeyDenied = 50,

    /// <summary>Not paid: the job ended before this work counted.</summary>
    UnpaidJobEnded = 51,

    /// <summary>Not paid: the vote was outvoted.</summary>
    UnpaidOutvoted = 52,

    /// <summary>Lost from the bond: the result was shown to be wrong.</summary>
    SlashedWrongResult = 60,

    /// <summary>Lost from the bond: a committed result was withheld.</summary>
    SlashedNoReveal = 61,

    /// <summary>Lost from the bond: drawn, and silent.</summary>
    SlashedSilent = 62,

    /// <summary>Lost from the stake: a drawn verifier did not vote.</summary>
    SlashedNoVote = 63,

    /// <summary>Lost from the stake: accepted evidence that was shown to be bad.</summary>
    SlashedWrongVote = 64,

    /// <summary>Lost from the stake: two contradictory messages.</summary>
    SlashedEquivocation = 65,

    /// <summary>Lost from the stake: a ticket with a false VRF proof.</summary>
    SlashedFalseTicket = 66,

    /// <summary>A share of what somebody else lost, for showing the proof.</summary>
    ReporterPaid = 67,

    /// <summary>A requester is made good for what a dispute cost.</summary>
    Compensated = 68,

    /// <summary>A challenge failed: its fee.</summary>
    ChallengeLost = 69,

    /// <summary>A challenge against this node failed: its fee is the node's.</summary>
    ChallengeWon = 70,

    /// <summary>Set aside for a batch.</summary>
    BatchEscrowed = 71,

    /// <summary>A claim from a batch.</summary>
    BatchClaimed = 72,

    /// <summary>The unclaimed rest of a batch.</summary>
    BatchRefunded = 73,
}
