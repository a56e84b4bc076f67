// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// The numbers of docs/arithmetic.md: saturation, the one rounding rule, shifts that follow from a peak.
library Numbers {
    /// No reduction of a program goes beyond: int32 numbers over less than 2^32 terms, or one with its place behind it.
    int256 private constant TOTAL_LIMIT = 1 << 64;

    function clamp(int256 x, int256 low, int256 high) internal pure returns (int256) {
        return x < low ? low : x > high ? high : x;
    }

    function sat(int256 x) internal pure returns (int256) {
        return clamp(x, type(int32).min, type(int32).max);
    }

    /// A total that somebody states, within the bounds that every true one keeps.
    function bounded(int256 total) internal pure returns (int256) {
        return clamp(total, -TOTAL_LIMIT, TOTAL_LIMIT);
    }

    /// floor(x / 2^shift + 1/2); a negative shift multiplies.
    function roundShift(int256 x, int256 shift) internal pure returns (int256) {
        // SAFETY: shifts lie within [-64, 64], and x is below 2^128.
        unchecked {
            if (shift <= 0) return x << uint256(-shift);
            return (x + (int256(1) << uint256(shift - 1))) >> uint256(shift);
        }
    }

    /// floor(a / b + 1/2); 0 where b is not positive.
    function roundDiv(int256 a, int256 b) internal pure returns (int256 quotient) {
        if (b <= 0) return 0;
        // SAFETY: both are below 2^128.
        unchecked {
            int256 numerator = 2 * a + b;
            quotient = numerator / (2 * b);
            if (numerator % (2 * b) < 0) --quotient;
        }
    }

    /// Bit length of max(x, 0).
    function bits(int256 x) internal pure returns (int256) {
        // SAFETY: x is positive, and a logarithm is at most 255.
        unchecked {
            return x <= 0 ? int256(0) : int256(Math.log2(uint256(x)) + 1);
        }
    }

    /// The right shift that brings magnitudes up to `peak` to `width` bits.
    function down(int256 peak, int256 width) internal pure returns (int256) {
        int256 shift = up(peak, width);
        return shift < 0 ? int256(0) : shift;
    }

    /// The right shift that brings `peak` to exactly `width` bits: negative for a small peak.
    function up(int256 peak, int256 width) internal pure returns (int256) {
        return bits(peak) - width;
    }

    /// x shifted right by `shift`, rounded, within [-2^width, 2^width].
    function narrow(int256 x, int256 shift, uint256 width) internal pure returns (int256) {
        // SAFETY: widths are at most 18.
        int256 limit = int256(1) << width;
        return clamp(roundShift(x, shift), -limit, limit);
    }
}
