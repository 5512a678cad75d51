// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISojournLedger} from "../ISojournLedger.sol";
import {EventLog} from "../libraries/EventLog.sol";
import {MessageHash} from "../libraries/MessageHash.sol";
import {Statements} from "../libraries/Statements.sol";
import {Kinds, Phase, Refusal, Status} from "../libraries/Reasons.sol";
import {Base} from "./Base.sol";
import {IProgress} from "./IProgress.sol";

/// @title A round in which everybody did what is asked, at once
/// @dev The same as `State/LedgerState.Attesting.cs` and `.Running.cs` would make of the messages one after another: evidence of all, votes of all, openings of all, commitments of all, results of all.
/// What all said is checked; that it was said is kept in six bits of the job's head, from which seats are read as their messages would have left them (`Base._seat`, `Base._voter`).
contract ConcludingModule is Base {
    using EventLog for EventLog.Log;

    address private immutable PROGRESS;

    /// @param progress The module by which jobs go on.
    constructor(ISojournLedger.Config memory c, address progress) Base(c) {
        PROGRESS = progress;
    }

    struct Desk {
        bytes32 id;
        uint256 round;
        bytes32 domain;
        Round r;
        bool commits;
        bytes32 tag;
        uint32 exit;
        address[] executors; // in the order of findings
    }

    /// @notice See `ISojournLedger.conclude`.
    function conclude(bytes32 id, uint8 round, ISojournLedger.Conclusion calldata c) external {
        (uint256 reason, Head memory h) = _findRound(id, round);
        _refuse(reason);
        uint256 t1 = _terms1(h.arena);
        if (h.phase != Phase.Attesting || block.number > _close(t1, h.snapshot, round, 2)) {
            _refuse(Refusal.WrongPhase);
        }
        if (h.isSealed) {
            _refuse(Refusal.KeyNotReleased);
        }
        if (c.findings.length != h.executors || c.appraisals.length != h.executors || c.ballots.length != h.verifiers) {
            _refuse(Refusal.BadList);
        }
        Desk memory d;
        d.id = id;
        d.round = round;
        d.domain = _domain();
        d.r = _round(h, round);
        d.commits = h.wanted > 1;
        d.tag = c.tag;
        d.exit = c.exit;
        d.executors = new address[](h.executors);
        _checkFindings(d, c.findings);
        h.concluded = _checkBallots(d, c.ballots, c.appraisals);
        if (h.concluded < _quorum(t1)) {
            _refuse(Refusal.NotAdmitted);
        }
        _keep(d, _modesOf(t1) & MODE_ANSWER != 0, c.findings);
        _save(id, h);
        EventLog.Log memory log = EventLog.about(id);
        log.add(Kinds.Concluded, round, address(0), h.concluded);
        log.flush();
        _delegate(PROGRESS, abi.encodeCall(IProgress.advance, (id)));
    }

    // ------------------------------------------------------------------------------------------------------------- executors

    function _checkFindings(Desk memory d, ISojournLedger.Finding[] calldata findings) private view {
        address last;
        for (uint256 i = 0; i < findings.length; i++) {
            ISojournLedger.Finding calldata f = findings[i];
            if (f.seat >= findings.length) {
                _refuse(Refusal.NotDrawn);
            }
            uint256 seat = _seatAt(d.r.arena, d.round, f.seat);
            address node = address(uint160(seat));
            // Ascending, and as many as there are seats: each is there once.
            if (node <= last) {
                _refuse(Refusal.BadList);
            }
            if (_status(seat) != Status.Drawn) {
                _refuse(Refusal.EvidenceExists);
            }
            last = node;
            d.executors[i] = node;
            _checkFinding(d, f, node, seat);
        }
    }

    function _checkFinding(Desk memory d, ISojournLedger.Finding calldata f, address node, uint256 seat) private view {
        if (f.hpkeKey.length == 0 || f.hpkeKey.length > 133 || f.receiptKey.length != 33) {
            _refuse(Refusal.BadKey);
        }
        if (
            seat & SEAT_LOCAL != 0
                ? sha256(abi.encode(bytes32("sojourn/possession/1"), node, f.possession)) != bytes32(_cell(d.r.arena, d.round, AT_POSSESSION, f.seat))
                : f.possession != 0
        ) {
            _refuse(Refusal.BadPossession);
        }
        bytes32[7] memory parts = [
            keccak256(f.content), keccak256(f.hpkeKey), keccak256(f.receiptKey), keccak256(f.enclaveSignature), keccak256(f.receiptContent), bytes32(uint256(uint160(node))), bytes32(uint256(f.fuel))
        ];
        (bytes32 bundle, bytes32 statement) = MessageHash.finding(d.id, d.round, d.commits, d.tag, d.exit, f, parts);
        if (!_isSigned(d.domain, bundle, node, f.r, f.vs)) {
            _refuse(Refusal.BadSignature);
        }
        if (!Statements.holds(statement, f.enclaveSignature, f.receiptKey, f.keyY)) {
            _refuse(Refusal.BadEnclaveSignature);
        }
    }

    // ------------------------------------------------------------------------------------------------------------- verifiers

    /// @dev Checks all ballots and counts their seats.
    function _checkBallots(Desk memory d, ISojournLedger.Ballot[] calldata ballots, bytes32[] calldata appraisals) private view returns (uint256 seats) {
        for (uint256 i = 0; i < ballots.length; i++) {
            uint256 voter = _voter(d.r, i);
            if ((voter >> 176) & ((1 << 51) - 1) != 0) {
                _refuse(Refusal.AlreadyVoted);
            }
            if (ballots[i].salts.length != appraisals.length) {
                _refuse(Refusal.BadList);
            }
            address node = address(uint160(voter));
            if (!_isSigned(d.domain, MessageHash.ballot(d.id, d.round, node, d.executors, appraisals, ballots[i].salts), node, ballots[i].r, ballots[i].vs)) {
                _refuse(Refusal.BadSignature);
            }
            seats += _seats(voter);
        }
    }

    // ------------------------------------------------------------------------------------------------------------- what is kept

    /// @dev One result for all; where a known answer will be asked for, every output.
    function _keep(Desk memory d, bool all, ISojournLedger.Finding[] calldata findings) private {
        uint256 compared = (uint256(keccak256(abi.encode(d.tag, d.exit))) >> 128) << 128;
        for (uint256 i = 0; i < findings.length; i++) {
            if (all || findings[i].seat == 0) {
                _setCell(d.r.arena, d.round, AT_RESULTS, findings[i].seat, compared | (uint256(findings[i].output) >> 128));
            }
        }
    }
}
