// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Evidence, Question} from "./IReferee.sol";
import {Opcodes} from "./Opcodes.sol";
import {Places} from "./Places.sol";
import {Records, Step} from "./Records.sol";
import {Shapes} from "./Shapes.sol";
import {Tree} from "../transcript/Tree.sol";

/// Elements of the transcript that are opened: int32, little-endian, row-major.
library Values {
    using Records for Step;
    using Shapes for Step;

    error UnevenValues(uint256 values, uint256 rows);
    error UnexpectedValue(uint256 value);
    error WrongBody(bytes32 found, bytes32 wanted);
    error MissingChunk(uint256 value, uint256 chunk);

    /// Reverts unless everything that is opened of values is the transcript's. Opened are the step's own value and its
    /// operands, none of which may be given where none is read.
    function check(Step memory s, Question calldata question, Evidence calldata evidence) internal view {
        uint256 count = evidence.values.length;
        if (evidence.rows.length != count) revert UnevenValues(count, evidence.rows.length);
        if (count == 0) {
            Tree.requireUsed(evidence.valueSiblings, 0);
            Tree.requireUsed(evidence.sequenceSiblings, 0);
            return;
        }
        uint256 operators = question.operators;
        uint256[] memory indexes = new uint256[](count);
        bytes32[] memory hashes = new bytes32[](count);
        for (uint256 i; i < count; ++i) {
            indexes[i] = evidence.values[i];
            hashes[i] = Tree.topOf(evidence.rows[i], 4 * _size(s, evidence, indexes[i]));
        }
        (bytes32 top, uint256 used) = Tree.climb(indexes, hashes, operators + 1, evidence.valueSiblings, 0);
        Tree.requireUsed(evidence.valueSiblings, used);

        (indexes, hashes) = (new uint256[](1), new bytes32[](1));
        (indexes[0], hashes[0]) = (question.sequence, top);
        (top, used) = Tree.climb(indexes, hashes, question.sequences, evidence.sequenceSiblings, 0);
        Tree.requireUsed(evidence.sequenceSiblings, used);
        if (top != question.body) revert WrongBody(top, question.body);
    }

    /// Element `index` of a value.
    function element(Evidence calldata evidence, uint256 value, uint256 index) internal pure returns (int256) {
        return Places.int32At(run(evidence, value, index, 1));
    }

    /// The place of `count` elements of a value, at least one, from `first` on.
    function run(Evidence calldata evidence, uint256 value, uint256 first, uint256 count)
        internal
        pure
        returns (uint256 place)
    {
        for (uint256 i; i < evidence.values.length; ++i) {
            if (evidence.values[i] != value) continue;
            uint256 missing;
            (place, missing) = Places.find(evidence.rows[i], 4 * first, 4 * count);
            if (missing != Places.NONE) revert MissingChunk(value, missing);
            return place;
        }
        revert MissingChunk(value, 4 * first / Tree.CHUNK);
    }

    function _size(Step memory s, Evidence calldata evidence, uint256 value) private pure returns (uint256) {
        if (value == s.value) return s.sizeOf();
        uint256 operands = Opcodes.operands(s.opcode);
        for (uint256 i; i < operands; ++i) {
            if (s.operand(i) == value) return s.operandSize(evidence.records, i);
        }
        revert UnexpectedValue(value);
    }
}
