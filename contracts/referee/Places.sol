// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Chunks, Tree} from "../transcript/Tree.sol";

/// Where opened bytes lie in calldata. A place is an absolute offset there.
library Places {
    /// No chunk is missing.
    uint256 internal constant NONE = type(uint256).max;

    /// The place of `count` bytes, at least one, from byte `first` on; or else the first chunk that is not opened.
    /// Chunks that follow each other lie side by side, since indexes ascend and only the very last chunk is short.
    function find(Chunks calldata chunks, uint256 first, uint256 count)
        internal
        pure
        returns (uint256 place, uint256 missing)
    {
        uint32[] calldata indexes = chunks.indexes;
        bytes calldata data = chunks.data;
        // SAFETY: sizes of values and constants are below 2^100, and `low` and `high` index an array.
        unchecked {
            uint256 chunk = first / Tree.CHUNK;
            uint256 low;
            uint256 high = indexes.length;
            while (low < high) {
                uint256 middle = (low + high) / 2;
                if (indexes[middle] < chunk) low = middle + 1;
                else high = middle;
            }
            uint256 end = low * Tree.CHUNK + first % Tree.CHUNK + count;
            for (uint256 last = (first + count - 1) / Tree.CHUNK; chunk <= last; ++chunk) {
                if (low == indexes.length || indexes[low] != chunk) return (0, chunk);
                ++low;
            }
            if (end > data.length) return (0, chunk - 1);
            assembly ("memory-safe") {
                place := add(data.offset, sub(end, count))
            }
            missing = NONE;
        }
    }

    /// The big-endian word at a place.
    function word(uint256 place) internal pure returns (uint256 found) {
        assembly ("memory-safe") {
            found := calldataload(place)
        }
    }

    /// The little-endian int32 at a place.
    function int32At(uint256 place) internal pure returns (int256 found) {
        assembly ("memory-safe") {
            let w := calldataload(place)
            let low := or(byte(0, w), shl(8, byte(1, w)))
            found := signextend(3, or(low, or(shl(16, byte(2, w)), shl(24, byte(3, w)))))
        }
    }

    /// The int8 at a place.
    function int8At(uint256 place) internal pure returns (int256 found) {
        assembly ("memory-safe") {
            found := signextend(0, byte(0, calldataload(place)))
        }
    }
}
