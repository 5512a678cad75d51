// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISojournLedger} from "../ISojournLedger.sol";
import {EventLog} from "../libraries/EventLog.sol";
import {MessageHash} from "../libraries/MessageHash.sol";
import {Statements} from "../libraries/Statements.sol";
import {Kinds, Phase, Refusal, Status} from "../libraries/Reasons.sol";
import {Base} from "./Base.sol";
import {IProgress} from "./IProgress.sol";

/// @title Key releases, commitments, results, failures
/// @dev `State/LedgerState.Running.cs`. A seat's result cell holds the evidence's digest, then keccak256(it ‖ commitment), then the result: upper half what is compared, lower half the output.
contract RunningModule is Base {
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

    // ------------------------------------------------------------------------------------------------------------- keys

    /// @notice See `ISojournLedger.releases`.
    function releases(bytes32 id, uint8 round, ISojournLedger.Release[] calldata items) external {
        bytes32 domain = _domain();
        EventLog.Log memory log = EventLog.about(id);
        uint256 first = Refusal.BadList;
        bool any;
        for (uint256 i = 0; i < items.length; i++) {
            uint256 reason = _isSigned(domain, MessageHash.hash(id, round, items[i]), items[i].node, items[i].r, items[i].vs)
                ? _release(log, id, round, items[i])
                : Refusal.BadSignature;
            any = any || reason == 0;
            first = _report(log, reason, i == 0 ? 0 : first, items[i].node);
        }
        if (!any) {
            _refuse(first);
        }
        log.flush();
    }

    /// @dev A key leaves a keeper for an admitted enclave and for nothing else.
    struct Target {
        Head head;
        Round round;
        uint256 offer; // its place among the job's offers
        uint256 where;
        uint256 seat;
    }

    function _target(bytes32 id, uint256 round, address keeper, address executor, bytes32 offer) private view returns (uint256 reason, Target memory t) {
        (reason, t.head) = _findRound(id, round);
        if (reason != 0) {
            return (reason, t);
        }
        while (t.offer < t.head.offers && bytes32(_cell(t.head.arena, JOB, AT_OFFERS, t.offer)) != offer) {
            t.offer++;
        }
        OfferData storage o = _offers[offer];
        if (t.offer == t.head.offers || o.head & OFFER_SEALED == 0) {
            return (Refusal.NoReleaseNeeded, t);
        }
        if (address(uint160(o.counts)) != keeper) {
            return (Refusal.NotAllowed, t);
        }
        t.round = _round(t.head, round);
        (t.where, t.seat) = _executorIndex(t.round, executor);
        if (t.where == t.round.executors) {
            return (Refusal.NotDrawn, t);
        }
        if (_status(t.seat) != Status.Admitted || (t.head.phase != Phase.Attesting && t.head.phase != Phase.Running)) {
            return (Refusal.NotAdmitted, t);
        }
        if (((_released(t.seat) | _deniedOffers(t.seat)) >> t.offer) & 1 != 0) {
            return (Refusal.AlreadyReleased, t);
        }
    }

    function _release(EventLog.Log memory log, bytes32 id, uint256 round, ISojournLedger.Release calldata m) private returns (uint256) {
        (uint256 reason, Target memory t) = _target(id, round, m.node, m.executor, m.offer);
        if (reason != 0) {
            return reason;
        }
        if (MessageHash.evidenceOf(m.admission, m.keys) != bytes32(_cell(t.head.arena, round, AT_RESULTS, t.where))) {
            return Refusal.WrongAdmission;
        }
        uint256 price = _cell(t.head.arena, JOB, AT_PRICES, t.offer);
        if ((price >> 64) & 1 == 0) {
            _setCell(t.head.arena, JOB, AT_PRICES, t.offer, price | (1 << 64));
            uint256 counts = _offers[m.offer].counts - (1 << 224);
            _offers[m.offer].counts = uint32(counts >> 160) == type(uint32).max ? counts : counts + (1 << 160);
        }
        _setSeat(t.round, t.where, t.seat | (1 << (185 + t.offer)));
        log.add(Kinds.Released, 0, round, m.executor, 0, 0, m.wrappedKey);
        return 0;
    }

    /// @notice See `ISojournLedger.denials`.
    function denials(bytes32 id, uint8 round, ISojournLedger.Deny[] calldata items) external {
        bytes32 domain = _domain();
        EventLog.Log memory log = EventLog.about(id);
        uint256 first = Refusal.BadList;
        bool any;
        for (uint256 i = 0; i < items.length; i++) {
            uint256 reason = _isSigned(domain, MessageHash.hash(id, round, items[i]), items[i].node, items[i].r, items[i].vs)
                ? _deny(log, id, round, items[i])
                : Refusal.BadSignature;
            any = any || reason == 0;
            first = _report(log, reason, i == 0 ? 0 : first, items[i].node);
        }
        if (!any) {
            _refuse(first);
        }
        log.flush();
    }

    function _deny(EventLog.Log memory log, bytes32 id, uint256 round, ISojournLedger.Deny calldata m) private returns (uint256) {
        if (m.reason == 0 || m.reason > 5) {
            return Refusal.OutOfBounds;
        }
        (uint256 reason, Target memory t) = _target(id, round, m.node, m.executor, m.offer);
        if (reason != 0) {
            return reason;
        }
        uint256 seat = t.seat | (1 << (201 + t.offer));
        _setSeat(t.round, t.where, _isEnough(t.head, ~_deniedOffers(seat)) ? seat : _withStatus(seat, Status.NoResult));
        log.add(Kinds.Denied, round, m.executor, m.reason);
        _goOn(id, log, t.head);
        return 0;
    }

    // ------------------------------------------------------------------------------------------------------------- commitments

    /// @notice See `ISojournLedger.commits`.
    function commits(bytes32 id, uint8 round, ISojournLedger.Commit[] calldata items) external {
        bytes32 domain = _domain();
        EventLog.Log memory log = EventLog.about(id);
        uint256 first = Refusal.BadList;
        bool any;
        for (uint256 i = 0; i < items.length; i++) {
            uint256 reason = _isSigned(domain, MessageHash.hash(id, round, items[i]), items[i].node, items[i].r, items[i].vs)
                ? _commit(log, id, round, items[i])
                : Refusal.BadSignature;
            any = any || reason == 0;
            first = _report(log, reason, i == 0 ? 0 : first, items[i].node);
        }
        if (!any) {
            _refuse(first);
        }
        log.flush();
    }

    function _commit(EventLog.Log memory log, bytes32 id, uint256 round, ISojournLedger.Commit calldata m) private returns (uint256) {
        (uint256 reason, Head memory h) = _findRound(id, round);
        if (reason != 0) {
            return reason;
        }
        if ((h.phase != Phase.Attesting && h.phase != Phase.Running) || block.number > _close(_terms1(h.arena), h.snapshot, round, 4)) {
            return Refusal.WrongPhase;
        }
        if (h.wanted <= 1) {
            return Refusal.NoCommitmentNeeded;
        }
        Round memory r = _round(h, round);
        (uint256 where, uint256 seat) = _executorIndex(r, m.node);
        if (where == r.executors) {
            return Refusal.NotDrawn;
        }
        if (_status(seat) == Status.Committed) {
            return Refusal.AlreadyCommitted;
        }
        if (_status(seat) != Status.Admitted) {
            return Refusal.NotAdmitted;
        }
        if (!_hasKeys(h, seat)) {
            return Refusal.KeyNotReleased;
        }
        if (m.commitment == 0) {
            return Refusal.OutOfBounds;
        }
        _setCell(r.arena, round, AT_RESULTS, where, uint256(keccak256(abi.encode(_cell(r.arena, round, AT_RESULTS, where), m.commitment))));
        _setSeat(r, where, _withStatus(seat, Status.Committed));
        log.add(Kinds.Committed, 0, round, m.node, 0, 0, m.commitment);
        _goOn(id, log, h);
        return 0;
    }

    // ------------------------------------------------------------------------------------------------------------- results

    /// @notice See `ISojournLedger.reveals`.
    function reveals(bytes32 id, uint8 round, ISojournLedger.Reveal[] calldata items) external {
        bytes32 domain = _domain();
        EventLog.Log memory log = EventLog.about(id);
        uint256 first = Refusal.BadList;
        bool any;
        for (uint256 i = 0; i < items.length; i++) {
            uint256 reason = _isSigned(domain, MessageHash.hash(id, round, items[i]), items[i].node, items[i].r, items[i].vs)
                ? _reveal(log, id, round, items[i])
                : Refusal.BadSignature;
            any = any || reason == 0;
            first = _report(log, reason, i == 0 ? 0 : first, items[i].node);
        }
        if (!any) {
            _refuse(first);
        }
        log.flush();
    }

    function _reveal(EventLog.Log memory log, bytes32 id, uint256 round, ISojournLedger.Reveal calldata m) private returns (uint256) {
        (uint256 reason, Head memory h) = _findRound(id, round);
        if (reason != 0) {
            return reason;
        }
        Round memory r = _round(h, round);
        (uint256 where, uint256 seat) = _executorIndex(r, m.node);
        if (where == r.executors) {
            return Refusal.NotDrawn;
        }
        uint256 status = _status(seat);
        if (status == Status.Revealed) {
            return Refusal.AlreadyRevealed;
        }
        bytes32 kept = MessageHash.evidenceOf(
            MessageHash.admission(id, round, m.node, m.evidence), keccak256(abi.encode(m.hpke, keccak256(m.receiptKey)))
        );
        if (h.wanted > 1) {
            if (h.phase != Phase.Revealing) {
                return Refusal.WrongPhase;
            }
            if (status != Status.Committed) {
                return Refusal.NoCommitment;
            }
            kept = keccak256(abi.encode(kept, Statements.commitment(id, round, m.node, m.statement, m.nonce)));
            if (kept != bytes32(_cell(r.arena, round, AT_RESULTS, where))) {
                return Refusal.BadReveal;
            }
        } else {
            if (h.phase != Phase.Running) {
                return Refusal.WrongPhase;
            }
            if (status != Status.Admitted) {
                return Refusal.NotAdmitted;
            }
            if (!_hasKeys(h, seat)) {
                return Refusal.KeyNotReleased;
            }
            if (kept != bytes32(_cell(r.arena, round, AT_RESULTS, where))) {
                return Refusal.BadReveal;
            }
        }
        if (!Statements.isSigned(id, round, m.node, m.statement, m.enclaveSignature, m.receiptKey, m.keyY)) {
            return Refusal.BadEnclaveSignature;
        }
        uint256 compared = uint256(keccak256(abi.encode(m.statement.tag, m.statement.exit))) >> 128;
        _setCell(r.arena, round, AT_RESULTS, where, (compared << 128) | (uint256(m.statement.output) >> 128));
        _setSeat(r, where, _withStatus(seat, Status.Revealed));
        log.add(Kinds.Revealed, 0, round, m.node, 0, 0, m.statement.receipt);
        _goOn(id, log, h);
        return 0;
    }

    // ------------------------------------------------------------------------------------------------------------- failures

    /// @notice See `ISojournLedger.fails`.
    function fails(bytes32 id, uint8 round, ISojournLedger.Fail[] calldata items) external {
        bytes32 domain = _domain();
        EventLog.Log memory log = EventLog.about(id);
        uint256 first = Refusal.BadList;
        bool any;
        for (uint256 i = 0; i < items.length; i++) {
            uint256 reason = _isSigned(domain, MessageHash.hash(id, round, items[i]), items[i].node, items[i].r, items[i].vs)
                ? _fail(log, id, round, items[i])
                : Refusal.BadSignature;
            any = any || reason == 0;
            first = _report(log, reason, i == 0 ? 0 : first, items[i].node);
        }
        if (!any) {
            _refuse(first);
        }
        log.flush();
    }

    function _fail(EventLog.Log memory log, bytes32 id, uint256 round, ISojournLedger.Fail calldata m) private returns (uint256) {
        (uint256 reason, Head memory h) = _findRound(id, round);
        if (reason != 0) {
            return reason;
        }
        if (m.reason == 0 || m.reason > 8) {
            return Refusal.OutOfBounds;
        }
        if (h.phase != Phase.Attesting && h.phase != Phase.Running) {
            return Refusal.WrongPhase;
        }
        Round memory r = _round(h, round);
        (uint256 where, uint256 seat) = _executorIndex(r, m.node);
        if (where == r.executors) {
            return Refusal.NotDrawn;
        }
        if (_status(seat) > Status.Admitted) {
            return Refusal.WrongPhase;
        }
        _setSeat(r, where, (_withStatus(seat, Status.Failed) & ~(uint256(15) << 177)) | (uint256(m.reason) << 177));
        log.add(Kinds.Failed, round, m.node, m.reason);
        _goOn(id, log, h);
        return 0;
    }
}
