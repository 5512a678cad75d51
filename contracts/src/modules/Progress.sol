// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISojournLedger} from "../ISojournLedger.sol";
import {Beacons} from "../libraries/Beacons.sol";
import {EventLog} from "../libraries/EventLog.sol";
import {Kinds, Lines, Outcome, Phase, Refusal, RoundKind, Status} from "../libraries/Reasons.sol";
import {IDrawing} from "./IDrawing.sol";
import {IProgress} from "./IProgress.sol";
import {Base} from "./Base.sol";
import {Settlement} from "./Settlement.sol";

/// @title How a job goes on: draws, evaluation of rounds, disputes, audits, the end
/// @dev `State/LedgerState.Drawing.cs` (Select), `.Running.cs` (Drive, AfterSeatChange) and `.Judging.cs`.
contract ProgressModule is Settlement, IProgress {
    using EventLog for EventLog.Log;

    address private immutable DRAWING;

    /// @param drawing The module that draws.
    constructor(ISojournLedger.Config memory c, address drawing) Base(c) {
        DRAWING = drawing;
    }

    /// @dev A job being driven.
    struct Job {
        EventLog.Log log;
        bytes32 id;
        Head head;
        uint256 t1;
    }

    function _job(bytes32 id, uint256 word) private view returns (Job memory j) {
        j.log = EventLog.about(id);
        j.id = id;
        j.head = _unpack(word);
        j.t1 = _terms1(j.head.arena);
    }

    function _done(Job memory j) private {
        if (j.head.phase != Phase.Closed) {
            _save(j.id, j.head);
        }
        j.log.flush();
    }

    /// @inheritdoc IProgress
    function advance(bytes32 id) external {
        Job memory j = _job(id, _jobs[id]);
        _afterSeatChange(j);
        _done(j);
    }

    /// @inheritdoc IProgress
    function judged(bytes32 id) external {
        Job memory j = _job(id, _jobs[id]);
        if (j.head.phase == Phase.Judging && _isJudged(j)) {
            _endJudging(j);
            _done(j);
        }
    }

    /// @inheritdoc IProgress
    function dispute(bytes32 id) external {
        Job memory j = _job(id, _jobs[id]);
        _dispute(j);
        _done(j);
    }

    /// @inheritdoc IProgress
    function cancelled(bytes32 id) external {
        Job memory j = _job(id, _jobs[id]);
        j.head.outcome = Outcome.Cancelled;
        _closeJob(j.log, id, j.head);
        _done(j);
    }

    /// @inheritdoc IProgress
    function drive(bytes32 id) external {
        (uint256 reason, uint256 word) = _find(id);
        _refuse(reason);
        Job memory j = _job(id, word);
        Head memory h = j.head;
        if (block.number <= h.deadline) {
            _refuse(Refusal.NothingDue);
        }
        if (h.phase == Phase.Drawing) {
            if (_delegate(DRAWING, abi.encodeCall(IDrawing.select, (id))) != 0) {
                return;
            }
            j = _job(id, _jobs[id]);
            _notStaffed(j);
        } else if (h.phase == Phase.Attesting) {
            _mark(h, Status.Drawn, Status.NoEvidence);
            uint256 voteClose = _close(j.t1, h.snapshot, h.round, 3);
            if (block.number <= voteClose) {
                _enter(j.log, h, Phase.Attesting, voteClose);
            } else {
                _refuseAll(j);
            }
            _afterSeatChange(j);
        } else if (h.phase == Phase.Running) {
            _mark(h, Status.Admitted, Status.NoResult);
            _afterSeatChange(j);
        } else if (h.phase == Phase.Revealing) {
            _mark(h, Status.Committed, Status.NoReveal);
            _afterSeatChange(j);
        } else if (h.phase == Phase.AuditDraw) {
            _drawAudit(j);
        } else {
            _endJudging(j);
        }
        _done(j);
    }

    // ------------------------------------------------------------------------------------------------------------- draws

    function _notStaffed(Job memory j) private {
        Head memory h = j.head;
        if (h.kind == RoundKind.Audit) {
            _finish(j, Outcome.Succeeded);
        } else if (h.kind == RoundKind.Redraw && h.wanted == 0) {
            _rejudge(j);
        } else if (h.kind != RoundKind.Dispute) {
            _redrawOr(j, h.wanted);
        } else if (h.redraws < _redrawsOf(j.t1)) {
            h.redraws++;
            _begin(j.log, h, j.t1, RoundKind.Dispute, h.wanted, false);
        } else {
            _resolveWithoutCommittee(j);
        }
    }

    // ------------------------------------------------------------------------------------------------------------- rounds

    function _mark(Head memory h, uint256 from, uint256 to) private {
        for (uint256 i = 0; i < h.executors; i++) {
            uint256 seat = _seatAt(h.arena, h.round, i);
            if (_status(seat) == from) {
                _setCell(h.arena, h.round, AT_EXECUTORS, i, _withStatus(seat, to));
            }
        }
    }

    function _refuseAll(Job memory j) private {
        Head memory h = j.head;
        for (uint256 i = 0; i < h.executors; i++) {
            uint256 seat = _seatAt(h.arena, h.round, i);
            if (_status(seat) == Status.Evidenced) {
                _setCell(h.arena, h.round, AT_EXECUTORS, i, _withStatus(seat, Status.Refused));
                j.log.add(Kinds.NotAdmitted, h.round, address(uint160(seat)), 0);
            }
        }
    }

    /// @dev Executors who said, signed, that the job cannot be run. Reasons from 7 on are the machine's own (resources, enclave): others are drawn as for silence.
    function _countRefused(Round memory r) private view returns (uint256 count) {
        for (uint256 i = 0; i < r.executors; i++) {
            uint256 seat = _seat(r, i);
            if (_status(seat) == Status.Failed && (seat >> 177) & 15 < 7) {
                count++;
            }
        }
    }

    /// @dev Goes on as soon as nobody's move is awaited.
    function _afterSeatChange(Job memory j) private {
        Head memory h = j.head;
        while (_isDue(h)) {
            if (h.concluded != 0) {
                _evaluate(j);
                return;
            }
            Round memory r = _round(h, h.round);
            uint256 committed = _countStatus(r, Status.Committed);
            if (h.phase == Phase.Attesting && committed + _countStatus(r, Status.Admitted) > 0) {
                _enter(j.log, h, Phase.Running, _close(j.t1, h.snapshot, h.round, h.wanted > 1 ? 4 : 5));
            } else if (h.phase == Phase.Running && committed > 0) {
                _enter(j.log, h, Phase.Revealing, _close(j.t1, h.snapshot, h.round, 5));
            } else {
                _evaluate(j);
                return;
            }
        }
    }

    function _evaluate(Job memory j) private {
        Head memory h = j.head;
        if (h.kind == RoundKind.Dispute) {
            _evaluateDispute(j);
            return;
        }
        if (h.kind == RoundKind.Audit) {
            _evaluateAudit(j);
            return;
        }
        Group memory g = _largest(h, ORIGINAL);
        if (g.groups > 1) {
            _dispute(j);
        } else if (g.count >= _agreeingOf(j.t1)) {
            _agree(j, g);
        } else {
            uint256 failed = 0;
            for (uint256 i = 0; i <= h.round; i++) {
                Round memory r = _round(h, i);
                if (r.kind <= RoundKind.Redraw) {
                    failed += _countRefused(r);
                }
            }
            if (g.count == 0 && failed >= _agreeingOf(j.t1)) {
                _finish(j, Outcome.FailedByExecutors);
            } else {
                _redrawOr(j, g.count == 0 ? _executorsOf(j.t1) : _agreeingOf(j.t1) - g.count);
            }
        }
    }

    function _redrawOr(Job memory j, uint256 wanted) private {
        if (j.head.redraws < _redrawsOf(j.t1)) {
            j.head.redraws++;
            _begin(j.log, j.head, j.t1, RoundKind.Redraw, wanted, false);
        } else {
            _finish(j, _whyNoResult(j.head));
        }
    }

    function _whyNoResult(Head memory h) private view returns (uint256) {
        bool any;
        bool admitted;
        bool keys;
        for (uint256 i = 0; i <= h.round; i++) {
            Round memory r = _round(h, i);
            if (r.kind > RoundKind.Redraw) {
                continue;
            }
            for (uint256 e = 0; e < r.executors; e++) {
                uint256 seat = _seat(r, e);
                any = true;
                if (seat & SEAT_ADMITTED != 0) {
                    admitted = true;
                    keys = keys || _hasKeys(h, seat);
                }
            }
        }
        // A keeper's silence stops a job as its refusal does.
        return !any ? Outcome.NoExecutors : !admitted ? Outcome.NotAdmitted : keys ? Outcome.NoResult : Outcome.KeyDenied;
    }

    // ------------------------------------------------------------------------------------------------------------- agreement

    /// @dev The largest group of equal results: where one of them is, its size, how many different results there are, how many results.
    struct Group {
        uint256 round;
        uint256 seat;
        uint256 result;
        uint256 count;
        uint256 groups;
        uint256 total;
    }

    /// @dev Which kinds of rounds count, as bits.
    uint256 private constant ORIGINAL = 3;
    uint256 private constant DISPUTE_ONLY = 4;
    uint256 private constant AUDIT_ONLY = 8;
    uint256 private constant ALL_BUT_DISPUTE = 11;

    function _largest(Head memory h, uint256 kinds) private view returns (Group memory g) {
        uint256 seats = h.round == 0 ? h.executors : 256;
        uint256[] memory results = new uint256[](seats);
        uint256[] memory counts = new uint256[](seats);
        for (uint256 i = 0; i <= h.round; i++) {
            Round memory r = _round(h, i);
            if ((kinds >> r.kind) & 1 == 0) {
                continue;
            }
            for (uint256 e = 0; e < r.executors; e++) {
                if (_status(_seat(r, e)) != Status.Revealed) {
                    continue;
                }
                uint256 result = _result(r, e) >> 128;
                uint256 k = 0;
                while (k < g.groups && results[k] != result) {
                    k++;
                }
                if (k == g.groups) {
                    results[k] = result;
                    g.groups++;
                }
                counts[k]++;
                g.total++;
                if (counts[k] > g.count) {
                    (g.count, g.round, g.seat, g.result) = (counts[k], i, r.concluded != 0 ? 0 : e, result);
                }
            }
        }
    }

    function _setAgreed(Job memory j, Group memory g) private {
        Head memory h = j.head;
        h.agreed = true;
        h.agreedRound = g.round;
        h.agreedSeat = g.seat;
        j.log.add(Kinds.Agreed, h.round, address(uint160(_cell(h.arena, g.round, AT_EXECUTORS, g.seat))), 0);
    }

    function _agree(Job memory j, Group memory g) private {
        Head memory h = j.head;
        _setAgreed(j, g);
        if ((_auditOf(j.t1) > 0 || AUDIT_FLOOR > 0) && !h.audited && !h.disputed) {
            _awaitAudit(j);
        } else {
            _finish(j, Outcome.Succeeded);
        }
    }

    /// @dev The draw is due at the beacon's own height, so the phase ends one height before it.
    function _awaitAudit(Job memory j) private {
        j.head.auditKept = false;
        _enter(j.log, j.head, Phase.AuditDraw, block.number + (AUDIT_DELAY > 1 ? AUDIT_DELAY : 1) - 1);
    }

    function _auditShare(Job memory j) private view returns (uint256) {
        uint256 share = _auditOf(j.t1) > AUDIT_FLOOR ? _auditOf(j.t1) : AUDIT_FLOOR;
        uint256 factor = 1;
        for (uint256 i = 0; i <= j.head.round; i++) {
            Round memory r = _round(j.head, i);
            for (uint256 e = 0; r.kind <= RoundKind.Redraw && e < r.executors; e++) {
                uint256 seat = _seat(r, e);
                if (_status(seat) != Status.Revealed) {
                    continue;
                }
                uint256 s = _stakes[address(uint160(seat))];
                uint256 agreed = (s >> STAKE_AGREED) & 0xFFFFF;
                uint256 own = s & STAKE_BLEMISHED != 0 ? 8 : agreed < 16 ? 4 : agreed < 128 ? 2 : 1;
                factor = own > factor ? own : factor;
            }
        }
        share *= factor;
        return share > 1_000_000 ? 1_000_000 : share;
    }

    /// @dev A beacon that the chain still vouches for must be brought before anyone may go on: otherwise whoever fears the audit would let it pass. One that nobody kept in time is lost, and a
    /// later one decides.
    function _drawAudit(Job memory j) private {
        Head memory h = j.head;
        uint256 height = h.deadline + 1;
        bytes32 beacon;
        if (h.auditKept) {
            beacon = bytes32(_cell(h.arena, JOB, 0, 7));
        } else if (block.number == height) {
            beacon = bytes32(block.prevrandao);
        } else if (Beacons.hashOf(height) != 0) {
            _refuse(Refusal.BeaconUnknown);
        } else {
            _awaitAudit(j);
            return;
        }
        uint256 draw = uint256(sha256(abi.encode(bytes32("sojourn/audit/1"), beacon, j.id))) >> 192;
        if (draw % 1_000_000 < _auditShare(j)) {
            h.audited = true;
            j.log.add(Kinds.Audited, h.round, address(0), 0);
            _begin(j.log, h, j.t1, RoundKind.Audit, 1, false);
        } else {
            _finish(j, Outcome.Succeeded);
        }
    }

    function _evaluateAudit(Job memory j) private {
        Head memory h = j.head;
        Group memory g = _largest(h, AUDIT_ONLY);
        if (g.count != 0 && g.result != _cell(h.arena, h.agreedRound, AT_RESULTS, h.agreedSeat) >> 128) {
            _dispute(j);
            return;
        }
        for (uint256 i = 0; g.count != 0 && i <= h.round; i++) {
            Round memory r = _round(h, i);
            for (uint256 e = 0; r.kind <= RoundKind.Redraw && e < r.executors; e++) {
                uint256 seat = _seat(r, e);
                if (_status(seat) == Status.Revealed) {
                    _count(address(uint160(seat)), RECORD_AUDITS);
                }
            }
        }
        _finish(j, Outcome.Succeeded);
    }

    function _dispute(Job memory j) private {
        j.head.disputed = true;
        j.log.add(Kinds.Disputed, j.head.round, address(0), 0);
        _begin(j.log, j.head, j.t1, RoundKind.Dispute, _disputeSize(_executorsOf(j.t1)), false);
    }

    function _evaluateDispute(Job memory j) private {
        Group memory g = _largest(j.head, DISPUTE_ONLY);
        if (g.count >= 2 * j.head.executors / 3 + 1) {
            j.head.decided = true;
            _setAgreed(j, g);
            _finish(j, Outcome.Succeeded);
        } else {
            j.head.agreed = false;
            _finish(j, Outcome.Disagreed);
        }
    }

    /// @dev No larger committee can be had: what most of those who ran the job say is paid for, and nothing is proved against the others.
    function _resolveWithoutCommittee(Job memory j) private {
        Group memory g = _largest(j.head, ALL_BUT_DISPUTE);
        if (g.count >= _agreeingOf(j.t1) && 2 * g.count > g.total) {
            _setAgreed(j, g);
            _finish(j, Outcome.Succeeded);
        } else {
            j.head.agreed = false;
            _finish(j, Outcome.Disagreed);
        }
    }

    // ------------------------------------------------------------------------------------------------------------- the end

    function _finish(Job memory j, uint256 outcome) private {
        Head memory h = j.head;
        h.outcome = outcome;
        if (_isJudged(j)) {
            _closeJob(j.log, j.id, h);
            return;
        }
        uint256 votes = block.number;
        for (uint256 i = 0; i <= h.round; i++) {
            Round memory r = _round(h, i);
            if (r.concluded == 0 && _misses(r)) {
                uint256 close = _close(j.t1, r.snapshot, i, 3);
                votes = close > votes ? close : votes;
            }
        }
        _enter(j.log, h, Phase.Judging, votes + _window(j.t1, 6));
    }

    function _evidenceOf(Round memory r) private view returns (uint256 mask) {
        for (uint256 e = 0; e < r.executors; e++) {
            if (_seat(r, e) & SEAT_EVIDENCE != 0) {
                mask |= 1 << e;
            }
        }
    }

    /// @dev Whether a vote on some evidence is missing.
    function _misses(Round memory r) private view returns (bool) {
        uint256 mask = _evidenceOf(r);
        for (uint256 i = 0; i < r.verifiers; i++) {
            uint256 voter = _voter(r, i);
            for (uint256 e = 0; e < r.executors; e++) {
                if ((mask >> e) & 1 != 0 && _verdict(voter, e) == 0) {
                    return true;
                }
            }
        }
        return false;
    }

    /// @dev Whether nothing is awaited any more: every vote is cast and opened, the checker has judged, the reviewer has spoken.
    function _isJudged(Job memory j) private view returns (bool) {
        Head memory h = j.head;
        for (uint256 i = 0; i <= h.round; i++) {
            Round memory r = _round(h, i);
            uint256 mask = _evidenceOf(r);
            for (uint256 v = 0; v < r.verifiers; v++) {
                if ((_voter(r, v) >> 227) & mask != mask) {
                    return false;
                }
            }
        }
        if (h.outcome != Outcome.Succeeded) {
            return true;
        }
        uint256 modes = _modesOf(j.t1);
        return (modes & MODE_REVIEW == 0 || h.reviewed != 0) && (modes & MODE_ANSWER == 0 || h.answered || h.disputed)
            && (modes & MODE_CHECKER == 0 || _hasEverybodyJudged(h));
    }

    /// @dev A quorum decides, but the window stays open for the others: who is slower than a quorum is not silent.
    function _hasEverybodyJudged(Head memory h) private view returns (bool) {
        Round memory r = _judgingRound(h);
        for (uint256 i = 0; i < r.verifiers; i++) {
            uint256 voter = _voter(r, i);
            if (_judged(voter) == 0 && _seats(voter) > 0) {
                return false;
            }
        }
        return r.verifiers > 0;
    }

    /// @dev A committee that keeps silent, or is split, says nothing of the result: another one is drawn, without those who kept silent; the job is not run again. Where none decides, nothing is proved
    /// for or against the result.
    function _rejudge(Job memory j) private {
        Head memory h = j.head;
        if (h.redraws < _redrawsOf(j.t1)) {
            h.redraws++;
            _begin(j.log, h, j.t1, RoundKind.Redraw, 0, false);
        } else {
            h.outcome = Outcome.Unjudged;
            _closeJob(j.log, j.id, h);
        }
    }

    function _endJudging(Job memory j) private {
        Head memory h = j.head;
        if (h.outcome == Outcome.Succeeded) {
            uint256 verdict = _modesOf(j.t1) & MODE_CHECKER != 0 ? _checkerVerdict(h, j.t1) : 2;
            if (verdict == 1) {
                h.outcome = Outcome.CheckerRejected;
            } else if (h.reviewed == 1) {
                h.outcome = Outcome.ReviewRejected;
            } else if (verdict == 0) {
                _rejudge(j);
                return;
            }
        }
        _closeJob(j.log, j.id, h);
    }
}
