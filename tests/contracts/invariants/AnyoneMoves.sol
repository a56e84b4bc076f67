// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {JobId} from "../../../contracts/types/Ids.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Phase} from "../../../contracts/types/Job.sol";
import {AuditState} from "../../../contracts/types/Audit.sol";
import {ProviderMoves} from "./ProviderMoves.sol";

/// What anyone may do, a verifier mostly: draw, settle, contest, take the exits, carry out verdicts.
abstract contract AnyoneMoves is ProviderMoves {
    /// Jobs whose input is public.
    mapping(JobId => bool) internal published;

    function anyone_draws(uint256 seed) external {
        (bool found, uint256 index) = _pickJob(seed, Phase.Open);
        if (!found) return;
        if (_pick(seed, 3) == 0) return _drawAll();
        uint256 since = market.jobOf(notes[index].id).since;
        bool allowed = height > since && height <= since + DRAW_BLOCKS;
        // A pool may be exhausted.
        assertTrue(!_do(watcher, abi.encodeCall(market.draw, (orders[index]))) || allowed, "drawn out of its time");
    }

    function _drawAll() private {
        Order[] memory all = new Order[](3);
        for (uint256 i; i < 3; ++i) all[i] = orders[orders.length - 1 - i];
        _mustDo(watcher, abi.encodeCall(market.drawMany, (all)));
    }

    /// All providers have signed off chain: settle where they agree, contest where they do not.
    function anyone_ends_a_round(uint256 seed) external {
        (bool found, uint256 index) = _pickJob(seed, Phase.Drawn);
        if (!found) return;
        Notes storage it = notes[index];
        Order memory order = orders[index];
        uint256[] memory seats = _seatsOf(_active(it));
        bytes32[] memory outputs = new bytes32[](seats.length);
        bool agree = true;
        for (uint256 i; i < seats.length; ++i) {
            outputs[i] = results[it.id][it.round][seats[i]];
            if (outputs[i] == 0) outputs[i] = _pick(uint256(keccak256(abi.encode(seed, i))), 8) == 0 ? OTHER : _result();
            if (outputs[i] != outputs[0]) agree = false;
        }
        IMarketTypes.Reveal[] memory reveals = _reveals(order, outputs);
        bool inTime = clock <= it.lockedUntil - CHALLENGE;
        if (!agree) {
            bytes memory data = abi.encodeCall(market.contest, (order, outputs, reveals));
            return assertEq(_do(watcher, data), inTime, "contested while it can be paid");
        }
        IMarketTypes.Settlement memory settlement = IMarketTypes.Settlement(order, outputs[0], reveals);
        if (_pick(seed, 3) != 0) {
            assertEq(_do(watcher, abi.encodeCall(market.settle, (settlement))), inTime, "settled while it can be paid");
            if (inTime) _keepClaims(index, reveals);
            return;
        }
        IMarketTypes.Settlement[] memory many = new IMarketTypes.Settlement[](2);
        (many[0], many[1]) = (settlement, settlement);
        // What cannot be settled any more is passed over.
        _mustDo(watcher, abi.encodeCall(market.settleMany, (many)));
        assertEq(it.phase == Phase.Settled, inTime, "settled while it can be paid");
        if (inTime) _keepClaims(index, reveals);
    }

    // --- bytes on chain --------------------------------------------------------------------------------------

    function anyone_answers_an_input(uint256 seed) external {
        (bool found, uint256 index) = _pickJob(seed, Phase.Drawn);
        if (!found) return;
        Notes storage it = notes[index];
        bool allowed = !published[it.id] && clock <= (it.inputDeadline != 0 ? it.inputDeadline : it.roundAt + COMMIT);
        bytes memory data = abi.encodeCall(market.answerInput, (orders[index], PAYLOAD, SALT));
        // With all commitments on chain the round's clock says something else.
        if (it.completeAt != 0 && it.inputDeadline == 0) return;
        assertEq(_do(watcher, data), allowed, "answered in its time");
        if (allowed) published[it.id] = true;
    }

    function anyone_answers_an_output(uint256 seed) external {
        (bool found, uint256 index) = _pickJob(seed, Phase.Settled);
        if (!found) return;
        for (uint256 i; i < notes.length; ++i) if (notes[i].outputDeadline != 0) index = i;
        Notes storage it = notes[index];
        bool allowed = it.outputDeadline != 0 && clock <= it.outputDeadline;
        bytes memory data = abi.encodeCall(market.answerOutput, (orders[index], PAYLOAD, SALT));
        assertEq(_do(watcher, data), allowed, "answered in its time");
    }

    function anyone_closes_a_demand(uint256 seed) external {
        uint256 index = _pick(seed, notes.length);
        // Mostly a pending one, often waited for.
        for (uint256 i; i < notes.length && _pick(seed, 4) != 0; ++i) {
            if (notes[i].inputDeadline + notes[i].outputDeadline != 0) index = i;
        }
        Notes storage it = notes[index];
        uint256 deadline = it.outputDeadline != 0 ? it.outputDeadline : it.inputDeadline;
        if (deadline > clock && _pick(seed, 3) != 0) _goTo(deadline + _pick(seed, 2));
        bool allowed = _mayClose(index);
        assertEq(_do(watcher, abi.encodeCall(market.closeDemand, (orders[index]))), allowed, "closed in its time");
    }

    function _mayClose(uint256 index) internal view returns (bool) {
        Notes storage it = notes[index];
        if (it.inputDeadline == 0 || it.auditDemand) return it.outputDeadline != 0 && clock > it.outputDeadline;
        return it.phase != Phase.Drawn || it.completeAt != 0 || clock > it.inputDeadline;
    }

    function anyone_advances(uint256 seed) external {
        (bool found, uint256 index) = _pickJob(seed, Phase.Drawn);
        if (!found) return;
        // Mostly a job whose deadline has passed, if there is one.
        for (uint256 i; i < notes.length && _pick(seed, 4) != 0; ++i) {
            if (notes[i].phase == Phase.Drawn && _mayAdvance(i)) index = i;
        }
        if (_pick(seed, 4) == 0) return _postAndAdvance(index, seed);
        bool allowed = _mayAdvance(index);
        assertEq(_do(watcher, abi.encodeCall(market.advance, (orders[index]))), allowed, "advanced in its time");
    }

    function _mayAdvance(uint256 index) internal view returns (bool) {
        Notes storage it = notes[index];
        if (clock >= it.lockedUntil) return true;
        if (it.completeAt == 0) return clock > (it.inputDeadline != 0 ? it.inputDeadline : it.roundAt + COMMIT);
        return _active(it) & ~revealed[it.id][it.round] == 0 || clock > it.completeAt + REVEAL;
    }

    /// Post one commitment that was signed off chain, and advance.
    function _postAndAdvance(uint256 index, uint256 seed) private {
        Notes storage it = notes[index];
        Order memory order = orders[index];
        uint256[] memory seats = new uint256[](1);
        seats[0] = _pickSeat(seed, _active(it));
        IMarketTypes.SignedCommit[] memory signed = new IMarketTypes.SignedCommit[](1);
        signed[0] = _signCommit(order, _ownerOf(it, seats[0]), _result());
        bool posted = committed[it.id][it.round] >> seats[0] & 1 != 0;
        (uint8 round, bytes memory data) = (it.round, abi.encodeCall(market.commitAndAdvance, (order, seats, signed)));
        if (_do(watcher, data) && !posted) results[it.id][round][seats[0]] = _result();
    }

    function anyone_expires(uint256 seed) external {
        bool waits = _pick(seed, 2) == 0;
        (bool found, uint256 index) = _pickJob(seed, waits ? Phase.Waiting : Phase.Open);
        if (!found) return;
        uint256 until = notes[index].drawnAt + INPUT_WINDOW;
        if (waits && clock <= until && _pick(seed, 4) == 0) _goTo(until + 1);
        bool allowed = waits ? _mayEndWaiting(index) : height > uint256(market.jobOf(notes[index].id).since) + DRAW_BLOCKS;
        assertEq(_do(watcher, abi.encodeCall(market.expire, (orders[index]))), allowed, "expired in its time");
    }

    function _mayEndWaiting(uint256 index) internal view returns (bool) {
        return clock > notes[index].drawnAt + INPUT_WINDOW;
    }

    function judge_speaks(uint256 seed) external {
        if (_pick(seed, 8) == 0) {
            judge.failFromNowOn();
            spoken = false;
            return;
        }
        // The auditor stands beyond the seats.
        (spoken, verdict) = (true, _pick(seed, 32) | (_pick(seed, 3) == 0 ? 0x80 : 0));
        judge.speak(verdict, _pick(seed, 2) == 0 ? address(0) : watcher);
    }

    /// What all agreed on is disputed, often at the last moment.
    function judge_challenges(uint256 seed) external {
        (bool found, uint256 index) = _pickJob(seed, Phase.Settled);
        if (!found) return;
        Notes storage it = notes[index];
        if (clock < it.lockedUntil && _pick(seed, 4) == 0) _goTo(it.lockedUntil - _pick(seed, 2));
        bytes32 output = _pick(seed, 5) == 0 ? bytes32("never settled") : it.output;
        bool somebody = it.paid & ~it.failed != 0 || it.audit == AuditState.Vouched;
        bool allowed = output == it.output && it.held == 0 && clock < it.lockedUntil && somebody;
        bytes memory data = abi.encodeCall(market.challenge, (orders[index], output, claimsOf[index]));
        assertEq(_do(resolver, data), allowed, "challenged while the bonds are locked");
    }

    function anyone_concludes(uint256 seed) external {
        (bool found, uint256 index) = _pickJob(seed, Phase.Contested);
        // As often a challenge, if there is one.
        for (uint256 i; i < notes.length && _pick(seed, 2) == 0; ++i) {
            if (notes[i].held != 0 && notes[i].phase != Phase.Contested) (found, index) = (true, i);
        }
        if (found) _conclude(index);
    }

    function _conclude(uint256 index) internal {
        Notes storage it = notes[index];
        if (spoken) it.guilty = verdict;
        (uint256 since,) = market.challengeOf(it.id);
        if (it.phase == Phase.Contested) since = market.jobOf(it.id).since;
        bool allowed = spoken || clock > since + CONTEST;
        assertEq(_do(watcher, abi.encodeCall(market.conclude, (orders[index]))), allowed, "concluded in its time");
        if (!allowed) return;
        it.held = 0;
        if (it.auditor != 0) auditors[it.auditor - 1].held = false;
        if (it.audit == AuditState.Drawn) it.auditAt = clock;
    }
}
