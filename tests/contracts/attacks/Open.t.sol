// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Order} from "../../../contracts/types/Order.sol";
import {Ledger} from "./Ledger.sol";

/// Attacks that succeed as yet.
contract OpenAttacks is Ledger {
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
