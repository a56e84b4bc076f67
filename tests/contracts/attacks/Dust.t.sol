// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {poolIdOf} from "../../../contracts/types/Ids.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Phase} from "../../../contracts/types/Job.sol";
import {Ledger} from "./Ledger.sol";

/// The smallest amounts: one base unit for a share, a reservation of nothing.
contract DustAttacks is Ledger {
    int256 private constant ONE = 1;
    int256 private constant LEAST_CEILING = 16;

    function setUp() public override {
        super.setUp();
        _watchPool(poolIdOf(model, 0, 0));
        pool = poolIdOf(model, 0, 0);
        for (uint256 i; i < providers.length; ++i) {
            _fund(providers[i], 3 * 12 * uint256(LEAST_CEILING));
            vm.prank(providers[i]);
            vault.pledge(model, 0, 0, 3);
        }
        _nextEpoch();
        _open_books();
    }

    function _least(uint8 replicas) private returns (Order memory order) {
        order = _knownOrder(replicas);
        (order.tier, order.units) = (0, 1);
        _openAs(order);
        _draw(order);
    }

    function test_one_unit_is_paid_out_as_one_unit_each() external {
        Order memory order = _least(5);
        market.settle(_settlement(order, RESULT));
        _expectSeats(order, ONE);
        _judge(requester, -5 * ONE);
    }

    function test_an_eighth_of_one_unit_is_nothing_and_nothing_is_lost() external {
        Order memory order = _least(5);
        for (uint256 seat; seat < 5; ++seat) _ask(order, seat);
        _judge(requester, 0);
    }

    /// Every number of units and replicas: the reservations and the refund are the payment, to the last base unit.
    function test_reservations_round_down_for_the_requester_and_add_up(uint256 units, uint256 replicas) external {
        Order memory order = _knownOrder(uint8(bound(replicas, 2, 5)));
        (order.tier, order.units) = (0, uint16(bound(units, 1, 16)));
        _openAs(order);
        _draw(order);
        int256 fee = int256(uint256(order.units)) / 8;
        for (uint256 seat; seat < order.replicas; ++seat) _ask(order, seat);
        _expectSeats(order, fee);
        _judge(requester, -int256(uint256(order.replicas)) * fee);
    }

    function test_slices_of_the_smallest_bond_are_whole() external {
        Order memory order = _least(3);
        address silent = _provider(order, 0);
        _commitAll(order, RESULT);
        _reveal(order, 1, RESULT);
        _reveal(order, 2, RESULT);
        _expects(_provider(order, 1), ONE);
        _expects(_provider(order, 2), ONE);
        _expects(requester, LEAST_CEILING - 2 * ONE);
        _judge(silent, -12 * LEAST_CEILING);
    }

    function test_a_lone_revealer_of_one_unit_is_compensated_with_one_unit() external {
        Order memory order = _least(2);
        address silent = _provider(order, 0);
        _commitAll(order, RESULT);
        _reveal(order, 1, RESULT);
        _expects(_provider(order, 1), ONE);
        _expects(requester, LEAST_CEILING);
        _judge(silent, -12 * LEAST_CEILING);
    }

    function test_an_unwound_unit_returns() external {
        Order memory order = _least(2);
        address[] memory seated = new address[](2);
        (seated[0], seated[1]) = (_provider(order, 0), _provider(order, 1));
        IMarketTypes.Settlement memory settlement = _settlement(order, _result());
        market.settle(settlement);
        _askOutput(order, settlement.reveals);
        _judge(seated, -2 * 2 * LEAST_CEILING);
    }

    function test_a_contest_over_one_unit_adds_up() external {
        Order memory order = _least(5);
        (bytes32[] memory outputs, IMarketTypes.Reveal[] memory reveals) = _split(order);
        market.contest(order, outputs, reveals);
        address liar = _provider(order, 0);
        _report(order, 0, thief);
        for (uint256 seat = 1; seat < 5; ++seat) _expects(_provider(order, seat), ONE);
        _expects(requester, LEAST_CEILING);
        _judge(liar, thief, -12 * LEAST_CEILING);
    }

    /// Demands cost the same whatever the job: where bytes are dear and work is cheap, asking for the input costs more
    /// than a no-show slice, and a starved provider loses the lesser of the two.
    function test_the_price_of_an_answer_does_not_depend_on_the_job() external {
        Order memory order = _least(2);
        _ask(order, 0);
        _answer(order, requester);
        _commitAll(order, RESULT);
        _reveal(order, 0, RESULT);
        _reveal(order, 1, RESULT);
        market.advance(order);
        assertTrue(int256(FEE) > 2 * LEAST_CEILING, "dearer than silence");
        _expects(_provider(order, 0), ONE - int256(FEE));
        _expects(_provider(order, 1), ONE);
        _judge(requester, int256(FEE) - 2 * ONE);
    }
}
