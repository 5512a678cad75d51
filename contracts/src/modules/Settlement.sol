// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISojournLedger} from "../ISojournLedger.sol";
import {EventLog} from "../libraries/EventLog.sol";
import {Kinds, Lines, Outcome, Phase, RoundKind, Status} from "../libraries/Reasons.sol";
import {Base} from "./Base.sol";

/// @title Everything that money does at the end of a job, once
/// @dev `State/LedgerState.Settling.cs`. Nothing is sent to anyone here: pay becomes credit, which matures and is taken out by payouts and withdrawals, so no receiver can stop a settlement.
abstract contract Settlement is Base {
    using EventLog for EventLog.Log;

    /// @dev What the parts of one settlement share.
    struct Books {
        EventLog.Log log;
        Head head;
        uint256 t1;
        uint256 t2;
        address requester;
        uint256 agreed; // upper half: the agreed result
        uint256 cost; // of a dispute, as far as nobody has made it good
        uint256 treasury;
        bool ran; // some executor once had every key
        uint256 verdict; // of the checker: 0 none, 1 rejects, 2 accepts
    }

    function _closeJob(EventLog.Log memory log, bytes32 id, Head memory h) internal {
        Books memory b;
        b.log = log;
        b.head = h;
        b.t1 = _terms1(h.arena);
        b.t2 = _terms2(h.arena);
        b.requester = address(uint160(_terms3(h.arena)));
        if (h.agreed) {
            b.agreed = _cell(h.arena, h.agreedRound, AT_RESULTS, h.agreedSeat) >> 128;
        }
        if (_modesOf(b.t1) & MODE_CHECKER != 0) {
            b.verdict = _checkerVerdict(h, b.t1);
        }
        Round[] memory rounds = new Round[](h.round + 1);
        for (uint256 i = 0; i <= h.round; i++) {
            rounds[i] = _round(h, i);
            if (rounds[i].kind == RoundKind.Dispute) {
                b.cost += uint64(b.t2) * rounds[i].executors + uint64(b.t2 >> 64) * _verifiersOf(b.t1);
            }
        }
        for (uint256 i = 0; i <= h.round; i++) {
            _settleRound(b, rounds[i]);
        }
        _settleOffers(b);
        _settleStorage(b, rounds);
        uint256 rest = h.escrow;
        _addFree(b.requester, rest);
        log.line(Lines.Refunded, 0, b.requester, rest);
        log.add(Kinds.Closed, h.round, b.requester, h.outcome);
        _giveBack(b, id);
    }

    /// @dev The arena goes to the next job, the head keeps how it ended.
    function _giveBack(Books memory b, bytes32 id) private {
        uint256 totals = _totals + (b.treasury << 64);
        // The link is never zero: a slot that is not cleared costs the next job less.
        _setCell(b.head.arena, JOB, 0, 1, LINK | uint32(totals >> 128));
        _totals = (totals & ~(uint256(type(uint32).max) << 128)) | (b.head.arena << 128);
        _jobs[id] = (Phase.Closed << 32) | (b.head.outcome << 35) | (b.head.round << 39) | (block.number << 64);
        b.head.phase = Phase.Closed;
    }

    function _pay(Books memory b, address to, uint256 amount, uint256 reason, uint256 round) private {
        b.head.escrow -= amount;
        uint256 share = amount * TREASURY_SHARE / PARTS;
        b.treasury += share;
        if (amount != 0) {
            _credit(to, amount - share);
        }
        b.log.line(reason, round, to, amount - share);
        if (share != 0) {
            b.log.line(Lines.TreasuryPaid, round, to, share);
        }
    }

    function _settleRound(Books memory b, Round memory r) private {
        uint256 count = r.executors;
        uint256[] memory seats = new uint256[](count);
        uint256 evidence = 0;
        for (uint256 i = 0; i < count; i++) {
            uint256 seat = seats[i] = _seat(r, i);
            if (seat & SEAT_EVIDENCE != 0) {
                evidence |= 1 << i;
            }
            b.ran = b.ran || (seat & SEAT_ADMITTED != 0 && _hasKeys(b.head, seat));
            _settleExecutor(b, r, i, seat);
        }
        bool judges = _modesOf(b.t1) & MODE_CHECKER != 0 && b.head.agreed && b.head.outcome != Outcome.Disagreed && _wasAsked(b.head, r);
        uint256[] memory voters = new uint256[](r.verifiers);
        for (uint256 i = 0; i < r.verifiers; i++) {
            voters[i] = _voter(r, i);
        }
        // Of a round that was concluded at once all appraisals are known to be equal.
        uint256[] memory common;
        if (r.concluded == 0) {
            common = _commonAppraisals(r, seats, voters, evidence);
        }
        for (uint256 i = 0; i < r.verifiers; i++) {
            _settleVerifier(b, r, i, voters[i], seats, common, evidence, judges);
        }
    }

    // ------------------------------------------------------------------------------------------------------------- executors

    function _settleExecutor(Books memory b, Round memory r, uint256 i, uint256 seat) private {
        address who = address(uint160(seat));
        uint256 bond = seat & SEAT_BOND_GONE != 0 ? 0 : _bondOf(b.t2);
        uint256 status = _status(seat);
        uint256 pay = uint64(b.t2);
        bool agrees = status == Status.Revealed && b.head.agreed && (_resultIsAgreed(b, r, i));
        // The bond is free again; a result that agreed counts in the same write.
        uint256 s = _stakes[who] - (bond << 64);
        if (agrees && (s >> STAKE_AGREED) & 0xFFFFF != 0xFFFFF) {
            s += 1 << STAKE_AGREED;
        }
        _stakes[who] = s;
        if (agrees) {
            _payAgreed(b, r, who, pay);
        } else if (status == Status.Revealed) {
            if (!b.head.agreed) {
                // Too few results, or no committee could decide: the work was done, and nothing is proved.
                _pay(b, who, pay * FAIL_SHARE / PARTS, Lines.FailPaid, r.index);
                return;
            }
            b.log.line(Lines.UnpaidWrongResult, r.index, who, 0);
            if (b.head.decided) {
                _count(who, RECORD_WRONG);
                uint256 taken = _slash(b.log, who, bond, Lines.SlashedWrongResult, r.index, address(0), b.requester, b.cost);
                b.cost -= taken < b.cost ? taken : b.cost;
            }
        } else if (status == Status.Failed) {
            _count(who, RECORD_FAILED);
            // A machine's own failure says nothing of the job and earns nothing: what the escrow is for is counted without it.
            if (b.head.outcome == Outcome.FailedByExecutors && (seat >> 177) & 15 < 7) {
                _pay(b, who, pay * FAIL_SHARE / PARTS, Lines.FailPaid, r.index);
            } else {
                b.log.line(Lines.UnpaidFailed, r.index, who, 0);
            }
        } else if (status == Status.NoReveal) {
            _count(who, RECORD_SILENT);
            b.log.line(Lines.UnpaidNoReveal, r.index, who, 0);
            _slash(b.log, who, bond, Lines.SlashedNoReveal, r.index, address(0), address(0), 0);
        } else if (status == Status.NoEvidence || status == Status.Void || (status == Status.NoResult && _hasKeys(b.head, seat))) {
            // Whoever plants spends a seat: that costs what silence costs.
            uint256 reason = status == Status.NoEvidence ? Lines.UnpaidNoEvidence : status == Status.Void ? Lines.UnpaidNotAdmitted : Lines.UnpaidNoResult;
            _count(who, RECORD_SILENT);
            b.log.line(reason, r.index, who, 0);
            _slash(b.log, who, bond * SILENT_EXECUTOR_SHARE / PARTS, Lines.SlashedSilent, r.index, address(0), address(0), 0);
        } else {
            b.log.line(
                status == Status.NoResult ? Lines.UnpaidKeyDenied : status == Status.Refused ? Lines.UnpaidNotAdmitted : Lines.UnpaidJobEnded, r.index, who, 0
            );
        }
    }

    /// @dev What the committee that judges says by the checker: 0 not known, 1 rejects, 2 accepts.
    function _checkerVerdict(Head memory h, uint256 t1) internal view returns (uint256) {
        Round memory r = _judgingRound(h);
        uint256[3] memory seats;
        for (uint256 i = 0; i < r.verifiers; i++) {
            uint256 voter = _voter(r, i);
            seats[_judged(voter)] += _seats(voter);
        }
        uint256 quorum = _quorum(t1);
        return seats[2] >= quorum ? 2 : seats[1] >= quorum ? 1 : 0;
    }

    function _resultIsAgreed(Books memory b, Round memory r, uint256 i) private view returns (bool) {
        return _result(r, i) >> 128 == b.agreed;
    }

    function _payAgreed(Books memory b, Round memory r, address who, uint256 pay) private {
        if (b.head.outcome == Outcome.CheckerRejected) {
            b.log.line(Lines.UnpaidChecker, r.index, who, 0);
        } else if (b.head.outcome == Outcome.Unjudged) {
            _pay(b, who, pay * FAIL_SHARE / PARTS, Lines.FailPaid, r.index);
        } else if (b.head.outcome == Outcome.ReviewRejected && r.kind <= RoundKind.Redraw) {
            _pay(b, who, pay * REVIEW_FLOOR_SHARE / PARTS, Lines.ReviewFloorPaid, r.index);
        } else {
            _pay(b, who, pay, r.kind == RoundKind.Dispute ? Lines.DisputePaid : r.kind == RoundKind.Audit ? Lines.AuditorPaid : Lines.ExecutorPaid, r.index);
        }
    }

    // ------------------------------------------------------------------------------------------------------------- verifiers

    /// @dev For each executor and side, what most seats opened: [2i] accepting, [2i + 1] not. Ties go to the smaller. Entries are the appraisal's first bits plus one, 0 for none.
    function _commonAppraisals(Round memory r, uint256[] memory seats, uint256[] memory voters, uint256 evidence) private view returns (uint256[] memory common) {
        uint256 count = seats.length;
        common = new uint256[](2 * count);
        uint256[] memory tally = new uint256[](voters.length);
        for (uint256 i = 0; i < count; i++) {
            if ((evidence >> i) & 1 == 0) {
                continue;
            }
            uint256 different = 0;
            for (uint256 j = 0; j < voters.length; j++) {
                uint256 voter = voters[j];
                if (!_isOpened(voter, i)) {
                    continue;
                }
                // appraisal 32 | side 1 | seats
                uint256 key = (_openedOf(r, j, voter, i) << 1) | (_verdict(voter, i) == 1 ? 0 : 1);
                uint256 k = 0;
                while (k < different && tally[k] >> 16 != key) {
                    k++;
                }
                if (k == different) {
                    tally[k] = key << 16;
                    different++;
                }
                tally[k] += _seats(voter);
            }
            _pick(common, i, tally, different);
        }
    }

    function _pick(uint256[] memory common, uint256 i, uint256[] memory tally, uint256 different) private pure {
        uint256[2] memory most;
        for (uint256 k = 0; k < different; k++) {
            uint256 side = (tally[k] >> 16) & 1;
            uint256 opened = (tally[k] >> 17) + 1;
            uint256 seats = tally[k] & 0xFFFF;
            if (seats > most[side] || (seats == most[side] && seats != 0 && opened < common[2 * i + side])) {
                most[side] = seats;
                common[2 * i + side] = opened;
            }
        }
    }

    /// @dev Votes missed and, where there is one, why the verifier is not paid (0 where it is).
    function _ballotOf(Round memory r, uint256 i, uint256 voter, uint256[] memory seats, uint256[] memory common, uint256 evidence)
        private
        view
        returns (uint256 missed, uint256 reason)
    {
        for (uint256 e = 0; e < seats.length; e++) {
            if ((evidence >> e) & 1 == 0) {
                continue;
            }
            uint256 verdict = _verdict(voter, e);
            if (verdict == 0) {
                missed++;
                continue;
            }
            bool isVoid = _status(seats[e]) == Status.Void;
            if (isVoid && verdict == 1) {
                reason = Lines.UnpaidOutvoted;
            } else if (!_isOpened(voter, e)) {
                reason = Lines.UnpaidNotOpened;
            } else if (reason != 0) {
                continue;
            } else if (!isVoid && (verdict == 1) == (seats[e] & SEAT_ADMITTED == 0)) {
                reason = Lines.UnpaidOutvoted;
            } else if (_openedOf(r, i, voter, e) + 1 != common[2 * e + (verdict == 1 ? 0 : 1)]) {
                reason = Lines.UnpaidOtherAppraisal;
            }
        }
    }

    function _settleVerifier(
        Books memory b,
        Round memory r,
        uint256 i,
        uint256 voter,
        uint256[] memory seats,
        uint256[] memory common,
        uint256 evidence,
        bool judges
    ) private {
        address who = address(uint160(voter));
        uint256 bond = _voterBond(voter);
        uint256 missed;
        uint256 reason;
        if (r.concluded == 0) {
            (missed, reason) = _ballotOf(r, i, voter, seats, common, evidence);
        }
        if (judges && _judged(voter) == 0) {
            missed++;
        } else if (judges && b.verdict != 0 && _judged(voter) != b.verdict) {
            reason = Lines.UnpaidOutvoted;
        }
        bool isDue = evidence != 0 || judges;
        bool isOut = bond == 0 || _seats(voter) == 0;
        bool isPaid = isDue && !isOut && missed == 0 && reason == 0;
        uint256 s = _stakes[who] - (bond << 64);
        if (isPaid && (s >> STAKE_VOTED) & STAKE_VOTED_MAX != STAKE_VOTED_MAX) {
            s += 1 << STAKE_VOTED;
        }
        _stakes[who] = s;
        if (!isDue) {
            return;
        }
        if (isOut) {
            // Shown to have contradicted itself, or to have no place here; it has lost its bond already.
            b.log.line(Lines.UnpaidOutvoted, r.index, who, 0);
        } else if (missed > 0) {
            _count(who, RECORD_MISSED);
            b.log.line(Lines.UnpaidNoVote, r.index, who, 0);
            _slash(b.log, who, SILENT_VERIFIER_PENALTY * _seats(voter), Lines.SlashedNoVote, r.index, address(0), address(0), 0);
        } else if (isPaid) {
            _pay(b, who, uint64(b.t2 >> 64) * _seats(voter), Lines.VerifierPaid, r.index);
        } else {
            b.log.line(reason, r.index, who, 0);
        }
    }

    // ------------------------------------------------------------------------------------------------------------- offers and storage

    function _settleOffers(Books memory b) private {
        for (uint256 i = 0; i < b.head.offers; i++) {
            OfferData storage o = _offers[bytes32(_cell(b.head.arena, JOB, AT_OFFERS, i))];
            uint256 price = _cell(b.head.arena, JOB, AT_PRICES, i);
            bool used = (price >> 64) & 1 != 0;
            uint256 head = o.head;
            uint256 counts = o.counts;
            if (!used) {
                counts -= 1 << 224;
            }
            bool isOpen = head & OFFER_SEALED == 0;
            if (used && !b.ran) {
                // Nothing ran: whoever released a key in vain lost nothing. Where some custodians' shares were enough, the owner is paid whichever of their offers the price stands in.
                b.log.line(Lines.UnpaidKeyDenied, 0, address(uint160(head)), 0);
            } else if (used || (b.ran && head >> 232 != 0) || (isOpen && b.head.outcome == Outcome.Succeeded)) {
                if (isOpen && uint32(counts >> 160) != type(uint32).max) {
                    counts += 1 << 160;
                }
                _pay(b, address(uint160(head)), uint64(price), Lines.OfferPaid, 0);
            }
            o.counts = counts;
        }
    }

    function _settleStorage(Books memory b, Round[] memory rounds) private {
        uint256 pay = uint64(b.t2 >> 128);
        if (pay == 0 || b.head.outcome != Outcome.Succeeded) {
            return;
        }
        address node = _hasMore(b.t1) ? address(uint160(_cell(b.head.arena, JOB, 0, 4))) : address(0);
        if (node != address(0)) {
            _pay(b, node, pay, Lines.StoragePaid, 0);
            return;
        }
        uint256 holders = 0;
        for (uint256 pass = 0; pass < 2; pass++) {
            for (uint256 i = 0; i < rounds.length; i++) {
                if (rounds[i].kind > RoundKind.Redraw) {
                    continue;
                }
                for (uint256 e = 0; e < rounds[i].executors; e++) {
                    uint256 seat = _seat(rounds[i], e);
                    if (seat & SEAT_LOCAL == 0 || _status(seat) != Status.Revealed || !_resultIsAgreed(b, rounds[i], e)) {
                        continue;
                    }
                    if (pass == 0) {
                        holders++;
                    } else {
                        _pay(b, address(uint160(seat)), pay / holders, Lines.StoragePaid, 0);
                    }
                }
            }
        }
    }
}
