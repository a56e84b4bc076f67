// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Chunks} from "../transcript/Tree.sol";

/// One element of one value of a transcript; see docs/transcript.md.
struct Question {
    /// Root of the program, and how many operators it has.
    bytes32 program;
    uint32 operators;
    /// Node over all sequences of the transcript, and how many there are.
    bytes32 body;
    uint32 sequences;
    uint32 sequence;
    /// Positions of that sequence.
    uint32 length;
    /// The value, from 1 (value 0 is the input) to `operators`.
    uint32 value;
    /// Row-major index of the element in [rows, groups, width].
    uint32 element;
}

/// What is opened to answer a question: records of the program, values of the transcript, constants of the operator.
struct Evidence {
    /// Records of the program: the operator's, and those of operands whose shape it needs. Of each
    /// only the chunks with words that are read.
    Chunks records;
    /// The values opened, ascending, and the opened chunks of each.
    uint32[] values;
    Chunks[] rows;
    /// Multiproof of these values under the node of their sequence, then the path of the sequence under the body.
    bytes32[] valueSiblings;
    bytes32[] sequenceSiblings;
    /// One entry for each constant of the operator, empty where it is not needed.
    Chunks[] constants;
}

/// Recomputes single elements from openings. All functions revert where an opening does not hold or one is missing;
/// none reverts for numbers that openings hold.
interface IReferee {
    /// Terms of the reduction that gives the element, one where it is none, and the most terms that are judged at once:
    /// a longer reduction goes through partial results.
    function reduction(Question calldata question, Chunks calldata records)
        external
        view
        returns (uint256 terms, uint256 most);

    /// The element as the transcript has it.
    function claimed(Question calldata question, Evidence calldata evidence) external view returns (int256);

    /// The reduction of the terms [from, to): a sum or a maximum; the element itself where the operator reduces nothing.
    function partialOf(Question calldata question, Evidence calldata evidence, uint256 from, uint256 to)
        external
        view
        returns (int256);

    /// Partial results, which follow each other, as one.
    function combined(Question calldata question, Chunks calldata records, int256[] calldata parts)
        external
        view
        returns (int256);

    /// The element that a whole reduction gives.
    function finish(Question calldata question, Evidence calldata evidence, int256 total) external view returns (int256);

    /// The element as it must be: `finish(partialOf(0, terms))`.
    function expected(Question calldata question, Evidence calldata evidence) external view returns (int256);

    /// Both at once, as `claimed` and `expected`: what a conviction needs.
    function judged(Question calldata question, Evidence calldata evidence)
        external
        view
        returns (int256 found, int256 needed);
}
