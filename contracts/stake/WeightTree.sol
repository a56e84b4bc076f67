// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// A sum tree whose changes take effect at the next epoch, so that nobody can move weight after seeing a seed.
/// Each node holds eight lanes of 28 bits twice: `next`, whose top 32 bits name the epoch from which it holds,
/// and `current`, which held until then. In the steady state a reader loads `next` alone: one word per level.
struct WeightNode {
    uint256 next;
    uint256 current;
}

struct WeightTree {
    /// key = level << 24 | index; level 0 holds the leaves' own weights.
    mapping(uint256 key => WeightNode) nodes;
    uint24 leaves;
    uint8 depth;
}

library WeightTreeLib {
    uint256 private constant LANE_BITS = 28;
    uint256 private constant LANE_MASK = (1 << LANE_BITS) - 1;
    uint256 private constant TAG_SHIFT = 224;
    uint256 private constant LANES_MASK = (1 << TAG_SHIFT) - 1;

    /// Leaves are numbered in 24 bits, less one value that seats use for "empty".
    uint256 internal constant MAX_LEAVES = type(uint24).max - 1;

    error TreeFull(uint256 leaves);
    error WeightOverflow(uint256 weight, uint256 most);

    /// Append a leaf of weight zero; the tree grows by a level when it is full.
    function append(WeightTree storage tree) internal returns (uint256 leaf) {
        leaf = tree.leaves;
        if (leaf >= MAX_LEAVES) revert TreeFull(leaf);
        uint256 depth = tree.depth;
        if (depth == 0 || leaf == 1 << (3 * depth)) {
            // The old root becomes lane 0 of the new one, in both of its versions.
            if (depth != 0) {
                WeightNode storage oldRoot = tree.nodes[_key(depth - 1, 0)];
                WeightNode storage newRoot = tree.nodes[_key(depth, 0)];
                newRoot.next = (oldRoot.next & ~LANES_MASK) | _sum(oldRoot.next);
                newRoot.current = _sum(oldRoot.current);
            }
            // SAFETY: 2^24 leaves need eight levels.
            tree.depth = uint8(depth + 1);
        }
        tree.leaves = uint24(leaf + 1);
    }

    /// Set the leaf's weight from epoch `epoch + 1` on.
    function setNext(WeightTree storage tree, uint256 leaf, uint256 weight, uint256 epoch) internal {
        uint256 before = nextWeight(tree, leaf);
        uint256 depth = tree.depth;
        for (uint256 level; level < depth; ++level) {
            WeightNode storage node = tree.nodes[_key(level, leaf >> (3 * (level + 1)))];
            uint256 word = node.next;
            if (word >> TAG_SHIFT <= epoch) node.current = word & LANES_MASK;
            uint256 shift = LANE_BITS * ((leaf >> (3 * level)) & 7);
            uint256 lane = ((word >> shift) & LANE_MASK) + weight - before;
            if (lane > LANE_MASK) revert WeightOverflow(lane, LANE_MASK);
            node.next =
                ((epoch + 1) << TAG_SHIFT) | (word & LANES_MASK & ~(LANE_MASK << shift)) | (lane << shift);
        }
        if (_sum(tree.nodes[_key(depth - 1, 0)].next) > LANE_MASK) {
            revert WeightOverflow(_sum(tree.nodes[_key(depth - 1, 0)].next), LANE_MASK);
        }
    }

    /// The leaf's weight from the next epoch on.
    function nextWeight(WeightTree storage tree, uint256 leaf) internal view returns (uint256) {
        return (tree.nodes[_key(0, leaf >> 3)].next >> (LANE_BITS * (leaf & 7))) & LANE_MASK;
    }

    /// The leaf's weight in this epoch.
    function weightAt(WeightTree storage tree, uint256 leaf, uint256 epoch) internal view returns (uint256) {
        return (_read(tree, _key(0, leaf >> 3), epoch) >> (LANE_BITS * (leaf & 7))) & LANE_MASK;
    }

    /// Sum of all weights in this epoch.
    function total(WeightTree storage tree, uint256 epoch) internal view returns (uint256) {
        uint256 depth = tree.depth;
        return depth == 0 ? 0 : _sum(_read(tree, _key(depth - 1, 0), epoch));
    }

    /// The leaf that holds position `point` of the line of all weights, its weight, and where it starts on the line;
    /// `point` is below `total`.
    function pick(WeightTree storage tree, uint256 point, uint256 epoch)
        internal
        view
        returns (uint256 leaf, uint256 weight, uint256 start)
    {
        start = point;
        // SAFETY: a node's lanes add up to its own lane in the node above, so `point` is always below the sum of the
        // lanes still to come: the inner loop ends within eight steps, and nothing wraps.
        unchecked {
            for (uint256 level = tree.depth; level != 0; --level) {
                uint256 word = _read(tree, _key(level - 1, leaf), epoch);
                leaf <<= 3;
                weight = word & LANE_MASK;
                while (point >= weight) {
                    point -= weight;
                    word >>= LANE_BITS;
                    weight = word & LANE_MASK;
                    ++leaf;
                }
            }
            start -= point;
        }
    }

    function _read(WeightTree storage tree, uint256 key, uint256 epoch) private view returns (uint256) {
        WeightNode storage node = tree.nodes[key];
        uint256 word = node.next;
        return (word >> TAG_SHIFT <= epoch ? word : node.current) & LANES_MASK;
    }

    function _key(uint256 level, uint256 index) private pure returns (uint256) {
        return (level << 24) | index;
    }

    function _sum(uint256 word) private pure returns (uint256 sum) {
        for (word &= LANES_MASK; word != 0; word >>= LANE_BITS) sum += word & LANE_MASK;
    }
}
