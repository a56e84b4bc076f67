// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {JobId} from "../types/Ids.sol";
import {Order} from "../types/Order.sol";
import {Job, Phase} from "../types/Job.sol";
import {IMarketCore} from "./IMarketCore.sol";
import {Revealing} from "./Revealing.sol";

/// From a drawn job to a settled one, on the providers' signatures alone.
abstract contract Settling is IMarketCore, Revealing {
    /// @inheritdoc IMarketCore
    function settle(Settlement calldata settlement) external nonReentrant {
        Order calldata order = settlement.order;
        (JobId id, Job memory job) = _load(order, Phase.Drawn);
        if (block.timestamp > _payableUntil(job)) revert TooLate(id, _payableUntil(job));
        bytes32[] memory outputs = _repeated(settlement.outputRoot, settlement.reveals.length);
        Verified memory found = _verified(order, id, job, outputs, settlement.reveals);
        _pay(order, id, job, settlement.outputRoot, found.seats, found.providers);
    }

    /// @inheritdoc IMarketCore
    function settleMany(Settlement[] calldata settlements) external nonReentrant {
        for (uint256 i; i < settlements.length; ++i) {
            Settlement calldata settlement = settlements[i];
            Order calldata order = settlement.order;
            JobId id = _jobIdOf(order);
            Job memory job = _jobs[id];
            if (job.phase != Phase.Drawn || block.timestamp > _payableUntil(job)) continue;
            bytes32[] memory outputs = _repeated(settlement.outputRoot, settlement.reveals.length);
            Verified memory found = _verify(order, id, job, outputs, settlement.reveals);
            // A job that has gone on to another round meanwhile spoils nobody else's settlement.
            if (found.problem != Problem.None) continue;
            _pay(order, id, job, settlement.outputRoot, found.seats, found.providers);
        }
    }
}
