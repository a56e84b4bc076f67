// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDisputeTypes} from "../../../contracts/dispute/IDisputeTypes.sol";
import {Match} from "./DisputeWorld.sol";
import {Moves} from "./Moves.sol";
import {Execution, Toy} from "./Toy.sol";

/// However slowly both sides play, a game ends in time: the contest leaves room for the longest one.
contract DurationTest is Moves {
    uint256 private _random;

    /// More terms than one round of parts can cut.
    function _lengths() internal pure override returns (uint32[] memory lengths) {
        lengths = new uint32[](1);
        lengths[0] = 513;
    }

    /// A game that begins at the last second at which one can.
    function _latest() private returns (Match memory m) {
        Execution[] memory seats = new Execution[](2);
        (seats[0], seats[1]) = (Toy.honest(_lengths()), Toy.wrongAt(_lengths(), 0, Toy.MEAN, 0));
        m = _matchOf(seats);
        uint256 last = engine.contestOf(m.job).endsAt - LONGEST;
        _goTo(last + 1);
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.TooLateToStart.selector, m.job, last));
        this.startNow(m);
        _goTo(last);
        _start(m, 0, 1);
    }

    function startNow(Match memory m) external {
        _start(m, 0, 1);
    }

    /// Some of the time that is left: often all of it, often none.
    function _some(uint256 left) private returns (uint256) {
        _random = uint256(keccak256(abi.encode(_random)));
        if (_random % 4 == 0) return left;
        return _random % 4 == 1 ? 0 : _random % (left + 1);
    }

    function _alone(Match memory m, bool first) private {
        IDisputeTypes.Game memory game = _game(m, 0, 1);
        if (game.stage == IDisputeTypes.Stage.Stating) return _state(m, first ? 0 : 1);
        if (game.stage < IDisputeTypes.Stage.Element) return _open(m, 0, 1, first, !first);
        int256[] memory parts = _parts(m, game, first ? 0 : 1);
        if (!first) parts[0] += 513;
        _post(m, 0, 1, first, parts);
    }

    function _together(Match memory m, IDisputeTypes.Stage stage) private {
        if (stage == IDisputeTypes.Stage.Stating) return _face(m, 0, 1);
        if (stage < IDisputeTypes.Stage.Element) return _open(m, 0, 1, true, true);
        int256[] memory theirs = _parts(m, _game(m, 0, 1), 1);
        theirs[0] += 513;
        _narrow(m, 0, 1, _parts(m, _game(m, 0, 1), 0), theirs);
    }

    /// Both sides move, each at a time of its own within what is left to it.
    function _bothMove(Match memory m) private {
        IDisputeTypes.Game memory game = _game(m, 0, 1);
        (uint256 a, uint256 b) = (_some(game.clockA), _some(game.clockB));
        _goTo(game.since + (a < b ? a : b));
        _alone(m, a < b);
        _goTo(game.since + (a < b ? b : a));
        _alone(m, a >= b);
        _together(m, game.stage);
    }

    /// hardhat-config: fuzz.runs = 24
    function test_the_slowest_game_ends_in_time(uint256 seed) external {
        _random = seed;
        Match memory m = _latest();
        uint256 end = clock + LONGEST;
        while (_game(m, 0, 1).stage < IDisputeTypes.Stage.Element) _bothMove(m);
        for (uint256 round; round < 2; ++round) {
            IDisputeTypes.Game memory game = _game(m, 0, 1);
            // One side posts after some of the judge time; the other has its own clock for that.
            _goTo(game.since + _some(JUDGE_TIME));
            bool first = _some(1) == 0;
            _alone(m, first);
            _goTo(clock + _some(first ? game.clockB : game.clockA));
            _alone(m, !first);
            _together(m, IDisputeTypes.Stage.Parts);
        }
        IDisputeTypes.Game memory last = _game(m, 0, 1);
        assertEq(last.to - last.from, 1, "one term");
        assertLe(uint256(last.since) + JUDGE_TIME, end);
        assertEq(end, engine.contestOf(m.job).endsAt, "no later than the contest");
        // The last second belongs to nobody.
        uint256 until = uint256(last.since) + _some(JUDGE_TIME);
        _goTo(until < end ? until : end - 1);
        _convict(m, 0, 1, false);
        _assertVerdict(m, true, 2, _account(m, 0));
    }

    /// As long as it gets: one clock after the other, and all of the time for the referee.
    function test_the_longest_game_is_as_long_as_the_contest_leaves() external {
        Match memory m = _latest();
        uint256 end = clock + LONGEST;
        _pass(CLOCK);
        _state(m, 0);
        _state(m, 1);
        _face(m, 0, 1);
        assertEq(_game(m, 0, 1).clockA, 0, "nothing left");
        assertEq(_game(m, 0, 1).clockB, 0, "nothing left");
        _play(m, 0, 1);
        assertEq(_game(m, 0, 1).since, end - CLOCK - 3 * JUDGE_TIME, "both clocks ran together");
    }

    /// Who stalls in the second round of parts is out of time before the contest is.
    function test_a_side_that_stalls_last_loses_in_time() external {
        Match memory m = _latest();
        _play(m, 0, 1);
        _pass(JUDGE_TIME);
        _alone(m, true);
        _pass(CLOCK);
        _alone(m, false);
        _together(m, IDisputeTypes.Stage.Parts);
        _pass(JUDGE_TIME);
        _alone(m, true);
        _pass(1);
        engine.timeout(m.job, 0, 1);
        assertLt(clock, engine.contestOf(m.job).endsAt);
        _assertVerdict(m, true, 2, _account(m, 0));
    }
}
