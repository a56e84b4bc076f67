// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Test} from "../lib/Test.sol";
import {WeightTree, WeightTreeLib} from "../../../contracts/stake/WeightTree.sol";

/// The tree against a plain array.
contract WeightTreeTest is Test {
    using WeightTreeLib for WeightTree;

    WeightTree private _tree;
    uint256[] private _current;
    uint256[] private _next;
    uint256 private _epoch = 5;

    function _append() private {
        uint256 leaf = _tree.append();
        assertEq(leaf, _next.length, "leaf");
        _current.push(0);
        _next.push(0);
    }

    function _set(uint256 leaf, uint256 weight) private {
        _tree.setNext(leaf, weight, _epoch);
        _next[leaf] = weight;
    }

    function _advance(uint256 epochs) private {
        _epoch += epochs;
        for (uint256 i; i < _next.length; ++i) _current[i] = _next[i];
    }

    function _check() private view {
        uint256 total;
        for (uint256 i; i < _next.length; ++i) {
            assertEq(_tree.weightAt(i, _epoch), _current[i], "current");
            assertEq(_tree.nextWeight(i), _next[i], "next");
            total += _current[i];
        }
        assertEq(_tree.total(_epoch), total, "total");
        uint256 nextTotal;
        for (uint256 i; i < _next.length; ++i) nextTotal += _next[i];
        assertEq(_tree.total(_epoch + 1), nextTotal, "next total");
    }

    /// The first and last point of every leaf are picked, and those alone.
    function _checkPicks(uint256 epoch, uint256[] storage weights) private view {
        uint256 start;
        for (uint256 i; i < weights.length; ++i) {
            if (weights[i] == 0) continue;
            _checkPick(start, epoch, i, weights[i]);
            start += weights[i];
            _checkPick(start - 1, epoch, i, weights[i]);
        }
    }

    function _checkPick(uint256 point, uint256 epoch, uint256 leaf, uint256 weight) private view {
        (uint256 found, uint256 its,) = _tree.pick(point, epoch);
        assertEq(found, leaf, "picked");
        assertEq(its, weight, "weight");
    }

    function test_an_empty_tree_weighs_nothing() external view {
        assertEq(_tree.total(7), 0, "total");
    }

    function test_the_tree_agrees_with_an_array(uint256 seed) external {
        for (uint256 step; step < 40; ++step) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 kind = seed % 8;
            if (_next.length == 0 || kind < 3) {
                uint256 count = 1 + (seed >> 8) % 4;
                for (uint256 i; i < count; ++i) {
                    _append();
                    _set(_next.length - 1, (seed >> (16 + 8 * i)) % 200);
                }
            } else if (kind < 7) {
                _set((seed >> 8) % _next.length, (seed >> 40) % 5 == 0 ? 0 : (seed >> 48) % 65_536);
            } else {
                _advance(1 + (seed >> 8) % 3);
            }
        }
        _check();
        _checkPicks(_epoch, _current);
        _checkPicks(_epoch + 1, _next);
    }

    function test_growth_over_8_and_64_leaves_keeps_both_versions() external {
        for (uint256 i; i < 70; ++i) {
            _append();
            if (i % 3 != 0) _set(i, 1 + i);
            if (i == 5 || i == 8 || i == 30 || i == 64) _advance(1);
            if (i == 7 || i == 8 || i == 9 || i == 63 || i == 64 || i == 65) {
                _check();
                _checkPicks(_epoch, _current);
            }
        }
        _check();
        _checkPicks(_epoch, _current);
        _checkPicks(_epoch + 1, _next);
    }

    function test_growth_over_512_leaves() external {
        for (uint256 i; i < 513; ++i) {
            _append();
            if (i % 100 == 12) _set(i, 7);
        }
        _advance(1);
        _checkPicks(_epoch, _current);
    }

    function append() external {
        _tree.append();
    }

    function setNext(uint256 leaf, uint256 weight) external {
        _tree.setNext(leaf, weight, _epoch);
    }

    function test_a_weight_beyond_28_bits_is_refused() external {
        _append();
        _append();
        this.setNext(0, (1 << 28) - 1);
        vm.expectRevert(abi.encodeWithSelector(WeightTreeLib.WeightOverflow.selector, 1 << 28, (1 << 28) - 1));
        this.setNext(0, 1 << 28);
        vm.expectRevert(abi.encodeWithSelector(WeightTreeLib.WeightOverflow.selector, 1 << 28, (1 << 28) - 1));
        this.setNext(1, 1);
    }

    function test_a_full_tree_takes_no_more() external {
        _tree.leaves = type(uint24).max - 1;
        _tree.depth = 8;
        vm.expectRevert(abi.encodeWithSelector(WeightTreeLib.TreeFull.selector, type(uint24).max - 1));
        this.append();
    }

    function test_the_last_leaf_of_a_full_tree_is_picked() external {
        _tree.leaves = type(uint24).max - 2;
        _tree.depth = 8;
        uint256 leaf = _tree.append();
        _tree.setNext(leaf, 9, 1);
        (uint256 found, uint256 weight,) = _tree.pick(8, 2);
        assertEq(found, leaf, "leaf");
        assertEq(weight, 9, "weight");
    }
}
