// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ISojournLedger} from "../ISojournLedger.sol";
import {EventLog} from "../libraries/EventLog.sol";
import {Kinds, Lines, Refusal} from "../libraries/Reasons.sol";
import {Base} from "./Base.sol";

/// @title Accounts, stakes, nodes, offers, payouts, the pause
/// @dev `State/LedgerState.Accounts.cs`. The only module from which tokens leave.
contract AccountsModule is Base, ReentrancyGuardTransient {
    using EventLog for EventLog.Log;
    using SafeERC20 for IERC20;

    uint256 private constant PINS_MAX = 256;
    uint256 private constant GATEWAY_MAX = 256;

    /// @notice The longest pause, in heights: a week of 12-second blocks.
    uint256 public constant PAUSE_MAX = 50_400;

    address private immutable SELF = address(this);

    constructor(ISojournLedger.Config memory c) Base(c) {}

    /// @notice See `ISojournLedger.deposit`.
    function deposit(address to, uint64 amount, bytes32 ref) external payable nonReentrant {
        if (amount == 0 || to == address(0) || address(this) == SELF) {
            _refuse(Refusal.OutOfBounds);
        }
        uint256 held = uint64(_totals) + uint256(amount);
        if (held > AMOUNT_MAX) {
            _refuse(Refusal.Overflow);
        }
        uint256 wanted = uint256(amount) * SCALE;
        if (TOKEN == address(0)) {
            if (msg.value != wanted) {
                revert ISojournLedger.WrongAmount(wanted, msg.value);
            }
        } else {
            if (msg.value != 0) {
                revert ISojournLedger.WrongAmount(0, msg.value);
            }
            uint256 before = IERC20(TOKEN).balanceOf(address(this));
            IERC20(TOKEN).safeTransferFrom(msg.sender, address(this), wanted);
            uint256 arrived = IERC20(TOKEN).balanceOf(address(this)) - before;
            if (arrived != wanted) {
                revert ISojournLedger.WrongAmount(wanted, arrived);
            }
        }
        _totals += amount;
        _addFree(to, amount);
        EventLog.Log memory log = EventLog.about(ref);
        log.line(Lines.Deposited, 0, to, amount);
        log.flush();
    }

    /// @notice See `ISojournLedger.withdraw`.
    function withdraw(uint64 amount, bytes32 ref) external nonReentrant {
        if (amount == 0) {
            _refuse(Refusal.OutOfBounds);
        }
        _spend(msg.sender, amount);
        _totals -= amount;
        EventLog.Log memory log = EventLog.about(ref);
        log.line(Lines.Withdrawn, 0, msg.sender, amount);
        log.flush();
        uint256 sum = uint256(amount) * SCALE;
        if (TOKEN == address(0)) {
            (bool done,) = msg.sender.call{value: sum}("");
            if (!done) {
                revert ISojournLedger.NotPaid();
            }
        } else {
            IERC20(TOKEN).safeTransfer(msg.sender, sum);
        }
    }

    /// @notice See `ISojournLedger.transfer`.
    function transfer(address to, uint64 amount) external {
        if (amount == 0 || to == address(0)) {
            _refuse(Refusal.OutOfBounds);
        }
        _spend(msg.sender, amount);
        _addFree(to, amount);
        EventLog.Log memory log = EventLog.about(0);
        log.line(Lines.TransferOut, 0, msg.sender, amount);
        log.line(Lines.TransferIn, 0, to, amount);
        log.flush();
    }

    /// @notice See `ISojournLedger.register`.
    function register(ISojournLedger.Profile calldata p, uint64 stake) external {
        if (p.vrfKey.length != 33) {
            _refuse(Refusal.BadKey);
        }
        if (p.chip == 0 || bytes(p.gateway).length > GATEWAY_MAX || p.level > 3 || p.custody > 2) {
            _refuse(Refusal.OutOfBounds);
        }
        if (p.pins.length > PINS_MAX) {
            _refuse(Refusal.BadList);
        }
        for (uint256 i = 1; i < p.pins.length; i++) {
            if (p.pins[i - 1] >= p.pins[i]) {
                _refuse(Refusal.BadList);
            }
        }
        if (p.level == 0 && !DEVELOPMENT) {
            _refuse(Refusal.LevelNotAdmissible);
        }
        NodeData storage n = _nodes[msg.sender];
        uint256 head = n.head;
        _checkDelay(n, head);
        uint256 a = _accounts[msg.sender];
        if (uint64(a) < stake) {
            _refuse(Refusal.InsufficientFunds);
        }
        uint256 s = _stakes[msg.sender];
        uint256 units = (uint64(s) + uint256(stake)) / STAKE_UNIT;
        if (units < NODE_UNITS_MIN || units > NODE_UNITS_MAX) {
            _refuse(Refusal.InsufficientStake);
        }
        _spend(msg.sender, stake);
        if (stake != 0) {
            _stakes[msg.sender] = s + stake;
        }
        uint256 which = head == 0 ? 0 : _profileOf(head) ^ 1;
        n.previous = head;
        n.head = _headOf(p, units, which);
        uint256 serial = _nonceOf(a);
        ProfileData storage profile = n.profiles[which];
        profile.chip = uint256(p.chip);
        profile.keyX = uint256(bytes32(p.vrfKey[1:33]));
        profile.rest = _capped(p.pricePerGigafuel) | (serial << 64) | (uint256(uint8(p.vrfKey[0])) << 104);
        for (uint256 i = 0; i < p.pins.length; i++) {
            _pins[keccak256(abi.encode(msg.sender, serial, p.pins[i]))] = 1;
        }
        EventLog.Log memory log = EventLog.about(0);
        log.add(Kinds.NodeChanged, 0, msg.sender, units);
        if (stake != 0) {
            log.line(Lines.Staked, 0, msg.sender, stake);
        }
        log.flush();
    }

    function _checkDelay(NodeData storage n, uint256 head) private view {
        if (n.previous != 0 && block.number < (head & 0xFFFFFFFFFF) + PROFILE_DELAY) {
            _refuse(Refusal.UpdateTooSoon);
        }
    }

    /// @dev Prices that no job can pay are all alike.
    function _capped(uint128 price) private pure returns (uint256) {
        return price > type(uint64).max ? type(uint64).max : price;
    }

    function _headOf(ISojournLedger.Profile calldata p, uint256 units, uint256 which) private view returns (uint256 v) {
        v = block.number | (units << 40) | (uint256(p.level) << 57) | (uint256(p.custody) << 59) | (p.executes ? 1 << 61 : 0) | (p.verifies ? 1 << 62 : 0);
        v |= (uint256(p.memoryMebibytes) << 63) | (uint256(p.regions) << 95) | (_capped(p.pricePerJob) << 159) | (which << 223);
        v |= (p.pricePerGigafuel != 0 ? 1 << 224 : 0) | (1 << 225) | ((uint256(p.chip) & 0x3FFF) << 226);
    }

    /// @notice See `ISojournLedger.stakeAdd`.
    function stakeAdd(uint64 amount) external {
        NodeData storage n = _nodes[msg.sender];
        uint256 head = n.head;
        if (head == 0) {
            _refuse(Refusal.UnknownNode);
        }
        if (amount == 0) {
            _refuse(Refusal.OutOfBounds);
        }
        _checkDelay(n, head);
        if (uint64(_accounts[msg.sender]) < amount) {
            _refuse(Refusal.InsufficientFunds);
        }
        uint256 s = _stakes[msg.sender] + amount;
        uint256 units = uint64(s) / STAKE_UNIT;
        if (units > NODE_UNITS_MAX) {
            _refuse(Refusal.OutOfBounds);
        }
        _spend(msg.sender, amount);
        _stakes[msg.sender] = s;
        n.previous = head;
        n.head = (head & ~uint256((1 << 57) - 1)) | block.number | (units << 40);
        EventLog.Log memory log = EventLog.about(0);
        log.add(Kinds.NodeChanged, 0, msg.sender, units);
        log.line(Lines.Staked, 0, msg.sender, amount);
        log.flush();
    }

    /// @notice See `ISojournLedger.stakeUnbond`.
    function stakeUnbond(uint64 amount) external {
        NodeData storage n = _nodes[msg.sender];
        if (n.head == 0) {
            _refuse(Refusal.UnknownNode);
        }
        if (amount == 0) {
            _refuse(Refusal.OutOfBounds);
        }
        if (n.unbonding != 0) {
            _refuse(Refusal.Unbonding);
        }
        uint256 s = _stakes[msg.sender];
        if (_available(s) < amount) {
            _refuse(Refusal.InsufficientStake);
        }
        _spend(msg.sender, 0);
        s -= amount;
        _stakes[msg.sender] = s;
        n.unbonding = amount | ((block.number + UNBOND_DELAY) << 64);
        EventLog.Log memory log = EventLog.about(0);
        log.add(Kinds.NodeChanged, 0, msg.sender, uint64(s) / STAKE_UNIT);
        log.flush();
    }

    /// @notice See `ISojournLedger.stakeClaim`.
    function stakeClaim(address who) external {
        NodeData storage n = _nodes[who];
        if (n.head == 0) {
            _refuse(Refusal.UnknownNode);
        }
        uint256 unbonding = n.unbonding;
        if (unbonding == 0 || block.number < unbonding >> 64) {
            _refuse(Refusal.Unbonding);
        }
        n.unbonding = 0;
        _addFree(who, uint64(unbonding));
        EventLog.Log memory log = EventLog.about(0);
        log.line(Lines.Unstaked, 0, who, uint64(unbonding));
        log.flush();
    }

    /// @notice See `ISojournLedger.offerPublish`.
    function offerPublish(ISojournLedger.OfferTerms calldata t) external returns (bytes32 id) {
        if (
            t.kind > 1 || t.levelMin > 3 || t.custodyMin > 2 || (t.isSealed ? t.keeper == address(0) : t.threshold != 0) || t.price > type(uint128).max >> 8
                || (t.expires != 0 && t.expires < block.number)
        ) {
            _refuse(Refusal.OutOfBounds);
        }
        if (t.levelMin == 0 && !DEVELOPMENT) {
            _refuse(Refusal.LevelNotAdmissible);
        }
        id = sha256(abi.encode(bytes32("sojourn/offer/1"), GENESIS, msg.sender, _nonceOf(_accounts[msg.sender])));
        _spend(msg.sender, 0);
        bytes32 key = t.content.length == 34 && t.content[0] == 0x12 ? sha256(bytes.concat(hex"0170", t.content)) : sha256(t.content);
        OfferData storage o = _offers[id];
        o.head = uint256(uint160(msg.sender)) | (uint256(t.usesMax) << 160) | (uint256(t.drawsMax) << 192) | (uint256(t.kind) << 224) | (t.isSealed ? OFFER_SEALED : 0)
            | (uint256(t.levelMin) << 227) | (uint256(t.custodyMin) << 229) | OFFER_EXISTS | (uint256(t.threshold) << 232);
        o.counts = uint256(uint160(t.keeper));
        o.contentKey = uint256(key);
        o.price = uint256(t.price) | (uint256(t.expires) << 128);
        EventLog.Log memory log = EventLog.about(id);
        log.add(Kinds.OfferChanged, 0, 0, msg.sender, 0, 0, key);
        log.flush();
    }

    /// @notice See `ISojournLedger.offerWithdraw`.
    function offerWithdraw(bytes32 id) external {
        OfferData storage o = _offers[id];
        uint256 head = o.head;
        if (head == 0) {
            _refuse(Refusal.UnknownOffer);
        }
        if (address(uint160(head)) != msg.sender) {
            _refuse(Refusal.NotAllowed);
        }
        if (head & OFFER_WITHDRAWN != 0) {
            _refuse(Refusal.OfferClosed);
        }
        _spend(msg.sender, 0);
        o.head = head | OFFER_WITHDRAWN;
        EventLog.Log memory log = EventLog.about(id);
        log.add(Kinds.OfferChanged, 0, 0, msg.sender, 0, 0, bytes32(o.contentKey));
        log.flush();
    }

    /// @notice See `ISojournLedger.payout`.
    function payout(address[] calldata who) external {
        if (who.length == 0 || who.length > 64) {
            _refuse(Refusal.BadList);
        }
        EventLog.Log memory log = EventLog.about(0);
        uint256 epoch = _epoch();
        bool any;
        for (uint256 i = 0; i < who.length; i++) {
            (uint256 a, uint256 s) = _rolled(_accounts[who[i]], _stakes[who[i]]);
            uint256 mature = uint64(a >> 64);
            if (mature == 0 || (mature < PAYOUT_MIN && epoch < (a >> 232) + PAYOUT_EPOCHS)) {
                continue;
            }
            any = true;
            _stakes[who[i]] = s;
            _accounts[who[i]] = (a & ~(uint256(type(uint64).max) << 64)) + mature;
            log.line(Lines.PaidOut, 0, who[i], mature);
        }
        if (!any) {
            _refuse(Refusal.NothingMatured);
        }
        log.flush();
    }

    /// @notice See `ISojournLedger.sweep`.
    function sweep() external {
        uint256 totals = _totals;
        uint256 amount = uint64(totals >> 64);
        if (amount == 0) {
            _refuse(Refusal.NothingMatured);
        }
        _totals = totals - (amount << 64);
        _addFree(TREASURY, amount);
        EventLog.Log memory log = EventLog.about(0);
        log.line(Lines.TransferIn, 0, TREASURY, amount);
        log.flush();
    }

    /// @notice See `ISojournLedger.pause`.
    function pause(uint64 heights) external {
        if (msg.sender != GUARDIAN || GUARDIAN == address(0)) {
            _refuse(Refusal.NotAllowed);
        }
        if (heights == 0 || heights > PAUSE_MAX || block.number < _pauseAgain) {
            _refuse(Refusal.OutOfBounds);
        }
        uint256 until = block.number + heights;
        _totals = (_totals & (type(uint256).max >> 64)) | (until << 192);
        _pauseAgain = until + heights;
        emit ISojournLedger.Paused(uint64(until));
    }
}
