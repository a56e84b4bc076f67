// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IModelRegistry} from "../registry/IModelRegistry.sol";
import {Places} from "../referee/Places.sol";
import {Chunks, Openings} from "../transcript/Openings.sol";
import {Siblings, Tree} from "../transcript/Tree.sol";
import {Order, OrderLib} from "../types/Order.sol";
import {Brief, Briefing, BriefLib} from "./Brief.sol";
import {InputKinds} from "./InputKinds.sol";
import {Bounds, InputRules} from "./InputRules.sol";
import {ProgramRecords} from "./ProgramRecords.sol";

/// Reads the two ends of a transcript: what an input asks for, and what an output says. Twin of
/// `touchstone.protocol.payload`, `touchstone.protocol.inputs` and `touchstone.protocol.generation`.
contract Payloads {
    using Openings for Chunks;
    using OrderLib for Order;
    using ProgramRecords for Chunks;

    uint256 public constant MOST_OUTPUT_BYTES = 96 * 1024;
    /// What stands before the payload of a strong output.
    uint256 private constant BODY = 32;
    /// The output of an input that breaks a rule.
    bytes4 public constant REFUSED = "TSR1";
    /// Elements of an order in which the token stands, and whether the program wrote it; settings stand behind.
    uint256 private constant TOKEN = 0;
    uint256 private constant WRITTEN = 1;

    error WrongInput(bytes32 root, bytes32 ordered);
    error WrongBody(bytes32 found, bytes32 wanted);
    error NotTheHeader(uint256 operators);
    error PastTheEnd(uint256 offset, uint256 length);

    // --- the input ----------------------------------------------------------------------------------------------

    /// What the order, its input, whose root that is, and its program say together.
    function brief(
        IModelRegistry registry,
        Order calldata order,
        bytes32 job,
        bytes32 inputRoot,
        Briefing calldata given
    ) external view returns (Brief memory found) {
        Chunks memory input = Openings.read(given.input);
        bytes32 top = given.inputBytes == 0 ? bytes32(0) : input.topOf(given.inputBytes);
        bytes32 root = Tree.blinded(given.salt, Tree.seal(given.inputBytes, top));
        if (root != inputRoot) revert WrongInput(root, inputRoot);
        found.job = job;
        found.salt = given.salt;
        found.program = registry.shardRoot(order.model, order.shard);

        found.operators = given.operators;
        Chunks memory records = ProgramRecords.opened(given.records, found.program, given.operators);
        if (records.word(0, 4) != given.operators) revert NotTheHeader(given.operators);
        Bounds memory bounds = _bounds(registry.get(order.model), order, records);
        (found.lengths, found.prompts) = InputRules.read(given.inputBytes, input, bounds);
        if (found.lengths.length == 0) return _refused(found);
        // SAFETY: a kind is at most two, and a program's numbers are 32 bits (touchstone.programs.rules).
        (found.inputKind, found.inputWidth) = (uint8(bounds.kind), uint32(bounds.width));
        found.causal = records.isCausal();
        (found.inputBytes, found.inputTop, found.strong) = (given.inputBytes, top, order.isStrong());
        uint256 size = _sizeOutput(found, records);
        if (size > MOST_OUTPUT_BYTES) return _refused(found);
        // SAFETY: at most 96 KiB.
        found.outputBytes = uint64(size);
    }

    /// What the model and the order allow. Positions of a sequence have two bytes in a brief.
    function _bounds(IModelRegistry.Model memory model, Order calldata order, Chunks memory records)
        private
        pure
        returns (Bounds memory)
    {
        uint256 most = records.word(0, 3);
        if (model.maxRows < most) most = model.maxRows;
        if (type(uint16).max < most) most = type(uint16).max;
        return Bounds(records.word(0, 1), records.word(0, 2), most, uint256(order.units) * model.unitRows);
    }

    /// Says which value the output is, and returns how many bytes it has.
    function _sizeOutput(Brief memory found, Chunks memory records) private pure returns (uint256 size) {
        uint256 value = records.word(0, 5);
        uint256 width = records.widthOf(value);
        found.outputPerPosition = records.isPerPosition(value);
        // SAFETY: a program's numbers are 32 bits (touchstone.programs.rules).
        (found.outputValue, found.outputWidth) = (uint32(value), uint32(width));
        uint256 count = found.count();
        size = (found.strong ? BODY : 0) + InputRules.HEADER + 4 * count;
        for (uint256 i; i < count; ++i) {
            (, uint256 rows) = found.outputRows(i);
            size += 4 * width * rows;
        }
    }

    /// Nothing is executed: all that an execution would need is left out.
    function _refused(Brief memory found) private pure returns (Brief memory refused) {
        (refused.job, refused.program, refused.salt, refused.refused) = (found.job, found.program, found.salt, true);
    }

    /// The blinded root of the constant output.
    function refusedRoot(bytes32 salt) external view returns (bytes32) {
        return Tree.blinded(salt, Tree.seal(4, _leaf(REFUSED)));
    }

    // --- the input's copy ---------------------------------------------------------------------------------------

    /// What the input's copy must hold at an element: of a sequence, or in a causal program of one position. Where the
    /// program reads a token that it `wrote`, that is what its output value has at the position before; else `input`
    /// opens the chunk that holds it, if any does.
    function copied(
        bytes calldata encoded,
        uint256 sequence,
        uint256 position,
        uint256 element_,
        bytes calldata input
    ) external view returns (bool wrote, int256 expected) {
        Brief memory given = BriefLib.read(encoded);
        uint256 place = 2 + given.count();
        if (given.isPrompted()) {
            bool own = position >= given.prompt(sequence);
            if (element_ == WRITTEN) return (false, own ? int256(1) : int256(0));
            if (element_ == TOKEN && own) return (true, 0);
            // One length more, of the settings: how many tokens to write comes first, which no order holds.
            if (element_ != TOKEN) place += 1 + InputKinds.SETTINGS * sequence + element_ - 1;
            else place += 1 + InputKinds.SETTINGS * given.count() + _before(given.prompts, sequence) + position;
        } else {
            place += (_before(given.lengths, sequence) + position) * given.inputWidth + element_;
        }
        Chunks memory opened = Openings.read(input);
        bytes32 top = opened.topOf(given.inputBytes);
        if (top != given.inputTop) revert WrongInput(top, given.inputTop);
        expected = Places.int32At(InputRules.found(opened, 4 * place, 4));
    }

    /// The sum of two-byte numbers before an index.
    function _before(bytes memory lengths, uint256 index) private pure returns (uint256 sum) {
        for (uint256 i; i < 2 * index; i += 2) sum += (uint256(uint8(lengths[i])) << 8) | uint8(lengths[i + 1]);
    }

    /// An element of the input's copy in the transcript with this node over its sequences.
    ///
    ///   copy = opening of value 0 | siblings of the value | siblings of the sequence
    function copyAt(
        bytes calldata encoded,
        bytes32 body,
        uint256 sequence,
        uint256 position,
        uint256 element_,
        bytes calldata copy
    ) external view returns (int256) {
        Brief memory given = BriefLib.read(encoded);
        (uint256 from, uint256 end) = Openings.bounds(copy);
        Chunks memory opened;
        (opened, from) = Openings.next(from, end);
        bytes32 node = opened.topOf(given.copyBytes(sequence));
        (node, from) = _aboveValue(given, sequence, position, node, from, end);
        (node, from) = _climb(sequence, node, given.count(), from, end);
        Openings.requireEnd(from, end);
        if (node != body) revert WrongBody(node, body);
        return Places.int32At(InputRules.found(opened, 4 * element_, 4));
    }

    /// The node over a sequence, above the top of its input's copy. A position has as many places as the tree over all
    /// values has leaves, and value 0 the first of them.
    function _aboveValue(
        Brief memory given,
        uint256 sequence,
        uint256 position,
        bytes32 node,
        uint256 from,
        uint256 end
    ) private view returns (bytes32 top, uint256 to) {
        uint256 count = uint256(given.operators) + 1;
        uint256 levels = Tree.depthOf(count);
        if (given.causal) count = given.length(sequence) << levels;
        return _climb(position << levels, node, count, from, end);
    }

    /// The top above one leaf, with siblings from a place in calldata, and where these end.
    function _climb(uint256 index, bytes32 hash, uint256 count, uint256 from, uint256 end)
        private
        view
        returns (bytes32 top, uint256 to)
    {
        Siblings siblings;
        (siblings, to) = Openings.siblings(from, end);
        uint256[] memory indexes = new uint256[](1);
        bytes32[] memory hashes = new bytes32[](1);
        (indexes[0], hashes[0]) = (index, hash);
        top = Tree.climb(indexes, hashes, count, siblings);
    }

    // --- the output ---------------------------------------------------------------------------------------------

    /// What stands at a four-byte word of the output: in the header the word itself, else the element of the output
    /// value that it must equal; that of its position in a causal program, of its whole sequence in others.
    /// `body` is the node over the sequences of the claimant's transcript.
    function outputWord(bytes calldata encoded, bytes32 body, uint256 index)
        external
        pure
        returns (bool header, int256 word, uint256 sequence, uint256 position, uint256 element_)
    {
        Brief memory given = BriefLib.read(encoded);
        if (4 * index >= given.outputBytes) revert PastTheEnd(4 * index, given.outputBytes);
        if (given.strong) {
            if (index < BODY / 4) return (true, _signed(_u32Of(bytes4(body << (32 * index)))), 0, 0, 0);
            index -= BODY / 4;
        }
        uint256 count = given.count();
        if (index == 0) return (true, _signed(_u32Of(InputRules.MAGIC)), 0, 0, 0);
        if (index == 1) return (true, int256(count), 0, 0, 0);
        uint256 width = given.outputWidth;
        if (index < 2 + count) {
            (, uint256 rows) = given.outputRows(index - 2);
            return (true, int256(width * rows), 0, 0, 0);
        }
        index -= 2 + count;
        while (true) {
            (uint256 first, uint256 rows) = given.outputRows(sequence);
            if (index >= width * rows) {
                index -= width * rows;
                ++sequence;
            } else if (given.causal) {
                return (false, 0, sequence, first + index / width, index % width);
            } else {
                return (false, 0, sequence, 0, index);
            }
        }
    }

    // --- numbers ------------------------------------------------------------------------------------------------

    /// The int32 at a place of a chunk.
    function element(bytes calldata chunk, uint256 index) external pure returns (int256) {
        return _signed(_u32Of(bytes4(chunk[4 * index:4 * index + 4])));
    }

    function _u32Of(bytes4 four) private pure returns (uint256) {
        uint256 v = uint32(four);
        return (v >> 24) | ((v >> 8) & 0xff00) | ((v << 8) & 0xff0000) | ((v << 24) & 0xff000000);
    }

    function _signed(uint256 v) private pure returns (int256) {
        // SAFETY: the low 32 bits, read as two's complement.
        return int256(int32(uint32(v)));
    }

    function _leaf(bytes4 data) private pure returns (bytes32) {
        return sha256(abi.encodePacked(hex"00", data));
    }
}
