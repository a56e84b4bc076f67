// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// Reductions over int32 numbers that lie side by side in calldata, eight at a time: a word's bytes are swapped within
/// each four, which makes eight big-endian numbers of eight little-endian ones. Numbers behind the last are made
/// neutral before they are used.
library Runs {
    /// Every other byte, and every other pair of bytes.
    uint256 private constant BYTES = 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff;
    uint256 private constant PAIRS = 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;
    /// Eight times the least int32.
    uint256 private constant LEAST = 0x8000000080000000800000008000000080000000800000008000000080000000;

    function sum(uint256 place, uint256 count) internal pure returns (int256 total) {
        assembly ("memory-safe") {
            function lane(v, k) -> x {
                x := signextend(3, shr(k, v))
            }
            for {} count {} {
                let v := calldataload(place)
                v := or(and(shr(8, v), BYTES), shl(8, and(v, BYTES)))
                v := or(and(shr(16, v), PAIRS), shl(16, and(v, PAIRS)))
                if lt(count, 8) {
                    v := and(v, not(shr(shl(5, count), not(0))))
                    count := 8
                }
                total := add(total, add(add(lane(v, 224), lane(v, 192)), add(lane(v, 160), lane(v, 128))))
                total := add(total, add(add(lane(v, 96), lane(v, 64)), add(lane(v, 32), lane(v, 0))))
                place := add(place, 32)
                count := sub(count, 8)
            }
        }
    }

    function maximum(uint256 place, uint256 count) internal pure returns (int256 most) {
        most = type(int32).min;
        assembly ("memory-safe") {
            for {} count {} {
                let v := calldataload(place)
                v := or(and(shr(8, v), BYTES), shl(8, and(v, BYTES)))
                v := or(and(shr(16, v), PAIRS), shl(16, and(v, PAIRS)))
                if lt(count, 8) {
                    let behind := shr(shl(5, count), not(0))
                    v := or(and(v, not(behind)), and(LEAST, behind))
                    count := 8
                }
                for { let i := 0 } lt(i, 8) { i := add(i, 1) } {
                    let x := signextend(3, v)
                    if sgt(x, most) { most := x }
                    v := shr(32, v)
                }
                place := add(place, 32)
                count := sub(count, 8)
            }
        }
    }

    /// The greatest magnitude: x for x >= 0, -x - 1 for x < 0.
    function peak(uint256 place, uint256 count) internal pure returns (int256 most) {
        assembly ("memory-safe") {
            for {} count {} {
                let v := calldataload(place)
                v := or(and(shr(8, v), BYTES), shl(8, and(v, BYTES)))
                v := or(and(shr(16, v), PAIRS), shl(16, and(v, PAIRS)))
                if lt(count, 8) {
                    v := and(v, not(shr(shl(5, count), not(0))))
                    count := 8
                }
                for { let i := 0 } lt(i, 8) { i := add(i, 1) } {
                    let x := signextend(3, v)
                    x := xor(x, sar(31, x))
                    if gt(x, most) { most := x }
                    v := shr(32, v)
                }
                place := add(place, 32)
                count := sub(count, 8)
            }
        }
    }

    /// Sum of narrow(x, shift, width) times int8 weights; the shift is not negative.
    function weighed(uint256 place, uint256 weights, uint256 count, uint256 shift, uint256 width)
        internal
        pure
        returns (int256 total)
    {
        assembly ("memory-safe") {
            function term(v, w, k, s, half, limit) -> product {
                let x := sar(s, add(signextend(3, shr(k, v)), half))
                if gt(add(x, limit), shl(1, limit)) {
                    // Below or above: the sign of x, made one of -1 and 1.
                    x := mul(limit, or(sar(255, x), 1))
                }
                product := mul(x, signextend(0, w))
            }
            let limit := shl(width, 1)
            let half := shr(1, shl(shift, 1))
            for {} count {} {
                let v := calldataload(place)
                v := or(and(shr(8, v), BYTES), shl(8, and(v, BYTES)))
                v := or(and(shr(16, v), PAIRS), shl(16, and(v, PAIRS)))
                let w := calldataload(weights)
                if lt(count, 8) {
                    v := and(v, not(shr(shl(5, count), not(0))))
                    count := 8
                }
                total := add(total, term(v, byte(0, w), 224, shift, half, limit))
                total := add(total, term(v, byte(1, w), 192, shift, half, limit))
                total := add(total, term(v, byte(2, w), 160, shift, half, limit))
                total := add(total, term(v, byte(3, w), 128, shift, half, limit))
                total := add(total, term(v, byte(4, w), 96, shift, half, limit))
                total := add(total, term(v, byte(5, w), 64, shift, half, limit))
                total := add(total, term(v, byte(6, w), 32, shift, half, limit))
                total := add(total, term(v, byte(7, w), 0, shift, half, limit))
                place := add(place, 32)
                weights := add(weights, 8)
                count := sub(count, 8)
            }
        }
    }

    /// Sum of narrow(x, shift, width) * narrow(y, otherShift, width); shifts are not negative.
    function products(
        uint256 place,
        uint256 other,
        uint256 count,
        uint256 shift,
        uint256 otherShift,
        uint256 width
    ) internal pure returns (int256 total) {
        assembly ("memory-safe") {
            function narrow(v, s, half, limit) -> x {
                x := sar(s, add(signextend(3, v), half))
                if gt(add(x, limit), shl(1, limit)) { x := mul(limit, or(sar(255, x), 1)) }
            }
            let limit := shl(width, 1)
            let half := shr(1, shl(shift, 1))
            let otherHalf := shr(1, shl(otherShift, 1))
            for {} count {} {
                let v := calldataload(place)
                v := or(and(shr(8, v), BYTES), shl(8, and(v, BYTES)))
                v := or(and(shr(16, v), PAIRS), shl(16, and(v, PAIRS)))
                let u := calldataload(other)
                u := or(and(shr(8, u), BYTES), shl(8, and(u, BYTES)))
                u := or(and(shr(16, u), PAIRS), shl(16, and(u, PAIRS)))
                if lt(count, 8) {
                    v := and(v, not(shr(shl(5, count), not(0))))
                    count := 8
                }
                for { let i := 0 } lt(i, 8) { i := add(i, 1) } {
                    let x := narrow(v, shift, half, limit)
                    total := add(total, mul(x, narrow(u, otherShift, otherHalf, limit)))
                    v := shr(32, v)
                    u := shr(32, u)
                }
                place := add(place, 32)
                other := add(other, 32)
                count := sub(count, 8)
            }
        }
    }

    /// Sum of narrow(x, right - left, width)^2, one of the two shifts being 0.
    function squares(uint256 place, uint256 count, uint256 left, uint256 right, uint256 width)
        internal
        pure
        returns (int256 total)
    {
        assembly ("memory-safe") {
            let limit := shl(width, 1)
            let half := shr(1, shl(right, 1))
            for {} count {} {
                let v := calldataload(place)
                v := or(and(shr(8, v), BYTES), shl(8, and(v, BYTES)))
                v := or(and(shr(16, v), PAIRS), shl(16, and(v, PAIRS)))
                if lt(count, 8) {
                    v := and(v, not(shr(shl(5, count), not(0))))
                    count := 8
                }
                for { let i := 0 } lt(i, 8) { i := add(i, 1) } {
                    let x := sar(right, add(shl(left, signextend(3, v)), half))
                    if gt(add(x, limit), shl(1, limit)) { x := limit }
                    total := add(total, mul(x, x))
                    v := shr(32, v)
                }
                place := add(place, 32)
                count := sub(count, 8)
            }
        }
    }
}
