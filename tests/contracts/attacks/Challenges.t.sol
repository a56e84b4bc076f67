// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Judge} from "../lib/Doubles.sol";
import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Phase} from "../../../contracts/types/Job.sol";
import {Ledger} from "./Ledger.sol";

/// Results that all replicas agreed on and that are disputed: bonds that would slip away, bounties that would be
/// stolen, and challenges by friends of the accused.
contract ChallengeAttacks is Ledger {
    Judge private _court;
    int256 private constant SLASHED = int256(BOND);
    int256 private constant SLICE = int256(CEILING);

    /// Who found the liars out, and is no party to the job.
    address private _finder = address(0xF14DE2);

    function setUp() public override {
        super.setUp();
        _watch(_finder);
        _open_books();
    }

    function _createResolver() internal override returns (address) {
        _court = new Judge();
        return address(_court);
    }

    function _settledJob() private returns (Order memory order, IMarketTypes.Reveal[] memory reveals) {
        order = _known(3);
        IMarketTypes.Settlement memory settlement = _settlement(order, _result());
        market.settle(settlement);
        reveals = settlement.reveals;
    }

    function _challenge(Order memory order, IMarketTypes.Reveal[] memory reveals) private {
        bytes32 result = _result();
        vm.prank(address(_court));
        market.challenge(order, result, reveals);
    }

    function challengeNow(Order memory order, IMarketTypes.Reveal[] memory reveals) external {
        _challenge(order, reveals);
    }

    function _conclude(Order memory order, uint256 guilty, address winner) private {
        _court.speak(guilty, winner);
        market.conclude(order);
    }

    function _seated(Order memory order) private view returns (address[] memory who) {
        who = new address[](3);
        for (uint256 i; i < 3; ++i) who[i] = _provider(order, i);
    }

    function _with(address[] memory some, address other) private pure returns (address[] memory all) {
        all = new address[](some.length + 1);
        for (uint256 i; i < some.length; ++i) all[i] = some[i];
        all[some.length] = other;
    }

    // --- liars that were found out ---------------------------------------------------------------------------

    function test_liars_that_agree_lose_their_bonds_all_the_same() external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledJob();
        address[] memory liars = _seated(order);
        _challenge(order, reveals);
        _conclude(order, 7, _finder);
        _expects(_finder, 3 * SLICE);
        _expects(requester, 3 * SLICE - 3 * PAID);
        _judge(liars, 3 * PAID - 3 * SLASHED);
        assertEq(_burned(), 30 * CEILING, "the rest");
    }

    /// A friend shows two signatures of each liar before the verdict: the bounties are the finder's all the same.
    function test_liars_that_accuse_themselves_keep_no_bounty(uint256 order_) external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledJob();
        address[] memory liars = _seated(order);
        _challenge(order, reveals);
        for (uint256 seat; seat < 3; ++seat) {
            if ((order_ >> seat) & 1 != 0) _report(order, seat, thief);
        }
        _conclude(order, 7, _finder);
        _expects(_finder, 3 * SLICE);
        _expects(requester, 3 * SLICE - 3 * PAID);
        _judge(_with(liars, thief), 3 * PAID - 3 * SLASHED);
    }

    /// With their requester they unwind the job, to lose a slice instead of a bond.
    function test_liars_that_withhold_the_output_to_themselves_lose_their_bonds(bool first, uint256 wait) external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledJob();
        address[] memory liars = _seated(order);
        if (first) _askOutput(order, reveals);
        _challenge(order, reveals);
        if (!first) _askOutput(order, reveals);
        _pass(ANSWER + 1 + wait % LOCK_TIME);
        vm.prank(requester);
        market.closeDemand(order);
        _assertPhase(order, Phase.Refunded);
        _conclude(order, 7, _finder);
        _expects(_finder, 3 * SLICE);
        _judge(_with(liars, requester), 3 * SLICE - 3 * SLASHED);
    }

    function test_leaving_saves_no_bond(uint256 left, uint256 spoken) external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledJob();
        address[] memory liars = _seated(order);
        uint256 until = _lockedUntil(order);
        uint256[] memory ids = new uint256[](3);
        bool before = left % 2 == 0;
        if (before) for (uint256 i; i < 3; ++i) ids[i] = _unpledge(liars[i]);
        _goTo(bound(left, clock, until - 1));
        _challenge(order, reveals);
        if (!before) for (uint256 i; i < 3; ++i) ids[i] = _unpledge(liars[i]);
        _pass(spoken % (2 * UNBONDING));
        for (uint256 i; i < 3; ++i) {
            vm.expectRevert();
            vault.finishUnbonding(ids[i]);
        }
        _conclude(order, 7, _finder);
        _expects(_finder, 3 * SLICE);
        _expects(requester, 3 * SLICE - 3 * PAID);
        _judge(liars, 3 * PAID - 3 * SLASHED);
    }

    function _unpledge(address provider) private returns (uint256) {
        vm.prank(provider);
        return vault.unpledge(pool, 3);
    }

    // --- friends that challenge ------------------------------------------------------------------------------

    /// A challenge that is lost on purpose frees no bond: what is shown within the lock still costs it.
    function test_a_friendly_challenge_frees_no_bond_early(uint256 begun, uint256 ended, uint256 shown) external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledJob();
        address liar = _provider(order, 1);
        _expectSeats(order, PAID);
        _expects(requester, SLICE - 3 * PAID);
        uint256 until = _lockedUntil(order);
        _goTo(bound(begun, clock, until - 1));
        _challenge(order, reveals);
        _goTo(bound(ended, clock, until - 1));
        _conclude(order, 0, liar);
        _goTo(bound(shown, clock, until - 1));
        assertEq(_inUse(liar), 1, "locked");
        _report(order, 1, thief);
        _judge(liar, thief, PAID + SLICE - SLASHED);
    }

    /// However often a job is challenged, its bonds are bound until the end of the lock, and no longer than a contest
    /// window beyond it; honest providers lose nothing by it.
    function test_challenges_without_end_neither_free_bonds_nor_bind_them_for_ever(uint256 seed) external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledJob();
        _expectSeats(order, PAID);
        _expects(requester, -3 * PAID);
        uint256 until = _lockedUntil(order);
        for (uint256 i; i < 24; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            if (seed % 3 == 0) _pass(seed % 500);
            else if (!_challenged(_id(order))) try this.challengeNow(order, reveals) {} catch {}
            else _conclude(order, 0, thief);
            for (uint256 seat; seat < 3; ++seat) {
                uint256 used = _inUse(_provider(order, seat));
                if (clock < until || _challenged(_id(order))) assertEq(used, 1, "free too early");
                else assertEq(used, 0, "bound too long");
            }
        }
        _goTo(until + CONTEST);
        if (_challenged(_id(order))) market.conclude(order);
        for (uint256 seat; seat < 3; ++seat) assertEq(_inUse(_provider(order, seat)), 0, "bound for ever");
        assertEq(_burned(), 0, "nobody was guilty");
        _judge(thief, 0);
    }

    /// Liars that challenge themselves, to win the bounty before anyone else does, lose what is burned.
    function test_liars_that_find_themselves_out_lose_most(uint256 guilty) external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledJob();
        address[] memory liars = _seated(order);
        guilty = bound(guilty, 1, 7);
        int256 count = int256((guilty & 1) + ((guilty >> 1) & 1) + (guilty >> 2));
        _challenge(order, reveals);
        _conclude(order, guilty, thief);
        _expects(requester, count * SLICE - 3 * PAID);
        _judge(_with(liars, thief), 3 * PAID - count * 11 * SLICE);
    }

    /// A provider may have a seat in both.
    function test_a_challenge_touches_no_other_jobs_bonds(uint256 guilty) external {
        (Order memory first, IMarketTypes.Reveal[] memory reveals) = _settledJob();
        (Order memory other,) = _settledJob();
        address[] memory seated = _seated(other);
        uint256[] memory before = new uint256[](3);
        for (uint256 i; i < 3; ++i) before[i] = _inUse(seated[i]);
        _challenge(first, reveals);
        for (uint256 i; i < 3; ++i) assertEq(_inUse(seated[i]), before[i], "held in place of locked");
        _goTo(_lockedUntil(first));
        guilty = guilty % 8;
        _conclude(first, guilty, _finder);
        _goTo(_lockedUntil(other));
        for (uint256 i; i < 12; ++i) assertEq(_inUse(providers[i]), 0, "all free");
        address[] memory liars = _seated(first);
        int256 count = int256((guilty & 1) + ((guilty >> 1) & 1) + (guilty >> 2));
        _expects(_finder, count * SLICE);
        _expects(requester, count * SLICE - 6 * PAID);
        _judge(liars, 6 * PAID - count * SLASHED);
    }

    // --- everyone in one coalition ---------------------------------------------------------------------------

    /// Whoever challenges, withholds from, accuses and judges itself: what leaves is burned.
    function test_dealing_with_oneself_never_pays(uint256 seed) external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _settledJob();
        for (uint256 i; i < 20; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            this.move(seed, order, reveals);
        }
        if (_challenged(_id(order))) _conclude(order, 5, thief);
        address[] memory all = new address[](14);
        for (uint256 i; i < 12; ++i) all[i] = providers[i];
        (all[12], all[13]) = (requester, thief);
        _judge(all, -int256(_burned()));
    }

    function move(uint256 seed, Order memory order, IMarketTypes.Reveal[] memory reveals) external {
        uint256 kind = (seed >> 8) % 8;
        if (kind == 0) _pass((seed >> 16) % 400);
        else if (kind == 1) try this.challengeNow(order, reveals) {} catch {}
        else if (kind == 2) try this.concludeNow(order, (seed >> 16) % 8) {} catch {}
        else if (kind == 3) try this.askNow(order, reveals) {} catch {}
        else if (kind == 4) try market.closeDemand(order) {} catch {}
        else if (kind == 5) try this.reportNow(order, (seed >> 16) % 3) {} catch {}
        else if (kind == 6) try this.answerNow(order) {} catch {}
        else try this.withdrawNow(_provider(order, (seed >> 16) % 3)) {} catch {}
        // No bond backs more than one job, none is let go that is not this job's.
        for (uint256 seat; seat < 3; ++seat) assertTrue(_inUse(_provider(order, seat)) <= 1, "two of one");
    }

    function concludeNow(Order memory order, uint256 guilty) external {
        _conclude(order, guilty, thief);
    }

    function askNow(Order memory order, IMarketTypes.Reveal[] memory reveals) external {
        _askOutput(order, reveals);
    }

    function reportNow(Order memory order, uint256 seat) external {
        _report(order, seat, thief);
    }

    function answerNow(Order memory order) external {
        vm.prank(thief);
        market.answerOutput(order, PAYLOAD, SALT);
    }

    function withdrawNow(address who) external {
        vm.prank(who);
        market.withdraw();
    }
}
