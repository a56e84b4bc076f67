// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Audit, AuditLib} from "../types/Audit.sol";
import {JobId} from "../types/Ids.sol";
import {Order} from "../types/Order.sol";
import {Phase} from "../types/Job.sol";
import {Answering} from "./Answering.sol";
import {IMarketDemands} from "./IMarketDemands.sol";
import {Vouching} from "./Vouching.sol";

/// The input on chain, for an auditor that is refused it off chain.
abstract contract Serving is IMarketDemands, Answering, Vouching {
    /// @inheritdoc IMarketDemands
    function demandAuditInput(Order calldata order) external nonReentrant {
        (JobId id,) = _load(order, Phase.Settled);
        Audit memory audit = _audits[id];
        _requireAuditor(order, id, audit);
        uint256 until = audit.since + COMMIT_WINDOW;
        if (block.timestamp > until) revert TooLate(id, until);
        // What a seat once demanded, and the job went on without, is forgotten.
        if (!_isDemanded(id)) _dropDemand(id);
        _demand(id, false, AuditLib.SEAT, _inputOf(order, id), uint8(1 << AuditLib.SEAT));
    }

    /// @inheritdoc IMarketDemands
    function answerAuditInput(Order calldata order, bytes calldata payload, bytes32 salt) external nonReentrant {
        (JobId id,) = _load(order, Phase.Settled);
        Audit memory audit = _audits[id];
        _requireDrawn(id, audit);
        if (!_isDemanded(id)) revert NoDemand(id, false);
        _answer(id, false, payload, salt, _inputOf(order, id));
        // SAFETY: Unix seconds.
        _audits[id].since = uint64(block.timestamp);
    }
}
