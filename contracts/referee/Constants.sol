// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Evidence} from "./Evidence.sol";
import {Opcodes} from "./Opcodes.sol";
import {Places} from "./Places.sol";
import {Records, Step} from "./Records.sol";
import {Chunks, Openings} from "../transcript/Openings.sol";
import {Tree} from "../transcript/Tree.sol";

/// Elements of an operator's constants that are opened: row-major, little-endian.
library Constants {
    using Openings for Chunks;
    using Records for Step;

    error WrongConstantCount(uint256 given, uint256 needed);
    error WrongConstant(uint256 constant_, bytes32 found, bytes32 wanted);
    error MissingConstantChunk(uint256 constant_, uint256 chunk);

    /// Reverts unless everything that is opened of constants lies under the roots that the record names.
    function check(Step memory s, Evidence memory evidence) internal view {
        uint256 count = Opcodes.constants(s.opcode);
        if (evidence.constants.length != count) revert WrongConstantCount(evidence.constants.length, count);
        for (uint256 i; i < count; ++i) {
            Chunks memory chunks = evidence.constants[i];
            if (chunks.indexes.length == 0) continue;
            (uint256 shape, bytes32 root) = s.constant_(i);
            uint256 length = _bytes(shape);
            bytes32 found = Tree.seal(length, chunks.topOf(length));
            if (found != root) revert WrongConstant(i, found, root);
        }
    }

    /// The int32 at `index` of a constant.
    function int32At(Evidence memory evidence, uint256 constant_, uint256 index) internal pure returns (int256) {
        return Places.int32At(run(evidence, constant_, 4 * index, 4));
    }

    /// The place of `count` bytes of a constant, at least one, from byte `first` on.
    function run(Evidence memory evidence, uint256 constant_, uint256 first, uint256 count)
        internal
        pure
        returns (uint256 place)
    {
        uint256 missing;
        (place, missing) = evidence.constants[constant_].find(first, count);
        if (missing != Openings.NONE) revert MissingConstantChunk(constant_, missing);
    }

    /// Bytes of a constant with this shape word: axes << 96 | element bytes << 64 | d0 << 32 | d1.
    function _bytes(uint256 shape) private pure returns (uint256) {
        uint256 second = uint32(shape >> 96) == 2 ? uint32(shape) : 1;
        // SAFETY: three factors of 32 bits.
        unchecked {
            return uint256(uint32(shape >> 64)) * uint32(shape >> 32) * second;
        }
    }
}
