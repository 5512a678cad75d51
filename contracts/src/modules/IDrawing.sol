// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The draw
/// @dev Run by DELEGATECALL from the module by which jobs go on; the ledger does not route it.
interface IDrawing {
    /// @notice The window has closed: the lowest tickets win. Saves the job; where too few were drawn it has no seats, and what becomes of it is the caller's to say.
    /// @return staffed Whether enough were drawn.
    function select(bytes32 id) external returns (bool staffed);
}
