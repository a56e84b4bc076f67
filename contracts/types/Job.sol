// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// Life of a job. `Settled` becomes final by time alone.
enum Phase {
    None,
    Open,
    /// Drawn, and the input of its deferred order is not fixed yet.
    Waiting,
    Drawn,
    Settled,
    Contested,
    Concluded,
    Refunded
}

/// One storage word per job. The order itself is not stored: its digest is the job's id, and callers bring it.
struct Job {
    Phase phase;
    /// Open: the block whose hash is the seed. Waiting: Unix time of the draw. Drawn: Unix time at which the commit
    /// window began (once all have committed on chain, the time that makes it end then). Later: Unix time of
    /// settlement, contest or refund.
    uint32 since;
    /// Time bucket until whose end the drawn bonds are locked.
    uint32 lockBucket;
    /// Bit i: the provider of seat i has been slashed or skipped.
    uint8 failed;
    uint8 round;
    Seats seats;
}

/// Seven seats of 24 bits, each a leaf of the pool plus one, zero where empty; in the order in which the seed
/// drew them. The first `replicas` that have not failed are active, the rest are reserves. A settled job keeps the
/// seats that it paid, a contested one those whose bonds it holds.
type Seats is uint168;

library SeatsLib {
    uint256 internal constant CAPACITY = 7;

    function leaf(Seats seats, uint256 seat) internal pure returns (uint256) {
        return ((Seats.unwrap(seats) >> (24 * seat)) & 0xffffff) - 1;
    }

    function isEmpty(Seats seats, uint256 seat) internal pure returns (bool) {
        return seat >= CAPACITY || (Seats.unwrap(seats) >> (24 * seat)) & 0xffffff == 0;
    }

    /// SAFETY: a leaf is below 2^24 - 1 (StakeVault.MAX_LEAVES), seat below CAPACITY.
    function with(Seats seats, uint256 seat, uint256 leaf_) internal pure returns (Seats) {
        return Seats.wrap(uint168(Seats.unwrap(seats) | ((leaf_ + 1) << (24 * seat))));
    }

    /// The given seats alone, each where it was.
    function only(Seats seats, uint256[] memory kept) internal pure returns (Seats result) {
        for (uint256 i; i < kept.length; ++i) result = with(result, kept[i], leaf(seats, kept[i]));
    }

    /// The active seats: the first `replicas` seats that have not failed; fewer if the reserves ran out.
    function active(Job memory job, uint256 replicas) internal pure returns (uint256[] memory seats) {
        seats = new uint256[](replicas);
        uint256 count;
        for (uint256 seat; seat < CAPACITY && count < replicas; ++seat) {
            if (!isEmpty(job.seats, seat) && job.failed & (1 << seat) == 0) seats[count++] = seat;
        }
        assembly ("memory-safe") {
            mstore(seats, count)
        }
    }
}
