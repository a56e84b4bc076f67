// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ClaimLib} from "../types/Claim.sol";
import {JobId} from "../types/Ids.sol";
import {Order} from "../types/Order.sol";
import {Job, SeatsLib} from "../types/Job.sol";
import {Revealing} from "./Revealing.sol";

/// What a settled job was settled on, which the market does not store, and whom it paid.
abstract contract Recalling is Revealing {
    using SeatsLib for Job;

    /// The seats that a settled job paid: all that it keeps, those that lost their bond since included.
    function _paid(Order calldata order, Job memory job) internal pure returns (uint256[] memory seats) {
        uint8 failed = job.failed;
        job.failed = 0;
        seats = job.active(order.replicas);
        job.failed = failed;
    }

    /// Whether the job was settled on this output: by the results that all of its seats revealed on chain, or by
    /// their claims.
    function _isSettled(
        Order calldata order,
        JobId id,
        Job memory job,
        uint256[] memory seats,
        bytes32 outputRoot,
        Reveal[] calldata reveals
    ) internal view returns (bool) {
        if (reveals.length == 0) {
            bytes32 draw = ClaimLib.drawOf(_seeds[id], job.round);
            for (uint256 i; i < seats.length; ++i) {
                if (_reveals[draw][seats[i]] != outputRoot) return false;
            }
            return outputRoot != 0;
        }
        uint8 failed = job.failed;
        job.failed = 0;
        Verified memory found = _verify(order, id, job, _repeated(outputRoot, reveals.length), reveals);
        job.failed = failed;
        return found.problem == Problem.None;
    }
}
