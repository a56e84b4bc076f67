// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDisputeTypes} from "../../../contracts/dispute/IDisputeTypes.sol";
import {ProgramRecords} from "../../../contracts/dispute/ProgramRecords.sol";
import {Tree} from "../../../contracts/transcript/Tree.sol";
import {Match} from "./DisputeWorld.sol";
import {Refusals} from "./Refusals.sol";
import {Execution, Toy} from "./Toy.sol";
import {Transcripts} from "./Transcripts.sol";
import {Chunks} from "./Written.sol";

/// Statements, children and chunks that are not what a game asks for.
contract BadMovesTest is Refusals {
    using Transcripts for Execution;

    Chunks private _noRecord;
    bytes32[] private _none;

    function _facing(Match memory m, IDisputeTypes.Statement memory ofA, IDisputeTypes.Statement memory ofB)
        private
        view
        returns (bytes memory)
    {
        return abi.encodeCall(engine.face, (m.brief.encode(), 0, 1, ofA, ofB));
    }

    function _opening(Match memory m, bytes32[] memory ofA, bytes32[] memory ofB, Chunks memory record)
        private
        view
        returns (bytes memory)
    {
        return abi.encodeCall(engine.open, (m.brief.encode(), 0, 1, ofA, ofB, record.encode()));
    }

    function _showing(Match memory m, bytes memory ofA, bytes memory ofB) private view returns (bytes memory) {
        return abi.encodeCall(engine.openLeaf, (m.brief.encode(), 0, 1, ofA, ofB));
    }

    // --- face --------------------------------------------------------------------------------------------------

    function test_both_statements_are_needed_and_as_they_were_made() external {
        Match memory m = _dispute(5, 300);
        IDisputeTypes.Statement memory a = _statementOf(m, 0);
        IDisputeTypes.Statement memory b = _statementOf(m, 1);
        _start(m, 0, 1);
        _refuses(_facing(m, a, b), _wrongStatement(m, 0));
        _state(m, 0);
        _refuses(_facing(m, a, b), _wrongStatement(m, 1));
        _state(m, 1);
        _refuses(_facing(m, b, a), _wrongStatement(m, 0));
        _refuses(_facing(m, a, a), _wrongStatement(m, 1));
        _refuses(
            abi.encodeCall(engine.face, (m.brief.encode(), 1, 0, b, a)), _wrongStage(IDisputeTypes.Stage.None)
        );
        _face(m, 0, 1);
        _refuses(_facing(m, a, b), _wrongStage(IDisputeTypes.Stage.Sequences));
    }

    // --- open --------------------------------------------------------------------------------------------------

    function test_children_are_all_those_of_the_node() external {
        Match memory m = _dispute(5, 300);
        _playTo(m, 0, 1, IDisputeTypes.Stage.Sequences);
        IDisputeTypes.Game memory game = _game(m, 0, 1);
        bytes32[] memory a = _children(m, game, 0);
        bytes32[] memory b = _children(m, game, 1);
        _refuses(_opening(m, _none, _none, _noRecord), abi.encodeWithSelector(IDisputeTypes.NothingOpened.selector));
        _refuses(
            _opening(m, b, _none, _noRecord),
            abi.encodeWithSelector(IDisputeTypes.NotTheNode.selector, game.nodeB, game.nodeA)
        );
        _refuses(
            _opening(m, a, a, _noRecord),
            abi.encodeWithSelector(IDisputeTypes.NotTheNode.selector, game.nodeA, game.nodeB)
        );
        _refuses(
            _opening(m, new bytes32[](2), _none, _noRecord),
            abi.encodeWithSelector(IDisputeTypes.WrongChildren.selector, game.nodeA, 2, 4)
        );
        _refuses(
            _opening(m, _none, new bytes32[](8), _noRecord),
            abi.encodeWithSelector(IDisputeTypes.WrongChildren.selector, game.nodeB, 8, 4)
        );
        (a[0], a[1]) = (a[1], a[0]);
        _refusesWith(_opening(m, a, b, _noRecord), IDisputeTypes.NotTheNode.selector);
        // Once the node is open, other children are refused all the same.
        _open(m, 0, 1, true, false);
        _refusesWith(_opening(m, a, b, _noRecord), IDisputeTypes.NotTheNode.selector);
        _refuses(_showing(m, "", ""), _wrongStage(IDisputeTypes.Stage.Sequences));
    }

    /// To open again what is open changes nothing.
    function test_a_node_is_opened_once() external {
        Match memory m = _dispute(5, 300);
        _playTo(m, 0, 1, IDisputeTypes.Stage.Values);
        IDisputeTypes.Game memory game = _game(m, 0, 1);
        _open(m, 0, 1, true, false);
        uint256 time = clock;
        _pass(30);
        vm.prank(thief);
        _open(m, 0, 1, true, false);
        assertEq(engine.openedAt(game.nodeA, levelsOf(game.height)), time, "the first time counts");
    }

    function test_a_value_is_reached_with_its_record() external {
        Match memory m = _dispute(5, 300);
        _playTo(m, 0, 1, IDisputeTypes.Stage.Values);
        IDisputeTypes.Game memory game = _game(m, 0, 1);
        bytes32[] memory a = _children(m, game, 0);
        bytes32[] memory b = _children(m, game, 1);
        _refuses(_opening(m, a, b, _noRecord), abi.encodeWithSelector(Tree.NothingOpened.selector));
        _refuses(
            _opening(m, a, b, Transcripts.record(4)),
            abi.encodeWithSelector(ProgramRecords.RecordMissing.selector, 5, 15)
        );
        Chunks memory record = Transcripts.record(5);
        record.data[15 * 32 + 31] = hex"02";
        _refusesWith(_opening(m, a, b, record), ProgramRecords.NotTheProgram.selector);
        record = Transcripts.record(5);
        for (uint32 i; i < 4; ++i) record.indexes[i] = 16 + i;
        _refusesWith(_opening(m, a, b, record), ProgramRecords.NotTheProgram.selector);
        record.indexes[3] = 60;
        _refuses(_opening(m, a, b, record), abi.encodeWithSelector(Tree.IndexOutOfRange.selector, 60, 60));
    }

    // --- openLeaf ----------------------------------------------------------------------------------------------

    function test_a_chunk_is_as_long_as_it_must_be() external {
        Match memory m = _dispute(5, 599);
        _playTo(m, 0, 1, IDisputeTypes.Stage.Leaf);
        IDisputeTypes.Game memory game = _game(m, 0, 1);
        assertEq(game.size, 4 * 600 - 9 * 256, "the last chunk");
        bytes memory a = m.by[0].chunk(game);
        bytes memory b = m.by[1].chunk(game);
        _refuses(_showing(m, "", ""), abi.encodeWithSelector(IDisputeTypes.NothingOpened.selector));
        _refuses(
            _showing(m, bytes.concat(a, hex"00"), b),
            abi.encodeWithSelector(IDisputeTypes.WrongChildren.selector, game.nodeA, game.size + 1, game.size)
        );
        _refuses(
            _showing(m, a, new bytes(1024)),
            abi.encodeWithSelector(IDisputeTypes.WrongChildren.selector, game.nodeB, 1024, game.size)
        );
        _refuses(
            _showing(m, b, a), abi.encodeWithSelector(IDisputeTypes.NotTheNode.selector, game.nodeB, game.nodeA)
        );
        _refuses(_opening(m, _none, _none, _noRecord), _wrongStage(IDisputeTypes.Stage.Leaf));
        _open(m, 0, 1, true, false);
        assertEq(engine.openedAt(game.nodeA, 0), clock, "shown");
        _open(m, 0, 1, true, true);
        _refuses(_showing(m, a, b), _wrongStage(IDisputeTypes.Stage.Element));
    }

    // --- timeout -----------------------------------------------------------------------------------------------

    function test_a_game_that_is_not_played_does_not_run_out() external {
        Match memory m = _dispute(5, 300);
        bytes memory ending = abi.encodeCall(engine.timeout, (m.job, 0, 1));
        _refuses(ending, _wrongStage(IDisputeTypes.Stage.None));
        _play(m, 0, 1);
        _convict(m, 0, 1, false);
        // It counts no more, though the other side can still be convicted.
        _refuses(ending, _wrongStage(IDisputeTypes.Stage.Element));
    }

    function test_a_game_that_is_over_does_not_run_out_again() external {
        Match memory m = _dispute(5, 300);
        _start(m, 0, 1);
        _pass(CLOCK + 1);
        bytes memory ending = abi.encodeCall(engine.timeout, (m.job, 0, 1));
        engine.timeout(m.job, 0, 1);
        _refuses(ending, _wrongStage(IDisputeTypes.Stage.Over));
    }

    /// A brief of another job leads to a game of that job, which is none.
    function test_moves_of_another_job_are_refused() external {
        Match memory m = _dispute(5, 300);
        Match memory other = _dispute(5, 300);
        _playTo(m, 0, 1, IDisputeTypes.Stage.Sequences);
        IDisputeTypes.Game memory game = _game(m, 0, 1);
        bytes32[] memory a = _children(m, game, 0);
        m.brief = other.brief;
        _refuses(_opening(m, a, _none, _noRecord), _wrongStage(IDisputeTypes.Stage.None));
        m.brief = _brief(m.job, _lengths());
        m.brief.lengths = hex"000302570002";
        _refuses(_opening(m, a, _none, _noRecord), _wrongBrief(m));
        _refuses(_showing(m, "", ""), _wrongBrief(m));
    }
}
