// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Constants} from "../Constants.sol";
import {Evidence} from "../Evidence.sol";
import {Numbers} from "../Numbers.sol";
import {Places} from "../Places.sol";
import {Records, Step} from "../Records.sol";
import {Runs} from "../Runs.sol";
import {Values} from "../Values.sol";

/// Embeddings and products with weights (docs/arithmetic.md, "Weights").
library Linear {
    using Records for Step;

    int256 private constant SCALE_BITS_LIMIT = 40;

    function tokenElement(Step memory s, Evidence memory evidence) internal pure returns (int256) {
        (uint256 vocabulary, uint256 width) = s.extents(0, 2, 1);
        int256 shift = s.attribute(0, 1, SCALE_BITS_LIMIT);
        int256 token = Values.element(evidence, s.operand(0), s.row);
        // SAFETY: a vocabulary is below 2^32, and a token is used once it is known to lie within.
        if (token < 0 || token >= int256(vocabulary)) return 0;
        uint256 index = uint256(token);
        int256 weight = Places.int8At(Constants.run(evidence, 0, index * width + s.element % s.width, 1));
        return Numbers.sat(Numbers.roundShift(weight * Constants.int32At(evidence, 1, index), shift));
    }

    function positionElement(Step memory s, Evidence memory evidence) internal pure returns (int256) {
        (, uint256 width) = s.extents(0, 2, 4);
        return Constants.int32At(evidence, 0, (s.position + s.row) * width + s.element % s.width);
    }

    function partialOf(Step memory s, Evidence memory evidence, uint256 from, uint256 to)
        internal
        pure
        returns (int256)
    {
        (, uint256 columns) = s.extents(0, 2, 1);
        (uint256 position, uint256 channel) = _places(s);
        // SAFETY: factors of 48 and 32 bits, a segment of the columns, and row bits of at most 14.
        unchecked {
            uint256 x = Values.run(evidence, s.operand(0), position * columns + from, to - from);
            uint256 weights = Constants.run(evidence, 0, channel * columns + from, to - from);
            return Runs.weighed(x, weights, to - from, _shift(s, evidence, position), uint256(s.rowBits()));
        }
    }

    function finish(Step memory s, Evidence memory evidence, int256 total) internal pure returns (int256) {
        (uint256 position, uint256 channel) = _places(s);
        // SAFETY: a total below 2^65, int32 numbers, and shifts as `Numbers.roundShift` takes them.
        unchecked {
            int256 shift = s.attribute(1, 18, SCALE_BITS_LIMIT) - _shift(s, evidence, position);
            int256 scaled = Numbers.roundShift(total * Constants.int32At(evidence, 1, channel), shift);
            return Numbers.sat(scaled + Constants.int32At(evidence, 2, channel));
        }
    }

    /// The position and the output channel of the element.
    function _places(Step memory s) private pure returns (uint256 position, uint256 channel) {
        // SAFETY: neither is zero where the value has an element, and both are below 2^32.
        unchecked {
            uint256 channels = s.groups * s.width;
            return (s.element / channels, s.element % channels);
        }
    }

    function _shift(Step memory s, Evidence memory evidence, uint256 position) private pure returns (int256) {
        return Numbers.down(Values.element(evidence, s.operand(1), position), s.rowBits());
    }
}
