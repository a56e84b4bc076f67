// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Audit, AuditLib, AuditState} from "../types/Audit.sol";
import {Demand, DemandState} from "../types/Demand.sol";
import {JobId} from "../types/Ids.sol";
import {Order, OrderLib} from "../types/Order.sol";
import {Slices} from "../types/Slices.sol";
import {MarketBase} from "./MarketBase.sol";

/// Who audits a job, and the bond of an auditor that vouched: it stands and falls with the result.
abstract contract Vouching is MarketBase {
    using OrderLib for Order;
    using AuditLib for Audit;

    /// A challenge of the job holds the bond of an auditor that vouched as well.
    function _holdAuditor(Order calldata order, JobId id) internal returns (bool) {
        Audit memory audit = _audits[id];
        if (audit.state != AuditState.Vouched) return false;
        _audits[id].held = true;
        vault.hold(order.pool(), audit.leaf(), audit.lockBucket);
        return true;
    }

    /// The auditor's bit where its seal has been refuted while a challenge holds its bond.
    function _failedAuditor(JobId id) internal view returns (uint256) {
        return _audits[id].state == AuditState.Over ? 1 << AuditLib.SEAT : 0;
    }

    /// The challenge is over, and the auditor may be `guilty`. One that could not vouch meanwhile has a whole window
    /// from here.
    function _freeAuditor(Order calldata order, JobId id, bool guilty, address winner) internal {
        Audit memory audit = _audits[id];
        if (audit.state == AuditState.Drawn) {
            // SAFETY: Unix seconds.
            _audits[id].since = uint64(block.timestamp);
        } else if (audit.held && guilty) {
            _forfeitAuditor(order, id, audit, Failure.Guilty, winner);
        } else if (audit.held) {
            _audits[id].held = false;
            vault.unhold(order.pool(), audit.leaf(), audit.lockBucket);
        }
    }

    /// Forfeit the auditor's whole bond: the refund slice is the requester's, the bounty `rewarded`'s unless that is
    /// zero, all else is burned.
    function _forfeitAuditor(Order calldata order, JobId id, Audit memory audit, Failure reason, address rewarded)
        internal
    {
        uint256 ceiling = _ceiling(order);
        address[] memory accounts = new address[](2);
        uint256[] memory amounts = new uint256[](2);
        (accounts[0], amounts[0]) = (order.requester, Slices.REFUND * ceiling);
        if (rewarded != address(0)) (accounts[1], amounts[1]) = (rewarded, Slices.BOUNTY * ceiling);
        uint256 burned = Slices.BOND * ceiling - amounts[0] - amounts[1];
        uint256 leaf = audit.leaf();
        uint32 bucket = audit.held ? HELD : audit.lockBucket;
        emit AuditorFailed(id, vault.ownerOf(order.pool(), leaf), reason);
        (audit.state, audit.held) = (AuditState.Over, false);
        _audits[id] = audit;
        vault.slash(order.pool(), leaf, bucket, burned, accounts, amounts);
    }

    /// Unix time at which the auditor's bond unlocks by itself.
    function _auditorLockedUntil(Audit memory audit) internal view returns (uint256) {
        return (uint256(audit.lockBucket) + 1) * BUCKET_SECONDS;
    }

    /// Whether the auditor waits for the input.
    function _isDemanded(JobId id) internal view returns (bool) {
        Demand memory demand = _demands[id][false];
        return demand.state == DemandState.Pending && demand.seats == 1 << AuditLib.SEAT;
    }

    function _requireDrawn(JobId id, Audit memory audit) internal pure {
        if (audit.state != AuditState.Drawn) revert NoAudit(id, audit.state);
    }

    function _requireAuditor(Order calldata order, JobId id, Audit memory audit)
        internal
        view
        returns (address auditor)
    {
        _requireDrawn(id, audit);
        auditor = vault.ownerOf(order.pool(), audit.leaf());
        if (msg.sender != auditor) revert NotTheAuditor(msg.sender, auditor);
    }
}
