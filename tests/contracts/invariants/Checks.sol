// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Bonds} from "../../../contracts/types/BondLedger.sol";
import {AuditState} from "../../../contracts/types/Audit.sol";
import {Phase, Seats, SeatsLib} from "../../../contracts/types/Job.sol";
import {PoolId} from "../../../contracts/types/Ids.sol";
import {Stage} from "./Stage.sol";

/// What must hold whenever nobody is in the middle of a call.
abstract contract Checks is Stage {
    /// The market holds what it owes: the escrows of jobs and of audits that have not ended, the deposits of pending
    /// demands and the payments that wait for an output, and everybody's balance.
    function _checkMarket() internal view {
        uint256 owed;
        for (uint256 i; i < notes.length; ++i) {
            Notes storage it = notes[i];
            Phase phase = it.phase;
            if (market.jobOf(it.id).phase != phase) fail("the events tell another phase");
            if (phase == Phase.Open || phase == Phase.Waiting || phase == Phase.Drawn) owed += it.payment;
            if (it.audit == AuditState.Due || it.audit == AuditState.Drawn) owed += it.share;
            if (it.inputDeadline != 0) owed += DEPOSIT;
            if (it.outputDeadline != 0) owed += DEPOSIT + it.waiting * it.share;
        }
        for (uint256 i; i < accounts.length; ++i) {
            (uint256 ready, uint256 pending) = market.balanceOf(accounts[i]);
            owed += ready + pending;
        }
        assertEq(token.balanceOf(address(market)), owed, "the market does not hold what it owes");
    }

    /// The vault holds what it owes: everybody's free stake, and a bond for every slot.
    function _checkVault() internal view {
        uint256 owed;
        for (uint256 i; i < accounts.length; ++i) owed += vault.freeStake(accounts[i]);
        for (uint256 p; p < pools.length; ++p) owed += _checkPool(p) * bondOf[pools[p]];
        assertEq(token.balanceOf(address(vault)), owed, "the vault does not hold what it owes");
        assertEq(token.balanceOf(BURNED), burned, "burned");
    }

    /// A leaf's slots in use are those that some job could still take, and never more than it has; its weight is the
    /// one with which the epoch began. Returns the pool's slots.
    function _checkPool(uint256 p) private view returns (uint256 slots) {
        PoolId id = pools[p];
        (uint256 exposed, uint256 held) = _exposures(id);
        uint256 count = leaves[id];
        for (uint256 leaf; leaf < count; ++leaf) {
            Bonds memory bonds = vault.bondsOf(id, leaf);
            slots += bonds.slots;
            uint256 used = bonds.held;
            for (uint256 lanes = bonds.locked; lanes != 0; lanes >>= 16) used += lanes & 0xffff;
            (uint256 current, uint256 next) = vault.weightOf(id, leaf);
            uint256 first = weights[height / EPOCH][p][leaf];
            if (used > bonds.slots) fail("a bond backs two jobs");
            if (used != (exposed >> (16 * leaf)) & 0xffff) fail("slots in use are not those that jobs could take");
            if (bonds.held != (held >> (16 * leaf)) & 0xffff) fail("slots are held that nothing holds");
            if (current + 1 != (first == 0 ? 1 : first)) fail("a weight changed within its epoch");
            if (next > bonds.slots) fail("more is offered than is pledged");
        }
    }

    /// How many slots of each leaf jobs and audits could still take, and how many of them contests and challenges hold;
    /// 16 bits a leaf.
    function _exposures(PoolId id) private view returns (uint256 exposed, uint256 held) {
        uint256 count = notes.length;
        for (uint256 i; i < count; ++i) {
            Notes storage it = notes[i];
            uint256 bits = _exposed(it);
            if (bits == 0 || PoolId.unwrap(it.pool) != PoolId.unwrap(id)) continue;
            exposed += _perLeaf(it.seats, bits);
            held += _perLeaf(it.seats, bits & it.held);
        }
        for (uint256 i; i < auditors.length; ++i) {
            AuditorNotes storage auditor = auditors[i];
            if (auditor.gone || PoolId.unwrap(auditor.pool) != PoolId.unwrap(id)) continue;
            if (auditor.held || clock < auditor.lockedUntil) exposed += 1 << (16 * auditor.leaf);
            if (auditor.held) held += 1 << (16 * auditor.leaf);
        }
    }

    function _perLeaf(Seats seats, uint256 bits) private pure returns (uint256 sum) {
        for (uint256 seat; bits >> seat != 0; ++seat) {
            if (bits >> seat & 1 != 0) sum += 1 << (16 * SeatsLib.leaf(seats, seat));
        }
    }

    /// The thief has what it came with.
    function _checkThief() internal view {
        (uint256 ready, uint256 pending) = market.balanceOf(thief);
        assertEq(token.balanceOf(thief) + vault.freeStake(thief) + ready + pending, 1e6, "the thief is richer");
    }
}
