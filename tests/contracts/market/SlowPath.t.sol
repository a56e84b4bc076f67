// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Actors} from "../lib/Actors.sol";
import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {Signature} from "../../../contracts/types/Claim.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Job, Phase, SeatsLib} from "../../../contracts/types/Job.sol";

/// Commit, reveal and advance on chain: what silence costs, and whom it must not cost anything.
contract SlowPathTest is Actors {
    function setUp() public override {
        super.setUp();
        _join(12, 2);
    }

    function _freeOf(Order memory order, uint256 seat) private view returns (uint256) {
        return vault.freeStake(_provider(order, seat));
    }

    // --- commit ----------------------------------------------------------------------------------------------

    function test_a_provider_commits_without_a_signature_and_anyone_with_it() external {
        Order memory order = _drawn(3);
        _commit(order, 0, RESULT);
        IMarketTypes.SignedCommit memory bare =
            IMarketTypes.SignedCommit(_commitment(order, _provider(order, 1), RESULT), Signature(0, 0));
        vm.expectRevert(
            abi.encodeWithSelector(IMarketTypes.BadCommitSignature.selector, 1, _provider(order, 1))
        );
        market.commit(order, 1, bare);
        vm.prank(_provider(order, 1));
        market.commit(order, 1, bare);
        assertEq(market.commitmentOf(market.drawOf(_id(order)), 1), bare.commitment, "posted");
    }

    function test_another_providers_commit_is_worth_nothing_in_ones_own_seat() external {
        Order memory order = _drawn(3);
        IMarketTypes.SignedCommit memory signed = _signCommit(order, _provider(order, 0), RESULT);
        vm.expectRevert(
            abi.encodeWithSelector(IMarketTypes.BadCommitSignature.selector, 1, _provider(order, 1))
        );
        market.commit(order, 1, signed);
        // Its provider may post the copy, but can never reveal it.
        vm.prank(_provider(order, 1));
        market.commit(order, 1, signed);
        _commit(order, 0, RESULT);
        _commit(order, 2, RESULT);
        vm.expectRevert(
            abi.encodeWithSelector(IMarketTypes.CommitmentMismatch.selector, _id(order), 1, signed.commitment)
        );
        _reveal(order, 1, RESULT);
    }

    function test_a_seat_commits_once() external {
        Order memory order = _drawn(3);
        _commit(order, 0, RESULT);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.CommitExists.selector, _id(order), 0));
        this.commitNow(order, 0, OTHER);
    }

    function test_only_active_seats_commit() external {
        Order memory order = _drawn(3);
        IMarketTypes.SignedCommit memory signed = _signCommit(order, _provider(order, 3), RESULT);
        uint256[4] memory strangers = [uint256(3), 7, 300, type(uint256).max];
        for (uint256 i; i < 4; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IMarketTypes.NotASeat.selector, _id(order), strangers[i]));
            market.commit(order, strangers[i], signed);
        }
    }

    function test_a_zero_commitment_is_none() external {
        Order memory order = _drawn(2);
        address provider = _provider(order, 0);
        vm.expectRevert(IMarketTypes.ZeroOutput.selector);
        vm.prank(provider);
        market.commit(order, 0, IMarketTypes.SignedCommit(0, Signature(0, 0)));
    }

    function test_a_commit_must_leave_time_to_reveal_and_be_paid() external {
        Order memory order = _drawn(2);
        uint256 until = _lockedUntil(order) - CHALLENGE - REVEAL;
        _goTo(until);
        _commit(order, 0, RESULT);
        _goTo(until + 1);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.TooLate.selector, _id(order), until));
        this.commitNow(order, 1, RESULT);
    }

    // --- reveal ----------------------------------------------------------------------------------------------

    function test_nobody_reveals_before_the_set_is_complete() external {
        Order memory order = _drawn(3);
        _commit(order, 0, RESULT);
        _commit(order, 2, RESULT);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.CommitsIncomplete.selector, _id(order), 1));
        _reveal(order, 0, RESULT);
    }

    function test_a_reveal_must_open_the_commitment() external {
        Order memory order = _drawn(2);
        _commitAll(order, RESULT);
        bytes32 committed = _commitment(order, _provider(order, 0), RESULT);
        vm.expectRevert(
            abi.encodeWithSelector(IMarketTypes.CommitmentMismatch.selector, _id(order), 0, committed)
        );
        _reveal(order, 0, OTHER);
        vm.expectRevert(IMarketTypes.ZeroOutput.selector);
        _reveal(order, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.NotASeat.selector, _id(order), 2));
        _reveal(order, 2, RESULT);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.NotASeat.selector, _id(order), 1 << 200));
        _reveal(order, 1 << 200, RESULT);
        _reveal(order, 0, RESULT);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.AlreadyRevealed.selector, _id(order), 0));
        _reveal(order, 0, RESULT);
    }

    function test_the_last_second_of_the_reveal_window_counts() external {
        Order memory order = _drawn(2);
        _commitAll(order, RESULT);
        uint256 until = clock + REVEAL;
        _goTo(until);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.TooEarly.selector, _id(order), until + 1));
        market.advance(order);
        _reveal(order, 0, RESULT);
        _goTo(until + 1);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.TooLate.selector, _id(order), until));
        _reveal(order, 1, RESULT);
    }

    function test_agreeing_reveals_settle_at_once() external {
        Order memory order = _drawn(3);
        _commitAll(order, RESULT);
        for (uint256 seat; seat < 3; ++seat) _reveal(order, seat, RESULT);
        market.advance(order);
        _assertPhase(order, Phase.Settled);
        (, uint256 pending) = market.balanceOf(_provider(order, 2));
        assertEq(pending, SHARE, "earned");
    }

    function test_a_late_commit_gives_everyone_a_whole_reveal_window() external {
        Order memory order = _drawn(2);
        _commit(order, 0, RESULT);
        _pass(3 * COMMIT);
        _commit(order, 1, RESULT);
        _pass(REVEAL);
        _reveal(order, 0, RESULT);
        _reveal(order, 1, RESULT);
        market.advance(order);
        _assertPhase(order, Phase.Settled);
    }

    // --- silence ---------------------------------------------------------------------------------------------

    function test_a_no_show_is_slashed_and_replaced() external {
        Order memory order = _drawn(3);
        address silent = _provider(order, 1);
        address reserve = _provider(order, 3);
        _commit(order, 0, RESULT);
        _commit(order, 2, RESULT);
        _pass(COMMIT);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.TooEarly.selector, _id(order), clock + 1));
        market.advance(order);
        _pass(1);
        bytes32 firstDraw = market.drawOf(_id(order));
        market.advance(order);

        assertEq(token.balanceOf(BURNED), 2 * CEILING, "burned");
        assertEq(vault.freeStake(silent), BOND - 2 * CEILING, "the rest is the provider's");
        assertEq(_inUse(silent), 0, "unlocked");
        assertEq(_inUse(reserve), 1, "reserve locked");
        assertTrue(market.drawOf(_id(order)) != firstDraw, "a new draw");
        (uint256[] memory seats,) = market.activeSeats(order);
        assertEq(seats[1], 2, "seat 2 moves up");
        assertEq(seats[2], 3, "reserve");

        market.settle(_settlement(order, RESULT));
        (, uint256 pending) = market.balanceOf(reserve);
        assertEq(pending, SHARE, "reserve earned");
        (, pending) = market.balanceOf(silent);
        assertEq(pending, 0, "silence is not paid");
        Job memory job = _job(order);
        assertTrue(SeatsLib.isEmpty(job.seats, 1), "a settled job keeps the seats that it paid");
        assertTrue(SeatsLib.isEmpty(job.seats, 4), "no reserve");
    }

    function test_claims_of_an_earlier_round_settle_nothing() external {
        Order memory order = _drawn(2);
        IMarketTypes.Settlement memory old = _settlement(order, RESULT);
        _commit(order, 0, RESULT);
        _pass(COMMIT + 1);
        market.advance(order);
        vm.expectPartialRevert(IMarketTypes.BadClaimSignature.selector);
        market.settle(old);
    }

    function test_a_full_reserve_is_passed_over_unpunished() external {
        Order memory order = _drawn(2);
        address reserve = _provider(order, 2);
        uint256 leaf = vault.leafOf(pool, reserve);
        uint32 bucket = _job(order).lockBucket;
        for (uint256 i; i < 2; ++i) {
            vm.prank(address(market));
            vault.tryLock(pool, leaf, bucket);
        }
        _commit(order, 0, RESULT);
        _pass(COMMIT + 1);
        market.advance(order);
        (uint256[] memory seats,) = market.activeSeats(order);
        assertEq(seats[1], 3, "the other reserve");
        assertEq(vault.freeStake(reserve), 0, "unpunished");
        assertEq(vault.bondsOf(pool, leaf).slots, 2, "slots");
    }

    function test_without_a_replacement_the_requester_is_refunded() external {
        Order memory order = _drawn(5);
        for (uint256 seat = 1; seat < 3; ++seat) _commit(order, seat, RESULT);
        _pass(COMMIT + 1);
        market.advance(order);
        _assertPhase(order, Phase.Refunded);
        (uint256 ready,) = market.balanceOf(requester);
        assertEq(ready, 5 * SHARE, "refund");
        assertEq(token.balanceOf(BURNED), 3 * 2 * CEILING, "three no-shows");
    }

    function test_silence_is_slashed_also_where_all_are_silent() external {
        Order memory order = _drawn(3);
        _pass(COMMIT + 1);
        market.advance(order);
        _assertPhase(order, Phase.Refunded);
        assertEq(token.balanceOf(BURNED), 3 * 2 * CEILING, "who has no input can demand it");
        (uint256 ready,) = market.balanceOf(requester);
        assertEq(ready, 3 * SHARE, "refund");
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.WrongPhase.selector, _id(order), Phase.Refunded));
        market.advance(order);
    }

    function test_a_withheld_reveal_forfeits_the_bond_and_the_others_are_paid() external {
        Order memory order = _drawn(3);
        _commitAll(order, RESULT);
        _reveal(order, 0, RESULT);
        _reveal(order, 1, RESULT);
        _pass(REVEAL + 1);
        market.advance(order);
        _assertPhase(order, Phase.Settled);
        assertEq(_freeOf(order, 1), 0, "no free stake");
        assertEq(token.balanceOf(BURNED), 11 * CEILING, "burned");
        assertEq(vault.freeStake(requester), CEILING, "refund slice");
        (uint256 ready,) = market.balanceOf(requester);
        assertEq(ready, SHARE, "what seat 2 did not earn");
        (, uint256 pending) = market.balanceOf(_provider(order, 1));
        assertEq(pending, SHARE, "earned");
    }

    function test_one_result_alone_is_refunded() external {
        Order memory order = _drawn(2);
        _commitAll(order, RESULT);
        _reveal(order, 0, RESULT);
        _pass(REVEAL + 1);
        market.advance(order);
        _assertPhase(order, Phase.Refunded);
        (uint256 ready,) = market.balanceOf(requester);
        assertEq(ready, 2 * SHARE, "refund");
        assertEq(vault.freeStake(_provider(order, 0)), SHARE, "who spoke is paid out of the other's bond");
        assertEq(vault.freeStake(requester), CEILING, "refund slice");
        assertEq(token.balanceOf(BURNED), 11 * CEILING - SHARE, "withheld");
    }

    function test_differing_reveals_are_contested() external {
        Order memory order = _drawn(3);
        _commit(order, 0, OTHER);
        _commit(order, 1, RESULT);
        _commit(order, 2, RESULT);
        _reveal(order, 0, OTHER);
        _reveal(order, 1, RESULT);
        _pass(REVEAL + 1);
        market.advance(order);
        _assertPhase(order, Phase.Contested);
        assertEq(vault.bondsOf(pool, _leaf(order, 0)).held, 1, "held");
        assertTrue(SeatsLib.isEmpty(_job(order).seats, 2), "the withheld seat is out");
    }

    function test_a_job_that_nobody_moved_on_is_refunded_when_its_bonds_unlock() external {
        Order memory order = _drawn(2);
        _commitAll(order, RESULT);
        _reveal(order, 0, RESULT);
        _goTo(_lockedUntil(order));
        market.advance(order);
        _assertPhase(order, Phase.Refunded);
        assertEq(token.balanceOf(BURNED), 0, "bonds may back other jobs by now");
    }

    function test_reveals_are_paid_as_long_as_a_challenge_window_remains() external {
        Order memory order = _drawn(2);
        Order memory late = _drawn(2);
        _commitAll(order, RESULT);
        _commitAll(late, RESULT);
        for (uint256 seat; seat < 2; ++seat) {
            _reveal(order, seat, RESULT);
            _reveal(late, seat, RESULT);
        }
        _goTo(_lockedUntil(order) - CHALLENGE);
        market.advance(order);
        _assertPhase(order, Phase.Settled);
        _pass(1);
        market.advance(late);
        _assertPhase(late, Phase.Refunded);
    }

    function test_the_last_second_of_the_lock_still_slashes_a_no_show() external {
        Order memory order = _drawn(3);
        _commit(order, 0, RESULT);
        _commit(order, 1, RESULT);
        _goTo(_lockedUntil(order) - 1);
        market.advance(order);
        assertEq(token.balanceOf(BURNED), 2 * CEILING, "burned");
    }

    // --- commit and advance ----------------------------------------------------------------------------------

    function _known(Order memory order, uint256 a, uint256 b)
        private
        view
        returns (uint256[] memory seats, IMarketTypes.SignedCommit[] memory signed)
    {
        seats = new uint256[](2);
        signed = new IMarketTypes.SignedCommit[](2);
        (seats[0], seats[1]) = (a, b);
        for (uint256 i; i < 2; ++i) signed[i] = _signCommit(order, _provider(order, seats[i]), RESULT);
    }

    function test_those_who_committed_off_chain_are_spared() external {
        Order memory order = _drawn(3);
        _pass(COMMIT + 1);
        (uint256[] memory seats, IMarketTypes.SignedCommit[] memory signed) = _known(order, 0, 2);
        market.commitAndAdvance(order, seats, signed);
        assertEq(_job(order).failed, 2, "only seat 1 failed");
        assertEq(_job(order).round, 1, "next round");
    }

    function test_a_late_commit_cannot_make_the_commits_of_others_fail() external {
        Order memory order = _drawn(3);
        _pass(COMMIT + 1);
        (uint256[] memory seats, IMarketTypes.SignedCommit[] memory signed) = _known(order, 0, 2);
        _commit(order, 1, RESULT);
        market.commitAndAdvance(order, seats, signed);
        assertEq(_job(order).round, 0, "the set is complete: nobody is slashed, the reveals begin");
        assertTrue(market.commitmentOf(market.drawOf(_id(order)), 2) != 0, "posted");
        assertEq(token.balanceOf(BURNED), 0, "nothing burned");
    }

    function test_a_commit_posted_by_someone_else_does_not_spoil_the_rest() external {
        Order memory order = _drawn(3);
        _pass(COMMIT + 1);
        (uint256[] memory seats, IMarketTypes.SignedCommit[] memory signed) = _known(order, 0, 2);
        market.commit(order, 0, signed[0]);
        market.commitAndAdvance(order, seats, signed);
        assertEq(_job(order).failed, 2, "only seat 1 failed");
    }

    function test_commits_posted_twice_in_one_call_count_once() external {
        Order memory order = _drawn(3);
        _pass(COMMIT + 1);
        (uint256[] memory seats, IMarketTypes.SignedCommit[] memory signed) = _known(order, 0, 0);
        market.commitAndAdvance(order, seats, signed);
        assertEq(_job(order).failed, 6, "seats 1 and 2 failed");
    }

    function test_a_reveal_can_be_read() external {
        Order memory order = _drawn(2);
        _commitAll(order, RESULT);
        _reveal(order, 1, RESULT);
        assertEq(market.revealOf(market.drawOf(_id(order)), 1), RESULT, "revealed");
        assertEq(market.revealOf(market.drawOf(_id(order)), 0), bytes32(0), "not yet");
    }

    function test_lists_of_unequal_length_are_refused() external {
        Order memory order = _drawn(3);
        (uint256[] memory seats,) = _known(order, 0, 2);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.WrongRevealCount.selector, 0, 2));
        market.commitAndAdvance(order, seats, new IMarketTypes.SignedCommit[](0));
    }

    function test_parts_called_directly_find_no_jobs() external {
        Order memory order = _drawn(2);
        _commitAll(order, RESULT);
        _pass(REVEAL + 1);
        (bool done, bytes memory part) = address(market).call(abi.encodeWithSignature("deadlines()"));
        assertTrue(done, "deadlines()");
        (done,) = abi.decode(part, (address)).call(abi.encodeCall(market.advance, (order)));
        assertFalse(done, "advanced");
        market.advance(order);
    }
}
