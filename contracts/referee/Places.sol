// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// Numbers in opened bytes. A place is where in memory they lie.
library Places {
    /// The big-endian word at a place.
    function word(uint256 place) internal pure returns (uint256 found) {
        assembly ("memory-safe") {
            found := mload(place)
        }
    }

    /// The little-endian int32 at a place.
    function int32At(uint256 place) internal pure returns (int256 found) {
        assembly ("memory-safe") {
            let w := mload(place)
            let low := or(byte(0, w), shl(8, byte(1, w)))
            found := signextend(3, or(low, or(shl(16, byte(2, w)), shl(24, byte(3, w)))))
        }
    }

    /// The int8 at a place.
    function int8At(uint256 place) internal pure returns (int256 found) {
        assembly ("memory-safe") {
            found := signextend(0, byte(0, mload(place)))
        }
    }
}
