// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISojournLedger} from "../../src/ISojournLedger.sol";
import {SojournLedger} from "../../src/SojournLedger.sol";
import {AccountsModule} from "../../src/modules/Accounts.sol";
import {AttestingModule} from "../../src/modules/Attesting.sol";
import {BatchesModule} from "../../src/modules/Batches.sol";
import {DrawingModule} from "../../src/modules/Drawing.sol";
import {JudgingModule} from "../../src/modules/Judging.sol";
import {PostingModule} from "../../src/modules/Posting.sol";
import {ProgressModule} from "../../src/modules/Progress.sol";
import {RunningModule} from "../../src/modules/Running.sol";
import {ViewsModule} from "../../src/modules/Views.sol";

/// @dev Makes a ledger as a deployer would: modules first, then the ledger.
library Deploy {
    function ledger(ISojournLedger.Config memory c) internal returns (ISojournLedger) {
        SojournLedger.Modules memory m;
        m.progress = address(new ProgressModule(c));
        m.accounts = address(new AccountsModule(c));
        m.batches = address(new BatchesModule(c));
        m.posting = address(new PostingModule(c, m.progress));
        m.drawing = address(new DrawingModule(c));
        m.attesting = address(new AttestingModule(c, m.progress));
        m.running = address(new RunningModule(c, m.progress));
        m.judging = address(new JudgingModule(c, m.progress));
        m.views = address(new ViewsModule(c));
        return ISojournLedger(address(new SojournLedger(m)));
    }

    function defaultRules() internal pure returns (ISojournLedger.Rules memory r) {
        r.stakeUnit = 1000;
        r.nodeUnitsMin = 1;
        r.nodeUnitsMax = 65_536;
        r.postFee = 10;
        r.treasuryShare = 100;
        r.silentExecutorShare = 500;
        r.silentVerifierPenalty = 5;
        r.executorBondMin = 500;
        r.verifierBond = 50;
        r.reporterShare = 2500;
        r.failShare = 2500;
        r.reviewFloorShare = 5000;
        r.auditFloor = 10_000;
        r.auditDelay = 2;
        r.windowMin = 1;
        r.windowMax = 100_000;
        r.jobHeightsMax = 2_000_000;
        r.profileDelay = 64;
        r.unbondDelay = 2048;
        r.creditEpoch = 256;
        r.payoutMin = 100;
        r.payoutEpochs = 7;
        r.batchClaimHeights = 100_000;
        r.challengeFee = 5;
    }
}
