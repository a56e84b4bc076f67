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

    enum Problem {
        None,
        WrongCount,
        ZeroOutput,
        BadClaim
    }

    /// What the claims of a round show.
    struct Verified {
        uint256[] seats;
        address[] providers;
        bytes32 draw;
        Problem problem;
        /// The entry that a bad claim stands at.
        uint256 entry;
    }

    /// Whether every active seat's provider signed its claim against the set of all commitments, which is recomputed
    /// from the outputs and salts.
    function _verify(
        Order calldata order,
        JobId id,
        Job memory job,
        bytes32[] memory outputs,
        Reveal[] calldata reveals
    ) internal view returns (Verified memory found) {
        uint256[] memory seats = job.active(order.replicas);
        uint256 count = seats.length;
        found.seats = seats;
        if (reveals.length != order.replicas || outputs.length != count || count != order.replicas) {
            found.problem = Problem.WrongCount;
            return found;
        }
        address[] memory providers = vault.ownersOf(order.pool(), job.seats, seats);
        bytes32 draw = ClaimLib.drawOf(_seeds[id], job.round);
        (found.providers, found.draw) = (providers, draw);

        bytes32[] memory commitments = new bytes32[](count);
        for (uint256 i; i < count; ++i) {
            if (outputs[i] == 0) {
                found.problem = Problem.ZeroOutput;
                return found;
            }
            commitments[i] = ClaimLib.commitment(id, draw, providers[i], outputs[i], reveals[i].salt);
        }
        bytes32 set = ClaimLib.setOf(commitments);
        bytes32 inputRoot = _inputOf(order, id);
        for (uint256 i; i < count; ++i) {
            bytes32 structHash = ClaimLib.structHash(
                Claim(id, draw, order.shard, inputRoot, outputs[i], set, reveals[i].salt)
            );
            if (!_signed(structHash, reveals[i].signature, providers[i])) {
                (found.problem, found.entry) = (Problem.BadClaim, i);
                return found;
            }
        }
    }

    /// As `_verify`, for claims that must be good.
    function _verified(
        Order calldata order,
        JobId id,
        Job memory job,
        bytes32[] memory outputs,
        Reveal[] calldata reveals
    ) internal view returns (Verified memory found) {
        found = _verify(order, id, job, outputs, reveals);
        if (found.problem == Problem.WrongCount) revert WrongRevealCount(reveals.length, order.replicas);
        if (found.problem == Problem.ZeroOutput) revert ZeroOutput();
        if (found.problem == Problem.BadClaim) {
            revert BadClaimSignature(found.seats[found.entry], found.providers[found.entry]);
        }
    }

    function _repeated(bytes32 output, uint256 count) internal pure returns (bytes32[] memory outputs) {
        outputs = new bytes32[](count);
        for (uint256 i; i < count; ++i) outputs[i] = output;
    }
}
