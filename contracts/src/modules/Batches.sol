// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISojournLedger} from "../ISojournLedger.sol";
import {EventLog} from "../libraries/EventLog.sol";
import {Kinds, Lines, Refusal} from "../libraries/Reasons.sol";
import {Base} from "./Base.sol";

/// @title Payments agreed off the chain, settled under one Merkle root
/// @dev The end of `State/LedgerState.Settling.cs` and `Settlement/PaymentBatch.cs`: a binary tree over the leaves in order, in which a node without a right sibling moves up as it is.
contract BatchesModule is Base {
    using EventLog for EventLog.Log;

    uint256 private constant COUNT_MAX = 1 << 20;
    uint256 private constant PATH_MAX = 20;

    constructor(ISojournLedger.Config memory c) Base(c) {}

    /// @notice See `ISojournLedger.batchPost`.
    function batchPost(bytes32 root, uint32 count, uint64 total, uint32 jobs) external returns (bytes32 id) {
        if (count == 0 || count > COUNT_MAX || total == 0) {
            _refuse(Refusal.OutOfBounds);
        }
        id = sha256(abi.encode(bytes32("sojourn/batch/1"), GENESIS, msg.sender, _nonceOf(_accounts[msg.sender])));
        _spend(msg.sender, uint256(total) + POST_FEE);
        _treasury(POST_FEE);
        BatchData storage b = _batches[id];
        b.head = uint256(uint160(msg.sender)) | (uint256(total) << 160) | (uint256(count) << 224);
        b.root = uint256(root);
        b.closesAt = block.number + BATCH_CLAIM_HEIGHTS;
        EventLog.Log memory log = EventLog.about(id);
        log.add(Kinds.Batch, 0, 0, msg.sender, 0, jobs, root);
        log.line(Lines.PostFee, 0, msg.sender, POST_FEE);
        log.line(Lines.BatchEscrowed, 0, msg.sender, total);
        log.flush();
    }

    /// @notice See `ISojournLedger.batchClaim`.
    function batchClaim(bytes32 id, uint32 index, address to, uint64 amount, bytes32 details, bytes32[] calldata path) external {
        (BatchData storage b, uint256 head) = _open(id);
        uint256 count = head >> 224;
        if (index >= count || path.length > PATH_MAX || to == address(0)) {
            _refuse(Refusal.OutOfBounds);
        }
        bytes32 key = keccak256(abi.encode(id, index >> 8));
        uint256 claimed = _claimed[key];
        if ((claimed >> (index & 255)) & 1 != 0) {
            _refuse(Refusal.AlreadyClaimed);
        }
        bytes32 leaf = _leaf(address(uint160(head)), index, to, amount, details);
        if (!_leads(leaf, index, count, path, bytes32(b.root)) || amount > uint64(head >> 160)) {
            _refuse(Refusal.BadProof);
        }
        _claimed[key] = claimed | (1 << (index & 255));
        b.head = head - (uint256(amount) << 160);
        _credit(to, amount);
        EventLog.Log memory log = EventLog.about(id);
        log.line(Lines.BatchClaimed, 0, to, amount);
        log.flush();
    }

    /// @notice See `ISojournLedger.batchClaimAll`.
    function batchClaimAll(bytes32 id, address[] calldata to, uint64[] calldata amounts, bytes32[] calldata details) external {
        (BatchData storage b, uint256 head) = _open(id);
        uint256 count = head >> 224;
        if (to.length != count || amounts.length != count || details.length != count) {
            _refuse(Refusal.OutOfBounds);
        }
        if (_rootOf(address(uint160(head)), to, amounts, details) != bytes32(b.root)) {
            _refuse(Refusal.BadProof);
        }
        EventLog.Log memory log = EventLog.about(id);
        uint256 rest = uint64(head >> 160);
        bool any;
        for (uint256 where = 0; where < count; where += 256) {
            bytes32 key = keccak256(abi.encode(id, where >> 8));
            uint256 claimed = _claimed[key];
            uint256 now_ = claimed;
            for (uint256 i = where; i < count && i < where + 256; i++) {
                if ((claimed >> (i & 255)) & 1 == 0 && amounts[i] <= rest && to[i] != address(0)) {
                    now_ |= 1 << (i & 255);
                    rest -= amounts[i];
                    _credit(to[i], amounts[i]);
                    log.line(Lines.BatchClaimed, 0, to[i], amounts[i]);
                }
            }
            if (now_ != claimed) {
                any = true;
                _claimed[key] = now_;
            }
        }
        if (!any) {
            _refuse(Refusal.AlreadyClaimed);
        }
        b.head = (head & ~(uint256(type(uint64).max) << 160)) | (rest << 160);
        log.flush();
    }

    /// @notice See `ISojournLedger.batchClose`.
    function batchClose(bytes32 id) external {
        BatchData storage b = _batches[id];
        uint256 head = b.head;
        if (head == 0) {
            _refuse(Refusal.UnknownBatch);
        }
        uint256 rest = uint64(head >> 160);
        if (block.number <= b.closesAt && rest != 0) {
            _refuse(Refusal.BatchWindow);
        }
        delete _batches[id];
        _addFree(address(uint160(head)), rest);
        EventLog.Log memory log = EventLog.about(id);
        log.line(Lines.BatchRefunded, 0, address(uint160(head)), rest);
        log.add(Kinds.Batch, 0, address(uint160(head)), 0);
        log.flush();
    }

    function _open(bytes32 id) private view returns (BatchData storage b, uint256 head) {
        b = _batches[id];
        head = b.head;
        if (head == 0) {
            _refuse(Refusal.UnknownBatch);
        }
        if (block.number > b.closesAt) {
            _refuse(Refusal.BatchWindow);
        }
    }

    function _leaf(address poster, uint256 index, address to, uint256 amount, bytes32 details) private pure returns (bytes32) {
        return sha256(abi.encode(bytes32("sojourn/batch-leaf/1"), poster, index, to, amount, details));
    }

    function _join(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return sha256(abi.encode(bytes32("sojourn/batch-node/1"), left, right));
    }

    function _leads(bytes32 where, uint256 index, uint256 count, bytes32[] calldata path, bytes32 root) private pure returns (bool) {
        uint256 used = 0;
        for (uint256 width = count; width > 1; width = (width + 1) / 2) {
            if ((index ^ 1) < width) {
                if (used == path.length) {
                    return false;
                }
                where = index & 1 == 0 ? _join(where, path[used]) : _join(path[used], where);
                used++;
            }
            index >>= 1;
        }
        return used == path.length && where == root;
    }

    function _rootOf(address poster, address[] calldata to, uint64[] calldata amounts, bytes32[] calldata details) private pure returns (bytes32) {
        uint256 width = to.length;
        bytes32[] memory level = new bytes32[](width);
        for (uint256 i = 0; i < width; i++) {
            level[i] = _leaf(poster, i, to[i], amounts[i], details[i]);
        }
        while (width > 1) {
            uint256 above = (width + 1) / 2;
            for (uint256 i = 0; i < above; i++) {
                level[i] = 2 * i + 1 < width ? _join(level[2 * i], level[2 * i + 1]) : level[2 * i];
            }
            width = above;
        }
        return level[0];
    }
}
