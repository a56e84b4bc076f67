// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {IStakeVault} from "../../../contracts/stake/IStakeVault.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Phase, Seats} from "../../../contracts/types/Job.sol";
import {Ledger} from "./Ledger.sol";

/// Stake moved once it matters, taken out before it is slashed, or used twice.
contract StakeAttacks is Ledger {
    function _unpledge(address provider, uint16 slots) private returns (uint256 id) {
        vm.prank(provider);
        id = vault.unpledge(pool, slots);
    }

    /// Whenever it leaves, and whenever its guilt is shown while the bond is locked, it loses the whole bond.
    function test_leaving_at_any_time_does_not_save_a_bond(uint256 left, uint256 shown, bool contested) external {
        uint256 length = LOCK_TIME;
        left = bound(left, 0, length);
        shown = bound(shown, 0, contested ? length - CHALLENGE : length - 1);
        Order memory order = _open(2);
        _track(order);
        _roll(uint256(_job(order).since) + 1);
        uint256 start = clock;
        uint256[] memory ids = new uint256[](12);
        // Those that know the seed leave before the draw, one that is seated at any time after it.
        if (left == 0) {
            for (uint256 i; i < 12; ++i) ids[i] = _unpledge(providers[i], 3);
        }
        market.draw(order);
        address liar = _provider(order, 0);
        if (left != 0 && left <= shown) {
            _goTo(start + left);
            ids[0] = _unpledge(liar, 3);
        }
        _goTo(start + shown);
        bool paid = !contested && shown < COMMIT;
        if (contested) {
            (bytes32[] memory outputs, IMarketTypes.Reveal[] memory reveals) = _split(order);
            market.contest(order, outputs, reveals);
        } else if (paid) {
            market.settle(_settlement(order, RESULT));
        }
        for (uint256 i; i < 12; ++i) {
            if (ids[i] == 0) continue;
            vm.expectRevert();
            vault.finishUnbonding(ids[i]);
        }
        if (paid) _expectSeats(order, PAID);
        _report(order, 0, thief);
        if (_job(order).phase == Phase.Drawn) {
            market.settle(_settlement(order, RESULT));
            _expectSeats(order, PAID);
        }
        _expects(requester, -2 * PAID);
        // Of twelve slices eleven at least are lost; the bounty is the friend's who reported.
        int256 loss = contested ? int256(BOND) : 11 * int256(CEILING);
        _judge(liar, thief, (paid ? PAID : int256(0)) - loss);
        if (ids[0] == 0) return;
        _pass(UNBONDING);
        vault.finishUnbonding(ids[0]);
        assertTrue(_gain(liar) < 0, "a bond is gone");
    }

    function test_unbonding_never_ends_before_the_bond_is_free(uint256 wait) external {
        Order memory order = _contestedBy(2);
        address liar = _provider(order, 0);
        uint256 id = _unpledge(liar, 3);
        _pass(bound(wait, 0, UNBONDING - 1));
        vm.expectPartialRevert(IStakeVault.NotReady.selector);
        vault.finishUnbonding(id);
        if (_job(order).phase == Phase.Contested) {
            _pass(UNBONDING);
            vm.expectRevert(abi.encodeWithSelector(IStakeVault.SlotsInUse.selector, id, 1, 3));
            vault.finishUnbonding(id);
        }
        _report(order, 0, thief);
        _expects(_provider(order, 1), PAID);
        _expects(requester, int256(CEILING));
        _judge(liar, -int256(BOND));
    }

    function _contestedBy(uint8 replicas) private returns (Order memory order) {
        order = _track(_drawn(replicas));
        (bytes32[] memory outputs, IMarketTypes.Reveal[] memory reveals) = _split(order);
        market.contest(order, outputs, reveals);
    }

    function test_stake_moved_once_the_seed_is_known_changes_no_seat(uint256 moves) external {
        Order memory order = _track(_open(3));
        _roll(uint256(_job(order).since) + 1);
        uint256 state = vm.snapshotState();
        market.draw(order);
        bytes32 seats = keccak256(abi.encode(_job(order).seats));
        vm.revertToState(state);
        for (uint256 i; i < 6; ++i) {
            address mover = providers[(moves >> (8 * i)) % 12];
            if ((moves >> (100 + i)) & 1 == 0) {
                vm.prank(mover);
                try vault.unpledge(pool, 1) {} catch {}
            } else {
                _fundAndPledge(mover, 5);
            }
        }
        _fundAndPledge(thief, 500);
        market.draw(order);
        assertEq(keccak256(abi.encode(_job(order).seats)), seats, "the same seats");
        market.settle(_settlement(order, RESULT));
        // Their purses were filled on the way.
        _open_books();
        _judge(thief, 0);
    }

    function _fundAndPledge(address who, uint16 slots) private {
        _fund(who, slots * BOND);
        vm.prank(who);
        vault.pledge(model, 0, TIER, slots);
    }

    /// A slash takes effect on the draw's weights in the next epoch only: nobody steers a draw by being slashed.
    function test_a_slash_once_the_seed_is_known_changes_no_seat() external {
        Order memory first = _track(_drawn(3));
        Order memory order = _track(_open(3));
        _roll(uint256(_job(order).since) + 1);
        uint256 state = vm.snapshotState();
        market.draw(order);
        bytes32 seats = keccak256(abi.encode(_job(order).seats));
        vm.revertToState(state);
        _report(first, 0, thief);
        market.draw(order);
        assertEq(keccak256(abi.encode(_job(order).seats)), seats, "the same seats");
        address liar = _provider(first, 0);
        market.settle(_settlement(first, RESULT));
        market.settle(_settlement(order, RESULT));
        (, address[] memory a) = market.activeSeats(first);
        (, address[] memory b) = market.activeSeats(order);
        int256 most = -11 * int256(CEILING);
        for (uint256 i; i < 3; ++i) {
            _expects(a[i], PAID);
            _expects(b[i], PAID);
            if (a[i] == liar || b[i] == liar) most += PAID;
        }
        _expects(requester, -6 * PAID);
        _judge(liar, thief, most);
    }

    function test_a_reserve_that_has_left_is_passed_over_unpunished() external {
        Order memory order = _track(_drawn(3));
        address reserve = _provider(order, 3);
        address silent = _provider(order, 0);
        vm.startPrank(reserve);
        vault.unpledge(pool, 3);
        vm.stopPrank();
        _nextEpoch();
        _commit(order, 1, RESULT);
        _commit(order, 2, RESULT);
        _pass(COMMIT + 1);
        market.advance(order);
        (, address[] memory seated) = market.activeSeats(order);
        for (uint256 i; i < seated.length; ++i) assertTrue(seated[i] != reserve, "left");
        market.settle(_settlement(order, RESULT));
        _expectSeats(order, PAID);
        _expects(requester, -3 * PAID);
        _judge(silent, -2 * int256(CEILING));
    }

    // --- one stake, two frauds -------------------------------------------------------------------------------

    /// As many jobs as the pool can take: no leaf ever backs more jobs than it has slots, so each fraud has a bond.
    function test_no_slot_backs_two_jobs() external {
        Order[] memory orders = new Order[](20);
        uint256 drawn;
        for (uint256 i; i < 20; ++i) {
            orders[i] = _track(_open(2));
        }
        _roll(uint256(_job(orders[19]).since) + 1);
        market.drawMany(orders);
        for (uint256 i; i < 20; ++i) {
            if (_job(orders[i]).phase == Phase.Drawn) ++drawn;
        }
        assertEq(drawn, 18, "36 slots");
        for (uint256 i; i < 12; ++i) assertEq(_inUse(providers[i]), 3, "all");
        // All of them equivocate in all jobs: every fraud costs a bond of its own.
        for (uint256 i; i < 20; ++i) {
            if (_job(orders[i]).phase != Phase.Drawn) continue;
            market.settle(_settlement(orders[i], RESULT));
            _report(orders[i], 0, thief);
            _report(orders[i], 1, thief);
        }
        assertEq(_burned(), 36 * 10 * CEILING, "each burned");
        _expects(requester, 36 * (int256(CEILING) - PAID));
        address[] memory thieves = new address[](13);
        for (uint256 i; i < 12; ++i) thieves[i] = providers[i];
        thieves[12] = thief;
        _judge(thieves, 36 * (PAID - 11 * int256(CEILING)));
    }

    function test_a_held_bond_backs_no_other_job() external {
        Order memory order = _contestedBy(2);
        address liar = _provider(order, 0);
        _goTo(_lockedUntil(order) + BUCKET);
        assertEq(_inUse(liar), 1, "held beyond its lock");
        vm.startPrank(address(market));
        uint256 leaf = vault.leafOf(pool, liar);
        uint32 bucket = uint32((clock + LOCK_TIME) / BUCKET);
        assertTrue(vault.tryLock(pool, leaf, bucket) && vault.tryLock(pool, leaf, bucket), "two are free");
        assertFalse(vault.tryLock(pool, leaf, bucket), "the third is held");
        vm.stopPrank();
        _goTo(clock + LOCK_TIME + BUCKET);
        _judge(thief, 0);
    }

    function test_a_contest_and_an_equivocation_cost_one_bond_not_two_and_not_none() external {
        Order memory order = _contestedBy(3);
        address liar = _provider(order, 0);
        _report(order, 0, thief);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.SeatAlreadyFailed.selector, _id(order), 0));
        this.punishClaimsNow(order, 0);
        _pass(CONTEST + 1);
        market.conclude(order);
        vm.expectPartialRevert(IMarketTypes.SeatAlreadyFailed.selector);
        this.punishClaimsNow(order, 0);
        _expects(_provider(order, 1), PAID);
        _expects(_provider(order, 2), PAID);
        _expects(requester, int256(CEILING));
        _judge(liar, thief, -int256(BOND));
    }
}
