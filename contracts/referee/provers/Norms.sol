// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Constants} from "../Constants.sol";
import {Evidence} from "../Evidence.sol";
import {Numbers} from "../Numbers.sol";
import {Records, Step} from "../Records.sol";
import {Runs} from "../Runs.sol";
import {Values} from "../Values.sol";

/// Layer norm, RMS norm and unit length (docs/arithmetic.md, "Norms").
library Norms {
    using Records for Step;

    uint256 private constant SQUARE_BITS = 15;
    uint256 private constant NORM_BITS = 18;
    int256 private constant SQUARE_LIMIT = 1 << 30;
    uint256 private constant ROOT_EXTRA_BITS = 30;
    int256 private constant INVERSE = 1 << 52;
    int256 private constant EPSILON_LIMIT = 1 << 60;
    int256 private constant UNIT_SHIFT = 22;
    int256 private constant GAIN_BITS_LIMIT = 24;

    function squares(Step memory s, Evidence memory evidence, uint256 from, uint256 to)
        internal
        pure
        returns (int256)
    {
        int256 shift = _up(s, evidence, SQUARE_BITS);
        uint256 place = Values.run(
            evidence, s.operand(0), s.row * s.operandWidth(evidence.records) + from, to - from
        );
        return Runs.squares(place, to - from, Runs.narrowing(shift, SQUARE_BITS));
    }

    function finishSquares(Step memory s, Evidence memory evidence, int256 total) internal pure returns (int256) {
        // SAFETY: a width is below 2^32.
        return Numbers.sat(Numbers.roundDiv(total, int256(s.operandWidth(evidence.records))));
    }

    function inverseRoot(Step memory s, Evidence memory evidence) internal pure returns (int256) {
        int256 square = Numbers.clamp(Values.element(evidence, s.operand(0), s.element), 0, SQUARE_LIMIT);
        int256 epsilon = s.attribute(0, 0, EPSILON_LIMIT);
        int256 extra = Numbers.roundShift(epsilon, 2 * _up(s, evidence, SQUARE_BITS));
        if (extra > EPSILON_LIMIT) extra = EPSILON_LIMIT;
        // SAFETY: neither term is negative, and a root is below 2^128.
        int256 root = int256(Math.sqrt(uint256((square << ROOT_EXTRA_BITS) + extra)));
        return Numbers.sat(Numbers.roundDiv(INVERSE, root));
    }

    function scaled(Step memory s, Evidence memory evidence) internal pure returns (int256) {
        int256 shift = _up(s, evidence, NORM_BITS);
        int256 n = Numbers.narrow(Values.element(evidence, s.operand(0), s.element), shift, NORM_BITS);
        int256 unit = Numbers.roundShift(n * Values.element(evidence, s.operand(2), s.row), UNIT_SHIFT);
        uint256 column = s.element % s.width;
        int256 product = unit * Constants.int32At(evidence, 0, column);
        int256 right = 2 + s.attribute(0, 0, GAIN_BITS_LIMIT);
        return Numbers.sat(Numbers.roundShift(product, right) + Constants.int32At(evidence, 1, column));
    }

    /// What brings the row to `bits` bits by its peak, which is the second operand in each of these operators.
    function _up(Step memory s, Evidence memory evidence, uint256 bits) private pure returns (int256) {
        // SAFETY: 15 or 18.
        return Numbers.up(Values.element(evidence, s.operand(1), s.row), int256(bits));
    }
}
