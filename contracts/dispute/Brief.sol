// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {JobId} from "../types/Ids.sol";
import {Tree} from "../transcript/Tree.sol";
import {InputKinds} from "./InputKinds.sol";

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
    /// What the program reads (`InputKinds`), and elements of each row of it.
    uint8 inputKind;
    uint32 inputWidth;
    /// Transcripts are laid down position by position: docs/transcript.md.
    bool causal;
    /// The output begins with the node over the transcript's sequences.
    bool strong;
    /// Positions of each sequence, two bytes each, big-endian.
    bytes lengths;
    /// Tokens of each prompt in the same way; nothing where the program reads none.
    bytes prompts;
    /// The input breaks a rule: the one right output is the constant of `Payloads.REFUSED`, nothing is executed, and
    /// the fields from `operators` to `prompts` are zero but for the salt.
    bool refused;
}

/// What shows a brief: the salt, the first chunks of the input (all that hold its lengths, and the settings of prompts)
/// and of the program's records the header and the shape of the output value, both as `Openings` has them.
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
///   | output width: u32 | output bytes: u64 | input width: u32 | input kind: u8 | causal: u8
///   | output per position: u8 | strong: u8 | refused: u8 | lengths | prompts
library BriefLib {
    uint256 private constant FLAGS = 160;
    uint256 private constant FIXED = 165;

    function encode(Brief memory brief) internal pure returns (bytes memory) {
        return abi.encodePacked(
            abi.encodePacked(brief.job, brief.program, brief.salt, brief.inputTop, brief.operators, brief.inputBytes),
            abi.encodePacked(brief.outputValue, brief.outputWidth, brief.outputBytes, brief.inputWidth),
            abi.encodePacked(brief.inputKind, brief.causal, brief.outputPerPosition, brief.strong, brief.refused),
            brief.lengths,
            brief.prompts
        );
    }

    function jobOf(bytes calldata encoded) internal pure returns (JobId) {
        return JobId.wrap(bytes32(encoded));
    }

    /// SAFETY: bytes whose hash is kept, which are those of a brief.
    function read(bytes calldata encoded) internal pure returns (Brief memory brief) {
        (brief.job, brief.program) = (bytes32(encoded[:32]), bytes32(encoded[32:64]));
        (brief.salt, brief.inputTop) = (bytes32(encoded[64:96]), bytes32(encoded[96:128]));
        uint256 sizes = uint256(bytes32(encoded[128:FLAGS]));
        brief.operators = uint32(sizes >> 224);
        brief.inputBytes = uint64(sizes >> 160);
        (brief.outputValue, brief.outputWidth) = (uint32(sizes >> 128), uint32(sizes >> 96));
        (brief.outputBytes, brief.inputWidth) = (uint64(sizes >> 32), uint32(sizes));
        brief.inputKind = uint8(encoded[FLAGS]);
        (brief.causal, brief.outputPerPosition) = (encoded[FLAGS + 1] != 0, encoded[FLAGS + 2] != 0);
        (brief.strong, brief.refused) = (encoded[FLAGS + 3] != 0, encoded[FLAGS + 4] != 0);
        // There are as many prompts as sequences, and both have two bytes.
        uint256 end = brief.isPrompted() ? (FIXED + encoded.length) / 2 : encoded.length;
        (brief.lengths, brief.prompts) = (encoded[FIXED:end], encoded[end:]);
    }

    /// Sequences of the transcript.
    function count(Brief memory brief) internal pure returns (uint256) {
        return brief.lengths.length / 2;
    }

    /// Positions of one sequence. Reverts where there is none.
    function length(Brief memory brief, uint256 sequence) internal pure returns (uint256) {
        return _at(brief.lengths, sequence);
    }

    /// Whether the program reads prompts, and behind them what it wrote itself.
    function isPrompted(Brief memory brief) internal pure returns (bool) {
        return brief.inputKind == InputKinds.PROMPT;
    }

    /// Tokens of one prompt. Reverts where there is none.
    function prompt(Brief memory brief, uint256 sequence) internal pure returns (uint256) {
        return _at(brief.prompts, sequence);
    }

    /// Bytes of the input's copy: of a sequence, or in a causal program of one position.
    function copyBytes(Brief memory brief, uint256 sequence) internal pure returns (uint256) {
        return 4 * uint256(brief.inputWidth) * (brief.causal ? 1 : brief.length(sequence));
    }

    /// The first row of a sequence's output value that its output has, and how many it has. A model that reads a prompt
    /// answers from the prompt's last token on.
    function outputRows(Brief memory brief, uint256 sequence) internal pure returns (uint256 first, uint256 rows) {
        if (!brief.outputPerPosition) return (0, 1);
        if (brief.isPrompted()) first = brief.prompt(sequence) - 1;
        rows = brief.length(sequence) - first;
    }

    function _at(bytes memory lengths, uint256 index) private pure returns (uint256) {
        return (uint256(uint8(lengths[2 * index])) << 8) | uint8(lengths[2 * index + 1]);
    }

    /// The blinded root of an output of the brief's length.
    function outputRoot(Brief memory brief, bytes32 top) internal view returns (bytes32) {
        return Tree.blinded(brief.salt, Tree.seal(brief.outputBytes, top));
    }
}
