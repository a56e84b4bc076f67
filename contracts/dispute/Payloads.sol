// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IModelRegistry} from "../registry/IModelRegistry.sol";
import {Places} from "../referee/Places.sol";
import {Chunks, Openings} from "../transcript/Openings.sol";
import {Tree} from "../transcript/Tree.sol";
import {Order, OrderLib} from "../types/Order.sol";
import {Brief, Briefing, BriefLib} from "./Brief.sol";
import {ProgramRecords} from "./ProgramRecords.sol";

/// Reads the two ends of a transcript: what an input asks for, and what an output says. Twin of
/// `touchstone.protocol.payload` and `touchstone.protocol.inputs`.
///
///   payload = "TSP1" | count: u32 | length of each: u32 x count | values: i32 x sum of lengths, all little-endian
contract Payloads {
    using Openings for Chunks;
    using OrderLib for Order;
    using ProgramRecords for Chunks;

    uint256 public constant MOST_BYTES = 8 << 20;
    uint256 public constant MOST_SEQUENCES = 4096;
    uint256 public constant MOST_OUTPUT_BYTES = 96 * 1024;
    uint256 private constant HEADER = 8;
    /// What stands before the payload of a strong output.
    uint256 private constant BODY = 32;
    uint256 private constant TOKENS = 0;
    bytes4 private constant MAGIC = "TSP1";
    /// The output of an input that breaks a rule.
    bytes4 public constant REFUSED = "TSR1";

    error WrongInput(bytes32 root, bytes32 ordered);
    error ChunkMissing(uint256 index);
    error NotTheHeader(uint256 operators);
    error PastTheEnd(uint256 offset, uint256 length);

    // --- the input ----------------------------------------------------------------------------------------------

    /// What the order, its input and its program say together.
    function brief(
        IModelRegistry registry,
        Order calldata order,
        bytes32 job,
        Briefing calldata given
    ) external view returns (Brief memory found) {
        Chunks memory input = Openings.read(given.input);
        bytes32 top = given.inputBytes == 0 ? bytes32(0) : input.topOf(given.inputBytes);
        bytes32 root = Tree.blinded(given.salt, Tree.seal(given.inputBytes, top));
        if (root != order.inputRoot) revert WrongInput(root, order.inputRoot);
        found.job = job;
        found.salt = given.salt;
        found.program = registry.shardRoot(order.model, order.shard);

        found.operators = given.operators;
        Chunks memory records = ProgramRecords.opened(given.records, found.program, given.operators);
        if (records.word(0, 4) != given.operators) revert NotTheHeader(given.operators);
        found.lengths = _lengthsOf(registry.get(order.model), order, given.inputBytes, input, records);
        if (found.lengths.length == 0) return _refused(found);
        (found.inputBytes, found.inputTop, found.strong) = (given.inputBytes, top, order.isStrong());
        uint256 size = _sizeOutput(found, records);
        if (size > MOST_OUTPUT_BYTES) return _refused(found);
        // SAFETY: at most 96 KiB.
        found.outputBytes = uint64(size);
    }

    /// Positions of each sequence, two bytes each; none where the input breaks a rule of the model or of the order.
    function _lengthsOf(
        IModelRegistry.Model memory model,
        Order calldata order,
        uint256 size,
        Chunks memory input,
        Chunks memory records
    ) private pure returns (bytes memory) {
        if (records.word(0, 1) != TOKENS) return "";
        uint256 most = records.word(0, 3);
        if (model.maxRows < most) most = model.maxRows;
        return _lengths(size, input, most, uint256(order.units) * model.unitRows);
    }

    /// Says which value the output is, and returns how many bytes it has.
    function _sizeOutput(Brief memory found, Chunks memory records) private pure returns (uint256 size) {
        uint256 value = records.word(0, 5);
        uint256 width = records.widthOf(value);
        found.outputPerPosition = records.isPerPosition(value);
        // SAFETY: a program's numbers are 32 bits (touchstone.programs.rules).
        (found.outputValue, found.outputWidth) = (uint32(value), uint32(width));
        bytes memory lengths = found.lengths;
        size = (found.strong ? BODY : 0) + HEADER + 2 * lengths.length;
        for (uint256 i; i < lengths.length; i += 2) {
            size += 4 * width * (found.outputPerPosition ? _at(lengths, i) : 1);
        }
    }

    /// Nothing is executed: all that an execution would need is left out.
    function _refused(Brief memory found) private pure returns (Brief memory refused) {
        (refused.job, refused.program, refused.salt, refused.refused) = (found.job, found.program, found.salt, true);
    }

    /// Lengths of the sequences, two bytes each; none where the input, of `size` bytes, breaks a rule.
    function _lengths(uint256 size, Chunks memory input, uint256 most, uint256 paid)
        private
        pure
        returns (bytes memory found)
    {
        if (size > MOST_BYTES || size < HEADER) return "";
        uint256 place = _found(input, 0, HEADER);
        if (bytes4(bytes32(Places.word(place))) != MAGIC) return "";
        uint256 count = _u32At(place + 4);
        uint256 start = HEADER + 4 * count;
        if (count == 0 || count > MOST_SEQUENCES || size < start) return "";
        place = _found(input, 0, start) + HEADER;
        found = new bytes(2 * count);
        uint256 rows;
        for (uint256 i; i < count; ++i) {
            uint256 length = _u32At(place + 4 * i);
            // SAFETY of two bytes: a program's greatest length is below 2^15.
            if (length == 0 || length > most || length > type(uint16).max) return "";
            rows += length;
            (found[2 * i], found[2 * i + 1]) = (bytes1(uint8(length >> 8)), bytes1(uint8(length)));
        }
        if (rows > paid || size != start + 4 * rows) return "";
    }

    /// The blinded root of the constant output.
    function refusedRoot(bytes32 salt) external view returns (bytes32) {
        return Tree.blinded(salt, Tree.seal(4, _leaf(REFUSED)));
    }

    /// The token that the input has at a position, from the chunk that holds it.
    function token(bytes calldata encoded, uint256 sequence, uint256 position, bytes calldata input)
        external
        view
        returns (int256)
    {
        Brief memory given = BriefLib.read(encoded);
        uint256 before = position;
        for (uint256 i; i < sequence; ++i) before += given.length(i);
        Chunks memory opened = Openings.read(input);
        bytes32 top = opened.topOf(given.inputBytes);
        if (top != given.inputTop) revert WrongInput(top, given.inputTop);
        return Places.int32At(_found(opened, HEADER + 4 * given.count() + 4 * before, 4));
    }

    // --- the output ---------------------------------------------------------------------------------------------

    /// What stands at a four-byte word of the output: in the header the word itself, else the element of the output
    /// value that it must equal.
    /// `body` is the node over the sequences of the claimant's transcript.
    function outputWord(bytes calldata encoded, bytes32 body, uint256 index)
        external
        pure
        returns (bool header, int256 word, uint256 sequence, uint256 element_)
    {
        Brief memory given = BriefLib.read(encoded);
        if (4 * index >= given.outputBytes) revert PastTheEnd(4 * index, given.outputBytes);
        if (given.strong) {
            if (index < BODY / 4) return (true, _signed(_u32Of(bytes4(body << (32 * index)))), 0, 0);
            index -= BODY / 4;
        }
        uint256 count = given.count();
        if (index == 0) return (true, _signed(_u32Of(MAGIC)), 0, 0);
        if (index == 1) return (true, int256(count), 0, 0);
        uint256 width = given.outputWidth;
        if (index < 2 + count) {
            return (true, int256(width * (given.outputPerPosition ? given.length(index - 2) : 1)), 0, 0);
        }
        index -= 2 + count;
        while (true) {
            uint256 size = width * (given.outputPerPosition ? given.length(sequence) : 1);
            if (index < size) return (false, 0, sequence, index);
            index -= size;
            ++sequence;
        }
    }

    // --- numbers ------------------------------------------------------------------------------------------------

    /// The int32 at a place of a chunk.
    function element(bytes calldata chunk, uint256 index) external pure returns (int256) {
        return _signed(_u32Of(bytes4(chunk[4 * index:4 * index + 4])));
    }

    /// The place of bytes of the input.
    function _found(Chunks memory input, uint256 first, uint256 count) private pure returns (uint256 place) {
        uint256 missing;
        (place, missing) = input.find(first, count);
        if (missing != Openings.NONE) revert ChunkMissing(missing);
    }

    function _u32At(uint256 place) private pure returns (uint256) {
        return uint32(uint256(Places.int32At(place)));
    }

    function _u32Of(bytes4 four) private pure returns (uint256) {
        uint256 v = uint32(four);
        return (v >> 24) | ((v >> 8) & 0xff00) | ((v << 8) & 0xff0000) | ((v << 24) & 0xff000000);
    }

    function _signed(uint256 v) private pure returns (int256) {
        // SAFETY: the low 32 bits, read as two's complement.
        return int256(int32(uint32(v)));
    }

    function _at(bytes memory lengths, uint256 index) private pure returns (uint256) {
        return (uint256(uint8(lengths[index])) << 8) | uint8(lengths[index + 1]);
    }

    function _leaf(bytes4 data) private pure returns (bytes32) {
        return sha256(abi.encodePacked(hex"00", data));
    }
}
