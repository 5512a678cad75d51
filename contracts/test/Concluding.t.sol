// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISojournLedger} from "../src/ISojournLedger.sol";
import {Market} from "./support/Market.sol";
import {Post} from "./support/Post.sol";

/// @dev Rounds that are concluded at once: the same as their messages one after another, or nothing.
contract ConcludingTest is Market {
    function setUp() public {
        setUpMarket();
    }

    function drawn(Post.Terms memory t) private returns (bytes32 id) {
        id = post(t);
        enterTickets(id, 0, t.executors, t.executors, t.verifiers);
        driveOver(id);
    }

    function refuse(uint8 reason, bytes32 id, ISojournLedger.Conclusion memory c) private {
        expectRefused(reason);
        ledger.conclude(id, 0, c);
    }

    /// @dev What a settled job leaves behind, as one number.
    function books() private view returns (bytes32) {
        bytes memory all;
        for (uint256 i = 0; i < NODES; i++) all = abi.encode(all, ledger.account(nodeOf(i)), ledger.node(nodeOf(i)));
        (uint64 held, uint64 treasury,) = ledger.totals();
        return keccak256(abi.encode(all, held, treasury, ledger.account(REQUESTER).free));
    }

    function byMessages(bytes32 id, uint8 executors) private {
        publishAll(id);
        voteAll(id, 1);
        openAll(id, 0);
        if (executors > 1) commitAll(id, list(7));
        revealAll(id, list(7));
    }

    function sameBooks(uint8 executors, uint8 verifiers) private {
        Post.Terms memory t = Post.defaults();
        (t.executors, t.agreeing, t.verifiers) = (executors, executors / 2 + 1, verifiers);
        bytes32 id = drawn(t);
        uint256 before = vm.snapshotState();
        byMessages(id, executors);
        eq(ledger.job(id).phase, 4, "audit draw");
        ISojournLedger.JobView memory j = ledger.job(id);
        bytes32 seats = keccak256(abi.encode(seatsOf(id)));
        drawAudit(id, false);
        bytes32 one = books();
        vm.revertToState(before);
        ledger.conclude(id, 0, conclusionOf(id, 0, 7));
        yes(keccak256(abi.encode(j)) == keccak256(abi.encode(ledger.job(id))), "job");
        yes(seats == keccak256(abi.encode(seatsOf(id))), "seats");
        drawAudit(id, false);
        eq(ledger.job(id).phase, 6, "closed");
        yes(one == books(), "books");
    }

    /// @dev What messages leave in the seats, without what is kept of evidence, results and appraisals.
    function seatsOf(bytes32 id) private view returns (ISojournLedger.RoundView memory r) {
        r = ledger.round(id, 0);
        for (uint256 i = 0; i < r.executors.length; i++) r.executors[i].content = 0;
    }

    function test_conclusion_leaves_what_messages_leave() public {
        sameBooks(3, 4);
        sameBooks(1, 4);
        sameBooks(2, 1);
        sameBooks(5, 9);
    }

    function test_conclusion_with_holders_of_the_inputs() public {
        Post.Terms memory t = Post.defaults();
        t.localityMin = 1;
        bytes32 id = post(t);
        go(ledger.round(id, 0).beaconHeight);
        ISojournLedger.Ticket[] memory items = new ISojournLedger.Ticket[](7);
        for (uint256 i = 0; i < 7; i++) {
            items[i] = ticketOf(id, 0, i, i < 3 ? 0 : 1, 0);
            if (i < 3) {
                items[i].possession = sha256(abi.encode(bytes32("sojourn/possession/1"), items[i].node, bytes32(uint256(77))));
                (items[i].r, items[i].vs) = sign(keyOf(i), ticketHash(id, 0, items[i]));
            }
        }
        ledger.tickets(id, 0, items);
        driveOver(id);
        ISojournLedger.Conclusion memory c = conclusionOf(id, 0, 7);
        yes(ledger.round(id, 0).executors[0].local, "local");
        bytes32 right = c.findings[1].possession;
        c.findings[1].possession = bytes32(uint256(78));
        refuse(73, id, c);
        c.findings[1].possession = right;
        ledger.conclude(id, 0, c);
        drawAudit(id, false);
        eq(ledger.job(id).outcome, 1, "succeeded");
    }

    function test_a_conclusion_is_whole_or_nothing() public {
        bytes32 id = drawn(Post.defaults());
        ISojournLedger.Conclusion memory c = conclusionOf(id, 0, 7);
        c.findings[0].output = bytes32(uint256(1));
        refuse(6, id, c);
        c = conclusionOf(id, 0, 7);
        c.tag = bytes32(uint256(1));
        refuse(6, id, c);
        c = conclusionOf(id, 0, 7);
        c.ballots[2].salts[1] = bytes32(uint256(1));
        refuse(6, id, c);
        c = conclusionOf(id, 0, 7);
        (c.ballots[0], c.ballots[1]) = (c.ballots[1], c.ballots[0]);
        refuse(6, id, c);
        c = conclusionOf(id, 0, 7);
        (c.findings[0], c.findings[1]) = (c.findings[1], c.findings[0]);
        refuse(58, id, c);
        c = conclusionOf(id, 0, 7);
        c.findings[1] = c.findings[0];
        refuse(58, id, c);
        c = conclusionOf(id, 0, 7);
        c.findings[1].seat = 3;
        refuse(70, id, c);
        c = conclusionOf(id, 0, 7);
        c.ballots[1].salts = new bytes32[](2);
        refuse(58, id, c);
        c = conclusionOf(id, 0, 7);
        c.appraisals = new bytes32[](2);
        refuse(58, id, c);
        c = conclusionOf(id, 0, 7);
        c.findings[2].receiptKey = hex"02";
        refuse(74, id, c);
        c = conclusionOf(id, 0, 7);
        c.findings[2].hpkeKey = "";
        refuse(74, id, c);
        c = conclusionOf(id, 0, 7);
        c.findings[2].possession = bytes32(uint256(1));
        refuse(73, id, c);
        c = conclusionOf(id, 0, 7);
        expectRefused(52);
        ledger.conclude(id, 1, c);
        eq(ledger.job(id).phase, 1, "nothing happened");
        ledger.conclude(id, 0, conclusionOf(id, 0, 7));
        refuse(53, id, conclusionOf(id, 0, 7));
    }

    /// @dev An enclave that signed something else than its executor says.
    function test_a_conclusion_needs_the_enclaves_signatures() public {
        bytes32 id = drawn(Post.defaults());
        ISojournLedger.Conclusion memory c = conclusionOf(id, 0, 7);
        uint256 i = indexOf(ledger.round(id, 0).executors[c.findings[0].seat].node);
        ISojournLedger.Evidence memory e = evidenceOf(id, 0, i);
        ISojournLedger.Reveal memory m = revealOf(id, 0, i, 7);
        m.enclaveSignature[5] ^= 0x01;
        c.findings[0].enclaveSignature = m.enclaveSignature;
        (c.findings[0].r, c.findings[0].vs) = sign(keyOf(i), bundleHash(messagesOf(id, 0, i, e, m, true)));
        refuse(89, id, c);
    }

    function test_what_was_said_before_goes_on_by_messages() public {
        bytes32 id = drawn(Post.defaults());
        ISojournLedger.Conclusion memory c = conclusionOf(id, 0, 7);
        ISojournLedger.Evidence[] memory items = new ISojournLedger.Evidence[](1);
        items[0] = evidenceOf(id, 0, 0);
        ledger.evidence(id, 0, items);
        refuse(71, id, c);
        publishRest(id, 1);
        voteAll(id, 1);
        refuse(53, id, c);
    }

    function publishRest(bytes32 id, uint256 from) private {
        ISojournLedger.Evidence[] memory items = new ISojournLedger.Evidence[](3 - from);
        for (uint256 i = from; i < 3; i++) items[i - from] = evidenceOf(id, 0, i);
        ledger.evidence(id, 0, items);
    }

    function test_a_conclusion_comes_in_the_window_of_evidence() public {
        bytes32 id = drawn(Post.defaults());
        ISojournLedger.Conclusion memory c = conclusionOf(id, 0, 7);
        go(ledger.round(id, 0).evidenceClose);
        uint256 before = vm.snapshotState();
        ledger.conclude(id, 0, c);
        vm.revertToState(before);
        go(ledger.round(id, 0).evidenceClose + 1);
        refuse(54, id, c);
    }

    function test_jobs_with_sealed_offers_are_not_concluded_at_once() public {
        ISojournLedger.OfferTerms memory o;
        o.content = Post.cidOf("input");
        o.isSealed = true;
        o.keeper = GUARDIAN;
        vm.prank(GUARDIAN);
        bytes32 offer = ledger.offerPublish(o);
        Post.Terms memory t = Post.defaults();
        t.offers = new bytes32[](1);
        t.offers[0] = offer;
        bytes32 id = drawn(t);
        refuse(84, id, conclusionOf(id, 0, 7));
    }

    /// @dev A known answer is compared with every output, so all are kept.
    function test_known_answers_of_concluded_rounds() public {
        Post.Terms memory t = Post.defaults();
        t.modes = 4;
        t.answer = sha256(abi.encode(bytes32("sojourn/answer/1"), statementOf(7).output, bytes32(uint256(5))));
        bytes32 id = drawn(t);
        ledger.conclude(id, 0, conclusionOf(id, 0, 7));
        drawAudit(id, false);
        eq(ledger.job(id).phase, 5, "judging");
        ISojournLedger.Answer memory m;
        (m.node, m.output, m.salt) = (REQUESTER, statementOf(7).output, bytes32(uint256(5)));
        (m.r, m.vs) = sign(REQUESTER_KEY, keccak256(abi.encode(keccak256("Answer(bytes32 job,bytes32 output,bytes32 salt)"), id, m.output, m.salt)));
        ledger.answer(id, m);
        eq(ledger.job(id).outcome, 1, "succeeded");
    }

    /// @dev An audit of a concluded round: agreed, or disputed and decided against it.
    function test_audits_of_concluded_rounds() public {
        bytes32 id = drawn(Post.defaults());
        ledger.conclude(id, 0, conclusionOf(id, 0, 7));
        uint256 before = vm.snapshotState();
        audit(id, 7);
        eq(ledger.job(id).outcome, 1, "succeeded");
        eq(ledger.node(nodeOf(0)).auditsPassed, 1, "audits passed");
        vm.revertToState(before);
        audit(id, 8);
        eq(ledger.job(id).disputed ? 1 : 0, 1, "disputed");
        eq(ledger.round(id, 0).executors[2].status, 4, "kept");
    }

    function audit(bytes32 id, uint256 variant) private {
        drawAudit(id, true);
        enterTickets(id, 7, 1, 8, 4);
        driveOver(id);
        ledger.conclude(id, 1, conclusionOf(id, 1, variant));
    }

    /// @dev Whoever contradicts, in its bundle, what it signed before: by its commitment, by its vote.
    function test_bundles_are_held_against_their_authors() public {
        bytes32 id = drawn(Post.defaults());
        ledger.conclude(id, 0, conclusionOf(id, 0, 7));
        bytes32[] memory bundle = messagesOf(id, 0, 0, evidenceOf(id, 0, 0), revealOf(id, 0, 0, 7), true);
        ISojournLedger.Commit memory other = commitOf(id, 0, 0, 8);
        ISojournLedger.Commit memory said = commitOf(id, 0, 0, 7);
        (said.r, said.vs) = sign(keyOf(0), bundleHash(bundle));
        expectRefused(94);
        ledger.equivocation(id, 0, 26, abi.encode(other), abi.encode(said), new bytes32[](0));
        bytes32[] memory wrong = new bytes32[](1);
        expectRefused(94);
        ledger.equivocation(id, 0, 26, abi.encode(other), abi.encode(said), wrong);
        uint64 stake = ledger.node(nodeOf(0)).stake;
        ledger.equivocation(id, 0, 26, abi.encode(other), abi.encode(said), bundle);
        eq(stake - ledger.node(nodeOf(0)).stake, 500, "bond");
        expectRefused(12);
        ledger.equivocation(id, 0, 26, abi.encode(other), abi.encode(said), bundle);
        eq(ledger.round(id, 0).executors[0].status + ledger.round(id, 0).executors[1].status, 8, "status");
        twoVotes(id);
        drawAudit(id, false);
        eq(ledger.job(id).outcome, 1, "succeeded");
        conserved(new bytes32[](0));
        for (uint256 i = 0; i < 7; i++) eq(ledger.node(nodeOf(i)).engaged, 0, "engaged");
        eq(ledger.account(nodeOf(3)).creditNew, 0, "a verifier that contradicted itself is not paid");
        eq(ledger.account(nodeOf(4)).creditNew, 10, "the others are");
    }

    function twoVotes(bytes32 id) private {
        address[] memory all = sortedExecutors(id, 0);
        bytes32[] memory bundle = new bytes32[](2);
        ISojournLedger.VoteCast memory said = ballotOf(id, 0, 3, all, 1);
        bundle[0] = ballotHash(id, 0, said);
        bundle[1] = openingHash(id, 0, openingOf(id, 0, 3, all));
        (said.r, said.vs) = sign(keyOf(3), bundleHash(bundle));
        ledger.equivocation(id, 0, 22, abi.encode(ballotOf(id, 0, 3, all, 2)), abi.encode(said), bundle);
        eq(ledger.round(id, 0).verifiers[indexIn(id, nodeOf(3))].seats, 0, "seats");
    }

    function indexIn(bytes32 id, address who) private view returns (uint256 i) {
        ISojournLedger.VerifierView[] memory v = ledger.round(id, 0).verifiers;
        while (v[i].node != who) i++;
    }

    /// @dev Nobody can plant, release or reveal in a round that is concluded.
    function test_nothing_more_happens_in_a_concluded_round() public {
        bytes32 id = drawn(Post.defaults());
        ledger.conclude(id, 0, conclusionOf(id, 0, 7));
        address[] memory all = sortedExecutors(id, 0);
        ISojournLedger.AppraisalOpen[] memory o = new ISojournLedger.AppraisalOpen[](1);
        o[0] = openingOf(id, 0, 3, all);
        expectRefused(78);
        ledger.openings(id, 0, o);
        ISojournLedger.VoteCast[] memory v = new ISojournLedger.VoteCast[](1);
        v[0] = ballotOf(id, 0, 3, all, 1);
        expectRefused(75);
        ledger.votes(id, 0, v);
        ISojournLedger.Reveal[] memory m = new ISojournLedger.Reveal[](1);
        m[0] = revealOf(id, 0, 0, 7);
        expectRefused(90);
        ledger.reveals(id, 0, m);
    }
}
