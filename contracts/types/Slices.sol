// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// How a slot's bond is cut. Every slice is fixed and backs one purpose only, so that no payout waits on
/// another. All are multiples of the slot's ceiling, the most that the slot can be owed for one job.
///
///   bond = refund (1) + compensation (4) + bounty (1) + burn (6) = 12 ceilings
///
/// Compensation pays the other replicas, at most four of them. Half of what is slashed is burned, so that
/// slashing oneself never pays, however the roles are split.
library Slices {
    uint256 internal constant REFUND = 1;
    uint256 internal constant COMPENSATION = 4;
    uint256 internal constant BOUNTY = 1;
    uint256 internal constant BURN = 6;
    uint256 internal constant BOND = REFUND + COMPENSATION + BOUNTY + BURN;

    /// What silence costs. All of it is burned: were a part of it paid to the requester, one that withholds the
    /// input from a provider could earn by it.
    uint256 internal constant NO_SHOW = 2;

    /// A provider that is kept waiting for the input is paid one part in so many of its share, out of the escrow:
    /// less than honest work brings, so that nobody gains by pretending to wait.
    uint256 internal constant RESERVATION_PARTS = 8;
}
