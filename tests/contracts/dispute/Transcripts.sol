// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDisputeTypes} from "../../../contracts/dispute/IDisputeTypes.sol";
import {CausalToy} from "./CausalToy.sol";
import {Execution, Toy, Where} from "./Toy.sol";
import {Trees} from "./Trees.sol";
import {Chunks, Evidence} from "./Written.sol";

/// The trees over an execution, and what a party opens of them.
library Transcripts {
    /// Levels of the tree over all values of a position.
    uint256 private constant LEVELS = 4;

    // --- statements ------------------------------------------------------------------------------------------

    function statement(Execution memory e) internal pure returns (IDisputeTypes.Statement memory) {
        return IDisputeTypes.Statement(Trees.top(sequences(e)), Trees.top(outputLeaves(e)));
    }

    /// The root that the party claims.
    function root(Execution memory e) internal pure returns (bytes32) {
        return Trees.blinded(Toy.SALT, Trees.seal(e.output.length, Trees.top(outputLeaves(e))));
    }

    // --- trees -----------------------------------------------------------------------------------------------

    /// Leaves of the tree over all sequences.
    function sequences(Execution memory e) internal pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](e.lengths.length);
        for (uint256 s; s < leaves.length; ++s) leaves[s] = Trees.top(valueTops(e, s));
        if (e.where == Where.Sequences) leaves = _with(leaves, e.extra);
    }

    /// Leaves of the tree over one sequence's values, in a causal program over those of all its positions.
    function valueTops(Execution memory e, uint256 sequence) internal pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](e.values[sequence].length);
        for (uint256 v; v < leaves.length; ++v) {
            if (e.values[sequence][v].length != 0) leaves[v] = Trees.top(chunks(e, sequence, v));
        }
        if (sequence != 1) return leaves;
        if (e.causal && e.where == Where.Values) leaves[2 * CausalToy.PLACES - 1] = e.extra;
        else if (e.where == Where.Values || e.where == Where.Positions) leaves = _with(leaves, e.extra);
    }

    /// Leaves of the tree over one value's bytes.
    function chunks(Execution memory e, uint256 sequence, uint256 value)
        internal
        pure
        returns (bytes32[] memory leaves)
    {
        leaves = Trees.leavesOf(e.values[sequence][value]);
        if (e.where == Where.Chunks && sequence == 1 && value == 3) leaves = _with(leaves, e.extra);
    }

    function outputLeaves(Execution memory e) internal pure returns (bytes32[] memory leaves) {
        leaves = Trees.leavesOf(e.output);
        if (e.where == Where.Output) leaves = _with(leaves, e.extra);
    }

    function _with(bytes32[] memory leaves, bytes32 extra) private pure returns (bytes32[] memory found) {
        found = new bytes32[](leaves.length + 1);
        for (uint256 i; i < leaves.length; ++i) found[i] = leaves[i];
        found[leaves.length] = extra;
    }

    // --- moves -----------------------------------------------------------------------------------------------

    /// The children of the party's node where a game stands.
    function children(Execution memory e, IDisputeTypes.Game memory game, uint256 levels)
        internal
        pure
        returns (bytes32[] memory)
    {
        (uint256 height, uint256 index) = (game.height, game.index);
        if (e.causal && game.stage == IDisputeTypes.Stage.Positions) height += LEVELS;
        if (e.causal && game.stage == IDisputeTypes.Stage.Values) index |= uint256(game.position) << (LEVELS - height);
        return Trees.children(_tree(e, game), height, index, levels);
    }

    function _tree(Execution memory e, IDisputeTypes.Game memory game) private pure returns (bytes32[] memory) {
        if (game.stage == IDisputeTypes.Stage.Sequences) return sequences(e);
        if (game.stage == IDisputeTypes.Stage.Positions) return valueTops(e, game.sequence);
        if (game.stage == IDisputeTypes.Stage.Values) return valueTops(e, game.sequence);
        if (game.stage == IDisputeTypes.Stage.Chunks) return chunks(e, game.sequence, _leaf(e, game));
        return outputLeaves(e);
    }

    /// The party's chunk where a game stands at a leaf.
    function chunk(Execution memory e, IDisputeTypes.Game memory game) internal pure returns (bytes memory) {
        bool output = game.stage == IDisputeTypes.Stage.OutputLeaf;
        return Trees.chunk(output ? e.output : e.values[game.sequence][_leaf(e, game)], game.index);
    }

    /// Where the values of a sequence hold that of a game.
    function _leaf(Execution memory e, IDisputeTypes.Game memory game) private pure returns (uint256) {
        return e.causal ? CausalToy.PLACES * game.position + game.value : game.value;
    }

    /// The chunk that holds the element at which a game ended.
    function chunkAt(Execution memory e, IDisputeTypes.Game memory game) internal pure returns (bytes memory) {
        bool output = game.stage == IDisputeTypes.Stage.OutputElement;
        return Trees.chunk(output ? e.output : e.values[game.sequence][_leaf(e, game)], game.index / 64);
    }

    // --- evidence --------------------------------------------------------------------------------------------

    function record(uint256 value) internal pure returns (Chunks memory) {
        return Trees.openRange(Toy.records(), 4 * value, 4 * value + 3);
    }

    /// The record of a value in the execution's own program; for an embedding also that of the orders it reads.
    function recordOf(Execution memory e, uint256 value) internal pure returns (Chunks memory) {
        if (!e.causal) return record(value);
        if (value != Toy.EMBEDDING) return Trees.openRange(CausalToy.records(), 4 * value, 4 * value + 3);
        uint256[] memory shown = new uint256[](5);
        for (uint256 i; i < 4; ++i) shown[i + 1] = 4 * value + i;
        return Trees.open(CausalToy.records(), shown);
    }

    /// Everything that an element depends on, and the element itself.
    function whole(Execution memory e, uint256 sequence, uint256 value, uint256 element)
        internal
        pure
        returns (Evidence memory)
    {
        bool mean = value == Toy.MEAN;
        return _evidence(e, sequence, value, true, mean ? 0 : element, mean ? e.lengths[sequence] - 1 : element);
    }

    /// The terms [from, to) of the mean, and not the mean itself.
    function segment(Execution memory e, uint256 sequence, uint256 from, uint256 to)
        internal
        pure
        returns (Evidence memory)
    {
        return _evidence(e, sequence, Toy.MEAN, false, from, to - 1);
    }

    /// A value's operands and, where asked for, its own chunk; elements `first` to `last` of each.
    function _evidence(
        Execution memory e,
        uint256 sequence,
        uint256 value,
        bool own,
        uint256 first,
        uint256 last
    ) private pure returns (Evidence memory found) {
        (uint256 y, uint256 x) = Toy.operands(value);
        uint256[] memory opened = new uint256[](3);
        uint256 count;
        opened[count++] = x;
        if (y > x) opened[count++] = y;
        if (own) opened[count++] = value;
        _cut(opened, count);
        _show(found, e, sequence, opened, first, last);
        _describe(found, e, value);
    }

    function _describe(Evidence memory found, Execution memory e, uint256 value) private pure {
        found.records = recordOf(e, value);
        if (value != Toy.EMBEDDING) return;
        found.constants = new Chunks[](2);
        found.constants[0] = Trees.openRange(Toy.table(), 0, type(uint256).max);
        found.constants[1] = Trees.openRange(Toy.scale(), 0, type(uint256).max);
    }

    /// As `whole`, of a causal program at one position.
    function wholeAt(Execution memory e, uint256 sequence, uint256 position, uint256 value)
        internal
        pure
        returns (Evidence memory found)
    {
        (uint256 y, uint256 x) = Toy.operands(value);
        uint256[] memory opened = new uint256[](3);
        uint256 count;
        uint256 from = CausalToy.PLACES * position;
        opened[count++] = from + x;
        if (y > x) opened[count++] = from + y;
        opened[count++] = from + value;
        _cut(opened, count);
        _show(found, e, sequence, opened, 0, 0);
        _describe(found, e, value);
    }

    /// One element alone, as a party has it at a position.
    function claimedAt(Execution memory e, uint256 sequence, uint256 position, uint256 value)
        internal
        pure
        returns (Evidence memory found)
    {
        _show(found, e, sequence, Trees.one(CausalToy.PLACES * position + value), 0, 0);
        found.records = recordOf(e, value);
    }

    /// The input's copy at a position, as `Payloads.copyAt` reads it.
    function copyAt(Execution memory e, uint256 sequence, uint256 position) internal pure returns (bytes memory) {
        uint256 place = CausalToy.PLACES * position;
        bytes32[] memory values = Trees.siblings(valueTops(e, sequence), Trees.one(place));
        bytes32[] memory beside = Trees.siblings(sequences(e), Trees.one(sequence));
        return bytes.concat(
            Trees.openRange(e.values[sequence][place], 0, 0).encode(),
            abi.encodePacked(uint16(values.length), values),
            abi.encodePacked(uint16(beside.length), beside)
        );
    }

    /// One element alone, as a party has it.
    function claimed(Execution memory e, uint256 sequence, uint256 value, uint256 element)
        internal
        pure
        returns (Evidence memory found)
    {
        _show(found, e, sequence, Trees.one(value), element, element);
        found.records = record(value);
    }

    function _show(
        Evidence memory found,
        Execution memory e,
        uint256 sequence,
        uint256[] memory opened,
        uint256 first,
        uint256 last
    ) private pure {
        found.values = new uint32[](opened.length);
        found.rows = new Chunks[](opened.length);
        for (uint256 i; i < opened.length; ++i) {
            found.values[i] = uint32(opened[i]);
            found.rows[i] = Trees.openRange(e.values[sequence][opened[i]], first / 64, last / 64);
        }
        found.valueSiblings = Trees.siblings(valueTops(e, sequence), opened);
        found.sequenceSiblings = Trees.siblings(sequences(e), Trees.one(sequence));
    }

    function _cut(uint256[] memory array, uint256 count) private pure {
        assembly ("memory-safe") {
            mstore(array, count)
        }
    }

    /// Partial results of the mean's terms [from, to), `size` terms each.
    function parts(Execution memory e, uint256 sequence, uint256 from, uint256 to, uint256 size)
        internal
        pure
        returns (int256[] memory found)
    {
        found = new int256[]((to - from + size - 1) / size);
        for (uint256 t = from; t < to; ++t) found[(t - from) / size] += Toy.get(e.values[sequence][7], t);
    }
}
