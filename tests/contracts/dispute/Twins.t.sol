// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDisputeTypes} from "../../../contracts/dispute/IDisputeTypes.sol";
import {Match} from "./DisputeWorld.sol";
import {Moves} from "./Moves.sol";
import {Execution, Toy} from "./Toy.sol";

/// Parties that state the same: what convicts one convicts all, if it is the statement that is wrong.
contract TwinsTest is Moves {
    /// Two seats with one lie, and an honest one.
    function _twins() private returns (Match memory m) {
        Execution[] memory seats = new Execution[](3);
        (seats[0], seats[2]) = (Toy.wrongAt(_lengths(), 0, 3, 1), Toy.honest(_lengths()));
        seats[1] = seats[0];
        m = _matchOf(seats);
        _note();
    }

    function _twin(Match memory m, uint256 convicted, uint256 party) private {
        engine.convictTwin(m.job, convicted, party);
    }

    function twinNow(Match memory m, uint256 convicted, uint256 party) external {
        _twin(m, convicted, party);
    }

    function test_a_twin_of_a_liar_is_convicted_without_a_game() external {
        Match memory m = _twins();
        _play(m, 0, 2);
        _convict(m, 0, 2, true);
        _assertVerdict(m, false, 1, _account(m, 2));
        _state(m, 1);
        vm.expectEmit(address(engine));
        emit IDisputeTypes.Lost(m.job, 1, 2, true);
        vm.prank(thief);
        _twin(m, 0, 1);
        _assertVerdict(m, true, 3, _account(m, 2));
        market.conclude(m.order);
        _assertGain(_account(m, 0), -int256(BOND), "a liar");
        _assertGain(_account(m, 1), -int256(BOND), "its twin");
        _assertGain(_account(m, 2), int256(SHARE + 2 * CEILING), "two bounties");
        _assertGain(thief, 0, "whoever sends gains nothing");
    }

    /// The bond of a challenger goes where that of its twin went.
    function test_a_twin_loses_to_whom_the_other_lost_to() external {
        Match memory m = _twins();
        _joinAs(m, finder, m.by[0]);
        _play(m, 0, 2);
        _convict(m, 0, 2, true);
        _state(m, FIRST);
        _twin(m, 0, FIRST);
        assertEq(engine.balanceOf(_account(m, 2)), STAKE / 2, "half of it");
        assertEq(token.balanceOf(BURNED), STAKE - STAKE / 2, "the other half");
        assertEq(token.balanceOf(address(engine)), STAKE / 2, "what is left");
    }

    function test_a_twin_of_a_silent_party_is_not_convicted() external {
        Match memory m = _twins();
        _state(m, 0);
        _state(m, 1);
        _start(m, 0, 2);
        _state(m, 2);
        _face(m, 0, 2);
        _open(m, 0, 2, false, true);
        _pass(CLOCK + 1);
        engine.timeout(m.job, 0, 2);
        assertTrue(_lost(m, 0), "silent");
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.WrongStatement.selector, m.job, 1));
        this.twinNow(m, 0, 1);
    }

    function test_only_the_very_statement_makes_a_twin() external {
        Match memory m = _twins();
        _play(m, 0, 2);
        _convict(m, 0, 2, true);
        // One that has stated nothing, the honest one, and one that is unknown.
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.WrongStatement.selector, m.job, 1));
        this.twinNow(m, 0, 1);
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.WrongStatement.selector, m.job, 2));
        this.twinNow(m, 0, 2);
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.UnknownParty.selector, m.job, 5));
        this.twinNow(m, 0, 5);
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.PartyLost.selector, m.job, 0));
        this.twinNow(m, 0, 0);
    }

    /// A liar and its friend, who repeats the honest statement, posts partial results that are wrong though they give
    /// the right mean, and has itself convicted of them.
    function test_wrong_parts_of_a_right_statement_convict_nobody_else() external {
        Execution[] memory seats = new Execution[](3);
        (seats[0], seats[1]) = (Toy.honest(_lengths()), Toy.wrongAt(_lengths(), 1, Toy.MEAN, 0));
        seats[2] = seats[0];
        Match memory m = _matchOf(seats);
        _state(m, 0);
        _state(m, 2);
        uint256 friend = _joinAs(m, thief, seats[0]);
        _play(m, 1, friend);
        int256[] memory right = _parts(m, _game(m, 1, friend), 1);
        right[59] += 600;
        _post(m, 1, friend, true, right);
        right = _parts(m, _game(m, 1, friend), friend);
        (right[0], right[1]) = (right[0] + 1, right[1] - 1);
        _post(m, 1, friend, false, right);
        int256[] memory liars = _parts(m, _game(m, 1, friend), 1);
        liars[59] += 600;
        _narrow(m, 1, friend, liars, right);
        _convict(m, 1, friend, false);
        assertTrue(_lost(m, friend), "it lost");
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.WrongStatement.selector, m.job, 0));
        this.twinNow(m, friend, 0);
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.WrongStatement.selector, m.job, 2));
        this.twinNow(m, friend, 2);
    }
}
