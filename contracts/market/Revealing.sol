// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {JobId} from "../types/Ids.sol";
import {Order, OrderLib} from "../types/Order.sol";
import {Claim, ClaimLib} from "../types/Claim.sol";
import {Job, SeatsLib} from "../types/Job.sol";
import {MarketBase} from "./MarketBase.sol";

/// Checks the signed claims of a whole round.
abstract contract Revealing is MarketBase {
    using OrderLib for Order;
    using SeatsLib for Job;

    /// Check that every active seat's provider signed its claim against the set of all commitments, which is
    /// recomputed from the outputs and salts.
    function _verifyReveals(
        Order calldata order,
        JobId id,
        Job memory job,
        bytes32[] memory outputs,
        Reveal[] calldata reveals
    ) internal view returns (uint256[] memory seats, address[] memory providers, bytes32 draw) {
        if (block.timestamp > _payableUntil(job)) revert TooLate(id, _payableUntil(job));
        seats = job.active(order.replicas);
        uint256 count = seats.length;
        if (reveals.length != order.replicas || outputs.length != count || count != order.replicas) {
            revert WrongRevealCount(reveals.length, order.replicas);
        }
        providers = vault.ownersOf(order.pool(), job.seats, seats);
        draw = ClaimLib.drawOf(_seeds[id], job.round);

        bytes32[] memory commitments = new bytes32[](count);
        for (uint256 i; i < count; ++i) {
            if (outputs[i] == 0) revert ZeroOutput();
            commitments[i] = ClaimLib.commitment(id, draw, providers[i], outputs[i], reveals[i].salt);
        }
        bytes32 set = ClaimLib.setOf(commitments);
        for (uint256 i; i < count; ++i) {
            bytes32 structHash = ClaimLib.structHash(
                Claim(id, draw, order.shard, order.inputRoot, outputs[i], set, reveals[i].salt)
            );
            if (!_signed(structHash, reveals[i].signature, providers[i])) {
                revert BadClaimSignature(seats[i], providers[i]);
            }
        }
    }
}
