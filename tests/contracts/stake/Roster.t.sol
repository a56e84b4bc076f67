// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Test} from "../lib/Test.sol";
import {Roster, RosterLib} from "../../../contracts/stake/Roster.sol";
import {Sampler, SamplerLib} from "../../../contracts/stake/Sampler.sol";

/// The roster against a plain array of weights in two versions.
contract RosterTest is Test {
    using RosterLib for Roster;
    using SamplerLib for Sampler;

    Roster private _roster;
    uint256[] private _current;
    uint256[] private _next;
    uint256 private _epoch = 5;

    function _join(uint256 weight) private {
        uint256 leaf = _roster.join(_owner(_next.length));
        assertEq(leaf, _next.length, "leaf");
        _current.push(0);
        _next.push(0);
        if (weight != 0) _set(leaf, weight);
    }

    function _owner(uint256 leaf) private pure returns (address) {
        return address(uint160(0xA0000 + leaf));
    }

    function _set(uint256 leaf, uint256 weight) private {
        _roster.setNext(leaf, weight, _epoch);
        _next[leaf] = weight;
    }

    function _advance(uint256 epochs) private {
        _epoch += epochs;
        for (uint256 i; i < _next.length; ++i) _current[i] = _next[i];
    }

    function _check() private view {
        for (uint256 i; i < _next.length; ++i) {
            assertEq(_roster.weightAt(i, _epoch), _current[i], "current");
            assertEq(_roster.weightAt(i, _epoch + 1), _next[i], "from the next epoch on");
            assertEq(_roster.nextWeight(i), _next[i], "next");
            assertEq(_roster.ownerOf(i), _owner(i), "owner");
        }
        _checkEntries(_epoch, _current);
        _checkEntries(_epoch + 1, _next);
    }

    /// Taking everything off the line gives every leaf with weight once, with its weight and in its class.
    function _checkEntries(uint256 epoch, uint256[] storage weights) private view {
        uint256 offered;
        uint256 total;
        for (uint256 i; i < weights.length; ++i) {
            if (weights[i] != 0) ++offered;
            total += weights[i];
        }
        assertEq(_roster.total(epoch), total, "total");

        Sampler memory sampler = _roster.samplerOf(epoch, offered);
        bool[] memory seen = new bool[](weights.length);
        for (uint256 i; i < offered; ++i) {
            (uint256 place,) = sampler.locate(uint256(keccak256(abi.encode(epoch, i))) % sampler.length);
            (uint256 leaf, uint256 weight) = _roster.entryAt(place, epoch);
            assertFalse(seen[leaf], "one entry for a leaf");
            seen[leaf] = true;
            assertEq(weight, weights[leaf], "weight");
            uint256 bound_ = 1 << (place / SamplerLib.STRIDE);
            assertTrue(weight <= bound_ && 2 * weight > bound_, "class");
            sampler.take(place);
        }
        assertEq(sampler.length, 0, "nothing else");
    }

    /// Of all points of the line, each leaf is hit by as many as it has weight.
    function _checkHits(uint256 epoch, uint256[] storage weights, Sampler memory sampler, bool[] memory taken)
        private
        view
    {
        uint256[] memory hits = new uint256[](weights.length);
        uint256 hit;
        for (uint256 point; point < sampler.length; ++point) {
            (uint256 place, uint256 depth) = sampler.locate(point);
            (uint256 leaf, uint256 weight) = _roster.entryAt(place, epoch);
            if (depth >= weight) continue;
            ++hits[leaf];
            ++hit;
        }
        for (uint256 i; i < weights.length; ++i) assertEq(hits[i], taken[i] ? 0 : weights[i], "hits");
        assertTrue(2 * hit > sampler.length || sampler.length == 0, "less than half of all points miss");
    }

    // --- against the array -----------------------------------------------------------------------------------

    function test_an_empty_roster_weighs_nothing() external view {
        assertEq(_roster.total(7), 0, "total");
        assertEq(_roster.samplerOf(7, 0).length, 0, "length");
    }

    function test_the_roster_agrees_with_an_array(uint256 seed) external {
        for (uint256 step; step < 60; ++step) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 kind = seed % 16;
            if (_next.length == 0 || kind < 4) {
                _join((seed >> 8) % 2 == 0 ? (seed >> 16) % 12 : (seed >> 16) % 65_536);
                continue;
            }
            uint256 leaf = (seed >> 8) % _next.length;
            uint256 weight = _next[leaf];
            if (kind < 7) _set(leaf, weight + (seed >> 40) % (65_536 - weight));
            else if (kind < 9) _set(leaf, (seed >> 40) % (weight + 1));
            else if (kind < 11) _set(leaf, weight == 0 ? 0 : weight - 1);
            else if (kind < 12) _set(leaf, 0);
            else if (kind < 13) _set(leaf, 1 + (seed >> 40) % 5);
            else if (kind < 14) _set(leaf, 1 << ((seed >> 40) % 16));
            else _advance(1 + (seed >> 40) % 3);
        }
        _check();
    }

    /// All leaves in two classes, so that most changes swap entries within the same few words.
    function test_a_crowded_class_agrees_with_an_array(uint256 seed) external {
        for (uint256 i; i < 14; ++i) _join(1 + i % 2);
        for (uint256 step; step < 40; ++step) {
            seed = uint256(keccak256(abi.encode(seed)));
            _set((seed >> 8) % 14, (seed >> 16) % 3);
            if (seed % 5 == 0) _advance(1);
            if (seed % 4 == 0) _check();
        }
        _check();
    }

    function test_every_leaf_is_hit_by_as_many_points_as_it_has_weight(uint256 seed) external {
        for (uint256 i; i < 6; ++i) _join(uint256(keccak256(abi.encode(seed, i))) % 24);
        if (seed % 2 == 0) _advance(1);
        for (uint256 i; i < 3; ++i) _set((seed >> (8 * i)) % 6, (seed >> (32 + 8 * i)) % 24);
        bool[] memory taken = new bool[](6);
        _checkHits(_epoch, _current, _roster.samplerOf(_epoch, 0), taken);

        Sampler memory sampler = _roster.samplerOf(_epoch + 1, 3);
        _checkHits(_epoch + 1, _next, sampler, taken);
        for (uint256 i; i < 3 && sampler.length != 0; ++i) {
            (uint256 place,) = sampler.locate(uint256(keccak256(abi.encode(seed, "take", i))) % sampler.length);
            (uint256 leaf,) = _roster.entryAt(place, _epoch + 1);
            taken[leaf] = true;
            sampler.take(place);
            _checkHits(_epoch + 1, _next, sampler, taken);
        }
    }

    // --- corners ---------------------------------------------------------------------------------------------

    function test_the_only_entry_of_a_class_leaves_and_comes_back() external {
        _join(7);
        _set(0, 0);
        _check();
        _set(0, 7);
        _check();
        _advance(1);
        _check();
        _set(0, 0);
        _check();
        _advance(1);
        _check();
    }

    function test_the_first_and_the_last_entry_of_a_class_leave() external {
        for (uint256 i; i < 7; ++i) _join(5 + i % 4);
        _advance(1);
        _set(6, 0);
        _check();
        _set(0, 0);
        _check();
        // What moved into the first place leaves as well, in the same epoch.
        _set(5, 0);
        _check();
        _advance(1);
        _check();
    }

    function test_a_leaf_moves_through_many_classes_in_one_epoch() external {
        _join(3);
        _join(3);
        _advance(1);
        uint256[8] memory weights = [uint256(1), 2, 65_535, 128, 129, 257, 0, 4];
        for (uint256 i; i < weights.length; ++i) {
            _set(0, weights[i]);
            _check();
        }
        _advance(1);
        _check();
    }

    function test_a_weight_that_changes_within_its_class_stays_in_its_place() external {
        _join(5);
        _join(6);
        _advance(1);
        _set(0, 8);
        (uint256 leaf, uint256 weight) = _roster.entryAt(3 * SamplerLib.STRIDE, _epoch);
        assertEq(leaf, 0, "leaf");
        assertEq(weight, 5, "weight");
        (leaf, weight) = _roster.entryAt(3 * SamplerLib.STRIDE, _epoch + 1);
        assertEq(leaf, 0, "same leaf");
        assertEq(weight, 8, "next weight");
        _check();
    }

    function test_a_class_takes_its_bound_and_no_more() external {
        uint256[10] memory weights = [uint256(1), 2, 3, 4, 5, 128, 129, 32_768, 32_769, 65_535];
        for (uint256 i; i < weights.length; ++i) _join(weights[i]);
        _advance(1);
        _check();
    }

    function setNext(uint256 leaf, uint256 weight) external {
        _roster.setNext(leaf, weight, _epoch);
    }

    function test_a_weight_beyond_16_bits_is_refused() external {
        _join(65_535);
        vm.expectRevert();
        this.setNext(0, 65_536);
        _check();
    }

    function join() external returns (uint256) {
        return _roster.join(address(1));
    }

    function test_the_last_leaf_of_a_full_roster_is_drawn_and_no_more_join() external {
        _roster.totals.leaves = type(uint24).max - 2;
        uint256 leaf = this.join();
        _roster.setNext(leaf, 9, 1);
        (uint256 place,) = _roster.samplerOf(2, 0).locate(8);
        (uint256 found, uint256 weight) = _roster.entryAt(place, 2);
        assertEq(found, leaf, "leaf");
        assertEq(weight, 9, "weight");
        vm.expectRevert(abi.encodeWithSelector(RosterLib.RosterFull.selector, type(uint24).max - 1));
        this.join();
    }
}
