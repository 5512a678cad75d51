// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISojournLedger} from "../src/ISojournLedger.sol";
import {Walk} from "./support/Walk.sol";
import {Post} from "./support/Post.sol";

/// @dev Each way through a job, and each refusal on it.
contract JobsTest is Walk {
    function setUp() public {
        setUpWalk();
    }

    function single(bytes32 id) private pure returns (bytes32[] memory l) {
        l = new bytes32[](1);
        l[0] = id;
    }

    function closedAs(bytes32 id, uint8 outcome) private view {
        ISojournLedger.JobView memory j = ledger.job(id);
        eq(j.phase, 6, "closed");
        eq(j.outcome, outcome, "outcome");
        for (uint256 i = 0; i < NODES; i++) eq(ledger.node(nodeOf(i)).engaged, 0, "engaged");
        conserved(single(id));
    }

    /// @dev The input is made first: making it asks the ledger for its domain.
    function refuse(uint8 reason, bytes memory input) private {
        (bool done, bytes memory why) = address(ledger).call(input);
        yes(!done && keccak256(why) == keccak256(abi.encodeWithSelector(ISojournLedger.Refused.selector, reason)), string.concat("not refused with ", vm.toString(reason)));
    }

    // ------------------------------------------------------------------------------------------------------------- posts

    function refusePost(Post.Terms memory t, uint8 reason) private {
        bytes memory body = Post.encode(t);
        (uint8 found,) = ledger.quote(body);
        eq(found, reason, "quote");
        vm.prank(REQUESTER);
        expectRefused(reason);
        ledger.post(body);
    }

    function test_posts_out_of_bounds_are_refused() public {
        for (uint256 i = 0; i < 22; i++) {
            Post.Terms memory t = Post.defaults();
            uint8 reason = 10;
            if (i == 0) t.executors = 0;
            if (i == 1) t.executors = 17;
            if (i == 2) t.agreeing = 0;
            if (i == 3) t.agreeing = 4;
            if (i == 4) t.agreeing = 1;
            if (i == 5) t.verifiers = 0;
            if (i == 6) t.verifiers = 64;
            if (i == 7) t.verifierNodesMin = 5;
            if (i == 8) t.redrawsMax = 9;
            if (i == 9) t.audit = 1_000_001;
            if (i == 10) t.fuelMax = (1 << 62) + 1;
            if (i == 11) t.localityMin = 17;
            if (i == 12) t.levelMin = 4;
            if (i == 13) t.custodyMin = 3;
            if (i == 14) t.balance = 2;
            if (i == 15) t.modes = 8;
            if (i == 16) t.bond = 499;
            if (i == 17) t.modes = 1;
            if (i == 18) t.checker = Post.cidOf("checker");
            if (i == 19) (t.verifiers, t.redrawsMax) = (63, 2); // more seats than a settlement can hold
            if (i == 20) (t.windows[0], reason) = (100, 59);
            if (i == 21) (t.windows[3], reason) = (0, 59);
            refusePost(t, reason);
        }
        Post.Terms memory t2 = Post.defaults();
        t2.windows[4] = 100_001;
        refusePost(t2, 59);
        t2.windows[4] = type(uint32).max;
        refusePost(t2, 59);
        t2 = Post.defaults();
        t2.windows[6] = 100_000;
        t2.windows[4] = 100_000;
        t2.windows[5] = 100_000;
        t2.windows[3] = 100_000;
        t2.windows[2] = 100_000;
        refusePost(t2, 59);
        t2 = Post.defaults();
        t2.executorPay = type(uint128).max;
        refusePost(t2, 11);
        t2 = Post.defaults();
        t2.executorPay = type(uint64).max;
        bytes memory body = Post.encode(t2);
        vm.prank(REQUESTER);
        expectRefused(21);
        ledger.post(body);
    }

    function test_malformed_posts_are_refused() public {
        bytes memory body = Post.encode(Post.defaults());
        // Every truncation, and every byte changed so that it is no longer the canonical encoding's shape.
        for (uint256 i = 0; i < body.length; i += 7) {
            bytes memory cut = new bytes(i);
            for (uint256 k = 0; k < i; k++) cut[k] = body[k];
            (uint8 reason,) = ledger.quote(cut);
            eq(reason, 1, "truncated");
        }
        (uint8 found,) = ledger.quote(bytes.concat(body, hex"00"));
        eq(found, 1, "longer");
        body[1] = 0x0a;
        (found,) = ledger.quote(body);
        eq(found, 1, "another kind");
        // 9 in two bytes is not the shortest form.
        (found,) = ledger.quote(bytes.concat(hex"821809", slice(Post.encode(Post.defaults()), 2)));
        eq(found, 1, "not shortest");
    }

    function slice(bytes memory b, uint256 from) private pure returns (bytes memory r) {
        r = new bytes(b.length - from);
        for (uint256 i = 0; i < r.length; i++) r[i] = b[from + i];
    }

    function testFuzz_no_garbage_is_a_post(bytes memory garbage) public view {
        (uint8 reason,) = ledger.quote(garbage);
        eq(reason, 1, "malformed");
    }

    function test_offers_are_checked_when_a_job_is_posted() public {
        Post.Terms memory t = Post.defaults();
        t.offers = new bytes32[](1);
        t.offers[0] = keccak256("none");
        refusePost(t, 40);
        ISojournLedger.OfferTerms memory o;
        o.content = Post.cidOf("elsewhere");
        t.offers[0] = ledger.offerPublish(o);
        refusePost(t, 44);
        o.content = Post.cidOf("code");
        o.levelMin = 2;
        t.offers[0] = ledger.offerPublish(o);
        refusePost(t, 43);
        o.levelMin = 0;
        o.usesMax = 1;
        o.expires = uint64(height + 5);
        t.offers[0] = ledger.offerPublish(o);
        post(t);
        refusePost(t, 42);
        go(height + 6);
        refusePost(t, 41);
        o.expires = 0;
        o.usesMax = 0;
        o.drawsMax = 1;
        t.offers[0] = ledger.offerPublish(o);
        bytes32 id = post(t);
        enterTickets(id, 0, 3, 3, 4);
        driveOver(id);
        refusePost(t, 42);
        t.offers = new bytes32[](2);
        (t.offers[0], t.offers[1]) = (bytes32(uint256(2)), bytes32(uint256(1)));
        refusePost(t, 58);
        ledger.offerWithdraw(lastOffer(o));
    }

    function lastOffer(ISojournLedger.OfferTerms memory o) private returns (bytes32) {
        return ledger.offerPublish(o);
    }

    function test_a_job_is_cancelled_before_its_beacon_only() public {
        bytes32 id = post(Post.defaults());
        refuse(20, abi.encodeCall(ISojournLedger.cancel, (id)));
        vm.prank(REQUESTER);
        ledger.cancel(id);
        closedAs(id, 10);
        eq(ledger.account(REQUESTER).free, 1_000_000, "all of it");
        vm.prank(REQUESTER);
        expectRefused(51);
        ledger.cancel(id);
        vm.prank(REQUESTER);
        expectRefused(50);
        ledger.cancel(0);
        id = post(Post.defaults());
        go(height + 2);
        vm.prank(REQUESTER);
        expectRefused(56);
        ledger.cancel(id);
    }

    // ------------------------------------------------------------------------------------------------------------- tickets

    function refuseTicket(bytes32 id, ISojournLedger.Ticket memory t, uint256 key, uint8 reason) private {
        (t.r, t.vs) = sign(key, ticketHash(id, 0, t));
        ISojournLedger.Ticket[] memory items = new ISojournLedger.Ticket[](1);
        items[0] = t;
        expectRefused(reason);
        ledger.tickets(id, 0, items);
    }

    function test_tickets_are_checked() public {
        bytes32 id = post(Post.defaults());
        ISojournLedger.Ticket memory t = ticketOf(id, 0, 0, 0, 0);
        refuseTicket(id, t, keyOf(0), 57);
        go(height + 2);
        refuseTicket(id, t, keyOf(1), 6);
        t.role = 2;
        refuseTicket(id, t, keyOf(0), 10);
        t.role = 0;
        t.node = vm.addr(999);
        refuseTicket(id, t, 999, 30);
        t.node = nodeOf(0);
        t.units[0] = 20;
        refuseTicket(id, t, keyOf(0), 63);
        t.units = new uint32[](2);
        refuseTicket(id, t, keyOf(0), 58);
        t.role = 1;
        refuseTicket(id, t, keyOf(0), 58);
        t.units = new uint32[](0);
        refuseTicket(id, t, keyOf(0), 58);
        t.units = new uint32[](1);
        t.possession = bytes32(uint256(1));
        refuseTicket(id, t, keyOf(0), 66);
        refuse(58, abi.encodeCall(ISojournLedger.tickets, (id, 0, new ISojournLedger.Ticket[](0))));
        ISojournLedger.Ticket[] memory items = new ISojournLedger.Ticket[](1);
        items[0] = ticketOf(id, 0, 0, 0, 0);
        refuse(6, abi.encodeCall(ISojournLedger.tickets, (id, 1, items)));
        items[0] = ticketOf(id, 1, 0, 0, 0);
        refuse(52, abi.encodeCall(ISojournLedger.tickets, (id, 1, items)));
        items[0] = ticketOf(id, 0, 0, 0, 0);
        ledger.tickets(id, 0, items);
        refuseTicket(id, items[0], keyOf(0), 64);
        (uint8 reason, uint32 units) = ledger.eligibility(id, 0, nodeOf(1));
        yes(reason == 0 && units == 20, "eligible");
        (reason,) = ledger.eligibility(0, 0, nodeOf(1));
        eq(reason, 50, "no job");
        go(ledger.job(id).deadline + 1);
        refuse(54, abi.encodeCall(ISojournLedger.tickets, (id, 0, items)));
    }

    function test_who_may_enter() public {
        for (uint256 i = 0; i < 9; i++) {
            Post.Terms memory t = Post.defaults();
            if (i == 0) t.levelMin = 3;
            if (i == 1) t.custodyMin = 2;
            if (i == 2) t.regions = 2;
            if (i == 3) t.memoryMebibytes = 2048;
            if (i == 4) t.executorPay = 4;
            if (i == 5) t.bond = 20_001;
            bytes32 id = post(t);
            (uint8 reason,) = ledger.eligibility(id, 0, nodeOf(0));
            eq(reason, i < 5 ? 60 : i == 5 ? 22 : 0, "executor");
            (reason,) = ledger.eligibility(id, 1, nodeOf(0));
            eq(reason, 0, "verifier");
        }
        // One that neither executes nor verifies, asks much for fuel, and came after the post.
        bytes32 before = post(Post.defaults());
        go(height + 1);
        address who = address(0x9999);
        fund(who, 5000);
        ISojournLedger.Profile memory p = profileOf(3);
        p.executes = false;
        p.verifies = false;
        vm.prank(who);
        ledger.register(p, 1000);
        (uint8 found,) = ledger.eligibility(before, 0, who);
        eq(found, 60, "after the post");
        bytes32 later = post(Post.defaults());
        (found,) = ledger.eligibility(later, 0, who);
        eq(found, 60, "does not execute");
        (found,) = ledger.eligibility(later, 1, who);
        eq(found, 60, "does not verify");
        p.executes = true;
        p.pricePerJob = 0;
        p.pricePerGigafuel = 101;
        go(height + 1);
        vm.prank(who);
        ledger.register(p, 0);
        (found,) = ledger.eligibility(later, 1, who);
        eq(found, 60, "the earlier profile counts");
        later = post(Post.defaults());
        (found,) = ledger.eligibility(later, 0, who);
        eq(found, 60, "fuel too dear");
        vm.prank(who);
        ledger.stakeUnbond(1000);
        p.pricePerGigafuel = 100;
        vm.prank(who);
        expectRefused(31);
        ledger.register(p, 0);
    }

    function test_one_chip_serves_one_executor_and_the_best_ticket_wins() public {
        // Nodes 0 and 1 share a chip.
        ISojournLedger.Profile memory p = profileOf(0);
        p.pins = new bytes32[](0);
        vm.prank(nodeOf(1));
        ledger.register(p, 0);
        go(height + 1);
        bytes32 id = post(Post.defaults());
        go(height + 2);
        ISojournLedger.Ticket[] memory items = new ISojournLedger.Ticket[](2);
        items[0] = ticketOf(id, 0, 0, 0, 0);
        items[1] = ticketOf(id, 0, 1, 0, 0);
        ledger.tickets(id, 0, items);
        ISojournLedger.TicketView[] memory l = ledger.round(id, 0).executorTickets;
        eq(l.length, 1, "one of them");
        (items[0], items[1]) = (items[1], items[0]);
        uint64 value = l[0].value;
        bytes32 other = post(Post.defaults());
        go(height + 2);
        items[0] = ticketOf(other, 0, 1, 0, 0);
        items[1] = ticketOf(other, 0, 0, 0, 0);
        ledger.tickets(other, 0, items);
        eq(ledger.round(other, 0).executorTickets.length, 1, "one of them");
        value;
    }

    function test_a_full_list_takes_better_tickets_only() public {
        Post.Terms memory t = Post.defaults();
        t.verifiers = 1;
        bytes32 id = post(t);
        go(height + 2);
        // 2 + 16 places for verifiers.
        for (uint256 i = 0; i < NODES; i++) {
            ISojournLedger.Ticket[] memory items = new ISojournLedger.Ticket[](1);
            items[0] = ticketOf(id, 0, i, 1, 0);
            ledger.tickets(id, 0, items);
        }
        uint256 entered = NODES;
        for (uint256 i = 20; i < 40; i++) {
            fund(nodeOf(i), 1000);
        }
        eq(ledger.round(id, 0).verifierTickets.length, entered, "entered");
    }

    function test_holders_come_first_where_there_are_enough() public {
        Post.Terms memory t = Post.defaults();
        t.localityMin = 2;
        t.executors = 1;
        t.agreeing = 1;
        t.storagePay = 30;
        bytes32 id = post(t);
        go(height + 2);
        ISojournLedger.Ticket[] memory items = new ISojournLedger.Ticket[](9);
        for (uint256 i = 0; i < 9; i++) {
            items[i] = ticketOf(id, 0, i, i < 5 ? 0 : 1, 0);
            if (i < 2) {
                items[i].possession = sha256(abi.encode(bytes32("sojourn/possession/1"), items[i].node, bytes32(uint256(77))));
                (items[i].r, items[i].vs) = sign(keyOf(i), ticketHash(id, 0, items[i]));
            }
        }
        ledger.tickets(id, 0, items);
        driveOver(id);
        ISojournLedger.ExecutorView[] memory seats = ledger.round(id, 0).executors;
        eq(seats.length, 1, "one");
        yes(seats[0].local && indexOf(seats[0].node) < 2, "a holder");
        uint256 e = indexOf(seats[0].node);
        ISojournLedger.Evidence[] memory ev = new ISojournLedger.Evidence[](1);
        ev[0] = evidenceWith(id, 0, e, evidenceDigest(id, 0, e), 0);
        refuse(73, abi.encodeCall(ISojournLedger.evidence, (id, 0, ev)));
        ev[0] = evidenceWith(id, 0, e, evidenceDigest(id, 0, e), bytes32(uint256(77)));
        ledger.evidence(id, 0, ev);
        voteAll(id, 1);
        openAll(id, 0);
        refuse(86, abi.encodeCall(ISojournLedger.commits, (id, 0, oneCommit(id, e))));
        revealAll(id, list(1));
        drawAudit(id, false);
        closedAs(id, 1);
        eq(ledger.account(seats[0].node).creditNew, 99 + 30, "pay and storage");
    }

    function oneCommit(bytes32 id, uint256 i) private view returns (ISojournLedger.Commit[] memory c) {
        c = new ISojournLedger.Commit[](1);
        c[0] = commitOf(id, 0, i, 1);
    }

    // ------------------------------------------------------------------------------------------------------------- evidence and votes

    function test_evidence_is_checked() public {
        bytes32 id = post(Post.defaults());
        enterTickets(id, 0, 3, 3, 4);
        ISojournLedger.Evidence[] memory items = new ISojournLedger.Evidence[](1);
        items[0] = evidenceOf(id, 0, 0);
        refuse(53, abi.encodeCall(ISojournLedger.evidence, (id, 0, items)));
        driveOver(id);
        refuse(58, abi.encodeCall(ISojournLedger.evidence, (id, 0, new ISojournLedger.Evidence[](0))));
        items[0] = evidenceOf(id, 0, 9);
        refuse(70, abi.encodeCall(ISojournLedger.evidence, (id, 0, items)));
        items[0] = evidenceOf(id, 0, 0);
        items[0].hpkeKey = new bytes(134);
        signEvidence(id, 0, 0, items[0]);
        refuse(74, abi.encodeCall(ISojournLedger.evidence, (id, 0, items)));
        items[0] = evidenceOf(id, 0, 0);
        items[0].digest = 0;
        refuse(6, abi.encodeCall(ISojournLedger.evidence, (id, 0, items)));
        items[0] = evidenceWith(id, 0, 0, evidenceDigest(id, 0, 0), bytes32(uint256(1)));
        refuse(73, abi.encodeCall(ISojournLedger.evidence, (id, 0, items)));
        items[0] = evidenceOf(id, 0, 0);
        ledger.evidence(id, 0, items);
        refuse(71, abi.encodeCall(ISojournLedger.evidence, (id, 0, items)));
        refuse(55, abi.encodeCall(ISojournLedger.drive, (id)));
        driveOver(id);
        items[0] = evidenceOf(id, 0, 1);
        refuse(53, abi.encodeCall(ISojournLedger.evidence, (id, 0, items)));
    }

    function refuseVotes(bytes32 id, ISojournLedger.VoteCast memory b, uint256 voter, uint8 reason) private {
        signBallot(id, 0, voter, b);
        ISojournLedger.VoteCast[] memory items = new ISojournLedger.VoteCast[](1);
        items[0] = b;
        expectRefused(reason);
        ledger.votes(id, 0, items);
    }

    function test_votes_and_openings_are_checked() public {
        bytes32 id = post(Post.defaults());
        enterTickets(id, 0, 3, 3, 4);
        driveOver(id);
        address[] memory all = new address[](1);
        all[0] = nodeOf(0);
        uint256 v = indexOf(ledger.round(id, 0).verifiers[0].node);
        refuseVotes(id, ballotOf(id, 0, v, all, 1), v, 72);
        publishAll(id);
        all = sortedExecutors(id, 0);
        refuseVotes(id, ballotOf(id, 0, 12, all, 1), 12, 70);
        refuseVotes(id, ballotOf(id, 0, v, all, 7), v, 10);
        refuseVotes(id, ballotOf(id, 0, v, all, 0), v, 10);
        refuseVotes(id, ballotOf(id, 0, v, new address[](0), 1), v, 58);
        refuseVotes(id, ballotOf(id, 0, v, new address[](4), 1), v, 58);
        address[] memory two = new address[](2);
        (two[0], two[1]) = (all[1], all[0]);
        refuseVotes(id, ballotOf(id, 0, v, two, 1), v, 58);
        two[0] = address(1);
        refuseVotes(id, ballotOf(id, 0, v, two, 1), v, 70);
        ISojournLedger.AppraisalOpen[] memory o = new ISojournLedger.AppraisalOpen[](1);
        o[0] = openingOf(id, 0, v, all);
        refuse(78, abi.encodeCall(ISojournLedger.openings, (id, 0, o)));
        // In two messages, opened one by one with the whole ballot repeated.
        address[] memory one = new address[](1);
        one[0] = all[2];
        castOne(id, ballotOf(id, 0, v, one, 1));
        refuseVotes(id, ballotOf(id, 0, v, all, 1), v, 75);
        two[0] = all[0];
        two[1] = all[1];
        castOne(id, ballotOf(id, 0, v, two, 1));
        o[0] = openingOf(id, 0, v, all);
        refuse(77, abi.encodeCall(ISojournLedger.openings, (id, 0, o)));
        for (uint256 i = 1; i < 4; i++) castOne(id, ballotOf(id, 0, indexOf(ledger.round(id, 0).verifiers[i].node), all, 1));
        eq(ledger.job(id).phase, 2, "running");
        refuse(79, abi.encodeCall(ISojournLedger.openings, (id, 0, o)));
        ISojournLedger.Vote[] memory cast = new ISojournLedger.Vote[](3);
        cast[0] = ISojournLedger.Vote(all[2], 1, salted(id, 0, all[2], v, appraisalOf(all[2])));
        cast[1] = ISojournLedger.Vote(all[0], 1, salted(id, 0, all[0], v, appraisalOf(all[0])));
        cast[2] = ISojournLedger.Vote(all[1], 1, salted(id, 0, all[1], v, appraisalOf(all[1])));
        o[0] = openingOf(id, 0, v, one);
        o[0].openings[0].salt = 0;
        signOpening(id, 0, v, o[0]);
        o[0].cast = cast;
        refuse(79, abi.encodeCall(ISojournLedger.openings, (id, 0, o)));
        o[0] = openingOf(id, 0, v, one);
        o[0].cast = new ISojournLedger.Vote[](1);
        refuse(79, abi.encodeCall(ISojournLedger.openings, (id, 0, o)));
        o[0].cast = cast;
        ledger.openings(id, 0, o);
        refuse(78, abi.encodeCall(ISojournLedger.openings, (id, 0, o)));
        o[0] = openingOf(id, 0, v, two);
        o[0].cast = cast;
        ledger.openings(id, 0, o);
        o[0] = openingOf(id, 0, 12, all);
        refuse(70, abi.encodeCall(ISojournLedger.openings, (id, 0, o)));
        o[0] = openingOf(id, 0, v, new address[](0));
        refuse(58, abi.encodeCall(ISojournLedger.openings, (id, 0, o)));
        o[0] = openingOf(id, 0, v, two);
        (o[0].openings[0], o[0].openings[1]) = (o[0].openings[1], o[0].openings[0]);
        signOpening(id, 0, v, o[0]);
        refuse(78, abi.encodeCall(ISojournLedger.openings, (id, 0, o)));
        for (uint256 i = 1; i < 4; i++) {
            o[0] = openingOf(id, 0, indexOf(ledger.round(id, 0).verifiers[i].node), all);
            ledger.openings(id, 0, o);
        }
        commitAll(id, list(1));
        revealAll(id, list(1));
        drawAudit(id, false);
        closedAs(id, 1);
        eq(ledger.account(nodeOf(v)).creditNew, 10, "paid though opened in parts");
    }

    function castOne(bytes32 id, ISojournLedger.VoteCast memory b) private {
        ISojournLedger.VoteCast[] memory items = new ISojournLedger.VoteCast[](1);
        items[0] = b;
        ledger.votes(id, 0, items);
    }

    function test_a_refused_message_does_not_stop_the_others() public {
        bytes32 id = post(Post.defaults());
        enterTickets(id, 0, 3, 3, 4);
        driveOver(id);
        ISojournLedger.Evidence[] memory items = new ISojournLedger.Evidence[](3);
        items[0] = evidenceOf(id, 0, 0);
        items[1] = evidenceOf(id, 0, 9);
        items[2] = evidenceOf(id, 0, 1);
        ledger.evidence(id, 0, items);
        eq(sortedExecutors(id, 0).length, 2, "two of three");
    }

    function test_without_a_quorum_nobody_runs_or_is_paid() public {
        Post.Terms memory t = Post.defaults();
        t.redrawsMax = 0;
        bytes32 id = post(t);
        enterTickets(id, 0, 3, 3, 4);
        driveOver(id);
        publishAll(id);
        voteAll(id, 3);
        eq(ledger.job(id).phase, 5, "judging");
        refuse(53, abi.encodeCall(ISojournLedger.commits, (id, 0, oneCommit(id, 0))));
        refuse(53, abi.encodeCall(ISojournLedger.fails, (id, 0, oneFail(id, 0, 1))));
        openAll(id, 0);
        closedAs(id, 4);
        eq(ledger.account(nodeOf(0)).creditNew, 0, "executor");
        eq(ledger.account(nodeOf(3)).creditNew, 10, "verifier");
    }

    function oneFail(bytes32 id, uint256 i, uint8 reason) private view returns (ISojournLedger.Fail[] memory f) {
        f = new ISojournLedger.Fail[](1);
        f[0] = failOf(id, 0, i, reason);
    }

    // ------------------------------------------------------------------------------------------------------------- time-outs

    function test_silence_is_driven_over_and_costs() public {
        Post.Terms memory t = Post.defaults();
        t.redrawsMax = 0;
        bytes32 id = post(t);
        enterTickets(id, 0, 3, 3, 4);
        driveOver(id);
        driveOver(id); // evidence
        eq(ledger.job(id).outcome, 4, "nobody admitted");
        closedAs(id, 4);
        eq(ledger.node(nodeOf(0)).stake, 20_000 - 25, "silent executor");
        id = post(t);
        enterTickets(id, 0, 3, 3, 4);
        driveOver(id);
        publishAll(id);
        driveOver(id); // evidence
        driveOver(id); // votes
        driveOver(id); // judging
        closedAs(id, 4);
        eq(ledger.node(nodeOf(3)).stake, 20_000 - 5, "silent verifier");
        id = post(t);
        admitAll(id, 3, 4);
        driveOver(id); // results
        openAll(id, 0);
        closedAs(id, 5);
        id = post(t);
        admitAll(id, 3, 4);
        openAll(id, 0);
        commitAll(id, list(1));
        uint64 before = ledger.node(nodeOf(0)).stake;
        driveOver(id); // reveals
        closedAs(id, 5);
        eq(before - ledger.node(nodeOf(0)).stake, 500, "the whole bond of one that withholds its result");
        id = post(t);
        driveOver(id);
        closedAs(id, 3);
    }

    function test_redraws_leave_out_who_was_there_and_are_bounded() public {
        Post.Terms memory t = Post.defaults();
        t.redrawsMax = 1;
        bytes32 id = post(t);
        enterTickets(id, 0, 3, 3, 4);
        driveOver(id);
        publishAll(id);
        uint256 silent = indexOf(ledger.round(id, 0).verifiers[0].node);
        for (uint256 i = 1; i < 4; i++) castOne(id, ballotOf(id, 0, indexOf(ledger.round(id, 0).verifiers[i].node), sortedExecutors(id, 0), 1));
        driveOver(id); // no results
        eq(ledger.job(id).round, 1, "second round");
        (uint8 reason,) = ledger.eligibility(id, 0, nodeOf(0));
        eq(reason, 61, "executed");
        (reason,) = ledger.eligibility(id, 1, nodeOf(silent));
        eq(reason, 61, "kept silent");
        (reason,) = ledger.eligibility(id, 1, ledger.round(id, 0).verifiers[1].node);
        eq(reason, 0, "voted");
        (reason,) = ledger.eligibility(id, 0, ledger.round(id, 0).verifiers[1].node);
        eq(reason, 61, "verified");
        refuse(52, abi.encodeCall(ISojournLedger.evidence, (id, 0, oneEvidence(id, 0))));
        driveOver(id);
        driveOver(id);
        closedAs(id, 5);
    }

    function oneEvidence(bytes32 id, uint256 i) private view returns (ISojournLedger.Evidence[] memory items) {
        items = new ISojournLedger.Evidence[](1);
        items[0] = evidenceOf(id, 0, i);
    }

    // ------------------------------------------------------------------------------------------------------------- results

    function test_results_are_checked() public {
        bytes32 id = post(Post.defaults());
        admitAll(id, 3, 4);
        refuse(70, abi.encodeCall(ISojournLedger.commits, (id, 0, oneCommit(id, 9))));
        ISojournLedger.Commit[] memory zero = oneCommit(id, 0);
        zero[0].commitment = 0;
        (zero[0].r, zero[0].vs) = sign(keyOf(0), keccak256(abi.encode(keccak256("Commit(bytes32 job,uint8 round,bytes32 commitment)"), id, uint8(0), bytes32(0))));
        refuse(10, abi.encodeCall(ISojournLedger.commits, (id, 0, zero)));
        ISojournLedger.Reveal[] memory m = new ISojournLedger.Reveal[](1);
        m[0] = revealOf(id, 0, 0, 1);
        refuse(53, abi.encodeCall(ISojournLedger.reveals, (id, 0, m)));
        ledger.commits(id, 0, oneCommit(id, 0));
        refuse(85, abi.encodeCall(ISojournLedger.commits, (id, 0, oneCommit(id, 0))));
        refuse(10, abi.encodeCall(ISojournLedger.fails, (id, 0, oneFail(id, 1, 9))));
        refuse(70, abi.encodeCall(ISojournLedger.fails, (id, 0, oneFail(id, 9, 1))));
        refuse(53, abi.encodeCall(ISojournLedger.fails, (id, 0, oneFail(id, 0, 1))));
        ledger.fails(id, 0, oneFail(id, 2, 1));
        refuse(80, abi.encodeCall(ISojournLedger.commits, (id, 0, oneCommit(id, 2))));
        ledger.commits(id, 0, oneCommit(id, 1));
        eq(ledger.job(id).phase, 3, "revealing");
        m[0] = revealOf(id, 0, 9, 1);
        refuse(70, abi.encodeCall(ISojournLedger.reveals, (id, 0, m)));
        m[0] = revealOf(id, 0, 2, 1);
        refuse(87, abi.encodeCall(ISojournLedger.reveals, (id, 0, m)));
        m[0] = revealOf(id, 0, 0, 2);
        refuse(88, abi.encodeCall(ISojournLedger.reveals, (id, 0, m)));
        m[0] = revealOf(id, 0, 0, 1);
        m[0].enclaveSignature = new bytes(64);
        signReveal(id, 0, 0, m[0]);
        refuse(89, abi.encodeCall(ISojournLedger.reveals, (id, 0, m)));
        m[0] = revealOf(id, 0, 0, 1);
        m[0].keyY = bytes32(uint256(m[0].keyY) ^ 1);
        refuse(89, abi.encodeCall(ISojournLedger.reveals, (id, 0, m)));
        m[0] = revealOf(id, 0, 0, 1);
        (m[0].receiptKey, m[0].keyY) = receiptPoint(1);
        refuse(88, abi.encodeCall(ISojournLedger.reveals, (id, 0, m)));
        m[0] = revealOf(id, 0, 0, 1);
        ledger.reveals(id, 0, m);
        refuse(90, abi.encodeCall(ISojournLedger.reveals, (id, 0, m)));
        m[0] = revealOf(id, 0, 1, 1);
        ledger.reveals(id, 0, m);
        openAll(id, 0);
        drawAudit(id, false);
        closedAs(id, 1);
    }

    function test_enough_signed_failures_end_a_job() public {
        bytes32 id = post(Post.defaults());
        enterTickets(id, 0, 3, 3, 4);
        driveOver(id);
        for (uint256 i = 0; i < 3; i++) ledger.fails(id, 0, oneFail(id, i, 4));
        closedAs(id, 2);
        eq(ledger.account(nodeOf(0)).creditNew, 25, "a quarter");
        eq(ledger.node(nodeOf(0)).failed, 1, "record");
    }

    function oneExecutor(uint8 modes) private returns (bytes32 id) {
        Post.Terms memory t = Post.defaults();
        (t.executors, t.agreeing, t.modes) = (1, 1, modes);
        if (modes & 1 != 0) t.checker = Post.cidOf("checker");
        t.answer = sha256(abi.encode(bytes32("sojourn/answer/1"), statementOf(1).output, bytes32(uint256(5))));
        id = post(t);
        enterTickets(id, 0, 1, 1, 4);
        driveOver(id);
        publishAll(id);
        voteAll(id, 1);
        openAll(id, 0);
    }

    function test_a_single_executor_reveals_at_once() public {
        bytes32 id = oneExecutor(0);
        ISojournLedger.Reveal[] memory m = new ISojournLedger.Reveal[](1);
        m[0] = revealOf(id, 0, 0, 1);
        m[0].hpke = 0;
        refuse(88, abi.encodeCall(ISojournLedger.reveals, (id, 0, m)));
        revealAll(id, list(1));
        drawAudit(id, true);
        eq(ledger.job(id).phase, 0, "audited");
        eq(ledger.round(id, 1).kind, 3, "audit");
        // Nobody comes to repeat it: it stands.
        driveOver(id);
        closedAs(id, 1);
    }

    function test_an_audit_confirms() public {
        bytes32 id = oneExecutor(0);
        revealAll(id, list(1));
        drawAudit(id, true);
        repeatBy(id, 6, 1, 7, 4, 1);
        closedAs(id, 1);
        eq(ledger.node(nodeOf(0)).auditsPassed, 1, "record");
        eq(ledger.account(nodeOf(6)).creditNew, 99, "the auditor");
    }

    function repeatBy(bytes32 id, uint256 from, uint256 executors, uint256 verifier, uint256 verifiers, uint256 variant_) private {
        uint8 round = ledger.job(id).round;
        enterTickets(id, from, executors, verifier, verifiers);
        driveOver(id);
        publishAll(id);
        voteAll(id, 1);
        openAll(id, round);
        if (ledger.round(id, round).wanted > 1) commitAll(id, list(variant_));
        revealAll(id, list(variant_));
    }

    function test_an_audit_that_differs_becomes_a_dispute_and_the_wrong_one_pays() public {
        bytes32 id = oneExecutor(0);
        revealAll(id, list(2));
        drawAudit(id, true);
        repeatBy(id, 6, 1, 7, 4, 1);
        eq(ledger.round(id, 2).kind, 2, "dispute");
        repeatBy(id, 11, 3, 1, 4, 1);
        closedAs(id, 1);
        ISojournLedger.NodeView memory n = ledger.node(nodeOf(0));
        eq(n.wrong, 1, "record");
        eq(n.stake, 19_500, "bond");
        eq(ledger.account(REQUESTER).creditNew, 100 * 3 + 10 * 4, "made good");
    }

    function test_an_audit_beacon_cannot_be_let_pass() public {
        bytes32 id = oneExecutor(0);
        revealAll(id, list(1));
        uint256 at = ledger.job(id).deadline + 1;
        go(at + 1);
        vm.setBlockhash(at, keccak256("known"));
        refuse(57, abi.encodeCall(ISojournLedger.drive, (id)));
        go(at + 300);
        ledger.drive(id);
        eq(ledger.job(id).phase, 4, "a later one decides");
        yes(ledger.job(id).deadline >= at + 300, "later");
        go(ledger.job(id).deadline + 1);
        for (uint256 i = 0;; i++) {
            bytes32 b = keccak256(abi.encode("audit", i));
            if ((uint256(sha256(abi.encode(bytes32("sojourn/audit/1"), b, id))) >> 192) % 1_000_000 > 200_000) {
                vm.prevrandao(b);
                break;
            }
        }
        ledger.captureBeacon(id, "");
        go(height + 4);
        ledger.drive(id);
        closedAs(id, 1);
    }

    function test_contradicting_results_are_decided_by_a_larger_committee() public {
        bytes32 id = post(Post.defaults());
        admitAll(id, 3, 4);
        openAll(id, 0);
        uint256[] memory v = new uint256[](3);
        (v[0], v[1], v[2]) = (1, 1, 2);
        commitAll(id, v);
        revealAll(id, v);
        eq(ledger.round(id, 1).kind, 2, "dispute");
        eq(ledger.round(id, 1).wanted, 7, "larger");
        repeatBy(id, 7, 7, 3, 4, 1);
        closedAs(id, 1);
        eq(ledger.node(nodeOf(indexOfWrong(id))).wrong, 1, "record");
        eq(ledger.account(nodeOf(7)).creditNew, 99, "committee");
    }

    function indexOfWrong(bytes32) private view returns (uint256) {
        for (uint256 i = 0; i < 3; i++) if (ledger.node(nodeOf(i)).wrong > 0) return i;
        revert("nobody");
    }

    function test_a_dispute_without_a_committee_slashes_nobody() public {
        Post.Terms memory t = Post.defaults();
        t.redrawsMax = 1;
        bytes32 id = post(t);
        admitAll(id, 3, 4);
        openAll(id, 0);
        uint256[] memory v = new uint256[](3);
        (v[0], v[1], v[2]) = (1, 1, 2);
        commitAll(id, v);
        revealAll(id, v);
        driveOver(id);
        eq(ledger.round(id, 2).kind, 2, "again");
        driveOver(id);
        closedAs(id, 1);
        for (uint256 i = 0; i < 3; i++) eq(ledger.node(nodeOf(i)).stake, 20_000, "nothing is proved");
    }

    function test_a_committee_that_does_not_agree_ends_it() public {
        bytes32 id = post(Post.defaults());
        admitAll(id, 3, 4);
        openAll(id, 0);
        commitAll(id, list(1, 2));
        revealAll(id, list(1, 2));
        uint8 round = ledger.job(id).round;
        enterTickets(id, 7, 5, 3, 4);
        driveOver(id);
        publishAll(id);
        voteAll(id, 1);
        openAll(id, round);
        commitAll(id, list(1, 2));
        revealAll(id, list(1, 2));
        closedAs(id, 7);
        eq(ledger.account(nodeOf(7)).creditNew, 25, "for the work");
    }

    // ------------------------------------------------------------------------------------------------------------- keys

    function sealedJob() private returns (bytes32 id, bytes32 offer) {
        Post.Terms memory t = Post.defaults();
        t.offers = new bytes32[](1);
        offer = offers[1];
        t.offers[0] = offer;
        id = post(t);
        admitAll(id, 3, 4);
    }

    function test_keys_are_released_to_admitted_enclaves_only() public {
        (bytes32 id, bytes32 offer) = sealedJob();
        refuse(84, abi.encodeCall(ISojournLedger.commits, (id, 0, oneCommit(id, 0))));
        refuse(83, abi.encodeCall(ISojournLedger.releases, (id, 0, releaseOf(id, 0, 0, offers[2]))));
        refuse(70, abi.encodeCall(ISojournLedger.releases, (id, 0, releaseOf(id, 0, 9, offer))));
        ISojournLedger.Release[] memory wrong = releaseOf(id, 0, 0, offer);
        wrong[0].keys = 0;
        refuse(81, abi.encodeCall(ISojournLedger.releases, (id, 0, wrong)));
        for (uint256 i = 0; i < 3; i++) ledger.releases(id, 0, releaseOf(id, 0, i, offer));
        refuse(82, abi.encodeCall(ISojournLedger.releases, (id, 0, releaseOf(id, 0, 0, offer))));
        eq(ledger.offer(offer).uses, 1, "one use");
        openAll(id, 0);
        commitAll(id, list(1));
        refuse(80, abi.encodeCall(ISojournLedger.releases, (id, 0, releaseOf(id, 0, 0, offer))));
        revealAll(id, list(1));
        drawAudit(id, false);
        closedAs(id, 1);
        eq(ledger.account(GUARDIAN).creditNew, 7, "the owner");
    }

    function test_denials_end_a_job_without_blame() public {
        (bytes32 id, bytes32 offer) = sealedJob();
        ISojournLedger.Deny[] memory d = denyOf(id, 0, nodeOf(0), offer);
        d[0].node = nodeOf(1);
        refuse(6, abi.encodeCall(ISojournLedger.denials, (id, 0, d)));
        for (uint256 round = 0; round < 3; round++) {
            if (round > 0) {
                // Others come, and are denied too.
                enterTickets(id, round * 3 + 4, 3, round == 1 ? 3 : 13, 3);
                driveOver(id);
                if (ledger.job(id).phase == 6) break;
                if (ledger.job(id).phase == 0) continue;
                publishAll(id);
                voteAll(id, 1);
            }
            ISojournLedger.ExecutorView[] memory seats = ledger.round(id, uint8(round)).executors;
            for (uint256 i = 0; i < seats.length; i++) {
                if (seats[i].status == 2) ledger.denials(id, uint8(round), denyOf(id, uint8(round), seats[i].node, offer));
            }
        }
        while (ledger.job(id).phase != 6) driveOver(id);
        closedAs(id, 6);
        eq(ledger.node(nodeOf(0)).stake, 20_000, "no blame");
    }

    // ------------------------------------------------------------------------------------------------------------- judging

    function test_a_checker_judges() public {
        for (uint256 accepts = 0; accepts < 2; accepts++) {
            bytes32 id = oneExecutor(1);
            revealAll(id, list(1));
            refuse(53, abi.encodeCall(ISojournLedger.judgements, (id, 0, judgementOf(id, 0, 1, true))));
            drawAudit(id, false);
            eq(ledger.job(id).phase, 5, "judging");
            refuse(70, abi.encodeCall(ISojournLedger.judgements, (id, 0, judgementOf(id, 0, 12, true))));
            for (uint256 i = 1; i < 5; i++) {
                eq(ledger.job(id).phase, 5, "who is slower than a quorum is not silent");
                ledger.judgements(id, 0, judgementOf(id, 0, i, accepts == 1));
            }
            closedAs(id, accepts == 1 ? 1 : 8);
        }
        bytes32 other = oneExecutor(0);
        refuse(91, abi.encodeCall(ISojournLedger.judgements, (other, 0, judgementOf(other, 0, 1, true))));
        refuse(50, abi.encodeCall(ISojournLedger.judgements, (0, 0, judgementOf(0, 0, 1, true))));
    }

    function test_judging_twice_is_refused_and_its_end_is_driven() public {
        bytes32 id = oneExecutor(1);
        revealAll(id, list(1));
        drawAudit(id, false);
        ledger.judgements(id, 0, judgementOf(id, 0, 1, true));
        refuse(75, abi.encodeCall(ISojournLedger.judgements, (id, 0, judgementOf(id, 0, 1, true))));
        driveOver(id);
        eq(ledger.round(id, 1).kind + ledger.round(id, 1).wanted, 1, "a committee alone");
        redrawsCommittee(id);
        eq(ledger.job(id).phase, 5, "judging");
        refuse(52, abi.encodeCall(ISojournLedger.judgements, (id, 0, judgementOf(id, 0, 2, true))));
        for (uint256 i = 6; i < 9; i++) ledger.judgements(id, 1, judgementOf(id, 1, i, i < 9));
        ledger.judgements(id, 1, judgementOf(id, 1, 9, false));
        closedAs(id, 1);
        eq(ledger.account(nodeOf(1)).creditNew, 10, "judged as the last committee did");
        eq(ledger.account(nodeOf(2)).creditNew, 0, "kept silent");
        eq(ledger.node(nodeOf(2)).votesMissed, 1, "kept silent");
        eq(ledger.account(nodeOf(9)).creditNew, 0, "outvoted");
        eq(ledger.account(nodeOf(6)).creditNew, 10, "judged");
    }

    function redrawsCommittee(bytes32 id) private {
        go(ledger.round(id, 1).beaconHeight);
        ISojournLedger.Ticket[] memory items = new ISojournLedger.Ticket[](1);
        items[0] = ticketOf(id, 1, 5, 0, 0);
        refuse(60, abi.encodeCall(ISojournLedger.tickets, (id, 1, items)));
        items[0] = ticketOf(id, 1, 2, 1, 0);
        refuse(61, abi.encodeCall(ISojournLedger.tickets, (id, 1, items)));
        enterTickets(id, 0, 0, 6, 4);
        driveOver(id);
    }

    function test_silent_committees_reject_nothing() public {
        bytes32 id = oneExecutor(1);
        revealAll(id, list(1));
        drawAudit(id, false);
        while (ledger.job(id).phase != 6) driveOver(id);
        closedAs(id, 11);
        eq(ledger.account(nodeOf(0)).creditNew, 25, "a part, for the work");
    }

    function test_a_review_counts() public {
        for (uint256 accepts = 0; accepts < 2; accepts++) {
            bytes32 id = oneExecutor(2);
            refuse(53, abi.encodeCall(ISojournLedger.review, (id, reviewOf(id, true))));
            revealAll(id, list(1));
            drawAudit(id, false);
            ISojournLedger.Review memory m = reviewOf(id, true);
            m.node = nodeOf(1);
            refuse(6, abi.encodeCall(ISojournLedger.review, (id, m)));
            (m.r, m.vs) = sign(keyOf(1), keccak256(abi.encode(keccak256("Review(bytes32 job,bool accept)"), id, true)));
            refuse(20, abi.encodeCall(ISojournLedger.review, (id, m)));
            ledger.review(id, reviewOf(id, accepts == 1));
            closedAs(id, accepts == 1 ? 1 : 9);
            refuse(51, abi.encodeCall(ISojournLedger.review, (id, reviewOf(id, true))));
        }
        ISojournLedger.AccountView memory a = ledger.account(nodeOf(0));
        eq(uint256(a.creditNew) + a.creditWithheld + a.creditMature, 99 + 50, "rejecting is never free");
        bytes32 other = oneExecutor(0);
        refuse(91, abi.encodeCall(ISojournLedger.review, (other, reviewOf(other, true))));
        go(ledger.job(other).deadline + 1);
        refuse(54, abi.encodeCall(ISojournLedger.review, (other, reviewOf(other, true))));
    }

    function test_a_known_answer_is_opened() public {
        bytes32 id = oneExecutor(4);
        refuse(53, abi.encodeCall(ISojournLedger.answer, (id, answerOf(id, statementOf(1).output))));
        revealAll(id, list(1));
        drawAudit(id, false);
        ISojournLedger.Answer memory m = answerOf(id, statementOf(1).output);
        m.salt = 0;
        refuse(6, abi.encodeCall(ISojournLedger.answer, (id, m)));
        refuse(92, abi.encodeCall(ISojournLedger.answer, (id, answerOf(id, keccak256("x")))));
        m = answerOf(id, statementOf(1).output);
        m.node = nodeOf(1);
        (m.r, m.vs) = sign(keyOf(1), keccak256(abi.encode(keccak256("Answer(bytes32 job,bytes32 output,bytes32 salt)"), id, m.output, m.salt)));
        refuse(20, abi.encodeCall(ISojournLedger.answer, (id, m)));
        ledger.answer(id, answerOf(id, statementOf(1).output));
        closedAs(id, 1);
        // A wrong result is found out.
        id = oneExecutor(4);
        revealAll(id, list(2));
        drawAudit(id, false);
        ledger.answer(id, answerOf(id, statementOf(1).output));
        eq(ledger.round(id, 1).kind, 2, "dispute");
        repeatBy(id, 6, 3, 10, 4, 1);
        closedAs(id, 1);
        eq(ledger.node(nodeOf(0)).wrong, 1, "record");
    }

    // ------------------------------------------------------------------------------------------------------------- proofs

    function test_planted_evidence_keeps_verifiers_awake() public {
        Post.Terms memory t = Post.defaults();
        (t.executors, t.agreeing, t.redrawsMax) = (1, 1, 0);
        bytes32 id = post(t);
        enterTickets(id, 0, 1, 1, 4);
        driveOver(id);
        ISojournLedger.Plant memory p = plantOf(id, 0, 0);
        refuse(70, abi.encodeCall(ISojournLedger.plant, (id, 0, p)));
        ISojournLedger.Evidence[] memory items = new ISojournLedger.Evidence[](1);
        items[0] = evidenceWith(id, 0, 0, plantedDigest(id, 0, 0), 0);
        ledger.evidence(id, 0, items);
        refuse(77, abi.encodeCall(ISojournLedger.plant, (id, 0, p)));
        voteAll(id, 1);
        p.salt = 0;
        refuse(6, abi.encodeCall(ISojournLedger.plant, (id, 0, p)));
        p = plantOf(id, 0, 0);
        p.keys = 0;
        refuse(93, abi.encodeCall(ISojournLedger.plant, (id, 0, p)));
        ledger.plant(id, 0, plantOf(id, 0, 0));
        eq(ledger.node(nodeOf(1)).stake, 19_950, "bond of one that accepted");
        eq(ledger.account(nodeOf(0)).creditNew, 12 * 4, "reporter's shares");
        refuse(93, abi.encodeCall(ISojournLedger.plant, (id, 0, plantOf(id, 0, 0))));
        openAll(id, 0);
        closedAs(id, 5);
    }

    function test_contradictions_are_slashed() public {
        bytes32 id = post(Post.defaults());
        enterTickets(id, 0, 3, 3, 4);
        driveOver(id);
        publishAll(id);
        address[] memory all = sortedExecutors(id, 0);
        uint256 v = indexOf(ledger.round(id, 0).verifiers[0].node);
        bytes memory a = abi.encode(ballotOf(id, 0, v, all, 1));
        bytes memory b = abi.encode(ballotOf(id, 0, v, all, 2));
        refuse(94, abi.encodeCall(ISojournLedger.equivocation, (id, 0, 22, a, a, new bytes32[](0))));
        refuse(94, abi.encodeCall(ISojournLedger.equivocation, (id, 0, 9, a, b, new bytes32[](0))));
        refuse(94, abi.encodeCall(ISojournLedger.equivocation, (id, 0, 22, a, abi.encode(ballotOf(id, 0, v + 1, all, 2)), new bytes32[](0))));
        refuse(52, abi.encodeCall(ISojournLedger.equivocation, (id, 1, 22, abi.encode(ballotOf(id, 1, v, all, 1)), abi.encode(ballotOf(id, 1, v, all, 2)), new bytes32[](0))));
        refuse(70, abi.encodeCall(ISojournLedger.equivocation, (id, 0, 22, abi.encode(ballotOf(id, 0, 12, all, 1)), abi.encode(ballotOf(id, 0, 12, all, 2)), new bytes32[](0))));
        voteAll(id, 1);
        ledger.equivocation(id, 0, 22, a, b, new bytes32[](0));
        eq(ledger.node(nodeOf(v)).stake, 19_950, "bond");
        refuse(12, abi.encodeCall(ISojournLedger.equivocation, (id, 0, 22, a, b, new bytes32[](0))));
        bytes memory c = abi.encode(commitOf(id, 0, 0, 1));
        bytes memory d = abi.encode(commitOf(id, 0, 0, 2));
        ledger.commits(id, 0, oneCommit(id, 0));
        refuse(94, abi.encodeCall(ISojournLedger.equivocation, (id, 0, 26, c, c, new bytes32[](0))));
        ledger.equivocation(id, 0, 26, c, d, new bytes32[](0));
        refuse(12, abi.encodeCall(ISojournLedger.equivocation, (id, 0, 26, c, d, new bytes32[](0))));
        ISojournLedger.Evidence memory other = evidenceWith(id, 0, 1, keccak256("other"), 0);
        bytes memory e1 = abi.encode(evidenceOf(id, 0, 1));
        bytes memory e2 = abi.encode(other);
        refuse(94, abi.encodeCall(ISojournLedger.equivocation, (id, 0, 21, e1, e1, new bytes32[](0))));
        ledger.equivocation(id, 0, 21, e1, e2, new bytes32[](0));
        bytes memory r1 = abi.encode(revealOf(id, 0, 2, 1));
        bytes memory r2 = abi.encode(revealOf(id, 0, 2, 2));
        refuse(94, abi.encodeCall(ISojournLedger.equivocation, (id, 0, 27, r1, r1, new bytes32[](0))));
        bytes memory r3 = abi.encode(revealOf(id, 0, 9, 1));
        bytes memory r4 = abi.encode(revealOf(id, 0, 9, 2));
        refuse(70, abi.encodeCall(ISojournLedger.equivocation, (id, 0, 27, r3, r4, new bytes32[](0))));
        ledger.equivocation(id, 0, 27, r1, r2, new bytes32[](0));
        eq(ledger.job(id).round, 1, "all of them are out");
        while (ledger.job(id).phase != 6) driveOver(id);
        closedAs(id, ledger.job(id).outcome);
        refuse(51, abi.encodeCall(ISojournLedger.equivocation, (id, 0, 27, r1, r2, new bytes32[](0))));
    }

    function test_the_largest_job_settles_in_one_transaction() public {
        Post.Terms memory t = Post.defaults();
        (t.executors, t.agreeing, t.verifiers, t.redrawsMax) = (5, 3, 8, 8);
        bytes32 id = post(t);
        uint256 used = 0;
        enterTickets(id, 0, 5, 5, 8);
        while (ledger.job(id).phase != 6) {
            go(ledger.job(id).deadline + 1);
            uint256 before = gasleft();
            ledger.drive(id);
            if (before - gasleft() > used) used = before - gasleft();
        }
        yes(used < 16_000_000, "within EIP-7825's bound");
    }

    function test_views_of_what_is_not_there() public view {
        yes(!ledger.job(0).exists && ledger.round(0, 0).snapshot == 0 && !ledger.node(address(1)).exists && ledger.offer(0).owner == address(0), "nothing");
    }
}
