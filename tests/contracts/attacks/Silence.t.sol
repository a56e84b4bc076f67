// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Phase} from "../../../contracts/types/Job.sol";
import {Ledger} from "./Ledger.sol";

/// Silence at every step, and races of those who would profit from another's.
contract SilenceAttacks is Ledger {
    function test_a_withheld_reveal_costs_as_much_as_a_lie() external {
        Order memory order = _track(_drawn(3));
        address silent = _provider(order, 1);
        _commitAll(order, RESULT);
        _reveal(order, 0, RESULT);
        _reveal(order, 2, RESULT);
        _expects(_provider(order, 0), PAID);
        _expects(_provider(order, 2), PAID);
        _expects(requester, -2 * PAID);
        _judge(silent, -int256(BOND));
    }

    /// Requester and provider would have the honest result for nothing.
    function test_one_honest_reveal_is_paid_out_of_the_bonds_of_the_silent(uint256 replicas) external {
        replicas = bound(replicas, 2, 5);
        Order memory order = _track(_drawn(uint8(replicas)));
        address honest = _provider(order, 0);
        address[] memory thieves = new address[](replicas);
        for (uint256 i = 1; i < replicas; ++i) thieves[i] = _provider(order, i);
        thieves[0] = requester;
        _commitAll(order, RESULT);
        _reveal(order, 0, RESULT);
        _expects(honest, PAID);
        // The requester keeps a refund slice of each bond.
        _judge(thieves, -int256(replicas - 1) * 11 * int256(CEILING));
    }

    function test_where_all_withhold_all_are_slashed() external {
        Order memory order = _track(_drawn(3));
        (, address[] memory seated) = market.activeSeats(order);
        _commitAll(order, RESULT);
        _expects(requester, 3 * int256(CEILING));
        _judge(seated, -3 * int256(BOND));
    }

    function test_a_seat_that_never_commits_is_replaced_and_pays() external {
        Order memory order = _track(_drawn(3));
        address silent = _provider(order, 2);
        _commit(order, 0, RESULT);
        _commit(order, 1, RESULT);
        _pass(COMMIT + 1);
        market.advance(order);
        market.settle(_settlement(order, RESULT));
        _expectSeats(order, PAID);
        _expects(requester, -3 * PAID);
        _judge(silent, -2 * int256(CEILING));
    }

    /// Silence in every round until nobody is left: the honest work for nothing, but lose no stake, and the silent
    /// burn a slice for each round.
    function test_silence_in_every_round_burns_a_slice_each(uint256 replicas) external {
        replicas = bound(replicas, 2, 5);
        Order memory order = _track(_drawn(uint8(replicas)));
        address[] memory thieves = new address[](8);
        thieves[7] = requester;
        uint256 count;
        while (_job(order).phase == Phase.Drawn) {
            (uint256[] memory seats, address[] memory seated) = market.activeSeats(order);
            thieves[count++] = seated[replicas - 1];
            for (uint256 i; i + 1 < replicas; ++i) _commit(order, seats[i], RESULT);
            _pass(COMMIT + 1);
            market.advance(order);
        }
        assertEq(count, 3, "once and for each reserve");
        _judge(thieves, -3 * 2 * int256(CEILING));
    }

    /// The thief advances the job in the very second after the window: what has been posted by then is safe.
    function test_an_advance_ahead_of_the_settlement_hurts_nobody_who_has_committed() external {
        Order memory order = _track(_drawn(3));
        IMarketTypes.Settlement memory settlement = _settlement(order, RESULT);
        _commitAll(order, RESULT);
        uint256 deadline = clock + REVEAL;
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.TooEarly.selector, _id(order), deadline + 1));
        vm.prank(thief);
        market.advance(order);
        market.settle(settlement);
        _expectSeats(order, PAID);
        _expects(requester, -3 * PAID);
        _judge(thief, 0);
    }

    function test_claims_gathered_late_still_settle_until_somebody_advances() external {
        Order memory order = _track(_drawn(3));
        _pass(COMMIT + REVEAL + 1);
        market.settle(_settlement(order, RESULT));
        _expectSeats(order, PAID);
        _expects(requester, -3 * PAID);
        _judge(thief, 0);
    }

    function test_signed_commitments_posted_with_the_advance_protect_their_signers(uint256 silent) external {
        silent = bound(silent, 0, 2);
        Order memory order = _track(_drawn(3));
        address quiet = _provider(order, silent);
        uint256[] memory seats = new uint256[](2);
        IMarketTypes.SignedCommit[] memory signed = new IMarketTypes.SignedCommit[](2);
        uint256 count;
        for (uint256 seat; seat < 3; ++seat) {
            if (seat == silent) continue;
            (seats[count], signed[count]) = (seat, _signCommit(order, _provider(order, seat), RESULT));
            ++count;
        }
        _pass(COMMIT + 1);
        market.commitAndAdvance(order, seats, signed);
        market.settle(_settlement(order, RESULT));
        _expectSeats(order, PAID);
        _expects(requester, -3 * PAID);
        _judge(quiet, -2 * int256(CEILING));
    }

    /// A commitment at the last second must leave the others their whole reveal window.
    function test_a_last_second_commitment_shortens_nobodys_window(uint256 late) external {
        Order memory order = _track(_drawn(3));
        _commit(order, 0, RESULT);
        _commit(order, 1, RESULT);
        _goTo(bound(late, clock, _lockedUntil(order) - CHALLENGE - REVEAL));
        _commit(order, 2, RESULT);
        _pass(REVEAL);
        for (uint256 seat; seat < 3; ++seat) _reveal(order, seat, RESULT);
        market.advance(order);
        _expectSeats(order, PAID);
        _expects(requester, -3 * PAID);
        _judge(thief, 0);
    }

    function test_a_job_nobody_draws_is_refunded_whole() external {
        Order memory order = _track(_open(5));
        _judge(thief, 0);
        _assertPhase(order, Phase.Refunded);
    }

    function test_a_job_nobody_pokes_returns_everything_when_the_bonds_unlock() external {
        Order memory order = _track(_drawn(3));
        _goTo(_lockedUntil(order));
        vm.prank(thief);
        market.advance(order);
        _judge(thief, 0);
        assertEq(_burned(), 0, "the bonds may back other jobs");
    }

    /// The requester profits from no failure of a provider by more than the slice that refunds it.
    function test_a_requester_gains_at_most_a_refund_slice_for_each_lost_bond(uint256 move) external {
        move = move % 3;
        Order memory order = _track(_drawn(3));
        address silent = _provider(order, 0);
        if (move == 0) {
            _commitAll(order, RESULT);
            _reveal(order, 1, RESULT);
            _reveal(order, 2, RESULT);
        } else if (move == 1) {
            market.settle(_settlement(order, RESULT));
            _report(order, 0, thief);
        } else {
            (bytes32[] memory outputs, IMarketTypes.Reveal[] memory reveals) = _split(order);
            market.contest(order, outputs, reveals);
            _report(order, 0, thief);
        }
        _expects(_provider(order, 1), PAID);
        _expects(_provider(order, 2), PAID);
        _judge(requester, silent, thief, -9 * int256(CEILING));
    }
}
