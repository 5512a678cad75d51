// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISojournLedger} from "../ISojournLedger.sol";
import {Beacons} from "../libraries/Beacons.sol";
import {EventLog} from "../libraries/EventLog.sol";
import {Kinds, Phase, Refusal, Status} from "../libraries/Reasons.sol";
import {Base} from "./Base.sol";
import {TicketHash} from "../libraries/TicketHash.sol";

/// @title Tickets and the beacon
/// @dev The first half of `State/LedgerState.Drawing.cs`; what the tickets decide is in `ProgressModule`. VRF proofs are checked on challenge only (`DisputesModule`), so a ticket costs one slot.
contract DrawingModule is Base {
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

    function _isHis(Draw memory d, ISojournLedger.Ticket calldata t) private pure returns (bool) {
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
        if (t.units.length == 0 || t.units.length > (t.role == 0 ? 1 : _verifiersOf(d.t1))) {
            return Refusal.BadList;
        }
        for (uint256 i = 0; i < t.units.length; i++) {
            if (t.units[i] >= units) {
                return Refusal.BadUnit;
            }
            if (i > 0 && t.units[i] <= t.units[i - 1]) {
                return Refusal.BadList;
            }
        }
        return _enterAll(d, t, version);
    }

    // A ticket: value 64 | node 160 | unit 16 | holds the inputs 1 | chip's tag 15. Without the lowest bits it is what tickets are ordered by.

    /// @dev Enters each unit that is among the best so far.
    function _enterAll(Draw memory d, ISojournLedger.Ticket calldata t, uint256 version) private returns (uint256) {
        uint256 region = t.role == 0 ? AT_EXECUTORS : AT_VERIFIERS;
        uint256 count = t.role == 0 ? d.head.executors : d.head.verifiers;
        uint256[] memory list = new uint256[](count + t.units.length);
        for (uint256 i = 0; i < count; i++) {
            list[i] = _cell(d.head.arena, d.round, region, i);
            if (address(uint160(list[i] >> 32)) == t.node) {
                return Refusal.TicketExists;
            }
        }
        bool local = t.possession != 0;
        if (local && (t.role != 0 || !_holdsInputs(d, t.node, version))) {
            return Refusal.NotAHolder;
        }
        uint256 cap = t.role == 0 ? 4 * d.head.wanted + 2 * EXECUTORS_MAX : 2 * _verifiersOf(d.t1) + EXECUTORS_MAX;
        bool wins;
        uint256 before = count;
        for (uint256 i = 0; i < t.units.length; i++) {
            uint256 entry = (_draw(t.output, t.units[i]) << 192) | (uint256(uint160(t.node)) << 32) | (uint256(t.units[i]) << 16) | (local ? 1 << 15 : 0) | (version >> 226);
            uint256 place = _placeOf(d, list, count, cap, entry, t.role == 0, t.node, version);
            if (place == type(uint256).max) {
                continue;
            }
            wins = true;
            list[place] = entry;
            _setCell(d.head.arena, d.round, region, place, entry);
            if (local) {
                _setCell(d.head.arena, d.round, AT_POSSESSION, place, uint256(t.possession));
            }
            if (place == count) {
                count++;
            }
        }
        if (!wins) {
            return Refusal.TicketLoses;
        }
        if (count != before) {
            if (t.role == 0) {
                d.head.executors = count;
            } else {
                d.head.verifiers = count;
            }
        }
        return 0;
    }

    function _order(uint256 entry, bool locality) private pure returns (uint256) {
        return (entry >> 16) | (locality && (entry >> 15) & 1 == 0 ? 1 << 240 : 0);
    }

    /// @dev Where an entry goes: over the one with the same chip if it is better, else to the end while there is room, else over the worst; or nowhere.
    function _placeOf(Draw memory d, uint256[] memory list, uint256 count, uint256 cap, uint256 entry, bool onePerChip, address who, uint256 version)
        private
        view
        returns (uint256)
    {
        bool locality = d.round == 0 && _localityOf(d.t1) > 0;
        uint256 order = _order(entry, locality);
        uint256 worst = 0;
        uint256 worstAt = type(uint256).max;
        for (uint256 i = 0; i < count; i++) {
            uint256 other = list[i];
            uint256 itsOrder = _order(other, locality);
            if (onePerChip && (other ^ entry) & 0x7FFF == 0 && _sameChip(d, who, version, address(uint160(other >> 32)))) {
                return order < itsOrder ? i : type(uint256).max;
            }
            if (itsOrder > worst) {
                (worst, worstAt) = (itsOrder, i);
            }
        }
        return count < cap ? count : order < worst ? worstAt : type(uint256).max;
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
    function _draw(bytes32 output, uint256 unit) private pure returns (uint256 z) {
        uint256 hash = uint256(sha256(abi.encode(bytes32("sojourn/units/1"), output, unit >> 4)));
        z = uint64(hash >> (192 - 64 * (unit & 3)));
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
        if (role == 0 ? !_fits(d, who, v) : (v >> 62) & 1 == 0) {
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
            if (where < r.verifiers && (role == 0 || _wasSilent(r, voter))) {
                return true;
            }
        }
        return false;
    }

    function _wasSilent(Round memory r, uint256 voter) private view returns (bool) {
        for (uint256 i = 0; i < r.executors; i++) {
            if (_seat(r, i) & SEAT_EVIDENCE != 0 && _verdict(voter, i) == 0) {
                return true;
            }
        }
        return false;
    }
}
