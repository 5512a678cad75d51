// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title How a job goes on
/// @dev Run by DELEGATECALL from other modules; the ledger routes none of these but `drive`.
interface IProgress {
    /// @notice Drives a job over a deadline that has passed.
    function drive(bytes32 id) external;

    /// @notice Goes on because nobody's move is awaited any more in the present phase.
    function advance(bytes32 id) external;

    /// @notice Ends judging if nothing is awaited any more.
    function judged(bytes32 id) external;

    /// @notice Opens a dispute.
    function dispute(bytes32 id) external;

    /// @notice Closes a job that its requester cancels.
    function cancelled(bytes32 id) external;
}
