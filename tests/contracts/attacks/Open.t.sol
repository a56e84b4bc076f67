// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Order} from "../../../contracts/types/Order.sol";
import {Ledger} from "./Ledger.sol";

/// Attacks that succeed as yet, so that whoever ends one sees it here. docs/threat-model.md states their bounds.
contract OpenAttacks is Ledger {
    /// Thieves with a quarter of the stake have filled the leaves of all others with small jobs of their own, and draw
    /// strangers' jobs last: all are theirs alone, and whoever holds all seats of a job is paid for garbage, until a
    /// third party can contest what all replicas agree on.
    function test_filling_the_leaves_of_others_wins_whole_jobs() external {
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
        assertEq(whole, 16, "without filling it is one job in 220");
    }
}
