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
        _requireAscending(indexes, count);
        uint256 place = _placeOf(siblings, cursor);
        uint256 used;
        (used, top) = _single(indexes, hashes, count, place);
        // SAFETY: siblings are few.
        unchecked {
            next = cursor + used;
        }
        if (next > siblings.length) revert WrongSiblingCount(siblings.length, next);
    }

    /// Both halves of a climb: to the first single node, and from there to the top.
    function _single(uint256[] memory indexes, bytes32[] memory hashes, uint256 count, uint256 place)
        private
        view
        returns (uint256 used, bytes32 top)
    {
        uint256 height;
        uint256 left;
        (height, left, used) = _rise(indexes, hashes, count, place);
        uint256 more;
        // SAFETY: siblings are few.
        unchecked {
            (top, more) = _path(
                indexes.unsafeMemoryAccess(0), hashes.unsafeMemoryAccess(0), height, left, place + 32 * used
            );
            used += more;
        }
    }

    /// Indexes ascend, and stay below the number of leaves.
    function _requireAscending(uint256[] memory indexes, uint256 count) private pure {
        uint256 present = indexes.length;
        if (present == 0) revert NothingOpened();
        uint256 last = indexes[0];
        // SAFETY: `i` is below `present`.
        unchecked {
            for (uint256 i = 1; i < present; ++i) {
                uint256 index = indexes.unsafeMemoryAccess(i);
                if (index <= last) revert IndexOutOfOrder(index);
                last = index;
            }
        }
        if (last >= count) revert IndexOutOfRange(last, count);
    }

    /// The top of the tree over a byte string of `length` bytes, of which some chunks are given. Reverts unless each
    /// chunk has its length and every sibling is used.
    function topOf(Chunks calldata chunks, uint256 length) internal view returns (bytes32 top) {
        uint32[] calldata given = chunks.indexes;
        bytes calldata data = chunks.data;
        uint256 count = chunkCount(length);
        uint256[] memory indexes = new uint256[](given.length);
        bytes32[] memory hashes = new bytes32[](given.length);
        uint256 offset;
        // SAFETY: an index is below `count`, and sizes of values and constants are below 2^100.
        unchecked {
            for (uint256 i; i < given.length; ++i) {
                uint256 index = given[i];
                if (index >= count) revert IndexOutOfRange(index, count);
                uint256 end = offset + (index + 1 == count ? length - index * CHUNK : CHUNK);
                if (end > data.length) revert WrongDataLength(data.length, end);
                bytes32 hash = leaf(data[offset:end]);
                assembly ("memory-safe") {
                    let place := add(shl(5, i), 32)
                    mstore(add(indexes, place), index)
                    mstore(add(hashes, place), hash)
                }
                offset = end;
            }
        }
        if (offset != data.length) revert WrongDataLength(data.length, offset);
        uint256 used;
        (top, used) = climb(indexes, hashes, count, chunks.siblings, 0);
        requireUsed(chunks.siblings, used);
    }

    function requireUsed(bytes32[] calldata siblings, uint256 used) internal pure {
        if (used != siblings.length) revert WrongSiblingCount(siblings.length, used);
    }

    /// Rises in place until one node is left, which is then the first: at which height, and of how many. Returns as well
    /// how many siblings it took from calldata at `place` on, be they there or not.
    function _rise(uint256[] memory indexes, bytes32[] memory hashes, uint256 count, uint256 place)
        private
        view
        returns (uint256 height, uint256 left, uint256 used)
    {
        left = count;
        // SAFETY: a level has at most as many nodes as the one below it, so none is overwritten before it is read.
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            mstore8(buffer, 1)
            let end := shl(5, mload(indexes))
            indexes := add(indexes, 32)
            hashes := add(hashes, 32)
            let empty := 0
            used := place
            for {} gt(end, 32) { height := add(height, 1) } {
                let kept := 0
                for { let i := 0 } lt(i, end) {} {
                    let index := mload(add(indexes, i))
                    let odd := shl(5, and(index, 1))
                    mstore(add(add(buffer, 1), odd), mload(add(hashes, i)))
                    odd := sub(add(buffer, 33), odd)
                    i := add(i, 32)
                    index := xor(index, 1)
                    switch and(lt(i, end), eq(mload(add(indexes, i)), index))
                    case 0 {
                        switch lt(index, left)
                        case 0 { mstore(odd, empty) }
                        default {
                            mstore(odd, calldataload(used))
                            used := add(used, 32)
                        }
                    }
                    default {
                        mstore(odd, mload(add(hashes, i)))
                        i := add(i, 32)
                    }
                    if iszero(staticcall(gas(), 2, buffer, 65, add(hashes, kept), 32)) { revert(0, 0) }
                    mstore(add(indexes, kept), shr(1, index))
                    kept := add(kept, 32)
                }
                end := kept
                left := shr(1, add(left, 1))
                mstore(add(buffer, 1), empty)
                mstore(add(buffer, 33), empty)
                if iszero(staticcall(gas(), 2, buffer, 65, 0, 32)) { revert(0, 0) }
                empty := mload(0)
            }
            used := shr(5, sub(used, place))
        }
    }

    /// The top above one node at `height`, of which there are `count`, and how many siblings it took as `_rise` does.
    /// Absent nodes are seldom needed, and computed where they are.
    function _path(uint256 index, bytes32 hash, uint256 height, uint256 count, uint256 place)
        private
        view
        returns (bytes32 top, uint256 used)
    {
        used = place;
        bytes32 sibling;
        uint256 buffer;
        assembly ("memory-safe") {
            buffer := add(mload(0x40), 1)
            mstore8(sub(buffer, 1), 1)
            top := hash
        }
        // SAFETY: counts are below 2^100.
        unchecked {
            for (; count > 1; ++height) {
                if (index ^ 1 < count) {
                    assembly ("memory-safe") {
                        sibling := calldataload(used)
                        used := add(used, 32)
                    }
                } else {
                    sibling = absent(height);
                }
                assembly ("memory-safe") {
                    let odd := shl(5, and(index, 1))
                    mstore(add(buffer, odd), top)
                    mstore(sub(add(buffer, 32), odd), sibling)
                    if iszero(staticcall(gas(), 2, sub(buffer, 1), 65, 0, 32)) { revert(0, 0) }
                    top := mload(0)
                }
                index >>= 1;
                count = (count + 1) >> 1;
            }
            used = (used - place) >> 5;
        }
    }

    /// Where in calldata an element of an array stands.
    function _placeOf(bytes32[] calldata array, uint256 index) private pure returns (uint256 place) {
        assembly ("memory-safe") {
            place := add(array.offset, shl(5, index))
        }
    }
}
