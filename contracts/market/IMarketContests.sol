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

    /// Hold the bonds of a settled job until the resolver, which alone may call, has spoken; returns the seats that are
    /// held. Possible while the bonds are locked, and again once a challenge has been concluded: the verdict asked for is
    /// then on the new one. `outputRoot` is what the job was settled on; `reveals` are those that settled it, or empty
    /// where its results were revealed on chain. The job stays settled.
    function challenge(Order calldata order, bytes32 outputRoot, Reveal[] calldata reveals)
        external
        returns (uint256[] memory seats);

    /// Carry out the resolver's verdict on a contested or a challenged job, or let the bonds go when the contest window
    /// has passed without one. Seats that equivocated are guilty in any case. The bonds of a challenged job are locked
    /// again for what is left of their time.
    function conclude(Order calldata order) external;

    /// Slash a provider that signed two commitments for one draw. The caller earns the bounty; while a contest
    /// or a challenge holds the bond the provider is guilty instead, `conclude` slashes it, and the bounty is the winner's.
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

    /// The job's pending challenge: when it began (zero: none is pending), and the bits of the seats whose bonds it holds.
    function challengeOf(JobId job) external view returns (uint256 since, uint256 seats);
}
