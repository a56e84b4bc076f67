// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {JobId, PoolId} from "../types/Ids.sol";
import {Order, OrderLib} from "../types/Order.sol";
import {Job, SeatsLib} from "../types/Job.sol";
import {Starving} from "./Starving.sol";

/// Seats reserves in the place of providers that failed. The reserves are the next indices of the job's seed, named
/// when it was drawn, so that no stake that moved since can become one.
abstract contract Replacing is Starving {
    using OrderLib for Order;
    using SeatsLib for *;

    /// Begin a new round with reserves in the place of failed seats, or refund the requester where too few are
    /// left. `before` are the seats that were active until now.
    function _nextRound(Order calldata order, JobId id, Job memory job, uint256[] memory before) internal {
        // A demand of the last round is over; the seats of the next may make their own.
        _dropDemand(id);
        // A round that could not end in time to be paid is not begun: at the latest its input comes at the end of its
        // commit window and an answer window, and a second commit window follows. The job keeps only the seats whose
        // bonds it locked, so that no reserve can be accused in its name.
        uint256 longest = 2 * uint256(COMMIT_WINDOW) + ANSWER_WINDOW + REVEAL_WINDOW;
        if (block.timestamp + longest > _payableUntil(job)) {
            job.seats = job.seats.only(before);
            return _refund(order, id, job, order.payment(), RefundReason.TooLate);
        }
        PoolId pool = order.pool();
        uint256 known;
        for (uint256 i; i < before.length; ++i) known |= 1 << before[i];

        uint256[] memory seats = job.active(order.replicas);
        for (uint256 i; i < seats.length;) {
            uint256 seat = seats[i++];
            if ((known >> seat) & 1 != 0) continue;
            known |= 1 << seat;
            bool locked = vault.tryLock(pool, job.seats.leaf(seat), job.lockBucket);
            emit SeatReplaced(id, seat, locked);
            if (locked) continue;
            // A reserve without a free slot is passed over, unpunished; look at the seats anew.
            job.failed |= uint8(1 << seat);
            seats = job.active(order.replicas);
            i = 0;
        }
        if (seats.length < order.replicas) {
            return _refund(order, id, job, order.payment(), RefundReason.NoReplacement);
        }
        job.round += 1;
        job.since = uint32(block.timestamp);
        _jobs[id] = job;
        emit RoundStarted(id, job.round);
    }
}
