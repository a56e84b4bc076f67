// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {World} from "../lib/World.sol";
import {IStakeVault} from "../../../contracts/stake/IStakeVault.sol";
import {Seats, SeatsLib} from "../../../contracts/types/Job.sol";

/// What the vault draws, over many seeds. A draw of reserves alone locks nothing.
contract StakeDrawingTest is World {
    uint32 private _bucket;

    function setUp() public override {
        super.setUp();
        _bucket = uint32(clock / BUCKET) + 5;
    }

    function _pick(bytes32 seed, uint256 count) private returns (Seats) {
        vm.prank(address(market));
        return vault.draw(pool, seed, 0, count, _bucket);
    }

    function _assertClose(uint256[] memory counts, uint16[8] memory weights, uint256 from) private pure {
        uint256 total;
        uint256 sum;
        for (uint256 i = from; i < 8; ++i) (total, sum) = (total + weights[i], sum + counts[i]);
        // Pearson's chi-square, in thousandths.
        uint256 chi;
        for (uint256 i = from; i < 8; ++i) {
            uint256 expected = (1_000 * sum * weights[i]) / total;
            uint256 off = 1_000 * counts[i] > expected ? 1_000 * counts[i] - expected : expected - 1_000 * counts[i];
            chi += off * off / expected;
        }
        // Seven degrees of freedom or six: less than one time in a thousand.
        assertTrue(chi < 24_300, "in proportion");
    }

    function test_draws_are_in_proportion_to_slots() external {
        uint16[8] memory weights = [uint16(3), 5, 9, 17, 33, 40, 64, 129];
        for (uint256 i; i < 8; ++i) _joinOne(weights[i]);
        _nextEpoch();
        uint256[] memory counts = new uint256[](8);
        for (uint256 i; i < 3_000; ++i) ++counts[SeatsLib.leaf(_pick(keccak256(abi.encode("first", i)), 1), 0)];
        _assertClose(counts, weights, 0);
    }

    /// All but a thousandth of the stake is leaf 0's. Taken first, it is out of the way: the next is drawn in
    /// proportion to the others, and five are found.
    function test_a_whale_does_not_crowd_the_others_out() external {
        uint16[8] memory weights = [uint16(60_000), 3, 5, 8, 2, 12, 7, 9];
        for (uint256 i; i < 8; ++i) _joinOne(weights[i]);
        _nextEpoch();
        uint256[] memory counts = new uint256[](8);
        uint256 whale;
        for (uint256 i; i < 2_000; ++i) {
            Seats seats = _pick(keccak256(abi.encode("second", i)), 5);
            assertFalse(SeatsLib.isEmpty(seats, 4), "five");
            if (SeatsLib.leaf(seats, 0) != 0) continue;
            ++whale;
            ++counts[SeatsLib.leaf(seats, 1)];
        }
        assertTrue(whale > 1_980, "the whale is first");
        assertEq(counts[0], 0, "without replacement");
        _assertClose(counts, weights, 1);
    }

    function test_all_of_a_small_pool_are_drawn_once() external {
        for (uint16 i; i < 6; ++i) _joinOne(uint16(1 + 11 * i));
        _nextEpoch();
        for (uint256 i; i < 50; ++i) {
            Seats seats = _pick(keccak256(abi.encode("all", i)), 7);
            uint256 seen;
            for (uint256 seat; seat < 6; ++seat) seen |= 1 << SeatsLib.leaf(seats, seat);
            assertEq(seen, 63, "every leaf");
            assertTrue(SeatsLib.isEmpty(seats, 6), "and no more");
        }
    }

    function test_a_leaf_that_offers_nothing_is_not_drawn() external {
        for (uint256 i; i < 5; ++i) _joinOne(2);
        _nextEpoch();
        for (uint256 i; i < 2; ++i) {
            vm.prank(providers[2 * i]);
            vault.unpledge(pool, 2);
        }
        _joinOne(3);
        assertEq(_drawable(), 31, "in this epoch all that pledged before it");
        _nextEpoch();
        assertEq(_drawable(), 58, "in the next those that offer");
    }

    function _drawable() private returns (uint256 seen) {
        for (uint256 i; i < 10; ++i) {
            Seats seats = _pick(keccak256(abi.encode("drawable", i)), 7);
            for (uint256 seat; !SeatsLib.isEmpty(seats, seat); ++seat) seen |= 1 << SeatsLib.leaf(seats, seat);
        }
    }

    /// Whatever the stake does once a seed can be known, every seed draws the same.
    function test_what_moves_in_an_epoch_changes_no_draw_of_it(uint256 seed) external {
        for (uint256 i; i < 12; ++i) _joinOne(uint16(1 + (seed >> (8 * i)) % 9));
        _nextEpoch();
        Seats[8] memory before;
        for (uint256 i; i < 8; ++i) before[i] = _pick(bytes32(i), 7);
        for (uint256 i; i < 12; ++i) {
            uint256 random = uint256(keccak256(abi.encode(seed, i)));
            address someone = providers[(random >> 8) % 12];
            (, uint256 next) = vault.weightOf(pool, vault.leafOf(pool, someone));
            if (random % 4 == 0) {
                _joinOne(uint16(1 + (random >> 16) % 300));
            } else if (random % 4 == 1) {
                uint16 more = uint16(1 + (random >> 16) % 300);
                _fund(someone, more * BOND);
                vm.prank(someone);
                vault.pledge(model, 0, TIER, more);
            } else if (next != 0 && random % 4 == 2) {
                vm.prank(someone);
                vault.unpledge(pool, uint16(1 + (random >> 16) % next));
            } else {
                _slash(vault.leafOf(pool, someone));
            }
            for (uint256 j; j < 8; ++j) {
                assertEq(Seats.unwrap(_pick(bytes32(j), 7)), Seats.unwrap(before[j]), "same seats");
            }
        }
    }

    function _slash(uint256 leaf) private {
        vm.prank(address(market));
        if (!vault.tryLock(pool, leaf, _bucket)) return;
        vm.prank(address(market));
        vault.slash(pool, leaf, _bucket, BOND, new address[](0), new uint256[](0));
    }

    function test_a_pool_of_full_leaves_is_exhausted_at_a_bounded_price() external {
        // Three of four slots' worth of a class's bound: a fourth of the tries miss.
        for (uint256 i; i < 80; ++i) _joinOne(3);
        _nextEpoch();
        vm.startPrank(address(market));
        for (uint256 i; i < 240; ++i) assertTrue(vault.tryLock(pool, i % 80, _bucket), "locked");
        vm.cool(address(vault));
        bytes memory call_ = abi.encodeCall(vault.draw, (pool, "seed", 3, 2, _bucket));
        uint256 before = gasleft();
        (bool done, bytes memory reason) = address(vault).call(call_);
        uint256 used = before - gasleft();
        assertFalse(done, "exhausted");
        assertEq(
            keccak256(reason),
            keccak256(abi.encodeWithSelector(IStakeVault.PoolExhausted.selector, pool, 0, 3)),
            "reason"
        );
        assertLe(used, 450_000);
    }

    function test_full_leaves_with_four_fifths_of_the_weight_do_not_exhaust_a_pool() external {
        for (uint256 i; i < 100; ++i) _joinOne(1);
        _nextEpoch();
        for (uint256 i; i < 80; ++i) {
            vm.prank(address(market));
            vault.tryLock(pool, i, _bucket);
        }
        for (uint256 i; i < 60; ++i) {
            uint256 id = vm.snapshotState();
            vm.prank(address(market));
            Seats seats = vault.draw(pool, keccak256(abi.encode("crowd", i)), 3, 0, _bucket);
            for (uint256 seat; seat < 3; ++seat) assertGe(SeatsLib.leaf(seats, seat), 80);
            vm.revertToState(id);
            vm.roll(height);
            vm.warp(clock);
        }
    }

    function test_a_draw_of_full_leaves_gives_up() external {
        for (uint256 i; i < 80; ++i) _joinOne(1);
        _nextEpoch();
        vm.startPrank(address(market));
        for (uint256 i; i < 80; ++i) vault.tryLock(pool, i, _bucket);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.PoolExhausted.selector, pool, 0, 2));
        vault.draw(pool, "seed", 2, 2, _bucket);
    }
}
