// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {DemandState} from "../../../contracts/types/Demand.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Phase} from "../../../contracts/types/Job.sol";
import {Ledger} from "./Ledger.sol";

/// Attacks that succeed as yet.
contract OpenAttacks is Ledger {
    /// The requester and the provider of seat 0 let a demand of seat 0 be outlived by all commitments. Then seat 0
    /// gives itself up, and the reserve that takes its place is starved: it must still be able to demand the input.
    function test_a_demand_that_was_outlived_does_not_use_up_the_reserves_demand() external {
        Order memory order = _known(3);
        address liar = _provider(order, 0);
        _ask(order, 0);
        _commitAll(order, RESULT);
        market.closeDemand(order);
        _report(order, 0, thief);
        assertEq(_job(order).round, 1, "a reserve is seated");
        (uint256[] memory seats, address[] memory seated) = market.activeSeats(order);
        uint256 reserve = seats[2];
        _commit(order, seats[0], RESULT);
        _commit(order, seats[1], RESULT);
        vm.prank(seated[2]);
        try market.demandInput(order, reserve) {} catch {}
        _judge(requester, liar, thief, 0);
    }

    /// The providers first seated stay silent and nobody pokes the job until the last moment at which a round can
    /// begin. The reserve demands the input at once and is answered at the last second: nobody may be slashed for a
    /// silence that it could not break.
    function test_whoever_is_answered_too_late_to_commit_is_not_slashed() external {
        Order memory order = _known(2);
        address first = _provider(order, 0);
        address second = _provider(order, 1);
        _goTo(_lockedUntil(order) - CHALLENGE - COMMIT - REVEAL);
        market.advance(order);
        if (_job(order).phase == Phase.Drawn) {
            (uint256[] memory seats, address[] memory seated) = market.activeSeats(order);
            for (uint256 i; i < 2; ++i) {
                vm.prank(seated[i]);
                market.demandInput(order, seats[i]);
                // An answer that is earned cannot be charged beyond its price.
                _expects(seated[i], i == 0 ? -int256(FEE) : int256(0));
            }
            _pass(ANSWER);
            _answer(order, requester);
            for (uint256 i; i < 2; ++i) {
                try this.commitNow(order, seats[i], RESULT) {} catch {}
            }
        }
        _judge(requester, first, second, int256(FEE));
    }

    /// A demand in bad faith, outlived by all commitments of its round, must not end the next round before that has
    /// begun: the honest requester has delivered, the honest providers commit.
    function test_a_stale_demand_does_not_end_a_later_round() external {
        Order memory order = _known(3);
        address liar = _provider(order, 0);
        _ask(order, 0);
        _pass(COMMIT);
        _commitAll(order, RESULT);
        _pass(ANSWER - COMMIT + 1);
        _report(order, 0, thief);
        assertEq(_job(order).round, 1, "a reserve is seated");
        try market.advance(order) {} catch {}
        assertEq(uint256(_job(order).phase), uint256(Phase.Drawn), "the round has only begun");
        if (_job(order).phase == Phase.Drawn) {
            _commitAll(order, RESULT);
            (uint256[] memory seats,) = market.activeSeats(order);
            for (uint256 i; i < 3; ++i) _reveal(order, seats[i], RESULT);
            market.advance(order);
        }
        _expectSeats(order, PAID);
        _expects(requester, -3 * PAID);
        _judge(liar, thief, 0);
    }

    /// A receipt that the requester signed for another output is no answer to its demand for this one.
    function test_a_receipt_for_another_output_does_not_end_a_demand() external {
        Order memory order = _known(3);
        (, address[] memory seated) = market.activeSeats(order);
        IMarketTypes.Settlement memory settlement = _settlement(order, _result());
        market.settle(settlement);
        bytes32 digest = _digest(
            keccak256(abi.encode(keccak256("Receipt(bytes32 job,bytes32 outputRoot)"), _id(order), OTHER))
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keyOf[requester], digest);
        _askOutput(order, settlement.reveals);
        try market.acknowledge(order, OTHER, abi.encodePacked(r, s, v)) {} catch {}
        assertEq(
            uint256(market.demandOf(_id(order), true).state), uint256(DemandState.Pending), "still to be answered"
        );
        _judge(seated, 0);
    }

    /// Thieves with a quarter of the stake fill the honest leaves with small jobs of their own and draw a stranger's
    /// job last. It must not be theirs alone: whoever holds all its seats is paid for garbage.
    function test_filling_the_leaves_of_others_does_not_win_a_whole_job() external {
        address rich = thief;
        // Providers 0, 1 and 2 are thieves; nine honest providers have three slots each.
        address[] memory thieves = new address[](4);
        for (uint256 i; i < 3; ++i) thieves[i] = providers[i];
        thieves[3] = rich;
        Order memory target = _knownOrder(3);
        target.units = 16;
        _openAs(target);
        uint256 seedBlock = _job(target).since;
        Order[] memory jam = new Order[](60);
        for (uint256 i; i < jam.length; ++i) {
            jam[i] = _order(2);
            (jam[i].requester, jam[i].units) = (rich, 1);
            _openAs(jam[i]);
        }
        _roll(seedBlock + 1);
        // The thieves know every draw beforehand: they leave out those that would fill their own last slots.
        for (uint256 i; i < jam.length; ++i) {
            uint256 state = vm.snapshotState();
            try market.draw(jam[i]) {
                bool own;
                for (uint256 t; t < 3; ++t) own = own || _inUse(providers[t]) != 0;
                if (own) vm.revertToState(state);
            } catch {}
        }
        try market.draw(target) {} catch {}
        if (_job(target).phase == Phase.Drawn) {
            (, address[] memory seated) = market.activeSeats(target);
            uint256 own;
            for (uint256 i; i < 3; ++i) {
                for (uint256 t; t < 3; ++t) own += seated[i] == providers[t] ? 1 : 0;
            }
            assertTrue(own < 3, "all seats are the thieves'");
        }
    }
}
