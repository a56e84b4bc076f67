// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AnswerFee, Demand, DemandState} from "../types/Demand.sol";
import {JobId} from "../types/Ids.sol";
import {Order, OrderLib} from "../types/Order.sol";
import {Job, SeatsLib} from "../types/Job.sol";
import {Slices} from "../types/Slices.sol";
import {MarketBase} from "./MarketBase.sol";

/// The end of a job whose input was demanded on chain and did not come.
abstract contract Starving is MarketBase {
    using OrderLib for Order;
    using SeatsLib for *;

    /// Whether a demand for the input went unanswered; reverts while it still may be answered.
    function _starves(JobId id) internal view returns (bool) {
        Demand memory demand = _demands[id][false];
        if (demand.state != DemandState.Pending) return false;
        if (block.timestamp <= demand.deadline) revert DemandPending(id, demand.deadline);
        return true;
    }

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

    /// Return the deposit of a demand for the input that the job needs no more. While the job goes on, another may be
    /// made: a seat that comes later may lack the input too.
    function _dropDemand(JobId id) internal {
        if (_demands[id][false].state == DemandState.Pending) _refundDeposit(id, false, DemandState.None, 0);
    }

    /// End a demand: `fee` of its deposit has gone elsewhere, the rest is the demander's again.
    function _refundDeposit(JobId id, bool output, DemandState state, uint256 fee) internal {
        Demand storage demand = _demands[id][output];
        demand.state = state;
        uint256 returned = AnswerFee.deposit(ANSWER_PRICE) - fee;
        _credit(demand.demander, returned);
        emit DemandClosed(id, output, demand.demander, returned);
    }
}
