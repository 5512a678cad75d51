// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISojournLedger} from "../ISojournLedger.sol";
import {EventLog} from "../libraries/EventLog.sol";
import {Kinds, Lines, Outcome, Phase, Refusal, RoundKind, Status} from "../libraries/Reasons.sol";

/// @title What all parts of the ledger share: the rules, the storage, and how both are read
/// @dev The ledger is one address. Its code is larger than one contract may be, so it is spread over modules that the ledger runs by DELEGATECALL on its own storage. All of them derive
/// from this contract and declare no storage of their own, so they agree on the layout. Their addresses are fixed when the ledger is made; nothing can be exchanged later.
///
/// Storage is packed by hand, since storage is what a job costs. Everything that belongs to one open job only lies in an arena, a run of slots that the next job takes over when this one is
/// closed: overwriting a slot costs less than a quarter of a fresh one. A cell is read only where the job's own counters say that this job wrote it.
abstract contract Base {
    using EventLog for EventLog.Log;

    // ------------------------------------------------------------------------------------------------------------- rules

    uint256 internal constant PARTS = 10_000;
    uint256 internal constant AMOUNT_MAX = type(uint64).max >> 1;
    uint256 internal constant EXECUTORS_MAX = 16;
    uint256 internal constant VERIFIERS_MAX = 63;
    uint256 internal constant LIST_MAX = 16;
    uint256 internal constant MODE_CHECKER = 1;
    uint256 internal constant MODE_REVIEW = 2;
    uint256 internal constant MODE_ANSWER = 4;

    bytes32 internal immutable GENESIS;
    bool internal immutable DEVELOPMENT;
    address internal immutable TOKEN;
    uint256 internal immutable SCALE;
    address internal immutable TREASURY;
    address internal immutable GUARDIAN;
    uint256 internal immutable STAKE_UNIT;
    uint256 internal immutable NODE_UNITS_MIN;
    uint256 internal immutable NODE_UNITS_MAX;
    uint256 internal immutable POST_FEE;
    uint256 internal immutable TREASURY_SHARE;
    uint256 internal immutable SILENT_EXECUTOR_SHARE;
    uint256 internal immutable SILENT_VERIFIER_PENALTY;
    uint256 internal immutable EXECUTOR_BOND_MIN;
    uint256 internal immutable VERIFIER_BOND;
    uint256 internal immutable REPORTER_SHARE;
    uint256 internal immutable FAIL_SHARE;
    uint256 internal immutable REVIEW_FLOOR_SHARE;
    uint256 internal immutable AUDIT_FLOOR;
    uint256 internal immutable AUDIT_DELAY;
    uint256 internal immutable WINDOW_MIN;
    uint256 internal immutable WINDOW_MAX;
    uint256 internal immutable JOB_HEIGHTS_MAX;
    uint256 internal immutable PROFILE_DELAY;
    uint256 internal immutable UNBOND_DELAY;
    uint256 internal immutable CREDIT_EPOCH;
    uint256 internal immutable PAYOUT_MIN;
    uint256 internal immutable PAYOUT_EPOCHS;
    uint256 internal immutable BATCH_CLAIM_HEIGHTS;
    uint256 internal immutable CHALLENGE_FEE;

    // ------------------------------------------------------------------------------------------------------------- storage

    /// @dev held 64 | treasury 64 | first free arena 32 | arenas made 32 | last height of a pause 64
    uint256 internal _totals;

    /// @dev The first height at which the guardian may pause again.
    uint256 internal _pauseAgain;

    /// @dev free 64 | mature 64 | withheld 64 | nonce 40 | mature since epoch 24
    mapping(address => uint256) internal _accounts;

    /// @dev stake 64 | engaged 64 | credit of the epoch 64 | that epoch 24 | agreed results 20 | counted votes 19 (counters stop at their largest value) | gave a wrong result or was proved false 1
    mapping(address => uint256) internal _stakes;

    mapping(address => NodeData) internal _nodes;

    /// @dev keccak256(node, serial of the profile, pin) → 1
    mapping(bytes32 => uint256) internal _pins;

    mapping(bytes32 => OfferData) internal _offers;

    /// @dev The head of each job, see `Head`.
    mapping(bytes32 => uint256) internal _jobs;

    /// @dev keccak256(job, round, role, node) → the output that stood a challenge, `STRUCK` where a false ticket was shown, 0 where none was challenged
    mapping(bytes32 => uint256) internal _challenged;

    uint256 internal constant STRUCK = 1;

    mapping(bytes32 => BatchData) internal _batches;

    /// @dev keccak256(batch, index / 256) → claimed leaves
    mapping(bytes32 => uint256) internal _claimed;

    struct NodeData {
        uint256 head; // see `_version`
        uint256 previous;
        uint256 record; // wrong 32 | failed 32 | silent 32 | votes missed 32 | proved 32 | audits passed 32
        uint256 unbonding; // amount 64 | height 64
        ProfileData[2] profiles;
    }

    struct ProfileData {
        uint256 chip;
        uint256 keyX;
        uint256 rest; // price per gigafuel 64 | serial 40 | first byte of the key 8
    }

    struct OfferData {
        uint256 head; // owner 160 | uses max 32 | draws max 32 | kind 1 | sealed 1 | withdrawn 1 | level 2 | custody 2 | exists 1
        uint256 counts; // keeper 160 | uses 32 | draws 32 | pending 32
        uint256 contentKey;
        uint256 price; // price 128 | expires 64
    }

    struct BatchData {
        uint256 head; // poster 160 | rest 64 | count 32
        uint256 root;
        uint256 closesAt;
    }

    /// @param c The configuration; the same for all modules of a ledger.
    constructor(ISojournLedger.Config memory c) {
        ISojournLedger.Rules memory r = c.rules;
        // forge-lint: disable-next-line(custom-errors)
        require(
            c.scale > 0 && c.treasury != address(0) && r.stakeUnit > 0 && r.nodeUnitsMin > 0 && r.nodeUnitsMax <= 65_536 && r.creditEpoch > 0 && r.windowMax < 1 << 20
                && r.treasuryShare <= PARTS && r.silentExecutorShare <= PARTS && r.reporterShare <= PARTS && r.failShare <= PARTS && r.reviewFloorShare <= PARTS
                && r.auditFloor <= 1_000_000 && r.auditDelay < 1 << 16 && r.jobHeightsMax < 1 << 32,
            "rules"
        );
        GENESIS = c.genesis;
        DEVELOPMENT = c.development;
        TOKEN = c.token;
        SCALE = c.scale;
        TREASURY = c.treasury;
        GUARDIAN = c.guardian;
        STAKE_UNIT = r.stakeUnit;
        NODE_UNITS_MIN = r.nodeUnitsMin;
        NODE_UNITS_MAX = r.nodeUnitsMax;
        POST_FEE = r.postFee;
        TREASURY_SHARE = r.treasuryShare;
        SILENT_EXECUTOR_SHARE = r.silentExecutorShare;
        SILENT_VERIFIER_PENALTY = r.silentVerifierPenalty;
        EXECUTOR_BOND_MIN = r.executorBondMin;
        VERIFIER_BOND = r.verifierBond;
        REPORTER_SHARE = r.reporterShare;
        FAIL_SHARE = r.failShare;
        REVIEW_FLOOR_SHARE = r.reviewFloorShare;
        AUDIT_FLOOR = r.auditFloor;
        AUDIT_DELAY = r.auditDelay;
        WINDOW_MIN = r.windowMin;
        WINDOW_MAX = r.windowMax;
        JOB_HEIGHTS_MAX = r.jobHeightsMax;
        PROFILE_DELAY = r.profileDelay;
        UNBOND_DELAY = r.unbondDelay;
        CREDIT_EPOCH = r.creditEpoch;
        PAYOUT_MIN = r.payoutMin;
        PAYOUT_EPOCHS = r.payoutEpochs;
        BATCH_CLAIM_HEIGHTS = r.batchClaimHeights;
        CHALLENGE_FEE = r.challengeFee;
    }

    // ------------------------------------------------------------------------------------------------------------- refusals, signatures

    function _refuse(uint256 reason) internal pure {
        if (reason != 0) {
            revert ISojournLedger.Refused(uint8(reason));
        }
    }

    /// @dev Reports one message's fate in a list: the first refusal is kept for the case that all are refused.
    function _report(EventLog.Log memory log, uint256 reason, uint256 first, address who) internal returns (uint256) {
        if (reason == 0) {
            return first;
        }
        log.add(Kinds.Refused, reason, 0, who, 0, 0, 0);
        return first == 0 ? reason : first;
    }

    function _domain() internal view returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"), keccak256("Sojourn"), keccak256("1"), block.chainid, address(this)
            )
        );
    }

    /// @dev EIP-712 (ERC-191 version 1) with a compact signature (EIP-2098); the upper half of s is refused.
    function _isSigned(bytes32 domain, bytes32 message, address by, bytes32 r, bytes32 vs) internal view returns (bool) {
        uint256 s = uint256(vs) & (type(uint256).max >> 1);
        if (by == address(0) || s > 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0) {
            return false;
        }
        address signer;
        assembly ("memory-safe") {
            let p := mload(0x40)
            mstore(p, shl(240, 0x1901))
            mstore(add(p, 2), domain)
            mstore(add(p, 34), message)
            mstore(p, keccak256(p, 66))
            mstore(add(p, 32), add(27, shr(255, vs)))
            mstore(add(p, 64), r)
            mstore(add(p, 96), s)
            mstore(0, 0)
            pop(staticcall(gas(), 1, p, 128, 0, 32))
            signer := mload(0)
        }
        return signer == by;
    }

    // ------------------------------------------------------------------------------------------------------------- accounts

    function _epoch() internal view returns (uint256) {
        return block.number / CREDIT_EPOCH;
    }

    function _nonceOf(uint256 a) internal pure returns (uint256) {
        return (a >> 192) & 0xFFFFFFFFFF;
    }

    /// @dev Takes free tokens and counts the nonce.
    function _spend(address who, uint256 amount) internal {
        uint256 a = _accounts[who];
        if (uint64(a) < amount) {
            _refuse(Refusal.InsufficientFunds);
        }
        unchecked {
            _accounts[who] = a - amount + (1 << 192);
        }
    }

    function _addFree(address who, uint256 amount) internal {
        if (amount != 0) {
            _accounts[who] += amount;
        }
    }

    function _treasury(uint256 amount) internal {
        if (amount != 0) {
            _totals += amount << 64;
        }
    }

    /// @dev What was earned in epoch e matures when epoch e+1 has ended. Gives the account's two words rolled to the present epoch.
    function _rolled(uint256 a, uint256 s) internal view returns (uint256, uint256) {
        uint256 epoch = _epoch();
        uint256 last = uint24(s >> 192);
        if (epoch == last) {
            return (a, s);
        }
        uint256 fresh = uint64(s >> 128);
        uint256 withheld = uint64(a >> 128);
        uint256 mature = uint64(a >> 64);
        uint256 was = mature;
        if (epoch == last + 1) {
            mature += withheld;
            withheld = fresh;
        } else {
            mature += withheld + fresh;
            withheld = 0;
        }
        a = (a & ~(uint256(type(uint128).max) << 64)) | (mature << 64) | (withheld << 128);
        if (was == 0 && mature != 0) {
            a = (a & (type(uint256).max >> 24)) | (epoch << 232);
        }
        return (a, (s & ~(uint256((1 << 88) - 1) << 128)) | (epoch << 192));
    }

    function _credit(address who, uint256 amount) internal {
        uint256 s = _stakes[who];
        if (uint24(s >> 192) != _epoch()) {
            uint256 a = _accounts[who];
            uint256 b;
            (b, s) = _rolled(a, s);
            if (a != b) {
                _accounts[who] = b;
            }
        }
        _stakes[who] = s + (amount << 128);
    }

    // ------------------------------------------------------------------------------------------------------------- stakes and nodes

    function _available(uint256 s) internal pure returns (uint256) {
        uint256 stake = uint64(s);
        uint256 engaged = uint64(s >> 64);
        return stake > engaged ? stake - engaged : 0;
    }

    function _engage(address who, uint256 amount) internal {
        _stakes[who] += amount << 64;
    }

    function _disengage(address who, uint256 amount) internal {
        _stakes[who] -= amount << 64;
    }

    /// @dev Adds one to a counter of a node's record. What makes audits of its jobs likelier is noted beside the stake too, which is read anyway.
    function _count(address who, uint256 shift) internal {
        uint256 record = _nodes[who].record;
        if (uint32(record >> shift) != type(uint32).max) {
            _nodes[who].record = record + (1 << shift);
        }
        if (shift == RECORD_WRONG || shift == RECORD_PROVED) {
            _stakes[who] |= STAKE_BLEMISHED;
        }
    }

    uint256 internal constant RECORD_WRONG = 0;
    uint256 internal constant RECORD_FAILED = 32;
    uint256 internal constant RECORD_SILENT = 64;
    uint256 internal constant RECORD_MISSED = 96;
    uint256 internal constant RECORD_PROVED = 128;
    uint256 internal constant RECORD_AUDITS = 160;

    uint256 internal constant STAKE_AGREED = 216;
    uint256 internal constant STAKE_VOTED = 236;
    uint256 internal constant STAKE_VOTED_MAX = (1 << 19) - 1;
    uint256 internal constant STAKE_BLEMISHED = 1 << 255;

    // A version's head: since 40 | units 17 | level 2 | custody 2 | executes 1 | verifies 1 | memory 32 | regions 64 | price 64 | profile 1 | price per fuel 1 | exists 1 | chip's tag 14

    function _versionAt(address who, uint256 snapshot) internal view returns (uint256 v) {
        v = _nodes[who].head;
        if (v & 0xFFFFFFFFFF > snapshot) {
            v = _nodes[who].previous;
            if (v & 0xFFFFFFFFFF > snapshot) {
                v = 0;
            }
        }
    }

    function _profileOf(uint256 v) internal pure returns (uint256) {
        return (v >> 223) & 1;
    }

    function _unitsOf(uint256 v, uint256 s) internal view returns (uint256) {
        uint256 covered = uint64(s) / STAKE_UNIT;
        uint256 units = (v >> 40) & 0x1FFFF;
        return covered < units ? covered : units;
    }

    // ------------------------------------------------------------------------------------------------------------- slashing

    /// @dev Takes from a node's stake: first the requester is made good, then whoever showed the proof gets a share, the rest is the treasury's.
    function _slash(EventLog.Log memory log, address who, uint256 amount, uint256 reason, uint256 round, address reporter, address requester, uint256 compensation)
        internal
        returns (uint256 taken)
    {
        uint256 s = _stakes[who];
        taken = amount < uint64(s) ? amount : uint64(s);
        if (taken == 0) {
            return 0;
        }
        _stakes[who] = s - taken;
        log.line(reason, round, who, taken);
        uint256 rest = taken;
        if (compensation != 0) {
            uint256 good = compensation < rest ? compensation : rest;
            rest -= good;
            _credit(requester, good);
            log.line(Lines.Compensated, round, requester, good);
        }
        if (reporter != address(0) && reporter != who) {
            uint256 share = rest * REPORTER_SHARE / PARTS;
            rest -= share;
            _credit(reporter, share);
            log.line(Lines.ReporterPaid, round, reporter, share);
        }
        _treasury(rest);
        if (reason >= Lines.SlashedWrongVote && reason <= Lines.SlashedFalseTicket) {
            _count(who, RECORD_PROVED);
        }
    }

    // ------------------------------------------------------------------------------------------------------------- jobs

    /// @dev A job's head. arena 32 | phase 3 | outcome 4 | round 4 | redraws 4 | disputed 1 | decided 1 | audited 1 | fee taken 1 | answered 1 | reviewed 2 | agreed 1 | agreed round 4 |
    /// agreed seat 5 | deadline 40 | escrow 64 | snapshot 40 | kind 2 | wanted 5 | executors 7 | verifiers 8 | offers 5 | sealed 1 | inputs 5 | beacon kept 1 | audit beacon kept 1 | concluded 6 | challenged 1.
    /// While the round is drawn, `executors` and `verifiers` count tickets; later they count seats. Of a closed job phase, outcome and, as `deadline`, the height of closing remain.
    /// `concluded` is not zero where the present round was concluded at once (`ConcludingModule`), and then says how many seats its committee has.
    struct Head {
        uint256 arena;
        uint256 phase;
        uint256 outcome;
        uint256 round;
        uint256 redraws;
        bool disputed;
        bool decided;
        bool audited;
        bool feeTaken;
        bool answered;
        uint256 reviewed;
        bool agreed;
        uint256 agreedRound;
        uint256 agreedSeat;
        uint256 deadline;
        uint256 escrow;
        uint256 snapshot;
        uint256 kind;
        uint256 wanted;
        uint256 executors;
        uint256 verifiers;
        uint256 offers;
        bool isSealed;
        uint256 inputs;
        bool beaconKept;
        bool auditKept;
        uint256 concluded;
        bool challenged;
    }

    function _unpack(uint256 w) internal pure returns (Head memory h) {
        h.arena = uint32(w);
        h.phase = (w >> 32) & 7;
        h.outcome = (w >> 35) & 15;
        h.round = (w >> 39) & 15;
        h.redraws = (w >> 43) & 15;
        h.disputed = (w >> 47) & 1 != 0;
        h.decided = (w >> 48) & 1 != 0;
        h.audited = (w >> 49) & 1 != 0;
        h.feeTaken = (w >> 50) & 1 != 0;
        h.answered = (w >> 51) & 1 != 0;
        h.reviewed = (w >> 52) & 3;
        h.agreed = (w >> 54) & 1 != 0;
        h.agreedRound = (w >> 55) & 15;
        h.agreedSeat = (w >> 59) & 31;
        h.deadline = (w >> 64) & 0xFFFFFFFFFF;
        h.escrow = uint64(w >> 104);
        h.snapshot = (w >> 168) & 0xFFFFFFFFFF;
        h.kind = (w >> 208) & 3;
        h.wanted = (w >> 210) & 31;
        h.executors = (w >> 215) & 127;
        h.verifiers = (w >> 222) & 255;
        h.offers = (w >> 230) & 31;
        h.isSealed = (w >> 235) & 1 != 0;
        h.inputs = (w >> 236) & 31;
        h.beaconKept = (w >> 241) & 1 != 0;
        h.auditKept = (w >> 242) & 1 != 0;
        h.concluded = (w >> 243) & 63;
        h.challenged = (w >> 249) & 1 != 0;
    }

    function _bit(bool b) private pure returns (uint256 x) {
        assembly ("memory-safe") {
            x := b
        }
    }

    function _pack(Head memory h) internal pure returns (uint256 w) {
        w = h.arena | (h.phase << 32) | (h.outcome << 35) | (h.round << 39) | (h.redraws << 43);
        w |= (_bit(h.disputed) << 47) | (_bit(h.decided) << 48) | (_bit(h.audited) << 49) | (_bit(h.feeTaken) << 50) | (_bit(h.answered) << 51) | (h.reviewed << 52);
        w |= (_bit(h.agreed) << 54) | (h.agreedRound << 55) | (h.agreedSeat << 59) | (h.deadline << 64) | (h.escrow << 104) | (h.snapshot << 168) | (h.kind << 208);
        w |= (h.wanted << 210) | (h.executors << 215) | (h.verifiers << 222) | (h.offers << 230) | (_bit(h.isSealed) << 235) | (h.inputs << 236);
        w |= (_bit(h.beaconKept) << 241) | (_bit(h.auditKept) << 242) | (h.concluded << 243) | (_bit(h.challenged) << 249);
    }

    function _save(bytes32 id, Head memory h) internal {
        _jobs[id] = _pack(h);
    }

    function _find(bytes32 id) internal view returns (uint256 reason, uint256 word) {
        word = _jobs[id];
        reason = word == 0 ? Refusal.UnknownJob : (word >> 32) & 7 == Phase.Closed ? Refusal.JobClosed : 0;
    }

    /// @dev An open job in a phase whose deadline has not passed, in this very round.
    function _findRound(bytes32 id, uint256 round) internal view returns (uint256 reason, Head memory h) {
        uint256 word;
        (reason, word) = _find(id);
        if (reason == 0) {
            h = _unpack(word);
            reason = block.number > h.deadline ? Refusal.MustBeDriven : round != h.round ? Refusal.WrongRound : 0;
        }
    }

    // Cells of an arena: arena 32 | round 4 | region 4 | index 8; round 15 is the job's own.

    uint256 internal constant ARENAS = uint256(keccak256("sojourn.arenas")) & ~uint256(type(uint64).max);
    uint256 internal constant JOB = 15;
    uint256 internal constant AT_ROUND = 0; // 0: head of a finished round, 1: its beacon
    uint256 internal constant AT_EXECUTORS = 1; // tickets, then seats
    uint256 internal constant AT_POSSESSION = 2;
    uint256 internal constant AT_RESULTS = 3; // evidence, then with commitment, then result; of a concluded round the one result
    uint256 internal constant AT_VERIFIERS = 4; // tickets, then seats
    uint256 internal constant AT_BALLOTS = 5; // digest of the votes' appraisals, then opened appraisals
    uint256 internal constant AT_OPENED = 6; // opened appraisals where they do not fit there: three cells for each verifier
    uint256 internal constant AT_OFFERS = 1; // of the job
    uint256 internal constant AT_PRICES = 2; // of the job: price 64 | used 1
    uint256 internal constant AT_INPUTS = 3; // of the job

    function _cell(uint256 arena, uint256 round, uint256 region, uint256 index) internal view returns (uint256 word) {
        uint256 slot = ARENAS + ((arena << 16) | (round << 12) | (region << 8) | index);
        assembly ("memory-safe") {
            word := sload(slot)
        }
    }

    function _setCell(uint256 arena, uint256 round, uint256 region, uint256 index, uint256 word) internal {
        uint256 slot = ARENAS + ((arena << 16) | (round << 12) | (region << 8) | index);
        assembly ("memory-safe") {
            sstore(slot, word)
        }
    }

    // Terms. 1: seven windows 24 each | executors 5 | agreeing 5 | verifiers 6 | verifier nodes 6 | redraws 4 | level 2 | custody 2 | locality 5 | modes 3 | audit 20 | more 1
    // (while the arena is free: the next free one). 2: executor's pay 64 | verifier's pay 64 | storage pay 64 | bond 64. 3: requester 160 | memory 32 | fuel 63.
    // 4, where `more` is set: storage node 160 | regions 64. 5: reviewer. 6: commitment to the answer.

    uint256 internal constant LINK = 1 << 255;

    function _terms1(uint256 arena) internal view returns (uint256) {
        return _cell(arena, JOB, 0, 1);
    }

    function _terms2(uint256 arena) internal view returns (uint256) {
        return _cell(arena, JOB, 0, 2);
    }

    function _terms3(uint256 arena) internal view returns (uint256) {
        return _cell(arena, JOB, 0, 3);
    }

    function _window(uint256 t1, uint256 which) internal pure returns (uint256) {
        return uint24(t1 >> (24 * which));
    }

    function _executorsOf(uint256 t1) internal pure returns (uint256) {
        return (t1 >> 168) & 31;
    }

    function _agreeingOf(uint256 t1) internal pure returns (uint256) {
        return (t1 >> 173) & 31;
    }

    function _verifiersOf(uint256 t1) internal pure returns (uint256) {
        return (t1 >> 178) & 63;
    }

    function _verifierNodesOf(uint256 t1) internal pure returns (uint256) {
        return (t1 >> 184) & 63;
    }

    function _redrawsOf(uint256 t1) internal pure returns (uint256) {
        return (t1 >> 190) & 15;
    }

    function _levelOf(uint256 t1) internal pure returns (uint256) {
        return (t1 >> 194) & 3;
    }

    function _custodyOf(uint256 t1) internal pure returns (uint256) {
        return (t1 >> 196) & 3;
    }

    function _localityOf(uint256 t1) internal pure returns (uint256) {
        return (t1 >> 198) & 31;
    }

    function _modesOf(uint256 t1) internal pure returns (uint256) {
        return (t1 >> 203) & 7;
    }

    function _auditOf(uint256 t1) internal pure returns (uint256) {
        return (t1 >> 206) & 0xFFFFF;
    }

    function _hasMore(uint256 t1) internal pure returns (bool) {
        return (t1 >> 226) & 1 != 0;
    }

    function _bondOf(uint256 t2) internal pure returns (uint256) {
        return t2 >> 192;
    }

    function _quorum(uint256 t1) internal pure returns (uint256) {
        return 2 * _verifiersOf(t1) / 3 + 1;
    }

    /// @dev The last heights of a round's windows, all fixed when it begins. `which`: 0 beacon, 1 tickets, 2 evidence, 3 votes, 4 commitments, 5 reveals.
    function _close(uint256 t1, uint256 snapshot, uint256 round, uint256 which) internal pure returns (uint256 height) {
        height = snapshot;
        for (uint256 i = 0; i <= which; i++) {
            height += _window(t1, i);
        }
        if (which > 0 && round > 0) {
            height += _window(t1, 1);
        }
    }

    function _disputeSize(uint256 executors) internal pure returns (uint256) {
        uint256 n = 2 * executors + 1;
        return n < EXECUTORS_MAX + 1 ? n : EXECUTORS_MAX + 1;
    }

    // ------------------------------------------------------------------------------------------------------------- rounds

    /// @dev A round, the present one or an earlier one.
    struct Round {
        uint256 arena;
        uint256 index;
        uint256 snapshot;
        uint256 kind;
        uint256 wanted;
        uint256 executors;
        uint256 verifiers;
        uint256 concluded;
    }

    function _round(Head memory h, uint256 index) internal view returns (Round memory r) {
        r.arena = h.arena;
        r.index = index;
        if (index == h.round) {
            r.snapshot = h.snapshot;
            r.kind = h.kind;
            r.wanted = h.wanted;
            r.concluded = h.concluded;
            if (h.phase != Phase.Drawing) {
                r.executors = h.executors;
                r.verifiers = h.verifiers;
            }
        } else {
            uint256 w = _cell(h.arena, index, AT_ROUND, 0);
            r.snapshot = w & 0xFFFFFFFFFF;
            r.kind = (w >> 40) & 3;
            r.wanted = (w >> 42) & 31;
            r.executors = (w >> 47) & 127;
            r.verifiers = (w >> 54) & 255;
            r.concluded = (w >> 62) & 63;
        }
    }

    /// @dev Begins a round; the one before is over and keeps its head in the arena.
    function _begin(EventLog.Log memory log, Head memory h, uint256 t1, uint256 kind, uint256 wanted, bool first) internal {
        if (!first) {
            uint256 seats = h.phase == Phase.Drawing ? 0 : (h.executors << 47) | (h.verifiers << 54);
            _setCell(h.arena, h.round, AT_ROUND, 0, h.snapshot | (h.kind << 40) | (h.wanted << 42) | seats | (h.concluded << 62));
            h.round++;
        }
        h.kind = kind;
        h.wanted = wanted;
        h.snapshot = block.number;
        h.executors = 0;
        h.verifiers = 0;
        h.beaconKept = false;
        h.concluded = 0;
        h.challenged = false;
        log.add(Kinds.RoundBegan, h.round, address(0), kind);
        _enter(log, h, Phase.Drawing, _close(t1, h.snapshot, h.round, 1));
    }

    function _enter(EventLog.Log memory log, Head memory h, uint256 phase, uint256 deadline) internal {
        h.phase = phase;
        h.deadline = deadline;
        log.add(Kinds.Phase, h.round, address(0), phase);
    }

    // An executor's seat: node 160 | status 4 | accepting 6 | voting 6 | local 1 | reason of failure 4 | bond gone 1 | free 1 | admitted 1 | evidence 1 | released 16 | denied 16

    uint256 internal constant SEAT_BOND_GONE = 1 << 181;
    uint256 internal constant SEAT_ADMITTED = 1 << 183;
    uint256 internal constant SEAT_EVIDENCE = 1 << 184;
    uint256 internal constant SEAT_LOCAL = 1 << 176;

    // A ticket, as it is kept: node 160 | chip's tag 14 | holds the inputs 1 | unit 16 | value 64 | is a ticket 1. A drawn node whose ticket lies where its seat would be keeps it there: until something
    // happens to the seat, nothing is written. No seat has the highest bit set.

    uint256 internal constant TICKET = 1 << 255;

    /// @dev An executor's seat. One in a round that was concluded at once is as its messages would have left it.
    function _seat(Round memory r, uint256 i) internal view returns (uint256 seat) {
        seat = _seatAt(r.arena, r.index, i);
        if (r.concluded != 0 && _status(seat) == Status.Drawn) {
            seat |= (Status.Revealed << 160) | (r.concluded << 164) | (r.concluded << 170) | SEAT_ADMITTED | SEAT_EVIDENCE;
        }
    }

    function _seatAt(uint256 arena, uint256 round, uint256 i) internal view returns (uint256 seat) {
        seat = _cell(arena, round, AT_EXECUTORS, i);
        if (seat & TICKET != 0) {
            seat = uint160(seat) | (((seat >> 174) & 1) << 176);
        }
    }

    /// @dev Where an executor's evidence or result is kept; all of a concluded round gave one result.
    function _result(Round memory r, uint256 i) internal view returns (uint256) {
        return _cell(r.arena, r.index, AT_RESULTS, r.concluded != 0 ? 0 : i);
    }

    function _setSeat(Round memory r, uint256 i, uint256 seat) internal {
        _setCell(r.arena, r.index, AT_EXECUTORS, i, seat);
    }

    function _status(uint256 seat) internal pure returns (uint256) {
        return (seat >> 160) & 15;
    }

    function _withStatus(uint256 seat, uint256 status) internal pure returns (uint256) {
        return (seat & ~(uint256(15) << 160)) | (status << 160);
    }

    function _accepting(uint256 seat) internal pure returns (uint256) {
        return (seat >> 164) & 63;
    }

    function _voting(uint256 seat) internal pure returns (uint256) {
        return (seat >> 170) & 63;
    }

    function _released(uint256 seat) internal pure returns (uint256) {
        return uint16(seat >> 185);
    }

    /// @dev Offers whose keepers denied, a bit each.
    function _deniedOffers(uint256 seat) internal pure returns (uint256) {
        return uint16(seat >> 201);
    }

    function _countStatus(Round memory r, uint256 status) internal view returns (uint256 count) {
        for (uint256 i = 0; i < r.executors; i++) {
            if (_status(_seat(r, i)) == status) {
                count++;
            }
        }
    }

    /// @dev Where an executor sits; `executors` where it does not.
    function _executorIndex(Round memory r, address who) internal view returns (uint256 i, uint256 seat) {
        for (i = 0; i < r.executors; i++) {
            seat = _seat(r, i);
            if (address(uint160(seat)) == who) {
                return (i, seat);
            }
        }
        seat = 0;
    }

    // A verifier's seat: node 160 | seats that count 6 | seats drawn 6 | judged 2 (1 rejects, 2 accepts) | bond gone 1 | opened in the ballot's cell 1 | verdicts 3 each 51 | opened 17

    uint256 internal constant VOTER_BOND_GONE = 1 << 174;
    uint256 internal constant VOTER_WHOLE = 1 << 175;

    /// @dev A verifier's seat. In a round that was concluded at once it has accepted all evidence and opened everything.
    function _voter(Round memory r, uint256 i) internal view returns (uint256 voter) {
        voter = _cell(r.arena, r.index, AT_VERIFIERS, i);
        if (voter & TICKET != 0) {
            voter = uint160(voter) | (1 << 160) | (1 << 166);
        }
        if (r.concluded != 0 && (voter >> 176) & ((1 << 51) - 1) == 0) {
            voter |= ((((1 << (3 * r.executors)) - 1) / 7) << 176) | (((1 << r.executors) - 1) << 227) | VOTER_WHOLE;
        }
    }

    function _setVoter(Round memory r, uint256 i, uint256 voter) internal {
        _setCell(r.arena, r.index, AT_VERIFIERS, i, voter);
    }

    function _seats(uint256 voter) internal pure returns (uint256) {
        return (voter >> 160) & 63;
    }

    function _voterBond(uint256 voter) internal view returns (uint256) {
        return voter & VOTER_BOND_GONE != 0 ? 0 : ((voter >> 166) & 63) * VERIFIER_BOND;
    }

    function _judged(uint256 voter) internal pure returns (uint256) {
        return (voter >> 172) & 3;
    }

    function _verdict(uint256 voter, uint256 executor) internal pure returns (uint256) {
        return (voter >> (176 + 3 * executor)) & 7;
    }

    function _isOpened(uint256 voter, uint256 executor) internal pure returns (bool) {
        return (voter >> (227 + executor)) & 1 != 0;
    }

    /// @dev The first 32 bits of an opened appraisal. The whole was committed to before any could be known, so that only equality among honest ones is asked here.
    function _openedOf(Round memory r, uint256 i, uint256 voter, uint256 executor) internal view returns (uint256) {
        uint256 w = voter & VOTER_WHOLE != 0 ? _cell(r.arena, r.index, AT_BALLOTS, i) : _cell(r.arena, r.index, AT_OPENED, 3 * i + executor / 8);
        return uint32(w >> (32 * (executor % 8)));
    }

    function _voterIndex(Round memory r, address who) internal view returns (uint256 i, uint256 voter) {
        for (i = 0; i < r.verifiers; i++) {
            voter = _voter(r, i);
            if (address(uint160(voter)) == who) {
                return (i, voter);
            }
        }
        voter = 0;
    }

    function _hasEverybodyVoted(Round memory r, uint256 executor) internal view returns (bool) {
        for (uint256 i = 0; i < r.verifiers; i++) {
            if (_verdict(_voter(r, i), executor) == 0) {
                return false;
            }
        }
        return true;
    }

    /// @dev Whether a round's committee was asked to judge: the last one that saw executors, and every one that was drawn after it to judge only.
    function _wasAsked(Head memory h, Round memory r) internal view returns (bool) {
        if (r.verifiers == 0) {
            return false;
        }
        for (uint256 i = r.index + 1; i <= h.round; i++) {
            Round memory later = _round(h, i);
            if (later.wanted > 0 && later.verifiers > 0) {
                return false;
            }
        }
        return true;
    }

    /// @dev The round whose committee judges by the checker: the last one that has a committee, since an audit or a dispute may find none. Its index is past the present round's where there is none.
    function _judgingRound(Head memory h) internal view returns (Round memory r) {
        for (uint256 i = h.round + 1; i > 0; i--) {
            r = _round(h, i - 1);
            if (r.verifiers > 0) {
                return r;
            }
        }
        r.index = h.round + 1;
    }

    /// @dev Whether every key that the job's offers need was released to an executor: whole, or in as many shares as are enough.
    function _hasKeys(Head memory h, uint256 seat) internal view returns (bool) {
        return !h.isSealed || _isEnough(h, _released(seat));
    }

    /// @dev Whether these answers give every key. A custodian's offer that is not answered does no harm where as many others of the same content are as it says.
    function _isEnough(Head memory h, uint256 answers) internal view returns (bool) {
        for (uint256 i = 0; i < h.offers; i++) {
            if ((answers >> i) & 1 != 0) {
                continue;
            }
            OfferData storage o = _offers[bytes32(_cell(h.arena, JOB, AT_OFFERS, i))];
            uint256 head = o.head;
            if (head & OFFER_SEALED != 0 && (head >> 232 == 0 || _shares(h, o.contentKey, answers) < head >> 232)) {
                return false;
            }
        }
        return true;
    }

    function _shares(Head memory h, uint256 content, uint256 answers) private view returns (uint256 count) {
        for (uint256 i = 0; i < h.offers; i++) {
            if ((answers >> i) & 1 != 0) {
                OfferData storage o = _offers[bytes32(_cell(h.arena, JOB, AT_OFFERS, i))];
                if (o.contentKey == content && o.head >> 232 != 0) {
                    count++;
                }
            }
        }
    }

    // An offer's head: owner 160 | most uses 32 | most draws 32 | kind 1 | sealed 1 | withdrawn 1 | level 2 | custody 2 | exists 1 | threshold 8

    uint256 internal constant OFFER_SEALED = 1 << 225;
    uint256 internal constant OFFER_WITHDRAWN = 1 << 226;
    uint256 internal constant OFFER_EXISTS = 1 << 231;

    // ------------------------------------------------------------------------------------------------------------- going on

    /// @dev Whether nobody's move is awaited any more in the present phase.
    function _isDue(Head memory h) internal view returns (bool) {
        uint256 awaited;
        if (h.phase == Phase.Attesting) {
            awaited = (1 << Status.Drawn) | (1 << Status.Evidenced);
        } else if (h.phase == Phase.Running) {
            awaited = 1 << Status.Admitted;
        } else if (h.phase == Phase.Revealing) {
            awaited = 1 << Status.Committed;
        } else {
            return false;
        }
        if (h.concluded != 0) {
            return true;
        }
        for (uint256 i = 0; i < h.executors; i++) {
            if ((awaited >> _status(_seatAt(h.arena, h.round, i))) & 1 != 0) {
                return false;
            }
        }
        return true;
    }

    /// @dev Runs a function of another module on this storage; its first word of answer.
    function _delegate(address module, bytes memory input) internal returns (uint256 answer) {
        assembly ("memory-safe") {
            mstore(0, 0)
            if iszero(delegatecall(gas(), module, add(input, 32), mload(input), 0, 32)) {
                let p := mload(0x40)
                returndatacopy(p, 0, returndatasize())
                revert(p, returndatasize())
            }
            answer := mload(0)
        }
    }

    // ------------------------------------------------------------------------------------------------------------- hashes

    function _alpha(bytes32 id, uint256 role, uint256 round, bytes32 beacon) internal view returns (bytes32) {
        return sha256(abi.encode(bytes32("sojourn/ticket/1"), GENESIS, id, role, round, beacon));
    }
}
