// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Places} from "../referee/Places.sol";
import {Chunks, Openings} from "../transcript/Openings.sol";
import {Tree} from "../transcript/Tree.sol";

/// Records of a program, opened: twin of `touchstone.programs.encoding`. Each has 32 words, in four
/// chunks, of which those are opened whose words are read.
library ProgramRecords {
    using Openings for Chunks;

    uint256 private constant RECORD = 1024;
    uint256 private constant CAUSAL = 6;
    uint256 private constant ROWS = 13;
    uint256 private constant GROUPS = 14;
    uint256 private constant WIDTH = 15;

    error NotTheProgram(bytes32 found, bytes32 program);
    error RecordMissing(uint256 value, uint256 word);

    /// The records that an opening holds. Reverts unless they are the program's.
    function opened(bytes calldata opening, bytes32 program, uint256 operators)
        internal
        view
        returns (Chunks memory records)
    {
        records = Openings.read(opening);
        uint256 length = RECORD * (operators + 1);
        bytes32 found = Tree.seal(length, records.topOf(length));
        if (found != program) revert NotTheProgram(found, program);
    }

    /// A word of the record of `value`; the header is that of value 0.
    function word(Chunks memory records, uint256 value, uint256 index) internal pure returns (uint256) {
        (uint256 place, uint256 missing) = records.find(RECORD * value + 32 * index, 32);
        if (missing != Openings.NONE) revert RecordMissing(value, index);
        return Places.word(place);
    }

    /// Bytes of a value that an operator writes; with so many rows where it has one for each position, and so wide
    /// where its width is that of the sequence.
    function bytesOf(Chunks memory records, uint256 value, uint256 positions, uint256 wide)
        internal
        pure
        returns (uint256)
    {
        uint256 width = word(records, value, WIDTH);
        uint256 rows = word(records, value, ROWS) == 0 ? 1 : positions;
        return 4 * rows * word(records, value, GROUPS) * (width == 0 ? wide : width);
    }

    function isCausal(Chunks memory records) internal pure returns (bool) {
        return word(records, 0, CAUSAL) != 0;
    }

    function isPerPosition(Chunks memory records, uint256 value) internal pure returns (bool) {
        return word(records, value, ROWS) != 0;
    }

    function widthOf(Chunks memory records, uint256 value) internal pure returns (uint256) {
        return word(records, value, WIDTH);
    }
}
