// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {AuditState} from "../../../contracts/types/Audit.sol";
import {DemandState} from "../../../contracts/types/Demand.sol";
import {Phase} from "../../../contracts/types/Job.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {AnyoneMoves} from "./AnyoneMoves.sol";

/// What requesters, auditors and passers-by do about audits.
abstract contract AuditMoves is AnyoneMoves {
    // --- what the notes allow --------------------------------------------------------------------------------

    /// There is no result any more that an audit could look at.
    function _answered(Notes storage it) private view returns (bool) {
        return it.phase != Phase.Settled || it.paid & (it.failed | it.twoFaced) != 0;
    }

    function _mayAdvanceAudit(uint256 index) internal view returns (bool) {
        Notes storage it = notes[index];
        if (it.audit == AuditState.Due) return _answered(it) || height > it.seedBlock;
        if (it.audit != AuditState.Drawn) return false;
        if (!_answered(it) && it.auditDemand) return clock > it.inputDeadline;
        if (it.held != 0) return false;
        return _answered(it) || clock > it.auditAt + COMMIT;
    }

    function _auditorOf(Notes storage it) private view returns (address) {
        return vault.ownerOf(it.pool, auditors[it.auditor - 1].leaf);
    }

    /// A job whose audit is in this state, the newest ones first; false where none is.
    function _pickAudit(uint256 seed, AuditState state) private view returns (bool found, uint256 index) {
        uint256 skipped = _pick(seed, 3);
        for (uint256 i = notes.length; i != 0; --i) {
            if (notes[i - 1].audit != state) continue;
            (found, index) = (true, i - 1);
            if (skipped == 0) break;
            --skipped;
        }
    }

    // --- moves -----------------------------------------------------------------------------------------------

    function requester_requests_an_audit(uint256 seed) external {
        (bool found, uint256 index) = _pickJob(seed, Phase.Settled);
        if (!found) return;
        Notes storage it = notes[index];
        bool allowed = (it.audit == AuditState.None || it.audit == AuditState.Over) && !it.vouched && !_answered(it)
            && clock + 2 * uint256(COMMIT) + ANSWER < it.lockedUntil;
        assertEq(_do(requester, abi.encodeCall(market.requestAudit, (orders[index]))), allowed, "asked for an audit");
    }

    function anyone_draws_an_auditor(uint256 seed) external {
        (bool found, uint256 index) = _pickAudit(seed, AuditState.Due);
        if (!found) return;
        if (_pick(seed, 4) != 0 && height <= notes[index].seedBlock) _goBlocks(notes[index].seedBlock + 1);
        _advanceAudit(index);
    }

    /// Silent auditors, unanswered demands and jobs that have ended.
    function anyone_advances_an_audit(uint256 seed) external {
        (bool found, uint256 index) = _pickAudit(seed, AuditState.Drawn);
        if (!found) return;
        Notes storage it = notes[index];
        uint256 until = it.auditDemand ? it.inputDeadline : it.auditAt + COMMIT;
        if (clock <= until && _pick(seed, 3) == 0) _goTo(until + _pick(seed, 2));
        _advanceAudit(index);
    }

    function _advanceAudit(uint256 index) private {
        bool allowed = _mayAdvanceAudit(index);
        bytes memory data = abi.encodeCall(market.advanceAudit, (orders[index]));
        assertEq(_do(watcher, data), allowed, "an audit goes on in its time");
    }

    /// Some seal what they never computed.
    function auditor_vouches(uint256 seed) external {
        (bool found, uint256 index) = _pickAudit(seed, AuditState.Drawn);
        if (!found) return;
        Notes storage it = notes[index];
        address auditor = _auditorOf(it);
        bool bad = _pick(seed, 3) == 0;
        bytes32 seal = bad ? bytes32("made up") : _seal(orders[index], auditor);
        bool allowed = !_answered(it) && it.held == 0 && clock < it.lockedUntil;
        assertEq(_do(auditor, abi.encodeCall(market.vouch, (orders[index], seal))), allowed, "vouched in its time");
        if (!allowed) return;
        it.sealedBadly = bad;
        if (bad && _pick(seed, 4) == 0) _refute(index);
    }

    function auditor_demands(uint256 seed) external {
        (bool found, uint256 index) = _pickAudit(seed, AuditState.Drawn);
        if (!found) return;
        Notes storage it = notes[index];
        address auditor = _auditorOf(it);
        _prepay(auditor);
        DemandState state = market.demandOf(it.id, false).state;
        bool free = state == DemandState.None || (state == DemandState.Pending && !it.auditDemand);
        bool allowed = it.phase == Phase.Settled && free && clock <= it.auditAt + COMMIT;
        bytes memory data = abi.encodeCall(market.demandAuditInput, (orders[index]));
        assertEq(_do(auditor, data), allowed, "demanded in its time");
    }

    function anyone_answers_an_auditor(uint256 seed) external {
        (bool found, uint256 index) = _pickAudit(seed, AuditState.Drawn);
        if (!found) return;
        Notes storage it = notes[index];
        bool allowed = it.phase == Phase.Settled && it.auditDemand && clock <= it.inputDeadline;
        bytes memory data = abi.encodeCall(market.answerAuditInput, (orders[index], PAYLOAD, SALT));
        assertEq(_do(watcher, data), allowed, "answered in its time");
        if (allowed) published[it.id] = true;
    }

    function anyone_refutes_a_seal(uint256 seed) external {
        (bool found, uint256 index) = _pickAudit(seed, AuditState.Vouched);
        if (!found) return;
        // Mostly one that was made up, if there is one.
        for (uint256 i; i < notes.length && _pick(seed, 4) != 0; ++i) {
            if (notes[i].audit == AuditState.Vouched && notes[i].sealedBadly) index = i;
        }
        _refute(index);
    }

    function _refute(uint256 index) private {
        Notes storage it = notes[index];
        AuditorNotes storage auditor = auditors[it.auditor - 1];
        bool cuttable = auditor.held || clock < auditor.lockedUntil;
        bool allowed = it.sealedBadly && it.output == _result() && cuttable;
        IMarketTypes.Reveal[] memory claims = claimsOf[index];
        Order memory order = orders[index];
        bytes memory data = abi.encodeCall(market.refuteVouch, (order, it.output, claims, _sealed(), SALT));
        assertEq(_do(watcher, data), allowed, "a seal is refuted that was made up");
    }
}
