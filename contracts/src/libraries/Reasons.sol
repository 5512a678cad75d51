// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Reasons for which something is refused
/// @dev The numbers are those of the state machine (`Reasons/Refusal.cs`).
library Refusal {
    uint256 internal constant None = 0;
    uint256 internal constant Malformed = 1;
    uint256 internal constant UnknownKind = 4;
    uint256 internal constant BadSignature = 6;
    uint256 internal constant OutOfBounds = 10;
    uint256 internal constant Overflow = 11;
    uint256 internal constant Duplicate = 12;
    uint256 internal constant Busy = 13;
    uint256 internal constant NotAllowed = 20;
    uint256 internal constant InsufficientFunds = 21;
    uint256 internal constant InsufficientStake = 22;
    uint256 internal constant UnknownNode = 30;
    uint256 internal constant UpdateTooSoon = 31;
    uint256 internal constant Unbonding = 32;
    uint256 internal constant LevelNotAdmissible = 33;
    uint256 internal constant UnknownOffer = 40;
    uint256 internal constant OfferClosed = 41;
    uint256 internal constant OfferUsedUp = 42;
    uint256 internal constant OfferDemandsMore = 43;
    uint256 internal constant OfferNotForJob = 44;
    uint256 internal constant UnknownJob = 50;
    uint256 internal constant JobClosed = 51;
    uint256 internal constant WrongRound = 52;
    uint256 internal constant WrongPhase = 53;
    uint256 internal constant MustBeDriven = 54;
    uint256 internal constant NothingDue = 55;
    uint256 internal constant TooLateToCancel = 56;
    uint256 internal constant BeaconUnknown = 57;
    uint256 internal constant BadList = 58;
    uint256 internal constant BadWindows = 59;
    uint256 internal constant NotEligible = 60;
    uint256 internal constant Excluded = 61;
    uint256 internal constant BadUnit = 63;
    uint256 internal constant TicketExists = 64;
    uint256 internal constant TicketLoses = 65;
    uint256 internal constant NotAHolder = 66;
    uint256 internal constant UnknownTicket = 67;
    uint256 internal constant AlreadyChecked = 68;
    uint256 internal constant NotDrawn = 70;
    uint256 internal constant EvidenceExists = 71;
    uint256 internal constant NoEvidence = 72;
    uint256 internal constant BadPossession = 73;
    uint256 internal constant BadKey = 74;
    uint256 internal constant AlreadyVoted = 75;
    uint256 internal constant VotingClosed = 76;
    uint256 internal constant VotingOpen = 77;
    uint256 internal constant NoVote = 78;
    uint256 internal constant BadOpening = 79;
    uint256 internal constant NotAdmitted = 80;
    uint256 internal constant WrongAdmission = 81;
    uint256 internal constant AlreadyReleased = 82;
    uint256 internal constant NoReleaseNeeded = 83;
    uint256 internal constant KeyNotReleased = 84;
    uint256 internal constant AlreadyCommitted = 85;
    uint256 internal constant NoCommitmentNeeded = 86;
    uint256 internal constant NoCommitment = 87;
    uint256 internal constant BadReveal = 88;
    uint256 internal constant BadEnclaveSignature = 89;
    uint256 internal constant AlreadyRevealed = 90;
    uint256 internal constant NotUsed = 91;
    uint256 internal constant BadAnswer = 92;
    uint256 internal constant NotPlanted = 93;
    uint256 internal constant NoContradiction = 94;
    uint256 internal constant UnknownBatch = 100;
    uint256 internal constant AlreadyClaimed = 101;
    uint256 internal constant BadProof = 102;
    uint256 internal constant BatchWindow = 103;
    uint256 internal constant NothingMatured = 104;
}

/// @title Why money moved, or did not
/// @dev The numbers are those of the state machine (`Reasons/LineReason.cs`).
library Lines {
    uint256 internal constant Deposited = 1;
    uint256 internal constant Withdrawn = 2;
    uint256 internal constant TransferOut = 3;
    uint256 internal constant TransferIn = 4;
    uint256 internal constant Staked = 5;
    uint256 internal constant Unstaked = 6;
    uint256 internal constant Escrowed = 10;
    uint256 internal constant PostFee = 11;
    uint256 internal constant Refunded = 12;
    uint256 internal constant ExecutorPaid = 20;
    uint256 internal constant FailPaid = 21;
    uint256 internal constant ReviewFloorPaid = 22;
    uint256 internal constant VerifierPaid = 23;
    uint256 internal constant OfferPaid = 24;
    uint256 internal constant StoragePaid = 25;
    uint256 internal constant AuditorPaid = 26;
    uint256 internal constant DisputePaid = 27;
    uint256 internal constant TreasuryPaid = 28;
    uint256 internal constant PaidOut = 29;
    uint256 internal constant UnpaidNoEvidence = 40;
    uint256 internal constant UnpaidNotAdmitted = 41;
    uint256 internal constant UnpaidNoResult = 42;
    uint256 internal constant UnpaidNoReveal = 43;
    uint256 internal constant UnpaidWrongResult = 44;
    uint256 internal constant UnpaidFailed = 45;
    uint256 internal constant UnpaidNoVote = 46;
    uint256 internal constant UnpaidNotOpened = 47;
    uint256 internal constant UnpaidOtherAppraisal = 48;
    uint256 internal constant UnpaidChecker = 49;
    uint256 internal constant UnpaidKeyDenied = 50;
    uint256 internal constant UnpaidJobEnded = 51;
    uint256 internal constant UnpaidOutvoted = 52;
    uint256 internal constant SlashedWrongResult = 60;
    uint256 internal constant SlashedNoReveal = 61;
    uint256 internal constant SlashedSilent = 62;
    uint256 internal constant SlashedNoVote = 63;
    uint256 internal constant SlashedWrongVote = 64;
    uint256 internal constant SlashedEquivocation = 65;
    uint256 internal constant SlashedFalseTicket = 66;
    uint256 internal constant ReporterPaid = 67;
    uint256 internal constant Compensated = 68;
    uint256 internal constant ChallengeLost = 69;
    uint256 internal constant ChallengeWon = 70;
    uint256 internal constant BatchEscrowed = 71;
    uint256 internal constant BatchClaimed = 72;
    uint256 internal constant BatchRefunded = 73;
}

/// @title Kinds of events
/// @dev The numbers are those of the state machine (`Reasons/LedgerEvent.cs`); 0 is a refused message.
library Kinds {
    uint256 internal constant Refused = 0;
    uint256 internal constant Line = 1;
    uint256 internal constant NodeChanged = 2;
    uint256 internal constant OfferChanged = 3;
    uint256 internal constant JobPosted = 10;
    uint256 internal constant RoundBegan = 11;
    uint256 internal constant TicketEntered = 12;
    uint256 internal constant ExecutorDrawn = 13;
    uint256 internal constant VerifierDrawn = 14;
    uint256 internal constant EvidencePublished = 15;
    uint256 internal constant Voted = 16;
    uint256 internal constant Admitted = 17;
    uint256 internal constant NotAdmitted = 18;
    uint256 internal constant Released = 19;
    uint256 internal constant Denied = 20;
    uint256 internal constant Committed = 21;
    uint256 internal constant Revealed = 22;
    uint256 internal constant Failed = 23;
    uint256 internal constant Agreed = 24;
    uint256 internal constant Disputed = 25;
    uint256 internal constant Audited = 26;
    uint256 internal constant Phase = 27;
    uint256 internal constant Judged = 28;
    uint256 internal constant Closed = 29;
    uint256 internal constant Proved = 30;
    uint256 internal constant Opened = 31;
    uint256 internal constant Batch = 32;
    uint256 internal constant Concluded = 33;
}

/// @title Phases of a job, kinds of rounds, statuses of seats, outcomes
/// @dev The numbers are those of the state machine (`State/JobEnums.cs`).
library Phase {
    uint256 internal constant Drawing = 0;
    uint256 internal constant Attesting = 1;
    uint256 internal constant Running = 2;
    uint256 internal constant Revealing = 3;
    uint256 internal constant AuditDraw = 4;
    uint256 internal constant Judging = 5;
    uint256 internal constant Closed = 6;
}

/// @title Kinds of rounds
library RoundKind {
    uint256 internal constant Primary = 0;
    uint256 internal constant Redraw = 1;
    uint256 internal constant Dispute = 2;
    uint256 internal constant Audit = 3;
}

/// @title Statuses of an executor's seat
library Status {
    uint256 internal constant Drawn = 0;
    uint256 internal constant Evidenced = 1;
    uint256 internal constant Admitted = 2;
    uint256 internal constant Committed = 3;
    uint256 internal constant Revealed = 4;
    uint256 internal constant Failed = 5;
    uint256 internal constant NoEvidence = 6;
    uint256 internal constant Refused = 7;
    uint256 internal constant NoResult = 8;
    uint256 internal constant NoReveal = 9;
    uint256 internal constant Void = 10;
}

/// @title Outcomes of a job
library Outcome {
    uint256 internal constant Open = 0;
    uint256 internal constant Succeeded = 1;
    uint256 internal constant FailedByExecutors = 2;
    uint256 internal constant NoExecutors = 3;
    uint256 internal constant NotAdmitted = 4;
    uint256 internal constant NoResult = 5;
    uint256 internal constant KeyDenied = 6;
    uint256 internal constant Disagreed = 7;
    uint256 internal constant CheckerRejected = 8;
    uint256 internal constant ReviewRejected = 9;
    uint256 internal constant Cancelled = 10;
    uint256 internal constant Unjudged = 11;
}
