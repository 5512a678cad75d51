// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISojournLedger} from "../ISojournLedger.sol";
import {Beacons} from "../libraries/Beacons.sol";
import {EventLog} from "../libraries/EventLog.sol";
import {Kinds, Lines, Phase, Refusal, RoundKind, Status} from "../libraries/Reasons.sol";
import {Base} from "./Base.sol";
import {IDrawing} from "./IDrawing.sol";
import {TicketHash} from "../libraries/TicketHash.sol";

/// @title Tickets, the beacon, the draw
/// @dev `State/LedgerState.Drawing.cs`. VRF proofs are checked on challenge only (`JudgingModule`), so a ticket costs one slot.
contract DrawingModule is Base, IDrawing {
    using EventLog for EventLog.Log;

    constructor(ISojournLedger.Config memory c) Base(c) {}

    /// @notice See `ISojournLedger.captureBeacon`.
    function captureBeacon(bytes32 id, bytes calldata header) external {
        (uint256 reason, uint256 word) = _find(id);
        _refuse(reason);
        (bool known, uint256 height, bytes32 beacon) = Beacons.read(header);
        if (!known) {
            _refuse(Refusal.BeaconUnknown);
        }
        Head memory h = _unpack(word);
        if (!h.beaconKept && height == _close(_terms1(h.arena), h.snapshot, h.round, 0)) {
            h.beaconKept = true;
            _setCell(h.arena, h.round, AT_ROUND, 1, uint256(beacon));
        } else if (h.phase == Phase.AuditDraw && !h.auditKept && height == h.deadline + 1) {
            h.auditKept = true;
            _setCell(h.arena, JOB, 0, 7, uint256(beacon));
        } else {
            _refuse(Refusal.NothingDue);
        }
        _save(id, h);
    }

    /// @dev What all tickets of one call share.
    struct Draw {
        bytes32 id;
        uint256 round;
        bytes32 domain;
        Head head;
        uint256 t1;
        uint256 t2;
        uint256 t3;
        uint256 regions;
        bool isKnown;
        uint256[][2] lists; // by role: what is entered, as `_entryOf` gives it, and room for what comes
    }

    /// @notice See `ISojournLedger.tickets`.
    function tickets(bytes32 id, uint8 round, ISojournLedger.Ticket[] calldata items) external {
        Draw memory d;
        d.domain = _domain();
        d.id = id;
        d.round = round;
        uint256 reason;
        (reason, d.head) = _findRound(id, round);
        if (items.length == 0) {
            _refuse(Refusal.BadList);
        }
        if (reason != 0) {
            _refuse(_isHis(d, items[0]) ? reason : Refusal.BadSignature);
        }
        _load(d);
        _loadLists(d);
        EventLog.Log memory log = EventLog.about(id);
        uint256 first = 0;
        uint256 before = d.head.executors + (d.head.verifiers << 8);
        bool any;
        for (uint256 i = 0; i < items.length; i++) {
            reason = _ticket(d, items[i]);
            if (reason == 0) {
                any = true;
                log.add(Kinds.TicketEntered, round, items[i].node, items[i].role);
            } else {
                first = _report(log, reason, first, items[i].node);
            }
        }
        if (!any) {
            _refuse(first);
        }
        if (before != d.head.executors + (d.head.verifiers << 8)) {
            _save(id, d.head);
        }
        log.flush();
    }

    function _load(Draw memory d) private view {
        d.t1 = _terms1(d.head.arena);
        d.t2 = _terms2(d.head.arena);
        d.t3 = _terms3(d.head.arena);
        d.regions = _hasMore(d.t1) ? _cell(d.head.arena, JOB, 0, 4) >> 160 : 0;
        d.isKnown = block.number >= _close(d.t1, d.head.snapshot, d.round, 0);
    }

    /// @dev Reads what is entered once for all tickets of a call.
    function _loadLists(Draw memory d) private view {
        if (d.head.phase == Phase.Drawing) {
            d.lists[0] = _entries(d.head.arena, d.round, AT_EXECUTORS, d.head.executors, _cap(d, 0));
            d.lists[1] = _entries(d.head.arena, d.round, AT_VERIFIERS, d.head.verifiers, _cap(d, 1));
        }
    }

    /// @dev The most tickets that are kept of a role.
    function _cap(Draw memory d, uint256 role) private pure returns (uint256) {
        return role == 0 ? 4 * d.head.wanted + 2 * EXECUTORS_MAX : 2 * _verifiersOf(d.t1) + EXECUTORS_MAX;
    }

    function _entries(uint256 arena, uint256 round, uint256 region, uint256 count, uint256 room) private view returns (uint256[] memory list) {
        list = new uint256[](room);
        for (uint256 i = 0; i < count; i++) {
            list[i] = _entryOf(_cell(arena, round, region, i));
        }
    }

    function _isHis(Draw memory d, ISojournLedger.Ticket calldata t) private view returns (bool) {
        return _isSigned(d.domain, TicketHash.hash(d.id, d.round, t), t.node, t.r, t.vs);
    }

    function _ticket(Draw memory d, ISojournLedger.Ticket calldata t) private returns (uint256) {
        if (!_isHis(d, t)) {
            return Refusal.BadSignature;
        }
        if (t.role > 1) {
            return Refusal.OutOfBounds;
        }
        if (d.head.phase != Phase.Drawing) {
            return Refusal.WrongPhase;
        }
        if (!d.isKnown) {
            return Refusal.BeaconUnknown;
        }
        (uint256 reason, uint256 units, uint256 version) = _eligibility(d, t.role, t.node);
        if (reason != 0) {
            return reason;
        }
        uint32[] calldata list = t.units;
        if (list.length == 0 || list.length > (t.role == 0 ? 1 : _verifiersOf(d.t1))) {
            return Refusal.BadList;
        }
        for (uint256 i = 0; i < list.length; i++) {
            if (list[i] >= units) {
                return Refusal.BadUnit;
            }
            if (i > 0 && list[i] <= list[i - 1]) {
                return Refusal.BadList;
            }
        }
        return _enterAll(d, t, version);
    }

    // An entry, as tickets are ordered by: value 64 | node 160 | unit 16 | holds the inputs 1 | chip's tag 15.

    function _entryOf(uint256 cell) private pure returns (uint256) {
        return (((cell >> 191) & type(uint64).max) << 192) | (uint256(uint160(cell)) << 32) | (((cell >> 175) & 0xFFFF) << 16) | (((cell >> 174) & 1) << 15) | ((cell >> 160) & 0x3FFF);
    }

    function _cellOf(uint256 entry) private pure returns (uint256) {
        return TICKET | ((entry >> 192) << 191) | (((entry >> 16) & 0xFFFF) << 175) | (((entry >> 15) & 1) << 174) | ((entry & 0x3FFF) << 160) | uint160(entry >> 32);
    }

    /// @dev Enters each unit that is among the best so far.
    function _enterAll(Draw memory d, ISojournLedger.Ticket calldata t, uint256 version) private returns (uint256) {
        uint256 role = t.role;
        address node = t.node;
        uint256 count = role == 0 ? d.head.executors : d.head.verifiers;
        uint256[] memory list = d.lists[role];
        for (uint256 i = 0; i < count; i++) {
            if (address(uint160(list[i] >> 32)) == node) {
                return Refusal.TicketExists;
            }
        }
        // A ticket that was struck, or stood a challenge, is known even where it is in the list no more.
        if (d.head.challenged && _challenged[keccak256(abi.encode(d.id, d.round, role, node))] != 0) {
            return Refusal.TicketExists;
        }
        bytes32 possession = t.possession;
        if (possession != 0 && (role != 0 || !_holdsInputs(d, node, version))) {
            return Refusal.NotAHolder;
        }
        return _enterUnits(d, t, version, list, count) ? 0 : Refusal.TicketLoses;
    }

    function _enterUnits(Draw memory d, ISojournLedger.Ticket calldata t, uint256 version, uint256[] memory list, uint256 count) private returns (bool wins) {
        uint256 role = t.role;
        uint256 cap = _cap(d, role);
        uint256 before = count;
        bytes32 possession = t.possession;
        uint256 same = (uint256(uint160(t.node)) << 32) | (possession != 0 ? 1 << 15 : 0) | ((version >> 226) & 0x3FFF);
        uint32[] calldata units = t.units;
        for (uint256 i = 0; i < units.length; i++) {
            uint256 unit = units[i];
            uint256 entry = (_draw(t.output, unit) << 192) | (unit << 16) | same;
            uint256 place = _placeOf(d, list, count, cap, entry, role == 0, version);
            if (place == type(uint256).max) {
                continue;
            }
            wins = true;
            list[place] = entry;
            _setCell(d.head.arena, d.round, role == 0 ? AT_EXECUTORS : AT_VERIFIERS, place, _cellOf(entry));
            if (possession != 0) {
                _setCell(d.head.arena, d.round, AT_POSSESSION, place, uint256(possession));
            }
            if (place == count) {
                count++;
            }
        }
        if (count != before) {
            if (role == 0) {
                d.head.executors = count;
            } else {
                d.head.verifiers = count;
            }
        }
    }

    function _order(uint256 entry, bool locality) private pure returns (uint256) {
        return (entry >> 16) | (locality && (entry >> 15) & 1 == 0 ? 1 << 240 : 0);
    }

    /// @dev Where an entry goes: over the one with the same chip if it is better, else to the end while there is room, else over the worst; or nowhere.
    function _placeOf(Draw memory d, uint256[] memory list, uint256 count, uint256 cap, uint256 entry, bool onePerChip, uint256 version)
        private
        view
        returns (uint256)
    {
        bool locality = d.round == 0 && _localityOf(d.t1) > 0;
        if (onePerChip) {
            for (uint256 i = 0; i < count; i++) {
                uint256 other = list[i];
                if ((other ^ entry) & 0x3FFF == 0 && _sameChip(d, address(uint160(entry >> 32)), version, address(uint160(other >> 32)))) {
                    return _order(entry, locality) < _order(other, locality) ? i : type(uint256).max;
                }
            }
        }
        if (count < cap) {
            return count;
        }
        uint256 worst = 0;
        uint256 worstAt = 0;
        for (uint256 i = 0; i < count; i++) {
            uint256 itsOrder = _order(list[i], locality);
            if (itsOrder > worst) {
                (worst, worstAt) = (itsOrder, i);
            }
        }
        return _order(entry, locality) < worst ? worstAt : type(uint256).max;
    }

    function _sameChip(Draw memory d, address who, uint256 version, address other) private view returns (bool) {
        uint256 its = _versionAt(other, d.head.snapshot);
        return _nodes[who].profiles[_profileOf(version)].chip == _nodes[other].profiles[_profileOf(its)].chip;
    }

    function _holdsInputs(Draw memory d, address who, uint256 version) private view returns (bool) {
        uint256 serial = (_nodes[who].profiles[_profileOf(version)].rest >> 64) & 0xFFFFFFFFFF;
        for (uint256 i = 0; i < d.head.inputs; i++) {
            if (_pins[keccak256(abi.encode(who, serial, _cell(d.head.arena, JOB, AT_INPUTS, i)))] == 0) {
                return false;
            }
        }
        return d.head.inputs > 0;
    }

    /// @dev What a unit of stake draws (`Sortition/UnitDraw.cs`): 64 bits, sixteen units to a hash.
    function _draw(bytes32 output, uint256 unit) private view returns (uint256 z) {
        bytes32 domain = "sojourn/units/1";
        assembly ("memory-safe") {
            let p := mload(0x40)
            mstore(p, domain)
            mstore(add(p, 32), output)
            mstore(add(p, 64), shr(4, unit))
            if iszero(staticcall(gas(), 2, p, 96, 0, 32)) { revert(0, 0) }
            z := and(shr(sub(192, shl(6, and(unit, 3))), mload(0)), 0xFFFFFFFFFFFFFFFF)
        }
        unchecked {
            z = uint64(z + ((unit >> 2) & 3) * 0x9E3779B97F4A7C15);
            z = uint64((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9);
            z = uint64((z ^ (z >> 27)) * 0x94D049BB133111EB);
            z = z ^ (z >> 31);
        }
    }

    /// @notice See `ISojournLedger.eligibility`.
    function eligibility(bytes32 id, uint8 role, address who) external view returns (uint8, uint32) {
        (uint256 reason, uint256 word) = _find(id);
        if (reason != 0) {
            return (uint8(reason), 0);
        }
        Draw memory d;
        d.id = id;
        d.head = _unpack(word);
        d.round = d.head.round;
        _load(d);
        uint256 units;
        (reason, units,) = _eligibility(d, role, who);
        return (uint8(reason), uint32(units));
    }

    function _eligibility(Draw memory d, uint256 role, address who) private view returns (uint256 reason, uint256 units, uint256 v) {
        v = _versionAt(who, d.head.snapshot);
        if (v == 0) {
            return (_nodes[who].head == 0 ? Refusal.UnknownNode : Refusal.NotEligible, 0, 0);
        }
        // A round in which nobody runs the job draws a committee alone.
        if (role == 0 ? d.head.wanted == 0 || !_fits(d, who, v) : (v >> 62) & 1 == 0) {
            return (Refusal.NotEligible, 0, v);
        }
        if (d.round > 0 && _isExcluded(d, role, who)) {
            return (Refusal.Excluded, 0, v);
        }
        uint256 s = _stakes[who];
        if (_available(s) < (role == 0 ? _bondOf(d.t2) : VERIFIER_BOND)) {
            return (Refusal.InsufficientStake, 0, v);
        }
        units = _unitsOf(v, s);
        return (units == 0 ? Refusal.InsufficientStake : 0, units, v);
    }

    function _fits(Draw memory d, address who, uint256 v) private view returns (bool) {
        uint256 price = uint64(v >> 159);
        if ((v >> 224) & 1 != 0) {
            price += uint256(uint64(_nodes[who].profiles[_profileOf(v)].rest)) * (d.t3 >> 192) / 1_000_000_000;
        }
        return (v >> 61) & 1 != 0 && (v >> 57) & 3 >= _levelOf(d.t1) && (v >> 59) & 3 >= _custodyOf(d.t1) && (d.regions == 0 || uint64(v >> 95) & d.regions != 0)
            && uint32(v >> 63) >= uint32(d.t3 >> 160) && price <= uint64(d.t2);
    }

    /// @dev Who executed before in the job, or kept silent in it, is left out; and a verifier of an earlier round does not execute.
    function _isExcluded(Draw memory d, uint256 role, address who) private view returns (bool) {
        for (uint256 i = 0; i < d.round; i++) {
            Round memory r = _round(d.head, i);
            (uint256 where,) = _executorIndex(r, who);
            if (where < r.executors) {
                return true;
            }
            uint256 voter;
            (where, voter) = _voterIndex(r, who);
            if (where < r.verifiers && (role == 0 || _wasSilent(d.head, r, voter))) {
                return true;
            }
        }
        return false;
    }

    function _wasSilent(Head memory h, Round memory r, uint256 voter) private view returns (bool) {
        if (h.wanted == 0 && _judged(voter) == 0 && _wasAsked(h, r)) {
            return true;
        }
        for (uint256 i = 0; i < r.executors; i++) {
            if (_seat(r, i) & SEAT_EVIDENCE != 0 && _verdict(voter, i) == 0) {
                return true;
            }
        }
        return false;
    }

    // ------------------------------------------------------------------------------------------------------------- the draw

    /// @inheritdoc IDrawing
    function select(bytes32 id) external returns (bool staffed) {
        EventLog.Log memory log = EventLog.about(id);
        Head memory h = _unpack(_jobs[id]);
        staffed = _select(log, h, _terms1(h.arena), _bondOf(_terms2(h.arena)));
        _save(id, h);
        log.flush();
    }

    function _select(EventLog.Log memory log, Head memory h, uint256 t1, uint256 bond) private returns (bool) {
        uint256[] memory executors = _sorted(h, AT_EXECUTORS, h.executors, h.round == 0 ? _localityOf(t1) : 0);
        uint256[] memory verifiers = _sorted(h, AT_VERIFIERS, h.verifiers, 0);
        bool any = h.executors > 0;
        uint256 drawn = _drawExecutors(h, executors, bond);
        (uint256 nodes, uint256 seats) = _drawVerifiers(t1, executors, drawn, verifiers);
        if (any) {
            _takeFee(log, h);
            for (uint256 i = 0; i < h.offers; i++) {
                bytes32 offer = bytes32(_cell(h.arena, JOB, AT_OFFERS, i));
                uint256 counts = _offers[offer].counts;
                if (uint32(counts >> 192) != type(uint32).max) {
                    _offers[offer].counts = counts + (1 << 192);
                }
            }
        }
        if (drawn < _fewest(h, t1) || seats < _quorum(t1) || nodes < _verifierNodesOf(t1)) {
            h.executors = 0;
            h.verifiers = 0;
            return false;
        }
        _seatExecutors(log, h, executors, drawn, bond);
        _seatVerifiers(log, h, verifiers, nodes);
        if (h.wanted == 0) {
            _enter(log, h, Phase.Judging, block.number + _window(t1, 6));
        } else {
            _enter(log, h, Phase.Attesting, _close(t1, h.snapshot, h.round, 2));
        }
        return true;
    }

    /// @dev Tickets in their order; the lowest bits say where each was kept. Where enough holders entered, holders alone; where too few, being one counts for nothing.
    function _sorted(Head memory h, uint256 region, uint256 count, uint256 localityMin) private view returns (uint256[] memory list) {
        list = _entries(h.arena, h.round, region, count, count);
        uint256 holders = 0;
        for (uint256 i = 0; i < count; i++) {
            holders += (list[i] >> 15) & 1;
            list[i] = (list[i] & ~uint256(0x7FFF)) | i;
        }
        if (localityMin > 0 && holders >= localityMin) {
            uint256 kept = 0;
            for (uint256 i = 0; i < count; i++) {
                if ((list[i] >> 15) & 1 != 0) {
                    list[kept++] = list[i];
                }
            }
            assembly ("memory-safe") {
                mstore(list, kept)
            }
            count = kept;
        }
        for (uint256 i = 1; i < count; i++) {
            uint256 ticket = list[i];
            uint256 where = i;
            while (where > 0 && ticket < list[where - 1]) {
                list[where] = list[where - 1];
                where--;
            }
            list[where] = ticket;
        }
    }

    /// @dev Keeps the winners at the head of the list.
    function _drawExecutors(Head memory h, uint256[] memory list, uint256 bond) private view returns (uint256 drawn) {
        for (uint256 i = 0; i < list.length && drawn < h.wanted; i++) {
            if (_available(_stakes[address(uint160(list[i] >> 32))]) >= bond) {
                list[drawn++] = list[i];
            }
        }
    }

    /// @dev Turns the head of the list into nodes with seats: node 160 | seats 6 | where its first ticket lies.
    function _drawVerifiers(uint256 t1, uint256[] memory executors, uint256 drawn, uint256[] memory list) private view returns (uint256 nodes, uint256 seats) {
        uint256 wanted = _verifiersOf(t1);
        for (uint256 i = 0; i < list.length && seats < wanted; i++) {
            address who = address(uint160(list[i] >> 32));
            if (_isAmong(executors, drawn, who, 32)) {
                continue;
            }
            uint256 where = 0;
            while (where < nodes && address(uint160(list[where])) != who) {
                where++;
            }
            uint256 its = where < nodes ? (list[where] >> 160) & 63 : 0;
            if (_available(_stakes[who]) < VERIFIER_BOND * (its + 1)) {
                continue;
            }
            seats++;
            if (where == nodes) {
                nodes++;
                list[where] = uint256(uint160(who)) | (1 << 160) | ((list[i] & 0x7FFF) << 166);
            } else {
                list[where] += 1 << 160;
            }
        }
    }

    function _isAmong(uint256[] memory list, uint256 count, address who, uint256 shift) private pure returns (bool) {
        for (uint256 i = 0; i < count; i++) {
            if (address(uint160(list[i] >> shift)) == who) {
                return true;
            }
        }
        return false;
    }

    /// @dev Seats the drawn; a ticket that lies where its seat would be stays as it is. Commitments to possession move with their tickets.
    function _seatExecutors(EventLog.Log memory log, Head memory h, uint256[] memory list, uint256 drawn, uint256 bond) private {
        uint256[] memory possession = new uint256[](drawn);
        for (uint256 i = 0; i < drawn; i++) {
            if ((list[i] >> 15) & 1 != 0 && list[i] & 0x7FFF != i) {
                possession[i] = _cell(h.arena, h.round, AT_POSSESSION, list[i] & 0x7FFF);
            }
        }
        for (uint256 i = 0; i < drawn; i++) {
            address who = address(uint160(list[i] >> 32));
            if (list[i] & 0x7FFF != i) {
                bool local = (list[i] >> 15) & 1 != 0;
                _setCell(h.arena, h.round, AT_EXECUTORS, i, uint256(uint160(who)) | (local ? SEAT_LOCAL : 0));
                if (local) {
                    _setCell(h.arena, h.round, AT_POSSESSION, i, possession[i]);
                }
            }
            _engage(who, bond);
            log.add(Kinds.ExecutorDrawn, h.round, who, 0);
        }
        h.executors = drawn;
    }

    function _seatVerifiers(EventLog.Log memory log, Head memory h, uint256[] memory list, uint256 nodes) private {
        for (uint256 i = 0; i < nodes; i++) {
            address who = address(uint160(list[i]));
            uint256 seats = (list[i] >> 160) & 63;
            if (seats != 1 || list[i] >> 166 != i) {
                _setCell(h.arena, h.round, AT_VERIFIERS, i, uint256(uint160(who)) | (seats << 160) | (seats << 166));
            }
            _engage(who, VERIFIER_BOND * seats);
            log.add(Kinds.VerifierDrawn, h.round, who, seats);
        }
        h.verifiers = nodes;
    }

    function _fewest(Head memory h, uint256 t1) private view returns (uint256) {
        if (h.kind == RoundKind.Primary) {
            return _agreeingOf(t1);
        }
        if (h.kind != RoundKind.Dispute) {
            return h.wanted == 0 ? 0 : 1;
        }
        // A committee that decides a dispute must be larger than those it judges.
        uint256 before = 1;
        for (uint256 i = 0; i < h.round; i++) {
            before += _countStatus(_round(h, i), Status.Revealed);
        }
        uint256 size = _disputeSize(_executorsOf(t1));
        return before < size ? before : size;
    }

    function _takeFee(EventLog.Log memory log, Head memory h) private {
        if (!h.feeTaken) {
            h.feeTaken = true;
            h.escrow -= POST_FEE;
            _treasury(POST_FEE);
            log.line(Lines.PostFee, 0, address(uint160(_terms3(h.arena))), POST_FEE);
        }
    }
}
