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

    /// Elements of an order, which says how to sample: see `touchstone/programs/program.py`.
    uint256 internal constant ORDER_WIDTH = 6;

    error WidthsDoNotAdd(uint256 first, uint256 width);

    /// Terms of the reduction, and how many are judged at once.
    function reduction(Step memory s, Chunks memory records) internal pure returns (uint256 terms, uint256 most) {
        uint256 opcode = s.opcode;
        if (opcode == Opcodes.MATMUL) return (weightColumns(s), PRODUCT_TERMS);
        if (opcode == Opcodes.COLUMN_MAX || opcode == Opcodes.COLUMN_MEAN || opcode == Opcodes.MIX) {
            return (s.length, COLUMN_TERMS);
        }
        if (opcode > Opcodes.JOIN) return _laterReduction(s, records);
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
            if (opcode == Opcodes.EMBED_TOKENS) return s.causal ? s.operandWidth(records) : s.rows;
            if (opcode == Opcodes.COLUMN_MAX || opcode == Opcodes.COLUMN_MEAN) return s.length * s.sizeOf();
            if (opcode == Opcodes.MIX) return index == 0 ? statistics * s.length : index == 1 ? s.sizeOf() : s.groups;
            if (Opcodes.reducesRow(opcode)) return index % 2 == 0 ? statistics * s.operandWidth(records) : statistics;
            if (opcode > Opcodes.JOIN) return _laterSize(s, records, index);
            return index == 0 || opcode == Opcodes.ADD ? s.sizeOf() : statistics;
        }
    }

    // --- operators from ROTATE on --------------------------------------------------------------------------------

    function _laterReduction(Step memory s, Chunks memory records) private pure returns (uint256 terms, uint256 most) {
        uint256 opcode = s.opcode;
        if (opcode == Opcodes.CAUSAL_MIX) return (s.length, COLUMN_TERMS);
        if (opcode == Opcodes.ARGMAX) return (s.operandWidth(records), ROW_TERMS);
        if (opcode != Opcodes.CAUSAL_SCORES) return (1, 1);
        (, terms) = s.historyShape(records);
        return (terms, PAIR_TERMS);
    }

    function _laterSize(Step memory s, Chunks memory records, uint256 index) private pure returns (uint256) {
        uint256 opcode = s.opcode;
        // SAFETY: all factors have 32 bits at most, and there are four at most.
        unchecked {
            uint256 statistics = s.rows * s.groups;
            if (Opcodes.looksBack(opcode)) {
                if (index == 1) return statistics;
                if (index == 0 && opcode == Opcodes.CAUSAL_MIX) return statistics * s.length;
                (uint256 groups, uint256 width) = s.historyShape(records);
                return index == 0 ? statistics * width : index == 2 ? groups * width : groups;
            }
            if (opcode == Opcodes.SLICE || opcode == Opcodes.ARGMAX) return statistics * s.operandWidth(records);
            if (opcode == Opcodes.CONCAT) {
                return s.rows * (index == 0 ? s.operandWidth(records) : secondWidth(s, records));
            }
            bool sampling = opcode == Opcodes.TEMPER || opcode == Opcodes.PERTURB || opcode == Opcodes.EMIT;
            if (sampling && index + 1 == Opcodes.operands(opcode)) return s.rows * ORDER_WIDTH;
            return opcode == Opcodes.PERTURB && index == 1 ? statistics : s.sizeOf();
        }
    }

    /// Width of the second operand of `concat`.
    function secondWidth(Step memory s, Chunks memory records) internal pure returns (uint256) {
        uint256 first = s.operandWidth(records);
        if (first >= s.width) revert WidthsDoNotAdd(first, s.width);
        // SAFETY: just compared.
        unchecked {
            return s.width - first;
        }
    }

    /// Elements of a row that a matrix product reads.
    function weightColumns(Step memory s) internal pure returns (uint256 columns) {
        (, columns) = s.extents(0, 2, 1);
    }
}
