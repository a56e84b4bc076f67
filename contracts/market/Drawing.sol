// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {JobId} from "../types/Ids.sol";
import {Order, OrderLib} from "../types/Order.sol";
import {Job, Phase} from "../types/Job.sol";
import {IMarketCore} from "./IMarketCore.sol";
import {MarketBase} from "./MarketBase.sol";

/// From an open job to a drawn one.
abstract contract Drawing is IMarketCore, MarketBase {
    using OrderLib for Order;

    /// @inheritdoc IMarketCore
    function draw(Order calldata order) external nonReentrant {
        (JobId id, Job memory job) = _load(order, Phase.Open);
        uint256 last = uint256(job.since) + DRAW_BLOCKS;
        if (block.number <= job.since) revert TooEarly(id, uint256(job.since) + 1);
        if (block.number > last) revert TooLate(id, last);
        _draw(order, id, job);
    }

    /// @inheritdoc IMarketCore
    function drawMany(Order[] calldata orders) external nonReentrant {
        for (uint256 i; i < orders.length; ++i) {
            JobId id = _jobIdOf(orders[i]);
            Job memory job = _jobs[id];
            if (job.phase != Phase.Open || block.number <= job.since) continue;
            if (block.number > uint256(job.since) + DRAW_BLOCKS) continue;
            _draw(orders[i], id, job);
        }
    }

    function _draw(Order calldata order, JobId id, Job memory job) private {
        bytes32 seed = keccak256(abi.encode(id, beacon.seedOf(job.since)));
        // SAFETY: Unix seconds, and buckets of at least one second, fit 32 bits until 2106.
        job.lockBucket = uint32((block.timestamp + LOCK_TIME) / BUCKET_SECONDS);
        job.seats = vault.draw(order.pool(), seed, order.replicas, RESERVES, job.lockBucket);
        job.phase = Phase.Drawn;
        job.since = uint32(block.timestamp);
        _jobs[id] = job;
        _seeds[id] = seed;
        emit Drawn(id, seed, job.seats, job.lockBucket);
    }
}
