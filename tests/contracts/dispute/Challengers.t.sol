// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDisputeTypes} from "../../../contracts/dispute/IDisputeTypes.sol";
import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {Phase} from "../../../contracts/types/Job.sol";
import {Match} from "./DisputeWorld.sol";
import {Moves} from "./Moves.sol";
import {Execution, Toy} from "./Toy.sol";
import {Transcripts} from "./Transcripts.sol";

/// Settled jobs that a third party disputes, and challengers' bonds.
contract ChallengersTest is Moves {
    using Transcripts for Execution;

    int256 private constant HALF = int256(STAKE / 2);

    /// Two or three seats that were paid for one lie.
    function _liars(uint256 replicas) private returns (Match memory m) {
        m = _settledBy(Toy.wrongAt(_lengths(), 0, 4, 1), replicas);
        _note();
    }

    /// A lie of its own, with another output.
    function _otherLie() private pure returns (Execution memory e) {
        e = Toy.honest(_lengths());
        Toy.lie(e, 1, 5, 300, 2);
    }

    function _honest() private returns (Match memory m) {
        m = _settledBy(Toy.honest(_lengths()), 2);
        _note();
    }

    function _challenged(Match memory m, Execution memory e) private returns (uint256 party) {
        party = _challenge(m, finder, e);
        _describe(m);
    }

    function settleNow(Match memory m, uint256 party) external {
        engine.settleBond(m.job, party);
    }

    function _withdraw(address account) private {
        vm.prank(account);
        engine.withdraw();
    }

    // --- who wins ----------------------------------------------------------------------------------------------

    function test_a_challenger_convicts_all_who_were_paid_for_a_lie() external {
        Match memory m = _liars(2);
        uint256 party = _challenged(m, Toy.honest(_lengths()));
        assertEq(party, FIRST, "the first challenger");
        _assertGain(finder, -int256(STAKE), "its bond");
        _play(m, 0, party);
        _convict(m, 0, party, true);
        _assertVerdict(m, false, 1, finder);
        _state(m, 1);
        engine.convictTwin(m.job, 0, 1);
        _assertVerdict(m, true, 3, finder);
        market.conclude(m.order);
        engine.settleBond(m.job, party);
        assertEq(engine.balanceOf(finder), STAKE, "its bond again");
        _withdraw(finder);
        assertEq(token.balanceOf(address(engine)), 0, "nothing stays");
        _assertGain(finder, 2 * int256(CEILING), "two bounties");
        _assertGain(_account(m, 0), -int256(BOND), "a liar");
        _assertGain(requester, 2 * int256(CEILING), "refund slices");
        _assertPhase(m.order, Phase.Settled);
    }

    function test_a_challenger_that_is_wrong_loses_half_to_its_opponent() external {
        Match memory m = _honest();
        uint256 party = _challenged(m, Toy.wrongAt(_lengths(), 1, 5, 300));
        _play(m, 1, party);
        _convict(m, 1, party, false);
        _assertVerdict(m, true, 0, address(0));
        market.conclude(m.order);
        _assertGain(_account(m, 1), HALF, "half for the opponent");
        _assertGain(BURNED, int256(STAKE) - HALF, "half is burned");
        _assertGain(finder, -int256(STAKE), "the challenger");
        _assertGain(_account(m, 0), 0, "the other seat");
        assertEq(token.balanceOf(address(engine)), STAKE / 2, "owed to the opponent");
        _withdraw(_account(m, 1));
        assertEq(token.balanceOf(address(engine)), 0, "nothing stays");
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.NoBond.selector, m.job, party));
        this.settleNow(m, party);
    }

    function test_a_silent_challenger_loses_as_much() external {
        Match memory m = _honest();
        uint256 party = _challenged(m, Toy.wrongAt(_lengths(), 1, 5, 300));
        _start(m, 0, party);
        _state(m, 0);
        _pass(CLOCK + 1);
        engine.timeout(m.job, 0, party);
        _assertVerdict(m, true, 0, address(0));
        _assertGain(_account(m, 0), HALF, "half for the opponent");
        _assertGain(finder, -int256(STAKE), "the challenger");
    }

    /// A challenger that never plays gets its bond back when all is over.
    function test_a_bond_comes_back_at_the_end_of_the_window() external {
        Match memory m = _honest();
        uint256 party = _challenged(m, Toy.wrongAt(_lengths(), 1, 5, 300));
        uint256 end = engine.contestOf(m.job).endsAt;
        assertEq(end, clock + WINDOW, "the window");
        _goTo(end - 1);
        _assertVerdict(m, false, 0, address(0));
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.StillRunning.selector, end));
        this.settleNow(m, party);
        _goTo(end);
        _assertVerdict(m, true, 0, address(0));
        engine.settleBond(m.job, party);
        market.conclude(m.order);
        _withdraw(finder);
        _assertGain(finder, 0, "nothing lost");
        assertEq(engine.contestOf(m.job).live, 0, "nobody left");
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.NothingToWithdraw.selector, finder));
        this.withdrawNow(finder);
    }

    function withdrawNow(address account) external {
        _withdraw(account);
    }

    /// What is not decided at the end is nobody's fault, and guilt that was found stays.
    function test_the_window_ends_a_contest_with_the_guilt_that_was_found() external {
        Match memory m = _liars(3);
        uint256 party = _challenged(m, Toy.honest(_lengths()));
        _play(m, 1, party);
        _convict(m, 1, party, true);
        _goTo(engine.contestOf(m.job).endsAt);
        _assertVerdict(m, true, 2, finder);
        market.conclude(m.order);
        engine.settleBond(m.job, party);
        _assertGain(_account(m, 0), 0, "a liar that nobody found");
        _assertGain(_account(m, 1), -int256(BOND), "one that was");
        _assertGain(finder, int256(CEILING), "its bounty");
    }

    // --- joining ---------------------------------------------------------------------------------------------

    function test_others_join_and_each_has_a_bond() external {
        Match memory m = _liars(2);
        uint256 first = _challenged(m, _otherLie());
        uint256 second = _joinAs(m, thief, Toy.honest(_lengths()));
        assertEq(second, first + 1, "the next number");
        assertEq(token.balanceOf(address(engine)), 2 * STAKE, "two bonds");
        assertEq(engine.contestOf(m.job).live, 2, "two that play");
        _play(m, 0, second);
        _convict(m, 0, second, true);
        _state(m, 1);
        engine.convictTwin(m.job, 0, 1);
        _assertVerdict(m, true, 3, thief);
        engine.settleBond(m.job, first);
        engine.settleBond(m.job, second);
        assertEq(engine.balanceOf(finder), STAKE, "the first");
        assertEq(engine.balanceOf(thief), STAKE, "the second");
    }

    /// All seats of a contested job may be wrong.
    function test_a_challenger_joins_a_contested_job() external {
        Execution[] memory seats = new Execution[](2);
        (seats[0], seats[1]) = (Toy.wrongAt(_lengths(), 0, 4, 1), _otherLie());
        Match memory m = _contestedBy(seats);
        _note();
        _enter(m);
        _describe(m);
        uint256 party = _joinAs(m, finder, Toy.honest(_lengths()));
        for (uint256 seat; seat < 2; ++seat) _play(m, seat, party);
        for (uint256 seat; seat < 2; ++seat) _convict(m, seat, party, true);
        _assertVerdict(m, true, 3, finder);
        market.conclude(m.order);
        engine.settleBond(m.job, party);
        _assertGain(finder, 2 * int256(CEILING), "both bounties");
    }

    function test_whoever_has_taken_its_bond_back_plays_no_more() external {
        Execution[] memory seats = new Execution[](2);
        (seats[0], seats[1]) = (Toy.honest(_lengths()), Toy.wrongAt(_lengths(), 0, 4, 1));
        Match memory m = _matchOf(seats);
        uint256 party = _joinAs(m, finder, m.by[0]);
        _play(m, 0, 1);
        _convict(m, 0, 1, false);
        // The contest of the seats is decided.
        _hearOthers(m);
        engine.settleBond(m.job, party);
        assertEq(engine.balanceOf(finder), STAKE, "its bond");
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.PartyLost.selector, m.job, party));
        this.startNow(m, 0, party);
    }

    function startNow(Match memory m, uint256 a, uint256 b) external {
        _start(m, a, b);
    }

    // --- another output --------------------------------------------------------------------------------------

    function challengeNow(Match memory m, Execution memory e) external {
        _challenge(m, finder, e);
    }

    function joinNow(Match memory m, Execution memory e) external {
        _joinAs(m, thief, e);
    }

    /// Nobody could take the bond of one that claims what the seats claim, who would hold theirs for nothing.
    function test_a_challenger_claims_another_output() external {
        Match memory m = _honest();
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.OutputsAgree.selector, m.job, 0, FIRST));
        this.challengeNow(m, m.by[0]);
        _challenged(m, Toy.wrongAt(_lengths(), 1, 5, 300));
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.OutputsAgree.selector, m.job, 0, FIRST + 1));
        this.joinNow(m, m.by[0]);
    }

    // --- again -----------------------------------------------------------------------------------------------

    /// While bonds are locked a job can be challenged again, and what was found before counts.
    function test_a_job_is_challenged_again() external {
        Match memory m = _liars(2);
        uint256 friend = _challenge(m, thief, _otherLie());
        _describe(m);
        _start(m, 0, friend);
        _state(m, 0);
        _pass(CLOCK + 1);
        engine.timeout(m.job, 0, friend);
        market.conclude(m.order);
        uint256 party = _challenge(m, finder, Toy.honest(_lengths()));
        assertEq(party, FIRST + 1, "numbers go on");
        _assertVerdict(m, false, 0, address(0));
        // What a seat has stated stays.
        _start(m, 0, party);
        assertTrue(_stated(m, 0), "stated");
        _play(m, 0, party);
        _convict(m, 0, party, true);
        _state(m, 1);
        engine.convictTwin(m.job, 0, 1);
        market.conclude(m.order);
        engine.settleBond(m.job, party);
        _assertGain(finder, 2 * int256(CEILING), "bounties");
        assertEq(vault.bondsOf(pool, _leaf(m.order, 0)).held, 0, "nothing is held");
    }

    function test_a_challenge_needs_bonds_that_are_locked() external {
        Match memory m = _liars(2);
        uint256 until = _lockedUntil(m.order);
        _goTo(until);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.BondNoLongerLocked.selector, m.job, until));
        this.challengeNow(m, Toy.honest(_lengths()));
        _goTo(until - 1);
        _challenge(m, finder, Toy.honest(_lengths()));
    }

    // --- bonds that are left ---------------------------------------------------------------------------------

    /// A challenge of an honest result that nobody played, and a second one: `old` has left its bond.
    function _left() private returns (Match memory m, uint256 old, uint256 party) {
        m = _honest();
        old = _challenge(m, thief, _otherLie());
        _describe(m);
        _over(m);
        party = _challenge(m, finder, Toy.wrongAt(_lengths(), 0, 4, 1));
        _assertContest(m, party, 1);
    }

    function _over(Match memory m) private {
        _goTo(engine.contestOf(m.job).endsAt);
        market.conclude(m.order);
    }

    function _assertContest(Match memory m, uint256 first, uint256 live) private view {
        IDisputeTypes.Contest memory contest = engine.contestOf(m.job);
        assertEq(contest.first, first, "the first challenger");
        assertEq(contest.live, live, "challengers that play");
    }

    function test_a_bond_that_is_left_keeps_no_later_contest_open() external {
        (Match memory m, uint256 old, uint256 party) = _left();
        _play(m, 0, party);
        _convict(m, 0, party, false);
        _assertContest(m, party, 0);
        _assertVerdict(m, true, 0, address(0));
        market.conclude(m.order);
        engine.settleBond(m.job, old);
        _assertContest(m, party, 0);
        assertEq(engine.balanceOf(thief), STAKE, "the bond that was left");
        for (uint256 seat; seat < 2; ++seat) assertEq(_inUse(_provider(m.order, seat)), 1, "locked, not held");
    }

    function test_a_bond_that_is_left_comes_back_at_any_time() external {
        (Match memory m, uint256 old, uint256 party) = _left();
        vm.expectRevert(
            abi.encodeWithSelector(IDisputeTypes.StillRunning.selector, engine.contestOf(m.job).endsAt)
        );
        this.settleNow(m, party);
        engine.settleBond(m.job, old);
        _assertContest(m, party, 1);
        _withdraw(thief);
        _assertGain(thief, 0, "its bond");
        assertEq(token.balanceOf(address(engine)), STAKE, "the other's bond");
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.NoBond.selector, m.job, old));
        this.settleNow(m, old);
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.PartyLost.selector, m.job, old));
        this.startNow(m, 0, old);
    }

    /// Else it could leave wherever it is about to lose, and have had its opponents' work for nothing.
    function test_a_bond_that_is_left_is_at_stake_once_its_owner_plays() external {
        (Match memory m, uint256 old, uint256 party) = _left();
        uint256 end = engine.contestOf(m.job).endsAt;
        _start(m, 0, old);
        _assertContest(m, party, 2);
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.StillRunning.selector, end));
        this.settleNow(m, old);
        // Once, in however many games.
        _start(m, 1, old);
        _assertContest(m, party, 2);
        _play(m, 0, old);
        _convict(m, 0, old, false);
        _assertContest(m, party, 1);
        _assertGain(thief, -int256(STAKE), "it has lost");
        _assertGain(_account(m, 0), HALF, "half for the opponent");
        engine.timeout(m.job, 1, old);
        _play(m, 0, party);
        _convict(m, 0, party, false);
        _assertContest(m, party, 0);
        _assertVerdict(m, true, 0, address(0));
    }

    /// It comes back as any other where nobody has lost.
    function test_a_bond_that_was_at_stake_again_comes_back() external {
        (Match memory m, uint256 old, uint256 party) = _left();
        _play(m, 0, old);
        _over(m);
        engine.settleBond(m.job, old);
        _assertContest(m, party, 1);
        engine.settleBond(m.job, party);
        _assertContest(m, party, 0);
        _withdraw(thief);
        _assertGain(thief, 0, "its bond");
        assertEq(engine.balanceOf(finder), STAKE, "the other's bond");
    }

    /// By a game of the earlier contest that nobody ended.
    function test_a_challenger_of_an_earlier_contest_loses_in_a_later_one() external {
        Match memory m = _honest();
        uint256 old = _challenge(m, thief, _otherLie());
        _describe(m);
        _start(m, 0, old);
        _state(m, 0);
        _over(m);
        uint256 party = _challenge(m, finder, Toy.wrongAt(_lengths(), 0, 4, 1));
        engine.timeout(m.job, 0, old);
        assertTrue(_lost(m, old), "lost");
        _assertContest(m, party, 1);
        _assertGain(_account(m, 0), HALF, "half for the opponent");
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.NoBond.selector, m.job, old));
        this.settleNow(m, old);
        _assertVerdict(m, false, 0, address(0));
    }

    /// As the twin of one that lost, after the last of the contest's own.
    function test_a_challenger_of_an_earlier_contest_loses_as_a_twin() external {
        Match memory m = _honest();
        uint256 old = _challenge(m, thief, _otherLie());
        _describe(m);
        _state(m, old);
        _over(m);
        uint256 party = _challenge(m, finder, _otherLie());
        _play(m, 0, party);
        _convict(m, 0, party, false);
        _assertContest(m, party, 0);
        engine.convictTwin(m.job, party, old);
        _assertContest(m, party, 0);
        assertEq(engine.balanceOf(_account(m, 0)), 2 * (STAKE / 2), "half of each bond");
        assertEq(token.balanceOf(address(engine)), 2 * (STAKE / 2), "nothing else is left");
        market.conclude(m.order);
    }
}
