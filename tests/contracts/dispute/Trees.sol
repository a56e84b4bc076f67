// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Chunks} from "./Written.sol";


/// The one Merkle formula, built: leaves in memory, and what opens some of them. The slow twin of
/// `contracts/transcript/Tree.sol`.
library Trees {
    uint256 internal constant CHUNK = 256;

    // --- hashes ----------------------------------------------------------------------------------------------

    function leaf(bytes memory data) internal pure returns (bytes32) {
        return sha256(bytes.concat(hex"00", data));
    }

    function node(bytes32 left, bytes32 right) internal pure returns (bytes32) {
        return sha256(bytes.concat(hex"01", left, right));
    }

    function seal(uint256 length, bytes32 top_) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(hex"02", uint64(length), top_));
    }

    function blinded(bytes32 salt, bytes32 root) internal pure returns (bytes32) {
        return sha256(bytes.concat(hex"03", salt, root));
    }

    // --- trees -----------------------------------------------------------------------------------------------

    /// The nodes at a height above `leaves`, less those of absent subtrees.
    function level(bytes32[] memory leaves, uint256 height) internal pure returns (bytes32[] memory found) {
        found = leaves;
        bytes32 absent;
        for (; height != 0; --height) {
            bytes32[] memory above = new bytes32[]((found.length + 1) / 2);
            for (uint256 i; i < above.length; ++i) {
                above[i] = node(found[2 * i], 2 * i + 1 < found.length ? found[2 * i + 1] : absent);
            }
            absent = node(absent, absent);
            found = above;
        }
    }

    function depthOf(uint256 count) internal pure returns (uint256 depth) {
        while ((1 << depth) < count) ++depth;
    }

    function top(bytes32[] memory leaves) internal pure returns (bytes32) {
        return level(leaves, depthOf(leaves.length))[0];
    }

    /// The nodes `levels` below the node at (height, index).
    function children(bytes32[] memory leaves, uint256 height, uint256 index, uint256 levels)
        internal
        pure
        returns (bytes32[] memory found)
    {
        bytes32 absent;
        for (uint256 i; i < height - levels; ++i) absent = node(absent, absent);
        bytes32[] memory from = level(leaves, height - levels);
        found = new bytes32[](1 << levels);
        for (uint256 i; i < found.length; ++i) {
            uint256 place = (index << levels) + i;
            found[i] = place < from.length ? from[place] : absent;
        }
    }

    /// What a multiproof of the leaves `indexes` (ascending) needs.
    function siblings(bytes32[] memory leaves, uint256[] memory indexes)
        internal
        pure
        returns (bytes32[] memory found)
    {
        found = new bytes32[](32 * indexes.length);
        uint256 count;
        uint256 present = indexes.length;
        uint256[] memory places = new uint256[](present);
        for (uint256 i; i < present; ++i) places[i] = indexes[i];
        for (bytes32[] memory from = leaves; from.length > 1; from = level(from, 1)) {
            uint256 kept;
            for (uint256 i; i < present; ++i) {
                uint256 index = places[i];
                if (index & 1 == 0 && i + 1 < present && places[i + 1] == index + 1) ++i;
                else if (index ^ 1 < from.length) found[count++] = from[index ^ 1];
                places[kept++] = index >> 1;
            }
            present = kept;
            // An absent node stands on the right of the last one only, above which it is not the absent leaf.
            if (from.length % 2 == 1) from = _padded(from, leaves.length);
        }
        assembly ("memory-safe") {
            mstore(found, count)
        }
    }

    function _padded(bytes32[] memory from, uint256 leaves) private pure returns (bytes32[] memory found) {
        found = new bytes32[](from.length + 1);
        for (uint256 i; i < from.length; ++i) found[i] = from[i];
        bytes32 absent;
        for (uint256 n = leaves; n > from.length; n = (n + 1) / 2) absent = node(absent, absent);
        found[from.length] = absent;
    }

    // --- byte strings ----------------------------------------------------------------------------------------

    function chunk(bytes memory data, uint256 index) internal pure returns (bytes memory found) {
        uint256 rest = data.length - index * CHUNK;
        found = new bytes(rest < CHUNK ? rest : CHUNK);
        assembly ("memory-safe") {
            mcopy(add(found, 32), add(add(data, 32), mul(index, 256)), mload(found))
        }
    }

    function leavesOf(bytes memory data) internal pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[]((data.length + CHUNK - 1) / CHUNK);
        for (uint256 i; i < leaves.length; ++i) leaves[i] = leaf(chunk(data, i));
    }

    function rootOf(bytes memory data) internal pure returns (bytes32) {
        return seal(data.length, data.length == 0 ? bytes32(0) : top(leavesOf(data)));
    }

    /// Some chunks with their multiproof.
    function open(bytes memory data, uint256[] memory indexes) internal pure returns (Chunks memory found) {
        found.indexes = new uint32[](indexes.length);
        for (uint256 i; i < indexes.length; ++i) {
            found.indexes[i] = uint32(indexes[i]);
            found.data = bytes.concat(found.data, chunk(data, indexes[i]));
        }
        found.siblings = siblings(leavesOf(data), indexes);
    }

    /// Chunks `first` to `last`, as far as there are such.
    function openRange(bytes memory data, uint256 first, uint256 last) internal pure returns (Chunks memory) {
        uint256 most = (data.length - 1) / CHUNK;
        if (last > most) last = most;
        if (first > last) first = last;
        uint256[] memory indexes = new uint256[](last - first + 1);
        for (uint256 i; i < indexes.length; ++i) indexes[i] = first + i;
        return open(data, indexes);
    }

    function one(uint256 index) internal pure returns (uint256[] memory indexes) {
        indexes = new uint256[](1);
        indexes[0] = index;
    }
}
