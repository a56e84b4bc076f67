// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {JobId} from "../types/Ids.sol";
import {Order} from "../types/Order.sol";
import {IMarketTypes} from "./IMarketTypes.sol";

/// What anyone can do when somebody lies.
interface IMarketContests is IMarketTypes {
    /// Contest a job on the differing claims of all active seats: the requester is refunded at once, the bonds are
    /// held until the resolver has spoken.
    function contest(Order calldata order, bytes32[] calldata outputRoots, Reveal[] calldata reveals) external;

    /// Carry out the resolver's verdict on a contested or a challenged job, or let the bonds go when the contest window
    /// has passed without one. Seats that equivocated are guilty in any case. The bonds of a challenged job are locked
    /// again for what is left of their time.
    function conclude(Order calldata order) external;

    /// Slash a provider that signed two commitments for one draw. The caller earns the bounty; while a contest
    /// or a challenge holds the bond the provider is guilty instead, `conclude` slashes it, and the bounty is the
    /// winner's.
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
