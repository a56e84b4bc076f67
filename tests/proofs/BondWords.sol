// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {BondLedger, Bonds} from "../../contracts/types/BondLedger.sol";
import {Proof} from "./Proof.sol";

/// The packed word of a provider's locks, against plain counting.
contract BondWordsProof is Proof {
    using BondLedger for Bonds;

    function _lane(Bonds memory bonds, uint256 lane) private pure returns (uint256) {
        return (uint256(bonds.locked) >> (16 * lane)) & 0xffff;
    }

    /// Slots in use are the sum of all lanes: of any two, whatever they hold, beside ten that are empty or full. A sum of
    /// twelve unknown lanes is beyond a solver; but that nothing carries into a neighbour shows where all are full.
    /// Loop: the 66 pairs.
    /// @custom:halmos --loop 80
    function check_slots_in_use_are_the_sum_of_the_lanes(uint16 held, uint16 a, uint16 b) external pure {
        // SAFETY: thirteen numbers of 16 bits.
        unchecked {
            for (uint256 i; i < 12; ++i) {
                for (uint256 j; j < i; ++j) {
                    uint192 two = uint192((uint256(a) << (16 * i)) | (uint256(b) << (16 * j)));
                    uint192 others = ~uint192((0xffff << (16 * i)) | (0xffff << (16 * j)));
                    uint256 sum = uint256(held) + a + b;
                    assert(Bonds(0, held, 7, two).inUse() == sum);
                    assert(Bonds(0, held, 7, two | others).inUse() == sum + 10 * 0xffff);
                }
            }
        }
    }

    /// A lock adds one to its own lane and touches nothing else. Loop: the word's twelve lanes.
    /// @custom:halmos --loop 12
    function check_a_lock_touches_its_lane_alone(uint16 held, uint32 base, uint192 locked, uint256 bucket)
        external
        pure
    {
        vm.assume(bucket >= base && bucket - base < 12);
        Bonds memory bonds = Bonds(type(uint16).max, held, base, locked);
        uint256 lane = bucket - base;
        vm.assume(_lane(bonds, lane) < type(uint16).max);
        Bonds memory after_ = Bonds(bonds.slots, bonds.held, bonds.base, bonds.locked);
        after_.lock(bucket);
        for (uint256 i; i < 12; ++i) assert(_lane(after_, i) == _lane(bonds, i) + (i == lane ? 1 : 0));
        assert(after_.held == held && after_.base == base);
        after_.unlock(bucket);
        assert(after_.locked == locked);
    }

    function check_a_lock_beyond_the_last_lane_is_refused(uint32 base, uint192 locked, uint256 bucket) external view {
        vm.assume(bucket >= base && bucket - base >= 12);
        try this.lock(Bonds(9, 0, base, locked), bucket) {
            assert(false);
        } catch {}
    }

    function lock(Bonds memory bonds, uint256 bucket) external pure returns (Bonds memory) {
        bonds.lock(bucket);
        return bonds;
    }

    /// Nothing is unlocked that is not locked.
    function check_an_empty_lane_cannot_be_unlocked(uint32 base, uint192 locked, uint256 bucket) external view {
        Bonds memory bonds = Bonds(9, 0, base, locked);
        bool empty = bucket < base || bucket - base >= 12 || _lane(bonds, bucket - base) == 0;
        try this.unlock(bonds, bucket) returns (Bonds memory after_) {
            assert(!empty);
            assert(_lane(after_, bucket - base) == _lane(bonds, bucket - base) - 1);
        } catch {
            assert(empty);
        }
    }

    function unlock(Bonds memory bonds, uint256 bucket) external pure returns (Bonds memory) {
        bonds.unlock(bucket);
        return bonds;
    }

    /// Time forgets the locks of buckets that have ended, and those alone. Loop: the word's twelve lanes.
    /// @custom:halmos --loop 12
    function check_time_forgets_what_has_ended_alone(uint32 base, uint192 locked, uint32 nowBucket) external pure {
        vm.assume(nowBucket >= base);
        Bonds memory bonds = Bonds(9, 0, base, locked);
        Bonds memory rolled = Bonds(9, 0, base, locked);
        rolled.roll(nowBucket);
        assert(rolled.base == nowBucket);
        uint256 passed = uint256(nowBucket) - base;
        for (uint256 i; i < 12; ++i) {
            assert(_lane(rolled, i) == (passed < 12 && i + passed < 12 ? _lane(bonds, i + passed) : 0));
        }
    }

    /// Looking in between changes nothing.
    function check_two_steps_of_time_are_one(uint32 base, uint192 locked, uint32 first, uint32 second) external pure {
        vm.assume(first >= base && second >= first);
        Bonds memory once = Bonds(9, 0, base, locked);
        Bonds memory twice = Bonds(9, 0, base, locked);
        once.roll(second);
        twice.roll(first);
        twice.roll(second);
        assert(once.locked == twice.locked && once.base == twice.base);
    }
}
