// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {ClaimLib} from "../types/Claim.sol";
import {JobId, PoolId} from "../types/Ids.sol";
import {Job, Phase, Seats, SeatsLib} from "../types/Job.sol";
import {Order, OrderLib} from "../types/Order.sol";
import {Slices} from "../types/Slices.sol";
import {IMarketDeadlines} from "./IMarketDeadlines.sol";
import {MarketBase} from "./MarketBase.sol";

/// From a drawn job that waits for its input to one that has it, or to its end. Until then there are no draws that
/// anything could be signed for, so nobody can commit, settle, contest, demand or be accused.
abstract contract Waiting is IMarketDeadlines, MarketBase {
    using OrderLib for Order;
    using SeatsLib for *;

    /// @inheritdoc IMarketDeadlines
    function fixInput(Order calldata order, bytes32 inputRoot, bytes calldata signature) external nonReentrant {
        (JobId id, Job memory job) = _load(order, Phase.Waiting);
        uint256 until = uint256(job.since) + INPUT_WINDOW;
        if (block.timestamp > until) revert TooLate(id, until);
        if (inputRoot == 0) revert ZeroInput();
        bytes32 digest = _hashTypedDataV4(ClaimLib.inputStructHash(id, inputRoot));
        if (msg.sender != order.requester
            && !SignatureChecker.isValidSignatureNow(order.requester, digest, signature))
        {
            revert BadOrderSignature(order.requester);
        }
        bytes32 seed = ClaimLib.seedWith(_seeds[id], inputRoot);
        (_inputs[id], _seeds[id]) = (inputRoot, seed);
        // SAFETY: Unix seconds. The draw locked the bonds for an input window longer.
        (job.phase, job.since) = (Phase.Drawn, uint32(block.timestamp));
        _jobs[id] = job;
        emit InputFixed(id, inputRoot, seed);
    }

    /// @inheritdoc IMarketDeadlines
    function inputOf(Order calldata order) external view returns (bytes32) {
        return _inputOf(order, _jobIdOf(order));
    }

    /// Refund the requester, less a reservation fee for each seat that stood by.
    function _endWaiting(Order calldata order, JobId id, Job memory job) internal {
        uint256 from = uint256(job.since) + INPUT_WINDOW + 1;
        if (block.timestamp < from) revert TooEarly(id, from);
        PoolId pool = order.pool();
        uint256[] memory seats = job.active(order.replicas);
        uint256 fee = order.share() / Slices.RESERVATION_PARTS;
        uint256 left = order.payment();
        uint256 paid;
        for (uint256 i; i < seats.length; ++i) {
            uint256 leaf = job.seats.leaf(seats[i]);
            paid |= 1 << seats[i];
            left -= fee;
            _credit(vault.ownerOf(pool, leaf), fee);
            // Nothing can ever be charged to these bonds: a requester shall not keep them from other jobs.
            if (block.timestamp >= _lockedUntil(job)) continue;
            vault.hold(pool, leaf, job.lockBucket);
            vault.release(pool, leaf);
        }
        // Nobody can be accused in its name any more: its bonds may back other jobs by now.
        job.seats = Seats.wrap(0);
        emit Reserved(id, paid, fee);
        _refund(order, id, job, left, RefundReason.InputWithheld);
    }
}
