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
    uint256 internal constant ROTATE = 21;
    uint256 internal constant MULTIPLY = 22;
    uint256 internal constant CAUSAL_SCORES = 23;
    uint256 internal constant CAUSAL_MIX = 24;
    uint256 internal constant SLICE = 25;
    uint256 internal constant CONCAT = 26;
    uint256 internal constant TEMPER = 27;
    uint256 internal constant PERTURB = 28;
    uint256 internal constant ARGMAX = 29;
    uint256 internal constant EMIT = 30;

    /// The first operand of an operator that looks back of which it reads earlier positions.
    uint256 internal constant HISTORY = 2;

    /// How many operands and how many constants an operator takes: byte n is for opcode n.
    bytes31 private constant OPERANDS = hex"00010002010101010101020102040202030202030101020404010202030102";
    bytes31 private constant CONSTANTS = hex"00020100000000000000000103000100000000020002000000000000010001";

    /// Bit n is for opcode n: what causal programs alone have, since it looks back or at the number of its position,
    /// and what they cannot have, since it looks at all positions.
    uint256 private constant CAUSAL_ONLY =
        1 << ROTATE | 1 << CAUSAL_SCORES | 1 << CAUSAL_MIX | 1 << PERTURB | 1 << EMIT;
    uint256 private constant ACROSS_ALL = 1 << COLUMN_MAX | 1 << COLUMN_MEAN | 1 << SCORES | 1 << MIX;

    error UnknownOpcode(uint256 opcode);
    error OperatorOutOfPlace(uint256 opcode, bool causal);

    /// Reverts unless it is an operator that a program has, causal or not.
    function requireKnown(uint256 opcode, bool causal) internal pure {
        if (opcode == 0 || opcode > EMIT) revert UnknownOpcode(opcode);
        if ((causal ? ACROSS_ALL : CAUSAL_ONLY) >> opcode & 1 == 1) revert OperatorOutOfPlace(opcode, causal);
    }

    function operands(uint256 opcode) internal pure returns (uint256) {
        return uint8(OPERANDS[opcode]);
    }

    function constants(uint256 opcode) internal pure returns (uint256) {
        return uint8(CONSTANTS[opcode]);
    }

    /// Whether an element is the greatest of its terms; where not, it is their sum.
    function isMaximum(uint256 opcode) internal pure returns (bool) {
        return opcode == PEAK || opcode == ROW_MAX || opcode == COLUMN_MAX || opcode == ARGMAX;
    }

    /// Whether an operator reads rows of earlier positions: those of its operands from `HISTORY` on.
    function looksBack(uint256 opcode) internal pure returns (bool) {
        return opcode == CAUSAL_SCORES || opcode == CAUSAL_MIX;
    }

    /// The first operand of which an operator reads earlier positions: behind the last of one that reads none.
    function history(uint256 opcode) internal pure returns (uint256) {
        return looksBack(opcode) ? HISTORY : operands(opcode);
    }

    /// Whether an element reduces one row of its first operand, whose width is its own.
    function reducesRow(uint256 opcode) internal pure returns (bool) {
        return (opcode >= PEAK && opcode <= ROW_MEAN) || opcode == MEAN_SQUARE || opcode == SCORES;
    }
}
