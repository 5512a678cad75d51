// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Recognises planted evidence without judging it
/// @dev `State/PlantedEvidence.cs`: the mark stands in the very field where the report data of genuine evidence would be.
library Planted {
    uint256 private constant LENGTH_MAX = 1 << 15;

    /// @notice Whether the evidence carries the mark, at an offset, in a field for report data.
    function carries(bytes calldata e, bytes32 mark, uint256 where) internal pure returns (bool) {
        if (e.length > LENGTH_MAX || where > e.length || e.length - where < 32 || bytes32(e[where:where + 32]) != mark) {
            return false;
        }
        if (e.length - where >= 64 && (_isSnp(e, where) || _isTdx(e, where) || _isSgx(e, where))) {
            return true;
        }
        return _isTpmExtraData(e, where) || (where >= 2 && e[where - 2] == 0x58 && (e[where - 1] == 0x40 || e[where - 1] == 0x20));
    }

    function _isSnp(bytes calldata e, uint256 where) private pure returns (bool) {
        if (where < 0x50) {
            return false;
        }
        bytes4 version = bytes4(e[where - 0x50:where - 0x50 + 4]);
        return version == 0x02000000 || version == 0x03000000 || version == 0x04000000 || version == 0x05000000;
    }

    function _isTdx(bytes calldata e, uint256 where) private pure returns (bool) {
        if (where < 568) {
            return false;
        }
        bytes2 version = bytes2(e[where - 568:where - 566]);
        return version == 0x0400 || version == 0x0500;
    }

    function _isSgx(bytes calldata e, uint256 where) private pure returns (bool) {
        return where >= 368 && bytes2(e[where - 368:where - 366]) == 0x0300;
    }

    /// @dev TPMS_ATTEST.extraData: a length of 32 before it, and the magic number's last three bytes within the eighty before it.
    function _isTpmExtraData(bytes calldata e, uint256 where) private pure returns (bool) {
        if (where < 10 || bytes2(e[where - 2:where]) != 0x0020) {
            return false;
        }
        for (uint256 i = where < 80 ? 0 : where - 80; i + 3 <= where; i++) {
            if (bytes3(e[i:i + 3]) == "TCG") {
                return true;
            }
        }
        return false;
    }
}
