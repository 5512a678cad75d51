// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISojournLedger} from "../../src/ISojournLedger.sol";
import {Market} from "./Market.sol";
import {Post} from "./Post.sol";

/// @dev A guided walk: looks at where jobs stand and does something that could be done there, mostly what is awaited, sometimes not. Whatever it does must be applied or refused with a reason, and
/// after every step the books must balance.
abstract contract Walk is Market {
    uint256 internal constant OPEN_MAX = 4;
    uint256 internal constant KEEPER = 0xC0FFEE;

    bytes32[] internal open;
    bytes32[] internal offers;
    mapping(bytes32 => uint256) internal modesOf;
    mapping(bytes32 => mapping(address => bool)) internal admitted;
    mapping(bytes32 => mapping(address => bool)) internal revealed;
    mapping(bytes32 => bool) internal closed;
    mapping(bytes32 => bool) internal concluded;
    mapping(bytes32 => mapping(uint256 => bool)) internal planted;
    uint256 internal batches;

    // What was visited: phases 0-6 at 0, outcomes at 16, kinds of rounds at 32, statuses of seats at 48, lines at 64, kinds of events at 144, refusals at 192.
    mapping(uint256 => uint256) internal seen;

    function setUpWalk() internal {
        setUpMarket();
        for (uint256 i = 0; i < 3; i++) {
            ISojournLedger.OfferTerms memory t;
            t.content = Post.cidOf(i == 0 ? "code" : "input");
            t.isSealed = i > 0;
            t.keeper = i > 0 ? vm.addr(KEEPER) : address(0);
            t.price = 7;
            vm.prank(GUARDIAN);
            offers.push(ledger.offerPublish(t));
        }
        vm.recordLogs();
    }

    function rnd(uint256 seed, uint256 salt, uint256 bound) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, salt))) % bound;
    }

    // ------------------------------------------------------------------------------------------------------------- calls

    function attempt(address from, bytes memory input) internal returns (bool done) {
        bytes memory answer;
        if (from != address(0)) vm.prank(from);
        (done, answer) = address(ledger).call(input);
        if (!done) {
            require(answer.length == 36 && bytes4(answer) == ISojournLedger.Refused.selector, "a refusal without a reason");
            seen[192 + uint256(uint8(answer[35]))]++;
        }
    }

    function step(uint256 seed) internal {
        uint256 what = rnd(seed, 0, 100);
        if (open.length == 0 || (what < 8 && open.length < OPEN_MAX)) {
            postOne(seed);
        } else if (what < 12) {
            go(height + 1 + rnd(seed, 1, 12));
        } else if (what < 20) {
            money(seed);
        } else {
            bytes32 id = open[rnd(seed, 2, open.length)];
            act(id, seed);
        }
        note();
    }

    function postOne(uint256 seed) internal {
        Post.Terms memory t = Post.defaults();
        t.executors = uint8(1 + rnd(seed, 10, 3));
        t.agreeing = uint8(t.executors == 1 ? 1 : t.executors / 2 + 1);
        t.verifiers = uint8(1 + rnd(seed, 11, 4));
        t.redrawsMax = uint8(rnd(seed, 12, 3));
        t.modes = uint8(rnd(seed, 13, 3) == 0 ? rnd(seed, 14, 8) : 0);
        t.audit = rnd(seed, 15, 3) == 0 ? 500_000 : 0;
        t.checker = t.modes & 1 != 0 ? Post.cidOf("checker") : bytes("");
        t.answer = sha256(abi.encode(bytes32("sojourn/answer/1"), statementOf(rnd(seed, 16, 4) == 0 ? 9 : 1).output, bytes32(uint256(5))));
        t.localityMin = uint8(rnd(seed, 17, 3));
        t.storagePay = uint128(rnd(seed, 18, 2) * 30);
        t.storageNode = rnd(seed, 19, 4) == 0 ? nodeOf(15) : address(0);
        t.regions = uint64(rnd(seed, 20, 2));
        t.verifierNodesMin = uint8(rnd(seed, 24, 2));
        if (rnd(seed, 21, 3) == 0) {
            t.offers = new bytes32[](2);
            (bytes32 a, bytes32 b) = (offers[0], offers[1 + rnd(seed, 22, 2)]);
            (t.offers[0], t.offers[1]) = a < b ? (a, b) : (b, a);
        }
        if (rnd(seed, 23, 12) == 0) t.executorPay = 10_000_000_000;
        bytes32 id = sha256(abi.encode(bytes32("sojourn/job/1"), GENESIS, REQUESTER, uint256(ledger.account(REQUESTER).nonce), sha256(Post.encode(t))));
        if (attempt(REQUESTER, abi.encodeCall(ledger.post, (Post.encode(t))))) {
            open.push(id);
            modesOf[id] = t.modes;
        }
    }

    function money(uint256 seed) internal {
        uint256 what = rnd(seed, 30, 9);
        address who = nodeOf(rnd(seed, 31, NODES));
        if (what == 0) {
            address[] memory all = new address[](NODES);
            for (uint256 i = 0; i < NODES; i++) all[i] = nodeOf(i);
            attempt(address(0), abi.encodeCall(ledger.payout, (all)));
        } else if (what == 1) {
            attempt(address(0), abi.encodeCall(ledger.sweep, ()));
        } else if (what == 2) {
            attempt(who, abi.encodeCall(ledger.stakeUnbond, (uint64(1 + rnd(seed, 32, 3000)))));
        } else if (what == 3) {
            attempt(address(0), abi.encodeCall(ledger.stakeClaim, (who)));
        } else if (what == 4) {
            attempt(who, abi.encodeCall(ledger.withdraw, (uint64(1 + rnd(seed, 32, 100)), 0)));
        } else if (what == 5) {
            attempt(who, abi.encodeCall(ledger.transfer, (REQUESTER, uint64(1 + rnd(seed, 32, 100)))));
        } else if (what == 6) {
            attempt(who, abi.encodeCall(ledger.stakeAdd, (uint64(1 + rnd(seed, 32, 100)))));
        } else if (what == 7) {
            fund(rnd(seed, 33, 2) == 0 ? who : REQUESTER, uint64(1 + rnd(seed, 32, 50_000)));
        } else {
            attempt(who, abi.encodeCall(ledger.register, (profileOf(rnd(seed, 34, NODES)), 0)));
        }
    }

    // ------------------------------------------------------------------------------------------------------------- jobs

    function act(bytes32 id, uint256 seed) internal {
        ISojournLedger.JobView memory j = ledger.job(id);
        if (j.phase == 6) {
            drop(id);
            return;
        }
        if (height > j.deadline || rnd(seed, 40, 40) == 0) {
            attempt(address(0), abi.encodeCall(ledger.drive, (id)));
            return;
        }
        if (rnd(seed, 41, 12) == 0 && j.deadline < height + 200) {
            go(j.deadline + 1);
            if (j.phase == 4 && rnd(seed, 42, 3) == 0) go(height + 9000);
            return;
        }
        if (rnd(seed, 43, 5) == 0) openSome(id, uint8(rnd(seed, 44, uint256(j.round) + 1)), seed);
        if (j.phase == 0) {
            draw(id, j, seed);
        } else if (j.phase <= 3 && rnd(seed, 45, 4) == 0) {
            press(id, j, seed);
        } else if (j.phase <= 3) {
            work(id, j, seed);
        } else if (j.phase == 4) {
            go(j.deadline + 1);
            vm.prevrandao(keccak256(abi.encode(seed, "audit")));
            attempt(address(0), abi.encodeCall(ledger.drive, (id)));
        } else {
            judge(id, j, seed);
        }
    }

    function draw(bytes32 id, ISojournLedger.JobView memory j, uint256 seed) internal {
        uint256 beacon = ledger.round(id, j.round).beaconHeight;
        if (height < beacon) {
            if (rnd(seed, 50, 10) == 0) {
                attempt(REQUESTER, abi.encodeCall(ledger.cancel, (id)));
                return;
            }
            go(beacon);
        }
        // Sometimes all come at once: a dispute's committee is larger than what it judges.
        uint256 count = rnd(seed, 49, 3) == 0 ? NODES : 1 + rnd(seed, 51, 8);
        ISojournLedger.Ticket[] memory items = new ISojournLedger.Ticket[](count);
        for (uint256 i = 0; i < count; i++) {
            (uint256 who, uint256 role, uint256 unit) = count == NODES ? (i, i < 10 ? 0 : 1, 0) : (rnd(seed, 52 + i, NODES), rnd(seed, 70 + i, 2), rnd(seed, 90 + i, 22));
            items[i] = ticketOf(id, j.round, who, uint8(role), uint32(unit));
            if (items[i].role == 0 && rnd(seed, 110 + i, 3) == 0) {
                items[i].possession = sha256(abi.encode(bytes32("sojourn/possession/1"), items[i].node, bytes32(uint256(77))));
                (items[i].r, items[i].vs) = sign(keyOf(indexOf(items[i].node)), ticketHash(id, j.round, items[i]));
            }
        }
        attempt(address(0), abi.encodeCall(ledger.tickets, (id, j.round, items)));
    }

    function work(bytes32 id, ISojournLedger.JobView memory j, uint256 seed) internal {
        ISojournLedger.RoundView memory r = ledger.round(id, j.round);
        if (j.phase == 1 && moodOf(id) > 4 && rnd(seed, 59, 12) == 0) {
            attempt(address(0), abi.encodeCall(ledger.conclude, (id, j.round, conclusionOf(id, j.round, variant(id, 0, j.round)))));
            return;
        }
        uint256 e = rnd(seed, 60, r.executors.length);
        ISojournLedger.ExecutorView memory seat = r.executors[e];
        uint256 i = indexOf(seat.node);
        uint256 what = rnd(seed, 61, 30);
        if (what == 0 || (moodOf(id) == 0 && seat.status == 2)) {
            ISojournLedger.Fail[] memory f = new ISojournLedger.Fail[](1);
            f[0] = failOf(id, j.round, i, uint8(1 + rnd(seed, 62, moodOf(id) == 0 ? 6 : 8)));
            attempt(address(0), abi.encodeCall(ledger.fails, (id, j.round, f)));
        } else if (seat.content != 0 && (what == 1 || (planted[id][uint256(j.round) << 8 | i] && seat.status < 3 && rnd(seed, 64, 3) == 0))) {
            plantOne(id, j.round, i, seed);
        } else if (seat.status == 0) {
            ISojournLedger.Evidence[] memory items = new ISojournLedger.Evidence[](1);
            bool plants = moodOf(id) == 3 || rnd(seed, 63, 8) == 0;
            planted[id][uint256(j.round) << 8 | i] = plants;
            items[0] = evidenceWith(id, j.round, i, plants ? plantedDigest(id, j.round, i) : evidenceDigest(id, j.round, i), seat.local ? bytes32(uint256(77)) : bytes32(0));
            attempt(address(0), abi.encodeCall(ledger.evidence, (id, j.round, items)));
        } else if (seat.status == 1 || what < 6) {
            voteSome(id, j.round, r, seed);
        } else if (seat.status == 2 && r.wanted > 1) {
            release(id, j.round, r, e, seed);
            ISojournLedger.Commit[] memory items = new ISojournLedger.Commit[](1);
            items[0] = commitOf(id, j.round, i, variant(id, i, j.round));
            attempt(address(0), abi.encodeCall(ledger.commits, (id, j.round, items)));
        } else if (seat.status == 2 || seat.status == 3) {
            release(id, j.round, r, e, seed);
            ISojournLedger.Reveal[] memory items = new ISojournLedger.Reveal[](1);
            items[0] = revealOf(id, j.round, i, variant(id, i, j.round));
            attempt(address(0), abi.encodeCall(ledger.reveals, (id, j.round, items)));
        }
    }

    /// @dev Everybody does at once what is awaited of it, as its mood has it: so the walk comes to what lies behind many right steps, a dispute's decision among it.
    function press(bytes32 id, ISojournLedger.JobView memory j, uint256 seed) internal {
        ISojournLedger.RoundView memory r = ledger.round(id, j.round);
        for (uint256 e = 0; e < r.executors.length; e++) {
            ISojournLedger.ExecutorView memory seat = r.executors[e];
            uint256 i = indexOf(seat.node);
            if (seat.status == 0 && j.phase == 1) {
                ISojournLedger.Evidence[] memory items = new ISojournLedger.Evidence[](1);
                items[0] = evidenceWith(id, j.round, i, evidenceDigest(id, j.round, i), seat.local ? bytes32(uint256(77)) : bytes32(0));
                attempt(address(0), abi.encodeCall(ledger.evidence, (id, j.round, items)));
            }
        }
        for (uint256 v = 0; v < r.verifiers.length; v++) voteRest(id, j.round, v);
        for (uint256 v = 0; v < r.verifiers.length; v++) openRest(id, j.round, v);
        r = ledger.round(id, j.round);
        for (uint256 e = 0; e < r.executors.length; e++) {
            if (r.executors[e].status == 2) finish(id, j.round, r, e, seed);
        }
        r = ledger.round(id, j.round);
        for (uint256 e = 0; e < r.executors.length && r.wanted > 1; e++) {
            if (r.executors[e].status == 3 && ledger.job(id).phase == 3) giveResult(id, j.round, indexOf(r.executors[e].node));
        }
    }

    function finish(bytes32 id, uint8 round, ISojournLedger.RoundView memory r, uint256 e, uint256 seed) private {
        release(id, round, r, e, seed);
        uint256 i = indexOf(r.executors[e].node);
        if (r.wanted > 1) {
            ISojournLedger.Commit[] memory items = new ISojournLedger.Commit[](1);
            items[0] = commitOf(id, round, i, variant(id, i, round));
            attempt(address(0), abi.encodeCall(ledger.commits, (id, round, items)));
        } else {
            giveResult(id, round, i);
        }
    }

    function giveResult(bytes32 id, uint8 round, uint256 i) private {
        ISojournLedger.Reveal[] memory items = new ISojournLedger.Reveal[](1);
        items[0] = revealOf(id, round, i, variant(id, i, round));
        attempt(address(0), abi.encodeCall(ledger.reveals, (id, round, items)));
    }

    function voteRest(bytes32 id, uint8 round, uint256 v) private {
        ISojournLedger.RoundView memory r = ledger.round(id, round);
        address[] memory executors = unvoted(sortedExecutors(id, round), r, v);
        if (executors.length == 0) return;
        ISojournLedger.VoteCast[] memory items = new ISojournLedger.VoteCast[](1);
        items[0] = ballotOf(id, round, indexOf(r.verifiers[v].node), executors, 1);
        attempt(address(0), abi.encodeCall(ledger.votes, (id, round, items)));
    }

    function openRest(bytes32 id, uint8 round, uint256 v) private {
        address[] memory executors = sortedExecutors(id, round);
        if (executors.length == 0) return;
        ISojournLedger.AppraisalOpen[] memory items = new ISojournLedger.AppraisalOpen[](1);
        items[0] = openingOf(id, round, indexOf(ledger.round(id, round).verifiers[v].node), executors);
        attempt(address(0), abi.encodeCall(ledger.openings, (id, round, items)));
    }

    /// @dev Those on whom a verifier has not voted, of a list.
    function unvoted(address[] memory executors, ISojournLedger.RoundView memory r, uint256 v) private pure returns (address[] memory) {
        uint256 kept = 0;
        for (uint256 i = 0; i < executors.length; i++) {
            for (uint256 e = 0; e < r.executors.length; e++) {
                if (r.executors[e].node == executors[i] && (r.verifiers[v].verdicts >> (3 * e)) & 7 == 0) executors[kept++] = executors[i];
            }
        }
        assembly ("memory-safe") {
            mstore(executors, kept)
        }
        return executors;
    }

    /// @dev Some jobs are ill-fated, so that every state is met on a walk that can be paid for: 0 executors cannot, 1 keepers deny, 3 evidence is planted, 4 everybody answers otherwise.
    function moodOf(bytes32 id) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("mood", id))) % 12;
    }

    /// @dev One job in four has somebody who answers otherwise.
    function variant(bytes32 id, uint256 i, uint256 round) internal pure returns (uint256) {
        if (moodOf(id) == 4) return 1 + i % 3;
        return uint256(keccak256(abi.encode(id))) % 4 == 0 && uint256(keccak256(abi.encode(id, i, round))) % 3 == 0 ? 2 : 1;
    }

    function plantedBytes(bytes32 id, uint8 round, uint256 i) internal pure returns (bytes memory) {
        return abi.encodePacked(hex"830100a1005874", new bytes(52), sha256(abi.encode(bytes32("sojourn/plant/1"), id, uint256(round), nodeOf(i), bytes32(uint256(3)))), bytes32(0));
    }

    function plantedDigest(bytes32 id, uint8 round, uint256 i) internal pure returns (bytes32) {
        return sha256(plantedBytes(id, round, i));
    }

    function plantOne(bytes32 id, uint8 round, uint256 i, uint256) internal {
        attempt(address(0), abi.encodeCall(ledger.plant, (id, round, plantOf(id, round, i))));
    }

    function plantOf(bytes32 id, uint8 round, uint256 i) internal view returns (ISojournLedger.Plant memory p) {
        p.node = nodeOf(i);
        p.salt = bytes32(uint256(3));
        p.evidence = plantedBytes(id, round, i);
        (bytes memory key,) = receiptPoint(i);
        p.keys = keccak256(abi.encode(keccak256(hpkeOf(i)), keccak256(key)));
        (p.r, p.vs) = sign(keyOf(i), keccak256(abi.encode(keccak256("Plant(bytes32 job,uint8 round,bytes32 salt,bytes evidence)"), id, round, p.salt, keccak256(p.evidence))));
    }

    function voteSome(bytes32 id, uint8 round, ISojournLedger.RoundView memory r, uint256 seed) internal {
        address[] memory executors = sortedExecutors(id, round);
        uint256 v = rnd(seed, 80, r.verifiers.length);
        if (executors.length == 0) return;
        executors = unvoted(executors, r, v);
        if (executors.length == 0) return;
        ISojournLedger.VoteCast[] memory items = new ISojournLedger.VoteCast[](1);
        items[0] = ballotOf(id, round, indexOf(r.verifiers[v].node), executors, uint8(rnd(seed, 81, 8) == 0 ? 2 + rnd(seed, 82, 5) : 1));
        attempt(address(0), abi.encodeCall(ledger.votes, (id, round, items)));
    }

    function openSome(bytes32 id, uint8 round, uint256 seed) internal {
        ISojournLedger.RoundView memory r = ledger.round(id, round);
        if (r.verifiers.length == 0) return;
        ISojournLedger.VerifierView memory v = r.verifiers[rnd(seed, 85, r.verifiers.length)];
        uint256 voter = indexOf(v.node);
        address[] memory executors = sortedExecutors(id, round);
        if (executors.length == 0) return;
        ISojournLedger.AppraisalOpen[] memory items = new ISojournLedger.AppraisalOpen[](1);
        items[0] = openingOf(id, round, voter, executors);
        if (rnd(seed, 86, 4) == 0) {
            items[0].openings[0].appraisal = keccak256("another");
            signOpening(id, round, voter, items[0]);
        }
        attempt(address(0), abi.encodeCall(ledger.openings, (id, round, items)));
    }

    function release(bytes32 id, uint8 round, ISojournLedger.RoundView memory r, uint256 e, uint256 seed) internal {
        for (uint256 k = 1; k < 3; k++) {
            if (ledger.offer(offers[k]).pending == 0 && ledger.offer(offers[k]).uses == 0) continue;
            address executor = r.executors[e].node;
            uint256 i = indexOf(executor);
            if (moodOf(id) == 1 || rnd(seed, 87, 12) == 0) {
                attempt(address(0), abi.encodeCall(ledger.denials, (id, round, denyOf(id, round, executor, offers[k]))));
            } else {
                attempt(address(0), abi.encodeCall(ledger.releases, (id, round, releaseOf(id, round, i, offers[k]))));
            }
        }
    }

    function releaseOf(bytes32 id, uint8 round, uint256 i, bytes32 offer) internal view returns (ISojournLedger.Release[] memory items) {
        items = new ISojournLedger.Release[](1);
        ISojournLedger.Release memory m = items[0];
        m.node = vm.addr(KEEPER);
        m.executor = nodeOf(i);
        m.offer = offer;
        m.admission = sha256(abi.encode(bytes32("sojourn/admission/1"), id, uint256(round), m.executor, evidenceDigest(id, round, i)));
        m.wrappedKey = keccak256("wrapped");
        (bytes memory key,) = receiptPoint(i);
        m.keys = keccak256(abi.encode(keccak256(hpkeOf(i)), keccak256(key)));
        (m.r, m.vs) = sign(
            KEEPER,
            keccak256(
                abi.encode(
                    keccak256("Release(bytes32 job,uint8 round,address executor,bytes32 offer,bytes32 admission,bytes32 wrappedKey)"), id, round, m.executor, offer, m.admission, m.wrappedKey
                )
            )
        );
    }

    function denyOf(bytes32 id, uint8 round, address executor, bytes32 offer) internal view returns (ISojournLedger.Deny[] memory items) {
        items = new ISojournLedger.Deny[](1);
        ISojournLedger.Deny memory m = items[0];
        m.node = vm.addr(KEEPER);
        m.executor = executor;
        m.offer = offer;
        m.reason = 1;
        (m.r, m.vs) = sign(
            KEEPER, keccak256(abi.encode(keccak256("Deny(bytes32 job,uint8 round,address executor,bytes32 offer,uint8 reason)"), id, round, executor, offer, uint8(1)))
        );
    }

    function judgementOf(bytes32 id, uint8 round, uint256 i, bool accept) internal view returns (ISojournLedger.Judgement[] memory items) {
        items = new ISojournLedger.Judgement[](1);
        items[0].node = nodeOf(i);
        items[0].accept = accept;
        items[0].report = keccak256("report");
        (items[0].r, items[0].vs) =
            sign(keyOf(i), keccak256(abi.encode(keccak256("Judgement(bytes32 job,uint8 round,bool accept,bytes32 report)"), id, round, accept, items[0].report)));
    }

    function judge(bytes32 id, ISojournLedger.JobView memory j, uint256 seed) internal {
        ISojournLedger.RoundView memory r = ledger.round(id, j.round);
        uint256 what = rnd(seed, 120, 3);
        if (what == 0 && r.verifiers.length > 0) {
            // One of them, or all, who are of one mind then: some jobs' results are rejected.
            bool all = rnd(seed, 126, 2) == 0;
            uint256 from = all ? 0 : rnd(seed, 121, r.verifiers.length);
            for (uint256 v = from; v < (all ? r.verifiers.length : from + 1); v++) {
                judgeBy(id, j.round, indexOf(r.verifiers[v].node), all ? moodOf(id) % 2 == 0 : rnd(seed, 122, 5) != 0);
            }
        } else if (what == 1 && modesOf[id] & 2 != 0) {
            attempt(address(0), abi.encodeCall(ledger.review, (id, reviewOf(id, rnd(seed, 124, 4) != 0))));
        } else if (what == 1) {
            bytes32 output = statementOf(rnd(seed, 125, 3) == 0 ? 9 : 1).output;
            attempt(address(0), abi.encodeCall(ledger.answer, (id, answerOf(id, output))));
        } else {
            openSome(id, uint8(rnd(seed, 123, uint256(j.round) + 1)), seed);
        }
    }

    function judgeBy(bytes32 id, uint8 round, uint256 i, bool accept) private {
        attempt(address(0), abi.encodeCall(ledger.judgements, (id, round, judgementOf(id, round, i, accept))));
    }

    function reviewOf(bytes32 id, bool accept) internal view returns (ISojournLedger.Review memory m) {
        m.node = REQUESTER;
        m.accept = accept;
        (m.r, m.vs) = sign(REQUESTER_KEY, keccak256(abi.encode(keccak256("Review(bytes32 job,bool accept)"), id, accept)));
    }

    function answerOf(bytes32 id, bytes32 output) internal view returns (ISojournLedger.Answer memory m) {
        m.node = REQUESTER;
        m.output = output;
        m.salt = bytes32(uint256(5));
        (m.r, m.vs) = sign(REQUESTER_KEY, keccak256(abi.encode(keccak256("Answer(bytes32 job,bytes32 output,bytes32 salt)"), id, output, m.salt)));
    }

    function drop(bytes32 id) internal {
        for (uint256 i = 0; i < open.length; i++) {
            if (open[i] == id) {
                open[i] = open[open.length - 1];
                open.pop();
                return;
            }
        }
    }

    // ------------------------------------------------------------------------------------------------------------- what must hold

    /// @dev Reads the logs: what was visited, and that nobody was paid for a result without an admission and a reveal.
    function note() internal {
        Vm_LogEntries();
        for (uint256 i = 0; i < open.length; i++) {
            ISojournLedger.JobView memory j = ledger.job(open[i]);
            seen[uint256(j.phase)]++;
            if (j.phase == 6) {
                seen[16 + uint256(j.outcome)]++;
                continue;
            }
            ISojournLedger.RoundView memory r = ledger.round(open[i], j.round);
            seen[32 + uint256(r.kind)]++;
            for (uint256 e = 0; e < r.executors.length; e++) seen[48 + uint256(r.executors[e].status)]++;
        }
        conserved(open);
        (uint64 held,,) = ledger.totals();
        require(address(ledger).balance == uint256(held) * 1 gwei, "tokens held");
    }

    function Vm_LogEntries() private {
        bytes32 topic = keccak256("Happened(bytes32,bytes)");
        Vm_Log[] memory logs = abi.decode(abi.encode(vm.getRecordedLogs()), (Vm_Log[]));
        for (uint256 i = 0; i < logs.length; i++) {
            if (logs[i].topics[0] == topic) readItems(logs[i].topics[1], abi.decode(logs[i].data, (bytes)));
        }
    }

    struct Vm_Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    function readItems(bytes32 id, bytes memory items) internal {
        uint256 at = 0;
        while (at < items.length) {
            (uint256 kind, uint256 line, uint256 mask) = (uint8(items[at]), uint8(items[at + 1]), uint8(items[at + 3]));
            address who;
            if (mask & 1 != 0) {
                assembly ("memory-safe") {
                    who := shr(96, mload(add(add(items, 36), at)))
                }
            }
            at += 4 + (mask & 1) * 20 + ((mask >> 1) & 1) * 8 + ((mask >> 2) & 1) * 8 + ((mask >> 3) & 1) * 32;
            seen[144 + kind]++;
            if (kind == 0) seen[192 + line]++;
            if (kind == 1) seen[64 + line]++;
            if (kind == 17) admitted[id][who] = true;
            if (kind == 22) revealed[id][who] = true;
            if (kind == 33) concluded[id] = true;
            if (kind == 29) {
                require(!closed[id], "closed twice");
                closed[id] = true;
            }
            if (line == 20 || line == 26 || line == 27) {
                require(concluded[id] || admitted[id][who], "paid without a quorum");
                require(concluded[id] || revealed[id][who], "paid without a result");
            }
        }
        require(at == items.length, "items");
    }

    /// @dev Nobody does anything any more: whoever drives brings every job to its end, within the heights that its terms allow, and all that was bound is free.
    function driveHome() internal {
        for (uint256 i = 0; i < open.length; i++) {
            uint256 count = 0;
            while (ledger.job(open[i]).phase != 6) {
                require(++count < 64, "a job that does not end");
                go(ledger.job(open[i]).deadline + 1);
                ledger.drive(open[i]);
            }
        }
        note();
        for (uint256 i = 0; i < NODES; i++) require(ledger.node(nodeOf(i)).engaged == 0, "a bond that is not free");
    }
}
