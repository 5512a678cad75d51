// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISojournLedger} from "../ISojournLedger.sol";

/// @title EIP-712 hash of a ticket
library TicketHash {
    bytes32 private constant TYPE = keccak256("Ticket(bytes32 job,uint8 round,uint8 role,bytes32 output,bytes32[3] proof,uint32[] units,bytes32 possession)");

    /// @notice The struct hash of a ticket.
    function hash(bytes32 id, uint256 round, ISojournLedger.Ticket calldata t) internal pure returns (bytes32 message) {
        bytes32 type_ = TYPE;
        uint32[] calldata units = t.units;
        bytes32[3] calldata proof = t.proof;
        uint256 role = t.role;
        bytes32 output = t.output;
        bytes32 possession = t.possession;
        uint256 any;
        assembly ("memory-safe") {
            let p := mload(0x40)
            // Arrays of small integers are padded to words, in the input as in what is hashed.
            calldatacopy(p, units.offset, shl(5, units.length))
            for { let i := 0 } lt(i, units.length) { i := add(i, 1) } { any := or(any, mload(add(p, shl(5, i)))) }
            let unitsHash := keccak256(p, shl(5, units.length))
            calldatacopy(p, proof, 96)
            let proofHash := keccak256(p, 96)
            mstore(p, type_)
            mstore(add(p, 32), id)
            mstore(add(p, 64), round)
            mstore(add(p, 96), role)
            mstore(add(p, 128), output)
            mstore(add(p, 160), proofHash)
            mstore(add(p, 192), unitsHash)
            mstore(add(p, 224), possession)
            message := keccak256(p, 256)
        }
        // What is no 32-bit number is no unit, and nobody signed it.
        if (any > type(uint32).max) {
            return 0;
        }
    }
}
