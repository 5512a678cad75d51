// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISojournLedger} from "../ISojournLedger.sol";
import {EventLog} from "../libraries/EventLog.sol";
import {MessageHash} from "../libraries/MessageHash.sol";
import {Planted} from "../libraries/Planted.sol";
import {Kinds, Lines, Phase, Refusal, Status} from "../libraries/Reasons.sol";
import {Base} from "./Base.sol";
import {IProgress} from "./IProgress.sol";

/// @title Evidence, votes, appraisals, planted evidence
/// @dev `State/LedgerState.Attesting.cs`. Of evidence the ledger keeps keccak256(admission ‖ keys), of a voter's appraisals one digest over all of them in the order cast.
contract AttestingModule is Base {
    using EventLog for EventLog.Log;

    address private immutable PROGRESS;

    /// @param progress The module by which jobs go on.
    constructor(ISojournLedger.Config memory c, address progress) Base(c) {
        PROGRESS = progress;
    }

    function _goOn(bytes32 id, EventLog.Log memory log, Head memory h) private {
        if (_isDue(h)) {
            log.flush();
            _delegate(PROGRESS, abi.encodeCall(IProgress.advance, (id)));
        }
    }

    // ------------------------------------------------------------------------------------------------------------- evidence

    /// @notice See `ISojournLedger.evidence`.
    function evidence(bytes32 id, uint8 round, ISojournLedger.Evidence[] calldata items) external {
        bytes32 domain = _domain();
        EventLog.Log memory log = EventLog.about(id);
        uint256 first = Refusal.BadList;
        bool any;
        for (uint256 i = 0; i < items.length; i++) {
            uint256 reason = _isSigned(domain, MessageHash.hash(id, round, items[i]), items[i].node, items[i].r, items[i].vs)
                ? _evidence(log, id, round, items[i])
                : Refusal.BadSignature;
            any = any || reason == 0;
            first = _report(log, reason, i == 0 ? 0 : first, items[i].node);
        }
        if (!any) {
            _refuse(first);
        }
        log.flush();
    }

    function _evidence(EventLog.Log memory log, bytes32 id, uint256 round, ISojournLedger.Evidence calldata e) private returns (uint256) {
        (uint256 reason, Head memory h) = _findRound(id, round);
        if (reason != 0) {
            return reason;
        }
        if (h.phase != Phase.Attesting || block.number > _close(_terms1(h.arena), h.snapshot, round, 2)) {
            return Refusal.WrongPhase;
        }
        Round memory r = _round(h, round);
        (uint256 where, uint256 seat) = _executorIndex(r, e.node);
        if (where == r.executors) {
            return Refusal.NotDrawn;
        }
        if (_status(seat) != Status.Drawn) {
            return Refusal.EvidenceExists;
        }
        if (e.hpkeKey.length == 0 || e.hpkeKey.length > 133 || e.receiptKey.length != 33) {
            return Refusal.BadKey;
        }
        if (
            seat & SEAT_LOCAL != 0
                ? sha256(abi.encode(bytes32("sojourn/possession/1"), e.node, e.possession)) != bytes32(_cell(r.arena, round, AT_POSSESSION, where))
                : e.possession != 0
        ) {
            return Refusal.BadPossession;
        }
        bytes32 keys = keccak256(abi.encode(keccak256(e.hpkeKey), keccak256(e.receiptKey)));
        _setCell(r.arena, round, AT_RESULTS, where, uint256(MessageHash.evidenceOf(MessageHash.admission(id, round, e.node, e.digest), keys)));
        _setSeat(r, where, _withStatus(seat, Status.Evidenced) | SEAT_EVIDENCE);
        log.add(Kinds.EvidencePublished, 0, round, e.node, 0, 0, e.digest);
        return 0;
    }

    // ------------------------------------------------------------------------------------------------------------- votes

    /// @dev A round of an open job, whatever its phase; for what may still come after the job has gone on.
    function _findAny(bytes32 id, uint256 index) private view returns (uint256 reason, Head memory h, Round memory r) {
        uint256 word;
        (reason, word) = _find(id);
        if (reason != 0) {
            return (reason, h, r);
        }
        h = _unpack(word);
        if (block.number > h.deadline) {
            return (Refusal.MustBeDriven, h, r);
        }
        if (index > h.round) {
            return (Refusal.WrongRound, h, r);
        }
        r = _round(h, index);
    }

    /// @notice See `ISojournLedger.votes`.
    function votes(bytes32 id, uint8 round, ISojournLedger.VoteCast[] calldata items) external {
        bytes32 domain = _domain();
        EventLog.Log memory log = EventLog.about(id);
        uint256 first = Refusal.BadList;
        bool any;
        for (uint256 i = 0; i < items.length; i++) {
            uint256 reason = _isSigned(domain, MessageHash.hash(id, round, items[i]), items[i].node, items[i].r, items[i].vs)
                ? _vote(log, id, round, items[i])
                : Refusal.BadSignature;
            any = any || reason == 0;
            first = _report(log, reason, i == 0 ? 0 : first, items[i].node);
        }
        if (!any) {
            _refuse(first);
        }
        log.flush();
    }

    /// @dev What the votes of one ballot share.
    struct Ballot {
        bytes32 id;
        Head head;
        Round r;
        uint256 where;
        uint256 voter;
        uint256 t1;
        uint256[] places;
    }

    function _vote(EventLog.Log memory log, bytes32 id, uint256 round, ISojournLedger.VoteCast calldata b) private returns (uint256) {
        Ballot memory d;
        d.id = id;
        uint256 reason;
        (reason, d.head, d.r) = _findAny(id, round);
        if (reason != 0) {
            return reason;
        }
        (d.where, d.voter) = _voterIndex(d.r, b.node);
        if (d.where == d.r.verifiers) {
            return Refusal.NotDrawn;
        }
        d.t1 = _terms1(d.head.arena);
        if (block.number > _close(d.t1, d.r.snapshot, round, 3)) {
            return Refusal.VotingClosed;
        }
        reason = _checkVotes(d, b.votes);
        if (reason == 0) {
            _countVotes(log, d, b);
            _goOn(id, log, d.head);
        }
        return reason;
    }

    /// @dev Whether each vote may be cast; notes where the executors sit.
    function _checkVotes(Ballot memory d, ISojournLedger.Vote[] calldata list) private view returns (uint256) {
        if (list.length == 0 || list.length > d.r.executors) {
            return Refusal.BadList;
        }
        d.places = new uint256[](list.length);
        for (uint256 i = 0; i < list.length; i++) {
            ISojournLedger.Vote calldata v = list[i];
            if (i > 0 && list[i - 1].executor >= v.executor) {
                return Refusal.BadList;
            }
            if (v.verdict == 0 || v.verdict > 6) {
                return Refusal.OutOfBounds;
            }
            (uint256 place, uint256 seat) = _executorIndex(d.r, v.executor);
            if (place == d.r.executors) {
                return Refusal.NotDrawn;
            }
            if (seat & SEAT_EVIDENCE == 0) {
                return Refusal.NoEvidence;
            }
            if (_verdict(d.voter, place) != 0) {
                return Refusal.AlreadyVoted;
            }
            d.places[i] = place;
        }
        return 0;
    }

    function _countVotes(EventLog.Log memory log, Ballot memory d, ISojournLedger.VoteCast calldata b) private {
        uint256 round = d.r.index;
        uint256 voter = d.voter;
        bytes32 ballot = (voter >> 176) & ((1 << 51) - 1) == 0 ? bytes32(0) : bytes32(_cell(d.r.arena, round, AT_BALLOTS, d.where));
        for (uint256 i = 0; i < d.places.length; i++) {
            ISojournLedger.Vote calldata v = b.votes[i];
            voter |= uint256(v.verdict) << (176 + 3 * d.places[i]);
            ballot = keccak256(abi.encode(ballot, v.executor, v.appraisal));
            log.add(Kinds.Voted, 0, round, b.node, 0, v.verdict, v.appraisal);
            _tally(log, d.r, d.places[i], _seats(voter), v.verdict == 1, d.t1);
        }
        _setVoter(d.r, d.where, voter);
        _setCell(d.r.arena, round, AT_BALLOTS, d.where, uint256(ballot));
    }

    function _tally(EventLog.Log memory log, Round memory r, uint256 i, uint256 seats, bool accepts, uint256 t1) private {
        uint256 quorum = _quorum(t1);
        uint256 seat = _seat(r, i) + (seats << 170) + (accepts ? seats << 164 : 0);
        if (_status(seat) == Status.Evidenced) {
            if (_accepting(seat) >= quorum) {
                seat = _withStatus(seat, Status.Admitted) | SEAT_ADMITTED;
                log.add(Kinds.Admitted, r.index, address(uint160(seat)), 0);
            } else if (_voting(seat) - _accepting(seat) > _verifiersOf(t1) - quorum) {
                seat = _withStatus(seat, Status.Refused);
                log.add(Kinds.NotAdmitted, r.index, address(uint160(seat)), 0);
            }
        }
        _setSeat(r, i, seat);
    }

    // ------------------------------------------------------------------------------------------------------------- appraisals

    /// @notice See `ISojournLedger.openings`.
    function openings(bytes32 id, uint8 round, ISojournLedger.AppraisalOpen[] calldata items) external {
        bytes32 domain = _domain();
        EventLog.Log memory log = EventLog.about(id);
        uint256 first = Refusal.BadList;
        bool any;
        for (uint256 i = 0; i < items.length; i++) {
            uint256 reason = _isSigned(domain, MessageHash.hash(id, round, items[i]), items[i].node, items[i].r, items[i].vs)
                ? _open(log, id, round, items[i])
                : Refusal.BadSignature;
            any = any || reason == 0;
            first = _report(log, reason, i == 0 ? 0 : first, items[i].node);
        }
        if (!any) {
            _refuse(first);
        }
        log.flush();
    }

    /// @dev Whether appraisals on an executor may be opened: nobody can copy them into a vote any more.
    function _isVotingClosed(Head memory h, Round memory r, uint256 executor) private view returns (bool) {
        return block.number > _close(_terms1(h.arena), r.snapshot, r.index, 3) || _hasEverybodyVoted(r, executor);
    }

    function _open(EventLog.Log memory log, bytes32 id, uint256 round, ISojournLedger.AppraisalOpen calldata o) private returns (uint256) {
        (uint256 reason, Head memory h, Round memory r) = _findAny(id, round);
        if (reason != 0) {
            return reason;
        }
        (uint256 where, uint256 voter) = _voterIndex(r, o.node);
        if (where == r.verifiers) {
            return Refusal.NotDrawn;
        }
        if (o.openings.length == 0 || o.openings.length > r.executors) {
            return Refusal.BadList;
        }
        uint256[] memory places = new uint256[](o.openings.length);
        bytes32 ballot;
        for (uint256 i = 0; i < places.length; i++) {
            ISojournLedger.Opening calldata p = o.openings[i];
            if (i > 0 && o.openings[i - 1].executor >= p.executor) {
                return Refusal.BadList;
            }
            (places[i],) = _executorIndex(r, p.executor);
            if (places[i] == r.executors || _verdict(voter, places[i]) == 0 || _isOpened(voter, places[i])) {
                return Refusal.NoVote;
            }
            if (!_isVotingClosed(h, r, places[i])) {
                return Refusal.VotingOpen;
            }
            bytes32 salted = sha256(abi.encode(bytes32("sojourn/appraisal/1"), id, round, p.executor, o.node, p.appraisal, p.salt));
            if (o.cast.length != 0 && !_wasCast(o.cast, p.executor, salted)) {
                return Refusal.BadOpening;
            }
            ballot = keccak256(abi.encode(ballot, p.executor, salted));
        }
        if (o.cast.length != 0) {
            ballot = 0;
            for (uint256 i = 0; i < o.cast.length; i++) {
                ballot = keccak256(abi.encode(ballot, o.cast[i].executor, o.cast[i].appraisal));
            }
        }
        if (uint256(ballot) != _cell(r.arena, round, AT_BALLOTS, where)) {
            return Refusal.BadOpening;
        }
        _keep(r, where, voter, places, o);
        for (uint256 i = 0; i < places.length; i++) {
            log.add(Kinds.Opened, 0, round, o.node, 0, 0, o.openings[i].appraisal);
        }
        if (h.phase == Phase.Judging) {
            log.flush();
            _delegate(PROGRESS, abi.encodeCall(IProgress.judged, (id)));
        }
        return 0;
    }

    function _wasCast(ISojournLedger.Vote[] calldata cast, address executor, bytes32 salted) private pure returns (bool) {
        for (uint256 i = 0; i < cast.length; i++) {
            if (cast[i].executor == executor) {
                return cast[i].appraisal == salted;
            }
        }
        return false;
    }

    /// @dev Keeps the first bits of what was opened: over the ballot's digest where that is not needed any more and all fit, else beside it.
    function _keep(Round memory r, uint256 where, uint256 voter, uint256[] memory places, ISojournLedger.AppraisalOpen calldata o) private {
        uint256 opened = 0;
        for (uint256 i = 0; i < places.length; i++) {
            opened |= 1 << places[i];
        }
        uint256 full = (1 << r.executors) - 1;
        if (opened == full && r.executors <= 8) {
            uint256 w = 0;
            for (uint256 i = 0; i < places.length; i++) {
                w |= (uint256(o.openings[i].appraisal) >> 224) << (32 * places[i]);
            }
            _setCell(r.arena, r.index, AT_BALLOTS, where, w);
            voter |= VOTER_WHOLE;
        } else {
            for (uint256 i = 0; i < places.length; i++) {
                uint256 cell = 3 * where + places[i] / 8;
                uint256 shift = 32 * (places[i] % 8);
                uint256 w = _cell(r.arena, r.index, AT_OPENED, cell) & ~(uint256(type(uint32).max) << shift);
                _setCell(r.arena, r.index, AT_OPENED, cell, w | ((uint256(o.openings[i].appraisal) >> 224) << shift));
            }
        }
        _setVoter(r, where, voter | (opened << 227));
    }

    // ------------------------------------------------------------------------------------------------------------- planted evidence

    /// @notice See `ISojournLedger.plant`.
    function plant(bytes32 id, uint8 round, ISojournLedger.Plant calldata p) external {
        if (!_isSigned(_domain(), MessageHash.hash(id, round, p), p.node, p.r, p.vs)) {
            _refuse(Refusal.BadSignature);
        }
        (uint256 reason, Head memory h, Round memory r) = _findAny(id, round);
        _refuse(reason);
        (uint256 where, uint256 seat) = _executorIndex(r, p.node);
        if (where == r.executors || seat & SEAT_EVIDENCE == 0) {
            _refuse(Refusal.NotDrawn);
        }
        if (!_isVotingClosed(h, r, where)) {
            _refuse(Refusal.VotingOpen);
        }
        if (!_isPlanted(id, r, where, seat, p)) {
            _refuse(Refusal.NotPlanted);
        }
        EventLog.Log memory log = EventLog.about(id);
        _setSeat(r, where, _withStatus(seat, Status.Void));
        for (uint256 i = 0; i < r.verifiers; i++) {
            uint256 voter = _voter(r, i);
            if (_verdict(voter, where) == 1) {
                address who = address(uint160(voter));
                log.add(Kinds.Proved, round, who, Lines.SlashedWrongVote);
                _slash(log, who, _voterBond(voter), Lines.SlashedWrongVote, round, p.node, address(0), 0);
            }
        }
        _goOn(id, log, h);
        log.flush();
    }

    function _isPlanted(bytes32 id, Round memory r, uint256 where, uint256 seat, ISojournLedger.Plant calldata p) private view returns (bool) {
        uint256 status = _status(seat);
        if (status == Status.Void || status == Status.Revealed || status == Status.Committed) {
            return false;
        }
        bytes32 admission = MessageHash.admission(id, r.index, p.node, sha256(p.evidence));
        if (MessageHash.evidenceOf(admission, p.keys) != bytes32(_cell(r.arena, r.index, AT_RESULTS, where))) {
            return false;
        }
        return Planted.carries(p.evidence, sha256(abi.encode(bytes32("sojourn/plant/1"), id, r.index, p.node, p.salt)));
    }
}
