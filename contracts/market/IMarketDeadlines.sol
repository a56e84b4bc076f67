// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Order} from "../types/Order.sol";
import {IMarketTypes} from "./IMarketTypes.sol";

/// What anyone can do when somebody is silent.
interface IMarketDeadlines is IMarketTypes {
    /// Refund a job that was not drawn in time.
    function expire(Order calldata order) external;

    /// Post a seat's commitment: by its provider, or by anyone with its signature on the commitment.
    function commit(Order calldata order, uint256 seat, SignedCommit calldata signed) external;

    /// Reveal a posted commitment, once all active seats have posted theirs. The salt is proof enough of who
    /// reveals.
    function reveal(Order calldata order, uint256 seat, bytes32 outputRoot, bytes32 salt) external;

    /// Post the commitments that are known and not yet posted, and then advance, unless these complete the set.
    function commitAndAdvance(Order calldata order, uint256[] calldata seats, SignedCommit[] calldata signed)
        external;

    /// Move a drawn job on once a deadline has passed: slash the silent and seat reserves, or settle, contest or
    /// refund on what was revealed.
    function advance(Order calldata order) external;
}
