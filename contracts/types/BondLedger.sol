// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// One word per provider and pool: how many slots of stake it has, and until when each is locked. Locks are
/// counted by the time bucket at whose end they lapse, so that they release themselves without a transaction.
struct Bonds {
    /// Slots of stake, each worth one bond, those being withdrawn included.
    uint16 slots;
    /// Slots held by contests and challenges until these are concluded.
    uint16 held;
    /// The bucket that lane 0 of `locked` counts.
    uint32 base;
    /// Twelve lanes of 16 bits: locks that lapse at the end of bucket base + lane.
    uint192 locked;
}

library BondLedger {
    uint256 internal constant LANES = 12;
    uint256 private constant EVEN_LANES = 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;
    uint256 private constant GATHER = 0x0000000100000001000000010000000100000001000000010000000100000001;

    error LockTooLong(uint256 bucket, uint256 lastBucket);
    error NoSuchLock(uint256 bucket);

    /// Forget the locks of buckets that have ended.
    function roll(Bonds memory bonds, uint256 nowBucket) internal pure {
        uint256 passed = nowBucket - bonds.base;
        if (passed == 0) return;
        bonds.locked = passed >= LANES ? 0 : bonds.locked >> (16 * passed);
        // SAFETY: buckets are Unix seconds divided by at least one; 32 bits last until 2106.
        bonds.base = uint32(nowBucket);
    }

    /// Slots that back some job now; call `roll` first.
    function inUse(Bonds memory bonds) internal pure returns (uint256 count) {
        // SAFETY: every lane is at most `slots`, so the lanes of a sum of twelve need 20 bits. Neighbours are added
        // in 32-bit lanes; the product then gathers all six of them in lane 7.
        unchecked {
            uint256 lanes = bonds.locked;
            lanes = (lanes & EVEN_LANES) + ((lanes >> 16) & EVEN_LANES);
            count = bonds.held + ((lanes * GATHER) >> 224);
        }
    }

    /// Lock one slot until the end of `bucket`. The caller has checked that a slot is free, so a lane cannot
    /// overflow: its count is at most `slots`.
    function lock(Bonds memory bonds, uint256 bucket) internal pure {
        uint256 lane = bucket - bonds.base;
        if (lane >= LANES) revert LockTooLong(bucket, bonds.base + LANES - 1);
        bonds.locked += uint192(1 << (16 * lane));
    }

    /// Lock one slot until the end of `bucket` again, unless that has passed; call `roll` first.
    function relock(Bonds memory bonds, uint256 bucket) internal pure returns (bool) {
        if (bucket < bonds.base) return false;
        // SAFETY: the bucket had a lane when the slot was locked first, and lanes only come nearer; the slot has been
        // in use ever since, so that the lane's count is at most `slots`.
        bonds.locked += uint192(1 << (16 * (bucket - bonds.base)));
        return true;
    }

    /// Take one lock of `bucket` away.
    function unlock(Bonds memory bonds, uint256 bucket) internal pure {
        if (bucket < bonds.base || bucket - bonds.base >= LANES) revert NoSuchLock(bucket);
        uint256 lane = bucket - bonds.base;
        if ((bonds.locked >> (16 * lane)) & 0xffff == 0) revert NoSuchLock(bucket);
        bonds.locked -= uint192(1 << (16 * lane));
    }
}
