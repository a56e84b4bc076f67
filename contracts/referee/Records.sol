// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Question} from "./IReferee.sol";
import {Opcodes} from "./Opcodes.sol";
import {Places} from "./Places.sol";
import {Chunks, Openings} from "../transcript/Openings.sol";
import {Tree} from "../transcript/Tree.sol";

/// What is asked, and what the operator's record says about it.
struct Step {
    uint256 value;
    uint256 opcode;
    /// Where in memory the operator's record lies, and what it says of constants: 0 where that is not opened.
    uint256 record;
    uint256 constants;
    /// Positions that it may look at: all of the sequence, or in a causal program those up to its own.
    uint256 length;
    /// Whether the program is causal, and its position if it is; then also the levels of the tree over the values of a
    /// position, and the leaf at which these begin.
    bool causal;
    uint256 position;
    uint256 valueBits;
    uint256 base;
    /// Shape of the output.
    uint256 rows;
    uint256 groups;
    uint256 width;
    /// Index of the element in the output, of a causal program in its position's, and of its row.
    uint256 element;
    uint256 row;
    /// Groups and width of the operands of which earlier positions are read, once they have been looked up.
    uint256 historyGroups;
    uint256 historyWidth;
}

/// The records of a program: twin of `touchstone/programs/encoding.py`. Record 0 is the header, record v is that of the
/// operator that writes value v. A record is 32 words, four chunks of eight: an operator and its first attributes, the
/// others and the shape, the constants, the label.
library Records {
    using Openings for Chunks;

    uint256 private constant RECORD = 1024;
    uint256 private constant RECORD_WORDS = RECORD / 32;
    uint256 private constant CHUNK_WORDS = Tree.CHUNK / 32;
    uint256 private constant HEADER_WIDTH = 2;
    uint256 private constant OPERANDS = 1;
    uint256 private constant ATTRIBUTES = 5;
    uint256 private constant ROWS = 13;
    uint256 private constant GROUPS = 14;
    uint256 private constant WIDTH = 15;
    uint256 private constant CONSTANTS = 16;

    uint256 private constant WIDTH_LIMIT = 1 << 18;

    error WrongProgram(bytes32 found, bytes32 wanted);
    error MissingRecord(uint256 record, uint256 word);
    error MalformedRecord(uint256 record, uint256 word);
    error ValueOutOfRange(uint256 value, uint256 operators);
    error PositionOutOfRange(uint256 position, uint256 length);
    error ElementOutOfRange(uint256 element, uint256 size);

    /// The step that a question is about. Reverts unless the records are the program's and the element exists.
    function step(Question calldata question, Chunks memory records) internal view returns (Step memory found) {
        uint256 value = question.value;
        uint256 operators = question.operators;
        if (value == 0 || value > operators) revert ValueOutOfRange(value, operators);
        // SAFETY: 32 bits.
        uint256 bytes_;
        unchecked {
            bytes_ = RECORD * (operators + 1);
        }
        bytes32 root = Tree.seal(bytes_, records.topOf(bytes_));
        if (root != question.program) revert WrongProgram(root, question.program);

        found.value = value;
        found.record = _opened(records, value, 0, CONSTANTS);
        (found.constants,) = _find(records, value, CONSTANTS, CHUNK_WORDS);
        found.opcode = _word(found.record, 0);
        Opcodes.requireKnown(found.opcode, question.causal);
        found.length = question.length;
        if (question.causal) _place(found, question.position, operators);
        // SAFETY: places in memory.
        unchecked {
            uint256 rows = _within(found.record + 32 * ROWS, value, ROWS, 1);
            if (found.causal && rows == 0) revert MalformedRecord(value, ROWS);
            found.rows = rows == 0 || found.causal ? 1 : found.length;
            found.groups = _within(found.record + 32 * GROUPS, value, GROUPS, WIDTH_LIMIT);
            if (found.groups == 0) revert MalformedRecord(value, GROUPS);
            found.width = _width(found.record + 32 * WIDTH, value, WIDTH, found.length);
        }
        uint256 size = sizeOf(found);
        found.element = question.element;
        if (found.element >= size) revert ElementOutOfRange(found.element, size);
        found.row = found.element / found.width;
    }

    /// At a position of a causal program there is one row of each value, and of a value that is as wide as the sequence
    /// as much as there are positions up to it.
    function _place(Step memory s, uint256 position, uint256 operators) private pure {
        if (position >= s.length) revert PositionOutOfRange(position, s.length);
        (s.causal, s.position) = (true, position);
        // SAFETY: numbers of 32 bits.
        unchecked {
            s.length = position + 1;
            s.valueBits = Tree.depthOf(operators + 1);
            s.base = position << s.valueBits;
        }
    }

    /// Elements of the output.
    function sizeOf(Step memory s) internal pure returns (uint256) {
        // SAFETY: a length of 32 bits, groups of at most 2^18, and a width that is either.
        unchecked {
            return s.rows * s.groups * s.width;
        }
    }

    /// The leaf of the output: its number, of a causal program behind that of its position.
    function leaf(Step memory s) internal pure returns (uint256) {
        return s.base | s.value;
    }

    /// The leaf of operand `index`, at the step's own position.
    function operand(Step memory s, uint256 index) internal pure returns (uint256) {
        return s.base | _value(s, index);
    }

    /// The leaf of operand `index` of a causal program at a position up to the step's own.
    function operandAt(Step memory s, uint256 index, uint256 position) internal pure returns (uint256) {
        return position << s.valueBits | _value(s, index);
    }

    /// The value that operand `index` is.
    function _value(Step memory s, uint256 index) private pure returns (uint256 value) {
        value = _word(s.record, OPERANDS + index);
        if (value >= s.value) revert MalformedRecord(s.value, OPERANDS + index);
    }

    /// Attribute `index`, which lies within [low, high].
    function attribute(Step memory s, uint256 index, int256 low, int256 high) internal pure returns (int256 found) {
        // SAFETY: negative numbers are in two's complement.
        found = int256(_word(s.record, ATTRIBUTES + index));
        if (found < low || found > high) revert MalformedRecord(s.value, ATTRIBUTES + index);
    }

    /// The bits of a row that enters a product: the first attribute of each operator that has them.
    function rowBits(Step memory s) internal pure returns (int256) {
        return attribute(s, 0, 4, 14);
    }

    /// What the record says of constant `index`: its shape word and its root.
    function constant_(Step memory s, uint256 index) internal pure returns (uint256 shape, bytes32 root) {
        if (s.constants == 0) revert MissingRecord(s.value, CONSTANTS);
        // SAFETY: an operator has at most three constants.
        unchecked {
            shape = _word(s.constants, 2 * index);
            root = bytes32(_word(s.constants, 2 * index + 1));
        }
    }

    /// Extents of constant `index`; 1 for a second axis that it has not.
    function extents(Step memory s, uint256 index, uint256 axes, uint256 elementBytes)
        internal
        pure
        returns (uint256 first, uint256 second)
    {
        (uint256 shape,) = constant_(s, index);
        first = uint32(shape >> 32);
        second = axes == 1 ? 1 : uint32(shape);
        if (shape >> 64 != (axes << 32 | elementBytes) || first == 0 || second == 0) {
            revert MalformedRecord(s.value, CONSTANTS + 2 * index);
        }
    }

    /// Width of the first operand, from its own record.
    function operandWidth(Step memory s, Chunks memory records) internal pure returns (uint256) {
        uint256 value = _value(s, 0);
        uint256 index = value == 0 ? HEADER_WIDTH : WIDTH;
        return _width(_opened(records, value, index, 1), value, index, s.length);
    }

    /// Groups and width of the operands of which earlier positions are read, from the record of the first of them. Each
    /// of their groups serves as many of the output's.
    function historyShape(Step memory s, Chunks memory records) internal pure returns (uint256 groups, uint256 width) {
        if (s.historyGroups == 0) (s.historyGroups, s.historyWidth) = _historyShape(s, records);
        return (s.historyGroups, s.historyWidth);
    }

    function _historyShape(Step memory s, Chunks memory records) private pure returns (uint256 groups, uint256 width) {
        uint256 value = _value(s, Opcodes.HISTORY);
        if (value == 0) return (1, _width(_opened(records, 0, HEADER_WIDTH, 1), 0, HEADER_WIDTH, s.length));
        uint256 place = _opened(records, value, GROUPS, 2);
        groups = Places.word(place);
        if (groups == 0 || s.groups % groups != 0) revert MalformedRecord(value, GROUPS);
        width = _width(place + 32, value, WIDTH, s.length);
    }

    /// The group of those operands that the element's row reads.
    function historyGroup(Step memory s, Chunks memory records) internal pure returns (uint256) {
        (uint256 groups,) = historyShape(s, records);
        // SAFETY: `groups` divide the output's, which are not zero.
        unchecked {
            return s.row / (s.groups / groups);
        }
    }

    /// The place of `count` words of a record from word `index` on.
    function _opened(Chunks memory records, uint256 record, uint256 index, uint256 count)
        private
        pure
        returns (uint256 place)
    {
        uint256 missing;
        (place, missing) = _find(records, record, index, count);
        if (missing == Openings.NONE) return place;
        revert MissingRecord(record, missing * CHUNK_WORDS % RECORD_WORDS);
    }

    function _find(Chunks memory records, uint256 record, uint256 index, uint256 count)
        private
        pure
        returns (uint256 place, uint256 missing)
    {
        // SAFETY: the number of an operator, and at most 32 words.
        unchecked {
            return records.find(RECORD * record + 32 * index, 32 * count);
        }
    }

    function _word(uint256 record, uint256 index) private pure returns (uint256) {
        // SAFETY: a place in memory.
        unchecked {
            return Places.word(record + 32 * index);
        }
    }

    function _within(uint256 place, uint256 value, uint256 index, uint256 high) private pure returns (uint256 found) {
        found = Places.word(place);
        if (found > high) revert MalformedRecord(value, index);
    }

    function _width(uint256 place, uint256 value, uint256 index, uint256 length) private pure returns (uint256 width) {
        width = _within(place, value, index, WIDTH_LIMIT);
        if (width == 0) width = length;
    }
}
