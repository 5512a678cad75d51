// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISojournLedger} from "../ISojournLedger.sol";

/// @title What enclaves state, and what executors commit to
library Statements {
    address private constant P256VERIFY = address(0x100);

    /// @notice What is committed to before anyone knows another's result.
    function commitment(bytes32 id, uint256 round, address node, ISojournLedger.Statement memory s, bytes32 nonce) internal pure returns (bytes32) {
        return sha256(abi.encode(bytes32("sojourn/commit/1"), id, round, node, s.tag, s.exit, s.fuel, s.output, s.receipt, nonce));
    }

    /// @notice Whether a statement is signed by the key in the executor's evidence: ECDSA on P-256, by the precompile of EIP-7951.
    /// @param receiptKey The compressed point.
    /// @param keyY Its second coordinate.
    function isSigned(bytes32 id, uint256 round, address node, ISojournLedger.Statement memory s, bytes calldata signature, bytes calldata receiptKey, bytes32 keyY)
        internal
        view
        returns (bool)
    {
        if (signature.length != 64 || receiptKey.length != 33 || uint8(receiptKey[0]) != 2 + (uint256(keyY) & 1)) {
            return false;
        }
        bytes32 statement = sha256(abi.encode(bytes32("sojourn/statement/1"), id, round, node, s.tag, s.exit, s.fuel, s.output, s.receipt));
        (bool done, bytes memory answer) = P256VERIFY.staticcall(abi.encodePacked(statement, signature, receiptKey[1:33], keyY));
        return done && answer.length == 32 && uint256(bytes32(answer)) == 1;
    }
}
