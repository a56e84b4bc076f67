// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {JobId} from "../types/Ids.sol";
import {Order} from "../types/Order.sol";
import {Demand} from "../types/Demand.sol";
import {Job} from "../types/Job.sol";
import {IMarketTypes} from "./IMarketTypes.sol";

/// The ordinary case, in three transactions, and the views.
interface IMarketCore is IMarketTypes {
    // --- the ordinary case -----------------------------------------------------------------------------------

    /// Escrow the order's payment. `signature` is the requester's (EIP-712, ERC-1271 for contracts) and may be
    /// empty where the requester is the caller. The seed is the hash of the block two later; where a draw could
    /// then straddle an epoch boundary, of the first block of the next epoch; where the jobs of that seed are worth
    /// `seedCap` already, of one of the next blocks.
    function open(Order calldata order, bytes calldata signature) external returns (JobId);

    /// Open many jobs of one requester with one transfer; `signatures` may be empty where it is the caller.
    function openMany(Order[] calldata orders, bytes[] calldata signatures) external;

    /// As `open`, with the requester's ERC-2612 permit for the payment.
    function openWithPermit(
        Order calldata order,
        bytes calldata signature,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external returns (JobId);

    /// Fix the seed, the providers and the reserves; lock the providers' bonds. The job of a deferred order then waits
    /// for its input (`IMarketDeadlines.fixInput`).
    function draw(Order calldata order) external;

    /// Draw many jobs; those no longer open, not yet drawable or whose pool is exhausted are passed over.
    function drawMany(Order[] calldata orders) external;

    /// Settle on the agreeing claims of all active seats.
    function settle(Settlement calldata settlement) external;

    /// Settle many jobs; those no longer drawn, and claims that do not fit the job as it is now, are passed over.
    function settleMany(Settlement[] calldata settlements) external;

    /// Move all that the caller may withdraw to it: matured earnings and refunds.
    function withdraw() external;

    // --- views -----------------------------------------------------------------------------------------------

    /// The order's EIP-712 digest.
    function jobIdOf(Order calldata order) external view returns (JobId);
    function jobOf(JobId job) external view returns (Job memory);
    /// The seed of the job's draws; zero until drawn, and another one once a deferred input is fixed.
    function seedOf(JobId job) external view returns (bytes32);
    /// The draw of the current round: what claims and commitments name.
    function drawOf(JobId job) external view returns (bytes32);
    /// Seats now active and their providers, in seat order.
    function activeSeats(Order calldata order)
        external
        view
        returns (uint256[] memory seats, address[] memory providers);
    /// All of the above at once: the job, its seed, the root of its input (zero while a deferred order waits for it),
    /// its active seats with their providers, and what these have committed and revealed on chain in this round (zero
    /// where they have not).
    function stateOf(Order calldata order)
        external
        view
        returns (
            Job memory job,
            bytes32 seed,
            bytes32 inputRoot,
            uint256[] memory seats,
            address[] memory providers,
            bytes32[] memory commitments,
            bytes32[] memory reveals
        );
    function commitmentOf(bytes32 draw, uint256 seat) external view returns (bytes32);
    function revealOf(bytes32 draw, uint256 seat) external view returns (bytes32);
    /// What `account` can withdraw now, and what is still to mature.
    function balanceOf(address account) external view returns (uint256 withdrawable, uint256 pending);
    /// The job's demand for its input or its output.
    function demandOf(JobId job, bool output) external view returns (Demand memory);
    /// What the jobs whose seed is this block's are worth; forgotten some blocks later.
    function valueOfSeed(uint256 seedBlock) external view returns (uint256);
    function parameters() external view returns (Parameters memory);
    function domainSeparator() external view returns (bytes32);
}
