// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Actors} from "../lib/Actors.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Phase} from "../../../contracts/types/Job.sol";
import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";

/// Open, draw, settle, acknowledge, withdraw.
contract OrdinaryCaseTest is Actors {
    function setUp() public override {
        super.setUp();
        _join(5, 2);
    }

    function test_an_honest_job_ends_with_its_providers_withdrawing_their_shares() external {
        uint256 before = token.balanceOf(requester);
        Order memory order = _open(3);
        assertEq(token.balanceOf(requester), before - 3 * SHARE, "escrowed");
        _draw(order);
        (, address[] memory seated) = market.activeSeats(order);
        for (uint256 i; i < 3; ++i) assertEq(_inUse(seated[i]), 1, "one bond locked");
        market.settle(_settlement(order, RESULT));
        _assertPhase(order, Phase.Settled);

        (uint256 ready, uint256 pending) = market.balanceOf(seated[0]);
        assertEq(ready, 0, "not yet mature");
        assertEq(pending, SHARE, "pending");
        vm.prank(seated[0]);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.NothingToWithdraw.selector, seated[0]));
        market.withdraw();
        _pass(2 * DELIVERY);
        for (uint256 i; i < 3; ++i) {
            assertEq(_inUse(seated[i]), 0, "lock lapsed by itself");
            vm.prank(seated[i]);
            market.withdraw();
            assertEq(token.balanceOf(seated[i]), SHARE, "paid");
        }
        assertEq(token.balanceOf(address(market)), 0, "nothing left");
    }

    function test_an_acknowledged_payment_can_be_withdrawn_at_once() external {
        Order memory order = _settled(3);
        (, address[] memory seated) = market.activeSeats(order);
        vm.prank(requester);
        market.acknowledge(order, RESULT, "");
        vm.prank(seated[1]);
        market.withdraw();
        assertEq(token.balanceOf(seated[1]), SHARE, "paid at once");
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.WrongPhase.selector, _id(order), Phase.Settled));
        vm.prank(requester);
        market.acknowledge(order, RESULT, "");
    }

    function test_acknowledging_what_has_matured_pays_nothing_twice() external {
        Order memory order = _settled(3);
        (, address[] memory seated) = market.activeSeats(order);
        _settled(3);
        _pass(2 * DELIVERY);
        (uint256 before,) = market.balanceOf(seated[0]);
        vm.prank(requester);
        market.acknowledge(order, RESULT, "");
        (uint256 ready, uint256 pending) = market.balanceOf(seated[0]);
        assertEq(ready, before, "withdrawable");
        assertEq(pending, 0, "pending");
    }

    function test_anyone_acknowledges_with_the_requesters_signature() external {
        Order memory order = _settled(2);
        bytes32 structHash =
            keccak256(abi.encode(keccak256("Receipt(bytes32 job,bytes32 outputRoot)"), _id(order), RESULT));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(requesterKey, _digest(structHash));
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.BadOrderSignature.selector, requester));
        market.acknowledge(order, OTHER, abi.encodePacked(r, s, v));
        market.acknowledge(order, RESULT, abi.encodePacked(r, s, v));
        (uint256 ready,) = market.balanceOf(_provider(order, 0));
        assertEq(ready, SHARE, "mature");
    }

    function test_only_a_settled_job_is_acknowledged() external {
        Order memory order = _drawn(2);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.WrongPhase.selector, _id(order), Phase.Drawn));
        vm.prank(requester);
        market.acknowledge(order, RESULT, "");
    }

    function test_an_acknowledgement_in_the_bucket_after_the_settlement_moves_what_is_pending() external {
        Order memory order = _settled(2);
        address provider = _provider(order, 0);
        _pass(DELIVERY);
        vm.prank(requester);
        market.acknowledge(order, RESULT, "");
        (uint256 ready, uint256 pending) = market.balanceOf(provider);
        assertEq(ready, SHARE, "ready");
        assertEq(pending, 0, "pending");
        _pass(5 * DELIVERY);
        (ready, pending) = market.balanceOf(provider);
        assertEq(ready, SHARE, "no more later");
    }

    function test_the_balance_that_is_shown_is_what_a_withdrawal_pays() external {
        Order memory order = _settled(5);
        address provider = _provider(order, 0);
        _pass(DELIVERY);
        _settled(5);
        _pass(DELIVERY);
        (uint256 ready, uint256 pending) = market.balanceOf(provider);
        assertEq(ready, SHARE, "the first has matured");
        assertEq(pending, SHARE, "the second has not");
        vm.prank(provider);
        market.withdraw();
        assertEq(token.balanceOf(provider), SHARE, "paid");
        (ready, pending) = market.balanceOf(provider);
        assertEq(ready, 0, "nothing is left of it");
        assertEq(pending, SHARE, "the second waits");
    }

    function test_settling_many_passes_over_what_is_no_longer_drawn() external {
        IMarketTypes.Settlement[] memory batch = new IMarketTypes.Settlement[](4);
        for (uint256 i; i < 3; ++i) batch[i] = _settlement(_drawn(2), RESULT);
        batch[3] = batch[0];
        market.settle(batch[1]);
        market.settleMany(batch);
        for (uint256 i; i < 3; ++i) _assertPhase(batch[i].order, Phase.Settled);
    }

    function test_a_job_settles_once() external {
        Order memory order = _drawn(2);
        IMarketTypes.Settlement memory settlement = _settlement(order, RESULT);
        market.settle(settlement);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.WrongPhase.selector, _id(order), Phase.Settled));
        market.settle(settlement);
    }

    function test_a_settlement_needs_the_claim_of_every_active_seat() external {
        Order memory order = _drawn(3);
        IMarketTypes.Settlement memory settlement = _settlement(order, RESULT);
        IMarketTypes.Reveal[] memory two = new IMarketTypes.Reveal[](2);
        (two[0], two[1]) = (settlement.reveals[0], settlement.reveals[1]);
        IMarketTypes.Settlement memory less = IMarketTypes.Settlement(order, RESULT, two);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.WrongRevealCount.selector, 2, 3));
        market.settle(less);
        less.reveals = new IMarketTypes.Reveal[](4);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.WrongRevealCount.selector, 4, 3));
        market.settle(less);
    }

    function test_a_zero_output_settles_nothing() external {
        Order memory order = _drawn(2);
        IMarketTypes.Settlement memory settlement = _settlement(order, 0);
        vm.expectRevert(IMarketTypes.ZeroOutput.selector);
        market.settle(settlement);
    }

    function test_a_claim_signed_by_another_is_refused() external {
        Order memory order = _drawn(2);
        IMarketTypes.Settlement memory settlement = _settlement(order, RESULT);
        settlement.reveals[1].signature = settlement.reveals[0].signature;
        bytes memory reason = abi.encodeWithSelector(IMarketTypes.BadClaimSignature.selector, 1, _provider(order, 1));
        vm.expectRevert(reason);
        market.settle(settlement);
    }

    function test_a_claim_against_another_set_is_refused() external {
        Order memory order = _drawn(2);
        IMarketTypes.Settlement memory settlement = _settlement(order, RESULT);
        settlement.reveals[0].salt = "another salt";
        bytes memory reason = abi.encodeWithSelector(IMarketTypes.BadClaimSignature.selector, 0, _provider(order, 0));
        vm.expectRevert(reason);
        market.settle(settlement);
    }

    function test_claims_of_one_job_do_not_settle_another() external {
        Order memory order = _drawn(2);
        IMarketTypes.Settlement memory settlement = _settlement(order, RESULT);
        settlement.order = _drawn(2);
        vm.expectPartialRevert(IMarketTypes.BadClaimSignature.selector);
        market.settle(settlement);
    }

    function test_a_job_is_payable_until_a_whole_challenge_window_remains() external {
        Order memory order = _drawn(2);
        Order memory late = _drawn(2);
        uint256 until = _lockedUntil(order) - CHALLENGE;
        _goTo(until);
        market.settle(_settlement(order, RESULT));
        _goTo(until + 1);
        IMarketTypes.Settlement memory settlement = _settlement(late, RESULT);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.TooLate.selector, _id(late), until));
        market.settle(settlement);
    }

    function test_state_tells_the_job_at_once() external {
        Order memory order = _drawn(3);
        _commit(order, 1, RESULT);
        (
            ,
            bytes32 seed,
            bytes32 inputRoot,
            uint256[] memory seats,
            address[] memory seated,
            bytes32[] memory commitments,
        ) = market.stateOf(order);
        assertEq(inputRoot, order.inputRoot, "input");
        assertEq(seed, market.seedOf(_id(order)), "seed");
        assertEq(seats.length, 3, "seats");
        assertEq(seated[2], _provider(order, 2), "provider");
        assertEq(commitments[1], _commitment(order, seated[1], RESULT), "commitment");
        assertEq(commitments[0], bytes32(0), "none");
    }

    function test_coins_are_refused() external {
        (bool sent,) = address(market).call{value: 1}("");
        assertFalse(sent, "coins taken");
        (sent,) = address(market).call(hex"12345678");
        assertFalse(sent, "unknown function answered");
    }
}
