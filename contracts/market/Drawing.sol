// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {JobId} from "../types/Ids.sol";
import {Order, OrderLib} from "../types/Order.sol";
import {Job, Phase, Seats} from "../types/Job.sol";
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
        bytes32 seed = _prepare(order, id, job);
        Seats seats = vault.draw(order.pool(), seed, order.replicas, RESERVES, job.lockBucket);
        _record(order, id, job, seed, seats);
    }

    /// @inheritdoc IMarketCore
    function drawMany(Order[] calldata orders) external nonReentrant {
        for (uint256 i; i < orders.length; ++i) {
            JobId id = _jobIdOf(orders[i]);
            Job memory job = _jobs[id];
            if (job.phase != Phase.Open || block.number <= job.since) continue;
            if (block.number > uint256(job.since) + DRAW_BLOCKS) continue;
            bytes32 seed = _prepare(orders[i], id, job);
            // A pool that is exhausted spoils nobody else's draw.
            try vault.draw(orders[i].pool(), seed, orders[i].replicas, RESERVES, job.lockBucket) returns (Seats seats) {
                _record(orders[i], id, job, seed, seats);
            } catch {}
        }
    }

    function _prepare(Order calldata order, JobId id, Job memory job) private view returns (bytes32 seed) {
        seed = keccak256(abi.encode(id, beacon.seedOf(job.since)));
        uint256 lockTime = order.isDeferred() ? LOCK_TIME + INPUT_WINDOW : LOCK_TIME;
        // SAFETY: Unix seconds, and buckets of at least one second, fit 32 bits until 2106.
        job.lockBucket = uint32((block.timestamp + lockTime) / BUCKET_SECONDS);
    }

    function _record(Order calldata order, JobId id, Job memory job, bytes32 seed, Seats seats) private {
        job.seats = seats;
        job.phase = order.isDeferred() ? Phase.Waiting : Phase.Drawn;
        job.since = uint32(block.timestamp);
        _jobs[id] = job;
        _seeds[id] = seed;
        emit Drawn(id, seed, seats, job.lockBucket);
    }
}
