// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IResolver} from "../../../contracts/resolve/IResolver.sol";
import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {JobId} from "../../../contracts/types/Ids.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Phase} from "../../../contracts/types/Job.sol";
import {Ledger} from "./Ledger.sol";

/// A resolver that wastes gas and memory, and still has a verdict.
contract Bomb is IResolver {
    enum Kind {
        Fair,
        Costly,
        Endless,
        Huge,
        Short
    }

    Kind private _kind;

    function arm(Kind kind) external {
        _kind = kind;
    }

    function opened(JobId, bytes32) external {}

    /// Seat 0 is guilty.
    function verdict(JobId) external view returns (bool, uint256, address) {
        uint256 start = gasleft();
        if (_kind == Kind.Costly) while (start - gasleft() < 2_500_000) {}
        if (_kind == Kind.Endless) while (true) {}
        if (_kind == Kind.Huge) {
            assembly ("memory-safe") {
                return(0, 2000000)
            }
        }
        if (_kind == Kind.Short) {
            assembly ("memory-safe") {
                return(0, 64)
            }
        }
        return (true, 1, address(0));
    }
}

/// Attacks that succeed as yet.
contract OpenAttacks is Ledger {
    Bomb private _bomb;

    function _createResolver() internal override returns (address) {
        _bomb = new Bomb();
        return address(_bomb);
    }

    function _contestedJob() private returns (Order memory order, address liar) {
        order = _track(_drawn(2));
        liar = _provider(order, 0);
        (bytes32[] memory outputs, IMarketTypes.Reveal[] memory reveals) = _split(order);
        market.contest(order, outputs, reveals);
    }

    /// After the contest window a liar concludes with so little gas that the verdict could not be read: either the call
    /// fails as a whole or the liar is punished.
    function test_a_liar_cannot_starve_the_verdict_of_gas(uint256 gas_) external {
        (Order memory order, address liar) = _contestedJob();
        _bomb.arm(Bomb.Kind.Costly);
        _pass(uint256(CONTEST) + 1);
        gas_ = bound(gas_, 50_000, 4_000_000);
        // As in a transaction of its own: nothing has been read before.
        vm.cool(address(market));
        vm.cool(address(vault));
        vm.prank(liar);
        (bool done,) = address(market).call{gas: gas_}(abi.encodeCall(market.conclude, (order)));
        if (!done) market.conclude(order);
        _expects(_provider(order, 1), PAID);
        _expects(requester, int256(CEILING));
        _judge(liar, -int256(BOND));
    }

    function test_a_resolver_that_wastes_everything_holds_bonds_for_the_contest_window_only(uint256 kind) external {
        (Order memory order, address liar) = _contestedJob();
        _bomb.arm(Bomb.Kind(2 + kind % 3));
        (bool done,) = address(market).call{gas: 15_000_000}(abi.encodeCall(market.conclude, (order)));
        assertFalse(done && kind % 3 != 1, "pending");
        if (_job(order).phase == Phase.Contested) {
            _pass(uint256(CONTEST) + 1);
            (done,) = address(market).call{gas: 15_000_000}(abi.encodeCall(market.conclude, (order)));
            assertTrue(done, "within a transaction's gas");
        }
        _judge(liar, 0);
    }

    /// Thieves with a quarter of the stake have filled the leaves of all others with small jobs of their own, and draw
    /// strangers' jobs last. These must not be theirs alone: whoever holds all seats of a job is paid for garbage.
    function test_filling_the_leaves_of_others_does_not_win_whole_jobs() external {
        uint256 whole;
        for (uint256 i; i < 16; ++i) {
            Order memory target = _order(3);
            target.units = 16;
            _openAs(target);
            _roll(uint256(_job(target).since) + 1);
            uint32 bucket = uint32((clock + LOCK_TIME) / BUCKET);
            for (uint256 honest = 3; honest < 12; ++honest) {
                for (uint256 slot; slot < 3; ++slot) {
                    vm.prank(address(market));
                    vault.tryLock(pool, honest, bucket);
                }
            }
            try market.draw(target) {
                uint256 own;
                for (uint256 seat; seat < 3; ++seat) own += _leaf(target, seat) < 3 ? 1 : 0;
                if (own == 3) ++whole;
                market.settle(_settlement(target, OTHER));
            } catch {}
            _goTo(clock + LOCK_TIME + BUCKET);
        }
        // Without filling it is one job in 220.
        assertLe(whole, 4);
        _expects(requester, -4 * 3 * 16 * 10);
        _judge(thief, 0);
    }
}
