// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Evidence} from "./Evidence.sol";
import {Question} from "./IReferee.sol";
import {Opcodes} from "./Opcodes.sol";
import {Places} from "./Places.sol";
import {Records, Step} from "./Records.sol";
import {Shapes} from "./Shapes.sol";
import {Chunks, Openings} from "../transcript/Openings.sol";
import {Tree} from "../transcript/Tree.sol";
import {Unchecked} from "../transcript/Unchecked.sol";

/// Elements of the transcript that are opened: int32, little-endian, row-major.
library Values {
    using Unchecked for uint256[];
    using Openings for Chunks;
    using Records for Step;
    using Shapes for Step;

    error UnexpectedValue(uint256 leaf);
    error WrongBody(bytes32 found, bytes32 wanted);
    error MissingChunk(uint256 leaf, uint256 chunk);

    /// Reverts unless everything that is opened of values is the transcript's. Opened are the step's own value and its
    /// operands, at its own position or where the operator looks back at earlier ones.
    function check(Step memory s, Question calldata question, Evidence memory evidence) internal view {
        uint256 count = evidence.values.length;
        if (count == 0) {
            Tree.requireUsed(evidence.valueSiblings, 0);
            Tree.requireUsed(evidence.sequenceSiblings, 0);
            return;
        }
        uint256[] memory indexes = new uint256[](count);
        bytes32[] memory hashes = new bytes32[](count);
        uint256 leaves;
        // SAFETY: sizes of values are below 2^120, and numbers of 32 bits.
        unchecked {
            leaves = s.causal ? uint256(question.length) << s.valueBits : uint256(question.operators) + 1;
            for (uint256 i; i < count; ++i) {
                indexes[i] = evidence.values[i];
                hashes[i] = evidence.rows[i].topOf(4 * _size(s, evidence, indexes[i]));
            }
        }
        bytes32 top = Tree.climb(indexes, hashes, leaves, evidence.valueSiblings);

        (indexes, hashes) = (new uint256[](1), new bytes32[](1));
        (indexes[0], hashes[0]) = (question.sequence, top);
        top = Tree.climb(indexes, hashes, question.sequences, evidence.sequenceSiblings);
        if (top != question.body) revert WrongBody(top, question.body);
    }

    /// Element `index` of a leaf's value.
    function element(Evidence memory evidence, uint256 leaf, uint256 index) internal pure returns (int256) {
        return Places.int32At(run(evidence, leaf, index, 1));
    }

    /// The place of `count` elements of a leaf's value, at least one, from `first` on.
    function run(Evidence memory evidence, uint256 leaf, uint256 first, uint256 count)
        internal
        pure
        returns (uint256 place)
    {
        uint256[] memory values = evidence.values;
        // SAFETY: sizes of values are below 2^100, and there are as many rows as values.
        unchecked {
            for (uint256 i; i < values.length; ++i) {
                if (values.item(i) != leaf) continue;
                uint256 missing;
                (place, missing) = evidence.rows[i].find(4 * first, 4 * count);
                if (missing != Openings.NONE) revert MissingChunk(leaf, missing);
                return place;
            }
            revert MissingChunk(leaf, 4 * first / Tree.CHUNK);
        }
    }

    function _size(Step memory s, Evidence memory evidence, uint256 leaf) private pure returns (uint256) {
        if (leaf == s.leaf()) return s.sizeOf();
        uint256 operands = Opcodes.operands(s.opcode);
        uint256 position = s.causal ? leaf >> s.valueBits : 0;
        uint256 i;
        if (position != s.position) i = position < s.position ? Opcodes.history(s.opcode) : operands;
        for (; i < operands; ++i) {
            if (s.operandAt(i, position) == leaf) return s.operandSize(evidence.records, i);
        }
        revert UnexpectedValue(leaf);
    }
}
