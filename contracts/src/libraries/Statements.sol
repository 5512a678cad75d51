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
        return holds(sha256(abi.encode(bytes32("sojourn/statement/1"), id, round, node, s.tag, s.exit, s.fuel, s.output, s.receipt)), signature, receiptKey, keyY);
    }

    /// @notice Whether a digest is signed by a key.
    function holds(bytes32 digest, bytes calldata signature, bytes calldata receiptKey, bytes32 keyY) internal view returns (bool valid) {
        if (signature.length != 64 || receiptKey.length != 33 || uint8(receiptKey[0]) != 2 + (uint256(keyY) & 1)) {
            return false;
        }
        address precompile = P256VERIFY;
        assembly ("memory-safe") {
            let p := mload(0x40)
            mstore(p, digest)
            calldatacopy(add(p, 32), signature.offset, 64)
            calldatacopy(add(p, 96), add(receiptKey.offset, 1), 32)
            mstore(add(p, 128), keyY)
            mstore(0, 0)
            // It answers 1, or nothing.
            let done := staticcall(gas(), precompile, p, 160, 0, 32)
            valid := and(done, eq(mload(0), 1))
        }
    }
}
