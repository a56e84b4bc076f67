// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

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
    /// Of a causal program the position that is meant; 0 where the program is not causal.
    uint32 position;
    bool causal;
    /// The value, from 1 (value 0 is the input) to `operators`.
    uint32 value;
    /// Row-major index of the element in [rows, groups, width], or in the [groups, width] of the position.
    uint32 element;
}

/// Recomputes single elements from openings: `evidence` as `EvidenceReader` reads it, and `records` the opening of
/// records with which it begins; what stands behind that is not looked at. All functions revert where an opening does
/// not hold or one is missing; none reverts for numbers that openings hold.
interface IReferee {
    /// Terms of the reduction that gives the element, one where it is none, and the most terms that are judged at once:
    /// a longer reduction goes through partial results.
    function reduction(Question calldata question, bytes calldata records)
        external
        view
        returns (uint256 terms, uint256 most);

    /// The element as the transcript has it.
    function claimed(Question calldata question, bytes calldata evidence) external view returns (int256);

    /// The reduction of the terms [from, to): a sum or a maximum; the element itself where the operator reduces
    /// nothing.
    function partialOf(Question calldata question, bytes calldata evidence, uint256 from, uint256 to)
        external
        view
        returns (int256);

    /// Partial results, which follow each other, as one.
    function combined(Question calldata question, bytes calldata records, int256[] calldata parts)
        external
        view
        returns (int256);

    /// The element that a whole reduction gives.
    function finish(Question calldata question, bytes calldata evidence, int256 total) external view returns (int256);

    /// The element as it must be: `finish(partialOf(0, terms))`.
    function expected(Question calldata question, bytes calldata evidence) external view returns (int256);

    /// Both at once, as `claimed` and `expected`: what a conviction needs.
    function judged(Question calldata question, bytes calldata evidence)
        external
        view
        returns (int256 found, int256 needed);
}
