// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Places} from "../referee/Places.sol";
import {Chunks, Openings} from "../transcript/Openings.sol";
import {InputKinds} from "./InputKinds.sol";

/// What a model and an order allow an input to ask for.
struct Bounds {
    /// What the program reads, and elements of each of its rows.
    uint256 kind;
    uint256 width;
    /// Positions of a sequence, and of all together.
    uint256 most;
    uint256 paid;
}

/// Whether an input keeps every rule, and the shape that follows: twin of `read_input` and `positions_in` in
/// `touchstone/protocol/inputs.py`, of `touchstone.protocol.payload` and `touchstone.protocol.generation`.
///
///   payload = "TSP1" | count: u32 | length of each: u32 x count | values: i32 x sum of lengths, all little-endian
///
/// Of prompts the first sequence holds five settings each: tokens to write | four that stand in every order.
library InputRules {
    using Openings for Chunks;

    uint256 internal constant HEADER = 8;
    uint256 internal constant MOST_BYTES = 8 << 20;
    uint256 internal constant MOST_SEQUENCES = 4096;
    bytes4 internal constant MAGIC = "TSP1";

    error ChunkMissing(uint256 index);

    /// Positions of each sequence of the transcript, and tokens of each prompt, two bytes each; none where the input,
    /// of `size` bytes, breaks a rule.
    function read(uint256 size, Chunks memory input, Bounds memory bounds)
        internal
        pure
        returns (bytes memory positions, bytes memory prompts)
    {
        (bool good, uint256 lengths, uint256 count) = _header(size, input);
        if (!good || bounds.width == 0 || bounds.kind > InputKinds.PROMPT) return ("", "");
        if (bounds.kind == InputKinds.PROMPT) return _prompts(input, lengths, count, bounds);
        return (_sequences(lengths, count, bounds), "");
    }

    /// Where in memory the lengths lie, and how many there are. They are those of as many bytes as there are.
    function _header(uint256 size, Chunks memory input)
        private
        pure
        returns (bool good, uint256 lengths, uint256 count)
    {
        if (size > MOST_BYTES || size < HEADER) return (false, 0, 0);
        uint256 place = found(input, 0, HEADER);
        if (bytes4(bytes32(Places.word(place))) != MAGIC) return (false, 0, 0);
        count = _u32(place + 4);
        uint256 end = HEADER + 4 * count;
        if (count == 0 || count > MOST_SEQUENCES || size < end) return (false, 0, 0);
        lengths = found(input, 0, end) + HEADER;
        for (uint256 i; i < count; ++i) end += 4 * _u32(lengths + 4 * i);
        good = size == end;
    }

    function _sequences(uint256 lengths, uint256 count, Bounds memory bounds)
        private
        pure
        returns (bytes memory positions)
    {
        positions = new bytes(2 * count);
        uint256 total;
        for (uint256 i; i < count; ++i) {
            uint256 length = _u32(lengths + 4 * i);
            if (length % bounds.width != 0) return "";
            length /= bounds.width;
            if (length == 0 || length > bounds.most) return "";
            total += length;
            _set(positions, i, length);
        }
        if (total > bounds.paid) return "";
    }

    /// The program reads a prompt, and all that it writes but the last.
    function _prompts(Chunks memory input, uint256 lengths, uint256 count, Bounds memory bounds)
        private
        pure
        returns (bytes memory positions, bytes memory prompts)
    {
        uint256 settings = InputKinds.SETTINGS * (count - 1);
        if (settings == 0 || _u32(lengths) != settings) return ("", "");
        uint256 place = found(input, HEADER + 4 * count, 4 * settings);
        (positions, prompts) = (new bytes(2 * (count - 1)), new bytes(2 * (count - 1)));
        uint256 total;
        for (uint256 i; i < count - 1; ++i) {
            uint256 given = _u32(lengths + 4 * (i + 1));
            int256 written = Places.int32At(place + 4 * InputKinds.SETTINGS * i);
            // SAFETY: a length has 32 bits.
            if (given == 0 || written < 1 || given + uint256(written) - 1 > bounds.most) return ("", "");
            uint256 length = given + uint256(written) - 1;
            total += length;
            _set(positions, i, length);
            _set(prompts, i, given);
        }
        if (total > bounds.paid) return ("", "");
    }

    /// SAFETY of two bytes: a program's greatest length is below 2^15 (touchstone.programs.validate).
    function _set(bytes memory lengths, uint256 index, uint256 length) private pure {
        (lengths[2 * index], lengths[2 * index + 1]) = (bytes1(uint8(length >> 8)), bytes1(uint8(length)));
    }

    /// The place of bytes of the input.
    function found(Chunks memory input, uint256 first, uint256 count) internal pure returns (uint256 place) {
        uint256 missing;
        (place, missing) = input.find(first, count);
        if (missing != Openings.NONE) revert ChunkMissing(missing);
    }

    function _u32(uint256 place) private pure returns (uint256) {
        return uint32(uint256(Places.int32At(place)));
    }
}
