// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISojournLedger} from "../ISojournLedger.sol";
import {CborReader} from "../libraries/CborReader.sol";
import {EventLog} from "../libraries/EventLog.sol";
import {Kinds, Lines, Phase, Refusal, RoundKind} from "../libraries/Reasons.sol";
import {Base} from "./Base.sol";
import {IProgress} from "./IProgress.sol";

/// @title Posting of jobs
/// @dev `State/LedgerState.Posting.cs`. A post comes in the protocol's own encoding, since its digest is part of the job's id, and an enclave computes that id again from what it was given to
/// run: were the digest taken from the poster on trust, terms on the chain and terms in the enclave could differ.
contract PostingModule is Base {
    using CborReader for CborReader.Reader;
    using EventLog for EventLog.Log;

    /// @dev The largest amount that terms may name, as in the state machine.
    uint256 private constant TERMS_AMOUNT_MAX = type(uint128).max >> 24;

    /// @notice The most seats that all rounds of a job may have together: with more, settling it might not fit in one transaction.
    uint256 public constant SEATS_MAX = 256;

    address private immutable PROGRESS;

    /// @param progress The module that closes jobs.
    constructor(ISojournLedger.Config memory c, address progress) Base(c) {
        PROGRESS = progress;
    }

    struct Terms {
        bytes32 spec;
        bytes32 code;
        uint256 inputs;
        bytes32[] inputKeys;
        bytes32[] offers;
        uint256[] prices;
        uint256 t1;
        uint256 executorPay;
        uint256 verifierPay;
        uint256 storagePay;
        uint256 bond;
        uint256 regions;
        uint256 memoryMebibytes;
        uint256 fuel;
        bool hasChecker;
        address reviewer;
        bytes32 answer;
        address storageNode;
        uint256 level;
        uint256 custody;
        uint256 total;
        bool isSealed;
    }

    /// @notice See `ISojournLedger.post`.
    function post(bytes calldata body) external returns (bytes32 id) {
        if (_totals >> 192 >= block.number) {
            _refuse(Refusal.Busy);
        }
        (uint256 reason, Terms memory t) = _check(body);
        _refuse(reason);
        uint256 nonce = _nonceOf(_accounts[msg.sender]);
        if (t.total > uint64(_accounts[msg.sender])) {
            _refuse(Refusal.InsufficientFunds);
        }
        _spend(msg.sender, t.total);
        id = sha256(abi.encode(bytes32("sojourn/job/1"), GENESIS, msg.sender, nonce, sha256(body)));
        Head memory h;
        h.arena = _take();
        h.escrow = t.total;
        h.offers = t.offers.length;
        h.inputs = t.inputs;
        h.isSealed = t.isSealed;
        _store(h.arena, t);
        for (uint256 i = 0; i < t.offers.length; i++) {
            _offers[t.offers[i]].counts += 1 << 224;
        }
        EventLog.Log memory log = EventLog.about(id);
        log.add(Kinds.JobPosted, 0, 0, msg.sender, 0, block.number + _window(t.t1, 0), t.spec);
        log.line(Lines.Escrowed, 0, msg.sender, t.total);
        _begin(log, h, t.t1, RoundKind.Primary, _executorsOf(t.t1), true);
        _save(id, h);
        log.flush();
    }

    /// @notice See `ISojournLedger.quote`.
    function quote(bytes calldata body) external view returns (uint8 reason, uint256 total) {
        (uint256 found, Terms memory t) = _check(body);
        return (uint8(found), t.total);
    }

    /// @dev An arena: one that a closed job gave back, or a new one.
    function _take() private returns (uint256 arena) {
        uint256 totals = _totals;
        arena = uint32(totals >> 128);
        if (arena != 0) {
            _totals = (totals & ~(uint256(type(uint32).max) << 128)) | (uint256(uint32(_terms1(arena))) << 128);
        } else {
            arena = uint32(totals >> 160) + 1;
            _totals = (totals & ~(uint256(type(uint32).max) << 160)) | (arena << 160);
        }
    }

    function _store(uint256 arena, Terms memory t) private {
        _setCell(arena, JOB, 0, 1, t.t1);
        _setCell(arena, JOB, 0, 2, t.executorPay | (t.verifierPay << 64) | (t.storagePay << 128) | (t.bond << 192));
        _setCell(arena, JOB, 0, 3, uint256(uint160(msg.sender)) | (t.memoryMebibytes << 160) | (t.fuel << 192));
        if (_hasMore(t.t1)) {
            _setCell(arena, JOB, 0, 4, uint256(uint160(t.storageNode)) | (t.regions << 160));
        }
        if (_modesOf(t.t1) & MODE_REVIEW != 0) {
            _setCell(arena, JOB, 0, 5, uint256(uint160(t.reviewer)));
        }
        if (_modesOf(t.t1) & MODE_ANSWER != 0) {
            _setCell(arena, JOB, 0, 6, uint256(t.answer));
        }
        for (uint256 i = 0; i < t.inputs; i++) {
            _setCell(arena, JOB, AT_INPUTS, i, uint256(t.inputKeys[i]));
        }
        for (uint256 i = 0; i < t.offers.length; i++) {
            _setCell(arena, JOB, AT_OFFERS, i, uint256(t.offers[i]));
            _setCell(arena, JOB, AT_PRICES, i, t.prices[i]);
        }
    }

    function _check(bytes calldata body) private view returns (uint256 reason, Terms memory t) {
        CborReader.Reader memory r = CborReader.over(body);
        r.exactly(2);
        if (r.number(255) != 9) {
            r.bad = true;
        }
        r.exactly(27);
        _readContents(r, t);
        bool inBounds = _readNumbers(r, t);
        bool sorted = _isAscending(t.offers);
        if (r.bad || r.where != r.end) {
            return (Refusal.Malformed, t);
        }
        if (!inBounds || t.bond < EXECUTOR_BOND_MIN || (_modesOf(t.t1) & MODE_CHECKER != 0) != t.hasChecker) {
            return (Refusal.OutOfBounds, t);
        }
        if (!sorted) {
            return (Refusal.BadList, t);
        }
        if (t.level == 0 && !DEVELOPMENT) {
            return (Refusal.LevelNotAdmissible, t);
        }
        if (!_windowsHold(t.t1)) {
            return (Refusal.BadWindows, t);
        }
        uint256 sum = 0;
        t.prices = new uint256[](t.offers.length);
        for (uint256 i = 0; i < t.offers.length; i++) {
            reason = _checkOffer(t, i);
            if (reason != 0) {
                return (reason, t);
            }
            sum += t.prices[i];
        }
        return (_quote(t, sum), t);
    }

    function _readContents(CborReader.Reader memory r, Terms memory t) private view {
        (uint256 where, uint256 length) = r.cid();
        t.spec = CborReader.contentKey(where, length);
        (where, length) = r.cid();
        t.code = CborReader.contentKey(where, length);
        uint256 count = r.list(LIST_MAX);
        t.inputs = count;
        t.inputKeys = new bytes32[](count);
        for (uint256 i = 0; i < count; i++) {
            (where, length) = r.cid();
            t.inputKeys[i] = CborReader.contentKey(where, length);
        }
        count = r.list(LIST_MAX);
        t.offers = new bytes32[](count);
        for (uint256 i = 0; i < count; i++) {
            t.offers[i] = r.word();
        }
    }

    /// @dev Reads the rest and says whether every number is within its own bounds.
    function _readNumbers(CborReader.Reader memory r, Terms memory t) private pure returns (bool ok) {
        uint256 executors = r.number(255);
        uint256 agreeing = r.number(255);
        uint256 verifiers = r.number(255);
        uint256 nodes = r.number(255);
        uint256 redraws = r.number(255);
        ok = executors != 0 && executors <= EXECUTORS_MAX && agreeing != 0 && agreeing <= executors && verifiers != 0 && verifiers <= VERIFIERS_MAX && nodes <= verifiers && redraws <= 8
            // A majority must be needed, or two contradictory results could both be agreed.
            && (executors == 1 || 2 * agreeing > executors);
        t.level = r.number(255);
        t.custody = r.number(255);
        t.regions = r.number(type(uint64).max);
        t.memoryMebibytes = r.number(type(uint32).max);
        t.fuel = r.number(type(uint64).max);
        uint256 locality = r.number(255);
        uint256 modes = r.number(255);
        uint256 audit = r.number(type(uint32).max);
        ok = ok && t.level <= 3 && t.custody <= 2 && t.fuel <= 1 << 62 && locality <= EXECUTORS_MAX && modes <= 7 && audit <= 1_000_000;
        if (!r.isNull()) {
            r.cid();
            t.hasChecker = true;
        }
        t.reviewer = r.account();
        t.answer = r.word();
        ok = r.number(255) <= 1 && ok;
        t.executorPay = r.amount();
        t.verifierPay = r.amount();
        t.storagePay = r.amount();
        t.storageNode = r.account();
        t.bond = r.amount();
        r.exactly(7);
        uint256 t1 = 0;
        for (uint256 i = 0; i < 7; i++) {
            uint256 window = r.number(type(uint32).max);
            // Too long a window is refused later; it only must not run into its neighbour.
            t1 |= (window > 0xFFFFFF ? 0xFFFFFF : window) << (24 * i);
        }
        ok = ok && executors * (redraws + 1) + (redraws + 3) * verifiers + _disputeSize(executors) + 1 <= SEATS_MAX;
        if (ok) {
            t1 |= (executors << 168) | (agreeing << 173) | (verifiers << 178) | (nodes << 184) | (redraws << 190) | (t.level << 194) | (t.custody << 196);
            t1 |= (locality << 198) | (modes << 203) | (audit << 206) | (t.regions != 0 || t.storageNode != address(0) ? 1 << 226 : 0);
        }
        t.t1 = t1;
    }

    function _isAscending(bytes32[] memory list) private pure returns (bool) {
        for (uint256 i = 1; i < list.length; i++) {
            if (list[i - 1] >= list[i]) {
                return false;
            }
        }
        return true;
    }

    function _windowsHold(uint256 t1) private view returns (bool) {
        uint256 total = 0;
        for (uint256 i = 0; i < 7; i++) {
            uint256 window = _window(t1, i);
            if (window < WINDOW_MIN || window == 0 || window > WINDOW_MAX) {
                return false;
            }
            total += window;
        }
        uint256 ticket = _window(t1, 1);
        // A draw may not outlast the time for which the snapshot of profiles is kept.
        if (_window(t1, 0) + 2 * ticket + 2 > PROFILE_DELAY) {
            return false;
        }
        uint256 most = (3 + _redrawsOf(t1)) * (total + ticket + 8) + 2 * (AUDIT_DELAY + _window(t1, 6) + _window(t1, 3) + _window(t1, 2) + 4);
        return most <= JOB_HEIGHTS_MAX;
    }

    function _checkOffer(Terms memory t, uint256 i) private view returns (uint256) {
        OfferData storage o = _offers[t.offers[i]];
        uint256 head = o.head;
        if (head == 0) {
            return Refusal.UnknownOffer;
        }
        uint256 price = o.price;
        uint256 expires = price >> 128;
        if (head & OFFER_WITHDRAWN != 0 || (expires != 0 && expires < block.number)) {
            return Refusal.OfferClosed;
        }
        uint256 counts = o.counts;
        uint256 usesMax = uint32(head >> 160);
        uint256 drawsMax = uint32(head >> 192);
        if ((usesMax != 0 && uint256(uint32(counts >> 160)) + uint32(counts >> 224) >= usesMax) || (drawsMax != 0 && uint32(counts >> 192) >= drawsMax)) {
            return Refusal.OfferUsedUp;
        }
        if (t.level < (head >> 227) & 3 || t.custody < (head >> 229) & 3) {
            return Refusal.OfferDemandsMore;
        }
        t.prices[i] = uint128(price);
        t.isSealed = t.isSealed || head & OFFER_SEALED != 0;
        bytes32 key = bytes32(o.contentKey);
        if (key == t.code) {
            return 0;
        }
        for (uint256 j = 0; j < t.inputs; j++) {
            if (key == t.inputKeys[j]) {
                return 0;
            }
        }
        return Refusal.OfferNotForJob;
    }

    /// @dev What a job can cost at most (`Settlement/EscrowQuote.cs`).
    function _quote(Terms memory t, uint256 offers) private view returns (uint256) {
        if (t.executorPay > TERMS_AMOUNT_MAX || t.verifierPay > TERMS_AMOUNT_MAX || t.storagePay > TERMS_AMOUNT_MAX || t.bond > TERMS_AMOUNT_MAX || offers > TERMS_AMOUNT_MAX) {
            return Refusal.Overflow;
        }
        uint256 executors = _executorsOf(t.t1);
        bool audit = _auditOf(t.t1) > 0 || AUDIT_FLOOR > 0;
        bool dispute = executors > 1 || audit || _modesOf(t.t1) & MODE_ANSWER != 0;
        uint256 seats = executors + (dispute ? _disputeSize(executors) : 0) + (audit ? 1 : 0);
        uint256 rounds = 1 + _redrawsOf(t.t1) + (dispute ? 1 : 0) + (audit ? 1 : 0);
        t.total = t.executorPay * seats + t.verifierPay * rounds * _verifiersOf(t.t1) + t.storagePay + offers + POST_FEE;
        // Bonds are packed in 64 bits; no stake can be larger.
        if (t.bond > type(uint64).max) {
            t.bond = type(uint64).max;
        }
        return 0;
    }

    /// @notice See `ISojournLedger.cancel`.
    function cancel(bytes32 id) external {
        (uint256 reason, uint256 word) = _find(id);
        _refuse(reason);
        Head memory h = _unpack(word);
        if (address(uint160(_terms3(h.arena))) != msg.sender) {
            _refuse(Refusal.NotAllowed);
        }
        if (h.phase != Phase.Drawing || h.round != 0 || block.number >= _close(_terms1(h.arena), h.snapshot, 0, 0)) {
            _refuse(Refusal.TooLateToCancel);
        }
        _spend(msg.sender, 0);
        _delegate(PROGRESS, abi.encodeCall(IProgress.cancelled, (id)));
    }
}
