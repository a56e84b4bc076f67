// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Test} from "../lib/Test.sol";
import {SiblingsLib, Tree} from "../../../contracts/transcript/Tree.sol";

/// Openings of every subset of small trees, against trees that are computed whole.
contract TreeTest is Test {
    uint256 private constant MOST = 9;

    function climb(uint256[] memory indexes, bytes32[] memory hashes, uint256 count, bytes32[] calldata siblings)
        external
        view
        returns (bytes32)
    {
        uint256 place;
        assembly ("memory-safe") {
            place := siblings.offset
        }
        return Tree.climb(indexes, hashes, count, SiblingsLib.from(place, uint16(siblings.length)));
    }

    function test_every_subset_of_small_trees_opens() external view {
        for (uint256 count = 1; count <= MOST; ++count) {
            for (uint256 subset = 1; subset < 1 << count; ++subset) {
                (uint256[] memory indexes, bytes32[] memory hashes, bytes32[] memory siblings, bytes32 top) =
                    _opening(count, subset);
                assertEq(this.climb(indexes, hashes, count, siblings), top, "top");
            }
        }
    }

    function test_siblings_are_counted() external {
        (uint256[] memory indexes, bytes32[] memory hashes, bytes32[] memory siblings,) = _opening(7, 5);
        uint256 length = siblings.length;
        assembly {
            mstore(siblings, sub(length, 1))
        }
        vm.expectRevert(abi.encodeWithSelector(Tree.WrongSiblingCount.selector, length - 1, length));
        this.climb(indexes, hashes, 7, siblings);
    }

    function test_a_wrong_leaf_gives_another_top() external view {
        (uint256[] memory indexes, bytes32[] memory hashes, bytes32[] memory siblings, bytes32 top) = _opening(7, 64);
        hashes[0] = bytes32(uint256(hashes[0]) ^ 1);
        bytes32 found = this.climb(indexes, hashes, 7, siblings);
        require(found != top, "the same top");
    }

    function test_indexes_must_ascend_within_the_tree() external {
        bytes32[] memory none = new bytes32[](0);
        uint256[] memory indexes = new uint256[](2);
        (indexes[0], indexes[1]) = (1, 1);
        vm.expectRevert(abi.encodeWithSelector(Tree.IndexOutOfOrder.selector, 1));
        this.climb(indexes, new bytes32[](2), 2, none);
        (indexes[0], indexes[1]) = (0, 2);
        vm.expectRevert(abi.encodeWithSelector(Tree.IndexOutOfRange.selector, 2, 2));
        this.climb(indexes, new bytes32[](2), 2, none);
        vm.expectRevert(Tree.NothingOpened.selector);
        this.climb(new uint256[](0), none, 2, none);
    }

    /// The leaves of `subset` in a tree of `count`, what opens them, and the top.
    function _opening(uint256 count, uint256 subset)
        private
        view
        returns (uint256[] memory indexes, bytes32[] memory hashes, bytes32[] memory siblings, bytes32 top)
    {
        bytes32[] memory level = new bytes32[](16);
        for (uint256 i; i < count; ++i) level[i] = keccak256(abi.encode(count, i));
        (indexes, hashes) = _chosen(level, subset);
        siblings = new bytes32[](16);
        uint256 used;
        for (uint256 height; 1 << height < 16 && 1 << height < count; ++height) {
            uint256 present = ((count - 1) >> height) + 1;
            uint256 above;
            for (uint256 i; i < present; ++i) {
                if (subset >> i & 1 == 0) continue;
                above |= 1 << (i / 2);
                uint256 other = i ^ 1;
                if (subset >> other & 1 == 0 && other < present) siblings[used++] = level[other];
            }
            for (uint256 i; i < 8; ++i) level[i] = Tree.node(level[2 * i], level[2 * i + 1]);
            for (uint256 i = 8; i < 16; ++i) level[i] = Tree.absent(height + 1);
            subset = above;
        }
        assembly {
            mstore(siblings, used)
        }
        top = level[0];
    }

    function _chosen(bytes32[] memory level, uint256 subset)
        private
        pure
        returns (uint256[] memory indexes, bytes32[] memory hashes)
    {
        uint256 size;
        for (uint256 rest = subset; rest != 0; rest &= rest - 1) ++size;
        (indexes, hashes) = (new uint256[](size), new bytes32[](size));
        uint256 next;
        for (uint256 i; i < MOST; ++i) {
            if (subset >> i & 1 == 1) (indexes[next], hashes[next++]) = (i, level[i]);
        }
    }
}
