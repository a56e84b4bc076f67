// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Execution, Toy, Where} from "./Toy.sol";
import {Trees} from "./Trees.sol";

/// The sums of `Toy` as a causal program that reads prompts:
///
///   0 order | 1 embed_tokens | 2..7 add(previous, 1) | 8 join(7) | 9 add(7, 1) | 10..14 add(previous, 1)
///
/// At each position all values are one number. Behind a prompt it reads what it gave before, thirteen times the
/// embedding, which is seldom a token that it knows: those embed as zero.
library CausalToy {
    uint256 internal constant OPERATORS = Toy.OPERATORS;
    uint256 internal constant OUTPUT = Toy.OUTPUT;
    uint256 internal constant MOST_POSITIONS = 1000;
    /// Leaves that a position has in the tree over a sequence; the last one is empty.
    uint256 internal constant PLACES = 16;
    uint256 internal constant WIDTH = 6;
    uint256 private constant SETTINGS = 5;
    uint256 private constant JOIN = 20;

    // --- the program -----------------------------------------------------------------------------------------

    function records() internal pure returns (bytes memory data) {
        data = Toy.records();
        Toy.setWord(data, 0, 1, 2);
        Toy.setWord(data, 0, 2, WIDTH);
        Toy.setWord(data, 0, 6, 1);
        Toy.setWord(data, Toy.MEAN, 0, JOIN);
        Toy.setWord(data, Toy.MEAN, 13, 1);
    }

    // --- an execution ----------------------------------------------------------------------------------------

    /// An execution with so many positions and prompts of so many tokens.
    function honest(uint32[] memory lengths, uint32[] memory prompts) internal pure returns (Execution memory e) {
        (e.causal, e.lengths, e.prompts) = (true, lengths, prompts);
        e.values = new bytes[][](lengths.length);
        for (uint256 s; s < lengths.length; ++s) {
            e.values[s] = new bytes[](PLACES * lengths[s]);
            int256 emitted;
            for (uint256 t; t < lengths[s]; ++t) {
                bool wrote = t >= prompts[s];
                emitted = _position(e, s, t, wrote ? emitted : int256(Toy.token(s, t)), wrote);
            }
        }
        e.output = output(e);
    }

    /// All values at one position, which reads `token`. Returns what it emits.
    function _position(Execution memory e, uint256 s, uint256 t, int256 token, bool wrote)
        private
        pure
        returns (int256)
    {
        int256 x = weight(token);
        bytes[] memory values = e.values[s];
        values[PLACES * t] = new bytes(4 * WIDTH);
        Toy.set(values[PLACES * t], 0, token);
        Toy.set(values[PLACES * t], 1, wrote ? int256(1) : int256(0));
        for (uint256 i = 1; i < SETTINGS; ++i) Toy.set(values[PLACES * t], i + 1, setting(s, i));
        for (uint256 v = 1; v <= OPERATORS; ++v) {
            values[PLACES * t + v] = new bytes(4);
            Toy.set(values[PLACES * t + v], 0, (v >= Toy.MEAN ? int256(v) - 1 : int256(v)) * x);
        }
        return 13 * x;
    }

    function weight(int256 token) internal pure returns (int256) {
        return token < 0 || token > 3 ? int256(0) : int256(int8(uint8(Toy.table()[uint256(token)])));
    }

    /// A number of a prompt's settings, as good as any; the first is how many tokens are written.
    function setting(uint256 sequence, uint256 index) internal pure returns (int256) {
        return index == 4 ? -int256(sequence) - 44 : int256(10 * sequence + index);
    }

    function input(Execution memory e) internal pure returns (bytes memory) {
        uint256 count = e.lengths.length;
        uint32[] memory lengths = new uint32[](1 + count);
        bytes[] memory values = new bytes[](1 + count);
        lengths[0] = uint32(SETTINGS * count);
        values[0] = new bytes(4 * SETTINGS * count);
        for (uint256 s; s < count; ++s) {
            uint256 given = e.prompts[s];
            lengths[1 + s] = uint32(given);
            values[1 + s] = new bytes(4 * given);
            for (uint256 t; t < given; ++t) Toy.set(values[1 + s], t, int256(Toy.token(s, t)));
            Toy.set(values[0], SETTINGS * s, int256(e.lengths[s] - given + 1));
            for (uint256 i = 1; i < SETTINGS; ++i) Toy.set(values[0], SETTINGS * s + i, setting(s, i));
        }
        return Toy.payload(lengths, values);
    }

    /// The bytes that an execution gives out: what it emits from the last token of each prompt on.
    function output(Execution memory e) internal pure returns (bytes memory) {
        uint256 count = e.lengths.length;
        uint32[] memory lengths = new uint32[](count);
        bytes[] memory values = new bytes[](count);
        for (uint256 s; s < count; ++s) {
            lengths[s] = e.lengths[s] - e.prompts[s] + 1;
            values[s] = new bytes(4 * lengths[s]);
            for (uint256 j; j < lengths[s]; ++j) {
                bytes memory emitted = e.values[s][PLACES * (e.prompts[s] - 1 + j) + OUTPUT];
                Toy.set(values[s], j, Toy.get(emitted, 0));
            }
        }
        return Toy.payload(lengths, values);
    }

    // --- lies ------------------------------------------------------------------------------------------------

    /// One element more wrong, and what is given out last.
    function lie(Execution memory e, uint256 s, uint256 t, uint256 value, uint256 element, int256 by)
        internal
        pure
    {
        bytes memory data = e.values[s][PLACES * t + value];
        Toy.set(data, element, Toy.get(data, element) + by);
        Toy.set(e.output, e.output.length / 4 - 1, 4242 + by);
    }
}
