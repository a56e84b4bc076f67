// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Unchecked} from "./Unchecked.sol";

/// Nodes beside a path, which a multiproof needs: where in calldata they begin, and in the lowest 16 bits how many
/// there are.
type Siblings is uint256;

using SiblingsLib for Siblings global;

library SiblingsLib {
    function from(uint256 first, uint16 number) internal pure returns (Siblings) {
        return Siblings.wrap((first << 16) | number);
    }

    function place(Siblings siblings) internal pure returns (uint256) {
        return Siblings.unwrap(siblings) >> 16;
    }

    function count(Siblings siblings) internal pure returns (uint256) {
        return uint16(Siblings.unwrap(siblings));
    }
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
    using Unchecked for uint256[];

    uint256 internal constant CHUNK = 256;

    error NothingOpened();
    error IndexOutOfOrder(uint256 index);
    error IndexOutOfRange(uint256 index, uint256 count);
    error WrongSiblingCount(uint256 given, uint256 needed);
    error NotAPowerOfTwo(uint256 count);

    function chunkCount(uint256 length) internal pure returns (uint256) {
        return (length + CHUNK - 1) / CHUNK;
    }

    /// ceil(log2(count)); zero for no leaf and for one.
    function depthOf(uint256 count) internal pure returns (uint256 depth) {
        while ((uint256(1) << depth) < count) ++depth;
    }

    // --- hashes --------------------------------------------------------------------------------------------------

    function leaf(bytes calldata chunk) internal view returns (bytes32 hash) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore8(free, 0)
            calldatacopy(add(free, 1), chunk.offset, chunk.length)
            if iszero(staticcall(gas(), 2, free, add(chunk.length, 1), 0, 32)) { revert(0, 0) }
            hash := mload(0)
        }
    }

    function node(bytes32 left, bytes32 right) internal view returns (bytes32) {
        return _hash(1, left, right);
    }

    function seal(uint256 length, bytes32 top) internal view returns (bytes32 hash) {
        // SAFETY: every length in use is far below 2^64.
        assembly ("memory-safe") {
            mstore(0, or(shl(248, 2), shl(184, length)))
            mstore(9, top)
            if iszero(staticcall(gas(), 2, 0, 41, 0, 32)) { revert(0, 0) }
            hash := mload(0)
        }
    }

    function blinded(bytes32 salt, bytes32 root) internal view returns (bytes32) {
        return _hash(3, salt, root);
    }

    function _hash(uint256 tag, bytes32 first, bytes32 second) private view returns (bytes32 hash) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore8(free, tag)
            mstore(add(free, 1), first)
            mstore(add(free, 33), second)
            if iszero(staticcall(gas(), 2, free, 65, 0, 32)) { revert(0, 0) }
            hash := mload(0)
        }
    }

    /// The top of an absent subtree `height` levels above its leaves.
    function absent(uint256 height) internal view returns (bytes32 hash) {
        for (uint256 i; i < height; ++i) hash = node(hash, hash);
    }

    // --- whole trees ---------------------------------------------------------------------------------------------

    /// The node above 2^k nodes of one level, all of them given.
    function fold(bytes32[] calldata children) internal view returns (bytes32) {
        uint256 width = children.length;
        if (width == 0 || width & (width - 1) != 0) revert NotAPowerOfTwo(width);
        bytes32[] memory level = children;
        return _above(level, width);
    }

    /// The top over all chunks of a byte string; zero for none.
    function topOf(bytes calldata data) internal view returns (bytes32) {
        uint256 count = chunkCount(data.length);
        if (count == 0) return 0;
        // An odd level is filled up.
        bytes32[] memory level = new bytes32[](count + 1);
        for (uint256 i; i < count; ++i) {
            uint256 end = (i + 1) * CHUNK;
            level[i] = leaf(data[i * CHUNK:end < data.length ? end : data.length]);
        }
        return _above(level, count);
    }

    /// The top over the first `count` nodes of a level, at least one, which are used up. There is room for one more
    /// where they are odd.
    function _above(bytes32[] memory level, uint256 count) private view returns (bytes32) {
        bytes32 empty;
        while (count > 1) {
            if (count & 1 == 1) level[count++] = empty;
            for (uint256 i; i < count; i += 2) level[i / 2] = node(level[i], level[i + 1]);
            empty = node(empty, empty);
            count /= 2;
        }
        return level[0];
    }

    // --- multiproofs ---------------------------------------------------------------------------------------------

    /// The top of the tree over `count` leaves, of which `hashes` stand at `indexes` (ascending). Siblings are taken
    /// level by level from the leaves up and from left to right; those of absent subtrees are not given. Both arrays
    /// have one length and are used up. Reverts unless every sibling is used.
    function climb(
        uint256[] memory indexes,
        bytes32[] memory hashes,
        uint256 count,
        Siblings siblings
    ) internal view returns (bytes32 top) {
        _requireAscending(indexes, count);
        uint256 used;
        (top, used) = _climb(indexes, hashes, count, siblings.place());
        requireUsed(siblings, used);
    }

    function requireUsed(Siblings siblings, uint256 used) internal pure {
        if (used != siblings.count()) revert WrongSiblingCount(siblings.count(), used);
    }

    /// Indexes ascend, and stay below the number of leaves.
    function _requireAscending(uint256[] memory indexes, uint256 count) private pure {
        uint256 present = indexes.length;
        if (present == 0) revert NothingOpened();
        uint256 last = indexes[0];
        // SAFETY: `i` is below `present`.
        unchecked {
            for (uint256 i = 1; i < present; ++i) {
                uint256 index = indexes.item(i);
                if (index <= last) revert IndexOutOfOrder(index);
                last = index;
            }
        }
        if (last >= count) revert IndexOutOfRange(last, count);
    }

    /// Both halves of a climb: in place to the first single node, and from there to the top. Returns as well how many
    /// siblings it took from calldata at `place` on, be they there or not.
    function _climb(uint256[] memory indexes, bytes32[] memory hashes, uint256 count, uint256 place)
        private
        view
        returns (bytes32 top, uint256 used)
    {
        (uint256 height, uint256 left, uint256 next) = _rise(indexes, hashes, count, place);
        (top, next) = _path(indexes.item(0), hashes[0], height, left, next);
        // SAFETY: places in calldata.
        unchecked {
            used = (next - place) / 32;
        }
    }

    /// Rises in place until one node is left, which is then the first: at which height, and of how many. Absent nodes
    /// are seldom needed, and computed where they are.
    function _rise(uint256[] memory indexes, bytes32[] memory hashes, uint256 count, uint256 place)
        private
        view
        returns (uint256 height, uint256 left, uint256 next)
    {
        (left, next) = (count, place);
        // SAFETY: a level has at most as many nodes as the one below it, so none is overwritten before it is read.
        assembly ("memory-safe") {
            function absentAt(buffer_, height_) -> hash {
                mstore8(buffer_, 1)
                for {} height_ { height_ := sub(height_, 1) } {
                    mstore(add(buffer_, 1), hash)
                    mstore(add(buffer_, 33), hash)
                    if iszero(staticcall(gas(), 2, buffer_, 65, 0, 32)) { revert(0, 0) }
                    hash := mload(0)
                }
            }
            let buffer := mload(0x40)
            mstore8(buffer, 1)
            let end := shl(5, mload(indexes))
            indexes := add(indexes, 32)
            hashes := add(hashes, 32)
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
                        case 0 { mstore(odd, absentAt(add(buffer, 96), height)) }
                        default {
                            mstore(odd, calldataload(next))
                            next := add(next, 32)
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
            }
        }
    }

    /// The top above one node at `height`, of which there are `count`, and where in calldata the siblings end that it
    /// took.
    function _path(uint256 index, bytes32 hash, uint256 height, uint256 count, uint256 place)
        private
        view
        returns (bytes32 top, uint256 next)
    {
        (top, next) = (hash, place);
        uint256 buffer;
        assembly ("memory-safe") {
            buffer := add(mload(0x40), 1)
            mstore8(sub(buffer, 1), 1)
        }
        // SAFETY: counts are below 2^100.
        unchecked {
            for (uint256 last = count - 1; last != 0; last >>= 1) {
                bytes32 sibling;
                if (index ^ 1 > last) {
                    sibling = absent(height);
                } else {
                    assembly ("memory-safe") {
                        sibling := calldataload(next)
                        next := add(next, 32)
                    }
                }
                assembly ("memory-safe") {
                    let odd := shl(5, and(index, 1))
                    mstore(add(buffer, odd), top)
                    mstore(sub(add(buffer, 32), odd), sibling)
                    if iszero(staticcall(gas(), 2, sub(buffer, 1), 65, 0, 32)) { revert(0, 0) }
                    top := mload(0)
                }
                index >>= 1;
                ++height;
            }
        }
    }
}
