// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Phase} from "../../../contracts/types/Job.sol";
import {IStakeVault} from "../../../contracts/stake/IStakeVault.sol";
import {AuditState} from "../../../contracts/types/Audit.sol";
import {AuditMoves} from "./AuditMoves.sol";

/// From any state to the end: nobody acts any more but a passer-by who tries the public exits.
abstract contract Endings is AuditMoves {
    /// Every job ends: by rounds that nobody answers, by the end of the lock, by the end of the contest window.
    function _endAllJobs() internal {
        _goBlocks(height + EPOCH + DRAW_BLOCKS + 3);
        for (uint256 i; i < 3; ++i) {
            _takeExits();
            _pass(COMMIT + 1);
            _takeExits();
            _pass(REVEAL);
        }
        _pass(LOCK_TIME + INPUT_WINDOW + BUCKET);
        _takeExits();
        _pass(CONTEST + 1);
        _takeExits();
        // Once more for audits that had to wait for a conclusion, or are due since a job was settled.
        _pass(COMMIT + 1);
        _goBlocks(height + EPOCH + DRAW_BLOCKS + 3);
        _takeExits();
        for (uint256 i; i < notes.length; ++i) {
            AuditState audit = notes[i].audit;
            assertTrue(audit != AuditState.Due && audit != AuditState.Drawn, "an audit is stuck");
            Phase phase = notes[i].phase;
            assertTrue(phase == Phase.Settled || phase > Phase.Contested, "a job is stuck");
            assertEq(notes[i].held, 0, "a bond is held for ever");
            assertTrue(notes[i].inputDeadline == 0 && notes[i].outputDeadline == 0, "a deposit is stuck");
        }
    }

    function _takeExits() private {
        for (uint256 i; i < notes.length; ++i) {
            if (_mayClose(i)) _mustDo(watcher, abi.encodeCall(market.closeDemand, (orders[i])));
            Phase phase = notes[i].phase;
            if (phase == Phase.Open) {
                _mustDo(watcher, abi.encodeCall(market.expire, (orders[i])));
            } else if (phase == Phase.Waiting) {
                if (_mayEndWaiting(i)) _mustDo(watcher, abi.encodeCall(market.expire, (orders[i])));
            } else if (phase == Phase.Drawn) {
                if (_mayAdvance(i)) _mustDo(watcher, abi.encodeCall(market.advance, (orders[i])));
            } else if (notes[i].held != 0) {
                _conclude(i);
            }
            if (_mayAdvanceAudit(i)) _mustDo(watcher, abi.encodeCall(market.advanceAudit, (orders[i])));
        }
    }

    /// Nothing is left in the market once everyone has withdrawn, and nothing in the vault once everyone has left.
    function _emptyAll() internal {
        _pass(2 * DELIVERY);
        for (uint256 i; i < accounts.length; ++i) _do(accounts[i], abi.encodeCall(market.withdraw, ()));
        assertEq(token.balanceOf(address(market)), 0, "something is stuck in the market");

        for (uint256 p; p < pools.length; ++p) {
            for (uint256 leaf; leaf < leaves[pools[p]]; ++leaf) {
                assertEq(vault.inUse(pools[p], leaf), 0, "a bond is locked for ever");
                (, uint256 next) = vault.weightOf(pools[p], leaf);
                if (next == 0) continue;
                address owner = vault.ownerOf(pools[p], leaf);
                _do(owner, address(vault), abi.encodeCall(vault.unpledge, (pools[p], uint16(next))));
            }
        }
        _pass(UNBONDING);
        for (uint256 i; i < unbondings.length; ++i) {
            if (vault.unbondingOf(unbondings[i]).provider == address(0)) continue;
            bytes memory data = abi.encodeCall(vault.finishUnbonding, (unbondings[i]));
            assertTrue(_do(watcher, address(vault), data), "stake cannot leave");
        }
        for (uint256 i; i < accounts.length; ++i) {
            uint256 free = vault.freeStake(accounts[i]);
            if (free != 0) _do(accounts[i], address(vault), abi.encodeCall(vault.withdraw, (free)));
        }
        assertEq(token.balanceOf(address(vault)), 0, "something is stuck in the vault");
    }
}
