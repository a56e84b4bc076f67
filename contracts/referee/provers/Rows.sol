// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Evidence} from "../Evidence.sol";
import {Numbers} from "../Numbers.sol";
import {Opcodes} from "../Opcodes.sol";
import {Records, Step} from "../Records.sol";
import {Runs} from "../Runs.sol";
import {Values} from "../Values.sol";

/// Reductions over a row and over the positions of a sequence (docs/arithmetic.md, "Reductions").
library Rows {
    using Records for Step;

    uint256 private constant PLACE_BITS = 32;
    int256 private constant LAST_PLACE = (1 << 32) - 1;

    function partialOf(Step memory s, Evidence memory evidence, uint256 from, uint256 to)
        internal
        pure
        returns (int256)
    {
        uint256 x = s.operand(0);
        if (s.opcode == Opcodes.COLUMN_MAX || s.opcode == Opcodes.COLUMN_MEAN) {
            return _column(s, evidence, x, from, to);
        }
        uint256 place = Values.run(evidence, x, s.row * s.operandWidth(evidence.records) + from, to - from);
        if (s.opcode == Opcodes.PEAK) return Runs.peak(place, to - from);
        if (s.opcode == Opcodes.ROW_MAX) return Runs.maximum(place, to - from);
        return Runs.sum(place, to - from);
    }

    function finish(Step memory s, Evidence memory evidence, int256 total) internal pure returns (int256) {
        if (Opcodes.isMaximum(s.opcode)) return total;
        // SAFETY: a width and a length are below 2^32.
        if (s.opcode == Opcodes.ROW_MEAN) total = Numbers.roundDiv(total, int256(s.operandWidth(evidence.records)));
        if (s.opcode == Opcodes.COLUMN_MEAN) total = Numbers.roundDiv(total, int256(s.length));
        return Numbers.sat(total);
    }

    function _column(Step memory s, Evidence memory evidence, uint256 x, uint256 from, uint256 to)
        private
        pure
        returns (int256 found)
    {
        bool sum = s.opcode == Opcodes.COLUMN_MEAN;
        uint256 stride = s.groups * s.width;
        if (!sum) found = type(int32).min;
        for (uint256 t = from; t < to; ++t) {
            int256 term = Values.element(evidence, x, t * stride + s.element);
            if (sum) found += term;
            else if (term > found) found = term;
        }
    }

    /// The greatest number with its place behind it, the first of several: x * 2^32 + (2^32 - 1 - place).
    function greatest(Step memory s, Evidence memory evidence, uint256 from, uint256 to)
        internal
        pure
        returns (int256)
    {
        uint256 first = s.row * s.operandWidth(evidence.records) + from;
        uint256 place = Values.run(evidence, s.operand(0), first, to - from);
        int256 most = Runs.maximum(place, to - from);
        // SAFETY: places are below 2^32.
        return (most << PLACE_BITS) + LAST_PLACE - int256(from + Runs.find(place, most));
    }

    function finishGreatest(int256 total) internal pure returns (int256) {
        return LAST_PLACE - (total & LAST_PLACE);
    }
}
