// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Collects what happened in one call and writes it as few logs
/// @dev One `Happened(subject, items)` costs less than a third of a log for each event. See `ISojournLedger.Happened` for the layout.
library EventLog {
    /// @dev A buffer in memory: two words of ABI head, then the items.
    struct Log {
        bytes32 subject;
        uint256 start;
        uint256 length;
    }

    uint256 private constant CAPACITY = 1536;
    uint256 private constant ITEM_MAX = 72;
    bytes32 private constant TOPIC = keccak256("Happened(bytes32,bytes)");

    /// @notice An empty log about a subject.
    function about(bytes32 subject) internal pure returns (Log memory log) {
        uint256 start;
        assembly ("memory-safe") {
            start := mload(0x40)
            mstore(0x40, add(start, add(CAPACITY, 160)))
        }
        log = Log(subject, start, 0);
    }

    /// @notice Appends an item; fields that are zero take no room.
    function add(Log memory log, uint256 kind, uint256 line, uint256 round, address account, uint256 amount, uint256 count, bytes32 data) internal {
        if (log.length + ITEM_MAX > CAPACITY) {
            flush(log);
        }
        uint256 length = log.length;
        uint256 start = log.start;
        assembly ("memory-safe") {
            let head := add(add(start, 64), length)
            let p := add(head, 4)
            let mask := 0
            if account {
                mstore(p, shl(96, account))
                p := add(p, 20)
                mask := 1
            }
            if amount {
                mstore(p, shl(192, amount))
                p := add(p, 8)
                mask := or(mask, 2)
            }
            if count {
                mstore(p, shl(192, count))
                p := add(p, 8)
                mask := or(mask, 4)
            }
            if data {
                mstore(p, data)
                p := add(p, 32)
                mask := or(mask, 8)
            }
            mstore8(head, kind)
            mstore8(add(head, 1), line)
            mstore8(add(head, 2), round)
            mstore8(add(head, 3), mask)
            length := sub(p, add(start, 64))
        }
        log.length = length;
    }

    /// @notice An item that is no line.
    function add(Log memory log, uint256 kind, uint256 round, address account, uint256 count) internal {
        add(log, kind, 0, round, account, 0, count, 0);
    }

    /// @notice An item that is a line.
    function line(Log memory log, uint256 reason, uint256 round, address account, uint256 amount) internal {
        add(log, 1, reason, round, account, amount, 0, 0);
    }

    /// @notice Writes what is there, if anything.
    function flush(Log memory log) internal {
        uint256 length = log.length;
        if (length == 0) {
            return;
        }
        uint256 start = log.start;
        bytes32 subject = log.subject;
        bytes32 topic = TOPIC;
        assembly ("memory-safe") {
            mstore(start, 32)
            mstore(add(start, 32), length)
            mstore(add(add(start, 64), length), 0)
            log2(start, add(64, and(add(length, 31), not(31))), topic, subject)
        }
        log.length = 0;
    }
}
