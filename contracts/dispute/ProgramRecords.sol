// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Chunks, Tree} from "../transcript/Tree.sol";

/// Records of a program, opened: twin of `touchstone.programs.encoding`. Each has 32 words, in four
/// chunks, of which those are opened whose words are read.
library ProgramRecords {
    uint256 private constant RECORD = 1024;
    uint256 private constant ROWS = 13;
    uint256 private constant GROUPS = 14;
    uint256 private constant WIDTH = 15;

    error NotTheProgram(bytes32 found, bytes32 program);
    error RecordMissing(uint256 value, uint256 word);

    /// Reverts unless these are records of the program.
    function require_(Chunks calldata records, bytes32 program, uint256 operators) internal view {
        uint256 length = RECORD * (operators + 1);
        bytes32 found = Tree.seal(length, Tree.topOf(records, length));
        if (found != program) revert NotTheProgram(found, program);
    }

    /// A word of the record of `value`; the header is that of value 0.
    function word(Chunks calldata records, uint256 value, uint256 index) internal pure returns (uint256) {
        uint256 place = RECORD * value + 32 * index;
        for (uint256 i; i < records.indexes.length; ++i) {
            if (records.indexes[i] != place / Tree.CHUNK) continue;
            uint256 start = Tree.CHUNK * i + place % Tree.CHUNK;
            return uint256(bytes32(records.data[start:start + 32]));
        }
        revert RecordMissing(value, index);
    }

    /// Bytes of a value that an operator writes, for a sequence of `positions`.
    function bytesOf(Chunks calldata records, uint256 value, uint256 positions) internal pure returns (uint256) {
        uint256 width = word(records, value, WIDTH);
        uint256 rows = word(records, value, ROWS) == 0 ? 1 : positions;
        return 4 * rows * word(records, value, GROUPS) * (width == 0 ? positions : width);
    }

    function isPerPosition(Chunks calldata records, uint256 value) internal pure returns (bool) {
        return word(records, value, ROWS) != 0;
    }

    function widthOf(Chunks calldata records, uint256 value) internal pure returns (uint256) {
        return word(records, value, WIDTH);
    }
}
