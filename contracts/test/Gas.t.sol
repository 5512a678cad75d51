// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISojournLedger} from "../src/ISojournLedger.sol";
import {Market} from "./support/Market.sol";
import {Post} from "./support/Post.sol";

/// @dev What each step of a job costs as a transaction of its own (`forge test --isolate`): lines "GAS name value". Nodes, accounts and arenas are those of a running market: the numbers are of a job
/// that takes over an arena ("warm") unless said otherwise.
contract GasTest is Market {
    address private constant SENDER = address(0x5E4D);

    function setUp() public {
        setUpMarket();
    }

    function say(string memory name, uint256 value) private view {
        (bool done,) = address(0x000000000000000000636F6e736F6c652e6c6f67).staticcall(
            abi.encodeWithSignature("log(string)", string.concat("GAS ", name, " ", vm.toString(value)))
        );
        done;
    }

    function run(string memory name, bytes memory input) private returns (uint256 used) {
        return run(name, input, SENDER);
    }

    function run(string memory name, bytes memory input, address from) private returns (uint256 used) {
        vm.prank(from, from);
        (bool done, bytes memory why) = address(ledger).call(input);
        used = vm.lastCallGas().gasTotalUsed;
        if (!done) {
            assembly ("memory-safe") {
                revert(add(why, 32), mload(why))
            }
        }
        if (bytes(name).length > 0) say(name, used);
    }

    // Calls of their own: folded into their callers they would need more of the stack than there is.

    function ticketFor(bytes32 id, uint256 i, uint8 role) external view returns (ISojournLedger.Ticket memory) {
        return ticketOf(id, 0, i, role, 0);
    }

    function evidenceFor(bytes32 id, uint256 i) external view returns (ISojournLedger.Evidence memory) {
        return evidenceOf(id, 0, i);
    }

    function ballotFor(bytes32 id, uint256 i, address[] calldata executors) external view returns (ISojournLedger.VoteCast memory) {
        return ballotOf(id, 0, i, executors, 1);
    }

    function openingFor(bytes32 id, uint256 i, address[] calldata executors) external view returns (ISojournLedger.AppraisalOpen memory) {
        return openingOf(id, 0, i, executors);
    }

    function commitFor(bytes32 id, uint256 i) external view returns (ISojournLedger.Commit memory) {
        return commitOf(id, 0, i, 1);
    }

    function revealFor(bytes32 id, uint256 i) external view returns (ISojournLedger.Reveal memory) {
        return revealOf(id, 0, i, 1);
    }

    function idOfNext(bytes memory body) private view returns (bytes32) {
        return sha256(abi.encode(bytes32("sojourn/job/1"), GENESIS, REQUESTER, uint256(ledger.account(REQUESTER).nonce), sha256(body)));
    }

    function termsOf(uint8 executors, uint8 verifiers) private pure returns (Post.Terms memory t) {
        t = Post.defaults();
        t.executors = executors;
        t.agreeing = executors / 2 + 1;
        t.verifiers = verifiers;
    }

    function ticketsOf(bytes32 id, uint256 executors, uint256 verifiers) private view returns (ISojournLedger.Ticket[] memory items) {
        items = new ISojournLedger.Ticket[](executors + verifiers);
        for (uint256 i = 0; i < executors; i++) items[i] = this.ticketFor(id, i, 0);
        for (uint256 i = 0; i < verifiers; i++) items[executors + i] = this.ticketFor(id, executors + i, 1);
    }

    function sorted(uint256 executors) private pure returns (address[] memory l) {
        l = new address[](executors);
        for (uint256 i = 0; i < executors; i++) {
            uint256 at = i;
            while (at > 0 && l[at - 1] > nodeOf(i)) {
                l[at] = l[at - 1];
                at--;
            }
            l[at] = nodeOf(i);
        }
    }

    function evidences(bytes32 id, uint256 executors) private view returns (bytes memory) {
        ISojournLedger.Evidence[] memory items = new ISojournLedger.Evidence[](executors);
        for (uint256 i = 0; i < executors; i++) items[i] = this.evidenceFor(id, i);
        return abi.encodeCall(ISojournLedger.evidence, (id, 0, items));
    }

    function ballots(bytes32 id, uint256 executors, uint256 verifiers) private view returns (bytes memory) {
        ISojournLedger.VoteCast[] memory items = new ISojournLedger.VoteCast[](verifiers);
        for (uint256 i = 0; i < verifiers; i++) items[i] = this.ballotFor(id, executors + i, sorted(executors));
        return abi.encodeCall(ISojournLedger.votes, (id, 0, items));
    }

    function opened(bytes32 id, uint256 executors, uint256 verifiers) private view returns (bytes memory) {
        ISojournLedger.AppraisalOpen[] memory items = new ISojournLedger.AppraisalOpen[](verifiers);
        for (uint256 i = 0; i < verifiers; i++) items[i] = this.openingFor(id, executors + i, sorted(executors));
        return abi.encodeCall(ISojournLedger.openings, (id, 0, items));
    }

    function committed(bytes32 id, uint256 executors) private view returns (bytes memory) {
        ISojournLedger.Commit[] memory items = new ISojournLedger.Commit[](executors);
        for (uint256 i = 0; i < executors; i++) items[i] = this.commitFor(id, i);
        return abi.encodeCall(ISojournLedger.commits, (id, 0, items));
    }

    function results(bytes32 id, uint256 executors) private view returns (bytes memory) {
        ISojournLedger.Reveal[] memory items = new ISojournLedger.Reveal[](executors);
        for (uint256 i = 0; i < executors; i++) items[i] = this.revealFor(id, i);
        return abi.encodeCall(ISojournLedger.reveals, (id, 0, items));
    }

    /// @dev Jobs of a running market differ: what is kept of one is nothing that the next would find there already.
    uint256 private serial;

    function next(uint8 executors, uint8 verifiers) private returns (Post.Terms memory t) {
        serial++;
        t = termsOf(executors, verifiers);
        t.spec = Post.cidOf(vm.toString(serial));
        t.inputs[0] = Post.cidOf(string.concat("input ", vm.toString(serial)));
        t.fuelMax += uint64(serial);
        t.executorPay += uint128(serial % 7);
        t.bond += uint128(serial % 5);
    }

    /// @dev In the order in which they will win: whoever brings many puts them so, and seats then lie where tickets lay.
    function inOrder(ISojournLedger.Ticket[] memory items) private pure {
        for (uint256 i = 1; i < items.length; i++) {
            ISojournLedger.Ticket memory t = items[i];
            uint256 at = i;
            while (at > 0 && items[at - 1].role == t.role && drawOf(items[at - 1].output, 0) > drawOf(t.output, 0)) {
                items[at] = items[at - 1];
                at--;
            }
            items[at] = t;
        }
    }

    function auditless(bytes32[] memory ids) private {
        for (uint256 i = 0;; i++) {
            bytes32 beacon = keccak256(abi.encode("no audit", i));
            bool all = true;
            for (uint256 k = 0; k < ids.length && all; k++) all = (uint256(sha256(abi.encode(bytes32("sojourn/audit/1"), beacon, ids[k]))) >> 192) % 1_000_000 > 80_000;
            if (all) {
                vm.prevrandao(beacon);
                return;
            }
        }
    }

    function one(bytes32 id) private pure returns (bytes32[] memory ids) {
        ids = new bytes32[](1);
        ids[0] = id;
    }

    function ordered(bytes32 id, uint256 executors, uint256 verifiers) private view returns (bytes memory) {
        ISojournLedger.Ticket[] memory items = ticketsOf(id, executors, verifiers);
        inOrder(items);
        return abi.encodeCall(ISojournLedger.tickets, (id, 0, items));
    }

    function named(string memory tag, string memory what) private pure returns (string memory) {
        return bytes(tag).length == 0 ? "" : string.concat(tag, what);
    }

    /// @dev Each kind of message a transaction; the draw, which tells who sits where, comes first.
    function phases(string memory tag, uint8 executors, uint8 verifiers) private returns (uint256 total) {
        (bytes32 id, uint256 spent) = begin(tag, executors, verifiers);
        total = spent + run(named(tag, "draw"), abi.encodeCall(ISojournLedger.drive, (id)));
        total += run(named(tag, "evidence"), evidences(id, executors));
        total += run(named(tag, "votes"), ballots(id, executors, verifiers));
        total += run(named(tag, "openings"), opened(id, executors, verifiers));
        if (executors > 1) total += run(named(tag, "commits"), committed(id, executors));
        total += run(named(tag, "reveals"), results(id, executors));
        total += settle(tag, id);
        if (bytes(tag).length != 0) say(string.concat(tag, "total"), total);
    }

    function begin(string memory tag, uint8 executors, uint8 verifiers) private returns (bytes32 id, uint256 total) {
        bytes memory body = Post.encode(next(executors, verifiers));
        id = idOfNext(body);
        total = run(named(tag, "post"), abi.encodeCall(ISojournLedger.post, (body)), REQUESTER);
        go(ledger.round(id, 0).beaconHeight);
        total += run(named(tag, "tickets"), ordered(id, executors, verifiers));
        go(ledger.job(id).deadline + 1);
    }

    function settle(string memory tag, bytes32 id) private returns (uint256 used) {
        go(ledger.job(id).deadline + 1);
        auditless(one(id));
        used = run(named(tag, "settle"), abi.encodeCall(ISojournLedger.drive, (id)));
        require(ledger.job(id).phase == 6, "audited after all");
    }

    /// @dev Four transactions: what nobody has to wait for goes together; every message signed on its own.
    function joined(string memory tag, uint8 executors, uint8 verifiers) private returns (uint256 total) {
        (bytes32 id, uint256 spent) = begin(tag, executors, verifiers);
        bytes[] memory calls = new bytes[](executors > 1 ? 6 : 5);
        calls[0] = abi.encodeCall(ISojournLedger.drive, (id));
        calls[1] = evidences(id, executors);
        calls[2] = ballots(id, executors, verifiers);
        calls[3] = opened(id, executors, verifiers);
        if (executors > 1) calls[4] = committed(id, executors);
        calls[calls.length - 1] = results(id, executors);
        total = spent + run(named(tag, "work"), abi.encodeCall(ISojournLedger.batch, (calls)));
        total += settle(tag, id);
        if (bytes(tag).length != 0) say(string.concat(tag, "total"), total);
    }

    /// @dev What a call costs before a draw is known: tried, and undone.
    function conclusionAfterDraw(bytes32 id) external returns (bytes memory) {
        ledger.drive(id);
        revert(string(abi.encodeCall(ISojournLedger.conclude, (id, 0, conclusionOf(id, 0, 1)))));
    }

    function conclusion(bytes32 id) private returns (bytes memory input) {
        try this.conclusionAfterDraw(id) {
            revert("tried");
        } catch Error(string memory text) {
            input = bytes(text);
        }
    }

    /// @dev Four transactions, one signature of each node for its ticket and one for everything else.
    function concluded(string memory tag, uint8 executors, uint8 verifiers) private returns (uint256 total) {
        (bytes32 id, uint256 spent) = begin(tag, executors, verifiers);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(ISojournLedger.drive, (id));
        calls[1] = conclusion(id);
        total = spent + run(named(tag, "work"), abi.encodeCall(ISojournLedger.batch, (calls)));
        total += settle(tag, id);
        if (bytes(tag).length != 0) say(string.concat(tag, "total"), total);
    }

    /// @dev Several jobs at a time: each of the four transactions for all of them.
    function together(string memory tag, uint256 count, uint8 executors, uint8 verifiers) private returns (uint256 total) {
        bytes32[] memory ids = new bytes32[](count);
        bytes[] memory calls = new bytes[](count);
        uint256 nonce = ledger.account(REQUESTER).nonce;
        for (uint256 i = 0; i < count; i++) {
            bytes memory body = Post.encode(next(executors, verifiers));
            ids[i] = sha256(abi.encode(bytes32("sojourn/job/1"), GENESIS, REQUESTER, nonce + i, sha256(body)));
            calls[i] = abi.encodeCall(ISojournLedger.post, (body));
        }
        total = run(named(tag, "post"), abi.encodeCall(ISojournLedger.batch, (calls)), REQUESTER);
        go(ledger.round(ids[0], 0).beaconHeight);
        for (uint256 i = 0; i < count; i++) calls[i] = ordered(ids[i], executors, verifiers);
        total += run(named(tag, "tickets"), abi.encodeCall(ISojournLedger.batch, (calls)));
        go(ledger.job(ids[0]).deadline + 1);
        bytes[] memory work = new bytes[](2 * count);
        for (uint256 i = 0; i < count; i++) {
            work[i] = abi.encodeCall(ISojournLedger.drive, (ids[i]));
            work[count + i] = conclusion(ids[i]);
        }
        total += run(named(tag, "work"), abi.encodeCall(ISojournLedger.batch, (work)));
        go(ledger.job(ids[0]).deadline + 1);
        auditless(ids);
        for (uint256 i = 0; i < count; i++) calls[i] = abi.encodeCall(ISojournLedger.drive, (ids[i]));
        total += run(named(tag, "settle"), abi.encodeCall(ISojournLedger.batch, (calls)));
        for (uint256 i = 0; i < count; i++) require(ledger.job(ids[i]).phase == 6, "audited after all");
        if (bytes(tag).length != 0) say(string.concat(tag, "per-job"), total / count);
    }

    /// @dev Begins an epoch of credits: what is paid first in an epoch moves what was earned before, and costs more.
    function epoch() private {
        go((height / 256 + 1) * 256);
    }

    function test_gas() public {
        phases("first/3x4/", 3, 4);
        phases("", 3, 11);
        epoch();
        phases("", 3, 11);
        phases("each/3x1/", 3, 1);
        epoch();
        phases("", 3, 11);
        phases("each/3x3/", 3, 3);
        epoch();
        phases("", 3, 11);
        phases("each/3x11/", 3, 11);
        epoch();
        phases("", 3, 11);
        phases("each/3x4/", 3, 4);
        epoch();
        phases("", 3, 11);
        joined("joined/3x4/", 3, 4);
        epoch();
        phases("", 3, 11);
        concluded("concluded/3x4/", 3, 4);
        epoch();
        concluded("concluded-first-of-epoch/3x4/", 3, 4);
        epoch();
        phases("", 3, 11);
        concluded("concluded/3x11/", 3, 11);
        epoch();
        phases("", 1, 4);
        concluded("concluded/1x4/", 1, 4);
        epoch();
        together("", 10, 3, 11);
        together("ten/3x4/", 10, 3, 4);
        address[] memory who = new address[](7);
        for (uint256 i = 0; i < 7; i++) who[i] = nodeOf(i);
        go(height + 512);
        run("payout/7", abi.encodeCall(ISojournLedger.payout, (who)));
        many();
    }

    /// @dev A thousand jobs among twenty nodes, agreed off the chain: one payment for each node.
    function many() private {
        uint256 count = 20;
        address[] memory to = new address[](count);
        uint64[] memory amounts = new uint64[](count);
        bytes32[] memory level = new bytes32[](count);
        for (uint256 i = 0; i < count; i++) {
            (to[i], amounts[i]) = (address(uint160(0x1000 + i)), 1000);
            level[i] = sha256(abi.encode(bytes32("sojourn/batch-leaf/1"), REQUESTER, i, to[i], uint256(1000), bytes32(0)));
        }
        for (uint256 width = count; width > 1; width = (width + 1) / 2) {
            for (uint256 i = 0; i < (width + 1) / 2; i++) {
                level[i] = 2 * i + 1 < width ? sha256(abi.encode(bytes32("sojourn/batch-node/1"), level[2 * i], level[2 * i + 1])) : level[2 * i];
            }
        }
        bytes32 id = sha256(abi.encode(bytes32("sojourn/batch/1"), GENESIS, REQUESTER, uint256(ledger.account(REQUESTER).nonce)));
        uint256 total = run("batched/post", abi.encodeCall(ISojournLedger.batchPost, (level[0], uint32(count), 20_000, 1000)), REQUESTER);
        total += run("batched/claims", abi.encodeCall(ISojournLedger.batchClaimAll, (id, to, amounts, new bytes32[](count))));
        total += run("batched/close", abi.encodeCall(ISojournLedger.batchClose, (id)));
        say("batched/per-job-of-1000", total / 1000);
    }
}
