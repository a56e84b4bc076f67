// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Constants} from "./Constants.sol";
import {Evidence} from "./Evidence.sol";
import {Numbers} from "./Numbers.sol";
import {Places} from "./Places.sol";
import {Records, Step} from "./Records.sol";

/// The table that is an operator's first constant (docs/arithmetic.md, "Pointwise").
library Tables {
    using Records for Step;

    uint256 private constant ENTRIES = 4097;
    uint256 private constant STEP_BITS = 8;
    /// Where a table ends, counted from its start.
    int256 internal constant END = 1 << 20;

    error WrongTable(uint256 entries);

    /// Between the two entries around `offset`, which lies within the table.
    function interpolate(Step memory s, Evidence memory evidence, int256 offset) internal pure returns (int256) {
        _requireTable(s);
        // SAFETY: the offset is not negative and below 2^20.
        uint256 place = Constants.run(evidence, 0, 4 * (uint256(offset) >> STEP_BITS), 8);
        int256 left = Places.int32At(place);
        int256 right = Places.int32At(place + 4);
        int256 fraction = offset & int256((1 << STEP_BITS) - 1);
        int256 scaled = (left << STEP_BITS) + (right - left) * fraction;
        return Numbers.sat(Numbers.roundShift(scaled, int256(STEP_BITS)));
    }

    function first(Step memory s, Evidence memory evidence) internal pure returns (int256) {
        _requireTable(s);
        return Constants.int32At(evidence, 0, 0);
    }

    function last(Step memory s, Evidence memory evidence) internal pure returns (int256) {
        _requireTable(s);
        return Constants.int32At(evidence, 0, ENTRIES - 1);
    }

    function _requireTable(Step memory s) private pure {
        (uint256 entries,) = s.extents(0, 1, 4);
        if (entries != ENTRIES) revert WrongTable(entries);
    }
}
