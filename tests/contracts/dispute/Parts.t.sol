// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDisputeTypes} from "../../../contracts/dispute/IDisputeTypes.sol";
import {Match} from "./DisputeWorld.sol";
import {Moves} from "./Moves.sol";
import {Execution, Toy} from "./Toy.sol";

/// A mean over 600 positions, of which eight are judged at once: ten terms are left after one round of partial results,
/// one after two.
contract PartsTest is Moves {
    uint256 private constant POSITIONS = 600;

    /// Seat 0 is honest, seat 1 claims a mean that is one more.
    function _meanGame() private returns (Match memory m) {
        Execution[] memory seats = new Execution[](2);
        (seats[0], seats[1]) = (Toy.honest(_lengths()), Toy.wrongAt(_lengths(), 1, Toy.MEAN, 0));
        m = _matchOf(seats);
        _play(m, 0, 1);
        assertEq(_game(m, 0, 1).value, Toy.MEAN);
    }

    /// The liar's parts: one term so much more that its mean follows.
    function _false(Match memory m, uint256 place) private view returns (int256[] memory parts) {
        parts = _parts(m, _game(m, 0, 1), 1);
        parts[place] += int256(POSITIONS);
    }

    function _bothPost(Match memory m, uint256 place) private returns (int256[] memory mine, int256[] memory theirs) {
        (mine, theirs) = (_parts(m, _game(m, 0, 1), 0), _false(m, place));
        _post(m, 0, 1, true, mine);
        _post(m, 0, 1, false, theirs);
    }

    function test_partial_results_lead_to_one_term() external {
        Match memory m = _meanGame();
        (int256[] memory mine, int256[] memory theirs) = _bothPost(m, 17);
        assertEq(mine.length, 60, "ten terms each");
        _narrow(m, 0, 1, mine, theirs);
        assertEq(_game(m, 0, 1).from, 170);
        assertEq(_game(m, 0, 1).to, 180);
        (mine, theirs) = _bothPost(m, 4);
        assertEq(mine.length, 10, "one term each");
        _narrow(m, 0, 1, mine, theirs);
        assertEq(_game(m, 0, 1).from, 174);
        assertEq(_game(m, 0, 1).to, 175);
        _convict(m, 0, 1, false);
        _assertVerdict(m, true, 2, _account(m, 0));
    }

    function test_a_segment_can_be_judged_after_one_round() external {
        Match memory m = _meanGame();
        (int256[] memory mine, int256[] memory theirs) = _bothPost(m, 59);
        _narrow(m, 0, 1, mine, theirs);
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.NothingWrong.selector, mine[59]));
        this.convictNow(m, true);
        _convict(m, 0, 1, false);
        _assertVerdict(m, true, 2, _account(m, 0));
    }

    /// A whole reduction can be judged where its evidence is paid for.
    function test_a_long_reduction_can_be_judged_at_once() external {
        Match memory m = _meanGame();
        _convict(m, 0, 1, false);
        _assertVerdict(m, true, 2, _account(m, 0));
    }

    function convictNow(Match memory m, bool first) external {
        _convict(m, 0, 1, first);
    }

    function postNow(Match memory m, bool first, int256[] memory parts) external {
        _post(m, 0, 1, first, parts);
    }

    function narrowNow(Match memory m, int256[] memory mine, int256[] memory theirs) external {
        _narrow(m, 0, 1, mine, theirs);
    }

    /// What the honest side posted in the round before says nothing about this one.
    function test_parts_of_an_earlier_round_are_not_taken_again() external {
        Match memory m = _meanGame();
        (int256[] memory mine, int256[] memory theirs) = _bothPost(m, 17);
        _narrow(m, 0, 1, mine, theirs);
        int256[] memory next = _false(m, 4);
        _post(m, 0, 1, false, next);
        vm.expectRevert(
            abi.encodeWithSelector(IDisputeTypes.NotTheNode.selector, keccak256(abi.encode(mine)), bytes32(0))
        );
        this.narrowNow(m, mine, next);
    }
}
