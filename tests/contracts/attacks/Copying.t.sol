// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {ClaimLib} from "../../../contracts/types/Claim.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Phase} from "../../../contracts/types/Job.sol";
import {Ledger} from "./Ledger.sol";

/// Being paid for the work of another.
contract CopyingAttacks is Ledger {
    /// The copier's own commitment, which it may post without a signature.
    function _post(Order memory order, uint256 seat, bytes32 commitment) private {
        IMarketTypes.SignedCommit memory signed;
        signed.commitment = commitment;
        vm.prank(_provider(order, seat));
        market.commit(order, seat, signed);
    }

    function test_a_copied_commitment_cannot_be_revealed() external {
        Order memory order = _track(_drawn(3));
        address copier = _provider(order, 2);
        _commit(order, 0, RESULT);
        _commit(order, 1, RESULT);
        _post(order, 2, _commitment(order, _provider(order, 0), RESULT));
        _reveal(order, 0, RESULT);
        _reveal(order, 1, RESULT);
        // Now that it knows result and salt, they still open nothing that it committed to.
        bytes32 posted = market.commitmentOf(market.drawOf(_id(order)), 2);
        vm.expectRevert(
            abi.encodeWithSelector(IMarketTypes.CommitmentMismatch.selector, _id(order), 2, posted)
        );
        market.reveal(order, 2, RESULT, _salt(RESULT));
        _expects(_provider(order, 0), PAID);
        _expects(_provider(order, 1), PAID);
        _expects(requester, -2 * PAID);
        _judge(copier, -int256(BOND));
    }

    function test_a_commitment_signed_by_another_is_refused_in_ones_own_seat() external {
        Order memory order = _track(_drawn(2));
        address copier = _provider(order, 1);
        IMarketTypes.SignedCommit memory copy = _signCommit(order, _provider(order, 0), RESULT);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.BadCommitSignature.selector, 1, copier));
        market.commit(order, 1, copy);
        market.commit(order, 0, copy);
        _pass(COMMIT + 1);
        market.advance(order);
        market.settle(_settlement(order, RESULT));
        _expectSeats(order, PAID);
        _expects(requester, -2 * PAID);
        _judge(copier, -2 * int256(CEILING));
    }

    function test_a_copied_claim_settles_nothing() external {
        Order memory order = _track(_drawn(3));
        address copier = _provider(order, 2);
        address honest = _provider(order, 1);
        IMarketTypes.Settlement memory settlement = _settlement(order, RESULT);
        settlement.reveals[2] = IMarketTypes.Reveal(settlement.reveals[1].salt, settlement.reveals[1].signature);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.BadClaimSignature.selector, 2, copier));
        market.settle(settlement);
        // With the set recomputed over the copy the honest claims fit no more.
        bytes32[] memory commitments = new bytes32[](3);
        for (uint256 i; i < 3; ++i) commitments[i] = _commitment(order, i == 2 ? honest : _provider(order, i), RESULT);
        settlement.reveals[2].signature = _signClaim(order, copier, RESULT, ClaimLib.setOf(commitments)).signature;
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.BadClaimSignature.selector, 2, copier));
        market.settle(settlement);
        settlement = _settlement(order, RESULT);
        market.settle(settlement);
        _expectSeats(order, PAID);
        _expects(requester, -3 * PAID);
        _judge(thief, 0);
    }

    /// Show garbage, learn the result from the claims of the others, and post another commitment.
    function test_a_second_commitment_after_the_reveals_costs_the_bond(bool posts) external {
        Order memory order = _track(_drawn(3));
        address copier = _provider(order, 2);
        address witness = _provider(order, 0);
        IMarketTypes.SignedCommit memory shown = _signCommit(order, copier, OTHER);
        IMarketTypes.SignedCommit memory copied = _signCommit(order, copier, RESULT);
        if (posts) {
            copied.signature.r = 0;
            _post(order, 2, copied.commitment);
        }
        vm.prank(witness);
        market.punishTwoCommits(order, 2, 0, shown, copied);
        // The others go on with a reserve.
        market.settle(_settlement(order, RESULT));
        _expectSeats(order, PAID);
        _expects(witness, int256(CEILING));
        _expects(requester, -3 * PAID);
        _judge(copier, -int256(BOND));
    }

    function test_a_second_claim_after_the_reveals_costs_the_bond() external {
        Order memory order = _track(_drawn(2));
        address copier = _provider(order, 1);
        vm.startPrank(thief);
        _punishClaims(order, 1);
        vm.stopPrank();
        market.settle(_settlement(order, RESULT));
        _expectSeats(order, PAID);
        _expects(requester, -2 * PAID);
        // The thief is the copier's friend and keeps the bounty.
        _judge(copier, thief, int256(CEILING) - int256(BOND));
    }

    /// Nobody learns a result before all have committed: the chain refuses it.
    function test_no_reveal_is_taken_while_a_commitment_may_still_copy_it() external {
        Order memory order = _track(_drawn(3));
        address waiting = _provider(order, 2);
        _commit(order, 0, RESULT);
        _commit(order, 1, RESULT);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.CommitsIncomplete.selector, _id(order), 2));
        market.reveal(order, 0, RESULT, _salt(RESULT));
        _pass(COMMIT + 1);
        market.advance(order);
        // The reserve has nothing to copy either.
        market.settle(_settlement(order, RESULT));
        _expectSeats(order, PAID);
        _expects(requester, -3 * PAID);
        _judge(waiting, -2 * int256(CEILING));
    }

    /// A thief gives one seat up after a whole round has been shown off chain, so that its other seat can copy in the
    /// next: it costs more than the copied work is worth.
    function test_sacrificing_one_seat_to_copy_with_another_does_not_pay(bool equivocates) external {
        Order memory order = _knownOrder(3);
        order.units = 16;
        _openAs(order);
        _draw(order);
        address honest = _provider(order, 0);
        address copier = _provider(order, 1);
        address victim = _provider(order, 2);
        if (equivocates) {
            _report(order, 2, thief);
        } else {
            _commit(order, 0, RESULT);
            _pass(COMMIT + 1);
            uint256[] memory seats = new uint256[](1);
            IMarketTypes.SignedCommit[] memory signed = new IMarketTypes.SignedCommit[](1);
            (seats[0], signed[0]) = (1, _signCommit(order, copier, OTHER));
            market.commitAndAdvance(order, seats, signed);
        }
        market.settle(_settlement(order, RESULT));
        int256 share = int256(CEILING);
        _expectSeats(order, share);
        _expects(copier, -share);
        _expects(requester, -3 * share);
        assertTrue(honest != copier, "another");
        // What the copied work would have cost is at most the share that it earned.
        _judge(copier, victim, thief, share - 2 * int256(CEILING));
    }

    function test_a_set_that_differs_between_the_honest_is_evidence_against_who_made_it() external {
        Order memory order = _track(_drawn(3));
        address liar = _provider(order, 2);
        address first = _provider(order, 0);
        // Seat 0 was shown one commitment of the liar, seat 1 another; each posts what it was shown.
        IMarketTypes.SignedCommit memory toFirst = _signCommit(order, liar, RESULT);
        IMarketTypes.SignedCommit memory toSecond = _signCommit(order, liar, OTHER);
        market.commit(order, 2, toFirst);
        vm.prank(_provider(order, 1));
        market.punishTwoCommits(order, 2, 0, toFirst, toSecond);
        _assertPhase(order, Phase.Drawn);
        market.settle(_settlement(order, RESULT));
        _expectSeats(order, PAID);
        _expects(requester, -3 * PAID);
        assertTrue(first != liar, "another");
        _judge(liar, -int256(BOND));
    }
}
