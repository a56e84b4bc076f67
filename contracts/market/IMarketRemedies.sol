// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Order} from "../types/Order.sol";
import {IMarketTypes} from "./IMarketTypes.sol";

/// What anyone can do when somebody is silent or lies.
interface IMarketRemedies is IMarketTypes {
    // --- when somebody is silent -----------------------------------------------------------------------------

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

    // --- when somebody lies ----------------------------------------------------------------------------------

    /// Contest a job on the differing claims of all active seats: the requester is refunded at once, the bonds are
    /// held until the resolver has spoken.
    function contest(Order calldata order, bytes32[] calldata outputRoots, Reveal[] calldata reveals) external;

    /// Carry out the resolver's verdict, or let the bonds go when the contest window has passed without one. Seats
    /// that equivocated are guilty in any case.
    function conclude(Order calldata order) external;

    /// Slash a provider that signed two commitments for one draw. The caller earns the bounty; in a contested job
    /// the provider is guilty instead, `conclude` slashes it, and the bounty is the winner's.
    function punishTwoCommits(
        Order calldata order,
        uint256 seat,
        uint8 round,
        SignedCommit calldata a,
        SignedCommit calldata b
    ) external;

    /// As `punishTwoCommits`, for two claims.
    function punishTwoClaims(
        Order calldata order,
        uint256 seat,
        uint8 round,
        SignedClaim calldata a,
        SignedClaim calldata b
    ) external;
}
