// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Constants} from "../Constants.sol";
import {Evidence} from "../Evidence.sol";
import {Numbers} from "../Numbers.sol";
import {Places} from "../Places.sol";
import {Records, Step} from "../Records.sol";
import {Shapes} from "../Shapes.sol";
import {Tables} from "../Tables.sol";
import {Values} from "../Values.sol";

/// From logits to the next token (docs/arithmetic.md, "Sampling"). How to sample stands in an order.
library Sampling {
    using Records for Step;

    /// Elements of an order.
    uint256 private constant TOKEN = 0;
    uint256 private constant WRITTEN = 1;
    uint256 private constant INVERSE = 2;
    uint256 private constant CUT_OFF = 3;
    uint256 private constant SEED_LOW = 4;
    uint256 private constant SEED_HIGH = 5;

    int256 private constant TEMPERATURE_BITS = 16;
    int256 private constant INVERSE_LIMIT = 1 << 24;
    uint256 private constant POSITION_BITS = 18;
    int256 private constant NO_TOKEN = -1;
    uint256 private constant STOPS_LIMIT = 64;

    error TooManyStops(uint256 count);

    function tempered(Step memory s, Evidence memory evidence) internal pure returns (int256) {
        int256 x = Values.element(evidence, s.operand(0), s.element);
        int256 inverse = _ordered(s, evidence, 1, INVERSE);
        if (inverse <= 0) return x;
        return Numbers.sat(Numbers.roundShift(x * Numbers.clamp(inverse, 0, INVERSE_LIMIT), TEMPERATURE_BITS));
    }

    function perturbed(Step memory s, Evidence memory evidence) internal pure returns (int256) {
        int256 x = Values.element(evidence, s.operand(0), s.element);
        if (_ordered(s, evidence, 2, INVERSE) <= 0) return x;
        int256 below = Values.element(evidence, s.operand(1), s.row) - x;
        if (below > _ordered(s, evidence, 2, CUT_OFF)) return type(int32).min;
        // SAFETY: the bits of int32 words; a position is below 2^32, and an element below 2^18.
        uint64 seed = uint64(uint32(int32(_ordered(s, evidence, 2, SEED_HIGH)))) << 32
            | uint32(int32(_ordered(s, evidence, 2, SEED_LOW)));
        uint64 counter = uint64((s.position << POSITION_BITS) + s.element % s.width + 1);
        return Numbers.sat(x + Tables.interpolate(s, evidence, _noiseOffset(_random(seed, counter))));
    }

    function emitted(Step memory s, Evidence memory evidence) internal pure returns (int256) {
        int256 token = Values.element(evidence, s.operand(0), s.row);
        if (_ordered(s, evidence, 1, WRITTEN) != 1) return token;
        int256 last = _ordered(s, evidence, 1, TOKEN);
        return last < 0 || _isStop(s, evidence, last) ? NO_TOKEN : token;
    }

    /// A field of the order, which is operand `index`.
    function _ordered(Step memory s, Evidence memory evidence, uint256 index, uint256 field)
        private
        pure
        returns (int256)
    {
        return Values.element(evidence, s.operand(index), s.row * Shapes.ORDER_WIDTH + field);
    }

    /// SplitMix64: Steele, Lea, Flood, Fast splittable pseudorandom number generators (2014).
    function _random(uint64 seed, uint64 counter) private pure returns (uint64 z) {
        // SAFETY: modulo 2^64, as it is defined.
        unchecked {
            z = seed + counter * 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            z ^= z >> 31;
        }
    }

    /// Where the high half of a word stands in the table of noise: 5 bits of exponent, 15 of fraction.
    function _noiseOffset(uint64 word) private pure returns (int256) {
        uint256 n = word >> 32;
        if (n == 0) n = 1;
        uint256 octave = Math.log2(n);
        // SAFETY: n is below 2^32, so its octave below 32.
        unchecked {
            uint256 fraction = ((n << (31 - octave)) & 0x7fffffff) >> 16;
            return int256(octave << 15 | fraction);
        }
    }

    function _isStop(Step memory s, Evidence memory evidence, int256 token) private pure returns (bool) {
        (uint256 count,) = s.extents(0, 1, 4);
        if (count > STOPS_LIMIT) revert TooManyStops(count);
        uint256 place = Constants.run(evidence, 0, 0, 4 * count);
        for (uint256 i; i < count; ++i) {
            if (Places.int32At(place + 4 * i) == token) return true;
        }
        return false;
    }
}
