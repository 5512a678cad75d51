// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISojournLedger} from "../ISojournLedger.sol";

/// @title EIP-712 hash of a ticket
library TicketHash {
    bytes32 private constant TYPE = keccak256("Ticket(bytes32 job,uint8 round,uint8 role,bytes32 output,bytes32[3] proof,uint32[] units,bytes32 possession)");

    /// @notice The struct hash of a ticket.
    function hash(bytes32 id, uint256 round, ISojournLedger.Ticket calldata t) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(TYPE, id, round, t.role, t.output, keccak256(abi.encodePacked(t.proof)), keccak256(abi.encodePacked(t.units)), t.possession)
        );
    }
}
