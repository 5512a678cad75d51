// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISojournLedger} from "../ISojournLedger.sol";
import {Phase} from "../libraries/Reasons.sol";
import {Base} from "./Base.sol";

/// @title What can be read
contract ViewsModule is Base {

    constructor(ISojournLedger.Config memory c) Base(c) {}

    /// @notice See `ISojournLedger.domainSeparator`.
    function domainSeparator() external view returns (bytes32) {
        return _domain();
    }

    /// @notice See `ISojournLedger.config`.
    function config() external view returns (ISojournLedger.Config memory c) {
        c.genesis = GENESIS;
        c.development = DEVELOPMENT;
        c.token = TOKEN;
        c.scale = SCALE;
        c.treasury = TREASURY;
        c.guardian = GUARDIAN;
        ISojournLedger.Rules memory r = c.rules;
        r.stakeUnit = uint64(STAKE_UNIT);
        r.nodeUnitsMin = uint32(NODE_UNITS_MIN);
        r.nodeUnitsMax = uint32(NODE_UNITS_MAX);
        r.postFee = uint64(POST_FEE);
        r.treasuryShare = uint32(TREASURY_SHARE);
        r.silentExecutorShare = uint32(SILENT_EXECUTOR_SHARE);
        r.silentVerifierPenalty = uint64(SILENT_VERIFIER_PENALTY);
        r.executorBondMin = uint64(EXECUTOR_BOND_MIN);
        r.verifierBond = uint64(VERIFIER_BOND);
        r.reporterShare = uint32(REPORTER_SHARE);
        r.failShare = uint32(FAIL_SHARE);
        r.reviewFloorShare = uint32(REVIEW_FLOOR_SHARE);
        r.auditFloor = uint32(AUDIT_FLOOR);
        r.auditDelay = uint32(AUDIT_DELAY);
        r.windowMin = uint32(WINDOW_MIN);
        r.windowMax = uint32(WINDOW_MAX);
        r.jobHeightsMax = uint64(JOB_HEIGHTS_MAX);
        r.profileDelay = uint32(PROFILE_DELAY);
        r.unbondDelay = uint32(UNBOND_DELAY);
        r.creditEpoch = uint32(CREDIT_EPOCH);
        r.payoutMin = uint64(PAYOUT_MIN);
        r.payoutEpochs = uint32(PAYOUT_EPOCHS);
        r.batchClaimHeights = uint32(BATCH_CLAIM_HEIGHTS);
        r.challengeFee = uint64(CHALLENGE_FEE);
    }

    /// @notice See `ISojournLedger.totals`.
    function totals() external view returns (uint64 held, uint64 treasury, uint64 pausedUntil) {
        uint256 t = _totals;
        return (uint64(t), uint64(t >> 64), uint64(t >> 192));
    }

    /// @notice See `ISojournLedger.account`.
    function account(address who) external view returns (ISojournLedger.AccountView memory v) {
        uint256 a = _accounts[who];
        uint256 s = _stakes[who];
        v.free = uint64(a);
        v.creditMature = uint64(a >> 64);
        v.creditWithheld = uint64(a >> 128);
        v.nonce = uint64(_nonceOf(a));
        v.matureSince = uint64(a >> 232);
        v.creditNew = uint64(s >> 128);
        v.creditEpoch = uint24(s >> 192);
    }

    /// @notice See `ISojournLedger.node`.
    function node(address who) external view returns (ISojournLedger.NodeView memory v) {
        NodeData storage n = _nodes[who];
        uint256 s = _stakes[who];
        v.exists = n.head != 0;
        v.stake = uint64(s);
        v.engaged = uint64(s >> 64);
        v.agreed = uint32((s >> STAKE_AGREED) & 0xFFFFF);
        v.voted = uint32((s >> STAKE_VOTED) & STAKE_VOTED_MAX);
        v.unbonding = uint64(n.unbonding);
        v.unbondHeight = uint64(n.unbonding >> 64);
        v.current = _versionView(n, n.head);
        v.previous = _versionView(n, n.previous);
        uint256 r = n.record;
        v.wrong = uint32(r >> RECORD_WRONG);
        v.failed = uint32(r >> RECORD_FAILED);
        v.silent = uint32(r >> RECORD_SILENT);
        v.votesMissed = uint32(r >> RECORD_MISSED);
        v.proved = uint32(r >> RECORD_PROVED);
        v.auditsPassed = uint32(r >> RECORD_AUDITS);
    }

    function _versionView(NodeData storage n, uint256 head) private view returns (ISojournLedger.VersionView memory v) {
        if (head == 0) {
            return v;
        }
        ProfileData storage p = n.profiles[_profileOf(head)];
        v.since = uint64(head & 0xFFFFFFFFFF);
        v.units = uint32((head >> 40) & 0x1FFFF);
        v.level = uint8((head >> 57) & 3);
        v.custody = uint8((head >> 59) & 3);
        v.executes = (head >> 61) & 1 != 0;
        v.verifies = (head >> 62) & 1 != 0;
        v.memoryMebibytes = uint32(head >> 63);
        v.regions = uint64(head >> 95);
        v.pricePerJob = uint64(head >> 159);
        v.pricePerGigafuel = uint64(p.rest);
        v.chip = bytes32(p.chip);
        v.vrfKey = abi.encodePacked(uint8(p.rest >> 104), p.keyX);
    }

    /// @notice See `ISojournLedger.hasPin`.
    function hasPin(address who, bytes32 pin) external view returns (bool) {
        NodeData storage n = _nodes[who];
        uint256 serial = (n.profiles[_profileOf(n.head)].rest >> 64) & 0xFFFFFFFFFF;
        return n.head != 0 && _pins[keccak256(abi.encode(who, serial, pin))] != 0;
    }

    /// @notice See `ISojournLedger.offer`.
    function offer(bytes32 id) external view returns (ISojournLedger.OfferView memory v) {
        OfferData storage o = _offers[id];
        uint256 head = o.head;
        v.owner = address(uint160(head));
        v.usesMax = uint32(head >> 160);
        v.drawsMax = uint32(head >> 192);
        v.kind = uint8((head >> 224) & 1);
        v.isSealed = head & OFFER_SEALED != 0;
        v.withdrawn = head & OFFER_WITHDRAWN != 0;
        v.levelMin = uint8((head >> 227) & 3);
        v.custodyMin = uint8((head >> 229) & 3);
        v.threshold = uint8(head >> 232);
        v.contentKey = bytes32(o.contentKey);
        v.price = uint128(o.price);
        v.expires = uint64(o.price >> 128);
        uint256 counts = o.counts;
        v.keeper = address(uint160(counts));
        v.uses = uint32(counts >> 160);
        v.draws = uint32(counts >> 192);
        v.pending = uint32(counts >> 224);
    }

    /// @notice See `ISojournLedger.job`.
    function job(bytes32 id) external view returns (ISojournLedger.JobView memory v) {
        uint256 w = _jobs[id];
        if (w == 0) {
            return v;
        }
        Head memory h = _unpack(w);
        v.exists = true;
        v.phase = uint8(h.phase);
        v.outcome = uint8(h.outcome);
        v.round = uint8(h.round);
        v.deadline = uint64(h.deadline);
        if (h.phase == Phase.Closed) {
            return v;
        }
        v.redraws = uint8(h.redraws);
        v.disputed = h.disputed;
        v.disputeDecided = h.decided;
        v.audited = h.audited;
        v.feeTaken = h.feeTaken;
        v.answerOpened = h.answered;
        v.reviewed = uint8(h.reviewed);
        v.escrow = uint64(h.escrow);
        v.requester = address(uint160(_terms3(h.arena)));
    }

    /// @notice See `ISojournLedger.round`.
    function round(bytes32 id, uint8 index) external view returns (ISojournLedger.RoundView memory v) {
        Head memory h = _unpack(_jobs[id]);
        if (_jobs[id] == 0 || h.phase == Phase.Closed || index > h.round) {
            return v;
        }
        Round memory r = _round(h, index);
        uint256 t1 = _terms1(h.arena);
        v.kind = uint8(r.kind);
        v.wanted = uint8(r.wanted);
        v.snapshot = uint64(r.snapshot);
        v.beaconHeight = uint64(_close(t1, r.snapshot, index, 0));
        v.ticketClose = uint64(_close(t1, r.snapshot, index, 1));
        v.evidenceClose = uint64(_close(t1, r.snapshot, index, 2));
        v.voteClose = uint64(_close(t1, r.snapshot, index, 3));
        v.runClose = uint64(_close(t1, r.snapshot, index, 4));
        v.revealClose = uint64(_close(t1, r.snapshot, index, 5));
        if (index == h.round && h.beaconKept) {
            v.beacon = bytes32(_cell(h.arena, index, AT_ROUND, 1));
        }
        if (index == h.round && h.phase == Phase.Drawing) {
            v.executorTickets = _ticketViews(h, index, AT_EXECUTORS, h.executors);
            v.verifierTickets = _ticketViews(h, index, AT_VERIFIERS, h.verifiers);
        }
        v.executors = _executorViews(r);
        v.verifiers = _verifierViews(r);
    }

    function _ticketViews(Head memory h, uint256 index, uint256 region, uint256 count) private view returns (ISojournLedger.TicketView[] memory list) {
        list = new ISojournLedger.TicketView[](count);
        for (uint256 i = 0; i < count; i++) {
            uint256 w = _cell(h.arena, index, region, i);
            list[i] = ISojournLedger.TicketView(address(uint160(w)), uint64(w >> 191), uint16(w >> 175), (w >> 174) & 1 != 0);
        }
    }

    function _executorViews(Round memory r) private view returns (ISojournLedger.ExecutorView[] memory list) {
        list = new ISojournLedger.ExecutorView[](r.executors);
        uint256 bond = _bondOf(_terms2(r.arena));
        for (uint256 i = 0; i < r.executors; i++) {
            uint256 s = _seat(r, i);
            ISojournLedger.ExecutorView memory v = list[i];
            v.node = address(uint160(s));
            v.status = uint8(_status(s));
            v.accepting = uint8(_accepting(s));
            v.voting = uint8(_voting(s));
            v.local = s & SEAT_LOCAL != 0;
            v.fail = uint8((s >> 177) & 15);
            v.bond = s & SEAT_BOND_GONE != 0 ? 0 : uint64(bond);
            v.admitted = s & SEAT_ADMITTED != 0;
            v.released = uint16(_released(s));
            if (s & SEAT_EVIDENCE != 0) {
                v.content = bytes32(_result(r, i));
            }
        }
    }

    function _verifierViews(Round memory r) private view returns (ISojournLedger.VerifierView[] memory list) {
        list = new ISojournLedger.VerifierView[](r.verifiers);
        for (uint256 i = 0; i < r.verifiers; i++) {
            uint256 w = _voter(r, i);
            ISojournLedger.VerifierView memory v = list[i];
            v.node = address(uint160(w));
            v.seats = uint8(_seats(w));
            v.judged = uint8(_judged(w));
            v.bond = uint64(_voterBond(w));
            v.verdicts = uint64((w >> 176) & ((1 << 51) - 1));
            v.opened = uint32((w >> 227) & 0x1FFFF);
        }
    }

    /// @notice See `ISojournLedger.batchOf`.
    function batchOf(bytes32 id) external view returns (ISojournLedger.BatchView memory v) {
        BatchData storage b = _batches[id];
        v.poster = address(uint160(b.head));
        v.rest = uint64(b.head >> 160);
        v.count = uint32(b.head >> 224);
        v.root = bytes32(b.root);
        v.closesAt = uint64(b.closesAt);
    }

    /// @notice See `ISojournLedger.isClaimed`.
    function isClaimed(bytes32 id, uint32 index) external view returns (bool) {
        return (_claimed[keccak256(abi.encode(id, index >> 8))] >> (index & 255)) & 1 != 0;
    }
}
