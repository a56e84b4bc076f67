// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Actors} from "../lib/Actors.sol";
import {Judge} from "../lib/Doubles.sol";
import {Replay} from "../lib/Replay.sol";
import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {Bonds} from "../../../contracts/types/BondLedger.sol";
import {Demand, DemandState} from "../../../contracts/types/Demand.sol";
import {JobId} from "../../../contracts/types/Ids.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Job, Phase, Seats, SeatsLib} from "../../../contracts/types/Job.sol";

/// Random lives of many jobs at once. Whatever happens, money adds up, no bond backs two jobs, and the events alone
/// tell the whole state.
contract LifecyclesTest is Actors {
    uint256 private constant STEPS = 24;
    Judge private _judge;
    Replay private _replay;
    Order[] private _orders;
    uint256[9] private _reached;
    mapping(JobId => IMarketTypes.Reveal[]) private _claimsOf;

    function setUp() public override {
        super.setUp();
        _replay = new Replay(address(vault), BOND, DELIVERY);
        vm.recordLogs();
        _join(6, 3);
        _follow();
    }

    function _createResolver() internal override returns (address) {
        _judge = new Judge();
        return address(_judge);
    }

    function test_money_adds_up_whatever_happens(uint256 seed) external {
        _live(seed);
        _checkMarket();
        _checkVault();
    }

    function test_random_lives_reach_every_phase() external {
        for (uint256 seed; seed < 12; ++seed) _live(uint256(keccak256(abi.encode("life", seed))));
        for (uint256 i; i < _orders.length; ++i) ++_reached[uint256(_job(_orders[i]).phase)];
        for (uint256 phase = 1; phase <= uint256(type(Phase).max); ++phase) assertTrue(_reached[phase] != 0, vm.toString(phase));
        _checkMarket();
        _checkVault();
    }

    function _live(uint256 seed) private {
        for (uint256 step; step < STEPS; ++step) {
            seed = uint256(keccak256(abi.encode(seed)));
            // What is not allowed now reverts, and changes nothing.
            (bool done,) = address(this).call(abi.encodeCall(this.act, (seed)));
            if (done) _follow();
            else _forget();
            _tick(seed >> 128);
        }
    }

    function _follow() private {
        _replay.apply_(vm.getRecordedLogs(), clock);
    }

    /// The runner keeps the logs and the clock of a call that reverted.
    function _forget() private {
        vm.getRecordedLogs();
        vm.warp(clock);
        vm.roll(height);
    }

    function _tick(uint256 seed) private {
        if (seed % 3 == 0) _pass((seed >> 8) % 2 == 0 ? (seed >> 16) % 90 : (seed >> 16) % 1_500);
        _roll(height + (seed >> 32) % 4);
    }

    function act(uint256 seed) external {
        uint256 kind = seed % 16;
        uint256 pick = seed >> 8;
        if (kind < 3 || _orders.length == 0) return _orders.push(_openKnown(uint8(2 + pick % 3), (pick >> 8) % 4 == 0));
        Order memory order = _orders[_orders.length - 1 - (pick % (_orders.length < 4 ? _orders.length : 4))];
        uint256 seat = (pick >> 8) % 5;
        Phase phase = _job(order).phase;
        if (kind < 11) {
            if (phase == Phase.Open) return (pick >> 16) % 6 == 0 ? _expire(order) : _draw(order);
            if (phase == Phase.Waiting) return _fixOrExpire(order, pick >> 16);
            if (phase == Phase.Drawn) return _move(order, pick >> 16);
            if (phase == Phase.Settled) return _afterSettling(order, pick >> 16);
            (uint256 since,) = market.challengeOf(_id(order));
            if (phase == Phase.Contested || since != 0) return _conclude(order, pick >> 16);
        }
        if (kind < 13) return pick % 2 == 0 ? _punishCommits(order, seat) : _punishClaims(order, seat);
        address someone = providers[(pick >> 32) % providers.length];
        if (kind == 13) {
            vm.prank((pick >> 40) % 4 == 0 ? requester : someone);
            return market.withdraw();
        }
        if (kind == 14) return _moveStake(someone, pick >> 48);
        if ((pick >> 16) % 2 == 0) return _nextEpoch();
        _pass(UNBONDING);
    }

    /// An order whose input can be shown, fixed after the draw where it is `deferred`.
    function _openKnown(uint8 replicas, bool deferred) private returns (Order memory order) {
        order = _order(replicas);
        order.inputRoot = deferred ? bytes32(0) : _result();
        vm.prank(requester);
        market.open(order, "");
    }

    /// A contest or a challenge.
    function _conclude(Order memory order, uint256 pick) private {
        _judge.speak(pick % 32, (pick >> 8) % 2 == 0 ? address(0) : requester);
        market.conclude(order);
    }

    function _afterSettling(Order memory order, uint256 pick) private {
        uint256 kind = pick % 9;
        if (kind == 6) return _conclude(order, pick >> 8);
        if (kind > 6) {
            bytes32 output = _claimsOf[_id(order)].length == 0 ? RESULT : _result();
            vm.prank(address(_judge));
            market.challenge(order, output, _claimsOf[_id(order)]);
            return;
        }
        if (kind < 2) {
            vm.prank(requester);
            return market.acknowledge(order, RESULT, "");
        }
        if (kind < 4) {
            vm.prank(requester);
            return market.demandOutput(order, _result(), _claimsOf[_id(order)]);
        }
        if (kind == 4) return market.answerOutput(order, PAYLOAD, SALT);
        _pass(ANSWER + 1);
        market.closeDemand(order);
    }

    function _starve(Order memory order, uint256 pick) private {
        (uint256[] memory seats,) = market.activeSeats(order);
        if (pick % 4 == 0) return market.answerInput(order, PAYLOAD, SALT);
        if (pick % 4 == 1) {
            _pass(ANSWER + 1);
            return market.closeDemand(order);
        }
        _demandInput(order, seats[(pick >> 8) % seats.length]);
    }

    function _fixOrExpire(Order memory order, uint256 pick) private {
        if (pick % 4 != 0) return _fix(order, _result());
        _pass(INPUT_WINDOW);
        market.expire(order);
    }

    function _expire(Order memory order) private {
        _roll(height + DRAW_BLOCKS + 3);
        market.expire(order);
    }

    function _move(Order memory order, uint256 pick) private {
        uint256 kind = pick % 11;
        if (kind > 7) return _starve(order, pick >> 8);
        if (kind == 0) {
            IMarketTypes.Settlement memory settlement = _settlement(order, _result());
            market.settle(settlement);
            delete _claimsOf[_id(order)];
            for (uint256 i; i < settlement.reveals.length; ++i) _claimsOf[_id(order)].push(settlement.reveals[i]);
            return;
        }
        if (kind == 1) {
            (bytes32[] memory outputs, IMarketTypes.Reveal[] memory reveals) = _split(order);
            return market.contest(order, outputs, reveals);
        }
        (uint256[] memory seats,) = market.activeSeats(order);
        for (uint256 i; i < seats.length; ++i) {
            bytes32 output = (pick >> (40 + i)) % 8 == 0 ? OTHER : RESULT;
            if ((pick >> (8 + i)) % 4 != 0) try this.commitNow(order, seats[i], output) {} catch {}
            if (kind < 3) continue;
            try market.reveal(order, seats[i], RESULT, _salt(RESULT)) {} catch {}
            try market.reveal(order, seats[i], OTHER, _salt(OTHER)) {} catch {}
        }
        if (kind > 3) try market.advance(order) {} catch {}
        if (kind > 5) {
            _pass(COMMIT + REVEAL + 1);
            market.advance(order);
        }
    }

    function _moveStake(address someone, uint256 pick) private {
        if (pick % 3 == 0) {
            _fund(someone, 2 * BOND);
            vm.prank(someone);
            vault.pledge(model, 0, TIER, 1);
        } else if (pick % 3 == 1) {
            vm.prank(someone);
            vault.unpledge(pool, uint16(1 + (pick >> 8) % 2));
        } else {
            for (uint256 id = 1; id <= _replay.unbondings(); ++id) try vault.finishUnbonding(id) {} catch {}
            uint256 free = vault.freeStake(someone);
            vm.prank(someone);
            vault.withdraw(free);
        }
    }

    // --- what must hold --------------------------------------------------------------------------------------

    function _checkMarket() private view {
        uint256 owed;
        for (uint256 i; i < _replay.jobCount(); ++i) {
            JobId id = _replay.jobs(i);
            Replay.Seen memory seen = _replay.seen(id);
            Job memory job = market.jobOf(id);
            assertEq(uint256(job.phase), uint256(seen.job.phase), "phase");
            assertEq(job.failed, seen.job.failed, "failed");
            assertEq(job.round, seen.job.round, "round");
            assertEq(job.lockBucket, seen.job.lockBucket, "bucket");
            if (job.phase != Phase.Refunded) {
                assertEq(Seats.unwrap(job.seats), Seats.unwrap(seen.job.seats), "seats");
            }
            if (job.phase == Phase.Open || job.phase == Phase.Waiting || job.phase == Phase.Drawn) owed += seen.payment;
            if (market.demandOf(id, false).state == DemandState.Pending) owed += DEPOSIT;
            Demand memory demand = market.demandOf(id, true);
            if (demand.state != DemandState.Pending) continue;
            owed += DEPOSIT;
            for (uint256 seat; seat < 7; ++seat) if ((demand.seats >> seat) & 1 != 0) owed += seen.share;
        }
        owed += _checkBalance(requester) + _checkBalance(address(this));
        for (uint256 i; i < providers.length; ++i) owed += _checkBalance(providers[i]);
        assertEq(token.balanceOf(address(market)), owed, "the market owes what it has");
    }

    function _checkBalance(address account) private view returns (uint256) {
        (uint256 ready, uint256 pending) = market.balanceOf(account);
        (uint256 readySeen, uint256 pendingSeen) = _replay.balanceOf(account, clock);
        assertEq(ready, readySeen, "withdrawable");
        assertEq(pending, pendingSeen, "pending");
        return ready + pending;
    }

    function _checkVault() private view {
        uint256 backed = vault.freeStake(requester) + vault.freeStake(address(this));
        assertEq(vault.freeStake(requester), _replay.freeStake(requester), "free stake");
        for (uint256 i; i < _replay.leafCount(); ++i) {
            Replay.Leaf memory leaf = _replay.leaf(i);
            Bonds memory bonds = vault.bondsOf(pool, i);
            (, uint256 next) = vault.weightOf(pool, i);
            assertEq(bonds.slots, leaf.slots, "slots");
            assertEq(bonds.held, leaf.held, "held");
            assertEq(next, leaf.next, "next weight");
            uint256 used = leaf.held;
            for (uint256 b; b < 12; ++b) used += _replay.locks(i, clock / BUCKET + b);
            assertEq(vault.inUse(pool, i), used, "in use");
            assertTrue(used <= leaf.slots, "no bond backs two jobs");
            assertTrue(next <= leaf.slots, "nobody offers more than it has");
            assertEq(vault.freeStake(leaf.owner), _replay.freeStake(leaf.owner), "free stake");
            backed += vault.freeStake(leaf.owner) + leaf.slots * BOND;
        }
        for (uint256 id = 1; id <= _replay.unbondings(); ++id) {
            assertEq(vault.unbondingOf(id).slots, _replay.unbondingOf(id).slots, "unbonding");
            assertEq(vault.unbondingOf(id).provider, _replay.unbondingOf(id).provider, "unbonding's provider");
        }
        assertEq(token.balanceOf(address(vault)), backed, "the vault owes what it has");
    }
}
