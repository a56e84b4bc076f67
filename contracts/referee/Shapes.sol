// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Opcodes} from "./Opcodes.sol";
import {Records, Step} from "./Records.sol";
import {Chunks} from "../transcript/Openings.sol";

/// How large operands are and how long reductions: from the operator's record, and where a row is reduced, from its
/// first operand's.
library Shapes {
    using Records for Step;

    /// Terms that are judged at once: 8 KiB of a row, 4 KiB and the weights, 2 KiB of two rows, or 8 chunks of a
    /// column.
    uint256 private constant ROW_TERMS = 2048;
    uint256 private constant PRODUCT_TERMS = 1024;
    uint256 private constant PAIR_TERMS = 512;
    uint256 private constant COLUMN_TERMS = 8;

    /// Terms of the reduction, and how many are judged at once.
    function reduction(Step memory s, Chunks memory records) internal pure returns (uint256 terms, uint256 most) {
        uint256 opcode = s.opcode;
        if (opcode == Opcodes.MATMUL) return (weightColumns(s), PRODUCT_TERMS);
        if (opcode == Opcodes.COLUMN_MAX || opcode == Opcodes.COLUMN_MEAN || opcode == Opcodes.MIX) {
            return (s.length, COLUMN_TERMS);
        }
        if (!Opcodes.reducesRow(opcode)) return (1, 1);
        terms = s.operandWidth(records);
        if (opcode == Opcodes.SCORES) return (terms, PAIR_TERMS);
        return (terms, opcode == Opcodes.MEAN_SQUARE ? PRODUCT_TERMS : ROW_TERMS);
    }

    /// Elements of operand `index`.
    function operandSize(Step memory s, Chunks memory records, uint256 index) internal pure returns (uint256) {
        uint256 opcode = s.opcode;
        // SAFETY: all factors have 32 bits at most, and there are four at most.
        unchecked {
            uint256 statistics = s.rows * s.groups;
            if (opcode == Opcodes.MATMUL) return index == 0 ? s.rows * weightColumns(s) : s.rows;
            if (opcode == Opcodes.EMBED_TOKENS) return s.rows;
            if (opcode == Opcodes.COLUMN_MAX || opcode == Opcodes.COLUMN_MEAN) return s.length * s.sizeOf();
            if (opcode == Opcodes.MIX) return index == 0 ? statistics * s.length : index == 1 ? s.sizeOf() : s.groups;
            if (Opcodes.reducesRow(opcode)) return index % 2 == 0 ? statistics * s.operandWidth(records) : statistics;
            return index == 0 || opcode == Opcodes.ADD ? s.sizeOf() : statistics;
        }
    }

    /// Elements of a row that a matrix product reads.
    function weightColumns(Step memory s) internal pure returns (uint256 columns) {
        (, columns) = s.extents(0, 2, 1);
    }
}
