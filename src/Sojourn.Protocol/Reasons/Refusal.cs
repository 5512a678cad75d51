namespace Sojourn.Protocol.Reasons;

/// <summary>Why a transaction was refused; nothing changed. The numbers are part of the protocol.</summary>
public enum Refusal : ushort
{
    /// <summary>It was not refused.</summary>
    None = 0,

    /// <summary>The bytes are not a transaction.</summary>
    Malformed = 1,

    /// <summary>The transaction is longer than allowed.</summary>
    TooLarge = 2,

    /// <summary>The version is not known here.</summary>
    UnknownVersion = 3,

    /// <summary>The kind is not known here.</summary>
    UnknownKind = 4,

    /// <summary>No signature where one is needed.</summary>
    Unsigned = 5,

    /// <summary>The signature does not hold for the sender on this ledger.</summary>
    BadSignature = 6,

    /// <summary>The nonce was used already.</summary>
    NonceUsed = 7,

    /// <summary>An earlier nonce is missing.</summary>
    NonceAhead = 8,

    /// <summary>A nonce where the kind takes none.</summary>
    NonceUnexpected = 9,

    /// <summary>A value is outside its bounds.</summary>
    OutOfBounds = 10,

    /// <summary>A sum does not fit.</summary>
    Overflow = 11,

    /// <summary>This very message was accepted before.</summary>
    Duplicate = 12,

    /// <summary>The ledger takes no more at the moment.</summary>
    Busy = 13,

    /// <summary>The sender may not do this.</summary>
    NotAllowed = 20,

    /// <summary>The account has too few free tokens.</summary>
    InsufficientFunds = 21,

    /// <summary>The node has too little stake that is not engaged.</summary>
    InsufficientStake = 22,

    /// <summary>The deposit's reference was credited before.</summary>
    ReferenceUsed = 23,

    /// <summary>No node is registered under the account.</summary>
    UnknownNode = 30,

    /// <summary>An earlier change of the profile has not taken effect everywhere.</summary>
    UpdateTooSoon = 31,

    /// <summary>Stake is unbonding already, or its time is not over.</summary>
    Unbonding = 32,

    /// <summary>The level is not admissible on this ledger.</summary>
    LevelNotAdmissible = 33,

    /// <summary>No such offer.</summary>
    UnknownOffer = 40,

    /// <summary>The offer is withdrawn or expired.</summary>
    OfferClosed = 41,

    /// <summary>The offer's uses or draws are used up.</summary>
    OfferUsedUp = 42,

    /// <summary>The job asks for less proof than the offer demands.</summary>
    OfferDemandsMore = 43,

    /// <summary>The offer's content is neither the job's code nor one of its inputs.</summary>
    OfferNotForJob = 44,

    /// <summary>No such open job.</summary>
    UnknownJob = 50,

    /// <summary>The job is closed.</summary>
    JobClosed = 51,

    /// <summary>The job has another round now.</summary>
    WrongRound = 52,

    /// <summary>The job is in another phase.</summary>
    WrongPhase = 53,

    /// <summary>A deadline has passed: drive the job first.</summary>
    MustBeDriven = 54,

    /// <summary>There is nothing to drive.</summary>
    NothingDue = 55,

    /// <summary>The beacon is known: the job can no longer be cancelled.</summary>
    TooLateToCancel = 56,

    /// <summary>The round's beacon is not known yet.</summary>
    BeaconUnknown = 57,

    /// <summary>A list is longer than allowed, empty, unsorted or repeats itself.</summary>
    BadList = 58,

    /// <summary>The windows are outside the ledger's bounds.</summary>
    BadWindows = 59,

    /// <summary>The node is not eligible for this role in this job.</summary>
    NotEligible = 60,

    /// <summary>The node took part in the job before, or was silent in it.</summary>
    Excluded = 61,

    /// <summary>The VRF proof does not hold.</summary>
    BadVrfProof = 62,

    /// <summary>A unit number is not below the node's units at the post.</summary>
    BadUnit = 63,

    /// <summary>The node's ticket is in already.</summary>
    TicketExists = 64,

    /// <summary>The ticket loses against those already in.</summary>
    TicketLoses = 65,

    /// <summary>The node does not claim the inputs in its profile.</summary>
    NotAHolder = 66,

    /// <summary>No such ticket.</summary>
    UnknownTicket = 67,

    /// <summary>Proofs are checked when they arrive here, or this one was checked before.</summary>
    AlreadyChecked = 68,

    /// <summary>The sender was not drawn for this.</summary>
    NotDrawn = 70,

    /// <summary>Evidence was published before.</summary>
    EvidenceExists = 71,

    /// <summary>There is no evidence to vote on.</summary>
    NoEvidence = 72,

    /// <summary>The opened proof of possession does not match the ticket.</summary>
    BadPossession = 73,

    /// <summary>The key has the wrong length or form.</summary>
    BadKey = 74,

    /// <summary>The vote was cast before.</summary>
    AlreadyVoted = 75,

    /// <summary>Voting on that executor is closed.</summary>
    VotingClosed = 76,

    /// <summary>Voting on that executor is still open.</summary>
    VotingOpen = 77,

    /// <summary>There is no vote to open.</summary>
    NoVote = 78,

    /// <summary>The opening does not match the vote.</summary>
    BadOpening = 79,

    /// <summary>The executor is not admitted.</summary>
    NotAdmitted = 80,

    /// <summary>The admission named is not the executor's.</summary>
    WrongAdmission = 81,

    /// <summary>A release or denial is recorded already.</summary>
    AlreadyReleased = 82,

    /// <summary>The offer needs no release, or is not the job's.</summary>
    NoReleaseNeeded = 83,

    /// <summary>A key has not been released yet.</summary>
    KeyNotReleased = 84,

    /// <summary>A result is committed already.</summary>
    AlreadyCommitted = 85,

    /// <summary>This round needs no commitment.</summary>
    NoCommitmentNeeded = 86,

    /// <summary>There is no commitment to reveal.</summary>
    NoCommitment = 87,

    /// <summary>The reveal does not match the commitment.</summary>
    BadReveal = 88,

    /// <summary>The admitted receipt key did not sign this result.</summary>
    BadEnclaveSignature = 89,

    /// <summary>The executor has given its result.</summary>
    AlreadyRevealed = 90,

    /// <summary>The job does not use this way of verification.</summary>
    NotUsed = 91,

    /// <summary>The commitment does not open to this.</summary>
    BadAnswer = 92,

    /// <summary>The evidence is not planted, or not the one published.</summary>
    NotPlanted = 93,

    /// <summary>The messages do not contradict each other.</summary>
    NoContradiction = 94,

    /// <summary>No such batch.</summary>
    UnknownBatch = 100,

    /// <summary>The leaf was claimed before.</summary>
    AlreadyClaimed = 101,

    /// <summary>The Merkle path does not lead to the root.</summary>
    BadProof = 102,

    /// <summary>The batch's claims are over, or not over yet.</summary>
    BatchWindow = 103,

    /// <summary>Nothing has matured for any of the accounts.</summary>
    NothingMatured = 104,

    /// <summary>The epoch is not the one this message belongs to.</summary>
    WrongEpoch = 110,
}
