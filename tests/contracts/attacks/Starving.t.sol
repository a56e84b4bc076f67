// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Phase} from "../../../contracts/types/Job.sol";
import {Ledger} from "./Ledger.sol";

/// Withheld inputs, and demands for them in bad faith.
contract StarvingAttacks is Ledger {
    /// What the asker pays for an answer: the accepted residue of starving.
    int256 private constant ASKED = int256(FEE);

    function _revealAll(Order memory order) private {
        (uint256[] memory seats,) = market.activeSeats(order);
        for (uint256 i; i < seats.length; ++i) {
            if (market.revealOf(market.drawOf(_id(order)), seats[i]) == 0) _reveal(order, seats[i], RESULT);
        }
    }

    // --- the requester starves -------------------------------------------------------------------------------

    function test_who_starves_everyone_pays_everyone_who_waited() external {
        Order memory order = _known(3);
        for (uint256 seat; seat < 3; ++seat) _ask(order, seat);
        _expectSeats(order, int256(RESERVATION));
        _judge(requester, -3 * int256(RESERVATION));
    }

    /// Some seats get the input, the others do not: those that ask lose nothing, whoever helps the requester.
    function test_starving_some_seats_takes_nothing_from_them(uint256 starved, uint256 colluding) external {
        starved = bound(starved, 1, 7);
        colluding = bound(colluding, 0, 7) & ~starved;
        Order memory order = _known(3);
        uint256 asked;
        address[] memory thieves = new address[](4);
        thieves[3] = requester;
        int256 fees;
        for (uint256 seat; seat < 3; ++seat) {
            address provider = _provider(order, seat);
            if ((colluding >> seat) & 1 != 0) {
                thieves[seat] = provider;
                continue;
            }
            if ((starved >> seat) & 1 != 0) {
                _ask(order, seat);
                ++asked;
            } else {
                _commit(order, seat, RESULT);
            }
            _expects(provider, int256(RESERVATION));
            fees += int256(RESERVATION);
        }
        assertTrue(asked != 0, "somebody starves");
        _judge(thieves, -fees);
        assertEq(_burned(), 0, "nobody is slashed");
    }

    function test_an_answer_at_the_last_second_costs_the_asker_its_price_and_no_more() external {
        Order memory order = _known(2);
        _pass(COMMIT);
        _ask(order, 1);
        _pass(ANSWER);
        _answer(order, requester);
        _pass(COMMIT);
        _commitAll(order, RESULT);
        _pass(REVEAL);
        _revealAll(order);
        market.advance(order);
        _expectSeats(order, PAID);
        _expects(_provider(order, 1), -ASKED);
        _judge(requester, ASKED - 2 * PAID);
    }

    /// Who joins pays nothing, and whoever answers, it need not be the requester, earns the price.
    function test_a_starved_seat_can_be_fed_by_any_other(uint256 helper) external {
        Order memory order = _known(3);
        _ask(order, 0);
        _ask(order, 1);
        address by = _provider(order, bound(helper, 0, 2));
        _answer(order, by);
        _commitAll(order, RESULT);
        _revealAll(order);
        market.advance(order);
        _expectSeats(order, PAID);
        _expects(_provider(order, 0), -ASKED);
        _expects(by, ASKED);
        _judge(requester, -3 * PAID);
    }

    function test_garbage_is_no_answer_and_the_starved_are_paid_all_the_same() external {
        Order memory order = _known(2);
        _ask(order, 0);
        bytes32 wrong = payloads.root("garbage", SALT);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.WrongAnswer.selector, wrong, _result()));
        market.answerInput(order, "garbage", SALT);
        _expects(_provider(order, 0), int256(RESERVATION));
        _judge(requester, _provider(order, 1), -int256(RESERVATION));
    }

    /// An input root without any input: nothing can be answered, ever.
    function test_an_order_for_bytes_that_do_not_exist_costs_nobody_a_bond() external {
        Order memory order = _track(_drawn(3));
        _ask(order, 1);
        _expects(_provider(order, 1), int256(RESERVATION));
        _judge(requester, -int256(RESERVATION));
        assertEq(_burned(), 0, "nobody is slashed");
    }

    /// An input longer than any transaction can be delivered off chain, but not shown: a starved seat loses nothing.
    function test_an_input_too_long_to_be_shown_costs_nobody_a_bond() external {
        bytes memory long = new bytes(96 * 1024 + 1);
        Order memory order = _order(2);
        order.inputRoot = payloads.root(long, SALT);
        _openAs(order);
        _draw(order);
        _ask(order, 0);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.AnswerTooLong.selector, long.length, 96 * 1024));
        market.answerInput(order, long, SALT);
        _expects(_provider(order, 0), int256(RESERVATION));
        _judge(requester, _provider(order, 1), -int256(RESERVATION));
    }

    /// The requester and one provider let the others show a whole set, take their outputs and settle nothing; their
    /// provider has demanded the input, so that the job would end as starved. Whoever was shown the set posts it.
    function test_a_demand_does_not_take_back_a_commitment_that_was_shown() external {
        Order memory order = _known(3);
        address liar = _provider(order, 2);
        _ask(order, 2);
        IMarketTypes.SignedCommit memory shown = _signCommit(order, liar, RESULT);
        _pass(ANSWER);
        _commit(order, 0, RESULT);
        _commit(order, 1, RESULT);
        market.commit(order, 2, shown);
        _reveal(order, 0, RESULT);
        _reveal(order, 1, RESULT);
        _expects(_provider(order, 0), PAID);
        _expects(_provider(order, 1), PAID);
        // The liar withholds its reveal: its bond pays for the trick.
        _judge(requester, liar, -2 * PAID - 11 * int256(CEILING));
    }

    /// As above, with a liar that equivocates to begin a new round, whose reserve starves.
    function test_starving_the_reserve_does_not_take_back_the_work_of_the_others() external {
        Order memory order = _known(3);
        address liar = _provider(order, 2);
        _commitAll(order, RESULT);
        _report(order, 2, thief);
        (uint256[] memory seats, address[] memory seated) = market.activeSeats(order);
        _commit(order, seats[0], RESULT);
        _commit(order, seats[1], RESULT);
        vm.prank(seated[2]);
        market.demandInput(order, seats[2]);
        _expectSeats(order, int256(RESERVATION));
        // Less than a whole bond in burned slices and reservations: never profitable, since four shares are four
        // ceilings at most.
        _judge(requester, liar, thief, -11 * int256(CEILING) - 3 * int256(RESERVATION));
    }

    function test_the_requester_cannot_starve_by_silence_after_its_provider_demanded() external {
        Order memory order = _known(2);
        address partner = _provider(order, 0);
        address honest = _provider(order, 1);
        _ask(order, 0);
        _pass(ANSWER);
        // The honest one joins for nothing at the last second.
        _ask(order, 1);
        _expects(honest, int256(RESERVATION));
        _judge(requester, partner, -int256(RESERVATION));
    }

    // --- providers demand in bad faith -----------------------------------------------------------------------

    function test_a_demand_by_a_seat_that_has_the_input_costs_it_the_answer() external {
        Order memory order = _known(2);
        address faker = _provider(order, 0);
        _ask(order, 0);
        _answer(order, requester);
        _commitAll(order, RESULT);
        _revealAll(order);
        market.advance(order);
        _expects(_provider(order, 1), PAID);
        _expects(requester, -2 * PAID + ASKED);
        _judge(faker, PAID - ASKED);
    }

    /// A requester that is away, or would rather not publish its input, loses a reservation fee for each seat.
    function test_a_demand_that_is_not_answered_costs_the_requester_a_reservation_each() external {
        Order memory order = _known(3);
        (, address[] memory seated) = market.activeSeats(order);
        for (uint256 seat; seat < 3; ++seat) _ask(order, seat);
        _expects(requester, -3 * int256(RESERVATION));
        _judge(seated, 3 * int256(RESERVATION));
    }

    function test_a_demand_right_before_the_settlement_changes_nothing() external {
        Order memory order = _known(3);
        address faker = _provider(order, 1);
        _pass(COMMIT);
        _ask(order, 1);
        market.settle(_settlement(order, RESULT));
        _expectSeats(order, PAID);
        _expects(requester, -3 * PAID);
        _judge(faker, PAID);
    }

    function test_a_demand_does_not_save_a_silent_provider(uint256 when) external {
        Order memory order = _known(3);
        address silent = _provider(order, 2);
        _pass(bound(when, 0, COMMIT));
        _ask(order, 2);
        _answer(order, requester);
        _commit(order, 0, RESULT);
        _commit(order, 1, RESULT);
        _pass(COMMIT + 1);
        market.advance(order);
        market.settle(_settlement(order, RESULT));
        _expectSeats(order, PAID);
        _expects(requester, -3 * PAID);
        _judge(silent, -2 * int256(CEILING) - ASKED);
    }

    function test_a_demand_cannot_be_repeated_to_gain_time() external {
        Order memory order = _known(3);
        address staller = _provider(order, 2);
        _ask(order, 2);
        _answer(order, requester);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.DemandExists.selector, _id(order), false));
        this.demandNow(order, 2);
        _pass(COMMIT + 1);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.TooLate.selector, _id(order), clock - 1));
        this.demandNow(order, 2);
        uint256[] memory seats = new uint256[](2);
        IMarketTypes.SignedCommit[] memory signed = new IMarketTypes.SignedCommit[](2);
        for (uint256 i; i < 2; ++i) (seats[i], signed[i]) = (i, _signCommit(order, _provider(order, i), RESULT));
        market.commitAndAdvance(order, seats, signed);
        market.settle(_settlement(order, RESULT));
        _expectSeats(order, PAID);
        _expects(requester, -3 * PAID);
        _judge(staller, -2 * int256(CEILING) - ASKED);
    }

    /// Garbage committed only to earn the reservation fee of a starved job is revealed as garbage, or not at all.
    function test_garbage_committed_for_the_reservation_fee_costs_a_bond_when_the_input_comes() external {
        Order memory order = _known(3);
        address liar = _provider(order, 0);
        IMarketTypes.SignedCommit memory garbage;
        garbage.commitment = "garbage";
        vm.prank(liar);
        market.commit(order, 0, garbage);
        _ask(order, 1);
        _answer(order, requester);
        _commit(order, 1, RESULT);
        _commit(order, 2, RESULT);
        _reveal(order, 1, RESULT);
        _reveal(order, 2, RESULT);
        _expects(_provider(order, 1), PAID - ASKED);
        _expects(_provider(order, 2), PAID);
        _expects(requester, -2 * PAID + ASKED);
        _judge(liar, -int256(BOND));
    }

    // --- closing and ending ----------------------------------------------------------------------------------

    function test_whoever_ends_a_starved_job_ends_it_the_same(bool closes) external {
        Order memory order = _known(3);
        _ask(order, 0);
        _commit(order, 1, RESULT);
        _pass(ANSWER + 1);
        vm.prank(thief);
        if (closes) market.closeDemand(order);
        else market.advance(order);
        _assertPhase(order, Phase.Refunded);
        _expects(_provider(order, 0), int256(RESERVATION));
        _expects(_provider(order, 1), int256(RESERVATION));
        _expects(requester, -2 * int256(RESERVATION));
        _judge(thief, 0);
    }

    function test_a_pending_demand_is_not_closed_while_a_seat_still_waits() external {
        Order memory order = _known(2);
        _ask(order, 0);
        _commit(order, 1, RESULT);
        _pass(ANSWER);
        uint256 deadline = market.demandOf(_id(order), false).deadline;
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.DemandPending.selector, _id(order), deadline));
        vm.prank(thief);
        market.closeDemand(order);
        _expectSeats(order, int256(RESERVATION));
        _judge(requester, thief, -2 * int256(RESERVATION));
    }

    function test_an_answer_and_an_end_never_both_succeed(uint256 wait) external {
        Order memory order = _known(2);
        _ask(order, 0);
        _pass(bound(wait, 0, 2 * uint256(ANSWER)));
        bool inTime = clock <= market.demandOf(_id(order), false).deadline;
        bool answered;
        vm.prank(requester);
        try market.answerInput(order, PAYLOAD, SALT) {
            answered = true;
        } catch {}
        bool closed;
        try market.closeDemand(order) {
            closed = true;
        } catch {}
        assertTrue(answered == inTime && closed == !inTime, "one of them");
        if (answered) {
            _commitAll(order, RESULT);
            _revealAll(order);
            market.advance(order);
            _expectSeats(order, PAID);
            _expects(_provider(order, 0), -ASKED);
            _judge(requester, ASKED - 2 * PAID);
        } else {
            _expects(_provider(order, 0), int256(RESERVATION));
            _judge(requester, -int256(RESERVATION));
        }
    }

    function test_a_published_input_nobody_asked_for_earns_nothing_and_delays_once() external {
        Order memory order = _known(3);
        address staller = _provider(order, 2);
        _commit(order, 0, RESULT);
        _commit(order, 1, RESULT);
        _pass(COMMIT);
        _answer(order, staller);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.DemandExists.selector, _id(order), false));
        market.answerInput(order, PAYLOAD, SALT);
        _pass(COMMIT + 1);
        market.advance(order);
        market.settle(_settlement(order, RESULT));
        _expectSeats(order, PAID);
        _expects(requester, -3 * PAID);
        _judge(staller, -2 * int256(CEILING));
    }

    /// A demand prepaid by one provider cannot be closed into another's pocket, and its deposit outlives the job.
    function test_a_deposit_always_returns_to_whoever_paid_it(uint256 end) external {
        end = end % 4;
        Order memory order = _known(2);
        address asker = _provider(order, 0);
        _ask(order, 0);
        int256 honest;
        if (end == 0) {
            market.settle(_settlement(order, RESULT));
            honest = PAID;
        } else if (end == 1) {
            _goTo(_lockedUntil(order));
            market.advance(order);
        } else if (end == 2) {
            (bytes32[] memory outputs, IMarketTypes.Reveal[] memory reveals) = _split(order);
            market.contest(order, outputs, reveals);
        } else {
            honest = int256(RESERVATION);
        }
        _expects(asker, honest);
        _expects(requester, -2 * PAID);
        _judge(thief, 0);
    }

    // --- as one call -----------------------------------------------------------------------------------------

    function demandNow(Order memory order, uint256 seat) external {
        _ask(order, seat);
    }
}
