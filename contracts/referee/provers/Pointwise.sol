// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Evidence} from "../Evidence.sol";
import {Numbers} from "../Numbers.sol";
import {Opcodes} from "../Opcodes.sol";
import {Records, Step} from "../Records.sol";
import {Shapes} from "../Shapes.sol";
import {Tables} from "../Tables.sol";
import {Values} from "../Values.sol";

/// Element by element: addition, centring, tables, renaming (docs/arithmetic.md, "Pointwise").
library Pointwise {
    using Records for Step;

    int256 private constant FRACTION_BITS = 16;
    int256 private constant LOW_LIMIT = 1 << 24;
    int256 private constant START_LIMIT = 1 << 18;

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

    function product(Step memory s, Evidence memory evidence) internal pure returns (int256) {
        int256 x = Values.element(evidence, s.operand(0), s.element);
        return Numbers.sat(Numbers.roundShift(x * Values.element(evidence, s.operand(1), s.element), FRACTION_BITS));
    }

    /// An element of a run of each row.
    function cut(Step memory s, Evidence memory evidence) internal pure returns (int256) {
        // SAFETY: not negative.
        uint256 column = uint256(s.attribute(0, 0, START_LIMIT)) + s.element % s.width;
        return Values.element(evidence, s.operand(0), s.row * s.operandWidth(evidence.records) + column);
    }

    /// An element of two rows, one behind the other.
    function joined(Step memory s, Evidence memory evidence) internal pure returns (int256) {
        uint256 second = Shapes.secondWidth(s, evidence.records);
        uint256 first = s.width - second;
        uint256 column = s.element % s.width;
        if (column < first) return Values.element(evidence, s.operand(0), s.row * first + column);
        return Values.element(evidence, s.operand(1), s.row * second + column - first);
    }

    function _lookup(Step memory s, Evidence memory evidence, int256 x) private pure returns (int256) {
        int256 offset = x - s.attribute(0, -LOW_LIMIT, LOW_LIMIT);
        bool identity = s.attribute(1, 0, 1) == 1;
        if (offset >= Tables.END && identity) return x;
        if (offset >= 0 && offset < Tables.END) return Tables.interpolate(s, evidence, offset);
        return offset < 0 ? Tables.first(s, evidence) : Tables.last(s, evidence);
    }

    function _exp(Step memory s, Evidence memory evidence, int256 distance) private pure returns (int256) {
        if (distance >= Tables.END) return 0;
        return Tables.interpolate(s, evidence, distance < 0 ? int256(0) : distance);
    }
}
