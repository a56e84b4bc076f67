// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Chunks, Openings} from "../transcript/Openings.sol";
import {Siblings} from "../transcript/Tree.sol";

/// What is opened to answer a question: records of the program, values of the transcript, constants of the operator.
struct Evidence {
    /// Records of the program: the operator's, and those of operands whose shape it needs. Of each only the chunks with
    /// words that are read.
    Chunks records;
    /// The leaves opened, ascending, and the opened chunks of each: numbers of values, of a causal program behind that
    /// of the position (`position << depth of the tree over the values | value`).
    uint256[] values;
    Chunks[] rows;
    /// Multiproof of these leaves under the node of their sequence, then the path of the sequence under the body.
    Siblings valueSiblings;
    Siblings sequenceSiblings;
    /// One entry for each constant of the operator, empty where it is not needed.
    Chunks[] constants;
}

/// Evidence as calls bring it: twin of `touchstone.transcripts.openings`. What an opening is stands in `Openings`.
///
///   evidence = opening of records
///            | values: u8 | (value: u32 | opening) x values | siblings of values | siblings of the sequence
///            | constants: u8 | opening x constants
library EvidenceReader {
    /// All that stands behind the records, which are read first.
    function complete(Evidence memory found, uint256 from, uint256 end) internal view {
        uint256 count;
        (count, from) = Openings.number(from, end, 1);
        uint256[] memory values = new uint256[](count);
        Chunks[] memory rows = _room(count);
        for (uint256 i; i < count; ++i) {
            (values[i], from) = Openings.number(from, end, 4);
            (rows[i], from) = Openings.next(from, end);
        }
        (found.values, found.rows) = (values, rows);
        (found.valueSiblings, from) = Openings.siblings(from, end);
        (found.sequenceSiblings, from) = Openings.siblings(from, end);
        (count, from) = Openings.number(from, end, 1);
        Chunks[] memory constants = _room(count);
        for (uint256 i; i < count; ++i) (constants[i], from) = Openings.next(from, end);
        found.constants = constants;
        Openings.requireEnd(from, end);
    }

    /// An array whose elements are all set before they are used: `new` would make empty ones.
    function _room(uint256 count) private pure returns (Chunks[] memory array) {
        assembly ("memory-safe") {
            array := mload(0x40)
            mstore(array, count)
            mstore(0x40, add(array, shl(5, add(count, 1))))
        }
    }

    /// The records alone, with which evidence begins; what stands behind them is not looked at.
    function records(bytes calldata given) internal view returns (Chunks memory found) {
        (uint256 from, uint256 end) = Openings.bounds(given);
        (found,) = Openings.next(from, end);
    }
}
