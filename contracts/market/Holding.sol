// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {JobId} from "../types/Ids.sol";
import {Order, OrderLib} from "../types/Order.sol";
import {Job, Phase, SeatsLib} from "../types/Job.sol";
import {MarketBase} from "./MarketBase.sol";

/// What happens when results differ. Nobody is outvoted: the requester is refunded at once, and the bonds stay
/// where they are until the resolver has spoken.
abstract contract Holding is MarketBase {
    using OrderLib for Order;
    using SeatsLib for *;

    /// Refund the requester and hold the bonds of all seats that revealed.
    function _contest(
        Order calldata order,
        JobId id,
        Job memory job,
        bytes32 draw,
        uint256[] memory seats,
        bytes32[] memory outputs
    ) internal {
        job.phase = Phase.Contested;
        job.since = uint32(block.timestamp);
        job.seats = job.seats.only(seats);
        _jobs[id] = job;
        for (uint256 i; i < seats.length; ++i) {
            vault.hold(order.pool(), job.seats.leaf(seats[i]), job.lockBucket);
        }
        uint256 payment = order.payment();
        _credit(order.requester, payment);
        emit Refunded(id, payment, RefundReason.Contested);
        emit Contested(id, draw, seats, outputs);
        resolver.opened(id, keccak256(abi.encode(id, draw, seats, outputs)));
    }

    function _allEqual(bytes32[] memory outputs) internal pure returns (bool) {
        for (uint256 i = 1; i < outputs.length; ++i) {
            if (outputs[i] != outputs[0]) return false;
        }
        return true;
    }
}
