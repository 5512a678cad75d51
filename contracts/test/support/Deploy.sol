// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Vm} from "./Vm.sol";
import {ISojournLedger} from "../../src/ISojournLedger.sol";
import {SojournLedger} from "../../src/SojournLedger.sol";

/// @dev Makes a ledger as a deployer would: modules first, then the ledger.
library Deploy {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    // By name rather than by `new`: the compiler would otherwise compile every module again for every test.
    function make(string memory name, bytes memory arguments) private returns (address made) {
        bytes memory code = bytes.concat(vm.getCode(string.concat(name, ".sol:", name, "Module")), arguments);
        assembly ("memory-safe") {
            made := create(0, add(code, 32), mload(code))
        }
        require(made != address(0), name);
    }

    function ledger(ISojournLedger.Config memory c) internal returns (ISojournLedger) {
        SojournLedger.Modules memory m;
        m.drawing = make("Drawing", abi.encode(c));
        m.progress = make("Progress", abi.encode(c, m.drawing));
        m.accounts = make("Accounts", abi.encode(c));
        m.batches = make("Batches", abi.encode(c));
        m.posting = make("Posting", abi.encode(c, m.progress));
        m.concluding = make("Concluding", abi.encode(c, m.progress));
        m.attesting = make("Attesting", abi.encode(c, m.progress));
        m.running = make("Running", abi.encode(c, m.progress));
        m.judging = make("Judging", abi.encode(c, m.progress));
        m.views = make("Views", abi.encode(c));
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
