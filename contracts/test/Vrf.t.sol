// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISojournLedger} from "../src/ISojournLedger.sol";
import {P256Vrf} from "../src/libraries/P256Vrf.sol";
import {Market} from "./support/Market.sol";
import {Post} from "./support/Post.sol";

/// @dev RFC 9381's own examples for P-256 and try-and-increment, both ways of checking, and what must be rejected; then challenges of tickets.
contract VrfTest is Market {
    uint256 private constant SECRET = 0xc9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721;
    uint256 private constant KEY_X = 0x60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6;
    uint256 private constant GX = 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296;
    uint256 private constant GY = 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5;

    function check(uint256 prefix, uint256 keyX, bytes memory alpha, bytes32[3] calldata proof, ISojournLedger.VrfHints calldata h)
        external
        view
        returns (bool, bool, bytes32)
    {
        return P256Vrf.verify(prefix, keyX, alpha, proof, h);
    }

    function words(bytes memory proof) private pure returns (bytes32[3] memory w) {
        bytes memory padded = bytes.concat(proof, new bytes(96));
        assembly ("memory-safe") {
            mstore(w, mload(add(padded, 32)))
            mstore(add(w, 32), mload(add(padded, 64)))
            mstore(add(w, 64), mload(add(padded, 96)))
        }
    }

    function none() private pure returns (ISojournLedger.VrfHints memory h) {}

    bytes private constant PI10 =
        hex"035b5c726e8c0e2c488a107c600578ee75cb702343c153cb1eb8dec77f4b5071b4a53f0a46f018bc2c56e58d383f2305e0975972c26feea0eb122fe7893c15af376b33edf7de17c6ea056d4d82de6bc02f";
    bytes private constant PI11 =
        hex"034dac60aba508ba0c01aa9be80377ebd7562c4a52d74722e0abae7dc3080ddb56c19e067b15a8a8174905b13617804534214f935b94c2287f797e393eb0816969d864f37625b443f30f1a5a33f2b3c854";

    function test_the_rfc_examples_hold() public view {
        (bool sound, bool holds, bytes32 output) = this.check(3 - 1 + (keyY() & 1), KEY_X, "sample", words(PI10), none());
        yes(sound && holds, "example 10");
        yes(output == 0xa3ad7b0ef73d8fc6655053ea22f9bede8c743f08bbed3d38821f0e16474b505e, "its value");
        (sound, holds, output) = this.check(3 - 1 + (keyY() & 1), KEY_X, "test", words(PI11), none());
        yes(sound && holds, "example 11");
        yes(output == 0xa284f94ceec2ff4b3794629da7cbafa49121972671b466cab4ce170aa365f26d, "its value");
    }

    function keyY() private pure returns (uint256) {
        return 0x7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299;
    }

    function test_the_hints_of_an_example_hold() public view {
        uint256[3] memory t = [uint256(3), 0, 0];
        ISojournLedger.VrfHints memory h = hintsFor(SECRET, "sample", words(PI10));
        (bool sound, bool holds,) = this.check(t[0], KEY_X, "sample", words(PI10), h);
        yes(sound && holds, "hinted");
    }

    function test_what_must_be_rejected_is() public view {
        bytes memory proof = PI10;
        bytes memory bad = bytes.concat(proof);
        bad[0] = 0x02; // Gamma's sign
        reject(bad, "sample", 3);
        bad[0] = 0x04;
        reject(bad, "sample", 3);
        bad = bytes.concat(proof);
        bad[40] ^= 0x01; // challenge
        reject(bad, "sample", 3);
        bad = bytes.concat(proof);
        bad[80] ^= 0x01; // s
        reject(bad, "sample", 3);
        reject(bytes.concat(proof, hex"01"), "sample", 3); // too long
        reject(proof, "Sample", 3); // another input
        reject(proof, "sample", 2); // another key
        bad = bytes.concat(proof);
        for (uint256 i = 49; i < 81; i++) bad[i] = 0xff; // s not below the order
        reject(bad, "sample", 3);
        bad = bytes.concat(proof);
        for (uint256 i = 1; i < 33; i++) bad[i] = 0xff; // no field element
        reject(bad, "sample", 3);
        bad = bytes.concat(proof);
        bad[32] = 0xb6; // no point
        reject(bad, "sample", 3);
        bad = bytes.concat(proof);
        for (uint256 i = 33; i < 81; i++) bad[i] = 0; // c and s are zero
        reject(bad, "sample", 3);
        (, bool holds,) = this.check(3, 1 + P256Vrf.P, "sample", words(proof), none());
        yes(!holds, "no key");
    }

    function reject(bytes memory proof, bytes memory alpha, uint256 prefix) private view {
        (bool sound, bool holds,) = this.check(prefix, KEY_X, alpha, words(proof), none());
        yes(sound && !holds, "must not hold");
    }

    function test_wrong_hints_prove_nothing() public view {
        for (uint256 i = 0; i < 14; i++) {
            ISojournLedger.VrfHints memory h = hintsFor(SECRET, "sample", words(PI10));
            if (i == 0) h.gammaY = P256Vrf.P - h.gammaY;
            if (i == 1) h.keyY = P256Vrf.P - h.keyY;
            if (i == 2) h.uy = P256Vrf.P - h.uy;
            if (i == 3) h.ux ^= 1;
            if (i == 4) h.hy = P256Vrf.P - h.hy;
            if (i == 5) h.p1[1] = P256Vrf.P - h.p1[1];
            if (i == 6) h.p2[1] = P256Vrf.P - h.p2[1];
            if (i == 7) h.cInv ^= 1;
            if (i == 8) h.sInv ^= 1;
            if (i == 9) h.l1 ^= 1;
            if (i == 10) h.l2 ^= 1;
            if (i == 11) h.lv ^= 1;
            if (i == 12) h.lu ^= 1;
            if (i == 13) h.nonResidues = new uint256[](h.nonResidues.length + 1);
            (bool sound,,) = this.check(3, KEY_X, "sample", words(PI10), h);
            yes(!sound, string.concat("hint ", vm.toString(i)));
        }
        ISojournLedger.VrfHints memory m = hintsFor(SECRET, "sample", words(PI10));
        (m.p1, m.p2) = (m.p2, m.p1);
        (bool ok,,) = this.check(3, KEY_X, "sample", words(PI10), m);
        yes(!ok, "points exchanged");
    }

    // ------------------------------------------------------------------------------------------------------------- a prover, for tests only

    function power(uint256 base, uint256 exponent, uint256 modulus) private view returns (uint256) {
        (, bytes memory answer) = address(5).staticcall(abi.encode(32, 32, 32, base, exponent, modulus));
        return uint256(bytes32(answer));
    }

    function mul(uint256 x, uint256 y, uint256 k) private view returns (uint256 rx, uint256 ry) {
        (, rx, ry) = P256Vrf.combine(x, y, k, GX, GY, 0);
    }

    function pointOf(bytes memory key, bytes memory alpha) private pure returns (bytes32[] memory tried) {
        tried = new bytes32[](256);
        for (uint256 i = 0; i < 256; i++) tried[i] = sha256(abi.encodePacked(hex"0101", key, alpha, uint8(i), uint8(0)));
    }

    function keyFor(uint256 secret) private pure returns (bytes memory key, uint256 x, uint256 y) {
        (x, y) = vm.publicKeyP256(secret);
        key = abi.encodePacked(uint8(2 + (y & 1)), x);
    }

    function hashed(uint256 secret, bytes memory alpha) private view returns (uint256 count, uint256 hx, uint256 hy) {
        (bytes memory key,,) = keyFor(secret);
        bytes32[] memory tried = pointOf(key, alpha);
        bool ok;
        while (!ok) {
            hx = uint256(tried[count++]);
            (ok, hy) = P256Vrf.lift(hx, 2);
        }
        count--;
    }

    function prove(uint256 secret, bytes memory alpha) internal view returns (bytes32[3] memory proof, bytes32 output) {
        (bytes memory key,,) = keyFor(secret);
        (, uint256 hx, uint256 hy) = hashed(secret, alpha);
        (uint256 gx, uint256 gy) = mul(hx, hy, secret);
        uint256 k = uint256(keccak256(abi.encode(secret, alpha))) >> 1;
        (uint256 ux, uint256 uy) = mul(GX, GY, k);
        (uint256 vx, uint256 vy) = mul(hx, hy, k);
        bytes memory points = abi.encodePacked(hex"0102", key, uint8(2), hx, uint8(2 + (gy & 1)), gx);
        uint256 c = uint256(sha256(abi.encodePacked(points, uint8(2 + (uy & 1)), ux, uint8(2 + (vy & 1)), vx, uint8(0)))) >> 128;
        uint256 s = addmod(k, mulmod(c, secret, P256Vrf.N), P256Vrf.N);
        proof = words(abi.encodePacked(uint8(2 + (gy & 1)), gx, uint128(c), s));
        output = sha256(abi.encodePacked(hex"0103", uint8(2 + (gy & 1)), gx, uint8(0)));
    }

    function slope(uint256 x1, uint256 y1, uint256 x2, uint256 y2) private view returns (uint256) {
        return mulmod(addmod(y2, P256Vrf.P - y1, P256Vrf.P), power(addmod(x2, P256Vrf.P - x1, P256Vrf.P), P256Vrf.P - 2, P256Vrf.P), P256Vrf.P);
    }

    function hintsFor(uint256 secret, bytes memory alpha, bytes32[3] memory proof) internal view returns (ISojournLedger.VrfHints memory h) {
        uint256 gx = (uint256(proof[0]) << 8) | (uint256(proof[1]) >> 248);
        uint256 c = uint128(uint256(proof[1]) >> 120);
        uint256 s = (uint256(proof[1]) << 136) | (uint256(proof[2]) >> 120);
        (, h.gammaY) = P256Vrf.lift(gx, uint256(proof[0]) >> 248);
        uint256 keyX;
        (, keyX, h.keyY) = keyFor(secret);
        (uint256 count, uint256 hx, uint256 hy) = hashed(secret, alpha);
        h.hy = hy;
        (h.p1[0], h.p1[1]) = mul(hx, hy, s);
        (h.p2[0], h.p2[1]) = mul(gx, h.gammaY, c);
        (, h.ux, h.uy) = P256Vrf.combine(GX, GY, s, keyX, h.keyY, P256Vrf.N - c);
        h.cInv = power(c, P256Vrf.N - 2, P256Vrf.N);
        h.sInv = power(s, P256Vrf.N - 2, P256Vrf.N);
        h.l1 = slope(h.p1[0], h.p1[1], GX, GY);
        h.l2 = slope(h.p2[0], h.p2[1], GX, GY);
        h.lu = slope(h.ux, h.uy, GX, GY);
        h.lv = slope(h.p1[0], h.p1[1], h.p2[0], P256Vrf.P - h.p2[1]);
        h.nonResidues = this.residues(secret, alpha, count);
    }

    function residues(uint256 secret, bytes calldata alpha, uint256 count) external view returns (uint256[] memory list_) {
        list_ = new uint256[](count);
        (bytes memory key,,) = keyFor(secret);
        bytes32[] memory tried = pointOf(key, alpha);
        for (uint256 i = 0; i < count; i++) {
            uint256 x = uint256(tried[i]);
            if (x >= P256Vrf.P) continue;
            uint256 right = addmod(
                mulmod(addmod(mulmod(x, x, P256Vrf.P), P256Vrf.P - 3, P256Vrf.P), x, P256Vrf.P),
                0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b,
                P256Vrf.P
            );
            list_[i] = power(P256Vrf.P - right, (P256Vrf.P + 1) / 4, P256Vrf.P);
        }
    }

    function testFuzz_honest_proofs_hold_both_ways(uint256 secret, bytes32 alpha) public view {
        secret = 1 + secret % (P256Vrf.N - 1);
        (bytes32[3] memory proof, bytes32 wanted) = prove(secret, abi.encodePacked(alpha));
        (, uint256 x, uint256 y) = keyFor(secret);
        (bool sound, bool holds, bytes32 output) = this.check(2 + (y & 1), x, abi.encodePacked(alpha), proof, none());
        yes(sound && holds && output == wanted, "long way");
        (sound, holds, output) = this.check(2 + (y & 1), x, abi.encodePacked(alpha), proof, hintsFor(secret, abi.encodePacked(alpha), proof));
        yes(sound && holds && output == wanted, "hinted");
    }

    // ------------------------------------------------------------------------------------------------------------- challenges

    bytes32 private id;
    bytes32 private beacon = keccak256("beacon");

    function setUp() public {
        setUpMarket();
        // Nodes whose keys we hold.
        for (uint256 i = 0; i < NODES; i++) {
            ISojournLedger.Profile memory p = profileOf(i);
            (p.vrfKey,,) = keyFor(0x5EC0 + i);
            vm.prank(nodeOf(i));
            ledger.register(p, 0);
        }
        go(height + 1);
        id = post(Post.defaults());
        fund(address(this), 100);
        go(ledger.round(id, 0).beaconHeight);
        vm.prevrandao(beacon);
    }

    function ticket(uint256 i, uint8 role, bool honest) private view returns (ISojournLedger.Ticket memory t) {
        t = ticketOf(id, 0, i, role, 0);
        if (honest) {
            (t.proof, t.output) = prove(0x5EC0 + i, abi.encodePacked(alphaOf(role)));
        } else {
            (t.proof,) = prove(0x5EC0 + i, abi.encodePacked(alphaOf(role)));
        }
        (t.r, t.vs) = sign(keyOf(i), ticketHash(id, 0, t));
    }

    function alphaOf(uint8 role) private view returns (bytes32) {
        return sha256(abi.encode(bytes32("sojourn/ticket/1"), GENESIS, id, uint256(role), uint256(0), beacon));
    }

    function enter(ISojournLedger.Ticket memory t) private {
        ISojournLedger.Ticket[] memory items = new ISojournLedger.Ticket[](1);
        items[0] = t;
        ledger.tickets(id, 0, items);
    }

    function test_a_false_ticket_is_struck_and_pays_the_reporter() public {
        enter(ticket(0, 0, false));
        enter(ticket(1, 0, true));
        enter(ticket(2, 1, false));
        refuse(57, abi.encodeCall(ISojournLedger.challenge, (id, 0, ticket(0, 0, false), none())));
        ledger.captureBeacon(id, "");
        yes(ledger.round(id, 0).beacon == beacon, "kept");
        expectRefused(55);
        ledger.captureBeacon(id, "");
        ledger.challenge(id, 0, ticket(0, 0, false), none());
        eq(ledger.round(id, 0).executorTickets.length, 1, "struck");
        eq(ledger.account(address(this)).creditNew, 125, "reporter");
        eq(ledger.node(nodeOf(0)).stake, 19_500, "slashed");
        eq(ledger.node(nodeOf(0)).proved, 1, "record");
        refuse(68, abi.encodeCall(ISojournLedger.challenge, (id, 0, ticket(0, 0, false), none())));
        ledger.challenge(id, 0, ticket(2, 1, false), none());
        eq(ledger.round(id, 0).verifierTickets.length, 0, "struck");
        // An honest one costs the challenger the fee.
        ISojournLedger.Ticket memory t = ticket(1, 0, true);
        ISojournLedger.VrfHints memory h = hintsFor(0x5EC0 + 1, abi.encodePacked(alphaOf(0)), t.proof);
        h.lv ^= 1;
        refuse(1, abi.encodeCall(ISojournLedger.challenge, (id, 0, t, h)));
        h.lv ^= 1;
        ledger.challenge(id, 0, t, h);
        eq(ledger.account(nodeOf(1)).creditNew, 5, "fee");
        eq(ledger.account(address(this)).free, 95, "paid by the challenger");
        t = ticket(3, 0, true);
        t.vs ^= bytes32(uint256(1));
        refuse(67, abi.encodeCall(ISojournLedger.challenge, (id, 0, t, none())));
        // One that nobody entered decides nothing, whatever its node signed.
        refuse(67, abi.encodeCall(ISojournLedger.challenge, (id, 0, ticket(3, 0, false), none())));
        enter(ticket(3, 0, true));
        bytes memory input = abi.encodeCall(ISojournLedger.challenge, (id, 0, ticket(3, 0, true), none()));
        vm.prank(address(0x99));
        refuse(21, input);
        // What was challenged does not come again, struck or not.
        again(ticket(0, 0, true));
        again(ticket(1, 0, true));
        again(ticket(2, 1, true));
    }

    function again(ISojournLedger.Ticket memory t) private {
        ISojournLedger.Ticket[] memory items = new ISojournLedger.Ticket[](1);
        items[0] = t;
        refuse(64, abi.encodeCall(ISojournLedger.tickets, (id, 0, items)));
    }

    /// @dev A node that stands is judged by the ticket that is shown, even where it entered another one: it signed both.
    function test_a_node_answers_for_every_ticket_that_it_signed() public {
        enter(ticket(0, 0, true));
        enter(ticket(1, 0, true));
        ledger.captureBeacon(id, "");
        ledger.challenge(id, 0, ticket(0, 0, false), none());
        eq(ledger.round(id, 0).executorTickets.length, 1, "struck");
        eq(ledger.node(nodeOf(0)).proved, 1, "record");
    }

    /// @dev Whoever entered a false ticket and has the genuine one challenged first does not make the false one safe by it.
    function test_a_genuine_ticket_shown_first_does_not_shield_a_false_one() public {
        enter(ticket(0, 0, false));
        enter(ticket(1, 0, true));
        ledger.captureBeacon(id, "");
        ledger.challenge(id, 0, ticket(0, 0, true), none());
        refuse(68, abi.encodeCall(ISojournLedger.challenge, (id, 0, ticket(0, 0, true), none())));
        eq(ledger.round(id, 0).executorTickets.length, 2, "stands");
        ledger.challenge(id, 0, ticket(0, 0, false), none());
        eq(ledger.round(id, 0).executorTickets.length, 1, "struck");
        eq(ledger.node(nodeOf(0)).proved, 1, "record");
        refuse(68, abi.encodeCall(ISojournLedger.challenge, (id, 0, ticket(0, 0, true), none())));
        refuse(68, abi.encodeCall(ISojournLedger.challenge, (id, 0, ticket(0, 0, false), none())));
        conserved(one());
    }

    function test_drawn_nodes_with_false_tickets_lose_their_places() public {
        for (uint256 i = 0; i < 3; i++) enter(ticket(i, 0, i != 0));
        for (uint256 i = 3; i < 7; i++) enter(ticket(i, 1, i != 3));
        ledger.captureBeacon(id, "");
        driveOver(id);
        publishAll(id);
        address[] memory executors = sortedExecutors(id, 0);
        ISojournLedger.VoteCast[] memory ballots = new ISojournLedger.VoteCast[](4);
        for (uint256 i = 0; i < 4; i++) ballots[i] = this.ballotFor(3 + i, executors);
        ledger.votes(id, 0, ballots);
        eq(ledger.job(id).phase, 2, "running");
        // The verifier's votes fall away; with them one seat, and four still admit? Three of four are the quorum.
        ledger.challenge(id, 0, ticket(3, 1, false), none());
        eq(ledger.round(id, 0).executors[0].status, 2, "three seats are a quorum of four");
        ledger.challenge(id, 0, ticket(0, 0, false), none());
        uint256 voids = 0;
        for (uint256 i = 0; i < 3; i++) if (ledger.round(id, 0).executors[i].status == 10) voids++;
        eq(voids, 1, "void");
        conserved(one());
    }

    function ballotFor(uint256 i, address[] calldata executors) external view returns (ISojournLedger.VoteCast memory) {
        return ballotOf(id, 0, i, executors, 1);
    }

    function refuse(uint8 reason, bytes memory input) private {
        (bool done, bytes memory why) = address(ledger).call(input);
        yes(!done && keccak256(why) == keccak256(abi.encodeWithSelector(ISojournLedger.Refused.selector, reason)), string.concat("not refused with ", vm.toString(reason)));
    }

    function one() private view returns (bytes32[] memory l) {
        l = new bytes32[](1);
        l[0] = id;
    }

    // ------------------------------------------------------------------------------------------------------------- headers

    function header(uint256 number, bytes32 randao) private pure returns (bytes memory) {
        bytes memory list_;
        for (uint256 i = 0; i < 20; i++) {
            bytes memory item = i == 6
                ? bytes.concat(hex"b90100", new bytes(256))
                : i == 8 ? bytes.concat(hex"82", abi.encodePacked(uint16(number))) : i == 13 ? bytes.concat(hex"a0", randao) : i == 14 ? bytes.concat(hex"88", new bytes(8)) : i == 12 ? bytes(hex"05") : bytes.concat(hex"a0", new bytes(32));
            list_ = bytes.concat(list_, item);
        }
        return bytes.concat(hex"f9", abi.encodePacked(uint16(list_.length)), list_);
    }

    function test_a_beacon_is_proved_by_its_header() public {
        uint256 at = height;
        bytes memory h = header(at, beacon);
        go(at + 3);
        expectRefused(57);
        ledger.captureBeacon(id, h);
        vm.setBlockhash(at, keccak256(h));
        expectRefused(57);
        ledger.captureBeacon(id, header(at, keccak256("other")));
        expectRefused(57);
        ledger.captureBeacon(id, hex"c0");
        expectRefused(57);
        ledger.captureBeacon(id, new bytes(5000));
        expectRefused(57);
        ledger.captureBeacon(id, hex"f9ffffbaffffff");
        expectRefused(50);
        ledger.captureBeacon(0, h);
        ledger.captureBeacon(id, h);
        yes(ledger.round(id, 0).beacon == beacon, "kept");
    }

    function testFuzz_no_garbage_is_a_header(bytes memory garbage) public {
        go(height + 3);
        vm.assume(garbage.length > 0);
        expectRefused(57);
        ledger.captureBeacon(id, garbage);
    }

    function test_an_older_beacon_is_proved_by_the_history_contract() public {
        uint256 at = height;
        bytes memory h = header(at, beacon);
        go(at + 300);
        // Returns the hash it was given for any height: PUSH32 hash, PUSH0, MSTORE, PUSH1 32, PUSH0, RETURN.
        vm.etch(0x0000F90827F1C53a10cb7A02335B175320002935, abi.encodePacked(hex"7f", keccak256(h), hex"5f5260205ff3"));
        ledger.captureBeacon(id, h);
        yes(ledger.round(id, 0).beacon == beacon, "kept");
    }
}
