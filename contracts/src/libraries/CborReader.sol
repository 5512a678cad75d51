// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Reads deterministic dag-cbor from the call's input
/// @dev Only what a post needs: unsigned integers, byte strings, arrays, null and CIDs (tag 42). Anything that is not the shortest form is malformed, so that one post has one encoding and
/// its digest says what was posted. A fault sets `bad` and ends reading; the caller looks once, at the end.
library CborReader {
    struct Reader {
        uint256 where;
        uint256 end;
        bool bad;
    }

    uint256 private constant CID_MAX = 128;

    /// @dev Tag 42, 37 bytes, of which the first says that the rest is a CID: what nearly all begin with.
    uint256 private constant SHORT = 0xd82a582500;

    /// @notice Reads from a byte string of the call's input.
    function over(bytes calldata body) internal pure returns (Reader memory r) {
        uint256 start;
        assembly ("memory-safe") {
            start := body.offset
        }
        r.where = start;
        r.end = start + body.length;
    }

    function _byte(uint256 where) private pure returns (uint256 b) {
        assembly ("memory-safe") {
            b := byte(0, calldataload(where))
        }
    }

    /// @dev The head of an item: its argument, where it is of the major type wanted.
    function head(Reader memory r, uint256 major) internal pure returns (uint256 value) {
        uint256 where = r.where;
        if (where >= r.end) {
            r.bad = true;
            return 0;
        }
        uint256 first = _byte(where);
        where++;
        value = first & 31;
        if (first >> 5 != major || value > 27) {
            r.bad = true;
            return 0;
        }
        if (value >= 24) {
            uint256 length = 1 << (value - 24);
            assembly ("memory-safe") {
                value := shr(sub(256, mul(8, length)), calldataload(where))
            }
            where += length;
            if (where > r.end || value < (length == 1 ? 24 : 1 << (4 * length))) {
                r.bad = true;
                return 0;
            }
        }
        r.where = where;
    }

    /// @notice An integer that is at most `max`.
    function number(Reader memory r, uint256 max) internal pure returns (uint256 value) {
        uint256 where = r.where;
        value = _byte(where);
        if (value < 24 && where < r.end) {
            // Most are a byte.
            r.where = where + 1;
        } else {
            value = head(r, 0);
        }
        if (value > max) {
            r.bad = true;
            return 0;
        }
    }

    /// @notice An array's length, at most `max`.
    function list(Reader memory r, uint256 max) internal pure returns (uint256 length) {
        length = head(r, 4);
        if (length > max) {
            r.bad = true;
            return 0;
        }
    }

    /// @notice An array of exactly this length.
    function exactly(Reader memory r, uint256 length) internal pure {
        if (head(r, 4) != length) {
            r.bad = true;
        }
    }

    /// @notice A byte string's place; at most `max` bytes.
    function span(Reader memory r, uint256 max) internal pure returns (uint256 where, uint256 length) {
        length = head(r, 2);
        where = r.where;
        if (length > max || where + length > r.end) {
            r.bad = true;
            return (where, 0);
        }
        r.where = where + length;
    }

    /// @dev The place of a byte string of exactly this length.
    function _exactString(Reader memory r, uint256 wanted) private pure returns (uint256 where) {
        uint256 length;
        (where, length) = span(r, wanted);
        if (length != wanted) {
            r.bad = true;
        }
    }

    /// @notice A byte string of exactly 32 bytes.
    function word(Reader memory r) internal pure returns (bytes32 value) {
        uint256 where = _exactString(r, 32);
        assembly ("memory-safe") {
            value := calldataload(where)
        }
    }

    /// @notice An address: a byte string of exactly 20 bytes.
    function account(Reader memory r) internal pure returns (address value) {
        uint256 where = _exactString(r, 20);
        assembly ("memory-safe") {
            value := shr(96, calldataload(where))
        }
    }

    /// @notice An amount: at most 16 bytes, big-endian, without leading zeroes; zero is empty.
    function amount(Reader memory r) internal pure returns (uint256 value) {
        (uint256 where, uint256 length) = span(r, 16);
        if (length != 0) {
            assembly ("memory-safe") {
                value := shr(sub(256, mul(8, length)), calldataload(where))
            }
            if (value >> (8 * (length - 1)) == 0) {
                r.bad = true;
            }
        }
    }

    /// @notice Whether null comes next; it is then read.
    function isNull(Reader memory r) internal pure returns (bool) {
        if (r.where < r.end && _byte(r.where) == 0xf6) {
            r.where++;
            return true;
        }
        return false;
    }

    /// @notice The place of a CID's binary form, without the byte that says it is one.
    function cid(Reader memory r) internal pure returns (uint256 where, uint256 length) {
        where = r.where;
        uint256 first;
        assembly ("memory-safe") {
            first := shr(216, calldataload(where))
        }
        if (first == SHORT && where + 41 <= r.end) {
            r.where = where + 41;
            return (where + 5, 36);
        }
        if (head(r, 6) != 42) {
            r.bad = true;
        }
        (where, length) = span(r, CID_MAX);
        if (length < 2 || _byte(where) != 0) {
            r.bad = true;
            return (where, 0);
        }
        where++;
        length--;
    }

    /// @notice SHA-256 of a CID's binary form, version 1.
    function contentKey(uint256 where, uint256 length) internal view returns (bytes32 key) {
        bool old = length == 34 && _byte(where) == 0x12;
        assembly ("memory-safe") {
            let p := mload(0x40)
            let start := p
            if old {
                mstore(p, shl(240, 0x0170))
                p := add(p, 2)
            }
            calldatacopy(p, where, length)
            if iszero(staticcall(gas(), 2, start, sub(add(p, length), start), 0, 32)) { revert(0, 0) }
            key := mload(0)
        }
    }
}
