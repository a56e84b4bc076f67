// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// A word of 224 bits whose changes take effect at the next epoch, so that nobody can move weight after seeing a seed.
/// It is kept twice: `next`, whose top 32 bits name the epoch from which it holds, and `current`, which held until
/// then. In the steady state a reader loads `next` alone.
/// INVARIANT: read at an epoch, all words together are what they were at the end of the epoch before. So a structure
/// that is made of such words alone needs no thought of its own for its two versions.
struct VersionedWord {
    uint256 next;
    uint256 current;
}

library VersionedWordLib {
    uint256 private constant TAG_SHIFT = 224;
    uint256 private constant VALUE_MASK = (1 << TAG_SHIFT) - 1;

    /// The value in this epoch.
    function read(VersionedWord storage word, uint256 epoch) internal view returns (uint256) {
        uint256 next = word.next;
        return (next >> TAG_SHIFT <= epoch ? next : word.current) & VALUE_MASK;
    }

    /// The value from the next epoch on.
    function readNext(VersionedWord storage word) internal view returns (uint256) {
        return word.next & VALUE_MASK;
    }

    /// Set the value from epoch `epoch + 1` on; it fits 224 bits.
    function writeNext(VersionedWord storage word, uint256 value, uint256 epoch) internal {
        uint256 before = word.next;
        if (before >> TAG_SHIFT <= epoch) word.current = before & VALUE_MASK;
        word.next = ((epoch + 1) << TAG_SHIFT) | value;
    }
}
