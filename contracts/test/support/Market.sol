// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISojournLedger} from "../../src/ISojournLedger.sol";
import {Deploy} from "./Deploy.sol";
import {Post} from "./Post.sol";
import {Vm} from "./Vm.sol";

/// @dev A market with accounts, nodes, and messages signed by them.
abstract contract Market {
    receive() external payable {}

    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    ISojournLedger internal ledger;
    ISojournLedger.Rules internal rules;
    bytes32 internal constant GENESIS = keccak256("genesis");
    uint256 internal constant REQUESTER_KEY = 0xA11CE;
    address internal REQUESTER = vm.addr(REQUESTER_KEY);
    address internal constant TREASURY = address(0x7EA5);
    address internal constant GUARDIAN = address(0x6A4D);
    uint256 internal constant NODES = 16;
    uint256 internal height = 1000;

    function setUpMarket() internal virtual {
        rules = Deploy.defaultRules();
        ledger = Deploy.ledger(configOf(address(0), 1 gwei));
        fund(REQUESTER, 1_000_000);
        for (uint256 i = 0; i < NODES; i++) {
            registerNode(i, 20_000);
        }
        go(height + 1);
    }

    function configOf(address token, uint256 scale) internal view returns (ISojournLedger.Config memory c) {
        c.genesis = GENESIS;
        c.development = true;
        c.token = token;
        c.scale = scale;
        c.treasury = TREASURY;
        c.guardian = GUARDIAN;
        c.rules = rules;
    }

    // ------------------------------------------------------------------------------------------------------------- chain

    function go(uint256 to) internal {
        height = to;
        vm.roll(to);
        vm.prevrandao(keccak256(abi.encode("randao", to)));
    }

    // ------------------------------------------------------------------------------------------------------------- accounts

    function fund(address who, uint64 amount) internal {
        vm.deal(address(this), uint256(amount) * 1 gwei);
        ledger.deposit{value: uint256(amount) * 1 gwei}(who, amount, 0);
    }

    function keyOf(uint256 i) internal pure returns (uint256) {
        return 0xBEEF0000 + i;
    }

    function nodeOf(uint256 i) internal pure returns (address) {
        return vm.addr(keyOf(i));
    }

    function receiptKeyOf(uint256 i) internal pure returns (uint256) {
        return 0xFACE0000 + i;
    }

    function profileOf(uint256 i) internal pure returns (ISojournLedger.Profile memory p) {
        p.vrfKey = abi.encodePacked(uint8(2), keccak256(abi.encode("vrf", i)));
        p.chip = keccak256(abi.encode("chip", i));
        p.level = 2;
        p.custody = 1;
        p.regions = 1;
        p.memoryMebibytes = 1024;
        p.pricePerJob = 5;
        p.executes = true;
        p.verifies = true;
        p.gateway = "http://127.0.0.1:1";
        p.pins = new bytes32[](1);
        p.pins[0] = sha256(Post.cidOf("input"));
    }

    function registerNode(uint256 i, uint64 stake) internal {
        fund(nodeOf(i), stake);
        ISojournLedger.Profile memory p = profileOf(i);
        vm.prank(nodeOf(i));
        ledger.register(p, stake);
    }

    // ------------------------------------------------------------------------------------------------------------- messages

    function sign(uint256 key, bytes32 message) internal view returns (bytes32 r, bytes32 vs) {
        return vm.signCompact(key, keccak256(abi.encodePacked(hex"1901", ledger.domainSeparator(), message)));
    }

    function ticketOf(bytes32 id, uint8 round, uint256 i, uint8 role, uint32 unit) internal view returns (ISojournLedger.Ticket memory t) {
        t.node = nodeOf(i);
        t.role = role;
        t.output = keccak256(abi.encode("output", id, round, i, role));
        t.proof = [keccak256("a"), keccak256("b"), keccak256("c") & bytes32(~uint256(type(uint120).max))];
        t.units = new uint32[](1);
        t.units[0] = unit;
        (t.r, t.vs) = sign(keyOf(i), ticketHash(id, round, t));
    }

    function ticketHash(bytes32 id, uint8 round, ISojournLedger.Ticket memory t) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("Ticket(bytes32 job,uint8 round,uint8 role,bytes32 output,bytes32[3] proof,uint32[] units,bytes32 possession)"),
                id,
                round,
                t.role,
                t.output,
                keccak256(abi.encodePacked(t.proof)),
                keccak256(abi.encodePacked(t.units)),
                t.possession
            )
        );
    }

    function evidenceDigest(bytes32 id, uint8 round, uint256 i) internal pure returns (bytes32) {
        return sha256(evidenceBytes(id, round, i));
    }

    function evidenceBytes(bytes32 id, uint8 round, uint256 i) internal pure returns (bytes memory) {
        return abi.encodePacked("evidence", id, round, i);
    }

    function hpkeOf(uint256 i) internal pure returns (bytes memory) {
        return abi.encodePacked(uint8(4), keccak256(abi.encode("hpke x", i)), keccak256(abi.encode("hpke y", i)));
    }

    function receiptPoint(uint256 i) internal pure returns (bytes memory compressed, bytes32 y) {
        (uint256 x, uint256 py) = vm.publicKeyP256(receiptKeyOf(i));
        return (abi.encodePacked(uint8(2 + (py & 1)), x), bytes32(py));
    }

    function evidenceOf(bytes32 id, uint8 round, uint256 i) internal view returns (ISojournLedger.Evidence memory e) {
        return evidenceWith(id, round, i, evidenceDigest(id, round, i), 0);
    }

    function evidenceWith(bytes32 id, uint8 round, uint256 i, bytes32 digest, bytes32 possession) internal view returns (ISojournLedger.Evidence memory e) {
        e.node = nodeOf(i);
        e.content = Post.cidOf("evidence");
        e.digest = digest;
        e.hpkeKey = hpkeOf(i);
        (e.receiptKey,) = receiptPoint(i);
        e.possession = possession;
        signEvidence(id, round, i, e);
    }

    function signEvidence(bytes32 id, uint8 round, uint256 i, ISojournLedger.Evidence memory e) internal view {
        (e.r, e.vs) = sign(keyOf(i), evidenceHash(id, round, e));
    }

    function evidenceHash(bytes32 id, uint8 round, ISojournLedger.Evidence memory e) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("Evidence(bytes32 job,uint8 round,bytes content,bytes32 digest,bytes hpkeKey,bytes receiptKey,bytes32 possession)"),
                id,
                round,
                keccak256(e.content),
                e.digest,
                keccak256(e.hpkeKey),
                keccak256(e.receiptKey),
                e.possession
            )
        );
    }

    function appraisalOf(address executor) internal pure returns (bytes32) {
        return keccak256(abi.encode("appraisal", executor));
    }

    function saltOf(uint256 voter, address executor) internal pure returns (bytes32) {
        return keccak256(abi.encode("salt", voter, executor));
    }

    function salted(bytes32 id, uint8 round, address executor, uint256 voter, bytes32 appraisal) internal pure returns (bytes32) {
        return sha256(abi.encode(bytes32("sojourn/appraisal/1"), id, uint256(round), executor, nodeOf(voter), appraisal, saltOf(voter, executor)));
    }

    function sortedExecutors(bytes32 id, uint8 round) internal view returns (address[] memory list) {
        ISojournLedger.ExecutorView[] memory seats = ledger.round(id, round).executors;
        uint256 count = 0;
        list = new address[](seats.length);
        for (uint256 i = 0; i < seats.length; i++) {
            if (seats[i].content == 0) continue;
            uint256 at = count++;
            while (at > 0 && list[at - 1] > seats[i].node) {
                list[at] = list[at - 1];
                at--;
            }
            list[at] = seats[i].node;
        }
        assembly ("memory-safe") {
            mstore(list, count)
        }
    }

    function ballotOf(bytes32 id, uint8 round, uint256 voter, address[] memory executors, uint8 verdict) internal view returns (ISojournLedger.VoteCast memory b) {
        b.node = nodeOf(voter);
        b.votes = new ISojournLedger.Vote[](executors.length);
        for (uint256 i = 0; i < executors.length; i++) {
            b.votes[i] = ISojournLedger.Vote(executors[i], verdict, salted(id, round, executors[i], voter, appraisalOf(executors[i])));
        }
        signBallot(id, round, voter, b);
    }

    function signBallot(bytes32 id, uint8 round, uint256 voter, ISojournLedger.VoteCast memory b) internal view {
        (b.r, b.vs) = sign(keyOf(voter), ballotHash(id, round, b));
    }

    function ballotHash(bytes32 id, uint8 round, ISojournLedger.VoteCast memory b) internal pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](b.votes.length);
        for (uint256 i = 0; i < hashes.length; i++) {
            hashes[i] = keccak256(
                abi.encode(keccak256("Vote(address executor,uint8 verdict,bytes32 appraisal)"), b.votes[i].executor, b.votes[i].verdict, b.votes[i].appraisal)
            );
        }
        return keccak256(
            abi.encode(
                keccak256("VoteCast(bytes32 job,uint8 round,Vote[] votes)Vote(address executor,uint8 verdict,bytes32 appraisal)"),
                id,
                round,
                keccak256(abi.encodePacked(hashes))
            )
        );
    }

    function openingOf(bytes32 id, uint8 round, uint256 voter, address[] memory executors) internal view returns (ISojournLedger.AppraisalOpen memory o) {
        o.node = nodeOf(voter);
        o.openings = new ISojournLedger.Opening[](executors.length);
        for (uint256 i = 0; i < executors.length; i++) {
            o.openings[i] = ISojournLedger.Opening(executors[i], appraisalOf(executors[i]), saltOf(voter, executors[i]));
        }
        signOpening(id, round, voter, o);
    }

    function signOpening(bytes32 id, uint8 round, uint256 voter, ISojournLedger.AppraisalOpen memory o) internal view {
        (o.r, o.vs) = sign(keyOf(voter), openingHash(id, round, o));
    }

    function openingHash(bytes32 id, uint8 round, ISojournLedger.AppraisalOpen memory o) internal pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](o.openings.length);
        for (uint256 i = 0; i < hashes.length; i++) {
            hashes[i] = keccak256(
                abi.encode(keccak256("Opening(address executor,bytes32 appraisal,bytes32 salt)"), o.openings[i].executor, o.openings[i].appraisal, o.openings[i].salt)
            );
        }
        return keccak256(
            abi.encode(
                keccak256("AppraisalOpen(bytes32 job,uint8 round,Opening[] openings)Opening(address executor,bytes32 appraisal,bytes32 salt)"),
                id,
                round,
                keccak256(abi.encodePacked(hashes))
            )
        );
    }

    function statementOf(uint256 variant) internal pure returns (ISojournLedger.Statement memory s) {
        s.tag = keccak256(abi.encode("tag", variant));
        s.exit = 0;
        s.fuel = 12_345;
        s.output = keccak256(abi.encode("out", variant));
        s.receipt = keccak256(abi.encode("receipt", variant));
    }

    function nonceOf(uint256 i) internal pure returns (bytes32) {
        return keccak256(abi.encode("nonce", i));
    }

    function commitmentOf(bytes32 id, uint8 round, uint256 i, ISojournLedger.Statement memory s) internal pure returns (bytes32) {
        return sha256(abi.encode(bytes32("sojourn/commit/1"), id, uint256(round), nodeOf(i), s.tag, uint256(s.exit), uint256(s.fuel), s.output, s.receipt, nonceOf(i)));
    }

    function commitOf(bytes32 id, uint8 round, uint256 i, uint256 variant) internal view returns (ISojournLedger.Commit memory c) {
        c.node = nodeOf(i);
        c.commitment = commitmentOf(id, round, i, statementOf(variant));
        (c.r, c.vs) = sign(keyOf(i), keccak256(abi.encode(keccak256("Commit(bytes32 job,uint8 round,bytes32 commitment)"), id, round, c.commitment)));
    }

    function revealOf(bytes32 id, uint8 round, uint256 i, uint256 variant) internal view returns (ISojournLedger.Reveal memory m) {
        m.node = nodeOf(i);
        m.statement = statementOf(variant);
        m.nonce = nonceOf(i);
        (bytes32 r, bytes32 s) = vm.signP256(receiptKeyOf(i), statementHash(id, round, i, m.statement));
        m.enclaveSignature = abi.encodePacked(r, s);
        m.receiptContent = Post.cidOf("receipt");
        m.evidence = evidenceDigest(id, round, i);
        m.hpke = keccak256(hpkeOf(i));
        (m.receiptKey, m.keyY) = receiptPoint(i);
        signReveal(id, round, i, m);
    }

    function statementHash(bytes32 id, uint8 round, uint256 i, ISojournLedger.Statement memory s) internal pure returns (bytes32) {
        return sha256(abi.encode(bytes32("sojourn/statement/1"), id, uint256(round), nodeOf(i), s.tag, uint256(s.exit), uint256(s.fuel), s.output, s.receipt));
    }

    function signReveal(bytes32 id, uint8 round, uint256 i, ISojournLedger.Reveal memory m) internal view {
        (m.r, m.vs) = sign(keyOf(i), revealHash(id, round, m));
    }

    function revealHash(bytes32 id, uint8 round, ISojournLedger.Reveal memory m) internal pure returns (bytes32) {
        bytes32 typed = keccak256(
            "Reveal(bytes32 job,uint8 round,bytes32 tag,uint32 exit,uint64 fuel,bytes32 output,bytes32 receipt,bytes32 nonce,bytes enclaveSignature,bytes receiptContent)"
        );
        return keccak256(
            abi.encode(
                typed, id, round, m.statement.tag, m.statement.exit, m.statement.fuel, m.statement.output, m.statement.receipt, m.nonce, keccak256(m.enclaveSignature), keccak256(m.receiptContent)
            )
        );
    }

    function failOf(bytes32 id, uint8 round, uint256 i, uint8 reason) internal view returns (ISojournLedger.Fail memory m) {
        m.node = nodeOf(i);
        m.reason = reason;
        (m.r, m.vs) = sign(keyOf(i), keccak256(abi.encode(keccak256("Fail(bytes32 job,uint8 round,uint8 reason)"), id, round, reason)));
    }

    // ------------------------------------------------------------------------------------------------------------- conclusions

    /// @dev Everything that a round's nodes would say one after another, where all say yes; executors i carry possession 77 where they were drawn as holders.
    function conclusionOf(bytes32 id, uint8 round, uint256 variant) internal view returns (ISojournLedger.Conclusion memory c) {
        ISojournLedger.RoundView memory r = ledger.round(id, round);
        return conclusionWith(id, round, variant, r.executors, r.verifiers, r.wanted > 1);
    }

    function conclusionWith(
        bytes32 id,
        uint8 round,
        uint256 variant,
        ISojournLedger.ExecutorView[] memory seats,
        ISojournLedger.VerifierView[] memory voters,
        bool commits
    ) internal view returns (ISojournLedger.Conclusion memory c) {
        c.tag = statementOf(variant).tag;
        c.exit = statementOf(variant).exit;
        c.findings = new ISojournLedger.Finding[](seats.length);
        c.appraisals = new bytes32[](seats.length);
        address[] memory executors = new address[](seats.length);
        for (uint256 i = 0; i < seats.length; i++) {
            uint256 at = i;
            while (at > 0 && executors[at - 1] > seats[i].node) {
                executors[at] = executors[at - 1];
                c.findings[at] = c.findings[at - 1];
                at--;
            }
            executors[at] = seats[i].node;
            c.findings[at] = findingOf(id, round, indexOf(seats[i].node), variant, seats[i].local, commits);
            c.findings[at].seat = uint8(i);
        }
        for (uint256 i = 0; i < seats.length; i++) c.appraisals[i] = appraisalOf(executors[i]);
        c.ballots = new ISojournLedger.Ballot[](voters.length);
        for (uint256 i = 0; i < voters.length; i++) c.ballots[i] = bundledBallot(id, round, indexOf(voters[i].node), executors);
    }

    function bundleHash(bytes32[] memory messages) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256("Bundle(bytes32[] messages)"), keccak256(abi.encodePacked(messages))));
    }

    function findingOf(bytes32 id, uint8 round, uint256 i, uint256 variant, bool local, bool commits) internal view returns (ISojournLedger.Finding memory f) {
        ISojournLedger.Evidence memory e = evidenceWith(id, round, i, evidenceDigest(id, round, i), local ? bytes32(uint256(77)) : bytes32(0));
        ISojournLedger.Reveal memory m = revealOf(id, round, i, variant);
        (f.content, f.digest, f.hpkeKey, f.receiptKey, f.keyY, f.possession) = (e.content, e.digest, e.hpkeKey, e.receiptKey, m.keyY, e.possession);
        (f.fuel, f.output, f.receipt, f.nonce) = (m.statement.fuel, m.statement.output, m.statement.receipt, m.nonce);
        (f.enclaveSignature, f.receiptContent) = (m.enclaveSignature, m.receiptContent);
        (f.r, f.vs) = sign(keyOf(i), bundleHash(messagesOf(id, round, i, e, m, commits)));
    }

    function messagesOf(bytes32 id, uint8 round, uint256 i, ISojournLedger.Evidence memory e, ISojournLedger.Reveal memory m, bool commits) internal pure returns (bytes32[] memory hashes) {
        hashes = new bytes32[](commits ? 3 : 2);
        hashes[0] = evidenceHash(id, round, e);
        if (commits) hashes[1] = keccak256(abi.encode(keccak256("Commit(bytes32 job,uint8 round,bytes32 commitment)"), id, round, commitmentOf(id, round, i, m.statement)));
        hashes[hashes.length - 1] = revealHash(id, round, m);
    }

    function bundledBallot(bytes32 id, uint8 round, uint256 voter, address[] memory executors) internal view returns (ISojournLedger.Ballot memory b) {
        b.salts = new bytes32[](executors.length);
        for (uint256 i = 0; i < executors.length; i++) b.salts[i] = saltOf(voter, executors[i]);
        bytes32[] memory hashes = new bytes32[](2);
        hashes[0] = ballotHash(id, round, ballotOf(id, round, voter, executors, 1));
        hashes[1] = openingHash(id, round, openingOf(id, round, voter, executors));
        (b.r, b.vs) = sign(keyOf(voter), bundleHash(hashes));
    }

    /// @dev What a unit of stake draws with a ticket's output.
    function drawOf(bytes32 output, uint256 unit) internal pure returns (uint256 z) {
        uint256 hash = uint256(sha256(abi.encode(bytes32("sojourn/units/1"), output, unit >> 4)));
        z = uint64(hash >> (192 - 64 * (unit & 3)));
        unchecked {
            z = uint64(z + ((unit >> 2) & 3) * 0x9E3779B97F4A7C15);
            z = uint64((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9);
            z = uint64((z ^ (z >> 27)) * 0x94D049BB133111EB);
            z = z ^ (z >> 31);
        }
    }

    // ------------------------------------------------------------------------------------------------------------- ways through a job

    function indexOf(address who) internal pure returns (uint256) {
        for (uint256 i = 0; i < NODES; i++) {
            if (nodeOf(i) == who) return i;
        }
        return type(uint256).max;
    }

    function post(Post.Terms memory t) internal returns (bytes32) {
        bytes memory body = Post.encode(t);
        vm.prank(REQUESTER);
        return ledger.post(body);
    }

    /// @dev Goes to the beacon and enters tickets of the nodes given.
    function enterTickets(bytes32 id, uint256 firstExecutor, uint256 executors, uint256 firstVerifier, uint256 verifiers) internal {
        uint8 round = ledger.job(id).round;
        ISojournLedger.RoundView memory r = ledger.round(id, round);
        if (height < r.beaconHeight) go(r.beaconHeight);
        ISojournLedger.Ticket[] memory items = new ISojournLedger.Ticket[](executors + verifiers);
        for (uint256 i = 0; i < executors; i++) items[i] = ticketOf(id, round, firstExecutor + i, 0, 0);
        for (uint256 i = 0; i < verifiers; i++) items[executors + i] = ticketOf(id, round, firstVerifier + i, 1, 0);
        ledger.tickets(id, round, items);
    }

    function driveOver(bytes32 id) internal {
        go(ledger.job(id).deadline + 1);
        ledger.drive(id);
    }

    function publishAll(bytes32 id) internal {
        uint8 round = ledger.job(id).round;
        ISojournLedger.ExecutorView[] memory seats = ledger.round(id, round).executors;
        ISojournLedger.Evidence[] memory items = new ISojournLedger.Evidence[](seats.length);
        for (uint256 i = 0; i < seats.length; i++) items[i] = evidenceOf(id, round, indexOf(seats[i].node));
        ledger.evidence(id, round, items);
    }

    function voteAll(bytes32 id, uint8 verdict) internal {
        uint8 round = ledger.job(id).round;
        ISojournLedger.VerifierView[] memory seats = ledger.round(id, round).verifiers;
        address[] memory executors = sortedExecutors(id, round);
        ISojournLedger.VoteCast[] memory items = new ISojournLedger.VoteCast[](seats.length);
        for (uint256 i = 0; i < seats.length; i++) items[i] = ballotOf(id, round, indexOf(seats[i].node), executors, verdict);
        ledger.votes(id, round, items);
    }

    function openAll(bytes32 id, uint8 round) internal {
        ISojournLedger.VerifierView[] memory seats = ledger.round(id, round).verifiers;
        address[] memory executors = sortedExecutors(id, round);
        ISojournLedger.AppraisalOpen[] memory items = new ISojournLedger.AppraisalOpen[](seats.length);
        for (uint256 i = 0; i < seats.length; i++) items[i] = openingOf(id, round, indexOf(seats[i].node), executors);
        ledger.openings(id, round, items);
    }

    /// @dev Results: the n-th executor gives variants[n mod length].
    function commitAll(bytes32 id, uint256[] memory variants) internal {
        uint8 round = ledger.job(id).round;
        ISojournLedger.ExecutorView[] memory seats = ledger.round(id, round).executors;
        ISojournLedger.Commit[] memory items = new ISojournLedger.Commit[](seats.length);
        for (uint256 i = 0; i < seats.length; i++) items[i] = commitOf(id, round, indexOf(seats[i].node), variants[i % variants.length]);
        ledger.commits(id, round, items);
    }

    function revealAll(bytes32 id, uint256[] memory variants) internal {
        uint8 round = ledger.job(id).round;
        ISojournLedger.ExecutorView[] memory seats = ledger.round(id, round).executors;
        ISojournLedger.Reveal[] memory items = new ISojournLedger.Reveal[](seats.length);
        for (uint256 i = 0; i < seats.length; i++) items[i] = revealOf(id, round, indexOf(seats[i].node), variants[i % variants.length]);
        ledger.reveals(id, round, items);
    }

    function list(uint256 a) internal pure returns (uint256[] memory l) {
        l = new uint256[](1);
        l[0] = a;
    }

    function list(uint256 a, uint256 b) internal pure returns (uint256[] memory l) {
        l = new uint256[](2);
        (l[0], l[1]) = (a, b);
    }

    /// @dev From tickets to admitted executors.
    function admitAll(bytes32 id, uint256 executors, uint256 verifiers) internal {
        enterTickets(id, 0, executors, executors, verifiers);
        driveOver(id);
        publishAll(id);
        voteAll(id, 1);
    }

    /// @dev The audit's beacon says no (or yes); both are made to happen by choosing PREVRANDAO.
    function drawAudit(bytes32 id, bool yes) internal {
        uint256 at = ledger.job(id).deadline + 1;
        go(at);
        for (uint256 i = 0;; i++) {
            bytes32 beacon = keccak256(abi.encode("audit", i));
            uint256 draw = (uint256(sha256(abi.encode(bytes32("sojourn/audit/1"), beacon, id))) >> 192) % 1_000_000;
            if (yes ? draw < 10_000 : draw > 200_000) {
                vm.prevrandao(beacon);
                break;
            }
        }
        ledger.drive(id);
    }

    // ------------------------------------------------------------------------------------------------------------- claims

    function eq(uint256 a, uint256 b, string memory what) internal pure {
        require(a == b, string.concat(what, ": ", vm.toString(a), " is not ", vm.toString(b)));
    }

    function yes(bool condition, string memory what) internal pure {
        require(condition, what);
    }

    function expectRefused(uint8 reason) internal {
        vm.expectRevert(abi.encodeWithSelector(ISojournLedger.Refused.selector, reason));
    }

    /// @dev Free tokens, credits, stakes, escrows given and the treasury against the tokens held.
    function conserved(bytes32[] memory open) internal view {
        (uint64 held, uint64 sum,) = ledger.totals();
        uint256 total = sum;
        total += ofAccount(REQUESTER) + ofAccount(TREASURY) + ofAccount(GUARDIAN) + ofAccount(address(this));
        for (uint256 i = 0; i < NODES; i++) total += ofAccount(nodeOf(i));
        for (uint256 i = 0; i < open.length; i++) {
            ISojournLedger.JobView memory j = ledger.job(open[i]);
            if (j.phase != 6) total += j.escrow;
        }
        eq(total, held, "conservation");
    }

    function ofAccount(address who) internal view returns (uint256) {
        ISojournLedger.AccountView memory a = ledger.account(who);
        ISojournLedger.NodeView memory n = ledger.node(who);
        return uint256(a.free) + a.creditNew + a.creditWithheld + a.creditMature + n.stake + n.unbonding;
    }
}
