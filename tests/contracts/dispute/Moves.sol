// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDisputeTypes} from "../../../contracts/dispute/IDisputeTypes.sol";
import {DisputeWorld, Match} from "./DisputeWorld.sol";
import {Execution, Toy} from "./Toy.sol";
import {Transcripts} from "./Transcripts.sol";
import {Trees} from "./Trees.sol";
import {Chunks, Evidence} from "./Written.sol";

/// What the parties of a game do, each by its own execution.
abstract contract Moves is DisputeWorld {
    using Transcripts for Execution;

    // --- statements ------------------------------------------------------------------------------------------

    function _start(Match memory m, uint256 a, uint256 b) internal {
        engine.start(m.job, a, b);
    }

    function _state(Match memory m, uint256 party) internal {
        address account = _account(m, party);
        IDisputeTypes.Statement memory statement = m.by[party].statement();
        vm.prank(account);
        engine.state(m.brief.encode(), party, statement);
    }

    function _face(Match memory m, uint256 a, uint256 b) internal {
        engine.face(m.brief.encode(), a, b, m.by[a].statement(), m.by[b].statement());
    }

    function _stated(Match memory m, uint256 party) internal view returns (bool) {
        return engine.partyOf(m.job, party).statement != 0;
    }

    function _statementOf(Match memory m, uint256 party) internal pure returns (IDisputeTypes.Statement memory) {
        return m.by[party].statement();
    }

    // --- nodes -----------------------------------------------------------------------------------------------

    function _isTree(IDisputeTypes.Stage stage) internal pure returns (bool) {
        return (stage >= IDisputeTypes.Stage.Sequences && stage <= IDisputeTypes.Stage.Chunks)
            || stage == IDisputeTypes.Stage.Output;
    }

    function _isLeaf(IDisputeTypes.Stage stage) internal pure returns (bool) {
        return stage == IDisputeTypes.Stage.Leaf || stage == IDisputeTypes.Stage.OutputLeaf;
    }

    function _children(Match memory m, IDisputeTypes.Game memory game, uint256 party)
        internal
        pure
        returns (bytes32[] memory)
    {
        return m.by[party].children(game, levelsOf(game.height));
    }

    /// As the engine has it.
    function levelsOf(uint256 height) internal pure returns (uint256) {
        uint256 rounds = (height + 5) / 6;
        return (height + rounds - 1) / rounds;
    }

    /// One side opens, or both do, where a tree is descended or a leaf is asked for.
    function _open(Match memory m, uint256 a, uint256 b, bool first, bool second) internal {
        IDisputeTypes.Game memory game = _game(m, a, b);
        if (_isLeaf(game.stage)) {
            bytes memory chunkA = first ? m.by[a].chunk(game) : bytes("");
            return engine.openLeaf(m.brief.encode(), a, b, chunkA, second ? m.by[b].chunk(game) : bytes(""));
        }
        bytes32[] memory childrenA = first ? _children(m, game, a) : new bytes32[](0);
        bytes32[] memory childrenB = second ? _children(m, game, b) : new bytes32[](0);
        Chunks memory record;
        if (first && second) record = _record(m.by[a], game, childrenA, childrenB);
        engine.open(m.brief.encode(), a, b, childrenA, childrenB, record.encode());
    }

    /// The record of the value that a descent comes to, if it comes to one.
    function _record(
        Execution memory e,
        IDisputeTypes.Game memory game,
        bytes32[] memory childrenA,
        bytes32[] memory childrenB
    ) internal pure returns (Chunks memory record) {
        if (game.stage != IDisputeTypes.Stage.Values || game.height != levelsOf(game.height)) return record;
        uint256 child;
        while (childrenA[child] == childrenB[child]) ++child;
        uint256 value = game.index * childrenA.length + child;
        if (value != 0 && value <= Toy.OPERATORS) return e.recordOf(value);
    }

    /// One move of both sides.
    function _round(Match memory m, uint256 a, uint256 b) internal {
        if (_game(m, a, b).stage != IDisputeTypes.Stage.Stating) return _open(m, a, b, true, true);
        if (!_stated(m, a)) _state(m, a);
        if (!_stated(m, b)) _state(m, b);
        _face(m, a, b);
    }

    /// Both sides play until one element is left, or the game is over. Returns how many rounds that took.
    function _play(Match memory m, uint256 a, uint256 b) internal returns (uint256 rounds) {
        if (_game(m, a, b).stage == IDisputeTypes.Stage.None) _start(m, a, b);
        while (_game(m, a, b).stage < IDisputeTypes.Stage.Element) {
            _round(m, a, b);
            ++rounds;
        }
    }

    /// As `_play`, until the game comes to a stage.
    function _playTo(Match memory m, uint256 a, uint256 b, IDisputeTypes.Stage stage) internal {
        if (_game(m, a, b).stage == IDisputeTypes.Stage.None) _start(m, a, b);
        while (_game(m, a, b).stage != stage) _round(m, a, b);
    }

    // --- convictions -----------------------------------------------------------------------------------------

    /// Accuse one side of the element at which a game ended.
    function _convict(Match memory m, uint256 a, uint256 b, bool first) internal {
        IDisputeTypes.Game memory game = _game(m, a, b);
        uint256 party = first ? a : b;
        if (game.stage == IDisputeTypes.Stage.OutputElement || game.value == 0) return _convictEnd(m, a, b, first);
        engine.convict(m.brief.encode(), a, b, first, m.by[party].statement(), _proof(m, game, party).encode());
    }

    /// What an element of a party's transcript follows from; of a part alone, once the game is about one.
    function _proof(Match memory m, IDisputeTypes.Game memory game, uint256 party)
        internal
        pure
        virtual
        returns (Evidence memory)
    {
        Execution memory e = m.by[party];
        if (game.to != 0) return e.segment(game.sequence, game.from, game.to);
        return e.whole(game.sequence, game.value, game.index);
    }

    function _convictEnd(Match memory m, uint256 a, uint256 b, bool first) internal {
        IDisputeTypes.Game memory game = _game(m, a, b);
        Execution memory e = m.by[first ? a : b];
        (Chunks memory input, Evidence memory evidence) = _ends(e, game);
        engine.convictEnd(
            m.brief.encode(), a, b, first, e.statement(), e.chunkAt(game), input.encode(), evidence.encode()
        );
    }

    function _ends(Execution memory e, IDisputeTypes.Game memory game)
        internal
        pure
        virtual
        returns (Chunks memory input, Evidence memory evidence)
    {
        uint256 words = 2 + e.lengths.length;
        if (game.stage == IDisputeTypes.Stage.Element) {
            uint256 word = words + game.index;
            for (uint256 s; s < game.sequence; ++s) word += e.lengths[s];
            input = Trees.open(Toy.input(e.lengths), Trees.one(word / 64));
        } else if (game.index >= words) {
            uint256 sequence;
            uint256 element = game.index - words;
            while (element >= e.lengths[sequence]) element -= e.lengths[sequence++];
            evidence = e.claimed(sequence, Toy.OUTPUT, element);
        }
    }

    // --- long reductions -------------------------------------------------------------------------------------

    /// The terms that a game about the mean is about.
    function _span(Match memory m, IDisputeTypes.Game memory game) internal pure returns (uint256 from, uint256 to) {
        return game.to == 0 ? (0, uint256(m.by[0].lengths[game.sequence])) : (uint256(game.from), uint256(game.to));
    }

    /// Partial results as they follow from the party's values.
    function _parts(Match memory m, IDisputeTypes.Game memory game, uint256 party)
        internal
        pure
        returns (int256[] memory)
    {
        (uint256 from, uint256 to) = _span(m, game);
        return m.by[party].parts(game.sequence, from, to, (to - from + 63) / 64);
    }

    function _post(Match memory m, uint256 a, uint256 b, bool first, int256[] memory parts) internal {
        IDisputeTypes.Game memory game = _game(m, a, b);
        Execution memory e = m.by[first ? a : b];
        Evidence memory evidence = e.claimed(game.sequence, Toy.MEAN, 0);
        engine.postParts(m.brief.encode(), a, b, first, e.statement(), parts, evidence.encode());
    }

    function _narrow(Match memory m, uint256 a, uint256 b, int256[] memory partsA, int256[] memory partsB) internal {
        engine.narrow(m.brief.encode(), a, b, partsA, partsB, Transcripts.record(Toy.MEAN).encode());
    }

    // --- time ------------------------------------------------------------------------------------------------

    /// As one call, for what must revert.
    function timeoutNow(Match memory m, uint256 a, uint256 b) external {
        engine.timeout(m.job, a, b);
    }
}
