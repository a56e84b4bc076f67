// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Constants} from "../Constants.sol";
import {Evidence} from "../Evidence.sol";
import {Numbers} from "../Numbers.sol";
import {Records, Step} from "../Records.sol";
import {Runs} from "../Runs.sol";
import {Values} from "../Values.sol";

/// Attention that looks back, and rotary positions (docs/arithmetic.md, "Causal programs").
library Causal {
    using Records for Step;

    int256 private constant FRACTION_BITS = 16;
    int256 private constant ROTATION_BITS = 20;
    int256 private constant ONE = 1 << 15;

    error OddRow(uint256 width, uint256 angles);

    /// The key that a score belongs to: the leaves of its row and of its peak, the group that is read of them, the
    /// width of a row.
    struct Key {
        uint256 rows;
        uint256 peaks;
        uint256 group;
        uint256 width;
    }

    function rotated(Step memory s, Evidence memory evidence) internal pure returns (int256) {
        (, uint256 half) = s.extents(0, 2, 4);
        if (s.width != 2 * half) revert OddRow(s.width, half);
        uint256 column = s.element % s.width;
        uint256 angle = s.position * half + column % half;
        int256 cosine = Constants.int32At(evidence, 0, angle);
        int256 sine = Constants.int32At(evidence, 1, angle);
        uint256 place = s.row * s.width + column % half;
        int256 first = Values.element(evidence, s.operand(0), place);
        int256 second = Values.element(evidence, s.operand(0), place + half);
        int256 turned = column < half ? first * cosine - second * sine : second * cosine + first * sine;
        return Numbers.sat(Numbers.roundShift(turned, ROTATION_BITS));
    }

    function scores(Step memory s, Evidence memory evidence, uint256 from, uint256 to)
        internal
        pure
        returns (int256)
    {
        Key memory key = _key(s, evidence);
        (int256 shift, int256 keyShift) = _shifts(s, evidence, key);
        uint256 q = Values.run(evidence, s.operand(0), s.row * key.width + from, to - from);
        uint256 k = Values.run(evidence, key.rows, key.group * key.width + from, to - from);
        // SAFETY: bits are at most 14.
        return Runs.products(
            q,
            k,
            to - from,
            Runs.narrowing(shift, uint256(s.rowBits())),
            Runs.narrowing(keyShift, uint256(_keyBits(s)))
        );
    }

    function finishScores(Step memory s, Evidence memory evidence, int256 total) internal pure returns (int256) {
        (int256 shift, int256 keyShift) = _shifts(s, evidence, _key(s, evidence));
        int256 factor = s.attribute(2, 0, 1 << 16);
        int256 right = FRACTION_BITS + s.attribute(3, 16, 30) - shift - keyShift;
        return Numbers.sat(Numbers.roundShift(total * factor, right));
    }

    function mix(Step memory s, Evidence memory evidence, uint256 from, uint256 to)
        internal
        pure
        returns (int256 total)
    {
        uint256 group = s.historyGroup(evidence.records);
        uint256 place = group * s.width + s.element % s.width;
        uint256 weights = s.operand(0);
        int256 bits = s.rowBits();
        for (uint256 u = from; u < to; ++u) {
            int256 weight = Numbers.clamp(Values.element(evidence, weights, s.row * s.length + u), 0, ONE);
            int256 shift = Numbers.down(Values.element(evidence, s.operandAt(3, u), group), bits);
            // SAFETY: bits are at most 14, and shifts at most 27.
            int256 x = Numbers.narrow(Values.element(evidence, s.operandAt(2, u), place), shift, uint256(bits));
            total += weight * (x << uint256(shift));
        }
    }

    function finishMix(Step memory s, Evidence memory evidence, int256 total) internal pure returns (int256) {
        return Numbers.sat(Numbers.roundDiv(total, Values.element(evidence, s.operand(1), s.row)));
    }

    function _key(Step memory s, Evidence memory evidence) private pure returns (Key memory key) {
        uint256 position = s.element % s.width;
        (, key.width) = s.historyShape(evidence.records);
        key.group = s.historyGroup(evidence.records);
        (key.rows, key.peaks) = (s.operandAt(2, position), s.operandAt(3, position));
    }

    /// The shifts of the query's and of the key's row.
    function _shifts(Step memory s, Evidence memory evidence, Key memory key)
        private
        pure
        returns (int256 shift, int256 keyShift)
    {
        shift = Numbers.down(Values.element(evidence, s.operand(1), s.row), s.rowBits());
        keyShift = Numbers.down(Values.element(evidence, key.peaks, key.group), _keyBits(s));
    }

    function _keyBits(Step memory s) private pure returns (int256) {
        return s.attribute(1, 4, 14);
    }
}
