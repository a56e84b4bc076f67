// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Arrays} from "@openzeppelin/contracts/utils/Arrays.sol";

/// Some chunks of one byte string, with what shows them under its top.
struct Chunks {
    /// Which chunks, ascending.
    uint32[] indexes;
    /// Their bytes, one chunk after the other.
    bytes data;
    /// What the multiproof needs besides, in the order in which `Tree.climb` takes it.
    bytes32[] siblings;
}

/// The one Merkle formula, opened: twin of `touchstone.protocol.merkle` and `touchstone.transcripts.proofs`. SHA-256
/// over chunks of 256 bytes, the last as long as it is:
///
///   leaf(chunk)       = sha256(0x00 || chunk)
///   node(left, right) = sha256(0x01 || left || right)
///   seal(length, top) = sha256(0x02 || uint64(length) || top)
///   blinded(root)     = sha256(0x03 || salt || root)
///
/// The tree over n leaves is ceil(log2(n)) deep. An absent leaf is 32 zero bytes, an absent subtree the node of its
/// absent children.
library Tree {
    using Arrays for uint256[];
    using Arrays for bytes32[];

    uint256 internal constant CHUNK = 256;

    error NothingOpened();
    error IndexOutOfOrder(uint256 index);
    error IndexOutOfRange(uint256 index, uint256 count);
    error WrongDataLength(uint256 given, uint256 needed);
    error WrongSiblingCount(uint256 given, uint256 needed);
    error NotAPowerOfTwo(uint256 count);

    function chunkCount(uint256 length) internal pure returns (uint256) {
        return (length + CHUNK - 1) / CHUNK;
    }

    /// ceil(log2(count)); zero for no leaf and for one.
    function depthOf(uint256 count) internal pure returns (uint256 depth) {
        while ((uint256(1) << depth) < count) ++depth;
    }

    function leaf(bytes calldata chunk) internal view returns (bytes32 hash) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore8(free, 0)
            calldatacopy(add(free, 1), chunk.offset, chunk.length)
            if iszero(staticcall(gas(), 2, free, add(chunk.length, 1), 0, 32)) { revert(0, 0) }
            hash := mload(0)
        }
    }

    function node(bytes32 left, bytes32 right) internal view returns (bytes32 hash) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore8(free, 1)
            mstore(add(free, 1), left)
            mstore(add(free, 33), right)
            if iszero(staticcall(gas(), 2, free, 65, 0, 32)) { revert(0, 0) }
            hash := mload(0)
        }
    }

    function seal(uint256 length, bytes32 top) internal pure returns (bytes32) {
        // SAFETY: every length in use is far below 2^64.
        return sha256(abi.encodePacked(hex"02", uint64(length), top));
    }

    function blinded(bytes32 salt, bytes32 root) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(hex"03", salt, root));
    }

    /// The top of an absent subtree `height` levels above its leaves.
    function absent(uint256 height) internal view returns (bytes32 hash) {
        for (uint256 i; i < height; ++i) hash = node(hash, hash);
    }

    /// The node above 2^k nodes of one level, all of them given.
    function fold(bytes32[] calldata children) internal view returns (bytes32) {
        uint256 width = children.length;
        if (width == 0 || width & (width - 1) != 0) revert NotAPowerOfTwo(width);
        if (width == 1) return children[0];
        width /= 2;
        bytes32[] memory level = new bytes32[](width);
        for (uint256 i; i < width; ++i) level[i] = node(children[2 * i], children[2 * i + 1]);
        while (width > 1) {
            width /= 2;
            for (uint256 i; i < width; ++i) level[i] = node(level[2 * i], level[2 * i + 1]);
        }
        return level[0];
    }

    /// The top of the tree over `count` leaves, of which `hashes` stand at `indexes` (ascending). Siblings are taken
    /// from `cursor` on, level by level from the leaves up and from left to right; those of absent subtrees are not
    /// given. Both arrays in memory have one length and are used up.
    function climb(
        uint256[] memory indexes,
        bytes32[] memory hashes,
        uint256 count,
        bytes32[] calldata siblings,
        uint256 cursor
    ) internal view returns (bytes32 top, uint256 next) {
        uint256 present = indexes.length;
        if (present == 0) revert NothingOpened();
        for (uint256 i = 1; i < present; ++i) {
            if (indexes[i] <= indexes[i - 1]) revert IndexOutOfOrder(indexes[i]);
        }
        if (indexes[present - 1] >= count) revert IndexOutOfRange(indexes[present - 1], count);
        // SAFETY: a level has fewer indexes than the one below it, and at least one.
        unchecked {
            for (uint256 height; count > 1; ++height) {
                (present, cursor) = _rise(indexes, hashes, present, count, height, siblings, cursor);
                count = (count + 1) >> 1;
            }
        }
        return (hashes[0], cursor);
    }

    /// The top of the tree over a byte string of `length` bytes, of which some chunks are given. Reverts unless each
    /// chunk has its length and every sibling is used.
    function topOf(Chunks calldata chunks, uint256 length) internal view returns (bytes32 top) {
        uint256 count = chunkCount(length);
        uint256 opened = chunks.indexes.length;
        uint256[] memory indexes = new uint256[](opened);
        bytes32[] memory hashes = new bytes32[](opened);
        uint256 offset;
        for (uint256 i; i < opened; ++i) {
            uint256 index = chunks.indexes[i];
            if (index >= count) revert IndexOutOfRange(index, count);
            uint256 end = offset + (index + 1 == count ? length - index * CHUNK : CHUNK);
            if (end > chunks.data.length) revert WrongDataLength(chunks.data.length, end);
            (indexes[i], hashes[i]) = (index, leaf(chunks.data[offset:end]));
            offset = end;
        }
        if (offset != chunks.data.length) revert WrongDataLength(chunks.data.length, offset);
        uint256 used;
        (top, used) = climb(indexes, hashes, count, chunks.siblings, 0);
        requireUsed(chunks.siblings, used);
    }

    function requireUsed(bytes32[] calldata siblings, uint256 used) internal pure {
        if (used != siblings.length) revert WrongSiblingCount(siblings.length, used);
    }

    /// The level above the first `present` nodes of a level of `count`, in their place. Absent nodes are seldom needed,
    /// and computed where they are.
    function _rise(
        uint256[] memory indexes,
        bytes32[] memory hashes,
        uint256 present,
        uint256 count,
        uint256 height,
        bytes32[] calldata siblings,
        uint256 cursor
    ) private view returns (uint256 kept, uint256 next) {
        next = cursor;
        // SAFETY: indexes are below `count`, and places in both arrays below `present`, which is at most their length.
        unchecked {
            for (uint256 i; i < present; ++i) {
                uint256 index = indexes.unsafeMemoryAccess(i);
                bytes32 hash = hashes.unsafeMemoryAccess(i);
                if (index & 1 == 1) {
                    hash = node(_sibling(siblings, next++), hash);
                } else if (i + 1 < present && indexes.unsafeMemoryAccess(i + 1) == index + 1) {
                    hash = node(hash, hashes.unsafeMemoryAccess(++i));
                } else {
                    hash = node(hash, index + 1 < count ? _sibling(siblings, next++) : absent(height));
                }
                _put(indexes, hashes, kept, index >> 1, hash);
                ++kept;
            }
        }
    }

    /// Sets what stands at one place of both arrays.
    function _put(uint256[] memory indexes, bytes32[] memory hashes, uint256 place, uint256 index, bytes32 hash)
        private
        pure
    {
        // SAFETY: the place lies within both arrays.
        assembly ("memory-safe") {
            let offset := add(shl(5, place), 32)
            mstore(add(indexes, offset), index)
            mstore(add(hashes, offset), hash)
        }
    }

    function _sibling(bytes32[] calldata siblings, uint256 index) private pure returns (bytes32 found) {
        if (index >= siblings.length) revert WrongSiblingCount(siblings.length, index + 1);
        assembly ("memory-safe") {
            found := calldataload(add(siblings.offset, shl(5, index)))
        }
    }
}
