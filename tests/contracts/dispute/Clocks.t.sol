// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDisputeTypes} from "../../../contracts/dispute/IDisputeTypes.sol";
import {Match} from "./DisputeWorld.sol";
import {Moves} from "./Moves.sol";
import {Execution, Toy} from "./Toy.sol";

/// Who says nothing loses by its clock: at its last second not yet, a second later at once.
contract ClocksTest is Moves {
    /// Seat 1 lies: in a mean of 600 terms, or in the output alone.
    function _liar(bool output) private returns (Match memory m) {
        Execution[] memory seats = new Execution[](2);
        seats[0] = Toy.honest(_lengths());
        seats[1] = output ? Toy.wrongOutput(_lengths(), 30) : Toy.wrongAt(_lengths(), 1, Toy.MEAN, 0);
        // A mean is one chunk; so is a leaf. The tree of chunks is asked for by a value that has several.
        m = _matchOf(seats);
        _start(m, 0, 1);
    }

    /// The game stands where one side has moved and the other does not.
    function _runsOut(Match memory m, bool first, uint256 guilty) private {
        IDisputeTypes.Game memory game = _game(m, 0, 1);
        uint256 until = uint256(game.since) + (first ? game.clockA : game.clockB);
        _goTo(until);
        vm.expectPartialRevert(IDisputeTypes.StillRunning.selector);
        this.timeoutNow(m, 0, 1);
        _assertVerdict(m, false, 0, address(0));
        _goTo(until + 1);
        engine.timeout(m.job, 0, 1);
        _assertStage(m, 0, 1, IDisputeTypes.Stage.Over);
        _assertVerdict(m, true, guilty, _account(m, first ? 1 : 0));
        assertFalse(engine.partyOf(m.job, first ? 0 : 1).proven, "silence proves nothing");
        _note();
        market.conclude(m.order);
        _assertGain(_account(m, first ? 0 : 1), -int256(BOND), "the silent");
        _assertGain(_account(m, first ? 1 : 0), int256(SHARE + CEILING), "the other");
    }

    function _moveAlone(Match memory m, bool first) private {
        if (_game(m, 0, 1).stage == IDisputeTypes.Stage.Stating) return _state(m, first ? 0 : 1);
        _open(m, 0, 1, first, !first);
    }

    function _stallsAt(bool output, IDisputeTypes.Stage stage) private {
        // Either side, for what it says and for what it is silent about.
        uint256 snapshot = vm.snapshotState();
        for (uint256 i; i < 2; ++i) {
            Match memory m = _liar(output);
            _playTo(m, 0, 1, stage);
            _pass(7);
            _moveAlone(m, i == 1);
            _runsOut(m, i == 0, i == 0 ? 1 : 2);
            vm.revertToState(snapshot);
            _goTo(vm.getBlockTimestamp());
            height = vm.getBlockNumber();
        }
    }

    function test_whoever_states_nothing_loses() external {
        _stallsAt(false, IDisputeTypes.Stage.Stating);
    }

    function test_whoever_hides_a_sequence_loses() external {
        _stallsAt(false, IDisputeTypes.Stage.Sequences);
    }

    function test_whoever_hides_a_value_loses() external {
        _stallsAt(false, IDisputeTypes.Stage.Values);
    }

    function test_whoever_hides_a_leaf_loses() external {
        _stallsAt(false, IDisputeTypes.Stage.Leaf);
    }

    function test_whoever_hides_the_output_loses() external {
        _stallsAt(true, IDisputeTypes.Stage.Output);
    }

    function test_whoever_hides_a_leaf_of_the_output_loses() external {
        _stallsAt(true, IDisputeTypes.Stage.OutputLeaf);
    }

    function test_whoever_hides_a_chunk_loses() external {
        Execution[] memory seats = new Execution[](2);
        (seats[0], seats[1]) = (Toy.honest(_lengths()), Toy.wrongAt(_lengths(), 1, 5, 300));
        Match memory m = _matchOf(seats);
        _playTo(m, 0, 1, IDisputeTypes.Stage.Chunks);
        _moveAlone(m, true);
        _runsOut(m, false, 2);
    }

    function _postFalse(Match memory m) private {
        int256[] memory parts = _parts(m, _game(m, 0, 1), 1);
        parts[3] += 600;
        _post(m, 0, 1, false, parts);
    }

    function test_whoever_posts_no_parts_loses() external {
        Match memory m = _liar(false);
        _play(m, 0, 1);
        _pass(JUDGE_TIME);
        _post(m, 0, 1, true, _parts(m, _game(m, 0, 1), 0));
        _runsOut(m, false, 2);
    }

    function test_whoever_is_asked_for_parts_must_answer() external {
        Match memory m = _liar(false);
        _play(m, 0, 1);
        _postFalse(m);
        _runsOut(m, true, 1);
    }

    function test_both_lose_where_both_are_silent() external {
        Match memory m = _liar(false);
        _playTo(m, 0, 1, IDisputeTypes.Stage.Values);
        _pass(CLOCK + 1);
        engine.timeout(m.job, 0, 1);
        _assertVerdict(m, true, 3, address(0));
        _note();
        market.conclude(m.order);
        _assertGain(_account(m, 0), -int256(BOND), "one");
        _assertGain(_account(m, 1), -int256(BOND), "the other");
    }

    /// What came too late is seen by the next move as well.
    function test_a_late_move_loses_though_it_is_made() external {
        Match memory m = _liar(false);
        _playTo(m, 0, 1, IDisputeTypes.Stage.Sequences);
        _moveAlone(m, true);
        _pass(CLOCK + 1);
        _open(m, 0, 1, true, true);
        _assertVerdict(m, true, 2, _account(m, 0));
    }

    function test_a_late_statement_loses_though_it_is_made() external {
        Match memory m = _liar(false);
        _state(m, 0);
        _pass(CLOCK + 1);
        _state(m, 1);
        _face(m, 0, 1);
        _assertVerdict(m, true, 2, _account(m, 0));
    }

    function test_late_parts_lose_though_they_are_posted() external {
        Match memory m = _liar(false);
        _play(m, 0, 1);
        int256[] memory mine = _parts(m, _game(m, 0, 1), 0);
        int256[] memory theirs = _parts(m, _game(m, 0, 1), 1);
        theirs[3] += 600;
        _post(m, 0, 1, true, mine);
        _pass(CLOCK + 1);
        _post(m, 0, 1, false, theirs);
        _narrow(m, 0, 1, mine, theirs);
        _assertVerdict(m, true, 2, _account(m, 0));
    }

    /// Each pays for its own time: what one side took is not taken off the other's clock.
    function test_a_side_pays_for_its_own_time_alone() external {
        Match memory m = _liar(false);
        _pass(10);
        _state(m, 0);
        _pass(20);
        _state(m, 1);
        _face(m, 0, 1);
        assertEq(_game(m, 0, 1).clockA, CLOCK - 10);
        assertEq(_game(m, 0, 1).clockB, CLOCK - 30);
        assertEq(_game(m, 0, 1).since, clock, "from the slower one on");
        _pass(5);
        _moveAlone(m, true);
        _pass(40);
        _open(m, 0, 1, true, true);
        assertEq(_game(m, 0, 1).clockA, CLOCK - 15);
        assertEq(_game(m, 0, 1).clockB, CLOCK - 75);
    }

    /// What was opened for one game costs no time in another.
    function test_what_is_open_already_costs_no_time() external {
        Execution[] memory seats = new Execution[](3);
        (seats[0], seats[1]) = (Toy.honest(_lengths()), Toy.wrongAt(_lengths(), 1, 5, 300));
        seats[2] = Toy.wrongAt(_lengths(), 1, 5, 301);
        Match memory m = _matchOf(seats);
        _play(m, 0, 1);
        uint256 openedAt = clock;
        _start(m, 0, 2);
        _pass(50);
        _state(m, 2);
        _face(m, 0, 2);
        IDisputeTypes.Game memory game = _game(m, 0, 2);
        assertEq(engine.openedAt(game.nodeA, levelsOf(game.height)), openedAt, "open since");
        assertEq(engine.openedAt(game.nodeB, levelsOf(game.height)), 0, "not yet");
        _pass(60);
        _open(m, 0, 2, true, true);
        assertEq(_game(m, 0, 2).clockA, CLOCK, "no time");
        assertEq(_game(m, 0, 2).clockB, CLOCK - 110, "all of it");
    }

    function test_an_element_that_nobody_judged_ends_the_game() external {
        Match memory m = _liar(false);
        _play(m, 0, 1);
        _pass(JUDGE_TIME);
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.StillRunning.selector, clock));
        this.timeoutNow(m, 0, 1);
        _pass(1);
        engine.timeout(m.job, 0, 1);
        _assertStage(m, 0, 1, IDisputeTypes.Stage.Over);
        assertEq(engine.contestOf(m.job).games, 0, "no games");
        _assertVerdict(m, false, 0, address(0));
        _goTo(engine.contestOf(m.job).endsAt);
        _assertVerdict(m, true, 0, address(0));
    }

    /// A side that waits for one that has lost elsewhere cannot lose to it, whoever moves for both.
    function test_nobody_loses_to_a_side_that_has_lost() external {
        Execution[] memory seats = new Execution[](3);
        (seats[0], seats[1], seats[2]) =
            (Toy.honest(_lengths()), Toy.wrongAt(_lengths(), 1, 5, 300), Toy.honest(_lengths()));
        Match memory m = _matchOf(seats);
        _playTo(m, 1, 2, IDisputeTypes.Stage.Values);
        _play(m, 0, 1);
        _convict(m, 0, 1, false);
        _pass(CLOCK + 1);
        vm.prank(thief);
        _open(m, 1, 2, true, true);
        assertFalse(_lost(m, 2), "the honest one");
        _assertStage(m, 1, 2, IDisputeTypes.Stage.Over);
        _assertVerdict(m, true, 2, _account(m, 0));
    }

    function test_a_game_with_a_side_that_has_lost_is_ended_at_once() external {
        Execution[] memory seats = new Execution[](3);
        (seats[0], seats[1], seats[2]) =
            (Toy.honest(_lengths()), Toy.wrongAt(_lengths(), 1, 5, 300), Toy.honest(_lengths()));
        Match memory m = _matchOf(seats);
        _playTo(m, 1, 2, IDisputeTypes.Stage.Values);
        _play(m, 0, 1);
        _convict(m, 0, 1, false);
        _assertVerdict(m, false, 2, _account(m, 0));
        engine.timeout(m.job, 1, 2);
        _assertVerdict(m, true, 2, _account(m, 0));
    }
}
