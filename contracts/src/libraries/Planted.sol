// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CborReader} from "./CborReader.sol";

/// @title Recognises planted evidence without judging it
/// @dev `State/PlantedEvidence.cs`: the mark stands in the very field that a verifier holds against the job, where the report data of genuine evidence would be. Certificates, logs and whatever
/// else travels along is the planter's to fill; a mark in there would accuse verifiers of what they never had to see.
library Planted {
    using CborReader for CborReader.Reader;

    uint256 private constant LENGTH_MAX = 1 << 15;
    uint256 private constant KIND_LAST = 7;
    uint256 private constant PART_LAST = 12;
    uint256 private constant PARTS_MAX = 32;
    uint256 private constant REPORT = 0;
    uint256 private constant TPM_QUOTE = 3;

    /// @dev TPMS_ATTEST: the magic number, then TPM_ST_ATTEST_QUOTE.
    uint256 private constant QUOTE_HEAD = 0xFF5443478018;

    /// @notice Whether evidence, as the protocol encodes it (an array of version, kind and a map from part to bytes, in deterministic CBOR), carries the mark in its field for report data.
    function carries(bytes calldata e, bytes32 mark) internal pure returns (bool) {
        if (e.length > LENGTH_MAX) {
            return false;
        }
        CborReader.Reader memory r = CborReader.over(e);
        r.exactly(3);
        if (r.number(1) != 1) {
            return false;
        }
        uint256 kind = r.number(KIND_LAST);
        uint256 count = r.head(5);
        if (count > PARTS_MAX) {
            return false;
        }
        uint256[2] memory report;
        uint256[2] memory quote;
        uint256 next = 0;
        for (uint256 i = 0; i < count; i++) {
            uint256 part = r.number(PART_LAST);
            (uint256 where, uint256 length) = r.span(LENGTH_MAX);
            if (r.bad || part < next) {
                return false;
            }
            next = part + 1;
            if (part == REPORT) {
                report = [where, length];
            } else if (part == TPM_QUOTE) {
                quote = [where, length];
            }
        }
        if (r.bad || r.where != r.end) {
            return false;
        }
        // The layouts: the simulated statement, ATTESTATION_REPORT of SEV-SNP, the bodies behind the 48-byte header of TDX quotes (4, 5) and SGX quotes (3).
        if (kind == 0) {
            return _holds(report, 52, mark);
        }
        if (kind == 2) {
            return _holds(report, 0x50, mark);
        }
        if (kind == 3) {
            return _holds(report, 48 + 520, mark);
        }
        if (kind == 4) {
            return _holds(report, 48 + 320, mark);
        }
        // A TPM's own quote, and Azure's virtual TPM. What is left, Nitro, has no field that could hold a mark and be no binding.
        return kind != 5 && _isExtraData(quote, mark);
    }

    function _word(uint256 where) private pure returns (bytes32 w) {
        assembly ("memory-safe") {
            w := calldataload(where)
        }
    }

    function _holds(uint256[2] memory span, uint256 offset, bytes32 mark) private pure returns (bool) {
        return span[1] >= offset + 64 && _word(span[0] + offset) == mark;
    }

    /// @dev TPMS_ATTEST: magic, type, the signer's qualified name, then extraData, each of the two behind a length of two bytes (TPM 2.0 part 2, 10.12.12).
    function _isExtraData(uint256[2] memory attest, bytes32 mark) private pure returns (bool) {
        (uint256 where, uint256 length) = (attest[0], attest[1]);
        if (length < 8 || uint256(_word(where)) >> 208 != QUOTE_HEAD) {
            return false;
        }
        uint256 name = uint256(_word(where + 6)) >> 240;
        if (length < name + 42) {
            return false;
        }
        return uint256(_word(where + name + 8)) >> 240 == 32 && _word(where + name + 10) == mark;
    }
}
