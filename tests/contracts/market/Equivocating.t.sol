// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Actors} from "../lib/Actors.sol";
import {Judge} from "../lib/Doubles.sol";
import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {Claim, ClaimLib} from "../../../contracts/types/Claim.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Phase} from "../../../contracts/types/Job.sol";

/// Two statements by one provider about one draw, in every phase.
contract EquivocatingTest is Actors {
    Judge private _judge;
    address private _reporter = address(0xC0FFEE);

    function setUp() public override {
        super.setUp();
        _join(12, 2);
    }

    function _createResolver() internal override returns (address) {
        _judge = new Judge();
        return address(_judge);
    }

    /// As the reporter, the one statement made for any argument.
    function _report(Order memory order, uint256 seat, bool commits) private {
        vm.startPrank(_reporter);
        if (commits) _punishCommits(order, seat);
        else _punishClaims(order, seat);
        vm.stopPrank();
    }

    function _assertForfeited(uint256 burned, uint256 refunded) private view {
        assertEq(token.balanceOf(BURNED), burned, "burned");
        assertEq(vault.freeStake(_reporter), CEILING, "bounty");
        assertEq(vault.freeStake(requester), refunded, "refund slice");
    }

    function test_while_drawn_the_liar_is_replaced(bool commits) external {
        Order memory order = _drawn(3);
        _report(order, 1, commits);
        _assertForfeited(11 * CEILING, 0);
        _assertPhase(order, Phase.Drawn);
        assertEq(_job(order).round, 1, "a new round");
        market.settle(_settlement(order, RESULT));
    }

    function test_without_replacements_a_drawn_job_is_refunded() external {
        Order memory order = _drawn(3);
        uint256 rounds;
        while (_job(order).phase == Phase.Drawn) {
            (uint256[] memory seats,) = market.activeSeats(order);
            _punishCommits(order, seats[0]);
            ++rounds;
        }
        assertTrue(rounds <= 3, "one for each reserve, and the last");
        _assertPhase(order, Phase.Refunded);
        (uint256 ready,) = market.balanceOf(requester);
        assertEq(ready, 3 * SHARE, "refund");
    }

    function test_after_settlement_the_requester_gets_its_refund_slice(bool commits) external {
        Order memory order = _settled(3);
        _report(order, 2, commits);
        _assertForfeited(10 * CEILING, CEILING);
        _assertPhase(order, Phase.Settled);
        vm.prank(requester);
        market.acknowledge(order, RESULT, "");
        (uint256 ready, uint256 pending) = market.balanceOf(_provider(order, 2));
        assertEq(ready, 0, "not acknowledged for the liar");
        assertEq(pending, SHARE, "its payment matures by time; the bond covered it");
    }

    function test_after_an_acknowledged_payment_it_still_counts() external {
        Order memory order = _settled(3);
        vm.prank(requester);
        market.acknowledge(order, RESULT, "");
        _report(order, 0, true);
        _assertForfeited(10 * CEILING, CEILING);
    }

    function test_after_a_refund_it_still_counts(bool commits) external {
        Order memory order = _drawn(3);
        _demandInput(order, 1);
        _pass(ANSWER + 1);
        market.advance(order);
        _assertPhase(order, Phase.Refunded);
        _report(order, 0, commits);
        _assertForfeited(11 * CEILING, 0);
        _assertPhase(order, Phase.Refunded);
    }

    function test_in_a_contest_it_is_guilt_and_the_innocent_are_compensated(bool commits) external {
        Order memory order = _contested(3);
        _report(order, 0, commits);
        assertEq(token.balanceOf(BURNED), 0, "not yet");
        assertEq(_inUse(_provider(order, 0)), 1, "held until the verdict");
        _judge.speak(0, _reporter);
        market.conclude(order);
        assertEq(vault.freeStake(_provider(order, 1)), SHARE, "innocent 1");
        assertEq(vault.freeStake(_provider(order, 2)), SHARE, "innocent 2");
        assertEq(vault.freeStake(_provider(order, 0)), 0, "liar");
        assertEq(vault.freeStake(requester), CEILING, "refund slice");
        assertEq(vault.freeStake(_reporter), CEILING, "bounty");
        for (uint256 seat; seat < 3; ++seat) assertEq(_inUse(_provider(order, seat)), 0, "free");
    }

    function test_in_a_contest_without_verdict_it_is_still_guilt() external {
        Order memory order = _contested(3);
        _report(order, 0, true);
        _pass(CONTEST + 1);
        market.conclude(order);
        assertEq(vault.freeStake(_provider(order, 1)), SHARE, "innocent");
        assertEq(vault.bondsOf(pool, _leaf(order, 0)).slots, 1, "slashed");
        assertEq(vault.bondsOf(pool, _leaf(order, 1)).slots, 2, "not slashed");
    }

    function test_after_the_conclusion_the_bond_is_free() external {
        Order memory order = _contested(3);
        _judge.speak(0, address(0));
        market.conclude(order);
        vm.expectPartialRevert(IMarketTypes.BondNoLongerLocked.selector);
        this.punishCommitsNow(order, 0);
    }

    function test_a_seat_fails_once() external {
        Order memory order = _settled(3);
        _punishCommits(order, 0);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.SeatAlreadyFailed.selector, _id(order), 0));
        this.punishClaimsNow(order, 0);
        Order memory second = _contested(3);
        _punishCommits(second, 0);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.SeatAlreadyFailed.selector, _id(second), 0));
        this.punishClaimsNow(second, 0);
    }

    function test_the_bond_can_be_taken_until_the_last_second_of_its_lock() external {
        Order memory order = _settled(3);
        uint256 until = _lockedUntil(order);
        _goTo(until - 1);
        _punishCommits(order, 0);
        _goTo(until);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.BondNoLongerLocked.selector, _id(order), until));
        this.punishCommitsNow(order, 1);
    }

    function test_a_bond_held_by_a_contest_can_be_taken_after_the_lock() external {
        Order memory order = _contested(3);
        _goTo(_lockedUntil(order) + 1);
        _punishCommits(order, 1);
        _judge.speak(1, address(0));
        market.conclude(order);
        assertEq(vault.freeStake(_provider(order, 2)), SHARE, "compensated once");
        assertEq(vault.bondsOf(pool, _leaf(order, 0)).slots, 1, "guilty");
        assertEq(vault.bondsOf(pool, _leaf(order, 1)).slots, 1, "equivocated");
    }

    function test_evidence_of_an_earlier_round_counts_while_the_bond_is_locked() external {
        Order memory order = _drawn(3);
        address liar = _provider(order, 0);
        IMarketTypes.SignedCommit memory a = _signCommit(order, liar, RESULT);
        IMarketTypes.SignedCommit memory b = _signCommit(order, liar, OTHER);
        _punishCommits(order, 1);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.BadCommitSignature.selector, 0, liar));
        market.punishTwoCommits(order, 0, 1, a, b);
        market.punishTwoCommits(order, 0, 0, a, b);
        assertEq(_job(order).failed & 3, 3, "both failed");
    }

    function test_one_statement_is_no_equivocation() external {
        Order memory order = _drawn(3);
        IMarketTypes.SignedCommit memory a = _signCommit(order, _provider(order, 0), RESULT);
        vm.expectRevert(IMarketTypes.NotEquivocation.selector);
        market.punishTwoCommits(order, 0, 0, a, a);
        IMarketTypes.SignedClaim memory c = _signClaim(order, _provider(order, 0), RESULT, "set");
        vm.expectRevert(IMarketTypes.NotEquivocation.selector);
        market.punishTwoClaims(order, 0, 0, c, c);
    }

    function test_statements_of_different_rounds_are_no_equivocation() external {
        Order memory order = _drawn(3);
        address honest = _provider(order, 0);
        IMarketTypes.SignedCommit memory a = _signCommit(order, honest, RESULT);
        _punishCommits(order, 1);
        IMarketTypes.SignedCommit memory b = _signCommit(order, honest, RESULT);
        for (uint8 round; round < 3; ++round) {
            vm.expectRevert(abi.encodeWithSelector(IMarketTypes.BadCommitSignature.selector, 0, honest));
            market.punishTwoCommits(order, 0, round, a, b);
        }
    }

    function test_a_posted_commitment_needs_no_signature_to_count() external {
        Order memory order = _drawn(3);
        address liar = _provider(order, 0);
        IMarketTypes.SignedCommit memory posted;
        posted.commitment = "posted by the provider itself";
        vm.prank(liar);
        market.commit(order, 0, posted);
        market.punishTwoCommits(order, 0, 0, posted, _signCommit(order, liar, RESULT));
        assertEq(_job(order).failed, 1, "failed");
    }

    function test_claims_that_differ_in_one_field_are_two() external {
        Order memory order = _drawn(3);
        address liar = _provider(order, 0);
        IMarketTypes.SignedClaim memory a = _signClaim(order, liar, RESULT, "set");
        IMarketTypes.SignedClaim memory b = _signClaim(order, liar, RESULT, "another set");
        market.punishTwoClaims(order, 0, 0, a, b);
        assertEq(_job(order).failed, 1, "failed");
    }

    function test_claims_of_another_provider_are_no_evidence() external {
        Order memory order = _drawn(3);
        address other = _provider(order, 1);
        IMarketTypes.SignedClaim memory a = _signClaim(order, other, RESULT, "set");
        IMarketTypes.SignedClaim memory b = _signClaim(order, other, OTHER, "set");
        vm.expectRevert(
            abi.encodeWithSelector(IMarketTypes.BadClaimSignature.selector, 0, _provider(order, 0))
        );
        market.punishTwoClaims(order, 0, 0, a, b);
    }

    function test_a_reserve_that_took_no_part_is_not_accused() external {
        Order memory order = _drawn(2);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.NotASeat.selector, _id(order), 2));
        this.punishCommitsNow(order, 2);
    }

    function test_a_reserve_is_not_accused_after_a_refund_either() external {
        Order memory order = _drawn(2);
        address reserve = _provider(order, 2);
        IMarketTypes.SignedCommit memory a = _signCommit(order, reserve, RESULT);
        IMarketTypes.SignedCommit memory b = _signCommit(order, reserve, OTHER);
        uint256 leaf = _leaf(order, 2);
        uint32 bucket = _job(order).lockBucket;
        _commitAll(order, RESULT);
        _reveal(order, 0, RESULT);
        _pass(REVEAL + 1);
        market.advance(order);
        _assertPhase(order, Phase.Refunded);
        // The reserve's bond backs another job now; this one must not touch it.
        vm.prank(address(market));
        vault.tryLock(pool, leaf, bucket);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.NotASeat.selector, _id(order), 2));
        market.punishTwoCommits(order, 2, 0, a, b);
    }

    function test_a_reserve_is_not_accused_where_no_round_was_begun_for_it() external {
        Order memory order = _drawn(2);
        address reserve = _provider(order, 2);
        IMarketTypes.SignedCommit memory a = _signCommit(order, reserve, RESULT);
        IMarketTypes.SignedCommit memory b = _signCommit(order, reserve, OTHER);
        IMarketTypes.SignedCommit memory honest = _signCommit(order, _provider(order, 1), RESULT);
        market.commit(order, 1, honest);
        uint256 lockEnd = (uint256(_job(order).lockBucket) + 1) * vault.bucketSeconds();
        _pass(lockEnd - market.parameters().challengeWindow - clock);
        market.advance(order);
        _assertPhase(order, Phase.Refunded);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.NotASeat.selector, _id(order), 2));
        market.punishTwoCommits(order, 2, 0, a, b);
    }

    function test_a_reserve_is_not_accused_where_the_input_was_withheld() external {
        Order memory order = _drawn(2);
        address reserve = _provider(order, 2);
        IMarketTypes.SignedCommit memory a = _signCommit(order, reserve, RESULT);
        IMarketTypes.SignedCommit memory b = _signCommit(order, reserve, OTHER);
        IMarketTypes.SignedCommit memory c = _signCommit(order, _provider(order, 0), RESULT);
        IMarketTypes.SignedCommit memory d = _signCommit(order, _provider(order, 0), OTHER);
        _demandInput(order, 0);
        _pass(ANSWER + 1);
        market.advance(order);
        _assertPhase(order, Phase.Refunded);
        market.punishTwoCommits(order, 0, 0, c, d);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.NotASeat.selector, _id(order), 2));
        market.punishTwoCommits(order, 2, 0, a, b);
    }

    function test_seats_out_of_range_are_nobody() external {
        Order memory order = _drawn(2);
        IMarketTypes.SignedCommit memory a = _signCommit(order, _provider(order, 0), RESULT);
        IMarketTypes.SignedCommit memory b = _signCommit(order, _provider(order, 0), OTHER);
        uint256[4] memory seats = [uint256(7), 8, 256, type(uint256).max];
        for (uint256 i; i < 4; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IMarketTypes.NotASeat.selector, _id(order), seats[i]));
            market.punishTwoCommits(order, seats[i], 0, a, b);
        }
    }

    function test_a_job_not_yet_drawn_has_nobody_to_accuse() external {
        Order memory order = _open(2);
        IMarketTypes.SignedCommit memory a;
        IMarketTypes.SignedCommit memory b;
        b.commitment = "b";
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.NotASeat.selector, _id(order), 0));
        market.punishTwoCommits(order, 0, 0, a, b);
    }

    function test_a_job_that_nobody_opened_has_nobody_to_accuse() external {
        Order memory order = _order(2);
        IMarketTypes.SignedCommit memory a;
        IMarketTypes.SignedCommit memory b;
        b.commitment = "b";
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.NotASeat.selector, _id(order), 0));
        market.punishTwoCommits(order, 0, 0, a, b);
    }

    /// Where nobody has committed, zero stands on chain; it is no statement.
    function test_no_commitment_is_no_statement() external {
        Order memory order = _drawn(2);
        IMarketTypes.SignedCommit memory made = _signCommit(order, _provider(order, 0), RESULT);
        IMarketTypes.SignedCommit memory none;
        bytes memory reason =
            abi.encodeWithSelector(IMarketTypes.BadCommitSignature.selector, 0, _provider(order, 0));
        vm.expectRevert(reason);
        market.punishTwoCommits(order, 0, 0, none, made);
        vm.expectRevert(reason);
        market.punishTwoCommits(order, 0, 0, made, none);
    }

    function test_two_claims_that_differ_in_the_salt_alone_are_two_statements() external {
        Order memory order = _drawn(3);
        market.punishTwoClaims(order, 0, 0, _claim(order, "salt"), _claim(order, "pepper"));
        assertEq(token.balanceOf(BURNED), 11 * CEILING, "forfeited");
    }

    function _claim(Order memory order, bytes32 salt) private view returns (IMarketTypes.SignedClaim memory) {
        Claim memory claim =
            Claim(_id(order), market.drawOf(_id(order)), order.shard, order.inputRoot, RESULT, "set", salt);
        return IMarketTypes.SignedClaim(RESULT, "set", salt, _sign(_provider(order, 0), ClaimLib.structHash(claim)));
    }
}
