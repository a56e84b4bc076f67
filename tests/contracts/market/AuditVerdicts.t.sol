// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {AuditLib, AuditState} from "../../../contracts/types/Audit.sol";
import {Phase} from "../../../contracts/types/Job.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {AuditWorld} from "./AuditWorld.sol";

/// The bond of an auditor that vouched: its seal is shown to be made up, or the result to be wrong.
contract AuditVerdictsTest is AuditWorld {
    address private _winner = address(0xC0FFEE);
    uint256 private constant AUDITOR = 0x80;

    function _bonds(address who) private view returns (uint256 slots, uint256 held) {
        uint256 leaf = vault.leafOf(pool, who);
        return (vault.bondsOf(pool, leaf).slots, vault.bondsOf(pool, leaf).held);
    }

    function _assertHeld(address who, uint256 held) private view {
        (, uint256 found) = _bonds(who);
        assertEq(found, held, "held");
    }

    function _assertSlots(address who, uint256 slots) private view {
        (uint256 found,) = _bonds(who);
        assertEq(found, slots, "slots");
    }

    // --- seals -----------------------------------------------------------------------------------------------

    function test_a_seal_that_was_made_up_forfeits_the_auditors_bond() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _seated();
        _vouchBlindly(order);
        address auditor = _auditor(order);
        vm.expectEmit(address(market));
        emit IMarketTypes.AuditorFailed(_id(order), auditor, IMarketTypes.Failure.NotComputed);
        _refute(order, reveals, passerBy);
        _assertAudit(order, AuditState.Over);
        assertEq(vault.freeStake(requester), CEILING, "the refund slice");
        assertEq(vault.freeStake(_payee(order)), CEILING, "the bounty is the paid seat's");
        assertEq(vault.freeStake(passerBy), 0, "not the caller's");
        assertEq(token.balanceOf(BURNED), 10 * CEILING, "the rest");
        _assertSlots(auditor, 3);
        assertEq(_inUse(auditor), 0, "nothing is stuck");
        assertEq(_inUse(_payee(order)), 1, "the result can still be disputed");
        _refuses(requester, _refutation(order, reveals, SALT), _noAudit(order, AuditState.Over));
    }

    function _refutation(Order memory order, IMarketTypes.Reveal[] memory reveals, bytes32 salt)
        private
        view
        returns (bytes memory)
    {
        return abi.encodeCall(market.refuteVouch, (order, _result(), reveals, _sealed(), salt));
    }

    function test_a_good_seal_stands() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _vouched();
        bytes memory good = abi.encodeWithSelector(IMarketTypes.GoodSeal.selector, _seal(order, _auditor(order)));
        _refuses(requester, _refutation(order, reveals, SALT), good);
    }

    /// Of another job, another auditor, or made of what the chain shows of the result.
    function test_a_seal_is_the_jobs_and_the_auditors_own(uint8 kind) external {
        (Order memory other,) = _due(0);
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _seated();
        address auditor = _auditor(order);
        bytes32 bad = AuditLib.seal(_id(order), auditor, _result(), SALT);
        if (kind % 3 == 1) bad = AuditLib.seal(_id(other), auditor, _sealed(), SALT);
        if (kind % 3 == 2) bad = AuditLib.seal(_id(order), _payee(order), _sealed(), SALT);
        vm.prank(auditor);
        market.vouch(order, bad);
        _refute(order, reveals, requester);
        _assertAudit(order, AuditState.Over);
    }

    function test_only_the_settled_output_refutes() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _seated();
        _vouchBlindly(order);
        bytes memory wrong = abi.encodeWithSelector(IMarketTypes.WrongOutput.selector, _id(order), _result());
        _refuses(requester, _refutation(order, reveals, "another salt"), wrong);
        _refuses(requester, _refutation(order, none, SALT), wrong);
        bytes memory call_ = abi.encodeCall(market.refuteVouch, (order, _result(), reveals, "another output", SALT));
        _refuses(requester, call_, wrong);
        call_ = abi.encodeCall(market.refuteVouch, (order, OTHER, reveals, _sealed(), SALT));
        _refuses(requester, call_, abi.encodeWithSelector(IMarketTypes.WrongOutput.selector, _id(order), OTHER));
        _refute(order, reveals, requester);
        _assertAudit(order, AuditState.Over);
    }

    function test_results_revealed_on_chain_refute_as_well() external {
        Order memory order = _drawnAudited(ALWAYS);
        _commitAll(order, _result());
        _reveal(order, 0, _result());
        market.advance(order);
        _toSeed(order);
        market.advanceAudit(order);
        _vouchBlindly(order);
        _refute(order, none, requester);
        assertEq(token.balanceOf(BURNED), 10 * CEILING, "burned");
    }

    function test_there_is_nothing_to_refute_without_a_vouch() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _due(ALWAYS);
        _refuses(requester, _refutation(order, reveals, SALT), _noAudit(order, AuditState.Due));
        _toSeed(order);
        market.advanceAudit(order);
        _refuses(requester, _refutation(order, reveals, SALT), _noAudit(order, AuditState.Drawn));
    }

    function test_a_seal_is_refuted_to_the_last_second_of_the_auditors_lock() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _seated();
        _vouchBlindly(order);
        uint256 until = _auditorLockedUntil(order);
        _goTo(until);
        bytes memory free = abi.encodeWithSelector(IMarketTypes.BondNoLongerLocked.selector, _id(order), until);
        _refuses(requester, _refutation(order, reveals, SALT), free);
        _goTo(until - 1);
        _refute(order, reveals, requester);
        assertEq(token.balanceOf(BURNED), 10 * CEILING, "burned");
    }

    // --- challenges ------------------------------------------------------------------------------------------

    function test_a_challenge_holds_the_bond_of_an_auditor_that_vouched() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _vouched();
        bytes32 result = _result();
        vm.expectEmit(address(market));
        emit IMarketTypes.Challenged(_id(order), AUDITOR | 1, result);
        (uint256[] memory seats, address[] memory accounts) = _challenge(order, reveals);
        assertEq(seats.length, 2, "two");
        assertTrue(seats[0] == 0 && seats[1] == 7, "the auditor last");
        assertEq(accounts[0], _payee(order), "who was paid");
        assertEq(accounts[1], _auditor(order), "who vouched");
        _assertHeld(_auditor(order), 1);
        assertTrue(_audit(order).held, "held");
        (, uint256 bits) = market.challengeOf(_id(order));
        assertEq(bits, AUDITOR | 1, "bits");
    }

    function test_a_wrong_result_costs_the_auditor_its_bond() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _vouched();
        _challenge(order, reveals);
        address[8] memory winners;
        (winners[0], winners[7]) = (_winner, passerBy);
        judge.speakFor(AUDITOR | 1, winners);
        vm.expectEmit(address(market));
        emit IMarketTypes.AuditorFailed(_id(order), _auditor(order), IMarketTypes.Failure.Guilty);
        market.conclude(order);
        assertEq(vault.freeStake(_winner), CEILING, "the seat's bounty");
        assertEq(vault.freeStake(passerBy), CEILING, "the auditor's");
        assertEq(vault.freeStake(requester), 2 * CEILING, "refund slices");
        assertEq(token.balanceOf(BURNED), 20 * CEILING, "the rest");
        _assertSlots(_auditor(order), 3);
        _assertHeld(_auditor(order), 0);
        _assertAudit(order, AuditState.Over);
        assertEq(_pendingOf(_auditor(order)), SHARE, "what it earned is its own: the bond covered it");
    }

    function test_an_auditor_that_loses_to_nobody_pays_no_bounty() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _vouched();
        _challenge(order, reveals);
        _conclude(order, AUDITOR, address(0));
        assertEq(vault.freeStake(requester), CEILING, "the refund slice");
        assertEq(token.balanceOf(BURNED), 11 * CEILING, "the rest");
        assertEq(_inUse(_payee(order)), 1, "the seat is not guilty");
    }

    function test_an_innocent_auditor_is_locked_again_and_no_longer_than_before() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _vouched();
        _challenge(order, reveals);
        _conclude(order, 0, _winner);
        assertFalse(_audit(order).held, "free");
        _assertAudit(order, AuditState.Vouched);
        address auditor = _auditor(order);
        _assertHeld(auditor, 0);
        _goTo(_auditorLockedUntil(order) - 1);
        assertEq(_inUse(auditor), 1, "locked to the last second");
        _goTo(clock + 1);
        assertEq(_inUse(auditor), 0, "and then free");
    }

    function test_a_challenge_without_a_verdict_frees_the_auditor() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _vouched();
        _challenge(order, reveals);
        _pass(uint256(CONTEST) + 1);
        market.conclude(order);
        assertEq(_inUse(_auditor(order)), 0, "its lock has ended meanwhile");
        assertEq(token.balanceOf(BURNED), 0, "nobody was guilty");
    }

    function test_an_auditor_that_has_not_vouched_is_not_held() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _seated();
        (uint256[] memory seats,) = _challenge(order, reveals);
        assertEq(seats.length, 1, "the seat alone");
        _conclude(order, AUDITOR, _winner);
        assertEq(token.balanceOf(BURNED), 0, "guilt of who is not held is ignored");
        _assertAudit(order, AuditState.Drawn);
    }

    /// It may be found out by a second challenge, as a seat may.
    function test_a_vouch_after_a_challenge_stands_in_the_next() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _seated();
        _challenge(order, reveals);
        _conclude(order, 0, address(0));
        _vouch(order);
        _challenge(order, reveals);
        _conclude(order, AUDITOR | 1, _winner);
        assertEq(vault.freeStake(_winner), 2 * CEILING, "both bounties");
        assertEq(token.balanceOf(BURNED), 20 * CEILING, "both bonds");
    }

    /// Its seat gives its own bond up, so that the result could not be disputed any more.
    function test_an_auditor_answers_alone_where_the_seat_has_lost_its_bond() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _vouched();
        _punishCommits(order, _paidSeat(order));
        (uint256[] memory seats, address[] memory accounts) = _challenge(order, reveals);
        assertEq(seats.length, 1, "one");
        assertEq(seats[0], 7, "the auditor");
        assertEq(accounts[0], _auditor(order), "itself");
        _conclude(order, AUDITOR, _winner);
        assertEq(vault.freeStake(_winner), CEILING, "the bounty");
        _assertSlots(_auditor(order), 3);
    }

    function test_without_any_bond_there_is_nothing_to_challenge() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _seated();
        _vouchBlindly(order);
        _refute(order, reveals, requester);
        _punishCommits(order, _paidSeat(order));
        bytes memory call_ = abi.encodeCall(market.challenge, (order, _result(), reveals));
        bytes memory free =
            abi.encodeWithSelector(IMarketTypes.BondNoLongerLocked.selector, _id(order), _lockedUntil(order));
        _refuses(address(judge), call_, free);
    }

    // --- auditors and pending challenges ---------------------------------------------------------------------

    function test_nobody_vouches_and_nobody_is_replaced_during_a_challenge() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _seated();
        _challenge(order, reveals);
        bytes memory pending = abi.encodeWithSelector(IMarketTypes.ChallengePending.selector, _id(order));
        _refuses(_auditor(order), abi.encodeCall(market.vouch, (order, RESULT)), pending);
        _pass(uint256(COMMIT) + 1);
        _refuses(passerBy, abi.encodeCall(market.advanceAudit, (order)), pending);
        _conclude(order, 0, address(0));
        assertEq(_audit(order).since, clock, "a whole window");
        _pass(COMMIT);
        _refuses(passerBy, abi.encodeCall(market.advanceAudit, (order)), _tooEarly(order, clock + 1));
        _vouch(order);
        assertEq(_pendingOf(_auditor(order)), SHARE, "paid");
    }

    function test_an_auditor_is_drawn_during_a_challenge() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _due(ALWAYS);
        _challenge(order, reveals);
        _toSeed(order);
        market.advanceAudit(order);
        _assertAudit(order, AuditState.Drawn);
        _demandAudit(order);
        market.answerAuditInput(order, PAYLOAD, SALT);
        assertEq(_ready(address(this)), FEE, "answered meanwhile");
    }

    function test_a_guilty_seat_ends_the_audit_without_a_report() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _seated();
        _challenge(order, reveals);
        _conclude(order, 1, _auditor(order));
        vm.expectEmit(address(market));
        emit IMarketTypes.AuditEnded(_id(order), IMarketTypes.AuditEnd.Answered, SHARE);
        market.advanceAudit(order);
        assertEq(vault.freeStake(_auditor(order)), CEILING, "the bounty of who found it out");
        assertEq(_ready(requester), SHARE, "and the share returns");
    }

    /// The challenge took the time in which it could have vouched.
    function test_an_auditor_that_could_not_vouch_is_not_slashed() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _due(ALWAYS);
        // Seated so late that its own lock outlasts the job's.
        _pass(2 * BUCKET);
        _toSeed(order);
        market.advanceAudit(order);
        _goTo(_lockedUntil(order) - COMMIT);
        _challenge(order, reveals);
        _conclude(order, 0, address(0));
        _pass(uint256(COMMIT) + 1);
        _refuses(_auditor(order), abi.encodeCall(market.vouch, (order, RESULT)), _tooLate(order, _lockedUntil(order)));
        assertLt(clock, _auditorLockedUntil(order));
        market.advanceAudit(order);
        assertEq(token.balanceOf(BURNED), 0, "not its fault");
        assertEq(_ready(requester), SHARE, "returned");
    }

    function test_an_auditor_with_a_window_after_the_challenge_is_slashed_for_silence() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _seated();
        _challenge(order, reveals);
        _goTo(_lockedUntil(order) - COMMIT - 2);
        _conclude(order, 0, address(0));
        _pass(uint256(COMMIT) + 1);
        market.advanceAudit(order);
        assertEq(token.balanceOf(BURNED), 2 * CEILING, "silent");
    }

    // --- withheld inputs and pending challenges --------------------------------------------------------------

    /// The bond is cut when the challenge is concluded, whatever the verdict and however late.
    function test_a_challenge_saves_no_bond_of_who_withholds_the_input(bool guilty, bool late) external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _seated();
        address payee = _payee(order);
        _challenge(order, reveals);
        _demandAudit(order);
        if (late) _goTo(_lockedUntil(order) + 1);
        else _pass(ANSWER + 1);
        vm.expectEmit(address(market));
        emit IMarketTypes.SeatFailed(_id(order), 0, IMarketTypes.Failure.InputWithheld);
        market.advanceAudit(order);
        _assertAudit(order, AuditState.Over);
        assertEq(_ready(_auditor(order)), DEPOSIT + SHARE / 8, "the auditor waited");
        assertEq(token.balanceOf(BURNED), 0, "not yet");
        _assertHeld(payee, 1);
        judge.speak(guilty ? 1 : 0, guilty ? _winner : address(0));
        market.conclude(order);
        _assertHeld(payee, 0);
        _assertSlots(payee, 3);
        assertEq(vault.freeStake(_winner), guilty ? CEILING : 0, "the bounty is the winner's");
        assertEq(vault.freeStake(requester), CEILING, "the refund slice");
        assertEq(token.balanceOf(BURNED), guilty ? 10 * CEILING : 11 * CEILING, "the rest");
    }

    function test_a_demand_that_may_still_be_answered_waits_during_a_challenge() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _seated();
        _challenge(order, reveals);
        _demandAudit(order);
        bytes memory pending =
            abi.encodeWithSelector(IMarketTypes.DemandPending.selector, _id(order), clock + ANSWER);
        _refuses(passerBy, abi.encodeCall(market.advanceAudit, (order)), pending);
        market.answerAuditInput(order, PAYLOAD, SALT);
        _conclude(order, 0, address(0));
        _vouch(order);
    }

    // --- refuted seals and pending challenges ----------------------------------------------------------------

    /// Else a liar would refute its friend's seal to keep the bounty of who found both out.
    function test_a_seal_refuted_during_a_challenge_pays_the_winner() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _seated();
        address payee = _payee(order);
        _vouchBlindly(order);
        _challenge(order, reveals);
        vm.expectEmit(address(market));
        emit IMarketTypes.AuditorFailed(_id(order), _auditor(order), IMarketTypes.Failure.NotComputed);
        _refute(order, reveals, payee);
        _assertHeld(_auditor(order), 1);
        assertEq(vault.freeStake(payee), 0, "not yet");
        _refuses(requester, _refutation(order, reveals, SALT), _noAudit(order, AuditState.Over));
        _conclude(order, AUDITOR | 1, _winner);
        assertEq(vault.freeStake(_winner), 2 * CEILING, "both bounties");
        assertEq(vault.freeStake(payee), 0, "not the liar's");
        assertEq(token.balanceOf(BURNED), 20 * CEILING, "burned");
        _assertHeld(_auditor(order), 0);
    }

    function test_a_seal_refuted_during_a_challenge_is_guilt_without_a_verdict(bool late) external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _seated();
        _vouchBlindly(order);
        _challenge(order, reveals);
        if (late) _goTo(_auditorLockedUntil(order) + 1);
        _refute(order, reveals, requester);
        address[] memory nobody = new address[](8);
        judge.speak(0, address(0));
        vm.expectEmit(address(market));
        emit IMarketTypes.Concluded(_id(order), AUDITOR, nobody);
        market.conclude(order);
        _assertSlots(_auditor(order), 3);
        _assertHeld(_auditor(order), 0);
        assertEq(_inUse(_auditor(order)), 0, "nothing is stuck");
        assertEq(token.balanceOf(BURNED), 11 * CEILING, "burned");
        assertEq(_inUse(_payee(order)), late ? 0 : 1, "the seat is not guilty");
    }

    /// The bond of a job whose output was withheld meanwhile.
    function test_a_job_refunded_meanwhile_frees_or_cuts_the_auditor_as_ever(bool guilty) external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _vouched();
        bytes32 result = _result();
        _challenge(order, reveals);
        _prepay(requester);
        vm.prank(requester);
        market.demandOutput(order, result, reveals);
        _pass(ANSWER + 1);
        market.closeDemand(order);
        _assertPhase(order, Phase.Refunded);
        _conclude(order, guilty ? AUDITOR : 0, _winner);
        _assertHeld(_auditor(order), 0);
        _assertSlots(_auditor(order), guilty ? 3 : 4);
    }
}
