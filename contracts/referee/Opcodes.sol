// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// The operator set: twin of `touchstone/programs/rules.py`.
library Opcodes {
    uint256 internal constant EMBED_TOKENS = 1;
    uint256 internal constant EMBED_POSITIONS = 2;
    uint256 internal constant ADD = 3;
    uint256 internal constant PEAK = 4;
    uint256 internal constant ROW_MAX = 5;
    uint256 internal constant ROW_SUM = 6;
    uint256 internal constant ROW_MEAN = 7;
    uint256 internal constant COLUMN_MAX = 8;
    uint256 internal constant COLUMN_MEAN = 9;
    uint256 internal constant CENTRE = 10;
    uint256 internal constant LOOKUP = 11;
    uint256 internal constant MATMUL = 12;
    uint256 internal constant SCORES = 13;
    uint256 internal constant EXP = 14;
    uint256 internal constant PROBABILITIES = 15;
    uint256 internal constant MIX = 16;
    uint256 internal constant MEAN_SQUARE = 17;
    uint256 internal constant INVERSE_ROOT = 18;
    uint256 internal constant SCALE_ROW = 19;
    uint256 internal constant JOIN = 20;

    /// How many operands and how many constants an operator takes: byte n is for opcode n.
    bytes21 private constant OPERANDS = hex"000100020101010101010201020402020302020301";
    bytes21 private constant CONSTANTS = hex"000201000000000000000001030001000000000200";

    error UnknownOpcode(uint256 opcode);

    function requireKnown(uint256 opcode) internal pure {
        if (opcode == 0 || opcode > JOIN) revert UnknownOpcode(opcode);
    }

    function operands(uint256 opcode) internal pure returns (uint256) {
        return uint8(OPERANDS[opcode]);
    }

    function constants(uint256 opcode) internal pure returns (uint256) {
        return uint8(CONSTANTS[opcode]);
    }

    /// Whether an element is the greatest of its terms; where not, it is their sum.
    function isMaximum(uint256 opcode) internal pure returns (bool) {
        return opcode == PEAK || opcode == ROW_MAX || opcode == COLUMN_MAX;
    }

    /// Whether an element reduces one row of its first operand, whose width is its own.
    function reducesRow(uint256 opcode) internal pure returns (bool) {
        return (opcode >= PEAK && opcode <= ROW_MEAN) || opcode == MEAN_SQUARE || opcode == SCORES;
    }
}
