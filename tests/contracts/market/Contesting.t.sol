// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Actors} from "../lib/Actors.sol";
import {Judge} from "../lib/Doubles.sol";
import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Phase} from "../../../contracts/types/Job.sol";

/// Contests before a judge who says what the test tells it.
contract ContestingTest is Actors {
    Judge private _judge;
    address private _winner = address(0xC0FFEE);

    function setUp() public override {
        super.setUp();
        _join(12, 2);
    }

    function _createResolver() internal override returns (address) {
        _judge = new Judge();
        return address(_judge);
    }

    function _assertReleased(Order memory order, uint256 count) private view {
        for (uint256 seat; seat < count; ++seat) {
            assertEq(vault.bondsOf(pool, _leaf(order, seat)).held, 0, "released");
            assertEq(_inUse(_provider(order, seat)), 0, "free");
        }
    }

    function test_a_contest_refunds_at_once_and_holds_the_bonds() external {
        Order memory order = _contested(3);
        (uint256 ready,) = market.balanceOf(requester);
        assertEq(ready, 3 * SHARE, "refund");
        _goTo(_lockedUntil(order) + 1);
        for (uint256 seat; seat < 3; ++seat) assertEq(_inUse(_provider(order, seat)), 1, "held beyond the lock");
        (bytes32[] memory outputs,) = _split(order);
        uint256[] memory seats = new uint256[](3);
        (seats[1], seats[2]) = (1, 2);
        bytes32 contest = keccak256(abi.encode(_id(order), market.drawOf(_id(order)), seats, outputs));
        assertEq(_judge.contest(), contest, "what the resolver is told");
    }

    function test_agreeing_claims_cannot_be_contested() external {
        Order memory order = _drawn(2);
        IMarketTypes.Settlement memory settlement = _settlement(order, RESULT);
        bytes32[] memory outputs = new bytes32[](2);
        (outputs[0], outputs[1]) = (RESULT, RESULT);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.OutputsAgree.selector, _id(order)));
        market.contest(order, outputs, settlement.reveals);
    }

    function test_a_contest_needs_every_claim_and_one_output_for_each() external {
        Order memory order = _drawn(3);
        (bytes32[] memory outputs, IMarketTypes.Reveal[] memory reveals) = _split(order);
        bytes32[] memory two = new bytes32[](2);
        (two[0], two[1]) = (outputs[0], outputs[1]);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.WrongRevealCount.selector, 3, 3));
        market.contest(order, two, reveals);
    }

    function test_a_contest_at_the_last_payable_second_holds_the_bonds() external {
        Order memory order = _drawn(2);
        (bytes32[] memory outputs, IMarketTypes.Reveal[] memory reveals) = _split(order);
        _goTo(_lockedUntil(order) - CHALLENGE);
        market.contest(order, outputs, reveals);
        _assertPhase(order, Phase.Contested);
    }

    function test_only_a_contested_job_is_concluded_and_once() external {
        Order memory order = _drawn(2);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.WrongPhase.selector, _id(order), Phase.Drawn));
        market.conclude(order);
        order = _contested(2);
        _judge.speak(0, address(0));
        market.conclude(order);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.WrongPhase.selector, _id(order), Phase.Concluded));
        market.conclude(order);
    }

    function test_one_guilty_seat_pays_the_innocent_the_requester_and_the_winner() external {
        Order memory order = _contested(3);
        _judge.speak(1, _winner);
        market.conclude(order);
        _assertPhase(order, Phase.Concluded);
        assertEq(vault.freeStake(_provider(order, 1)), SHARE, "innocent 1");
        assertEq(vault.freeStake(_provider(order, 2)), SHARE, "innocent 2");
        assertEq(vault.freeStake(requester), CEILING, "refund slice");
        assertEq(vault.freeStake(_winner), CEILING, "bounty");
        assertEq(vault.freeStake(_provider(order, 0)), 0, "guilty");
        assertEq(token.balanceOf(BURNED), BOND - 2 * SHARE - 2 * CEILING, "all else is burned");
        assertTrue(token.balanceOf(BURNED) >= BOND / 2, "at least half");
        assertEq(vault.bondsOf(pool, _leaf(order, 0)).slots, 1, "one slot gone");
        _assertReleased(order, 3);
    }

    function test_two_guilty_seats_compensate_the_innocent_once() external {
        Order memory order = _contested(5);
        _judge.speak(5, _winner);
        market.conclude(order);
        for (uint256 seat; seat < 5; ++seat) {
            assertEq(
                vault.freeStake(_provider(order, seat)), seat == 0 || seat == 2 ? 0 : SHARE, "compensation"
            );
        }
        assertEq(vault.freeStake(requester), 2 * CEILING, "refund slices");
        assertEq(vault.freeStake(_winner), 2 * CEILING, "bounties");
        assertEq(token.balanceOf(BURNED), 2 * BOND - 3 * SHARE - 4 * CEILING, "burned");
        _assertReleased(order, 5);
    }

    function test_all_guilty_leave_nobody_to_compensate() external {
        Order memory order = _contested(2);
        _judge.speak(type(uint256).max, address(0));
        market.conclude(order);
        assertEq(token.balanceOf(BURNED), 2 * (BOND - CEILING), "burned");
        assertEq(vault.freeStake(requester), 2 * CEILING, "refund slices");
    }

    function test_guilt_of_seats_that_took_no_part_is_ignored() external {
        Order memory order = _contested(2);
        _judge.speak(uint256(1) << 200 | 8 | 4, _winner);
        market.conclude(order);
        assertEq(token.balanceOf(BURNED), 0, "nobody slashed");
        _assertReleased(order, 2);
    }

    function test_a_silent_resolver_holds_the_bonds_for_the_contest_window_only() external {
        Order memory order = _contested(3);
        _pass(CONTEST);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.VerdictPending.selector, _id(order)));
        market.conclude(order);
        _pass(1);
        market.conclude(order);
        _assertReleased(order, 3);
    }

    function test_a_reverting_resolver_holds_the_bonds_for_the_contest_window_only() external {
        Order memory order = _contested(3);
        _judge.failFromNowOn();
        _pass(CONTEST);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.VerdictPending.selector, _id(order)));
        market.conclude(order);
        _pass(1);
        market.conclude(order);
        _assertReleased(order, 3);
        assertEq(token.balanceOf(BURNED), 0, "nobody slashed");
    }

    function test_a_resolver_that_answers_garbage_holds_the_bonds_for_the_contest_window_only() external {
        Order memory order = _contested(3);
        vm.mockCall(address(_judge), abi.encodeCall(_judge.verdict, (_id(order))), hex"01");
        _pass(CONTEST + 1);
        market.conclude(order);
        _assertReleased(order, 3);
    }

    function test_a_resolver_that_refuses_contests_cannot_strand_the_payment() external {
        Order memory order = _drawn(2);
        (bytes32[] memory outputs, IMarketTypes.Reveal[] memory reveals) = _split(order);
        _judge.refuse();
        vm.expectRevert();
        market.contest(order, outputs, reveals);
        _goTo(_lockedUntil(order));
        market.advance(order);
        (uint256 ready,) = market.balanceOf(requester);
        assertEq(ready, 2 * SHARE, "refund");
    }
}

/// Contests before the resolver that finds nobody guilty.
contract TimeoutTest is Actors {
    function test_a_timed_out_contest_frees_all_bonds() external {
        _join(4, 1);
        Order memory order = _contested(3);
        _pass(CONTEST / 2 - 1);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.VerdictPending.selector, _id(order)));
        market.conclude(order);
        _pass(1);
        market.conclude(order);
        for (uint256 seat; seat < 3; ++seat) assertEq(_inUse(_provider(order, seat)), 0, "free again");
        _nextEpoch();
        market.settle(_settlement(_drawn(3), RESULT));
    }
}
