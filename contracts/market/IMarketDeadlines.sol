// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Order} from "../types/Order.sol";
import {IMarketTypes} from "./IMarketTypes.sol";

/// What must come within its time, and what anyone can do when it does not.
interface IMarketDeadlines is IMarketTypes {
    /// Fix the input of a drawn job whose order is deferred (it has an input root of zero): by its requester, or by
    /// anyone with its signature on Input(bytes32 job,bytes32 inputRoot); once, and within an input window from the
    /// draw, which is (2 + 1) * (commitWindow + revealWindow). The commit window begins here, and the draws name the
    /// input from here on.
    function fixInput(Order calldata order, bytes32 inputRoot, bytes calldata signature) external;

    /// The root of the job's input: the order's, or the fixed one of a deferred order, zero until then.
    function inputOf(Order calldata order) external view returns (bytes32);

    /// Refund a job that was not drawn in time; and one whose input was not fixed in time, less a reservation fee for
    /// each seat, whose bonds are free again.
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
