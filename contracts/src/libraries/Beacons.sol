// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The beacon of a height: PREVRANDAO of that block
/// @dev Read from the block itself while it is the present one, later from its header, which must hash to what the chain remembers: BLOCKHASH for 256 blocks, the history contract of
/// EIP-2935 for 8,191.
library Beacons {
    address private constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;
    uint256 private constant NUMBER_FIELD = 8;
    uint256 private constant RANDAO_FIELD = 13;
    uint256 private constant HEADER_MAX = 4096;

    /// @notice The hash of a past block; zero where the chain does not remember it.
    function hashOf(uint256 height) internal view returns (bytes32 hash) {
        if (height >= block.number) {
            return 0;
        }
        hash = blockhash(height);
        if (hash == 0) {
            (bool done, bytes memory answer) = HISTORY.staticcall(abi.encode(height));
            if (done && answer.length == 32) {
                hash = bytes32(answer);
            }
        }
    }

    /// @notice Number and PREVRANDAO of a header that the chain vouches for; `known` is false where it does not.
    function read(bytes calldata header) internal view returns (bool known, uint256 height, bytes32 beacon) {
        if (header.length == 0) {
            return (true, block.number, bytes32(block.prevrandao));
        }
        if (header.length > HEADER_MAX || header.length < 4) {
            return (false, 0, 0);
        }
        uint256 where = _skipHead(header, 0);
        for (uint256 i = 0; i < NUMBER_FIELD; i++) {
            where = _skip(header, where);
        }
        (uint256 start, uint256 length) = _item(header, where);
        if (length > 8 || start + length > header.length) {
            return (false, 0, 0);
        }
        for (uint256 i = 0; i < length; i++) {
            height = (height << 8) | uint8(header[start + i]);
        }
        for (uint256 i = NUMBER_FIELD; i < RANDAO_FIELD; i++) {
            where = _skip(header, where);
        }
        (start, length) = _item(header, where);
        if (length != 32 || start + 32 > header.length) {
            return (false, 0, 0);
        }
        beacon = bytes32(header[start:start + 32]);
        bytes32 hash = hashOf(height);
        known = hash != 0 && keccak256(header) == hash;
    }

    // RLP: what is read before the hash is compared may be anything, so nothing here may revert or run long; a wrong reading only leads to a wrong hash.

    function _at(bytes calldata header, uint256 i) private pure returns (uint256) {
        return i < header.length ? uint8(header[i]) : 0;
    }

    function _skipHead(bytes calldata header, uint256 where) private pure returns (uint256) {
        uint256 first = _at(header, where);
        return where + (first >= 0xf8 ? first - 0xf6 : 1);
    }

    function _item(bytes calldata header, uint256 where) private pure returns (uint256 start, uint256 length) {
        uint256 first = _at(header, where);
        if (first < 0x80) {
            return (where, 1);
        }
        if (first <= 0xb7) {
            return (where + 1, first - 0x80);
        }
        if (first > 0xbf) {
            return (where, HEADER_MAX);
        }
        uint256 bytes_ = first - 0xb7;
        if (bytes_ > 2) {
            return (where, HEADER_MAX);
        }
        for (uint256 i = 0; i < bytes_; i++) {
            length = (length << 8) | _at(header, where + 1 + i);
        }
        return (where + 1 + bytes_, length);
    }

    function _skip(bytes calldata header, uint256 where) private pure returns (uint256) {
        (uint256 start, uint256 length) = _item(header, where);
        return start + length;
    }
}
