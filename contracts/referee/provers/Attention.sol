// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Evidence} from "../Evidence.sol";
import {Numbers} from "../Numbers.sol";
import {Records, Step} from "../Records.sol";
import {Runs} from "../Runs.sol";
import {Values} from "../Values.sol";

/// Scores, the last step of a softmax, and sums of value rows (docs/arithmetic.md, "Attention").
library Attention {
    using Records for Step;

    int256 private constant FRACTION_BITS = 16;
    int256 private constant PROBABILITY_BITS = 15;
    int256 private constant ONE = 1 << 15;

    function scores(Step memory s, Evidence memory evidence, uint256 from, uint256 to)
        internal
        pure
        returns (int256)
    {
        (uint256 key, int256 shift, int256 keyShift) = _shifts(s, evidence);
        uint256 width = s.operandWidth(evidence.records);
        uint256 q = Values.run(evidence, s.operand(0), s.row * width + from, to - from);
        uint256 k = Values.run(evidence, s.operand(2), key * width + from, to - from);
        // SAFETY: row bits are at most 14.
        uint256 bits = uint256(s.rowBits());
        return Runs.products(q, k, to - from, Runs.narrowing(shift, bits), Runs.narrowing(keyShift, bits));
    }

    function finishScores(Step memory s, Evidence memory evidence, int256 total) internal pure returns (int256) {
        (, int256 shift, int256 keyShift) = _shifts(s, evidence);
        int256 factor = s.attribute(1, 0, 1 << 16);
        int256 right = FRACTION_BITS + s.attribute(2, 16, 30) - shift - keyShift;
        return Numbers.sat(Numbers.roundShift(total * factor, right));
    }

    function probability(Step memory s, Evidence memory evidence) internal pure returns (int256) {
        int256 weight = Values.element(evidence, s.operand(0), s.element);
        int256 total = Values.element(evidence, s.operand(1), s.row);
        return Numbers.clamp(Numbers.roundDiv(weight * ONE, total), 0, ONE);
    }

    function mix(Step memory s, Evidence memory evidence, uint256 from, uint256 to)
        internal
        pure
        returns (int256 total)
    {
        (uint256 p, uint256 v) = (s.operand(0), s.operand(1));
        int256 shift = _mixShift(s, evidence);
        // SAFETY: row bits are at most 14.
        uint256 bits = uint256(s.rowBits());
        uint256 stride = s.groups * s.width;
        uint256 column = s.element % stride;
        for (uint256 u = from; u < to; ++u) {
            int256 share = Numbers.clamp(Values.element(evidence, p, s.row * s.length + u), 0, ONE);
            total += share * Numbers.narrow(Values.element(evidence, v, u * stride + column), shift, bits);
        }
    }

    function finishMix(Step memory s, Evidence memory evidence, int256 total) internal pure returns (int256) {
        return Numbers.sat(Numbers.roundShift(total, PROBABILITY_BITS - _mixShift(s, evidence)));
    }

    /// The row of the key, and the shifts of the query's and of the key's row.
    function _shifts(Step memory s, Evidence memory evidence)
        private
        pure
        returns (uint256 key, int256 shift, int256 keyShift)
    {
        int256 bits = s.rowBits();
        key = (s.element % s.width) * s.groups + s.row % s.groups;
        shift = Numbers.down(Values.element(evidence, s.operand(1), s.row), bits);
        keyShift = Numbers.down(Values.element(evidence, s.operand(3), key), bits);
    }

    function _mixShift(Step memory s, Evidence memory evidence) private pure returns (int256) {
        return Numbers.down(Values.element(evidence, s.operand(2), s.row % s.groups), s.rowBits());
    }
}
