// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Test} from "../lib/Test.sol";
import {BondLedger, Bonds} from "../../../contracts/types/BondLedger.sol";
import {Job, Seats, SeatsLib} from "../../../contracts/types/Job.sol";
import {PriceLadder} from "../../../contracts/types/PriceLadder.sol";
import {Slices} from "../../../contracts/types/Slices.sol";

/// The bond ledger against a plain list of locks.
contract BondLedgerTest is Test {
    using BondLedger for Bonds;

    uint256[] private _locks;
    Bonds private _stored;

    function test_the_ledger_agrees_with_a_list_of_locks(uint256 seed) external {
        uint256 now_ = 1_000 + seed % 1_000;
        Bonds memory bonds = Bonds(uint16(bound(seed >> 16, 1, 65_535)), 0, 0, 0);
        for (uint256 step; step < 60; ++step) {
            seed = uint256(keccak256(abi.encode(seed)));
            if (seed % 4 == 0) now_ += (seed >> 8) % 5;
            if (seed % 61 == 0) now_ += 12;
            bonds.roll(now_);
            _expire(now_);
            if (seed % 4 < 3 && bonds.inUse() < bonds.slots) {
                uint256 bucket = now_ + (seed >> 16) % 12;
                bonds.lock(bucket);
                _locks.push(bucket);
            } else if (_locks.length != 0) {
                uint256 which = (seed >> 16) % _locks.length;
                bonds.unlock(_locks[which]);
                _locks[which] = _locks[_locks.length - 1];
                _locks.pop();
                if (seed % 7 == 0) bonds.held += 1;
            }
            assertEq(bonds.inUse(), _locks.length + bonds.held, "in use");
        }
    }

    function _expire(uint256 now_) private {
        for (uint256 i; i < _locks.length;) {
            if (_locks[i] >= now_) {
                ++i;
                continue;
            }
            _locks[i] = _locks[_locks.length - 1];
            _locks.pop();
        }
    }

    function lock(uint256 bucket) external view {
        Bonds memory bonds = _stored;
        bonds.lock(bucket);
    }

    function unlock(uint256 bucket) external view {
        Bonds memory bonds = _stored;
        bonds.unlock(bucket);
    }

    function test_the_fullest_lanes_add_up() external pure {
        Bonds memory bonds = Bonds(65_535, 65_535, 0, type(uint192).max);
        assertEq(bonds.inUse(), 13 * 65_535, "sum");
    }

    function test_a_lock_beyond_the_last_lane_is_refused() external {
        _stored = Bonds(9, 0, 50, 0);
        this.lock(61);
        vm.expectRevert(abi.encodeWithSelector(BondLedger.LockTooLong.selector, 62, 61));
        this.lock(62);
    }

    function test_what_was_not_locked_is_not_unlocked() external {
        _stored = Bonds(9, 0, 50, 1 << 16);
        this.unlock(51);
        uint256[4] memory wrong = [uint256(49), 50, 52, 62];
        for (uint256 i; i < 4; ++i) {
            vm.expectRevert(abi.encodeWithSelector(BondLedger.NoSuchLock.selector, wrong[i]));
            this.unlock(wrong[i]);
        }
    }
}

contract SeatsTest is Test {
    function test_seats_keep_their_leaves(uint24[7] calldata leaves, uint8 filled) external pure {
        Seats seats;
        for (uint256 i; i < 7; ++i) {
            if ((filled >> i) & 1 != 0) seats = SeatsLib.with(seats, i, leaves[i] >> 1);
        }
        for (uint256 i; i < 7; ++i) {
            assertEq(SeatsLib.isEmpty(seats, i) ? 0 : 1, (filled >> i) & 1, "filled");
            if (!SeatsLib.isEmpty(seats, i)) assertEq(SeatsLib.leaf(seats, i), leaves[i] >> 1, "leaf");
        }
        assertTrue(SeatsLib.isEmpty(seats, 7) && SeatsLib.isEmpty(seats, type(uint256).max), "out of range");
    }

    function test_active_are_the_first_that_have_not_failed(uint8 filled, uint8 failed, uint8 replicas) external pure {
        replicas = uint8(bound(replicas, 2, 5));
        Job memory job;
        job.failed = failed;
        for (uint256 i; i < 7; ++i) {
            if ((filled >> i) & 1 != 0) job.seats = SeatsLib.with(job.seats, i, i);
        }
        uint256[] memory active = SeatsLib.active(job, replicas);
        uint256 count;
        for (uint256 i; i < 7 && count < replicas; ++i) {
            if ((filled >> i) & 1 == 0 || (failed >> i) & 1 != 0) continue;
            assertEq(active[count++], i, "seat");
        }
        assertEq(active.length, count, "count");
        Seats kept = SeatsLib.only(job.seats, active);
        for (uint256 i; i < active.length; ++i) assertEq(SeatsLib.leaf(kept, active[i]), active[i], "kept");
    }
}

contract PricesTest is Test {
    function price(uint8 tier) external pure returns (uint256) {
        return PriceLadder.price(tier);
    }

    function test_the_ladder_is_1_2_5_10() external pure {
        uint256[7] memory expected = [uint256(1), 2, 5, 10, 20, 50, 100];
        for (uint8 tier; tier < 7; ++tier) assertEq(PriceLadder.price(tier), expected[tier], "price");
        assertEq(PriceLadder.price(89), 5 * 10 ** 29, "last");
    }

    function test_each_rung_is_higher(uint8 tier) external pure {
        tier = uint8(bound(tier, 0, 88));
        assertTrue(PriceLadder.price(tier) < PriceLadder.price(tier + 1), "higher");
    }

    function test_there_is_no_rung_90() external {
        vm.expectRevert(abi.encodeWithSelector(PriceLadder.TierOutOfRange.selector, 90, 90));
        this.price(90);
    }

    function test_slices_add_up_and_half_is_burned() external pure {
        assertEq(Slices.REFUND + Slices.COMPENSATION + Slices.BOUNTY + Slices.BURN, Slices.BOND, "sum");
        assertTrue(2 * Slices.BURN >= Slices.BOND, "half");
        assertTrue(Slices.NO_SHOW <= Slices.BOND, "no-show");
    }
}
