// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Constants} from "../Constants.sol";
import {Evidence} from "../Evidence.sol";
import {Numbers} from "../Numbers.sol";
import {Opcodes} from "../Opcodes.sol";
import {Places} from "../Places.sol";
import {Records, Step} from "../Records.sol";
import {Values} from "../Values.sol";

/// Element by element: addition, centring, tables, renaming (docs/arithmetic.md, "Pointwise").
library Pointwise {
    using Records for Step;

    uint256 private constant ENTRIES = 4097;
    uint256 private constant STEP_BITS = 8;
    /// Where a table ends, counted from its start.
    int256 private constant END = 1 << 20;
    int256 private constant LOW_LIMIT = 1 << 24;

    error WrongTable(uint256 entries);

    function elementOf(Step memory s, Evidence memory evidence) internal pure returns (int256) {
        int256 x = Values.element(evidence, s.operand(0), s.element);
        if (s.opcode == Opcodes.JOIN) return x;
        if (s.opcode == Opcodes.LOOKUP) return _lookup(s, evidence, x);
        bool add = s.opcode == Opcodes.ADD;
        int256 other = Values.element(evidence, s.operand(1), add ? s.element : s.row);
        if (add) return Numbers.sat(x + other);
        if (s.opcode == Opcodes.CENTRE) return Numbers.sat(x - other);
        return _exp(s, evidence, other - x);
    }

    function _lookup(Step memory s, Evidence memory evidence, int256 x) private pure returns (int256) {
        int256 offset = x - s.attribute(0, -LOW_LIMIT, LOW_LIMIT);
        bool identity = s.attribute(1, 0, 1) == 1;
        if (offset >= END && identity) return x;
        if (offset >= 0 && offset < END) return _interpolate(s, evidence, offset);
        _requireTable(s);
        return Constants.int32At(evidence, 0, offset < 0 ? 0 : ENTRIES - 1);
    }

    function _exp(Step memory s, Evidence memory evidence, int256 distance) private pure returns (int256) {
        if (distance >= END) return 0;
        return _interpolate(s, evidence, distance < 0 ? int256(0) : distance);
    }

    /// Between the two entries around `offset`, which lies within the table.
    function _interpolate(Step memory s, Evidence memory evidence, int256 offset) private pure returns (int256) {
        _requireTable(s);
        // SAFETY: the offset is not negative and below 2^20.
        uint256 place = Constants.run(evidence, 0, 4 * (uint256(offset) >> STEP_BITS), 8);
        int256 left = Places.int32At(place);
        int256 right = Places.int32At(place + 4);
        int256 fraction = offset & int256((1 << STEP_BITS) - 1);
        int256 scaled = (left << STEP_BITS) + (right - left) * fraction;
        return Numbers.sat(Numbers.roundShift(scaled, int256(STEP_BITS)));
    }

    function _requireTable(Step memory s) private pure {
        (uint256 entries,) = s.extents(0, 1, 4);
        if (entries != ENTRIES) revert WrongTable(entries);
    }
}
