// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {Audit, AuditLib, AuditState} from "../../../contracts/types/Audit.sol";
import {Demand, DemandState} from "../../../contracts/types/Demand.sol";
import {Phase} from "../../../contracts/types/Job.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {AuditWorld} from "./AuditWorld.sol";

/// What an auditor does, and what happens where it does nothing.
contract AuditingTest is AuditWorld {
    // --- vouching --------------------------------------------------------------------------------------------

    function test_an_auditor_that_vouches_is_paid_as_a_replica_is() external {
        (Order memory order,) = _seated();
        address auditor = _auditor(order);
        bytes32 good = _seal(order, auditor);
        _pass(7);
        vm.expectEmit(address(market));
        emit IMarketTypes.Vouched(_id(order), auditor, good, SHARE);
        vm.prank(auditor);
        market.vouch(order, good);
        (Audit memory audit, bytes32 kept) = market.auditOf(_id(order));
        assertEq(uint256(audit.state), uint256(AuditState.Vouched), "vouched");
        assertEq(audit.since, clock, "when");
        assertEq(kept, good, "what it sealed");
        assertEq(_ready(auditor), 0, "not yet");
        assertEq(_pendingOf(auditor), SHARE, "it matures");
        _pass(2 * uint256(DELIVERY));
        assertEq(_ready(auditor), SHARE, "and is its own");
        assertEq(_ready(requester), 0, "nothing returns");
    }

    function test_only_the_auditor_vouches() external {
        (Order memory order,) = _seated();
        address auditor = _auditor(order);
        bytes memory call_ = abi.encodeCall(market.vouch, (order, RESULT));
        bytes memory reason = abi.encodeWithSelector(IMarketTypes.NotTheAuditor.selector, passerBy, auditor);
        _refuses(passerBy, call_, reason);
        address payee = _payee(order);
        _refuses(payee, call_, abi.encodeWithSelector(IMarketTypes.NotTheAuditor.selector, payee, auditor));
    }

    function test_nobody_vouches_without_a_seal() external {
        (Order memory order,) = _seated();
        bytes memory reason = abi.encodeWithSelector(IMarketTypes.ZeroOutput.selector);
        _refuses(_auditor(order), abi.encodeCall(market.vouch, (order, 0)), reason);
    }

    function test_nobody_vouches_before_the_draw_nor_twice() external {
        (Order memory order,) = _due(ALWAYS);
        _refuses(passerBy, abi.encodeCall(market.vouch, (order, RESULT)), _noAudit(order, AuditState.Due));
        (order,) = _vouched();
        bytes memory call_ = abi.encodeCall(market.vouch, (order, RESULT));
        _refuses(_auditor(order), call_, _noAudit(order, AuditState.Vouched));
        bytes memory advance_ = abi.encodeCall(market.advanceAudit, (order));
        _refuses(passerBy, advance_, _noAudit(order, AuditState.Vouched));
    }

    function test_nobody_vouches_for_a_job_that_ended() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _seated();
        bytes32 result = _result();
        _prepay(requester);
        vm.prank(requester);
        market.demandOutput(order, result, reveals);
        _pass(ANSWER + 1);
        market.closeDemand(order);
        bytes memory reason = abi.encodeWithSelector(IMarketTypes.WrongPhase.selector, _id(order), Phase.Refunded);
        _refuses(_auditor(order), abi.encodeCall(market.vouch, (order, RESULT)), reason);
        market.advanceAudit(order);
        _assertAudit(order, AuditState.Over);
    }

    function test_nobody_vouches_for_what_has_been_refuted() external {
        (Order memory order,) = _seated();
        _punishCommits(order, _paidSeat(order));
        bytes memory reason = abi.encodeWithSelector(IMarketTypes.ResultRefuted.selector, _id(order));
        _refuses(_auditor(order), abi.encodeCall(market.vouch, (order, RESULT)), reason);
        vm.expectEmit(address(market));
        emit IMarketTypes.AuditEnded(_id(order), IMarketTypes.AuditEnd.Answered, SHARE);
        market.advanceAudit(order);
        assertEq(_ready(requester), SHARE, "the share returns");
        assertEq(token.balanceOf(BURNED), 10 * CEILING, "the equivocator's, not the auditor's");
    }

    /// While nobody has taken its place.
    function test_a_late_vouch_counts_until_the_result_can_no_longer_be_disputed() external {
        (Order memory order,) = _seated();
        (Order memory other,) = _seated();
        uint256 until = _lockedUntil(order);
        _goTo(until - 1);
        _vouch(order);
        _assertAudit(order, AuditState.Vouched);
        _goTo(until);
        _refuses(_auditor(other), abi.encodeCall(market.vouch, (other, RESULT)), _tooLate(other, _lockedUntil(other)));
    }

    // --- silence ---------------------------------------------------------------------------------------------

    function test_a_silent_auditor_loses_a_slice_and_is_replaced() external {
        (Order memory order,) = _seated();
        address silent = _auditor(order);
        uint256 first = _audit(order).auditors;
        uint256 until = clock + COMMIT;
        bytes memory call_ = abi.encodeCall(market.advanceAudit, (order));
        _goTo(until);
        _refuses(passerBy, call_, _tooEarly(order, until + 1));
        _goTo(until + 1);
        vm.expectEmit(address(market));
        emit IMarketTypes.AuditorFailed(_id(order), silent, IMarketTypes.Failure.NoShow);
        market.advanceAudit(order);
        assertEq(token.balanceOf(BURNED), 2 * CEILING, "burned");
        assertEq(vault.freeStake(silent), BOND - 2 * CEILING, "the rest is its own");
        _assertAudit(order, AuditState.Drawn);
        assertEq(_audit(order).auditors, first >> 24, "the next that the seed named");
        assertEq(_audit(order).since, clock, "with a window of its own");
        assertEq(_inUse(_auditor(order)), 1, "and a bond");
        _vouch(order);
        assertEq(_pendingOf(_auditor(order)), SHARE, "paid once");
        assertEq(_pendingOf(silent), 0, "not the silent one");
    }

    function test_three_silent_auditors_end_an_audit() external {
        (Order memory order,) = _seated();
        for (uint256 i; i < 2; ++i) {
            _pass(uint256(COMMIT) + 1);
            market.advanceAudit(order);
        }
        _pass(uint256(COMMIT) + 1);
        vm.expectEmit(address(market));
        emit IMarketTypes.AuditEnded(_id(order), IMarketTypes.AuditEnd.NobodyFree, SHARE);
        market.advanceAudit(order);
        _assertAudit(order, AuditState.Over);
        assertEq(token.balanceOf(BURNED), 6 * CEILING, "three slices");
        assertEq(_ready(requester), SHARE, "returned");
        for (uint256 i; i < providers.length; ++i) {
            assertEq(_inUse(providers[i]), providers[i] == _payee(order) ? 1 : 0, "no bond is stuck");
        }
    }

    function test_silence_that_is_found_late_ends_the_audit() external {
        (Order memory order,) = _seated();
        address silent = _auditor(order);
        _goTo(_lockedUntil(order) - 2 * uint256(COMMIT) - ANSWER);
        vm.expectEmit(address(market));
        emit IMarketTypes.AuditEnded(_id(order), IMarketTypes.AuditEnd.TooLate, SHARE);
        market.advanceAudit(order);
        assertEq(vault.freeStake(silent), BOND - 2 * CEILING, "slashed all the same");
        assertEq(_ready(requester), SHARE, "returned");
    }

    function test_silence_beyond_the_auditors_own_lock_costs_nothing_more() external {
        (Order memory order,) = _seated();
        _goTo(_auditorLockedUntil(order));
        market.advanceAudit(order);
        _assertAudit(order, AuditState.Over);
        assertEq(token.balanceOf(BURNED), 0, "its bond may back another job");
        assertEq(_ready(requester), SHARE, "returned");
    }

    function test_silence_to_the_last_second_of_the_auditors_lock_costs_its_slice() external {
        (Order memory order,) = _seated();
        _goTo(_auditorLockedUntil(order) - 1);
        market.advanceAudit(order);
        assertEq(token.balanceOf(BURNED), 2 * CEILING, "burned");
    }

    // --- the input -------------------------------------------------------------------------------------------

    function test_an_auditor_demands_the_input_and_begins_anew() external {
        (Order memory order,) = _seated();
        address auditor = _auditor(order);
        _pass(COMMIT);
        _prepay(auditor);
        bytes32 root = _result();
        vm.expectEmit(address(market));
        emit IMarketTypes.Demanded(_id(order), false, auditor, 7, root, DEPOSIT, clock + ANSWER);
        vm.prank(auditor);
        market.demandAuditInput(order);
        assertEq(token.balanceOf(auditor), 0, "prepaid");
        assertEq(market.demandOf(_id(order), false).seats, 0x80, "the auditor's");
        _pass(ANSWER);
        bytes memory pending = abi.encodeWithSelector(IMarketTypes.DemandPending.selector, _id(order), clock);
        _refuses(passerBy, abi.encodeCall(market.advanceAudit, (order)), pending);
        vm.prank(passerBy);
        market.answerAuditInput(order, PAYLOAD, SALT);
        assertEq(_ready(passerBy), FEE, "whoever answers is paid");
        assertEq(_ready(auditor), DEPOSIT - FEE, "the rest returns");
        assertEq(_audit(order).since, clock, "a whole window");
        _pass(COMMIT);
        _refuses(passerBy, abi.encodeCall(market.advanceAudit, (order)), _tooEarly(order, clock + 1));
        _vouch(order);
        _assertAudit(order, AuditState.Vouched);
    }

    function test_only_the_auditor_demands_and_in_its_window() external {
        (Order memory order,) = _seated();
        address auditor = _auditor(order);
        bytes memory call_ = abi.encodeCall(market.demandAuditInput, (order));
        bytes memory reason = abi.encodeWithSelector(IMarketTypes.NotTheAuditor.selector, passerBy, auditor);
        _refuses(passerBy, call_, reason);
        uint256 until = clock + COMMIT;
        _goTo(until + 1);
        _refuses(auditor, call_, _tooLate(order, until));
        (order,) = _due(ALWAYS);
        _refuses(auditor, abi.encodeCall(market.demandAuditInput, (order)), _noAudit(order, AuditState.Due));
    }

    function test_an_input_is_demanded_once_and_answered_once() external {
        (Order memory order,) = _seated();
        bytes memory answer = abi.encodeCall(market.answerAuditInput, (order, PAYLOAD, SALT));
        bytes memory nothing = abi.encodeWithSelector(IMarketTypes.NoDemand.selector, _id(order), false);
        _refuses(passerBy, answer, nothing);
        _demandAudit(order);
        bytes memory again = abi.encodeWithSelector(IMarketTypes.DemandExists.selector, _id(order), false);
        _refuses(_auditor(order), abi.encodeCall(market.demandAuditInput, (order)), again);
        market.answerAuditInput(order, PAYLOAD, SALT);
        _refuses(passerBy, answer, nothing);
        _refuses(_auditor(order), abi.encodeCall(market.demandAuditInput, (order)), again);
        _pass(uint256(COMMIT) + 1);
        market.advanceAudit(order);
        // The next auditor reads it on the chain.
        _refuses(_auditor(order), abi.encodeCall(market.demandAuditInput, (order)), again);
    }

    function test_only_the_input_answers_and_in_time() external {
        (Order memory order,) = _seated();
        _demandAudit(order);
        bytes32 garbage = payloads.root("garbage", SALT);
        bytes memory wrong = abi.encodeWithSelector(IMarketTypes.WrongAnswer.selector, garbage, _result());
        _refuses(passerBy, abi.encodeCall(market.answerAuditInput, (order, "garbage", SALT)), wrong);
        uint256 until = clock + ANSWER;
        _goTo(until + 1);
        _refuses(passerBy, abi.encodeCall(market.answerAuditInput, (order, PAYLOAD, SALT)), _tooLate(order, until));
    }

    function test_an_auditors_demand_is_not_closed_as_others_are() external {
        (Order memory order,) = _seated();
        _demandAudit(order);
        _pass(ANSWER + 1);
        bytes memory nothing = abi.encodeWithSelector(IMarketTypes.NoDemand.selector, _id(order), false);
        _refuses(passerBy, abi.encodeCall(market.closeDemand, (order)), nothing);
    }

    /// A seat's demand that the job went on without is nobody's any more.
    function test_a_demand_that_is_left_over_is_forgotten() external {
        Order memory order = _drawnAudited(ALWAYS);
        address provider = _provider(order, 0);
        _demandInput(order, 0);
        market.settle(_settlement(order, _result()));
        _toSeed(order);
        market.advanceAudit(order);
        _demandAudit(order);
        assertEq(_ready(provider), DEPOSIT, "the seat's deposit");
        Demand memory demand = market.demandOf(_id(order), false);
        assertEq(demand.demander, _auditor(order), "the auditor's now");
    }

    function test_an_input_that_a_seat_was_given_on_chain_is_not_demanded_again() external {
        Order memory order = _drawnAudited(ALWAYS);
        market.answerInput(order, PAYLOAD, SALT);
        market.settle(_settlement(order, _result()));
        _toSeed(order);
        market.advanceAudit(order);
        bytes memory again = abi.encodeWithSelector(IMarketTypes.DemandExists.selector, _id(order), false);
        _refuses(_auditor(order), abi.encodeCall(market.demandAuditInput, (order)), again);
    }

    function test_a_vouch_needs_the_answer_no_more() external {
        (Order memory order,) = _seated();
        _demandAudit(order);
        _vouch(order);
        assertEq(_ready(_auditor(order)), DEPOSIT, "its deposit");
        assertEq(uint256(market.demandOf(_id(order), false).state), uint256(DemandState.None), "over");
    }

    /// Whoever was paid had the input: a liar would rather withhold it than be found out.
    function test_an_input_withheld_from_an_auditor_costs_the_bond_of_who_was_paid() external {
        (Order memory order,) = _seated();
        address auditor = _auditor(order);
        address payee = _payee(order);
        _demandAudit(order);
        _pass(ANSWER + 1);
        vm.expectEmit(address(market));
        emit IMarketTypes.AuditEnded(_id(order), IMarketTypes.AuditEnd.InputWithheld, SHARE - SHARE / 8);
        vm.expectEmit(address(market));
        emit IMarketTypes.SeatFailed(_id(order), 0, IMarketTypes.Failure.InputWithheld);
        vm.prank(passerBy);
        market.advanceAudit(order);
        _assertAudit(order, AuditState.Over);
        assertEq(_ready(auditor), DEPOSIT + SHARE / 8, "a reservation, and its deposit");
        assertEq(_ready(requester), SHARE - SHARE / 8, "the rest of the share");
        assertEq(vault.freeStake(requester), CEILING, "the refund slice");
        assertEq(token.balanceOf(BURNED), BOND - CEILING, "all else");
        assertEq(vault.freeStake(payee), 0, "nothing left");
        assertEq(_pendingOf(payee), SHARE, "what it earned is its own");
        assertEq(_job(order).failed, 1, "failed");
        _assertPhase(order, Phase.Settled);
    }

    function test_all_replicas_answer_for_the_input() external {
        Order memory order = _drawn(3);
        market.settle(_settlement(order, RESULT));
        _request(order);
        _toSeed(order);
        market.advanceAudit(order);
        _demandAudit(order);
        _pass(ANSWER + 1);
        market.advanceAudit(order);
        assertEq(token.balanceOf(BURNED), 3 * (BOND - CEILING), "three bonds");
        assertEq(vault.freeStake(requester), 3 * CEILING, "refund slices");
    }

    function test_bonds_that_are_free_by_then_are_not_cut() external {
        (Order memory order,) = _seated();
        _demandAudit(order);
        _goTo(_lockedUntil(order));
        market.advanceAudit(order);
        _assertAudit(order, AuditState.Over);
        assertEq(token.balanceOf(BURNED), 0, "nobody poked in time");
        assertEq(_ready(_auditor(order)), DEPOSIT + SHARE / 8, "the auditor waited all the same");
    }

    // --- on request ------------------------------------------------------------------------------------------

    function test_a_requester_has_a_settled_job_audited_for_a_share() external {
        (Order memory order,) = _due(0);
        uint256 before = token.balanceOf(requester);
        vm.expectEmit(address(market));
        emit IMarketTypes.AuditDue(_id(order), height + 2, 1);
        _request(order);
        assertEq(before - token.balanceOf(requester), SHARE, "the share");
        _toSeed(order);
        market.advanceAudit(order);
        _vouch(order);
        assertEq(_pendingOf(_auditor(order)), SHARE, "the auditor's");
    }

    function test_only_the_requester_asks_for_an_audit() external {
        (Order memory order,) = _due(0);
        bytes memory call_ = abi.encodeCall(market.requestAudit, (order));
        bytes memory reason = abi.encodeWithSelector(IMarketTypes.NotTheRequester.selector, passerBy, requester);
        _refuses(passerBy, call_, reason);
        order = _drawnAudited(0);
        call_ = abi.encodeCall(market.requestAudit, (order));
        reason = abi.encodeWithSelector(IMarketTypes.WrongPhase.selector, _id(order), Phase.Drawn);
        _refuses(requester, call_, reason);
    }

    function _pendingAudit(Order memory order, AuditState state) private view returns (bytes memory) {
        return abi.encodeWithSelector(IMarketTypes.AuditPending.selector, _id(order), state);
    }

    function test_one_audit_at_a_time_and_again_after_one_without_a_report() external {
        (Order memory order,) = _due(ALWAYS);
        bytes memory call_ = abi.encodeCall(market.requestAudit, (order));
        _refuses(requester, call_, _pendingAudit(order, AuditState.Due));
        _toSeed(order);
        market.advanceAudit(order);
        _refuses(requester, call_, _pendingAudit(order, AuditState.Drawn));
        for (uint256 i; i < 3; ++i) {
            _pass(uint256(COMMIT) + 1);
            market.advanceAudit(order);
        }
        _assertAudit(order, AuditState.Over);
        _request(order);
        _toSeed(order);
        market.advanceAudit(order);
        _vouch(order);
        _refuses(requester, call_, _pendingAudit(order, AuditState.Vouched));
    }

    /// A second auditor would have to answer for what the first stated in a dispute.
    function test_an_auditor_that_vouched_is_the_jobs_last() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _seated();
        _vouchBlindly(order);
        _refute(order, reveals, requester);
        _assertAudit(order, AuditState.Over);
        bytes memory call_ = abi.encodeCall(market.requestAudit, (order));
        _refuses(requester, call_, _pendingAudit(order, AuditState.Over));
    }

    function test_what_is_refuted_or_too_old_is_not_audited() external {
        (Order memory order,) = _due(0);
        (Order memory other,) = _due(0);
        _punishCommits(order, _paidSeat(order));
        bytes memory refuted = abi.encodeWithSelector(IMarketTypes.ResultRefuted.selector, _id(order));
        _refuses(requester, abi.encodeCall(market.requestAudit, (order)), refuted);
        uint256 until = _lockedUntil(other);
        _goTo(until - 2 * uint256(COMMIT) - ANSWER);
        _refuses(requester, abi.encodeCall(market.requestAudit, (other)), _tooLate(other, until));
        _goTo(clock - 1);
        _request(other);
        _assertAudit(other, AuditState.Due);
    }

    function test_without_the_share_there_is_no_audit() external {
        (Order memory order,) = _due(0);
        vm.prank(requester);
        token.approve(address(market), 0);
        vm.prank(requester);
        (bool done,) = address(market).call(abi.encodeCall(market.requestAudit, (order)));
        assertFalse(done, "for nothing");
        _assertAudit(order, AuditState.None);
    }

    // --- the part --------------------------------------------------------------------------------------------

    function test_the_part_called_directly_knows_no_job() external {
        (Order memory order,) = _seated();
        (, bytes memory answer) = address(market).staticcall(abi.encodeWithSignature("audits()"));
        address part = abi.decode(answer, (address));
        (bool done,) = part.call(abi.encodeCall(market.advanceAudit, (order)));
        assertFalse(done, "advanced");
        vm.prank(_auditor(order));
        (done,) = part.call(abi.encodeCall(market.vouch, (order, RESULT)));
        assertFalse(done, "vouched");
        vm.prank(requester);
        (done,) = part.call(abi.encodeCall(market.requestAudit, (order)));
        assertFalse(done, "requested");
    }
}
