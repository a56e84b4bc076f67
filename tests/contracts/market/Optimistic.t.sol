// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {Phase} from "../../../contracts/types/Job.sol";
import {Modes, Order} from "../../../contracts/types/Order.sol";
import {Actors} from "../lib/Actors.sol";

/// One provider, whose result stands unless it is challenged.
contract OptimisticTest is Actors {
    function setUp() public override {
        super.setUp();
        _join(4, 10);
    }

    function _optimistic() private returns (Order memory order) {
        order = _order(1);
        order.mode = Modes.OPTIMISTIC;
        vm.prank(requester);
        market.open(order, "");
        _draw(order);
    }

    function test_one_claim_settles() external {
        Order memory order = _optimistic();
        address provider = _provider(order, 0);
        market.settle(_settlement(order, RESULT));
        _assertPhase(order, Phase.Settled);
        _pass(2 * uint256(DELIVERY));
        (uint256 withdrawable,) = market.balanceOf(provider);
        assertEq(withdrawable, SHARE);
    }

    function test_a_lone_reveal_on_chain_settles() external {
        Order memory order = _optimistic();
        _commitAll(order, RESULT);
        _reveal(order, 0, RESULT);
        market.advance(order);
        _assertPhase(order, Phase.Settled);
    }

    function test_a_withheld_reveal_is_slashed_and_refunded() external {
        Order memory order = _optimistic();
        uint256 before = vault.freeStake(requester);
        _commitAll(order, RESULT);
        _pass(uint256(COMMIT) + REVEAL + 1);
        market.advance(order);
        _assertPhase(order, Phase.Refunded);
        assertEq(vault.freeStake(requester) - before, CEILING, "the refund slice");
    }

    function test_a_silent_provider_is_replaced() external {
        Order memory order = _optimistic();
        address silent = _provider(order, 0);
        _pass(uint256(COMMIT) + 1);
        market.advance(order);
        (uint256[] memory seats, address[] memory seated) = market.activeSeats(order);
        assertEq(seats.length, 1);
        assertTrue(seated[0] != silent, "a reserve");
        market.settle(_settlement(order, RESULT));
        _assertPhase(order, Phase.Settled);
    }

    function test_one_result_cannot_be_contested() external {
        Order memory order = _optimistic();
        bytes32[] memory outputs = new bytes32[](1);
        outputs[0] = RESULT;
        IMarketTypes.Reveal[] memory reveals = _reveals(order, outputs);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.OutputsAgree.selector, _id(order)));
        market.contest(order, outputs, reveals);
    }

    /// The bond is locked for a whole challenge window after the latest moment of settling.
    function test_the_result_can_be_challenged_for_a_whole_window() external {
        Order memory order = _optimistic();
        IMarketTypes.Settlement memory settlement = _settlement(order, RESULT);
        _goTo(_lockedUntil(order) - CHALLENGE);
        market.settle(settlement);
        assertEq(_lockedUntil(order) - clock, CHALLENGE);
        vm.prank(resolver);
        (uint256[] memory seats, address[] memory accounts) = market.challenge(order, RESULT, settlement.reveals);
        assertEq(seats.length, 1);
        assertEq(accounts[0], _provider(order, 0), "whose it is");
    }
}
