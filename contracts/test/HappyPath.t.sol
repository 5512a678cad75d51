// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISojournLedger} from "../src/ISojournLedger.sol";
import {Market} from "./support/Market.sol";
import {Post} from "./support/Post.sol";

/// @dev A job from post to settlement with three executors and four verifiers.
contract HappyPathTest is Market {
    function setUp() public {
        setUpMarket();
    }

    function test_a_job_runs_and_everybody_is_paid() public {
        bytes32 id = post(Post.defaults());
        eq(ledger.job(id).escrow, 100 * (3 + 7 + 1) + 10 * 5 * 4 + 10, "escrow");
        admitAll(id, 3, 4);
        eq(ledger.job(id).phase, 2, "running");
        commitAll(id, list(7));
        eq(ledger.job(id).phase, 3, "revealing");
        revealAll(id, list(7));
        eq(ledger.job(id).phase, 4, "audit draw");
        openAll(id, 0);
        drawAudit(id, false);
        ISojournLedger.JobView memory j = ledger.job(id);
        eq(j.phase, 6, "closed");
        eq(j.outcome, 1, "succeeded");
        for (uint256 i = 0; i < 7; i++) {
            ISojournLedger.NodeView memory n = ledger.node(nodeOf(i));
            eq(n.engaged, 0, "engaged");
            eq(ledger.account(nodeOf(i)).creditNew, i < 3 ? 99 : 10, "pay");
            eq(i < 3 ? n.agreed : n.voted, 1, "record");
        }
        conserved(new bytes32[](0));
    }
}
