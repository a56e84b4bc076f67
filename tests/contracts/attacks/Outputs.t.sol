// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Phase} from "../../../contracts/types/Job.sol";
import {Ledger} from "./Ledger.sol";

/// Withheld outputs, and demands for them in bad faith.
contract OutputAttacks is Ledger {
    int256 private constant ASKED = int256(FEE);

    function _settledJob() private returns (Order memory order, IMarketTypes.Reveal[] memory reveals) {
        order = _known(3);
        IMarketTypes.Settlement memory settlement = _settlement(order, _result());
        market.settle(settlement);
        reveals = settlement.reveals;
    }

    function _answerOutput(Order memory order, address by) private {
        vm.prank(by);
        market.answerOutput(order, PAYLOAD, SALT);
    }

    function test_providers_that_withhold_the_output_are_unpaid_and_slashed() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledJob();
        (, address[] memory seated) = market.activeSeats(order);
        _askOutput(order, reveals);
        _judge(seated, -3 * 2 * int256(CEILING));
        _assertPhase(order, Phase.Refunded);
    }

    /// The requester and some of the providers would have the others lose their pay: any of these answers.
    function test_one_honest_provider_answers_for_all(uint256 honest, uint256 wait) external {
        honest = bound(honest, 0, 2);
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledJob();
        _askOutput(order, reveals);
        _pass(bound(wait, 0, ANSWER));
        address by = _provider(order, honest);
        _answerOutput(order, by);
        _expectSeats(order, PAID);
        _expects(by, ASKED);
        _judge(requester, -3 * PAID - ASKED);
    }

    function test_a_requester_that_has_the_output_only_pays_for_asking() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledJob();
        _expectSeats(order, PAID);
        _askOutput(order, reveals);
        _answerOutput(order, requester);
        _judge(requester, -3 * PAID);
    }

    function test_a_demand_and_an_acknowledgement_pay_once(uint256 sequence) external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledJob();
        _expectSeats(order, PAID);
        for (uint256 i; i < 6; ++i) {
            uint256 move = (sequence >> (8 * i)) % 4;
            if (move == 0) try this.askNow(order, reveals) {} catch {}
            else if (move == 1) try this.acknowledgeNow(order) {} catch {}
            else if (move == 2) try this.answerNow(order) {} catch {}
            else _pass(DELIVERY / 4);
            if (_pending(_id(order))) _answerOutput(order, thief);
        }
        // Whoever answers earns the price from the requester: here its friend.
        _judge(requester, thief, -3 * PAID);
    }

    function askNow(Order memory order, IMarketTypes.Reveal[] memory reveals) external {
        _askOutput(order, reveals);
    }

    function acknowledgeNow(Order memory order) external {
        bytes32 result = _result();
        vm.prank(requester);
        market.acknowledge(order, result, "");
    }

    function answerNow(Order memory order) external {
        _answerOutput(order, thief);
    }

    function test_garbage_is_no_answer_to_a_demand_for_the_output() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledJob();
        (, address[] memory seated) = market.activeSeats(order);
        _askOutput(order, reveals);
        bytes32 garbage = payloads.root("garbage", SALT);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.WrongAnswer.selector, garbage, _result()));
        market.answerOutput(order, "garbage", SALT);
        _judge(seated, -3 * 2 * int256(CEILING));
    }

    function test_an_answer_at_the_deadline_beats_an_end_after_it(uint256 wait) external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledJob();
        _askOutput(order, reveals);
        _pass(bound(wait, 0, 2 * uint256(ANSWER)));
        bool inTime = clock <= market.demandOf(_id(order), true).deadline;
        bool closed;
        try market.closeDemand(order) {
            closed = true;
        } catch {}
        bool answered;
        try this.answerNow(order) {
            answered = true;
        } catch {}
        assertTrue(closed == !inTime && answered == inTime, "one of them");
        if (answered) {
            _expectSeats(order, PAID);
            _judge(requester, thief, -3 * PAID);
        } else {
            (, address[] memory seated) = _seatedWhenPaid(order);
            _judge(seated, -3 * 2 * int256(CEILING));
        }
    }

    function _seatedWhenPaid(Order memory order) private view returns (uint256[] memory seats, address[] memory who) {
        (seats, who) = (new uint256[](3), new address[](3));
        for (uint256 i; i < 3; ++i) (seats[i], who[i]) = (i, _provider(order, i));
    }

    function test_an_unwound_seat_is_not_slashed_again_for_equivocation() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledJob();
        (, address[] memory seated) = _seatedWhenPaid(order);
        _askOutput(order, reveals);
        _pass(ANSWER + 1);
        market.closeDemand(order);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.SeatAlreadyFailed.selector, _id(order), 1));
        this.punishCommitsNow(order, 1);
        _judge(seated, -3 * 2 * int256(CEILING));
    }

    /// A provider that equivocates while its payment waits does not drag the others along, nor escape.
    function test_equivocating_while_the_payment_waits_gains_nothing(bool answered) external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledJob();
        address liar = _provider(order, 2);
        _askOutput(order, reveals);
        _report(order, 2, thief);
        if (answered) {
            _answerOutput(order, _provider(order, 0));
            _expects(_provider(order, 0), PAID + ASKED);
            _expects(_provider(order, 1), PAID);
            // Refund slice for the requester, less what it pays.
            _expects(requester, int256(CEILING) - 3 * PAID - ASKED);
            _judge(liar, thief, PAID - 11 * int256(CEILING));
        } else {
            address[] memory thieves = new address[](5);
            for (uint256 i; i < 3; ++i) thieves[i] = _provider(order, i);
            (thieves[3], thieves[4]) = (thief, requester);
            _judge(thieves, -10 * int256(CEILING) - 2 * 2 * int256(CEILING));
        }
    }

    function test_another_output_that_was_never_settled_cannot_be_demanded_to_unwind() external {
        Order memory order = _known(3);
        IMarketTypes.Settlement memory settlement = _settlement(order, RESULT);
        market.settle(settlement);
        bytes32 result = _result();
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.WrongOutput.selector, _id(order), result));
        vm.prank(requester);
        market.demandOutput(order, result, settlement.reveals);
        _expectSeats(order, PAID);
        _judge(requester, -3 * PAID);
    }

    /// Demands come so early that an unwound payment can never have been withdrawn.
    function test_what_a_demand_takes_back_has_not_been_withdrawn(uint256 start, uint256 wait) external {
        _goTo(clock + bound(start, 0, 2 * uint256(DELIVERY)));
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledJob();
        (, address[] memory seated) = _seatedWhenPaid(order);
        _pass(bound(wait, 0, 2 * uint256(DELIVERY)));
        for (uint256 i; i < 3; ++i) {
            vm.prank(seated[i]);
            try market.withdraw() {} catch {}
        }
        bool asked;
        try this.askNow(order, reveals) {
            asked = true;
        } catch {}
        _expects(requester, asked ? int256(0) : -3 * PAID);
        _judge(seated, asked ? -3 * 2 * int256(CEILING) : 3 * PAID);
    }

    function test_closing_long_after_the_locks_still_unwinds_but_slashes_no_other_jobs_bond() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledJob();
        (, address[] memory seated) = _seatedWhenPaid(order);
        _askOutput(order, reveals);
        _goTo(_lockedUntil(order));
        market.closeDemand(order);
        _judge(seated, 0);
        assertEq(_burned(), 0, "nobody poked in time");
    }
}
