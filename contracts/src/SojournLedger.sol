// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISojournLedger} from "./ISojournLedger.sol";
import {EventLog} from "./libraries/EventLog.sol";
import {Kinds, Refusal} from "./libraries/Reasons.sol";
import {IProgress} from "./modules/IProgress.sol";

/// @title The ledger: one address, its storage, and which module does what
/// @notice Immutable. There is no owner, no proxy, no way to change a module or a rule: a new version is another ledger, to which accounts go over by withdrawing here.
/// @dev Declares no storage of its own; the layout is that of `modules/Base.sol`.
contract SojournLedger {
    using EventLog for EventLog.Log;

    /// @notice The modules of a ledger. All must have been made with the same configuration.
    struct Modules {
        address accounts;
        address batches;
        address posting;
        address drawing;
        address attesting;
        address concluding;
        address running;
        address judging;
        address progress;
        address views;
    }

    address private immutable ACCOUNTS;
    address private immutable BATCHES;
    address private immutable POSTING;
    address private immutable DRAWING;
    address private immutable ATTESTING;
    address private immutable CONCLUDING;
    address private immutable RUNNING;
    address private immutable JUDGING;
    address private immutable PROGRESS;
    address private immutable VIEWS;

    /// @param m The modules, made before.
    constructor(Modules memory m) {
        ACCOUNTS = m.accounts;
        BATCHES = m.batches;
        POSTING = m.posting;
        DRAWING = m.drawing;
        ATTESTING = m.attesting;
        CONCLUDING = m.concluding;
        RUNNING = m.running;
        JUDGING = m.judging;
        PROGRESS = m.progress;
        VIEWS = m.views;
    }

    /// @notice See `ISojournLedger.version`.
    function version() external pure returns (string memory) {
        return "1.0.0";
    }

    /// @notice The modules, so that anyone can compare their code.
    function modules() external view returns (Modules memory) {
        return Modules(ACCOUNTS, BATCHES, POSTING, DRAWING, ATTESTING, CONCLUDING, RUNNING, JUDGING, PROGRESS, VIEWS);
    }

    /// @notice See `ISojournLedger.batch`.
    function batch(bytes[] calldata calls) external {
        _tell();
        EventLog.Log memory log = EventLog.about(0);
        uint256 first = Refusal.BadList;
        bool any;
        for (uint256 i = 0; i < calls.length; i++) {
            bytes4 selector = bytes4(calls[i]);
            (bool done, uint256 reason) = selector == ISojournLedger.deposit.selector || selector == ISojournLedger.withdraw.selector
                ? (false, Refusal.UnknownKind)
                : _run(_moduleOf(selector), calls[i]);
            any = any || done;
            if (!done) {
                log.add(Kinds.Refused, reason, 0, address(0), 0, i, 0);
                first = i == 0 || first == 0 ? reason : first;
            } else if (i == 0) {
                first = 0;
            }
        }
        if (!any) {
            revert ISojournLedger.Refused(uint8(first));
        }
        log.flush();
    }

    /// @dev Runs one call; what it was refused for, where it was.
    function _run(address module, bytes calldata input) private returns (bool done, uint256 reason) {
        if (module == address(0)) {
            return (false, Refusal.UnknownKind);
        }
        bytes memory answer;
        uint256 before = gasleft();
        (done, answer) = module.delegatecall(input);
        if (!done) {
            // A part that ran out of gas takes all with it (EIP-150 leaves a 64th at each level): else a batch with too little gas would go through without its last parts, and an estimate would propose just that.
            if (answer.length == 0 && gasleft() < before / 16) {
                revert ISojournLedger.Refused(uint8(Refusal.Busy));
            }
            // What is no refusal (out of gas, a malformed input) counts as malformed.
            reason = answer.length == 36 && bytes4(answer) == ISojournLedger.Refused.selector ? uint8(answer[35]) : Refusal.Malformed;
        }
    }

    /// @dev Repeats the input where it is not the transaction's own. An account with code of its own (EIP-7702) may have built it there.
    function _tell() private {
        if (msg.sender != tx.origin || msg.sender.code.length != 0) {
            emit ISojournLedger.Relayed(msg.sender, msg.data);
        }
    }

    fallback() external payable {
        address module = _moduleOf(msg.sig);
        if (module == address(0)) {
            revert ISojournLedger.Refused(uint8(Refusal.UnknownKind));
        }
        if (msg.value != 0 && msg.sig != ISojournLedger.deposit.selector) {
            revert ISojournLedger.WrongAmount(0, msg.value);
        }
        if (module != VIEWS && msg.sig != ISojournLedger.quote.selector && msg.sig != ISojournLedger.eligibility.selector) {
            _tell();
        }
        assembly ("memory-safe") {
            let p := mload(0x40)
            calldatacopy(p, 0, calldatasize())
            let done := delegatecall(gas(), module, p, calldatasize(), 0, 0)
            returndatacopy(p, 0, returndatasize())
            if iszero(done) { revert(p, returndatasize()) }
            return(p, returndatasize())
        }
    }

    function _moduleOf(bytes4 s) private view returns (address) {
        if (s == ISojournLedger.tickets.selector || s == ISojournLedger.captureBeacon.selector || s == ISojournLedger.eligibility.selector) {
            return DRAWING;
        }
        if (s == IProgress.drive.selector) {
            return PROGRESS;
        }
        if (s == ISojournLedger.conclude.selector) {
            return CONCLUDING;
        }
        if (
            s == ISojournLedger.votes.selector || s == ISojournLedger.openings.selector || s == ISojournLedger.evidence.selector
                || s == ISojournLedger.plant.selector
        ) {
            return ATTESTING;
        }
        if (
            s == ISojournLedger.commits.selector || s == ISojournLedger.reveals.selector || s == ISojournLedger.releases.selector
                || s == ISojournLedger.denials.selector || s == ISojournLedger.fails.selector
        ) {
            return RUNNING;
        }
        if (s == ISojournLedger.post.selector || s == ISojournLedger.cancel.selector || s == ISojournLedger.quote.selector) {
            return POSTING;
        }
        if (
            s == ISojournLedger.judgements.selector || s == ISojournLedger.review.selector || s == ISojournLedger.answer.selector
                || s == ISojournLedger.challenge.selector || s == ISojournLedger.equivocation.selector
        ) {
            return JUDGING;
        }
        if (
            s == ISojournLedger.batchPost.selector || s == ISojournLedger.batchClaim.selector || s == ISojournLedger.batchClaimAll.selector
                || s == ISojournLedger.batchClose.selector
        ) {
            return BATCHES;
        }
        if (
            s == ISojournLedger.deposit.selector || s == ISojournLedger.withdraw.selector || s == ISojournLedger.transfer.selector
                || s == ISojournLedger.register.selector || s == ISojournLedger.stakeAdd.selector || s == ISojournLedger.stakeUnbond.selector
                || s == ISojournLedger.stakeClaim.selector || s == ISojournLedger.offerPublish.selector || s == ISojournLedger.offerWithdraw.selector
                || s == ISojournLedger.payout.selector || s == ISojournLedger.sweep.selector || s == ISojournLedger.pause.selector
        ) {
            return ACCOUNTS;
        }
        if (
            s == ISojournLedger.account.selector || s == ISojournLedger.node.selector || s == ISojournLedger.offer.selector || s == ISojournLedger.job.selector
                || s == ISojournLedger.round.selector || s == ISojournLedger.batchOf.selector || s == ISojournLedger.isClaimed.selector
                || s == ISojournLedger.totals.selector || s == ISojournLedger.config.selector || s == ISojournLedger.domainSeparator.selector
                || s == ISojournLedger.hasPin.selector
        ) {
            return VIEWS;
        }
        return address(0);
    }
}
