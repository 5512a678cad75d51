// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISojournLedger} from "../ISojournLedger.sol";
import {EventLog} from "../libraries/EventLog.sol";
import {MessageHash} from "../libraries/MessageHash.sol";
import {P256Vrf} from "../libraries/P256Vrf.sol";
import {Kinds, Lines, Outcome, Phase, Refusal, RoundKind, Status} from "../libraries/Reasons.sol";
import {TicketHash} from "../libraries/TicketHash.sol";
import {Base} from "./Base.sol";
import {IProgress} from "./IProgress.sol";

/// @title Judgements, reviews, known answers; proofs of misbehaviour
/// @dev `State/LedgerState.Judging.cs`, the challenge of `State/LedgerState.Drawing.cs` and `State/Contradiction.cs`.
contract JudgingModule is Base {
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

    function _afterJudgement(bytes32 id, EventLog.Log memory log, Head memory h) private {
        _save(id, h);
        log.flush();
        _delegate(PROGRESS, abi.encodeCall(IProgress.judged, (id)));
    }

    // ------------------------------------------------------------------------------------------------------------- judgements

    /// @notice See `ISojournLedger.judgements`.
    function judgements(bytes32 id, uint8 round, ISojournLedger.Judgement[] calldata items) external {
        bytes32 domain = _domain();
        EventLog.Log memory log = EventLog.about(id);
        uint256 first = Refusal.BadList;
        bool any;
        for (uint256 i = 0; i < items.length; i++) {
            uint256 reason = _isSigned(domain, MessageHash.hash(id, round, items[i]), items[i].node, items[i].r, items[i].vs)
                ? _judge(log, id, round, items[i])
                : Refusal.BadSignature;
            any = any || reason == 0;
            first = _report(log, reason, i == 0 ? 0 : first, items[i].node);
        }
        if (!any) {
            _refuse(first);
        }
        log.flush();
    }

    function _judge(EventLog.Log memory log, bytes32 id, uint256 round, ISojournLedger.Judgement calldata m) private returns (uint256) {
        (uint256 reason, uint256 word) = _find(id);
        if (reason != 0) {
            return reason;
        }
        Head memory h = _unpack(word);
        if (block.number > h.deadline) {
            return Refusal.MustBeDriven;
        }
        if (round > h.round) {
            return Refusal.WrongRound;
        }
        if (_modesOf(_terms1(h.arena)) & MODE_CHECKER == 0) {
            return Refusal.NotUsed;
        }
        if (h.phase != Phase.Judging || h.outcome != Outcome.Succeeded) {
            return Refusal.WrongPhase;
        }
        Round memory r = _judgingRound(h);
        if (r.index != round) {
            return Refusal.WrongRound;
        }
        (uint256 where, uint256 voter) = _voterIndex(r, m.node);
        if (where == r.verifiers) {
            return Refusal.NotDrawn;
        }
        if (_judged(voter) != 0) {
            return Refusal.AlreadyVoted;
        }
        _setVoter(r, where, voter | (m.accept ? 2 << 172 : 1 << 172));
        log.add(Kinds.Judged, 0, round, m.node, 0, m.accept ? 1 : 0, m.report);
        _afterJudgement(id, log, h);
        return 0;
    }

    /// @dev An open job that waits for the requester's or the reviewer's word.
    function _findJudging(bytes32 id, uint256 mode) private view returns (Head memory h) {
        (uint256 reason, uint256 word) = _find(id);
        _refuse(reason);
        h = _unpack(word);
        if (block.number > h.deadline) {
            _refuse(Refusal.MustBeDriven);
        }
        if (_modesOf(_terms1(h.arena)) & mode == 0) {
            _refuse(Refusal.NotUsed);
        }
    }

    /// @notice See `ISojournLedger.review`.
    function review(bytes32 id, ISojournLedger.Review calldata m) external {
        if (!_isSigned(_domain(), MessageHash.hash(id, m), m.node, m.r, m.vs)) {
            _refuse(Refusal.BadSignature);
        }
        Head memory h = _findJudging(id, MODE_REVIEW);
        address reviewer = address(uint160(_cell(h.arena, JOB, 0, 5)));
        if (m.node != (reviewer == address(0) ? address(uint160(_terms3(h.arena))) : reviewer)) {
            _refuse(Refusal.NotAllowed);
        }
        if (h.phase != Phase.Judging || h.outcome != Outcome.Succeeded) {
            _refuse(Refusal.WrongPhase);
        }
        if (h.reviewed != 0) {
            _refuse(Refusal.AlreadyVoted);
        }
        h.reviewed = m.accept ? 2 : 1;
        EventLog.Log memory log = EventLog.about(id);
        log.add(Kinds.Judged, h.round, m.node, m.accept ? 1 : 0);
        _afterJudgement(id, log, h);
    }

    /// @notice See `ISojournLedger.answer`.
    function answer(bytes32 id, ISojournLedger.Answer calldata m) external {
        if (!_isSigned(_domain(), MessageHash.hash(id, m), m.node, m.r, m.vs)) {
            _refuse(Refusal.BadSignature);
        }
        Head memory h = _findJudging(id, MODE_ANSWER);
        if (m.node != address(uint160(_terms3(h.arena)))) {
            _refuse(Refusal.NotAllowed);
        }
        if (h.phase != Phase.Judging || h.outcome != Outcome.Succeeded || h.answered || h.disputed) {
            _refuse(Refusal.WrongPhase);
        }
        if (sha256(abi.encode(bytes32("sojourn/answer/1"), m.output, m.salt)) != bytes32(_cell(h.arena, JOB, 0, 6))) {
            _refuse(Refusal.BadAnswer);
        }
        h.answered = true;
        bool right = _isAnswered(h, m.output);
        EventLog.Log memory log = EventLog.about(id);
        log.add(Kinds.Judged, 0, h.round, m.node, 0, right ? 1 : 0, m.output);
        if (right) {
            _afterJudgement(id, log, h);
        } else {
            // The requester says so; a larger committee finds out.
            _save(id, h);
            log.flush();
            _delegate(PROGRESS, abi.encodeCall(IProgress.dispute, (id)));
        }
    }

    function _isAnswered(Head memory h, bytes32 output) private view returns (bool) {
        uint256 agreed = _cell(h.arena, h.agreedRound, AT_RESULTS, h.agreedSeat) >> 128;
        for (uint256 i = 0; i <= h.round; i++) {
            Round memory r = _round(h, i);
            for (uint256 e = 0; r.kind <= RoundKind.Redraw && e < r.executors; e++) {
                uint256 result = _cell(r.arena, i, AT_RESULTS, e);
                if (_status(_seat(r, e)) == Status.Revealed && result >> 128 == agreed && uint128(result) == uint256(output) >> 128) {
                    return true;
                }
            }
        }
        return false;
    }

    // ------------------------------------------------------------------------------------------------------------- false tickets

    /// @notice See `ISojournLedger.challenge`.
    function challenge(bytes32 id, uint8 round, ISojournLedger.Ticket calldata t, ISojournLedger.VrfHints calldata hints) external {
        (uint256 reason, Head memory h) = _findRound(id, round);
        _refuse(reason);
        bytes32 key = keccak256(abi.encode(id, round, t.role, t.node));
        // What the node signed is the ticket; the ledger itself keeps no proofs.
        if (t.role > 1 || !_isSigned(_domain(), TicketHash.hash(id, round, t), t.node, t.r, t.vs)) {
            _refuse(Refusal.UnknownTicket);
        }
        // A node has one output in a slot: once it is known, a ticket that it signed over another is false whatever its proof.
        uint256 known = _challenged[key];
        if (known == STRUCK || (known != 0 && bytes32(known) == t.output)) {
            _refuse(Refusal.AlreadyChecked);
        }
        if (!_stands(h, t.role, t.node)) {
            _refuse(Refusal.UnknownTicket);
        }
        if (uint64(_accounts[msg.sender]) < CHALLENGE_FEE) {
            _refuse(Refusal.InsufficientFunds);
        }
        if (!h.beaconKept) {
            _refuse(Refusal.BeaconUnknown);
        }
        uint256 version = _versionAt(t.node, h.snapshot);
        if (version == 0) {
            _refuse(Refusal.UnknownTicket);
        }
        h.challenged = true;
        EventLog.Log memory log = EventLog.about(id);
        if (known == 0 && _holds(id, round, h, t, version, hints)) {
            _challenged[key] = uint256(t.output);
            _save(id, h);
            _accounts[msg.sender] -= CHALLENGE_FEE;
            _credit(t.node, CHALLENGE_FEE);
            log.line(Lines.ChallengeLost, round, msg.sender, CHALLENGE_FEE);
            log.line(Lines.ChallengeWon, round, t.node, CHALLENGE_FEE);
        } else {
            _challenged[key] = STRUCK;
            log.add(Kinds.Proved, round, t.node, Lines.SlashedFalseTicket);
            _strike(h, t.role, t.node);
            _save(id, h);
            _slash(log, t.node, _bondOf(_terms2(h.arena)), Lines.SlashedFalseTicket, round, msg.sender, address(0), 0);
            _expel(id, log, h, t.role, t.node);
        }
        log.flush();
    }

    function _holds(bytes32 id, uint256 round, Head memory h, ISojournLedger.Ticket calldata t, uint256 version, ISojournLedger.VrfHints calldata hints)
        private
        view
        returns (bool)
    {
        ProfileData storage p = _nodes[t.node].profiles[_profileOf(version)];
        bytes32 alpha = _alpha(id, t.role, round, bytes32(_cell(h.arena, round, AT_ROUND, 1)));
        (bool sound, bool holds, bytes32 output) = P256Vrf.verify(uint8(p.rest >> 104), p.keyX, abi.encodePacked(alpha), t.proof, hints);
        if (!sound) {
            _refuse(Refusal.Malformed);
        }
        return holds && output == t.output;
    }

    /// @dev Whether a node's ticket counts at the moment: it is among the best so far, or has won a seat. A ticket that nobody entered, or that was beaten, decides nothing.
    function _stands(Head memory h, uint256 role, address who) private view returns (bool) {
        if (h.phase != Phase.Drawing) {
            Round memory r = _round(h, h.round);
            uint256 where;
            if (role == 0) {
                (where,) = _executorIndex(r, who);
                return where < r.executors;
            }
            (where,) = _voterIndex(r, who);
            return where < r.verifiers;
        }
        uint256 count = role == 0 ? h.executors : h.verifiers;
        for (uint256 i = 0; i < count; i++) {
            if (address(uint160(_cell(h.arena, h.round, role == 0 ? AT_EXECUTORS : AT_VERIFIERS, i))) == who) {
                return true;
            }
        }
        return false;
    }

    /// @dev Takes a false ticket out of a draw that goes on.
    function _strike(Head memory h, uint256 role, address who) private {
        if (h.phase != Phase.Drawing) {
            return;
        }
        uint256 region = role == 0 ? AT_EXECUTORS : AT_VERIFIERS;
        uint256 count = role == 0 ? h.executors : h.verifiers;
        for (uint256 i = count; i > 0; i--) {
            if (address(uint160(_cell(h.arena, h.round, region, i - 1))) == who) {
                count--;
                _setCell(h.arena, h.round, region, i - 1, _cell(h.arena, h.round, region, count));
                if (role == 0) {
                    _setCell(h.arena, h.round, AT_POSSESSION, i - 1, _cell(h.arena, h.round, AT_POSSESSION, count));
                }
            }
        }
        if (role == 0) {
            h.executors = count;
        } else {
            h.verifiers = count;
        }
    }

    /// @dev A drawn node whose ticket was false loses its place.
    function _expel(bytes32 id, EventLog.Log memory log, Head memory h, uint256 role, address who) private {
        Round memory r = _round(h, h.round);
        if (role == 0) {
            (uint256 where, uint256 seat) = _executorIndex(r, who);
            if (where < r.executors) {
                _setSeat(r, where, _withStatus(seat, Status.Void));
                _goOn(id, log, h);
            }
        } else {
            (uint256 where, uint256 voter) = _voterIndex(r, who);
            if (where < r.verifiers) {
                _disqualify(id, log, h, r, where, voter);
            }
        }
    }

    /// @dev Its votes do not count, and admissions that rested on them fall while they still can.
    function _disqualify(bytes32 id, EventLog.Log memory log, Head memory h, Round memory r, uint256 where, uint256 voter) private {
        uint256 seats = _seats(voter);
        uint256 quorum = _quorum(_terms1(h.arena));
        for (uint256 e = 0; e < r.executors; e++) {
            uint256 verdict = _verdict(voter, e);
            if (verdict == 0) {
                continue;
            }
            uint256 seat = _seat(r, e) - (seats << 170) - (verdict == 1 ? seats << 164 : 0);
            voter = (voter & ~(uint256(7) << (176 + 3 * e))) | (uint256(6) << (176 + 3 * e));
            if (_status(seat) == Status.Admitted && _accepting(seat) < quorum && _released(seat) == 0) {
                seat = _withStatus(seat, Status.Refused);
                log.add(Kinds.NotAdmitted, r.index, address(uint160(seat)), 0);
            }
            _setSeat(r, e, seat);
        }
        _setVoter(r, where, voter & ~(uint256(63) << 160));
        _goOn(id, log, h);
    }

    // ------------------------------------------------------------------------------------------------------------- contradictions

    /// @notice See `ISojournLedger.equivocation`.
    function equivocation(bytes32 id, uint8 round, uint8 kind, bytes calldata first, bytes calldata second, bytes32[] calldata bundle) external {
        (address who, bool contradicts) = _contradiction(id, round, kind, first, second, bundle);
        if (!contradicts) {
            _refuse(Refusal.NoContradiction);
        }
        (uint256 reason, uint256 word) = _find(id);
        _refuse(reason);
        Head memory h = _unpack(word);
        if (block.number > h.deadline) {
            _refuse(Refusal.MustBeDriven);
        }
        if (round > h.round) {
            _refuse(Refusal.WrongRound);
        }
        Round memory r = _round(h, round);
        EventLog.Log memory log = EventLog.about(id);
        if (kind == 22) {
            (uint256 where, uint256 voter) = _voterIndex(r, who);
            if (where == r.verifiers) {
                _refuse(Refusal.NotDrawn);
            }
            uint256 bond = _voterBond(voter);
            if (bond == 0) {
                _refuse(Refusal.Duplicate);
            }
            log.add(Kinds.Proved, round, who, Lines.SlashedEquivocation);
            _disengage(who, bond);
            voter |= VOTER_BOND_GONE;
            _setVoter(r, where, voter);
            _slash(log, who, bond, Lines.SlashedEquivocation, round, msg.sender, address(0), 0);
            if (round == h.round) {
                _disqualify(id, log, h, r, where, voter);
            }
        } else {
            (uint256 where, uint256 seat) = _executorIndex(r, who);
            if (where == r.executors) {
                _refuse(Refusal.NotDrawn);
            }
            uint256 bond = seat & SEAT_BOND_GONE != 0 ? 0 : _bondOf(_terms2(h.arena));
            if (bond == 0) {
                _refuse(Refusal.Duplicate);
            }
            log.add(Kinds.Proved, round, who, Lines.SlashedEquivocation);
            _disengage(who, bond);
            seat |= SEAT_BOND_GONE;
            _slash(log, who, bond, Lines.SlashedEquivocation, round, msg.sender, address(0), 0);
            bool goesOn = round == h.round && _status(seat) <= Status.Committed;
            _setSeat(r, where, goesOn ? _withStatus(seat, Status.Void) : seat);
            if (goesOn) {
                _goOn(id, log, h);
            }
        }
        log.flush();
    }

    /// @dev Whether two signed messages of one node for one slot say different things.
    function _contradiction(bytes32 id, uint256 round, uint256 kind, bytes calldata first, bytes calldata second, bytes32[] calldata bundle) private view returns (address, bool) {
        bytes32 domain = _domain();
        if (kind == 22) {
            return _contradictingVotes(domain, id, round, _votesIn(first), _votesIn(second), bundle);
        }
        if (kind == 21) {
            return _contradictingEvidence(domain, id, round, _evidenceIn(first), _evidenceIn(second), bundle);
        }
        if (kind == 26) {
            ISojournLedger.Commit calldata a = _commitIn(first);
            ISojournLedger.Commit calldata b = _commitIn(second);
            return (
                a.node,
                a.node == b.node && a.commitment != b.commitment && _isSigned(domain, MessageHash.hash(id, round, a), a.node, a.r, a.vs)
                    && _isSaid(domain, MessageHash.hash(id, round, b), b.node, b.r, b.vs, bundle)
            );
        }
        if (kind == 27) {
            return _contradictingResults(domain, id, round, _revealIn(first), _revealIn(second), bundle);
        }
        return (address(0), false);
    }

    /// @dev Whether a message was signed, alone or in a bundle.
    function _isSaid(bytes32 domain, bytes32 message, address by, bytes32 r, bytes32 vs, bytes32[] calldata bundle) private view returns (bool) {
        if (bundle.length == 0) {
            return _isSigned(domain, message, by, r, vs);
        }
        for (uint256 i = 0; i < bundle.length; i++) {
            if (bundle[i] == message) {
                return _isSigned(domain, MessageHash.bundle(bundle), by, r, vs);
            }
        }
        return false;
    }

    // The encodings are read in place: a struct with dynamic parts begins with an offset of one word.

    function _votesIn(bytes calldata m) private pure returns (ISojournLedger.VoteCast calldata v) {
        assembly ("memory-safe") {
            v := add(m.offset, 32)
        }
    }

    function _evidenceIn(bytes calldata m) private pure returns (ISojournLedger.Evidence calldata v) {
        assembly ("memory-safe") {
            v := add(m.offset, 32)
        }
    }

    function _revealIn(bytes calldata m) private pure returns (ISojournLedger.Reveal calldata v) {
        assembly ("memory-safe") {
            v := add(m.offset, 32)
        }
    }

    function _commitIn(bytes calldata m) private pure returns (ISojournLedger.Commit calldata v) {
        assembly ("memory-safe") {
            v := m.offset
        }
    }

    function _contradictingVotes(bytes32 domain, bytes32 id, uint256 round, ISojournLedger.VoteCast calldata a, ISojournLedger.VoteCast calldata b, bytes32[] calldata bundle)
        private
        view
        returns (address, bool)
    {
        bool differs;
        for (uint256 i = 0; i < a.votes.length; i++) {
            for (uint256 k = 0; k < b.votes.length; k++) {
                ISojournLedger.Vote calldata x = a.votes[i];
                ISojournLedger.Vote calldata y = b.votes[k];
                differs = differs || (x.executor == y.executor && (x.verdict != y.verdict || x.appraisal != y.appraisal));
            }
        }
        return (
            a.node,
            differs && a.node == b.node && _isSigned(domain, MessageHash.hash(id, round, a), a.node, a.r, a.vs)
                && _isSaid(domain, MessageHash.hash(id, round, b), b.node, b.r, b.vs, bundle)
        );
    }

    function _contradictingEvidence(bytes32 domain, bytes32 id, uint256 round, ISojournLedger.Evidence calldata a, ISojournLedger.Evidence calldata b, bytes32[] calldata bundle)
        private
        view
        returns (address, bool)
    {
        bool differs = a.digest != b.digest || keccak256(a.hpkeKey) != keccak256(b.hpkeKey) || keccak256(a.receiptKey) != keccak256(b.receiptKey);
        return (
            a.node,
            differs && a.node == b.node && _isSigned(domain, MessageHash.hash(id, round, a), a.node, a.r, a.vs)
                && _isSaid(domain, MessageHash.hash(id, round, b), b.node, b.r, b.vs, bundle)
        );
    }

    function _contradictingResults(bytes32 domain, bytes32 id, uint256 round, ISojournLedger.Reveal calldata a, ISojournLedger.Reveal calldata b, bytes32[] calldata bundle)
        private
        view
        returns (address, bool)
    {
        bool differs = keccak256(abi.encode(a.statement)) != keccak256(abi.encode(b.statement));
        return (
            a.node,
            differs && a.node == b.node && _isSigned(domain, MessageHash.hash(id, round, a), a.node, a.r, a.vs)
                && _isSaid(domain, MessageHash.hash(id, round, b), b.node, b.r, b.vs, bundle)
        );
    }
}
