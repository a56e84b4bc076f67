// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Siblings, SiblingsLib, Tree} from "./Tree.sol";
import {Unchecked} from "./Unchecked.sol";

/// Some chunks of one byte string that were opened, with what shows them under its top.
struct Chunks {
    /// Which chunks, ascending, and the hash of each, which `topOf` uses up.
    uint256[] indexes;
    bytes32[] leaves;
    /// Where in memory their bytes begin, one chunk after the other, and how many these are.
    uint256 place;
    uint256 size;
    Siblings siblings;
}

/// Openings as calls bring them, far denser than the ABI has them: a byte of calldata that is not zero costs 40 gas
/// where calldata decides. Twin of `touchstone.transcripts.openings`; numbers are big-endian.
///
///   opening  = runs: u8 | (first: u32 | count: u8) x runs | chunk for each index of all runs | siblings
///   siblings = count: u16 | 32 bytes x count
///   chunk    = 0 | 256 bytes
///            | 1 | (length: u8 | bytes) x 8: words of 32 bytes, less the zeros that they begin with
///            | 2 | length: u8 | bytes: the last chunk of its string
///
/// Every opening has one meaning, and what it says is hashed before it is used: how it is written proves nothing.
library Openings {
    using Unchecked for uint256[];

    uint256 private constant RUN = 5;
    uint256 private constant RAW = 0;
    uint256 private constant WORDS = 1;
    uint256 private constant SHORT = 2;

    /// No chunk is missing.
    uint256 internal constant NONE = type(uint256).max;

    error OpeningCut(uint256 missing);
    error OpeningTooLong(uint256 left);
    error UnknownForm(uint256 form);
    error WordTooLong(uint256 length);
    error ShortChunk(uint256 index);
    error WrongDataLength(uint256 given, uint256 needed);

    // --- reading -------------------------------------------------------------------------------------------------

    /// An opening that stands alone.
    function read(bytes calldata opening) internal view returns (Chunks memory chunks) {
        (uint256 from, uint256 end) = bounds(opening);
        (chunks, from) = next(from, end);
        requireEnd(from, end);
    }

    /// Where in calldata bytes begin and end.
    function bounds(bytes calldata data) internal pure returns (uint256 from, uint256 end) {
        assembly ("memory-safe") {
            from := data.offset
            end := add(from, data.length)
        }
    }

    function requireEnd(uint256 from, uint256 end) internal pure {
        if (from != end) revert OpeningTooLong(end - from);
    }

    /// The opening at a place in calldata, and where it ends, which is not beyond `end`.
    function next(uint256 from, uint256 end) internal view returns (Chunks memory chunks, uint256 to) {
        (chunks.indexes, to) = _indexes(from, end);
        if (chunks.indexes.length != 0) to = _chunks(chunks, to, end);
        (chunks.siblings, to) = siblings(to, end);
    }

    function siblings(uint256 from, uint256 end) internal pure returns (Siblings found, uint256 to) {
        uint256 count;
        (count, from) = number(from, end, 2);
        // SAFETY: two bytes, and a place in calldata.
        unchecked {
            to = _within(from + 32 * count, end);
            found = SiblingsLib.from(from, uint16(count));
        }
    }

    /// A number of some bytes.
    function number(uint256 from, uint256 end, uint256 size) internal pure returns (uint256 found, uint256 to) {
        // SAFETY: a place in calldata.
        unchecked {
            to = _within(from + size, end);
        }
        assembly ("memory-safe") {
            found := shr(sub(256, shl(3, size)), calldataload(from))
        }
    }

    function _within(uint256 to, uint256 end) private pure returns (uint256) {
        // SAFETY: `to` is beyond `end`.
        unchecked {
            if (to > end) revert OpeningCut(to - end);
        }
        return to;
    }

    function _indexes(uint256 from, uint256 end) private pure returns (uint256[] memory indexes, uint256 to) {
        uint256 runs;
        (runs, from) = number(from, end, 1);
        // SAFETY: a place in calldata.
        unchecked {
            to = _within(from + RUN * runs, end);
        }
        assembly ("memory-safe") {
            indexes := mload(0x40)
            let slot := add(indexes, 32)
            for {} lt(from, to) { from := add(from, RUN) } {
                let run := calldataload(from)
                let index := shr(224, run)
                for { let last := add(index, byte(4, run)) } lt(index, last) { index := add(index, 1) } {
                    mstore(slot, index)
                    slot := add(slot, 32)
                }
            }
            mstore(indexes, sub(shr(5, sub(slot, indexes)), 1))
            mstore(0x40, slot)
        }
    }

    /// The chunks themselves, and their hashes.
    function _chunks(Chunks memory chunks, uint256 from, uint256 end) private view returns (uint256) {
        uint256 count = chunks.indexes.length;
        uint256 place;
        uint256 slot;
        assembly ("memory-safe") {
            let leaves := mload(0x40)
            mstore(leaves, count)
            mstore(add(chunks, 32), leaves)
            slot := add(leaves, 32)
            // A word before the first chunk, and room for all to be whole.
            place := add(slot, add(32, shl(5, count)))
            mstore(0x40, add(place, shl(8, count)))
        }
        chunks.place = place;
        uint256 size = Tree.CHUNK;
        // SAFETY: places in calldata and in memory, which are below 2^64.
        unchecked {
            for (uint256 i; i < count; ++i) {
                if (size != Tree.CHUNK) revert ShortChunk(chunks.indexes[i - 1]);
                (from, size) = _chunk(from, place);
                _within(from, end);
                _leaf(place, size, slot);
                (place, slot) = (place + size, slot + 32);
            }
            chunks.size = place - chunks.place;
        }
        return from;
    }

    /// Writes a chunk to memory. Returns where it ends in calldata, and how long it is.
    function _chunk(uint256 from, uint256 place) private pure returns (uint256 to, uint256 size) {
        uint256 form;
        assembly ("memory-safe") {
            form := byte(0, calldataload(from))
        }
        size = Tree.CHUNK;
        // SAFETY: places in calldata.
        unchecked {
            ++from;
            if (form == WORDS) return (_words(from, place), size);
            if (form == SHORT) {
                assembly ("memory-safe") {
                    size := byte(0, calldataload(from))
                }
                ++from;
            } else if (form != RAW) {
                revert UnknownForm(form);
            }
            assembly ("memory-safe") {
                calldatacopy(place, from, size)
            }
            to = from + size;
        }
    }

    /// Eight words without the zeros that they begin with.
    function _words(uint256 from, uint256 place) private pure returns (uint256 to) {
        uint256 longest;
        assembly ("memory-safe") {
            for { let last := add(place, 256) } lt(place, last) { place := add(place, 32) } {
                let size := byte(0, calldataload(from))
                if gt(size, longest) { longest := size }
                mstore(place, shr(sub(256, shl(3, size)), calldataload(add(from, 1))))
                from := add(from, add(size, 1))
            }
        }
        if (longest > 32) revert WordTooLong(longest);
        to = from;
    }

    /// Hashes a chunk where it lies, and leaves everything as it was.
    function _leaf(uint256 place, uint256 size, uint256 slot) private view {
        assembly ("memory-safe") {
            let before := mload(sub(place, 32))
            mstore8(sub(place, 1), 0)
            if iszero(staticcall(gas(), 2, sub(place, 1), add(size, 1), slot, 32)) { revert(0, 0) }
            mstore(sub(place, 32), before)
        }
    }

    // --- what is opened ------------------------------------------------------------------------------------------

    /// The top of the tree over a byte string of `length` bytes, of which some chunks are given. Reverts unless each
    /// chunk has its length and every sibling is used.
    function topOf(Chunks memory chunks, uint256 length) internal view returns (bytes32) {
        uint256 count = Tree.chunkCount(length);
        uint256[] memory given = chunks.indexes;
        uint256 present = given.length;
        uint256[] memory indexes = new uint256[](present);
        assembly ("memory-safe") {
            mcopy(add(indexes, 32), add(given, 32), shl(5, present))
        }
        // SAFETY: sizes are below 2^100, and an opening without chunks is refused by `climb`.
        unchecked {
            if (present != 0) {
                // All but the last of an opening are whole, and so is this one unless it ends its string.
                uint256 needed = present * Tree.CHUNK;
                if (given.item(present - 1) + 1 == count) needed -= count * Tree.CHUNK - length;
                if (chunks.size != needed) revert WrongDataLength(chunks.size, needed);
            }
        }
        return Tree.climb(indexes, chunks.leaves, count, chunks.siblings);
    }

    /// The place in memory of `count` bytes, at least one, from byte `first` on; or else the first chunk that is not
    /// opened. Chunks that follow each other lie side by side, since indexes ascend and only the very last is short.
    function find(Chunks memory chunks, uint256 first, uint256 count)
        internal
        pure
        returns (uint256 place, uint256 missing)
    {
        uint256[] memory indexes = chunks.indexes;
        // SAFETY: sizes of values and constants are below 2^100, and `low` and `middle` are below the array's length
        // where they index it.
        unchecked {
            uint256 chunk = first / Tree.CHUNK;
            uint256 low;
            uint256 high = indexes.length;
            while (low < high) {
                uint256 middle = (low + high) / 2;
                if (indexes.item(middle) < chunk) low = middle + 1;
                else high = middle;
            }
            place = low * Tree.CHUNK + first % Tree.CHUNK;
            uint256 last = (first + count - 1) / Tree.CHUNK;
            for (; chunk <= last; ++chunk) {
                if (low == indexes.length || indexes.item(low) != chunk) return (0, chunk);
                ++low;
            }
            if (place + count > chunks.size) return (0, last);
            return (chunks.place + place, NONE);
        }
    }
}
