// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {JobId} from "../types/Ids.sol";
import {Tree} from "../transcript/Tree.sol";

/// What a job's order, its input and its program say together about any transcript of it: the shape, and nothing that
/// a claimant chooses. The hash of its bytes is kept on chain; callers bring these.
struct Brief {
    bytes32 job;
    bytes32 program;
    uint32 operators;
    /// The job's salt, under which input and output roots are blinded, and the input's plain tree.
    bytes32 salt;
    uint64 inputBytes;
    bytes32 inputTop;
    /// The value that is the output, its width, and whether it has a row for each position.
    uint32 outputValue;
    uint32 outputWidth;
    bool outputPerPosition;
    uint64 outputBytes;
    /// The output begins with the node over the transcript's sequences.
    bool strong;
    /// Positions of each sequence, two bytes each, big-endian.
    bytes lengths;
    /// The input breaks a rule: the one right output is the constant of `Payloads.REFUSED`, nothing is executed, and
    /// the fields from `operators` to `lengths` are zero but for the salt.
    bool refused;
}

/// What shows a brief: the salt, the first chunks of the input (all that hold its lengths) and of the
/// program's records the header and the shape of the output value, both as `Openings` has them.
struct Briefing {
    bytes32 salt;
    uint64 inputBytes;
    bytes input;
    uint32 operators;
    bytes records;
}

using BriefLib for Brief global;

/// The bytes of a brief, far fewer than the ABI's: twin of `touchstone.disputes.game.Brief`.
///
///   job: 32 | program: 32 | salt: 32 | input top: 32 | operators: u32 | input bytes: u64 | output value: u32
///   | output width: u32 | output bytes: u64 | output per position: u8 | strong: u8 | refused: u8 | lengths
library BriefLib {
    uint256 private constant FIXED = 159;

    function encode(Brief memory brief) internal pure returns (bytes memory) {
        return abi.encodePacked(
            abi.encodePacked(brief.job, brief.program, brief.salt, brief.inputTop, brief.operators, brief.inputBytes),
            abi.encodePacked(brief.outputValue, brief.outputWidth, brief.outputBytes),
            abi.encodePacked(brief.outputPerPosition, brief.strong, brief.refused),
            brief.lengths
        );
    }

    function jobOf(bytes calldata encoded) internal pure returns (JobId) {
        return JobId.wrap(bytes32(encoded));
    }

    /// SAFETY: bytes whose hash is kept, which are those of a brief.
    function read(bytes calldata encoded) internal pure returns (Brief memory brief) {
        (brief.job, brief.program) = (bytes32(encoded[:32]), bytes32(encoded[32:64]));
        (brief.salt, brief.inputTop) = (bytes32(encoded[64:96]), bytes32(encoded[96:128]));
        uint256 sizes = uint256(bytes32(encoded[128:FIXED])) >> 8;
        brief.operators = uint32(sizes >> 216);
        brief.inputBytes = uint64(sizes >> 152);
        (brief.outputValue, brief.outputWidth) = (uint32(sizes >> 120), uint32(sizes >> 88));
        brief.outputBytes = uint64(sizes >> 24);
        (brief.outputPerPosition, brief.strong) = (uint8(sizes >> 16) != 0, uint8(sizes >> 8) != 0);
        brief.refused = uint8(sizes) != 0;
        brief.lengths = encoded[FIXED:];
    }

    /// Sequences of the input.
    function count(Brief memory brief) internal pure returns (uint256) {
        return brief.lengths.length / 2;
    }

    /// Positions of one sequence. Reverts where there is none.
    function length(Brief memory brief, uint256 sequence) internal pure returns (uint256) {
        bytes memory lengths = brief.lengths;
        return (uint256(uint8(lengths[2 * sequence])) << 8) | uint8(lengths[2 * sequence + 1]);
    }

    /// The blinded root of an output of the brief's length.
    function outputRoot(Brief memory brief, bytes32 top) internal view returns (bytes32) {
        return Tree.blinded(brief.salt, Tree.seal(brief.outputBytes, top));
    }
}
