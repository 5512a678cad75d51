// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISojournLedger} from "../src/ISojournLedger.sol";
import {Deploy} from "./support/Deploy.sol";
import {Market} from "./support/Market.sol";
import {Post} from "./support/Post.sol";
import {TrickReceiver, TrickToken} from "./support/Tokens.sol";

/// @dev Tokens in and out, stakes, offers, payouts, batches, the pause.
contract AccountsTest is Market {
    function setUp() public {
        setUpMarket();
    }

    // ------------------------------------------------------------------------------------------------------------- tokens

    function withToken(TrickToken.Trick trick, bytes memory again) private returns (TrickToken token, ISojournLedger l) {
        token = new TrickToken();
        l = Deploy.ledger(configOf(address(token), 1));
        token.mint(address(this), 1_000_000);
        l.deposit(address(this), 500, 0);
        token.become(trick, l, again);
    }

    function test_a_token_that_takes_a_fee_is_refused() public {
        (, ISojournLedger l) = withToken(TrickToken.Trick.Fee, "");
        vm.expectRevert(abi.encodeWithSelector(ISojournLedger.WrongAmount.selector, 100, 99));
        l.deposit(address(this), 100, 0);
    }

    function test_a_token_that_returns_false_is_refused() public {
        (, ISojournLedger l) = withToken(TrickToken.Trick.ReturnFalse, "");
        vm.expectRevert();
        l.deposit(address(this), 100, 0);
        vm.expectRevert();
        l.withdraw(100, 0);
        eq(l.account(address(this)).free, 500, "free");
    }

    function test_a_token_that_only_says_it_moved_is_refused() public {
        (, ISojournLedger l) = withToken(TrickToken.Trick.Lie, "");
        vm.expectRevert(abi.encodeWithSelector(ISojournLedger.WrongAmount.selector, 100, 0));
        l.deposit(address(this), 100, 0);
    }

    function test_a_token_that_returns_nothing_works() public {
        (TrickToken token, ISojournLedger l) = withToken(TrickToken.Trick.ReturnNothing, "");
        l.deposit(address(this), 100, 0);
        l.withdraw(600, 0);
        eq(token.balanceOf(address(l)), 0, "held");
    }

    function test_a_token_cannot_reenter() public {
        (TrickToken token, ISojournLedger l) = withToken(TrickToken.Trick.Reenter, abi.encodeCall(ISojournLedger.deposit, (address(1), 100, 0)));
        vm.expectRevert();
        l.deposit(address(this), 100, 0);
        token.become(TrickToken.Trick.Reenter, l, abi.encodeCall(ISojournLedger.withdraw, (1, 0)));
        vm.expectRevert();
        l.withdraw(100, 0);
        yes(!token.reentered(), "reentered");
    }

    function test_a_token_that_blocks_traps_only_what_it_blocks() public {
        (TrickToken token, ISojournLedger l) = withToken(TrickToken.Trick.Block, "");
        vm.expectRevert();
        l.withdraw(100, 0);
        l.transfer(address(7), 100);
        eq(l.account(address(7)).free, 100, "within the ledger");
        token.become(TrickToken.Trick.None, l, "");
        l.withdraw(400, 0);
    }

    function test_value_and_token_must_fit() public {
        (, ISojournLedger l) = withToken(TrickToken.Trick.None, "");
        vm.deal(address(this), 10 gwei);
        vm.expectRevert(abi.encodeWithSelector(ISojournLedger.WrongAmount.selector, 0, 5));
        l.deposit{value: 5}(address(this), 5, 0);
        vm.expectRevert(abi.encodeWithSelector(ISojournLedger.WrongAmount.selector, 2 gwei, 1 gwei));
        ledger.deposit{value: 1 gwei}(address(this), 2, 0);
        (bool done,) = address(ledger).call{value: 1}(abi.encodeCall(ISojournLedger.sweep, ()));
        yes(!done, "value with a call that takes none");
        (done,) = address(ledger).call{value: 1}("");
        yes(!done, "value without a call");
        (done,) = address(ledger).call(hex"12345678");
        yes(!done, "unknown call");
        expectRefused(10);
        ledger.deposit(address(this), 0, 0);
        expectRefused(10);
        ledger.deposit(address(0), 1, 0);
    }

    function test_deposits_stop_before_sums_could_overflow() public {
        ISojournLedger l = Deploy.ledger(configOf(address(0), 1));
        uint64 most = type(uint64).max >> 1;
        vm.deal(address(this), most);
        l.deposit{value: most}(address(this), most, 0);
        vm.deal(address(this), 1);
        expectRefused(11);
        l.deposit{value: 1}(address(this), 1, 0);
    }

    function test_a_receiver_that_refuses_or_reenters_harms_itself_only() public {
        TrickReceiver receiver = new TrickReceiver(ledger);
        fund(address(receiver), 100);
        vm.expectRevert(abi.encodeWithSelector(ISojournLedger.NotPaid.selector));
        receiver.withdraw(10);
        receiver.become(true);
        vm.expectRevert(abi.encodeWithSelector(ISojournLedger.NotPaid.selector));
        receiver.withdraw(10);
        eq(ledger.account(address(receiver)).free, 100, "free");
    }

    function test_withdrawals_and_transfers() public {
        fund(address(this), 100);
        expectRefused(10);
        ledger.withdraw(0, 0);
        expectRefused(21);
        ledger.withdraw(101, 0);
        expectRefused(10);
        ledger.transfer(address(0), 1);
        expectRefused(10);
        ledger.transfer(address(1), 0);
        expectRefused(21);
        ledger.transfer(address(1), 101);
        uint256 before = address(this).balance;
        ledger.withdraw(40, 0);
        eq(address(this).balance - before, 40 gwei, "paid");
        ledger.transfer(address(1), 60);
        eq(ledger.account(address(1)).free, 60, "transferred");
        eq(ledger.account(address(this)).nonce, 2, "nonce");
    }

    // ------------------------------------------------------------------------------------------------------------- nodes

    function test_profiles_are_checked() public {
        address who = address(0x1234);
        fund(who, 100_000_000);
        ISojournLedger.Profile memory p = profileOf(0);
        p.vrfKey = hex"02";
        refuseRegister(who, p, 1000, 74);
        p = profileOf(0);
        p.chip = 0;
        refuseRegister(who, p, 1000, 10);
        p = profileOf(0);
        p.gateway = string(new bytes(257));
        refuseRegister(who, p, 1000, 10);
        p = profileOf(0);
        p.level = 4;
        refuseRegister(who, p, 1000, 10);
        p = profileOf(0);
        p.custody = 3;
        refuseRegister(who, p, 1000, 10);
        p = profileOf(0);
        p.pins = new bytes32[](257);
        refuseRegister(who, p, 1000, 58);
        p.pins = new bytes32[](2);
        refuseRegister(who, p, 1000, 58);
        p = profileOf(0);
        refuseRegister(who, p, 999, 22);
        refuseRegister(who, p, 65_537_000, 22);
        refuseRegister(who, p, 100_000_001, 21);
        p.pricePerJob = type(uint128).max;
        p.pricePerGigafuel = 3;
        vm.prank(who);
        ledger.register(p, 1000);
        eq(ledger.node(who).current.pricePerJob, type(uint64).max, "capped");
        yes(ledger.hasPin(who, p.pins[0]) && !ledger.hasPin(who, bytes32(uint256(1))) && !ledger.hasPin(address(9), p.pins[0]), "pins");
        eq(ledger.node(who).current.vrfKey.length, 33, "key");
        p.pins = new bytes32[](0);
        vm.prank(who);
        ledger.register(p, 0);
        yes(!ledger.hasPin(who, profileOf(0).pins[0]), "old pins");
        refuseRegister(who, p, 0, 31);
        expectRefused(31);
        vm.prank(who);
        ledger.stakeAdd(1000);
        go(height + 64);
        vm.prank(who);
        ledger.stakeAdd(1500);
        eq(ledger.node(who).current.units, 2, "units");
        eq(ledger.node(who).previous.units, 1, "units before");
    }

    function refuseRegister(address who, ISojournLedger.Profile memory p, uint64 stake, uint8 reason) private {
        expectRefused(reason);
        vm.prank(who);
        ledger.register(p, stake);
    }

    function test_simulated_nodes_need_a_development_ledger() public {
        ISojournLedger.Config memory c = configOf(address(0), 1);
        c.development = false;
        ISojournLedger l = Deploy.ledger(c);
        ISojournLedger.Profile memory p = profileOf(0);
        p.level = 0;
        expectRefused(33);
        l.register(p, 0);
        ISojournLedger.OfferTerms memory t;
        t.content = Post.cidOf("x");
        expectRefused(33);
        l.offerPublish(t);
        bytes memory body = Post.encode(Post.defaults());
        (uint8 reason,) = l.quote(body);
        eq(reason, 33, "post");
    }

    function test_stake_goes_out_after_its_delay() public {
        address who = nodeOf(0);
        expectRefused(30);
        ledger.stakeUnbond(1);
        expectRefused(30);
        ledger.stakeAdd(1);
        expectRefused(30);
        ledger.stakeClaim(address(9));
        vm.prank(who);
        expectRefused(10);
        ledger.stakeUnbond(0);
        vm.prank(who);
        expectRefused(10);
        ledger.stakeAdd(0);
        vm.prank(who);
        expectRefused(21);
        ledger.stakeAdd(1);
        vm.prank(who);
        expectRefused(22);
        ledger.stakeUnbond(20_001);
        vm.prank(who);
        ledger.stakeUnbond(5000);
        vm.prank(who);
        expectRefused(32);
        ledger.stakeUnbond(1);
        expectRefused(32);
        ledger.stakeClaim(who);
        go(height + 2048);
        ledger.stakeClaim(who);
        eq(ledger.account(who).free, 5000, "free");
        expectRefused(32);
        ledger.stakeClaim(who);
        fund(who, 70_000_000);
        vm.prank(who);
        expectRefused(10);
        ledger.stakeAdd(69_000_000);
    }

    // ------------------------------------------------------------------------------------------------------------- offers, payouts, pause

    function test_offers() public {
        ISojournLedger.OfferTerms memory t;
        t.content = abi.encodePacked(hex"1220", sha256("old"));
        t.isSealed = true;
        expectRefused(10);
        ledger.offerPublish(t);
        t.keeper = address(1);
        t.kind = 2;
        expectRefused(10);
        ledger.offerPublish(t);
        t.kind = 1;
        t.levelMin = 4;
        expectRefused(10);
        ledger.offerPublish(t);
        t.levelMin = 1;
        t.custodyMin = 3;
        expectRefused(10);
        ledger.offerPublish(t);
        t.custodyMin = 2;
        t.price = type(uint128).max;
        expectRefused(10);
        ledger.offerPublish(t);
        t.price = 5;
        t.expires = 1;
        expectRefused(10);
        ledger.offerPublish(t);
        t.expires = 5000;
        t.usesMax = 3;
        t.drawsMax = 4;
        bytes32 id = ledger.offerPublish(t);
        ISojournLedger.OfferView memory v = ledger.offer(id);
        yes(v.contentKey == sha256(abi.encodePacked(hex"0170", t.content)), "version 0 counts as version 1");
        yes(v.isSealed && v.kind == 1 && v.usesMax == 3 && v.drawsMax == 4 && v.expires == 5000 && v.price == 5 && v.levelMin == 1 && v.custodyMin == 2, "terms");
        expectRefused(40);
        ledger.offerWithdraw(0);
        vm.prank(address(5));
        expectRefused(20);
        ledger.offerWithdraw(id);
        ledger.offerWithdraw(id);
        expectRefused(41);
        ledger.offerWithdraw(id);
        yes(ledger.offer(id).withdrawn, "withdrawn");
    }

    function test_credits_mature_and_are_paid_out() public {
        bytes32 root = oneLeaf(address(0xBEEF), 50);
        fund(address(this), 1000);
        bytes32 id = ledger.batchPost(root, 1, 50, 1);
        ledger.batchClaim(id, 0, address(0xBEEF), 50, 0, new bytes32[](0));
        address[] memory who = new address[](1);
        who[0] = address(0xBEEF);
        expectRefused(104);
        ledger.payout(who);
        go(height + 512);
        expectRefused(104);
        ledger.payout(who);
        // Below the least sum: after seven epochs, however small.
        bytes32 other = ledger.batchPost(root, 1, 50, 1);
        ledger.batchClaim(other, 0, address(0xBEEF), 50, 0, new bytes32[](0));
        go(height + 512);
        ledger.payout(who);
        eq(ledger.account(address(0xBEEF)).free, 100, "paid out");
        expectRefused(58);
        ledger.payout(new address[](0));
        expectRefused(58);
        ledger.payout(new address[](65));
        yes(ledger.account(address(0xBEEF)).creditEpoch > 0, "epoch");
    }

    function test_small_credits_are_paid_in_the_end() public {
        fund(address(this), 1000);
        bytes32 id = ledger.batchPost(oneLeaf(address(0xBEEF), 50), 1, 50, 1);
        ledger.batchClaim(id, 0, address(0xBEEF), 50, 0, new bytes32[](0));
        address[] memory who = new address[](1);
        who[0] = address(0xBEEF);
        uint256 epoch = height / 256;
        go((epoch + 1) * 256);
        bytes32 again = ledger.batchPost(oneLeaf(address(0xBEEF), 1), 1, 1, 1);
        ledger.batchClaim(again, 0, address(0xBEEF), 1, 0, new bytes32[](0));
        eq(ledger.account(address(0xBEEF)).creditWithheld, 50, "withheld");
        go((epoch + 2) * 256);
        again = ledger.batchPost(oneLeaf(address(0xBEEF), 1), 1, 1, 1);
        ledger.batchClaim(again, 0, address(0xBEEF), 1, 0, new bytes32[](0));
        eq(ledger.account(address(0xBEEF)).creditMature, 50, "mature");
        go((epoch + 8) * 256);
        expectRefused(104);
        ledger.payout(who);
        go((epoch + 9) * 256);
        ledger.payout(who);
        eq(ledger.account(address(0xBEEF)).free, 52, "paid out");
    }

    function test_the_treasury_is_swept_to_its_account() public {
        expectRefused(104);
        ledger.sweep();
        fund(address(this), 100);
        ledger.batchPost(bytes32(uint256(1)), 1, 50, 1);
        ledger.sweep();
        eq(ledger.account(TREASURY).free, 10, "fee");
    }

    function test_a_pause_stops_new_jobs_only_and_ends_by_itself() public {
        bytes32 id = post(Post.defaults());
        expectRefused(20);
        ledger.pause(10);
        vm.prank(GUARDIAN);
        expectRefused(10);
        ledger.pause(0);
        vm.prank(GUARDIAN);
        expectRefused(10);
        ledger.pause(50_401);
        vm.prank(GUARDIAN);
        ledger.pause(100);
        bytes memory body = Post.encode(Post.defaults());
        vm.prank(REQUESTER);
        expectRefused(13);
        ledger.post(body);
        admitAll(id, 3, 4);
        vm.prank(REQUESTER);
        ledger.withdraw(1, 0);
        vm.prank(GUARDIAN);
        expectRefused(10);
        ledger.pause(100);
        go(1102);
        post(Post.defaults());
        (,, uint64 until) = ledger.totals();
        yes(until < height, "over");
    }

    // ------------------------------------------------------------------------------------------------------------- batches

    function leaf(uint256 index, address to, uint64 amount) private view returns (bytes32) {
        return sha256(abi.encode(bytes32("sojourn/batch-leaf/1"), address(this), index, to, uint256(amount), bytes32(0)));
    }

    function oneLeaf(address to, uint64 amount) private view returns (bytes32) {
        return leaf(0, to, amount);
    }

    function join(bytes32 a, bytes32 b) private pure returns (bytes32) {
        return sha256(abi.encode(bytes32("sojourn/batch-node/1"), a, b));
    }

    function test_batches_pay_by_path_and_whole() public {
        fund(address(this), 1000);
        bytes32[3] memory l = [leaf(0, address(1), 10), leaf(1, address(2), 20), leaf(2, address(3), 30)];
        bytes32 root = join(join(l[0], l[1]), l[2]);
        expectRefused(10);
        ledger.batchPost(root, 0, 60, 1);
        expectRefused(10);
        ledger.batchPost(root, (1 << 20) + 1, 60, 1);
        expectRefused(10);
        ledger.batchPost(root, 3, 0, 1);
        expectRefused(21);
        ledger.batchPost(root, 3, 991, 1);
        bytes32 id = ledger.batchPost(root, 3, 60, 5);
        bytes32[] memory path = new bytes32[](1);
        path[0] = join(l[0], l[1]);
        expectRefused(100);
        ledger.batchClaim(0, 2, address(3), 30, 0, path);
        expectRefused(10);
        ledger.batchClaim(id, 3, address(3), 30, 0, path);
        expectRefused(10);
        ledger.batchClaim(id, 2, address(0), 30, 0, path);
        expectRefused(10);
        ledger.batchClaim(id, 2, address(3), 30, 0, new bytes32[](21));
        expectRefused(102);
        ledger.batchClaim(id, 2, address(3), 31, 0, path);
        expectRefused(102);
        ledger.batchClaim(id, 2, address(3), 30, 0, new bytes32[](0));
        expectRefused(102);
        ledger.batchClaim(id, 2, address(3), 30, 0, new bytes32[](2));
        ledger.batchClaim(id, 2, address(3), 30, 0, path);
        expectRefused(101);
        ledger.batchClaim(id, 2, address(3), 30, 0, path);
        yes(ledger.isClaimed(id, 2) && !ledger.isClaimed(id, 0), "claimed");
        expectRefused(103);
        ledger.batchClose(id);
        address[] memory to = new address[](3);
        uint64[] memory amounts = new uint64[](3);
        (to[0], to[1], to[2]) = (address(1), address(2), address(3));
        (amounts[0], amounts[1], amounts[2]) = (10, 20, 31);
        expectRefused(102);
        ledger.batchClaimAll(id, to, amounts, new bytes32[](3));
        expectRefused(10);
        ledger.batchClaimAll(id, to, amounts, new bytes32[](2));
        amounts[2] = 30;
        ledger.batchClaimAll(id, to, amounts, new bytes32[](3));
        eq(ledger.account(address(2)).creditNew, 20, "credited");
        eq(ledger.account(address(3)).creditNew, 30, "credited once");
        expectRefused(101);
        ledger.batchClaimAll(id, to, amounts, new bytes32[](3));
        eq(ledger.batchOf(id).rest, 0, "rest");
        ledger.batchClose(id);
        expectRefused(100);
        ledger.batchClose(id);
    }

    function test_the_rest_of_a_batch_goes_back() public {
        fund(address(this), 1000);
        bytes32 id = ledger.batchPost(oneLeaf(address(1), 60), 1, 50, 1);
        expectRefused(102);
        ledger.batchClaim(id, 0, address(1), 60, 0, new bytes32[](0));
        go(ledger.batchOf(id).closesAt + 1);
        expectRefused(103);
        ledger.batchClaim(id, 0, address(1), 60, 0, new bytes32[](0));
        ledger.batchClose(id);
        eq(ledger.account(address(this)).free, 990, "refunded");
    }

    function testFuzz_batches(uint256 seed, uint8 size) public {
        uint256 count = 1 + uint256(size) % 40;
        address[] memory to = new address[](count);
        uint64[] memory amounts = new uint64[](count);
        bytes32[] memory level = new bytes32[](count);
        uint64 total = 0;
        for (uint256 i = 0; i < count; i++) {
            to[i] = address(uint160(0x1000 + uint256(keccak256(abi.encode(seed, i))) % 5));
            amounts[i] = uint64(uint256(keccak256(abi.encode(seed, i, "amount"))) % 100);
            total += amounts[i];
            level[i] = leaf(i, to[i], amounts[i]);
        }
        vm.assume(total > 0);
        uint256 width = count;
        while (width > 1) {
            for (uint256 i = 0; i < (width + 1) / 2; i++) level[i] = 2 * i + 1 < width ? join(level[2 * i], level[2 * i + 1]) : level[2 * i];
            width = (width + 1) / 2;
        }
        fund(address(this), total + 10);
        bytes32 id = ledger.batchPost(level[0], uint32(count), total, 1);
        ledger.batchClaimAll(id, to, amounts, new bytes32[](count));
        uint256 sum = 0;
        for (uint256 i = 0; i < 5; i++) sum += ledger.account(address(uint160(0x1000 + i))).creditNew;
        eq(sum, total, "all of it, once");
    }

    // ------------------------------------------------------------------------------------------------------------- joined calls

    function test_joined_calls_go_on_past_a_refused_one() public {
        bytes[] memory calls = new bytes[](4);
        fund(address(this), 100);
        calls[0] = abi.encodeCall(ISojournLedger.sweep, ());
        calls[1] = abi.encodeCall(ISojournLedger.deposit, (address(this), 5, 0));
        calls[2] = hex"00000000";
        calls[3] = hex"a9059cbb";
        expectRefused(104);
        ledger.batch(calls);
        expectRefused(58);
        ledger.batch(new bytes[](0));
        address[] memory none = new address[](0);
        calls[2] = abi.encodeCall(ISojournLedger.payout, (none));
        calls[3] = abi.encodeCall(ISojournLedger.batchPost, (bytes32(uint256(1)), 1, 50, 1));
        ledger.batch(calls);
        eq(ledger.account(address(this)).free, 40, "the last call counted");
        bytes[] memory one = new bytes[](1);
        one[0] = calls[3];
        expectRefused(21);
        ledger.batch(one);
    }

    function test_it_says_what_it_is() public view {
        ISojournLedger.Config memory c = ledger.config();
        yes(keccak256(abi.encode(c)) == keccak256(abi.encode(configOf(address(0), 1 gwei))), "configuration");
        yes(keccak256(bytes(ledger.version())) == keccak256("1.0.0"), "version");
    }

    function test_rules_are_checked() public {
        ISojournLedger.Config memory c = configOf(address(0), 0);
        (bool done,) = address(this).call(abi.encodeCall(this.make, (c)));
        yes(!done, "no scale");
    }

    function make(ISojournLedger.Config calldata c) external {
        Deploy.ledger(c);
    }
}
