// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Actors} from "../lib/Actors.sol";
import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {JobId} from "../../../contracts/types/Ids.sol";
import {Job, Phase} from "../../../contracts/types/Job.sol";

/// How much one seed may decide, and batches that share one.
contract SeedsTest is Actors {
    uint128 private constant CAP = 1_000;

    function setUp() public override {
        super.setUp();
        _join(5, 20);
    }

    function _parameters() internal pure override returns (IMarketTypes.Parameters memory p) {
        p = super._parameters();
        p.seedCap = CAP;
    }

    function test_the_value_of_a_seed_is_capped_and_later_jobs_move_on() external {
        // Each job is worth 5 x 40: five fit a seed.
        uint256 first = height + 2;
        for (uint256 i; i < 12; ++i) {
            Order memory order = _open(5);
            assertEq(_job(order).since, first + i / 5, "seed");
        }
        assertEq(market.valueOfSeed(first), CAP, "full");
        assertEq(market.valueOfSeed(first + 2), 2 * 5 * SHARE, "the rest");
    }

    function test_where_eight_seeds_are_full_opening_is_refused() external {
        for (uint256 i; i < 40; ++i) _open(5);
        Order memory order = _order(5);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.SeedsFull.selector, height + 9));
        vm.prank(requester);
        market.open(order, "");
        _roll(height + 1);
        vm.prank(requester);
        market.open(order, "");
    }

    function test_a_job_worth_more_than_a_seed_may_decide_is_refused() external {
        Order memory order = _order(5);
        (order.units, order.tier) = (16, TIER);
        vm.prank(requester);
        market.open(order, "");
        order.nonce += 1;
        uint256 before = market.valueOfSeed(_job(order).since);
        assertEq(before, 0, "unknown job");
        // 16 units at 10 x 5 replicas is 800; one rung up it is 1,600.
        vm.prank(providers[0]);
        vault.unpledge(pool, 20);
        order.tier = TIER + 1;
        _fund(providers[0], 24 * CEILING);
        vm.prank(providers[0]);
        vault.pledge(model, 0, TIER + 1, 1);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.AboveSeedCap.selector, 1_600, CAP));
        vm.prank(requester);
        market.open(order, "");
    }

    function test_a_capped_seed_keeps_to_its_epoch(uint256 offset, uint256 count) external {
        _roll(height + offset % EPOCH);
        for (uint256 i; i < count % 40; ++i) {
            uint256 since = _job(_open(5)).since;
            assertEq(since / EPOCH, (since + DRAW_BLOCKS) / EPOCH, "seed and draw share an epoch");
            assertTrue(market.valueOfSeed(since) <= CAP, "capped");
            assertTrue(since >= height + 2, "unknown yet");
        }
    }

    function test_an_old_seed_leaves_its_word_to_a_later_one() external {
        uint256 first = height + 2;
        _open(5);
        _roll(height + DRAW_BLOCKS + 16);
        _open(5);
        assertEq(market.valueOfSeed(first), 0, "forgotten");
        assertEq(market.valueOfSeed(height + 2), 5 * SHARE, "its own value alone");
    }

    // --- batches ---------------------------------------------------------------------------------------------

    function _batch(uint256 count) private returns (Order[] memory orders) {
        orders = new Order[](count);
        for (uint256 i; i < count; ++i) orders[i] = _order(2);
    }

    function test_a_batch_is_opened_with_one_transfer() external {
        Order[] memory orders = _batch(4);
        uint256 before = token.balanceOf(requester);
        vm.prank(requester);
        market.openMany(orders, new bytes[](0));
        assertEq(before - token.balanceOf(requester), 4 * 2 * SHARE, "paid for all");
        for (uint256 i; i < 4; ++i) _assertPhase(orders[i], Phase.Open);
    }

    function test_anyone_opens_a_signed_batch() external {
        Order[] memory orders = _batch(2);
        bytes[] memory signatures = new bytes[](2);
        for (uint256 i; i < 2; ++i) signatures[i] = _signOrder(orders[i]);
        market.openMany(orders, signatures);
        _assertPhase(orders[1], Phase.Open);
    }

    function test_every_order_of_a_batch_needs_its_signature() external {
        Order[] memory orders = _batch(2);
        bytes[] memory signatures = new bytes[](2);
        (signatures[0], signatures[1]) = (_signOrder(orders[0]), _signOrder(orders[0]));
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.BadOrderSignature.selector, requester));
        market.openMany(orders, signatures);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.WrongSignatureCount.selector, 0, 2));
        market.openMany(orders, new bytes[](0));
    }

    function test_a_batch_has_one_requester() external {
        Order[] memory orders = _batch(2);
        orders[1].requester = providers[0];
        vm.expectRevert(
            abi.encodeWithSelector(IMarketTypes.SeveralRequesters.selector, requester, providers[0])
        );
        vm.prank(requester);
        market.openMany(orders, new bytes[](0));
    }

    function test_an_order_stands_in_a_batch_once() external {
        Order[] memory orders = _batch(2);
        orders[1] = orders[0];
        JobId id = _id(orders[0]);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.JobExists.selector, id));
        vm.prank(requester);
        market.openMany(orders, new bytes[](0));
    }

    function test_a_settlement_that_does_not_fit_spoils_no_batch() external {
        Order memory good = _drawn(2);
        Order memory bad = _drawn(2);
        IMarketTypes.Settlement[] memory batch = new IMarketTypes.Settlement[](5);
        batch[0] = _settlement(bad, RESULT);
        batch[0].reveals[1].salt = "another";
        batch[1] = _settlement(bad, RESULT);
        batch[1].outputRoot = 0;
        batch[2] = _settlement(bad, RESULT);
        batch[2].reveals = new IMarketTypes.Reveal[](1);
        batch[3] = _settlement(good, RESULT);
        batch[4] = _settlement(good, RESULT);
        market.settleMany(batch);
        _assertPhase(bad, Phase.Drawn);
        _assertPhase(good, Phase.Settled);
        Job memory job = _job(good);
        assertEq(job.since, clock, "once");
    }
}
