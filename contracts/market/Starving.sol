// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {DemandState} from "../types/Demand.sol";
import {JobId} from "../types/Ids.sol";
import {Order, OrderLib} from "../types/Order.sol";
import {Job, SeatsLib} from "../types/Job.sol";
import {Slices} from "../types/Slices.sol";
import {Answering} from "./Answering.sol";

/// The end of a job whose input was demanded on chain and did not come.
abstract contract Starving is Answering {
    using OrderLib for Order;
    using SeatsLib for *;

    /// Refund the requester, less a reservation fee for each of the `seats` that demanded the input or has committed:
    /// those that are neither have not shown that they were there. `uncommitted` are the bits of seats without a
    /// commitment on chain.
    function _endStarved(Order calldata order, JobId id, Job memory job, uint256[] memory seats, uint256 uncommitted)
        internal
    {
        uint256 there = ~uncommitted | _demands[id][false].seats;
        uint256 fee = order.share() / Slices.RESERVATION_PARTS;
        uint256 paid;
        uint256 left = order.payment();
        job.seats = job.seats.only(seats);
        _refundDeposit(id, false, DemandState.Closed, 0);
        for (uint256 i; i < seats.length; ++i) {
            if ((there >> seats[i]) & 1 == 0) continue;
            paid |= 1 << seats[i];
            left -= fee;
            _credit(vault.ownerOf(order.pool(), job.seats.leaf(seats[i])), fee);
        }
        emit Reserved(id, paid, fee);
        _refund(order, id, job, left, RefundReason.InputWithheld);
    }
}
