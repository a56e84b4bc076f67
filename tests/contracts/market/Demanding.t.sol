// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Actors} from "../lib/Actors.sol";
import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {DemandState} from "../../../contracts/types/Demand.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Phase} from "../../../contracts/types/Job.sol";

/// Bytes demanded on chain: who pays, who is paid, and that nothing waits for ever.
contract DemandingTest is Actors {
    uint256 private constant FEE = (24 + 2048) * uint256(ANSWER_PRICE);
    uint256 private constant RESERVATION = SHARE / 8;

    function setUp() public override {
        super.setUp();
        _join(8, 3);
    }

    function _known(uint8 replicas) private returns (Order memory order) {
        order = _order(replicas);
        order.inputRoot = _result();
        vm.prank(requester);
        market.open(order, "");
        _draw(order);
    }

    function _ready(address account) private view returns (uint256 ready) {
        (ready,) = market.balanceOf(account);
    }

    function _settledOn(bytes32 output) private returns (Order memory order, IMarketTypes.Reveal[] memory reveals) {
        order = _known(3);
        IMarketTypes.Settlement memory settlement = _settlement(order, output);
        market.settle(settlement);
        reveals = settlement.reveals;
    }

    function _demandOutput(Order memory order, IMarketTypes.Reveal[] memory reveals) private {
        vm.prank(requester);
        market.demandOutput(order, _result(), reveals);
    }

    // --- the input -------------------------------------------------------------------------------------------

    function test_one_answer_serves_everyone_and_its_cost_is_the_demanders() external {
        Order memory order = _known(3);
        _demandInput(order, 0);
        _demandInput(order, 2);
        assertEq(token.balanceOf(_provider(order, 2)), DEPOSIT, "joining costs nothing");
        _pass(ANSWER);
        address helper = address(0xABBA);
        vm.prank(helper);
        market.answerInput(order, PAYLOAD, SALT);
        assertEq(_ready(helper), FEE, "whoever answers is paid");
        assertEq(_ready(_provider(order, 0)), DEPOSIT - FEE, "the rest of the deposit");
        assertEq(_job(order).since, clock, "a whole commit window from here");
        _commitAll(order, RESULT);
        for (uint256 seat; seat < 3; ++seat) _reveal(order, seat, RESULT);
        market.advance(order);
        _assertPhase(order, Phase.Settled);
    }

    function test_who_withholds_the_input_pays_those_who_waited() external {
        Order memory order = _known(3);
        _commit(order, 1, RESULT);
        _demandInput(order, 0);
        _pass(ANSWER + 1);
        market.advance(order);
        _assertPhase(order, Phase.Refunded);
        assertEq(_ready(_provider(order, 0)), DEPOSIT + RESERVATION, "who demanded");
        assertEq(_ready(_provider(order, 1)), RESERVATION, "who has committed");
        assertEq(_ready(_provider(order, 2)), 0, "who was not there");
        assertEq(_ready(requester), 3 * SHARE - 2 * RESERVATION, "the rest");
        assertEq(token.balanceOf(BURNED), 0, "nobody is slashed");
        assertEq(token.balanceOf(address(market)), 3 * SHARE + DEPOSIT, "all of it accounted for");
    }

    function test_who_waited_is_paid_however_late_the_job_is_ended() external {
        Order memory order = _known(2);
        _demandInput(order, 0);
        _goTo(_lockedUntil(order) + 1 days);
        market.advance(order);
        assertEq(_ready(_provider(order, 0)), DEPOSIT + RESERVATION, "out of the escrow");
        assertEq(_ready(requester), 2 * SHARE - RESERVATION, "the rest");
    }

    function test_nobody_is_slashed_while_a_demand_is_pending() external {
        Order memory order = _known(2);
        _pass(COMMIT);
        _demandInput(order, 1);
        _pass(ANSWER);
        bytes memory pending =
            abi.encodeWithSelector(IMarketTypes.DemandPending.selector, _id(order), clock);
        vm.expectRevert(pending);
        market.advance(order);
        vm.expectRevert(pending);
        market.closeDemand(order);
    }

    function test_commitments_are_posted_while_a_demand_is_pending() external {
        Order memory order = _known(3);
        _demandInput(order, 0);
        _pass(COMMIT + 1);
        uint256[] memory seats = new uint256[](1);
        IMarketTypes.SignedCommit[] memory signed = new IMarketTypes.SignedCommit[](1);
        (seats[0], signed[0]) = (1, _signCommit(order, _provider(order, 1), RESULT));
        market.commitAndAdvance(order, seats, signed);
        assertEq(market.commitmentOf(market.drawOf(_id(order)), 1), signed[0].commitment, "posted");
        vm.expectRevert(
            abi.encodeWithSelector(
                IMarketTypes.DemandPending.selector, _id(order), market.demandOf(_id(order), false).deadline
            )
        );
        market.commitAndAdvance(order, seats, signed);
    }

    function test_silence_after_the_answer_is_slashed() external {
        Order memory order = _known(2);
        _commit(order, 0, RESULT);
        _demandInput(order, 1);
        market.answerInput(order, PAYLOAD, SALT);
        _pass(COMMIT + 1);
        market.advance(order);
        assertEq(token.balanceOf(BURNED), 2 * CEILING, "no-show");
    }

    function test_an_input_is_demanded_once_a_job() external {
        Order memory order = _known(2);
        _demandInput(order, 0);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.DemandExists.selector, _id(order), false));
        this.demandNow(order, 0);
        market.answerInput(order, PAYLOAD, SALT);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.DemandExists.selector, _id(order), false));
        this.demandNow(order, 1);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.DemandExists.selector, _id(order), false));
        market.answerInput(order, PAYLOAD, SALT);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.NoDemand.selector, _id(order), false));
        market.closeDemand(order);
    }

    function test_an_input_that_nobody_demanded_may_be_published_once() external {
        Order memory order = _known(2);
        _pass(COMMIT);
        market.answerInput(order, PAYLOAD, SALT);
        assertEq(_ready(address(this)), 0, "unpaid");
        assertEq(_job(order).since, clock, "and everyone has a whole window");
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.DemandExists.selector, _id(order), false));
        this.demandNow(order, 0);
    }

    function test_an_answer_after_the_last_commitment_moves_no_clock() external {
        Order memory order = _known(2);
        _demandInput(order, 0);
        _pass(7);
        _commitAll(order, RESULT);
        uint256 since = _job(order).since;
        market.answerInput(order, PAYLOAD, SALT);
        assertEq(_job(order).since, since, "the reveals go on");
    }

    function test_a_later_seat_makes_its_own_demand() external {
        Order memory order = _known(3);
        _demandInput(order, 0);
        _commitAll(order, RESULT);
        _punishCommits(order, 1);
        assertEq(_job(order).round, 1, "a reserve is seated");
        assertEq(_ready(_provider(order, 0)), DEPOSIT, "the first demand is over");
        (uint256[] memory seats,) = market.activeSeats(order);
        _demandInput(order, seats[2]);
        _pass(ANSWER + 1);
        market.advance(order);
        _assertPhase(order, Phase.Refunded);
        assertEq(_ready(_provider(order, seats[2])), DEPOSIT + RESERVATION, "who waited is paid");
    }

    function test_an_input_that_nobody_demanded_comes_within_the_commit_window() external {
        Order memory order = _known(2);
        uint256 until = clock + COMMIT;
        _goTo(until + 1);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.TooLate.selector, _id(order), until));
        market.answerInput(order, PAYLOAD, SALT);
    }

    function test_a_receipt_for_other_bytes_does_not_end_a_demand() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledOn(_result());
        _demandOutput(order, reveals);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.WrongOutput.selector, _id(order), OTHER));
        vm.prank(requester);
        market.acknowledge(order, OTHER, "");
    }

    function test_only_a_seat_that_lacks_the_input_demands_it() external {
        Order memory order = _known(2);
        address provider = _provider(order, 0);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.NotTheProvider.selector, address(this), provider));
        market.demandInput(order, 0);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.NotASeat.selector, _id(order), 2));
        market.demandInput(order, 2);
        _commit(order, 0, RESULT);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.CommitExists.selector, _id(order), 0));
        vm.prank(provider);
        market.demandInput(order, 0);
    }

    function test_demands_and_answers_come_in_time() external {
        Order memory order = _known(2);
        uint256 until = clock + COMMIT;
        _goTo(until + 1);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.TooLate.selector, _id(order), until));
        this.demandNow(order, 0);
        _goTo(until);
        _demandInput(order, 0);
        _pass(ANSWER + 1);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.TooLate.selector, _id(order), until + ANSWER));
        this.demandNow(order, 1);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.TooLate.selector, _id(order), until + ANSWER));
        market.answerInput(order, PAYLOAD, SALT);
    }

    function test_other_bytes_are_no_answer() external {
        Order memory order = _known(2);
        _demandInput(order, 0);
        bytes32 other = payloads.root("other bytes", SALT);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.WrongAnswer.selector, other, _result()));
        market.answerInput(order, "other bytes", SALT);
        other = payloads.root(PAYLOAD, "other salt");
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.WrongAnswer.selector, other, _result()));
        market.answerInput(order, PAYLOAD, "other salt");
        bytes memory long = new bytes(96 * 1024 + 1);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.AnswerTooLong.selector, long.length, 96 * 1024));
        market.answerInput(order, long, SALT);
    }

    function test_the_longest_answer_costs_the_whole_deposit() external {
        bytes memory long = new bytes(96 * 1024);
        Order memory order = _order(2);
        order.inputRoot = payloads.root(long, SALT);
        vm.prank(requester);
        market.open(order, "");
        _draw(order);
        _demandInput(order, 0);
        market.answerInput(order, long, SALT);
        assertEq(_ready(address(this)), DEPOSIT, "all of it");
        assertEq(_ready(_provider(order, 0)), 0, "nothing left");
    }

    function test_a_job_that_settled_after_all_returns_the_deposit() external {
        Order memory order = _known(2);
        _demandInput(order, 0);
        market.settle(_settlement(order, RESULT));
        market.closeDemand(order);
        assertEq(_ready(_provider(order, 0)), DEPOSIT, "returned");
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.NoDemand.selector, _id(order), false));
        market.closeDemand(order);
    }

    function test_a_demand_that_all_commitments_overtook_returns_the_deposit_and_the_job_goes_on() external {
        Order memory order = _known(2);
        _demandInput(order, 0);
        _commitAll(order, RESULT);
        _pass(ANSWER + 1);
        market.closeDemand(order);
        _assertPhase(order, Phase.Drawn);
        assertEq(_ready(_provider(order, 0)), DEPOSIT, "returned");
    }

    function test_a_deposit_outlives_the_job() external {
        Order memory order = _known(2);
        _demandInput(order, 0);
        _commitAll(order, RESULT);
        _goTo(_lockedUntil(order));
        market.advance(order);
        _assertPhase(order, Phase.Refunded);
        assertEq(_ready(requester), 2 * SHARE, "nobody moved it in time: a whole refund");
        market.closeDemand(order);
        assertEq(_ready(_provider(order, 0)), DEPOSIT, "returned");
    }

    // --- the output ------------------------------------------------------------------------------------------

    function test_an_output_on_chain_is_paid_at_once() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledOn(_result());
        _demandOutput(order, reveals);
        (uint256 ready, uint256 pending) = market.balanceOf(_provider(order, 0));
        assertEq(ready + pending, 0, "the payments wait");
        vm.prank(_provider(order, 1));
        market.answerOutput(order, PAYLOAD, SALT);
        assertEq(_ready(_provider(order, 0)), SHARE, "at once");
        assertEq(_ready(_provider(order, 1)), SHARE + FEE, "and the answer");
        assertEq(_ready(requester), DEPOSIT - FEE, "the rest of the deposit");
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.WrongPhase.selector, _id(order), Phase.Settled));
        this.demandOutputNow(order, reveals);
    }

    function test_an_output_is_demanded_once() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledOn(_result());
        _demandOutput(order, reveals);
        // The payments wait already: nothing is taken back twice.
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.DemandExists.selector, _id(order), true));
        this.demandOutputNow(order, reveals);
        market.answerOutput(order, PAYLOAD, SALT);
        assertEq(_ready(_provider(order, 0)), SHARE, "once");
    }

    function test_a_withheld_output_is_not_paid_and_costs_a_slice() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledOn(_result());
        _demandOutput(order, reveals);
        _pass(ANSWER + 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                IMarketTypes.TooLate.selector, _id(order), market.demandOf(_id(order), true).deadline
            )
        );
        market.answerOutput(order, PAYLOAD, SALT);
        market.closeDemand(order);
        _assertPhase(order, Phase.Refunded);
        assertEq(_ready(requester), 3 * SHARE + DEPOSIT, "all back");
        assertEq(token.balanceOf(BURNED), 3 * 2 * CEILING, "a no-show slice each");
        _pass(3 * DELIVERY);
        for (uint256 seat; seat < 3; ++seat) assertEq(_ready(_provider(order, seat)), 0, "unpaid");
    }

    function test_after_the_locks_a_withheld_output_is_unwound_all_the_same() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledOn(_result());
        _demandOutput(order, reveals);
        _goTo(_lockedUntil(order));
        market.closeDemand(order);
        assertEq(_ready(requester), 3 * SHARE + DEPOSIT, "all back");
        assertEq(token.balanceOf(BURNED), 0, "the bonds may back other jobs by now");
    }

    function test_an_output_revealed_on_chain_needs_no_claims() external {
        Order memory order = _known(2);
        bytes32 result = _result();
        _commitAll(order, result);
        for (uint256 seat; seat < 2; ++seat) _reveal(order, seat, result);
        market.advance(order);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.WrongOutput.selector, _id(order), RESULT));
        vm.prank(requester);
        market.demandOutput(order, RESULT, new IMarketTypes.Reveal[](0));
        _demandOutput(order, new IMarketTypes.Reveal[](0));
        market.answerOutput(order, PAYLOAD, SALT);
    }

    function test_another_output_cannot_be_demanded() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledOn(RESULT);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.WrongOutput.selector, _id(order), _result()));
        this.demandOutputNow(order, reveals);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.WrongOutput.selector, _id(order), bytes32(0)));
        vm.prank(requester);
        market.demandOutput(order, 0, new IMarketTypes.Reveal[](0));
    }

    function test_a_punished_seat_does_not_shield_the_others() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledOn(_result());
        _punishCommits(order, 1);
        uint256 burned = token.balanceOf(BURNED);
        _demandOutput(order, reveals);
        _pass(ANSWER + 1);
        market.closeDemand(order);
        assertEq(_ready(requester), 3 * SHARE + DEPOSIT, "all three payments");
        assertEq(token.balanceOf(BURNED), burned + 2 * 2 * CEILING, "two more slices");
    }

    function test_only_the_requester_demands_the_output_and_in_time() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledOn(_result());
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.NotTheRequester.selector, address(this), requester));
        market.demandOutput(order, _result(), reveals);
        uint256 until = clock + DELIVERY - ANSWER;
        _goTo(until + 1);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.TooLate.selector, _id(order), until));
        this.demandOutputNow(order, reveals);
        _goTo(until);
        _demandOutput(order, reveals);
    }

    function test_what_was_acknowledged_cannot_be_demanded() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledOn(_result());
        vm.prank(requester);
        market.acknowledge(order, _result(), "");
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.WrongPhase.selector, _id(order), Phase.Settled));
        this.demandOutputNow(order, reveals);
    }

    function test_an_acknowledgement_ends_a_demand() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledOn(_result());
        _demandOutput(order, reveals);
        vm.prank(requester);
        market.acknowledge(order, _result(), "");
        assertEq(_ready(_provider(order, 2)), SHARE, "paid at once");
        assertEq(_ready(requester), DEPOSIT, "the whole deposit");
        assertEq(uint256(market.demandOf(_id(order), true).state), uint256(DemandState.Closed), "closed");
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.NoDemand.selector, _id(order), true));
        market.answerOutput(order, PAYLOAD, SALT);
    }

    function test_both_demands_of_a_job_are_closed_each_in_its_time() external {
        Order memory order = _known(2);
        _demandInput(order, 0);
        IMarketTypes.Settlement memory settlement = _settlement(order, _result());
        market.settle(settlement);
        _demandOutput(order, settlement.reveals);
        market.closeDemand(order);
        _assertPhase(order, Phase.Settled);
        assertEq(_ready(_provider(order, 0)), DEPOSIT, "the input's deposit does not wait");
        _pass(ANSWER + 1);
        market.closeDemand(order);
        _assertPhase(order, Phase.Refunded);
    }

    /// The maturing of payments never overtakes a demand that was made in time, whatever the bucket's phase.
    function test_payments_never_mature_before_a_demand_can(uint256 start, uint256 wait) external {
        _goTo(clock + start % (2 * DELIVERY));
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledOn(_result());
        _pass(wait % (DELIVERY - ANSWER + 1));
        assertEq(_ready(_provider(order, 0)), 0, "nothing has matured");
        _demandOutput(order, reveals);
        _pass(ANSWER + 1);
        market.closeDemand(order);
        assertEq(token.balanceOf(BURNED), 3 * 2 * CEILING, "slashed in time");
        _pass(3 * DELIVERY);
        assertEq(_ready(_provider(order, 0)), 0, "unpaid");
    }

    // --- as one call, for what must revert -------------------------------------------------------------------

    function demandNow(Order memory order, uint256 seat) external {
        _demandInput(order, seat);
    }

    function demandOutputNow(Order memory order, IMarketTypes.Reveal[] memory reveals) external {
        _demandOutput(order, reveals);
    }
}
