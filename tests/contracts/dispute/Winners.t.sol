// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Match} from "./DisputeWorld.sol";
import {Moves} from "./Moves.sol";
import {Execution, Toy} from "./Toy.sol";
import {Transcripts} from "./Transcripts.sol";

/// Whose the bounties are, and auditors that vouched among those that play for their bonds.
contract WinnersTest is Moves {
    using Transcripts for Execution;

    uint256 private constant AUDITOR = 7;
    int256 private constant SLICE = int256(CEILING);
    int256 private constant HALF = int256(STAKE / 2);

    /// A lie of its own, with another output.
    function _otherLie() private pure returns (Execution memory e) {
        e = Toy.honest(_lengths());
        Toy.lie(e, 1, 5, 300, 2);
    }

    function _liars() private returns (Match memory m) {
        m = _settledBy(Toy.wrongAt(_lengths(), 0, 4, 1), 2);
        _note();
    }

    function _honest() private returns (Match memory m) {
        m = _settledBy(Toy.honest(_lengths()), 2);
        _note();
    }

    /// An auditor vouches for what the seats claim, and would execute what seat 0 did.
    function _withAuditor(Match memory m) private returns (address auditor) {
        vm.prank(requester);
        market.requestAudit(m.order);
        _toSeed(m.order);
        market.advanceAudit(m.order);
        auditor = _auditor(m.order);
        _vouchWith(m.order, "seal");
        m.by[AUDITOR] = m.by[0];
        _note();
    }

    function _silent(Match memory m, uint256 seat, uint256 party) private {
        _start(m, seat, party);
        _state(m, party);
        _pass(CLOCK + 1);
        engine.timeout(m.job, seat, party);
    }

    // --- winners ---------------------------------------------------------------------------------------------

    function test_each_liar_pays_the_one_that_found_it_out() external {
        Match memory m = _liars();
        uint256 one = _challenge(m, finder, Toy.honest(_lengths()));
        _describe(m);
        uint256 other = _joinAs(m, thief, Toy.honest(_lengths()));
        _play(m, 0, one);
        _convict(m, 0, one, true);
        _play(m, 1, other);
        _convict(m, 1, other, true);
        _assertWinner(m, 0, finder);
        _assertWinner(m, 1, thief);
        market.conclude(m.order);
        engine.settleBond(m.job, one);
        engine.settleBond(m.job, other);
        _assertGain(finder, SLICE, "its own liar's");
        _assertGain(thief, SLICE, "its own liar's");
        _assertGain(requester, 2 * SLICE, "refund slices");
    }

    /// Else whoever wins would have to leave its bond until the market has read the verdict.
    function test_a_winner_that_has_taken_its_bond_back_is_still_the_winner() external {
        Match memory m = _liars();
        uint256 party = _challenge(m, finder, Toy.honest(_lengths()));
        _describe(m);
        _play(m, 0, party);
        _convict(m, 0, party, true);
        _state(m, 1);
        engine.convictTwin(m.job, 0, 1);
        engine.settleBond(m.job, party);
        assertTrue(engine.partyOf(m.job, party).left, "left");
        _assertVerdict(m, true, 3, finder);
        market.conclude(m.order);
        _assertGain(finder, 2 * SLICE, "both bounties");
    }

    /// A seat that was silent lost to one that lied; whoever beat that one is owed the bounty.
    function test_whoever_beats_the_winner_takes_its_place() external {
        Match memory m = _honest();
        uint256 party = _challenge(m, thief, _otherLie());
        _describe(m);
        _silent(m, 0, party);
        _assertVerdict(m, false, 1, thief);
        _play(m, 1, party);
        _convict(m, 1, party, false);
        _assertVerdict(m, true, 1, _account(m, 1));
        market.conclude(m.order);
        _assertGain(_account(m, 1), SLICE + HALF, "the bounty, and half of the liar's bond");
        _assertGain(thief, -int256(STAKE), "the liar");
        _assertGain(_account(m, 0), -int256(BOND), "the silent one");
    }

    /// Three in a row: the seat lost to a liar, that one to a seat that was silent, that one to the honest.
    function test_the_chain_of_winners_ends_at_one_that_has_not_lost() external {
        Execution[] memory seats = new Execution[](3);
        (seats[0], seats[1], seats[2]) =
            (Toy.honest(_lengths()), _otherLie(), Toy.wrongAt(_lengths(), 0, 4, 1));
        Match memory m = _matchOf(seats);
        _note();
        _silent(m, 0, 1);
        _assertWinner(m, 0, _account(m, 1));
        _start(m, 1, 2);
        _state(m, 2);
        _face(m, 1, 2);
        _open(m, 1, 2, false, true);
        _pass(CLOCK + 1);
        engine.timeout(m.job, 1, 2);
        _assertWinner(m, 0, _account(m, 2));
        uint256 party = _joinAs(m, finder, Toy.honest(_lengths()));
        _play(m, 2, party);
        _convict(m, 2, party, true);
        _assertVerdict(m, true, 7, finder);
        market.conclude(m.order);
        engine.settleBond(m.job, party);
        _assertGain(finder, 3 * SLICE, "every bounty");
    }

    // --- auditors --------------------------------------------------------------------------------------------

    function test_an_auditor_that_vouched_plays_below_all_challengers() external {
        Match memory m = _honest();
        address auditor = _withAuditor(m);
        uint256 party = _challenge(m, finder, _otherLie());
        assertEq(party, FIRST, "the first challenger");
        assertEq(_account(m, AUDITOR), auditor, "the auditor");
        assertEq(engine.contestOf(m.job).seats, 0x83, "two seats and the auditor");
        assertEq(engine.partyOf(m.job, AUDITOR).output, m.by[0].root(), "what it vouched for");
    }

    function test_an_auditor_of_a_lie_is_convicted_with_the_seats() external {
        Match memory m = _liars();
        address auditor = _withAuditor(m);
        uint256 party = _challenge(m, finder, Toy.honest(_lengths()));
        _describe(m);
        _play(m, AUDITOR, party);
        _convict(m, AUDITOR, party, true);
        for (uint256 seat; seat < 2; ++seat) {
            _state(m, seat);
            engine.convictTwin(m.job, AUDITOR, seat);
        }
        _assertVerdict(m, true, 0x83, finder);
        market.conclude(m.order);
        engine.settleBond(m.job, party);
        _assertGain(finder, 3 * SLICE, "three bounties");
        _assertGain(auditor, -int256(BOND), "the auditor");
        _assertGain(requester, 3 * SLICE, "refund slices");
    }

    /// Where a seat is silent, the auditor defends the result and is owed the bounty of the silent.
    function test_an_honest_auditor_inherits_what_a_liar_won() external {
        Match memory m = _honest();
        address auditor = _withAuditor(m);
        uint256 party = _challenge(m, thief, _otherLie());
        _describe(m);
        _silent(m, 0, party);
        _play(m, AUDITOR, party);
        _convict(m, AUDITOR, party, false);
        _assertVerdict(m, true, 1, auditor);
        market.conclude(m.order);
        _assertGain(auditor, SLICE + HALF, "the bounty, and half of the liar's bond");
        assertEq(vault.bondsOf(pool, vault.leafOf(pool, auditor)).held, 0, "and its bond is free");
    }

    /// As a seat, an auditor that does not play loses to whoever asks.
    function test_a_silent_auditor_loses_to_a_challenger() external {
        Match memory m = _honest();
        address auditor = _withAuditor(m);
        uint256 party = _challenge(m, thief, _otherLie());
        _describe(m);
        _silent(m, AUDITOR, party);
        _play(m, 0, party);
        _convict(m, 0, party, false);
        _assertVerdict(m, true, 0x80, _account(m, 0));
        market.conclude(m.order);
        _assertGain(auditor, -int256(BOND), "silent");
        _assertGain(_account(m, 0), SLICE + HALF, "who defended it");
        // A second auditor would be guilty of the first one's silence.
        vm.expectRevert();
        vm.prank(requester);
        market.requestAudit(m.order);
    }

    /// The seats have lost their bonds by then: the auditor answers alone.
    function test_an_auditor_is_challenged_without_its_seats() external {
        Match memory m = _liars();
        address auditor = _withAuditor(m);
        for (uint256 seat; seat < 2; ++seat) _punishCommits(m.order, seat);
        uint256 party = _challenge(m, finder, Toy.honest(_lengths()));
        assertEq(engine.contestOf(m.job).seats, 0x80, "the auditor alone");
        _describe(m);
        _play(m, AUDITOR, party);
        _convict(m, AUDITOR, party, true);
        _assertVerdict(m, true, 0x80, finder);
        market.conclude(m.order);
        engine.settleBond(m.job, party);
        _assertGain(finder, SLICE, "the bounty");
        _assertGain(auditor, -int256(BOND), "the auditor");
    }

    function test_an_auditor_that_vouches_after_a_challenge_plays_in_the_next() external {
        Match memory m = _liars();
        uint256 first = _challenge(m, thief, _otherLie());
        _describe(m);
        _start(m, 0, first);
        _state(m, 0);
        _pass(CLOCK + 1);
        engine.timeout(m.job, 0, first);
        market.conclude(m.order);
        address auditor = _withAuditor(m);
        uint256 party = _challenge(m, finder, Toy.honest(_lengths()));
        assertEq(engine.contestOf(m.job).seats, 0x83, "with the auditor");
        _play(m, AUDITOR, party);
        _convict(m, AUDITOR, party, true);
        _assertWinner(m, AUDITOR, finder);
        _goTo(engine.contestOf(m.job).endsAt);
        market.conclude(m.order);
        engine.settleBond(m.job, party);
        _assertGain(auditor, -int256(BOND), "the auditor");
        _assertGain(finder, SLICE, "its bounty");
    }

    /// A friend challenges and does not play, so that the lock ends meanwhile: the auditor plays in that very contest.
    function test_an_auditor_that_disagrees_joins_a_friends_challenge() external {
        Match memory m = _liars();
        vm.prank(requester);
        market.requestAudit(m.order);
        _toSeed(m.order);
        market.advanceAudit(m.order);
        address auditor = _auditor(m.order);
        _rich(auditor);
        uint256 friend = _challenge(m, thief, _otherLie());
        _describe(m);
        _note();
        uint256 party = _joinAs(m, auditor, Toy.honest(_lengths()));
        _play(m, 0, party);
        _convict(m, 0, party, true);
        _state(m, 1);
        engine.convictTwin(m.job, 0, 1);
        _assertVerdict(m, true, 3, auditor);
        market.conclude(m.order);
        market.advanceAudit(m.order);
        engine.settleBond(m.job, party);
        engine.settleBond(m.job, friend);
        _assertGain(auditor, 2 * SLICE, "both bounties");
        _assertGain(requester, 2 * SLICE + int256(SHARE), "refund slices, and the auditor's share");
    }
}
