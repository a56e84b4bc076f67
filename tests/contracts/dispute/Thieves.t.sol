// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDisputeTypes} from "../../../contracts/dispute/IDisputeTypes.sol";
import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {JobId} from "../../../contracts/types/Ids.sol";
import {Phase} from "../../../contracts/types/Job.sol";
import {Match} from "./DisputeWorld.sol";
import {Moves} from "./Moves.sol";
import {Execution, Toy} from "./Toy.sol";

/// Friends of liars, and those that want what others have earned.
contract ThievesTest is Moves {
    function _lie(int256 by) private pure returns (Execution memory e) {
        e = Toy.honest(_lengths());
        Toy.lie(e, 0, 4, 1, by);
    }

    function startNow(Match memory m, uint256 a, uint256 b) external {
        _start(m, a, b);
    }

    function settleNow(Match memory m, uint256 party) external {
        engine.settleBond(m.job, party);
    }

    function concludeNow(Match memory m) external {
        market.conclude(m.order);
    }

    // --- friends that lose -----------------------------------------------------------------------------------

    /// Seats that lied have a friend challenge them and lose. Their bonds stay locked, others can still play, and
    /// nothing has been found right.
    function test_a_challenge_lost_on_purpose_frees_no_bond() external {
        Match memory m = _settledBy(_lie(1), 2);
        _note();
        uint256 friend = _challenge(m, thief, _lie(2));
        _describe(m);
        _start(m, 0, friend);
        _state(m, 0);
        _pass(CLOCK + 1);
        engine.timeout(m.job, 0, friend);
        _assertGain(thief, -int256(STAKE), "what it costs");
        market.conclude(m.order);
        for (uint256 seat; seat < 2; ++seat) assertEq(_inUse(_provider(m.order, seat)), 1, "still locked");
        uint256 party = _challenge(m, finder, Toy.honest(_lengths()));
        for (uint256 seat; seat < 2; ++seat) _play(m, seat, party);
        for (uint256 seat; seat < 2; ++seat) _convict(m, seat, party, true);
        market.conclude(m.order);
        _assertGain(finder, 2 * int256(CEILING) - int256(STAKE), "both bounties; its bond is still there");
    }

    /// While somebody else plays, a friend's defeat ends nothing.
    function test_a_challenge_lost_on_purpose_does_not_end_the_contest() external {
        Match memory m = _settledBy(_lie(1), 2);
        uint256 friend = _challenge(m, thief, _lie(2));
        _describe(m);
        uint256 party = _joinAs(m, finder, Toy.honest(_lengths()));
        _start(m, 0, friend);
        _state(m, 0);
        _pass(CLOCK + 1);
        engine.timeout(m.job, 0, friend);
        _assertVerdict(m, false, 0, address(0));
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.VerdictPending.selector, m.job));
        this.concludeNow(m);
        vm.expectPartialRevert(IDisputeTypes.StillRunning.selector);
        this.settleNow(m, party);
        _play(m, 1, party);
        _convict(m, 1, party, true);
        _assertVerdict(m, false, 2, finder);
    }

    /// Two liars have a friend that lies otherwise, and loses to them at once. Were that the end, nobody would ever
    /// dispute their result.
    function test_liars_that_beat_a_friend_are_still_found_out() external {
        Execution[] memory seats = new Execution[](3);
        (seats[0], seats[1], seats[2]) = (_lie(1), _lie(1), _lie(2));
        Match memory m = _matchOf(seats);
        _note();
        _play(m, 0, 2);
        _convict(m, 0, 2, false);
        _assertVerdict(m, false, 4, _account(m, 0));
        _pass(CLOCK - (clock - (engine.contestOf(m.job).endsAt - WINDOW)) - 1);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.VerdictPending.selector, m.job));
        this.concludeNow(m);
        uint256 party = _joinAs(m, finder, Toy.honest(_lengths()));
        // It is there, and nothing is decided, though its games are not begun.
        _pass(CLOCK);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.VerdictPending.selector, m.job));
        this.concludeNow(m);
        for (uint256 seat; seat < 2; ++seat) _play(m, seat, party);
        for (uint256 seat; seat < 2; ++seat) _convict(m, seat, party, true);
        _assertWinner(m, 0, finder);
        _assertWinner(m, 2, finder);
        market.conclude(m.order);
        engine.settleBond(m.job, party);
        _assertGain(finder, 3 * int256(CEILING), "its bond again, and the bounties, the friend's too");
        for (uint256 seat; seat < 3; ++seat) _assertGain(_account(m, seat), -int256(BOND), "a liar");
    }

    /// One that says what the innocent say holds nothing up: nobody could take its bond.
    function test_a_challenger_with_the_right_output_does_not_hold_the_verdict_up() external {
        Execution[] memory seats = new Execution[](2);
        (seats[0], seats[1]) = (Toy.honest(_lengths()), _lie(1));
        Match memory m = _matchOf(seats);
        uint256 same = _joinAs(m, thief, Toy.honest(_lengths()));
        uint256 other = _joinAs(m, finder, _lie(2));
        _play(m, 0, 1);
        _convict(m, 0, 1, false);
        _pass(CLOCK);
        _assertVerdict(m, false, 2, _account(m, 0));
        _play(m, 0, other);
        _convict(m, 0, other, false);
        _assertVerdict(m, true, 2, _account(m, 0));
        engine.settleBond(m.job, same);
        assertEq(engine.balanceOf(thief), STAKE, "its bond");
    }

    /// One liar that has another beat it first is no winner once it is found out itself.
    function test_a_winner_that_is_convicted_wins_nothing() external {
        Execution[] memory seats = new Execution[](3);
        (seats[0], seats[1], seats[2]) = (_lie(1), _lie(2), Toy.honest(_lengths()));
        Match memory m = _matchOf(seats);
        _note();
        _start(m, 0, 1);
        _state(m, 1);
        _pass(CLOCK + 1);
        engine.timeout(m.job, 0, 1);
        _assertVerdict(m, false, 1, _account(m, 1));
        _play(m, 1, 2);
        _convict(m, 1, 2, true);
        _assertVerdict(m, true, 3, _account(m, 2));
        market.conclude(m.order);
        _assertGain(_account(m, 1), -int256(BOND), "the liar");
        _assertGain(_account(m, 2), int256(SHARE + 2 * CEILING), "who found it out");
    }

    // --- games that should not be ----------------------------------------------------------------------------

    /// One who claims the same has no game, until both have stated different executions.
    function test_a_seat_is_not_made_to_play_one_who_claims_the_same() external {
        Execution[] memory seats = new Execution[](2);
        (seats[0], seats[1]) = (Toy.honest(_lengths()), _lie(1));
        Match memory m = _matchOf(seats);
        uint256 same = _joinAs(m, thief, Toy.honest(_lengths()));
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.OutputsAgree.selector, m.job, 0, same));
        this.startNow(m, 0, same);
        _state(m, 0);
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.OutputsAgree.selector, m.job, 0, same));
        this.startNow(m, 0, same);
        _state(m, same);
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.OutputsAgree.selector, m.job, 0, same));
        this.startNow(m, 0, same);
    }

    /// One that states another execution for the same output can be played, and loses.
    function test_another_execution_of_the_same_output_loses() external {
        Execution[] memory seats = new Execution[](2);
        (seats[0], seats[1]) = (Toy.honest(_lengths()), _lie(1));
        Match memory m = _matchOf(seats);
        Execution memory odd = Toy.honest(_lengths());
        Toy.set(odd.values[1][3], 7, 1);
        uint256 party = _joinAs(m, thief, odd);
        _state(m, 0);
        _state(m, party);
        _play(m, 0, party);
        _convict(m, 0, party, false);
        assertTrue(_lost(m, party), "lost");
        assertFalse(_lost(m, 0), "not the seat");
    }

    function test_challengers_have_numbers_beyond_all_seats() external {
        Execution[] memory seats = new Execution[](2);
        (seats[0], seats[1]) = (Toy.honest(_lengths()), _lie(1));
        Match memory m = _contestedBy(seats);
        // Before the seats have entered, and after.
        assertEq(_joinAs(m, thief, _lie(2)), FIRST);
        _enter(m);
        assertEq(_joinAs(m, thief, _lie(2)), FIRST + 1);
        assertEq(_account(m, 0), _provider(m.order, 0), "seat 0");
        assertEq(_account(m, FIRST), thief, "the first challenger");
        (, uint256 guilty,) = _verdict(m);
        assertEq(guilty, 0);
        // Nor can two of them play, or a seat with itself, or the other way round.
        _describe(m);
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.OutOfOrder.selector, FIRST, FIRST + 1));
        this.startNow(m, FIRST, FIRST + 1);
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.OutOfOrder.selector, 0, 0));
        this.startNow(m, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.OutOfOrder.selector, 1, 0));
        this.startNow(m, 1, 0);
    }

    // --- what others found -----------------------------------------------------------------------------------

    /// Whoever sends a conviction, the opponent has won.
    function test_a_copied_conviction_pays_the_opponent() external {
        Execution[] memory seats = new Execution[](2);
        (seats[0], seats[1]) = (Toy.honest(_lengths()), _lie(1));
        Match memory m = _matchOf(seats);
        _note();
        uint256 party = _joinAs(m, thief, _lie(2));
        _play(m, 0, 1);
        // A challenger sends it, by its own numbers as well.
        vm.startPrank(thief);
        vm.expectPartialRevert(IDisputeTypes.WrongStage.selector);
        this.convictNow(m, 1, party, true);
        _convict(m, 0, 1, false);
        vm.stopPrank();
        _goTo(engine.contestOf(m.job).endsAt);
        _assertVerdict(m, true, 2, _account(m, 0));
        market.conclude(m.order);
        engine.settleBond(m.job, party);
        _assertGain(thief, 0, "nothing gained");
        _assertGain(_account(m, 0), int256(SHARE + CEILING), "the opponent");
    }

    function convictNow(Match memory m, uint256 a, uint256 b, bool first) external {
        IDisputeTypes.Game memory game;
        (game.sequence, game.value, game.index) = (0, 4, 1);
        uint256 party = first ? a : b;
        engine.convict(m.brief.encode(), a, b, first, _statementOf(m, party), _proof(m, game, party).encode());
    }

    function test_a_statement_is_the_partys_own() external {
        Execution[] memory seats = new Execution[](2);
        (seats[0], seats[1]) = (Toy.honest(_lengths()), _lie(1));
        Match memory m = _matchOf(seats);
        address account = _account(m, 0);
        IDisputeTypes.Statement memory statement = _statementOf(m, 0);
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.NotTheParty.selector, thief, account));
        vm.prank(thief);
        engine.state(m.brief.encode(), 0, statement);
    }

    // --- the engine's parts ----------------------------------------------------------------------------------

    function test_only_the_market_opens_contests() external {
        JobId job = _id(_order(2));
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.OnlyMarket.selector, thief));
        vm.prank(thief);
        _resolver().opened(job, "contest");
    }

    /// A conviction that comes after the market has judged moves no bond.
    function test_a_verdict_is_read_once() external {
        Execution[] memory seats = new Execution[](3);
        (seats[0], seats[1], seats[2]) = (Toy.honest(_lengths()), _lie(1), Toy.honest(_lengths()));
        Match memory m = _matchOf(seats);
        _play(m, 0, 1);
        _convict(m, 0, 1, false);
        _hearOthers(m);
        market.conclude(m.order);
        _note();
        uint256 party = _joinAs(m, thief, _lie(2));
        _start(m, 0, party);
        _pass(CLOCK + 1);
        engine.timeout(m.job, 0, party);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.WrongPhase.selector, m.job, Phase.Concluded));
        this.concludeNow(m);
        _assertGain(_provider(m.order, 0), int256(STAKE / 2), "no bond is taken any more");
    }
}
