// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Actors} from "../lib/Actors.sol";
import {IBeacon} from "../../../contracts/beacon/IBeacon.sol";
import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {IStakeVault} from "../../../contracts/stake/IStakeVault.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Job, Phase, Seats, SeatsLib} from "../../../contracts/types/Job.sol";

/// Who is drawn, when, and that nobody can change it.
contract DrawingTest is Actors {
    function test_a_job_is_drawn_from_the_block_after_its_seed_to_the_last() external {
        _join(3, 4);
        Order memory first = _open(2);
        Order memory last = _open(2);
        Order memory late = _open(2);
        uint256 seedBlock = _job(first).since;
        _roll(seedBlock);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.TooEarly.selector, _id(first), seedBlock + 1));
        market.draw(first);
        _roll(seedBlock + 1);
        market.draw(first);
        _roll(seedBlock + DRAW_BLOCKS);
        market.draw(last);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.WrongPhase.selector, _id(last), Phase.Drawn));
        market.draw(last);
        vm.expectRevert(
            abi.encodeWithSelector(IMarketTypes.TooEarly.selector, _id(late), seedBlock + DRAW_BLOCKS + 1)
        );
        market.expire(late);
        _roll(seedBlock + DRAW_BLOCKS + 1);
        vm.expectRevert(
            abi.encodeWithSelector(IMarketTypes.TooLate.selector, _id(late), seedBlock + DRAW_BLOCKS)
        );
        market.draw(late);
        market.expire(late);
        _assertPhase(late, Phase.Refunded);
        (uint256 ready,) = market.balanceOf(requester);
        assertEq(ready, 2 * SHARE, "refund");
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.WrongPhase.selector, _id(late), Phase.Refunded));
        market.expire(late);
    }

    function test_the_seed_mixes_the_job_with_the_block_hash() external {
        _join(3, 4);
        Order memory order = _drawn(2);
        uint256 seedBlock = height - 1;
        assertEq(
            market.seedOf(_id(order)), keccak256(abi.encode(_id(order), beacon.seedOf(seedBlock))), "seed"
        );
    }

    function test_the_beacon_knows_neither_the_future_nor_the_distant_past() external {
        vm.expectRevert(abi.encodeWithSelector(IBeacon.SeedUnavailable.selector, height, height));
        beacon.seedOf(height);
        vm.expectRevert(abi.encodeWithSelector(IBeacon.SeedUnavailable.selector, height - 257, height));
        beacon.seedOf(height - 257);
        assertTrue(beacon.seedOf(height - 1) != 0, "last block");
    }

    function test_replicas_are_locked_and_reserves_are_not() external {
        _join(12, 1);
        Order memory order = _drawn(3);
        Job memory job = _job(order);
        uint256 seated;
        for (uint256 seat; seat < 7; ++seat) {
            if (SeatsLib.isEmpty(job.seats, seat)) continue;
            ++seated;
            assertEq(vault.inUse(pool, SeatsLib.leaf(job.seats, seat)), seat < 3 ? 1 : 0, "in use");
            for (uint256 other; other < seat; ++other) {
                assertTrue(_leaf(order, other) != _leaf(order, seat), "distinct");
            }
        }
        assertTrue(seated >= 3 && seated <= 5, "seats");
    }

    function test_drawing_many_passes_over_what_cannot_be_drawn() external {
        _join(4, 1);
        Order[] memory orders = new Order[](5);
        for (uint256 i; i < 3; ++i) orders[i] = _open(2);
        orders[3] = orders[0];
        orders[4] = _order(2);
        _roll(_job(orders[0]).since + 1);
        // Two jobs exhaust the pool; the third waits for it or expires, and spoils nobody's draw.
        market.drawMany(orders);
        _assertPhase(orders[0], Phase.Drawn);
        _assertPhase(orders[1], Phase.Drawn);
        _assertPhase(orders[2], Phase.Open);
        _assertPhase(orders[4], Phase.None);
        bytes memory reason = abi.encodeWithSelector(IStakeVault.PoolExhausted.selector, pool, 0, 2);
        vm.expectRevert(reason);
        market.draw(orders[2]);
        _roll(height + DRAW_BLOCKS);
        market.drawMany(orders);
        market.expire(orders[2]);
        _assertPhase(orders[2], Phase.Refunded);
    }

    function test_drawing_many_waits_for_the_seed_and_draws_until_its_last_block() external {
        _join(4, 2);
        Order[] memory orders = new Order[](1);
        orders[0] = _open(2);
        uint256 seedBlock = _job(orders[0]).since;
        _roll(seedBlock);
        market.drawMany(orders);
        _assertPhase(orders[0], Phase.Open);
        uint256 id = vm.snapshotState();
        _roll(seedBlock + DRAW_BLOCKS + 1);
        market.drawMany(orders);
        _assertPhase(orders[0], Phase.Open);
        vm.revertToState(id);
        _roll(seedBlock + DRAW_BLOCKS);
        market.drawMany(orders);
        _assertPhase(orders[0], Phase.Drawn);
    }

    function test_a_full_leaf_is_skipped() external {
        _join(4, 1);
        Order memory first = _drawn(2);
        Order memory second = _open(2);
        _draw(second);
        for (uint256 i; i < 2; ++i) {
            for (uint256 j; j < 2; ++j) assertTrue(_leaf(first, i) != _leaf(second, j), "skipped");
        }
    }

    function test_stake_moved_after_the_seed_changes_nothing_of_the_draw() external {
        _join(6, 2);
        Order memory order = _open(3);
        _roll(_job(order).since + 1);
        uint256 id = vm.snapshotState();
        market.draw(order);
        uint256 seats = Seats.unwrap(_job(order).seats);
        vm.revertToState(id);
        vm.roll(height);

        _joinOne(1_000);
        _fund(providers[0], 50 * BOND);
        vm.prank(providers[0]);
        vault.pledge(model, 0, TIER, 50);
        vm.prank(providers[1]);
        vault.unpledge(pool, 2);
        vm.prank(providers[2]);
        vault.unpledge(pool, 1);
        market.draw(order);
        assertEq(Seats.unwrap(_job(order).seats), seats, "seats");
    }

    function test_a_full_provider_cannot_make_room_once_the_seed_is_known() external {
        _join(3, 1);
        Order memory first = _drawn(2);
        address full = _provider(first, 0);
        _fund(full, 10 * BOND);
        vm.prank(full);
        vault.pledge(model, 0, TIER, 10);
        Order memory second = _open(2);
        _roll(_job(second).since + 1);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.PoolExhausted.selector, pool, 1, 2));
        market.draw(second);
        // It was opened before the epoch in which the new slots count.
        _roll(_job(second).since + DRAW_BLOCKS + 1);
        market.expire(second);
        _nextEpoch();
        _drawn(2);
    }

    function test_a_heavy_provider_that_is_full_does_not_exhaust_the_pool() external {
        address heavy = _joinOne(2_000);
        for (uint256 i; i < 3; ++i) _joinOne(1);
        _nextEpoch();
        uint32 bucket = uint32(clock / BUCKET) + 9;
        for (uint256 i; i < 2_000; ++i) {
            vm.prank(address(market));
            vault.tryLock(pool, 0, bucket);
        }
        Order memory order = _drawn(3);
        for (uint256 seat; seat < 3; ++seat) assertTrue(_provider(order, seat) != heavy, "skipped");
    }

    function test_draws_are_in_proportion_to_slots() external {
        _joinOne(60);
        _joinOne(180);
        _joinOne(60);
        _nextEpoch();
        uint256 heavy;
        for (uint256 i; i < 60; ++i) {
            if (height % EPOCH > 70) _nextEpoch();
            Order memory order = _drawn(2);
            if (_provider(order, 0) == providers[1]) ++heavy;
            _pass(LOCK_TIME + 2 * BUCKET);
        }
        assertTrue(heavy > 25 && heavy < 47, "about three in five");
    }
}
