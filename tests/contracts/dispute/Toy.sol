// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Trees} from "./Trees.sol";

/// A party's execution of a job: what it says of every value, and the bytes that it gives out.
struct Execution {
    /// Positions of each sequence.
    uint32[] lengths;
    /// By sequence and value: int32, little-endian. In a causal program the values of a position stand behind those of
    /// the position before, as many as `CausalToy.PLACES`.
    bytes[][] values;
    bytes output;
    /// A leaf that stands behind the last one of some tree, where every right tree is empty.
    bytes32 extra;
    Where where;
    /// Of `CausalToy`, and tokens of each prompt.
    bool causal;
    uint32[] prompts;
}

/// The tree that has an extra leaf: over the sequences, over the values of the second, over the chunks of one of these,
/// or over the chunks of the output; in a causal program also over the positions of the second sequence.
enum Where {
    None,
    Sequences,
    Values,
    Chunks,
    Output,
    Positions
}

/// A program of a dozen sums:
///
///   0 tokens | 1 embed_tokens | 2..7 add(previous, 1) | 8 column_mean(7) | 9 add(7, 1) | 10..14 add(previous, 1)
///
/// All values are one wide with a row for each position, but for the mean, which is one number. The output is value 14:
/// thirteen times the embedding, since value k is k times it up to 7, and k - 1 times from 9 on.
library Toy {
    uint256 internal constant OPERATORS = 14;
    uint256 internal constant EMBEDDING = 1;
    uint256 internal constant MEAN = 8;
    uint256 internal constant OUTPUT = 14;
    uint256 internal constant MOST_POSITIONS = 1000;
    uint256 private constant EMBED_TOKENS = 1;
    uint256 private constant ADD = 3;
    uint256 private constant COLUMN_MEAN = 9;
    bytes32 internal constant SALT = "salt of the toy";

    // --- the program -----------------------------------------------------------------------------------------

    /// One weight for each of four tokens.
    function table() internal pure returns (bytes memory) {
        return hex"05fd0764";
    }

    /// Twice the identity, which `scale_bits` halves.
    function scale() internal pure returns (bytes memory) {
        return hex"02000000020000000200000002000000";
    }

    function records() internal pure returns (bytes memory data) {
        data = new bytes(1024 * (OPERATORS + 1));
        setWord(data, 0, 0, uint256(bytes32("touchstone-program/1")));
        setWord(data, 0, 2, 1);
        setWord(data, 0, 3, MOST_POSITIONS);
        setWord(data, 0, 4, OPERATORS);
        setWord(data, 0, 5, OUTPUT);
        for (uint256 value = 1; value <= OPERATORS; ++value) _record(data, value);
    }

    function _record(bytes memory data, uint256 value) private pure {
        (uint256 x, uint256 y) = operands(value);
        bool embeds = value == EMBEDDING;
        setWord(data, value, 0, embeds ? EMBED_TOKENS : value == MEAN ? COLUMN_MEAN : ADD);
        setWord(data, value, 1, x);
        if (value != MEAN) setWord(data, value, 2, y);
        if (value != MEAN) setWord(data, value, 13, 1);
        setWord(data, value, 14, 1);
        setWord(data, value, 15, 1);
        if (!embeds) return;
        setWord(data, value, 5, 1);
        setWord(data, value, 16, (2 << 96) | (1 << 64) | (4 << 32) | 1);
        setWord(data, value, 17, uint256(Trees.rootOf(table())));
        setWord(data, value, 18, (1 << 96) | (4 << 64) | (4 << 32));
        setWord(data, value, 19, uint256(Trees.rootOf(scale())));
    }

    function setWord(bytes memory data, uint256 record, uint256 index, uint256 to) internal pure {
        assembly ("memory-safe") {
            mstore(add(add(data, 32), add(mul(record, 1024), mul(index, 32))), to)
        }
    }

    /// The same twice for an operator of one operand.
    function operands(uint256 value) internal pure returns (uint256 x, uint256 y) {
        if (value == EMBEDDING) return (0, 0);
        if (value == MEAN) return (7, 7);
        return (value == 9 ? 7 : value - 1, 1);
    }

    // --- an execution ----------------------------------------------------------------------------------------

    /// The token at a place: as good as any.
    function token(uint256 sequence, uint256 position) internal pure returns (uint256) {
        return (3 * sequence + position + position / 7) % 4;
    }

    function weight(uint256 sequence, uint256 position) internal pure returns (int256) {
        return int256(int8(uint8(table()[token(sequence, position)])));
    }

    function honest(uint32[] memory lengths) internal pure returns (Execution memory e) {
        e.lengths = lengths;
        e.values = new bytes[][](lengths.length);
        for (uint256 s; s < lengths.length; ++s) e.values[s] = _values(s, lengths[s]);
        e.output = output(e);
    }

    function _values(uint256 sequence, uint256 length) private pure returns (bytes[] memory values) {
        values = new bytes[](OPERATORS + 1);
        for (uint256 v; v <= OPERATORS; ++v) values[v] = new bytes(v == MEAN ? 4 : 4 * length);
        int256 sum;
        for (uint256 t; t < length; ++t) {
            int256 x = weight(sequence, t);
            sum += 7 * x;
            set(values[0], t, int256(token(sequence, t)));
            for (uint256 v = 1; v <= OPERATORS; ++v) {
                if (v != MEAN) set(values[v], t, int256(v > MEAN ? v - 1 : v) * x);
            }
        }
        set(values[MEAN], 0, mean(sum, int256(length)));
    }

    /// floor(sum / count + 1/2).
    function mean(int256 sum, int256 count) internal pure returns (int256 quotient) {
        int256 numerator = 2 * sum + count;
        quotient = numerator / (2 * count);
        if (numerator % (2 * count) < 0) --quotient;
    }

    function input(uint32[] memory lengths) internal pure returns (bytes memory data) {
        bytes[] memory values = new bytes[](lengths.length);
        for (uint256 s; s < lengths.length; ++s) {
            values[s] = new bytes(4 * lengths[s]);
            for (uint256 t; t < lengths[s]; ++t) set(values[s], t, int256(token(s, t)));
        }
        return payload(lengths, values);
    }

    /// The bytes that an execution's last value makes.
    function output(Execution memory e) internal pure returns (bytes memory data) {
        bytes[] memory values = new bytes[](e.lengths.length);
        for (uint256 s; s < values.length; ++s) values[s] = e.values[s][OUTPUT];
        return payload(e.lengths, values);
    }

    function payload(uint32[] memory lengths, bytes[] memory values) internal pure returns (bytes memory data) {
        bytes memory header = new bytes(4 + 4 * lengths.length);
        set(header, 0, int256(lengths.length));
        for (uint256 s; s < lengths.length; ++s) set(header, 1 + s, int256(uint256(lengths[s])));
        data = bytes.concat("TSP1", header);
        for (uint256 s; s < values.length; ++s) data = bytes.concat(data, values[s]);
    }

    // --- lies ------------------------------------------------------------------------------------------------

    /// An execution in which one element differs, and so the end of the output.
    function wrongAt(uint32[] memory lengths, uint256 sequence, uint256 value, uint256 element)
        internal
        pure
        returns (Execution memory e)
    {
        e = honest(lengths);
        lie(e, sequence, value, element, 1);
    }

    /// One element more wrong, and the end of the output made to differ as well.
    function lie(Execution memory e, uint256 sequence, uint256 value, uint256 element, int256 by) internal pure {
        bytes memory data = e.values[sequence][value];
        set(data, element, get(data, element) + by);
        uint256 last = e.lengths.length - 1;
        data = e.values[last][OUTPUT];
        set(data, e.lengths[last] - 1, get(data, e.lengths[last] - 1) + 1000 * by);
        e.output = output(e);
    }

    /// The right values, and one four-byte word of the output changed.
    function wrongOutput(uint32[] memory lengths, uint256 word) internal pure returns (Execution memory e) {
        e = honest(lengths);
        set(e.output, word, get(e.output, word) + 1);
    }

    /// A leaf that nobody asked for, behind the end of some tree.
    function beyond(uint32[] memory lengths, Where where) internal pure returns (Execution memory e) {
        e = honest(lengths);
        (e.extra, e.where) = ("junk", where);
        if (where != Where.Output) set(e.output, e.output.length / 4 - 1, 4242);
    }

    // --- numbers ---------------------------------------------------------------------------------------------

    /// The little-endian int32 at a place.
    function get(bytes memory data, uint256 index) internal pure returns (int256 found) {
        for (uint256 i = 4; i != 0; --i) found = (found << 8) | int256(uint256(uint8(data[4 * index + i - 1])));
        return int256(int32(uint32(uint256(found))));
    }

    function set(bytes memory data, uint256 index, int256 to) internal pure {
        assembly ("memory-safe") {
            let place := add(add(data, 32), mul(4, index))
            mstore8(place, to)
            mstore8(add(place, 1), shr(8, to))
            mstore8(add(place, 2), shr(16, to))
            mstore8(add(place, 3), shr(24, to))
        }
    }
}
