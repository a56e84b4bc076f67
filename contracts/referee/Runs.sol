// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Places} from "./Places.sol";

/// How rows are brought to `width` bits: what `Runs` adds, shifts and compares in each of four lanes.
struct Narrowing {
    uint256 left;
    uint256 right;
    uint256 half;
    uint256 mask;
    uint256 offset;
    uint256 ceiling;
    uint256 twice;
    /// 2^width: what a narrowed number is raised by, so that it is not negative.
    int256 raise;
}

/// Reductions over int32 numbers that lie side by side in memory. A word holds eight; they are taken as two words of
/// four lanes of 64 bits, each raised by 2^31 so that none is negative and no lane borrows from the next. The raise is
/// taken out of the sum at the end. Two words of four lanes, one of them in reverse order, have the sum of their four
/// products in the top lane of their product.
///
/// SAFETY: of all `unchecked` blocks here: places lie in memory, which holds less than 2^24 numbers, and every lane
/// is below 2^32 before it is summed, so that a sum of lanes stays below 2^64 - 1.
library Runs {
    uint256 private constant ONES = 0x0000000000000001000000000000000100000000000000010000000000000001;
    uint256 private constant LOW_HALVES = 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff;
    uint256 private constant SIGNS = 0x8000000080000000800000008000000080000000800000008000000080000000;
    uint256 private constant LANE = type(uint64).max;
    uint256 private constant RAISE = 1 << 31;

    /// Above every number that is narrowed: says in a lane of a difference that it is not negative.
    uint256 private constant FLAG = 50;
    uint256 private constant BELOW_FLAG = (1 << FLAG) - 1;

    /// As many numbers of 15 bits have a sum below 2^32 - 1.
    uint256 private constant UNCLAMPED_TERMS = 1 << 16;

    /// A shift right by `shift` with rounding, or left where it is negative, and a clamp to [-2^width, 2^width].
    function narrowing(int256 shift, uint256 width) internal pure returns (Narrowing memory n) {
        // SAFETY: shifts lie within [-16, 31] and widths within [4, 15]: every sum of powers here is below 2^52.
        unchecked {
            if (shift < 0) n.left = uint256(-shift);
            else n.right = uint256(shift);
            n.half = ONES * ((1 << n.right) >> 1);
            n.mask = n.right == 0 ? type(uint256).max : ONES * ((1 << 33) - 1);
            uint256 raised = RAISE << n.left >> n.right;
            n.offset = ONES * ((1 << FLAG) + (1 << width) - raised);
            n.ceiling = ONES * ((1 << FLAG) + (2 << width));
            n.twice = ONES * (2 << width);
            n.raise = int256(1) << width;
        }
    }

    function sum(uint256 place, uint256 count) internal pure returns (int256) {
        unchecked {
            uint256 lanes;
            for (uint256 done; done < count; done += 8) {
                uint256 word = _kept(_word(place + 4 * done) ^ SIGNS, count - done);
                lanes += (word & LOW_HALVES) + ((word >> 32) & LOW_HALVES);
            }
            return int256(_total(lanes)) - int256(count * RAISE);
        }
    }

    function maximum(uint256 place, uint256 count) internal pure returns (int256) {
        unchecked {
            uint256 most;
            for (uint256 done; done < count; done += 8) {
                uint256 word = _kept(_word(place + 4 * done) ^ SIGNS, count - done);
                most = _greater(_greater(most, word & LOW_HALVES), (word >> 32) & LOW_HALVES);
            }
            return int256(_greatest(most)) - int256(RAISE);
        }
    }

    /// Where the first number stands that equals one that is among them.
    function find(uint256 place, int256 wanted) internal pure returns (uint256 index) {
        unchecked {
            uint256 all = uint256(uint32(int32(wanted))) * (SIGNS >> 31);
            uint256 word;
            // A lane that is zero borrows from the next, so this shows whether there is one, and not always which.
            for (;; index += 8) {
                word = _word(place + 4 * index) ^ all;
                if ((word - (SIGNS >> 31)) & ~word & SIGNS != 0) break;
            }
            while (word >> 224 != 0) (word, index) = (word << 32, index + 1);
        }
    }

    /// The greatest magnitude: x for x >= 0, -x - 1 for x < 0.
    function peak(uint256 place, uint256 count) internal pure returns (int256) {
        unchecked {
            uint256 most;
            for (uint256 done; done < count; done += 8) {
                uint256 word = _kept(_word(place + 4 * done), count - done);
                word ^= ((word & SIGNS) >> 31) * type(uint32).max;
                most = _greater(_greater(most, word & LOW_HALVES), (word >> 32) & LOW_HALVES);
            }
            return int256(_greatest(most));
        }
    }

    /// Sum of numbers narrowed as by `narrowing(shift, width)` times int8 weights.
    function weighed(uint256 place, uint256 weights, uint256 count, int256 shift, uint256 width)
        internal
        pure
        returns (int256 found)
    {
        // SAFETY: see `_unclamped`, and `place` and `weights` move by what they have been read.
        unchecked {
            uint256 whole = count & ~uint256(7);
            if (whole != 0 && count <= UNCLAMPED_TERMS && shift > 0 && uint256(shift) + width < 31) {
                bool all;
                (found, all) = _unclamped(place, weights, whole, uint256(shift), width);
                if (!all) return _clamped(place, weights, count, narrowing(shift, width));
                if (whole == count) return found;
                (place, weights, count) = (place + 4 * whole, weights + whole, count - whole);
            }
            return found + _clamped(place, weights, count, narrowing(shift, width));
        }
    }

    /// As `weighed` where no number is clamped, which is the case in every honest row but at its very peak, and eight
    /// lanes of 32 bits hold what else takes twice four of 64: whether that was so, and the sum if it was. For whole
    /// words, at most 2^16 numbers, a shift that is not zero, and `shift + width` below 31.
    ///
    /// SAFETY: to a number, raised by 2^31, is added what rounds it, and 2^(width + shift). Then of the bits from
    /// 2^(width + shift + 1) on just 2^31 is set, unless there is something to clamp: also where a lane runs over,
    /// which has lost that bit. Shifted right and without that bit it is the narrowed number raised by 2^width. Raised
    /// numbers are below 2^15 and raised weights below 2^8, so that sums of eight products stay in their lanes.
    function _unclamped(uint256 place, uint256 weights, uint256 count, uint256 shift, uint256 width)
        private
        pure
        returns (int256 found, bool all)
    {
        uint256 sums;
        uint256 numbers;
        uint256 factors;
        uint256 beyond;
        assembly ("memory-safe") {
            // Four bytes in reverse order, each on top of a lane: all these products of bytes lie apart.
            function reversed(bytes_) -> lanes {
                lanes := and(
                    mul(bytes_, 0x1000000000100000000010000000001), 0xff000000ff000000ff000000ff000000
                )
            }
            let ones := 0x0000000100000001000000010000000100000001000000010000000100000001
            let odd := 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff
            let low := 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff
            let sign := mul(ones, 0x80000000)
            let mask := mul(ones, sub(shl(width, 2), 1))
            let raise := mul(ones, shr(1, add(shl(shift, 1), shl(add(width, shift), 2))))
            for { let last := add(place, shl(2, count)) } lt(place, last) { place := add(place, 32) } {
                let word := mload(place)
                word := or(and(shr(8, word), odd), shl(8, and(word, odd)))
                word := or(and(shr(16, word), low), shl(16, and(word, low)))
                word := add(xor(word, sign), raise)
                beyond := or(beyond, xor(word, sign))
                word := and(shr(shift, word), mask)
                numbers := add(numbers, word)
                let eight := xor(shr(192, mload(weights)), 0x8080808080808080)
                weights := add(weights, 8)
                let lanes := or(
                    shl(104, reversed(and(eight, 0xffffffff))), shr(24, reversed(shr(32, eight)))
                )
                factors := add(factors, lanes)
                sums := add(sums, shr(224, mul(word, lanes)))
            }
            all := iszero(and(beyond, mul(ones, sub(0x100000000, shl(add(width, shift), 2)))))
            // The sums of their lanes: weights of lanes are 1 modulo this.
            numbers := mod(numbers, 0xffffffff)
            factors := mod(factors, 0xffffffff)
        }
        return (_lowered(sums, numbers, 128, factors, int256(1 << width), count), all);
    }

    /// As `weighed` where numbers may have to be clamped.
    function _clamped(uint256 place, uint256 weights, uint256 count, Narrowing memory n)
        private
        pure
        returns (int256)
    {
        unchecked {
            uint256 products;
            uint256 numbers;
            uint256 factors;
            uint256 done;
            for (; done < count; done += 8) {
                (uint256 even, uint256 odd) = _narrowed(_kept(_word(place + 4 * done), count - done), n);
                (uint256 evenWeights, uint256 oddWeights) = _weights(Places.word(weights + done));
                numbers += even + odd;
                factors += evenWeights + oddWeights;
                products += ((even * evenWeights) >> 192) + ((odd * oddWeights) >> 192);
            }
            return _lowered(products, _total(numbers), 128, _total(factors), n.raise, done);
        }
    }

    /// Sum of products of narrowed numbers of two rows.
    function products(uint256 place, uint256 other, uint256 count, Narrowing memory n, Narrowing memory m)
        internal
        pure
        returns (int256)
    {
        unchecked {
            uint256 found;
            uint256 numbers;
            uint256 factors;
            uint256 done;
            for (; done < count; done += 8) {
                (uint256 even, uint256 odd) = _narrowed(_kept(_word(place + 4 * done), count - done), n);
                (uint256 evenOther, uint256 oddOther) = _narrowed(_kept(_word(other + 4 * done), count - done), m);
                numbers += even + odd;
                factors += evenOther + oddOther;
                found += ((even * _reversed(evenOther)) >> 192) + ((odd * _reversed(oddOther)) >> 192);
            }
            return _lowered(found, _total(numbers), m.raise, _total(factors), n.raise, done);
        }
    }

    /// Sum of squares of narrowed numbers.
    function squares(uint256 place, uint256 count, Narrowing memory n) internal pure returns (int256) {
        unchecked {
            uint256 found;
            uint256 numbers;
            uint256 done;
            for (; done < count; done += 8) {
                (uint256 even, uint256 odd) = _narrowed(_kept(_word(place + 4 * done), count - done), n);
                numbers += even + odd;
                found += ((even * _reversed(even)) >> 192) + ((odd * _reversed(odd)) >> 192);
            }
            uint256 total = _total(numbers);
            return _lowered(found, total, n.raise, total, n.raise, done);
        }
    }

    /// The sum of (a - r)(b - s) from those of ab, a and b over `count` pairs, where `s` is `otherRaise`.
    function _lowered(uint256 found, uint256 a, int256 otherRaise, uint256 b, int256 raise, uint256 count)
        private
        pure
        returns (int256)
    {
        // SAFETY: all are sums of less than 2^24 terms below 2^34.
        unchecked {
            return int256(found) - int256(a) * otherRaise - int256(b) * raise + int256(count) * raise * otherRaise;
        }
    }

    /// Eight numbers as big-endian ones: bytes are swapped in pairs, then pairs within each four.
    function _word(uint256 place) private pure returns (uint256 word) {
        uint256 odd = 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff;
        word = Places.word(place);
        word = ((word >> 8) & odd) | ((word & odd) << 8);
        odd = 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;
        word = ((word >> 16) & odd) | ((word & odd) << 16);
    }

    /// The first `count` of eight numbers, zeros behind them.
    function _kept(uint256 word, uint256 count) private pure returns (uint256) {
        return count < 8 ? word & ~(type(uint256).max >> (32 * count)) : word;
    }

    /// Eight numbers narrowed and raised by 2^width: those at even and at odd places.
    function _narrowed(uint256 word, Narrowing memory n) private pure returns (uint256 even, uint256 odd) {
        word ^= SIGNS;
        return (_narrow((word >> 32) & LOW_HALVES, n), _narrow(word & LOW_HALVES, n));
    }

    /// Lanes below 2^32, as they are shifted: below 2^48. With the flag they stay below 2^51.
    function _narrow(uint256 lanes, Narrowing memory n) private pure returns (uint256) {
        unchecked {
            lanes = ((((lanes << n.left) + n.half) >> n.right) & n.mask) + n.offset;
            lanes &= ((lanes >> FLAG) & ONES) * BELOW_FLAG;
            lanes = n.ceiling - lanes;
            return n.twice - (lanes & (((lanes >> FLAG) & ONES) * BELOW_FLAG));
        }
    }

    /// Eight int8 weights raised by 128, as lanes in reverse order: those at even and at odd places.
    function _weights(uint256 word) private pure returns (uint256 even, uint256 odd) {
        assembly ("memory-safe") {
            word := xor(word, 0x8080808080808080000000000000000000000000000000000000000000000000)
            even := or(byte(0, word), or(shl(64, byte(2, word)), or(shl(128, byte(4, word)), shl(192, byte(6, word)))))
            odd := or(byte(1, word), or(shl(64, byte(3, word)), or(shl(128, byte(5, word)), shl(192, byte(7, word)))))
        }
    }

    /// Lanes in reverse order.
    function _reversed(uint256 lanes) private pure returns (uint256) {
        lanes = (lanes >> 128) | (lanes << 128);
        uint256 low = LANE | LANE << 128;
        return ((lanes >> 64) & low) | ((lanes & low) << 64);
    }

    /// The greater of each two lanes, all below 2^32.
    function _greater(uint256 a, uint256 b) private pure returns (uint256) {
        unchecked {
            uint256 keep = ((((a | (ONES << 32)) - b) >> 32) & ONES) * type(uint32).max;
            return b ^ ((a ^ b) & keep);
        }
    }

    /// The greatest of four lanes, all below 2^32.
    function _greatest(uint256 lanes) private pure returns (uint256 most) {
        for (; lanes != 0; lanes >>= 64) {
            if (lanes & LANE > most) most = lanes & LANE;
        }
    }

    /// The sum of four lanes, which is below 2^64 - 1: their weights are 1 modulo that.
    function _total(uint256 lanes) private pure returns (uint256) {
        return lanes % LANE;
    }
}
