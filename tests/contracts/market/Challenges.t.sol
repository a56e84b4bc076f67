// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Actors} from "../lib/Actors.sol";
import {Judge} from "../lib/Doubles.sol";
import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {IStakeVault} from "../../../contracts/stake/IStakeVault.sol";
import {Bonds} from "../../../contracts/types/BondLedger.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Phase} from "../../../contracts/types/Job.sol";

/// Settled jobs disputed by a judge who says what the test tells it.
contract ChallengesTest is Actors {
    Judge private _judge;
    address private _winner = address(0xC0FFEE);
    IMarketTypes.Reveal[] private _none;

    function setUp() public override {
        super.setUp();
        _join(12, 2);
    }

    function _createResolver() internal override returns (address) {
        _judge = new Judge();
        return address(_judge);
    }

    // --- steps -----------------------------------------------------------------------------------------------

    function _settledOn(bytes32 output)
        private
        returns (Order memory order, IMarketTypes.Reveal[] memory reveals)
    {
        order = _drawn(3);
        IMarketTypes.Settlement memory settlement = _settlement(order, output);
        market.settle(settlement);
        reveals = settlement.reveals;
    }

    function _challenge(Order memory order, bytes32 output, IMarketTypes.Reveal[] memory reveals)
        private
        returns (uint256[] memory seats)
    {
        vm.prank(address(_judge));
        (seats,) = market.challenge(order, output, reveals);
    }

    function _challenged() private returns (Order memory order, IMarketTypes.Reveal[] memory reveals) {
        (order, reveals) = _settledOn(RESULT);
        _challenge(order, RESULT, reveals);
    }

    function _refuse(bytes memory reason, Order memory order, bytes32 output, IMarketTypes.Reveal[] memory reveals)
        private
    {
        vm.expectRevert(reason);
        vm.prank(address(_judge));
        market.challenge(order, output, reveals);
    }

    function _conclude(Order memory order, uint256 guilty, address winner) private {
        _judge.speak(guilty, winner);
        market.conclude(order);
    }

    /// With the purse for it.
    function _demandOutput(Order memory order, bytes32 output, IMarketTypes.Reveal[] memory reveals) private {
        _prepay(requester);
        vm.prank(requester);
        market.demandOutput(order, output, reveals);
    }

    function _report(Order memory order, uint256 seat) private {
        vm.startPrank(_winner);
        _punishCommits(order, seat);
        vm.stopPrank();
    }

    // --- what is seen ----------------------------------------------------------------------------------------

    function _bonds(Order memory order, uint256 seat) private view returns (Bonds memory) {
        return vault.bondsOf(pool, _leaf(order, seat));
    }

    function _assertPending(Order memory order, uint256 since, uint256 seats) private view {
        (uint256 began, uint256 bits) = market.challengeOf(_id(order));
        assertEq(began, since, "since");
        assertEq(bits, seats, "seats");
    }

    function _assertHeld(Order memory order, uint256 seats) private view {
        for (uint256 seat; seat < 3; ++seat) {
            assertEq(_bonds(order, seat).held, (seats >> seat) & 1, "held");
        }
    }

    /// These seats' bonds are in use until the end of the lock, and then no more.
    function _assertLocked(Order memory order, uint256 seats) private {
        _assertHeld(order, 0);
        _goTo(_lockedUntil(order) - 1);
        for (uint256 seat; seat < 3; ++seat) {
            assertEq(_inUse(_provider(order, seat)), (seats >> seat) & 1, "locked to the last second");
        }
        _goTo(clock + 1);
        for (uint256 seat; seat < 3; ++seat) assertEq(_inUse(_provider(order, seat)), 0, "and then free");
    }

    /// The same winner for each seat.
    function _all(address winner) private pure returns (address[] memory winners) {
        winners = new address[](8);
        for (uint256 i; i < 8; ++i) winners[i] = winner;
    }

    function _bits(uint256[] memory seats) private pure returns (uint256 bits) {
        for (uint256 i; i < seats.length; ++i) bits |= 1 << seats[i];
    }

    function _locked(Order memory order) private view returns (bytes memory) {
        return abi.encodeWithSelector(IMarketTypes.BondNoLongerLocked.selector, _id(order), _lockedUntil(order));
    }

    function _wrongPhase(Order memory order, Phase phase) private view returns (bytes memory) {
        return abi.encodeWithSelector(IMarketTypes.WrongPhase.selector, _id(order), phase);
    }

    // --- who, when, what -------------------------------------------------------------------------------------

    function test_a_challenge_holds_the_bonds_and_leaves_the_job_settled() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledOn(RESULT);
        _assertPending(order, 0, 0);
        _pass(30);
        vm.expectEmit(address(market));
        emit IMarketTypes.Challenged(_id(order), 7, RESULT);
        uint256[] memory seats = _challenge(order, RESULT, reveals);
        assertEq(seats.length, 3, "all of them");
        assertEq(_bits(seats), 7, "in order");
        _assertPending(order, clock, 7);
        _assertPhase(order, Phase.Settled);
        _assertHeld(order, 7);
        _goTo(_lockedUntil(order) + 1);
        for (uint256 seat; seat < 3; ++seat) assertEq(_inUse(_provider(order, seat)), 1, "held beyond the lock");
    }

    function test_only_the_resolver_challenges() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledOn(RESULT);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.NotTheResolver.selector, requester, address(_judge)));
        vm.prank(requester);
        market.challenge(order, RESULT, reveals);
    }

    function test_a_job_has_one_challenge_at_a_time() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _challenged();
        _refuse(abi.encodeWithSelector(IMarketTypes.ChallengePending.selector, _id(order)), order, RESULT, reveals);
    }

    function test_a_job_is_challenged_until_the_last_second_of_its_lock() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledOn(RESULT);
        _goTo(_lockedUntil(order));
        _refuse(_locked(order), order, RESULT, reveals);
        _goTo(clock - 1);
        _challenge(order, RESULT, reveals);
        _assertHeld(order, 7);
    }

    function test_the_output_must_be_the_settled_one() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledOn(RESULT);
        bytes memory reason = abi.encodeWithSelector(IMarketTypes.WrongOutput.selector, _id(order), OTHER);
        _refuse(reason, order, OTHER, reveals);
        _refuse(reason, order, OTHER, _none);
        _refuse(abi.encodeWithSelector(IMarketTypes.WrongOutput.selector, _id(order), RESULT), order, RESULT, _none);
        _refuse(abi.encodeWithSelector(IMarketTypes.WrongOutput.selector, _id(order), 0), order, 0, _none);
        IMarketTypes.Reveal[] memory two = new IMarketTypes.Reveal[](2);
        (two[0], two[1]) = (reveals[0], reveals[1]);
        _refuse(abi.encodeWithSelector(IMarketTypes.WrongOutput.selector, _id(order), RESULT), order, RESULT, two);
        (reveals[0], reveals[1]) = (reveals[1], reveals[0]);
        _refuse(abi.encodeWithSelector(IMarketTypes.WrongOutput.selector, _id(order), RESULT), order, RESULT, reveals);
    }

    /// One of three withholds its reveal: two results settled the job, and two bonds are left.
    function test_results_revealed_on_chain_show_themselves() external {
        Order memory order = _drawn(3);
        _commitAll(order, RESULT);
        _reveal(order, 0, RESULT);
        _reveal(order, 2, RESULT);
        _pass(REVEAL + 1);
        market.advance(order);
        _refuse(abi.encodeWithSelector(IMarketTypes.WrongOutput.selector, _id(order), OTHER), order, OTHER, _none);
        uint256[] memory seats = _challenge(order, RESULT, _none);
        assertEq(seats.length, 2, "two were paid");
        assertEq(_bits(seats), 5, "these");
        assertEq(token.balanceOf(BURNED), 11 * CEILING, "the third had withheld");
        _conclude(order, 4, address(0));
        assertEq(token.balanceOf(BURNED), 22 * CEILING, "guilty");
        assertEq(_inUse(_provider(order, 0)), 1, "locked again");
    }

    function test_no_job_is_challenged_that_is_not_settled() external {
        Order memory order = _order(3);
        _refuse(_wrongPhase(order, Phase.None), order, RESULT, _none);
        order = _open(3);
        _refuse(_wrongPhase(order, Phase.Open), order, RESULT, _none);
        _draw(order);
        IMarketTypes.Reveal[] memory reveals = _settlement(order, RESULT).reveals;
        _refuse(_wrongPhase(order, Phase.Drawn), order, RESULT, reveals);
        order = _contested(3);
        _refuse(_wrongPhase(order, Phase.Contested), order, RESULT, _none);
        _conclude(order, 0, address(0));
        _refuse(_wrongPhase(order, Phase.Concluded), order, RESULT, _none);
    }

    function test_without_a_bond_left_there_is_nothing_to_challenge() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledOn(RESULT);
        for (uint256 seat; seat < 3; ++seat) _report(order, seat);
        _refuse(_locked(order), order, RESULT, reveals);
    }

    function test_the_part_called_directly_knows_no_job() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledOn(RESULT);
        (, bytes memory answer) = address(market).staticcall(abi.encodeWithSignature("audits()"));
        vm.prank(address(_judge));
        (bool done,) = abi.decode(answer, (address)).call(abi.encodeCall(market.challenge, (order, RESULT, reveals)));
        assertFalse(done, "a part moved bonds");
    }

    // --- the verdict -----------------------------------------------------------------------------------------

    function test_one_guilty_seat_pays_the_requester_and_the_winner() external {
        (Order memory order,) = _challenged();
        _judge.speak(2, _winner);
        vm.expectEmit(address(market));
        emit IMarketTypes.Concluded(_id(order), 2, _all(_winner));
        market.conclude(order);
        assertEq(vault.freeStake(requester), CEILING, "refund slice");
        assertEq(vault.freeStake(_winner), CEILING, "bounty");
        assertEq(token.balanceOf(BURNED), BOND - 2 * CEILING, "all else is burned");
        for (uint256 seat; seat < 3; ++seat) {
            assertEq(_bonds(order, seat).slots, seat == 1 ? 1 : 2, "one slot gone");
            assertEq(vault.freeStake(_provider(order, seat)), 0, "who was paid needs no compensation");
        }
        assertEq(_job(order).failed, 2, "failed");
        _assertPhase(order, Phase.Settled);
        _assertPending(order, 0, 0);
        _assertLocked(order, 5);
    }

    function test_all_guilty_without_a_winner() external {
        (Order memory order,) = _challenged();
        _conclude(order, type(uint256).max, address(0));
        assertEq(token.balanceOf(BURNED), 3 * (BOND - CEILING), "burned");
        assertEq(vault.freeStake(requester), 3 * CEILING, "refund slices");
        _assertLocked(order, 0);
    }

    function test_the_innocent_are_locked_again_and_no_longer_than_before() external {
        (Order memory order,) = _challenged();
        _pass(BUCKET);
        _judge.speak(0, _winner);
        vm.expectEmit(address(vault));
        emit IStakeVault.BondRelocked(pool, _leaf(order, 0), _job(order).lockBucket);
        market.conclude(order);
        assertEq(token.balanceOf(BURNED), 0, "nobody slashed");
        assertEq(vault.freeStake(_winner), 0, "no bounty");
        _assertLocked(order, 7);
    }

    function test_a_bond_that_is_locked_again_backs_no_other_job() external {
        (Order memory order,) = _challenged();
        _conclude(order, 0, address(0));
        uint256 leaf = _leaf(order, 0);
        uint32 bucket = _job(order).lockBucket;
        vm.startPrank(address(market));
        assertTrue(vault.tryLock(pool, leaf, bucket), "the second slot");
        assertFalse(vault.tryLock(pool, leaf, bucket), "not the first");
        vm.stopPrank();
    }

    function test_a_bond_whose_lock_has_ended_meanwhile_is_free() external {
        (Order memory order,) = _challenged();
        _goTo(_lockedUntil(order));
        _conclude(order, 1, address(0));
        _assertHeld(order, 0);
        for (uint256 seat; seat < 3; ++seat) assertEq(_inUse(_provider(order, seat)), 0, "free");
        assertEq(_bonds(order, 0).slots, 1, "slashed beyond its lock");
    }

    function test_guilt_of_seats_that_are_not_held_is_ignored() external {
        (Order memory order,) = _challenged();
        _judge.speak(uint256(1) << 200 | 8, _winner);
        vm.expectEmit(address(market));
        emit IMarketTypes.Concluded(_id(order), 0, _all(_winner));
        market.conclude(order);
        assertEq(token.balanceOf(BURNED), 0, "nobody slashed");
    }

    function test_without_a_verdict_the_contest_window_counts_from_the_challenge() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledOn(RESULT);
        _goTo(_lockedUntil(order) - 1);
        _challenge(order, RESULT, reveals);
        _pass(CONTEST);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.VerdictPending.selector, _id(order)));
        market.conclude(order);
        _pass(1);
        market.conclude(order);
        assertEq(token.balanceOf(BURNED), 0, "nobody slashed");
        for (uint256 seat; seat < 3; ++seat) assertEq(_inUse(_provider(order, seat)), 0, "free");
    }

    function test_a_reverting_resolver_holds_the_bonds_for_the_contest_window_only() external {
        (Order memory order,) = _challenged();
        _judge.failFromNowOn();
        _pass(CONTEST);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.VerdictPending.selector, _id(order)));
        market.conclude(order);
        _pass(1);
        market.conclude(order);
        assertEq(token.balanceOf(BURNED), 0, "nobody slashed");
        _assertHeld(order, 0);
    }

    function test_a_challenge_is_concluded_once() external {
        Order memory order = _settled(3);
        vm.expectRevert(_wrongPhase(order, Phase.Settled));
        market.conclude(order);
        (order,) = _challenged();
        _conclude(order, 0, address(0));
        vm.expectRevert(_wrongPhase(order, Phase.Settled));
        market.conclude(order);
    }

    function test_a_second_challenge_holds_the_bonds_that_the_first_left() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _challenged();
        _conclude(order, 1, _winner);
        _pass(BUCKET);
        uint256[] memory seats = _challenge(order, RESULT, reveals);
        assertEq(_bits(seats), 6, "the others");
        _assertPending(order, clock, 6);
        _assertHeld(order, 6);
        _conclude(order, 7, _winner);
        assertEq(token.balanceOf(BURNED), 3 * (BOND - 2 * CEILING), "each bond once");
        assertEq(vault.freeStake(_winner), 3 * CEILING, "each bounty once");
    }

    // --- equivocation ----------------------------------------------------------------------------------------

    function test_who_equivocated_before_is_not_held() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledOn(RESULT);
        _report(order, 1);
        assertEq(_bits(_challenge(order, RESULT, reveals)), 5, "the others");
        _conclude(order, 7, address(0));
        assertEq(_bonds(order, 1).slots, 1, "slashed once");
        assertEq(token.balanceOf(BURNED), 10 * CEILING + 2 * 11 * CEILING, "burned");
    }

    /// As in a contest: else a liar would accuse itself, to keep the bounty from who found it out.
    function test_who_equivocates_meanwhile_is_guilty_whatever_the_verdict(bool commits) external {
        (Order memory order,) = _challenged();
        vm.prank(address(0xBAD));
        if (commits) _punishCommits(order, 1);
        else _punishClaims(order, 1);
        _assertHeld(order, 7);
        assertEq(token.balanceOf(BURNED), 0, "not yet");
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.SeatAlreadyFailed.selector, _id(order), 1));
        this.punishCommitsNow(order, 1);
        _judge.speak(1, _winner);
        vm.expectEmit(address(market));
        emit IMarketTypes.Concluded(_id(order), 3, _all(_winner));
        market.conclude(order);
        assertEq(vault.freeStake(_winner), 2 * CEILING, "both bounties are the winner's");
        assertEq(vault.freeStake(address(0xBAD)), 0, "not the reporter's");
        assertEq(token.balanceOf(BURNED), 2 * 10 * CEILING, "burned");
        _assertLocked(order, 4);
    }

    function test_equivocation_counts_beyond_the_lock_where_the_bond_is_held() external {
        (Order memory order,) = _challenged();
        _goTo(_lockedUntil(order) + 1);
        _report(order, 0);
        _pass(CONTEST);
        market.conclude(order);
        assertEq(_bonds(order, 0).slots, 1, "guilty without a verdict");
        assertEq(_bonds(order, 1).slots, 2, "innocent");
        vm.expectRevert(_locked(order));
        this.punishCommitsNow(order, 1);
    }

    function test_equivocation_counts_after_a_challenge_while_the_lock_lasts() external {
        (Order memory order,) = _challenged();
        _conclude(order, 0, address(0));
        _goTo(_lockedUntil(order) - 1);
        _report(order, 1);
        assertEq(token.balanceOf(BURNED), 10 * CEILING, "forfeited");
        assertEq(vault.freeStake(_winner), CEILING, "the reporter's bounty");
        _goTo(clock + 1);
        vm.expectRevert(_locked(order));
        this.punishCommitsNow(order, 2);
    }

    // --- the output ------------------------------------------------------------------------------------------

    /// The requester has its money back at once; what the seats lose for it, they lose with the conclusion.
    function test_an_output_that_is_withheld_meanwhile_frees_no_bond(bool late) external {
        bytes32 result = _result();
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledOn(result);
        _challenge(order, result, reveals);
        _demandOutput(order, result, reveals);
        if (late) _goTo(_lockedUntil(order) + 1);
        else _pass(ANSWER + 1);
        market.closeDemand(order);
        _assertPhase(order, Phase.Refunded);
        (uint256 ready,) = market.balanceOf(requester);
        assertEq(ready, 3 * SHARE + DEPOSIT, "the requester's money");
        _assertHeld(order, 7);
        assertEq(token.balanceOf(BURNED), 0, "not yet");
        _report(order, 2);

        _conclude(order, 1, _winner);
        _assertPhase(order, Phase.Refunded);
        _assertPending(order, 0, 0);
        assertEq(token.balanceOf(BURNED), 2 * 10 * CEILING + 2 * CEILING, "two guilty, one withheld");
        assertEq(vault.freeStake(_winner), 2 * CEILING, "bounties");
        assertEq(vault.freeStake(requester), 2 * CEILING, "refund slices");
        assertEq(vault.freeStake(_provider(order, 1)), 10 * CEILING, "the rest of its bond");
        for (uint256 seat; seat < 3; ++seat) {
            assertEq(_bonds(order, seat).slots, 1, "one slot gone");
            assertEq(_inUse(_provider(order, seat)), 0, "nothing is stuck");
        }
        vm.expectRevert(_wrongPhase(order, Phase.Refunded));
        market.conclude(order);
        _refuse(_wrongPhase(order, Phase.Refunded), order, result, reveals);
    }

    function test_an_output_that_is_withheld_after_a_challenge_costs_its_slice() external {
        bytes32 result = _result();
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledOn(result);
        _challenge(order, result, reveals);
        _demandOutput(order, result, reveals);
        _conclude(order, 1, address(0));
        _pass(ANSWER + 1);
        market.closeDemand(order);
        assertEq(token.balanceOf(BURNED), 11 * CEILING + 2 * 2 * CEILING, "guilty once, the others by a slice");
        _assertLocked(order, 0);
    }

    function test_an_output_is_answered_as_before() external {
        bytes32 result = _result();
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledOn(result);
        _challenge(order, result, reveals);
        _demandOutput(order, result, reveals);
        market.answerOutput(order, PAYLOAD, SALT);
        (uint256 ready,) = market.balanceOf(_provider(order, 0));
        assertEq(ready, SHARE, "paid");
        _assertHeld(order, 7);
    }

    function test_a_result_is_acknowledged_as_before() external {
        (Order memory order,) = _challenged();
        vm.prank(requester);
        market.acknowledge(order, RESULT, "");
        (uint256 ready,) = market.balanceOf(_provider(order, 1));
        assertEq(ready, SHARE, "withdrawable at once");
        _assertHeld(order, 7);
    }

    // --- money and stake meanwhile ---------------------------------------------------------------------------

    function test_earnings_mature_while_the_bonds_are_held() external {
        (Order memory order,) = _challenged();
        _pass(2 * DELIVERY);
        address provider = _provider(order, 0);
        vm.prank(provider);
        market.withdraw();
        assertEq(token.balanceOf(provider), SHARE, "withdrawn");
        _conclude(order, 1, _winner);
        assertEq(token.balanceOf(provider), SHARE, "and kept: the bond covers it");
    }

    function test_stake_on_its_way_out_is_held_and_slashed() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledOn(RESULT);
        address liar = _provider(order, 0);
        vm.prank(liar);
        uint256 id = vault.unpledge(pool, 2);
        _goTo(_lockedUntil(order) - 1);
        _challenge(order, RESULT, reveals);
        _pass(UNBONDING);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.SlotsInUse.selector, id, 1, 2));
        vault.finishUnbonding(id);
        _conclude(order, 1, _winner);
        vault.finishUnbonding(id);
        assertEq(vault.freeStake(liar), BOND, "one of two bonds");
    }
}
