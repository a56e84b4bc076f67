// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Chunks} from "../transcript/Tree.sol";

/// What a job's order, its input and its program say together about any transcript of it: the shape, and nothing that
/// a claimant chooses. Its hash is kept on chain; callers bring it.
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
/// program's records the header and the shape of the output value.
struct Briefing {
    bytes32 salt;
    uint64 inputBytes;
    Chunks input;
    uint32 operators;
    Chunks records;
}

library BriefLib {
    function count(Brief calldata brief) internal pure returns (uint256) {
        return brief.lengths.length / 2;
    }

    /// Positions of one sequence.
    function length(Brief calldata brief, uint256 sequence) internal pure returns (uint256) {
        return uint16(bytes2(brief.lengths[2 * sequence:2 * sequence + 2]));
    }

    function hash(Brief calldata brief) internal pure returns (bytes32) {
        return keccak256(abi.encode(brief));
    }
}
