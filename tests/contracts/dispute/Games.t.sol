// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDisputeTypes} from "../../../contracts/dispute/IDisputeTypes.sol";
import {Match} from "./DisputeWorld.sol";
import {Moves} from "./Moves.sol";
import {Execution, Toy, Where} from "./Toy.sol";

/// Whole games, from the contest to the bonds.
contract GamesTest is Moves {
    /// Three seats of which the middle one lies.
    function _liar(Execution memory wrong) private returns (Match memory m) {
        Execution[] memory seats = new Execution[](3);
        (seats[0], seats[1], seats[2]) = (Toy.honest(_lengths()), wrong, Toy.honest(_lengths()));
        m = _contestedBy(seats);
        _note();
        _enter(m);
        _describe(m);
    }

    /// Seat 1 was convicted in its game with seat 0: its bond is cut into its slices.
    function _pays(Match memory m) private {
        _assertVerdict(m, true, 2, _account(m, 0));
        market.conclude(m.order);
        _assertGain(_account(m, 0), int256(SHARE + CEILING), "the winner");
        _assertGain(_account(m, 1), -int256(BOND), "the liar");
        _assertGain(_account(m, 2), int256(SHARE), "the other honest seat");
        _assertGain(requester, int256(CEILING), "the requester");
        _assertGain(BURNED, int256(BOND - 2 * SHARE - 2 * CEILING), "the rest");
        assertEq(token.balanceOf(address(engine)), 0, "the engine holds nothing of seats");
    }

    function test_a_wrong_sum_is_found_and_convicted() external {
        Match memory m = _liar(Toy.wrongAt(_lengths(), 1, 5, 300));
        assertEq(_play(m, 0, 1), 5, "statements, sequences, values, chunks, a leaf");
        IDisputeTypes.Game memory game = _game(m, 0, 1);
        assertEq(uint256(game.stage), uint256(IDisputeTypes.Stage.Element), "stage");
        assertEq(game.sequence, 1);
        assertEq(game.value, 5);
        assertEq(game.index, 300);
        _assertVerdict(m, false, 0, address(0));
        int256 right = 5 * Toy.weight(1, 300);
        vm.expectEmit(address(engine));
        emit IDisputeTypes.Convicted(m.job, 1, 1, 5, 300, right + 1, right);
        _convict(m, 0, 1, false);
        _pays(m);
    }
}
