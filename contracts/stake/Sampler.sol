// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Arrays} from "@openzeppelin/contracts/utils/Arrays.sol";

/// Weighted sampling without replacement, by rejection. Every entry owns a piece of a line: as long as its class's
/// bound, of which its weight's worth counts. A uniform point picks an entry; if it falls beyond the weight, it is
/// thrown again. So every throw hits each entry in exact proportion to its weight, and less than half of all throws
/// are in vain, since a weight is more than half of its class's bound. What was taken is cut out of the line.
struct Sampler {
    /// Sum of the bounds that are left.
    uint256 length;
    /// The classes with entries, in ascending order: class << 64 | sum of its entries' bounds that are left.
    uint256[] classes;
    uint256 classCount;
    /// Places that were taken, in ascending order.
    uint256[] taken;
    uint256 takenCount;
}

/// Class c holds the weights above 2^(c-1), up to its bound 2^c; class 0 holds weight 1. An entry's place is
/// class * STRIDE + index, its index being dense within the class.
library SamplerLib {
    using Arrays for uint256[];

    uint256 internal constant CLASSES = 17;
    /// Above 2^24, and a multiple of the five entries that share a storage word.
    uint256 internal constant STRIDE = 5 << 22;

    uint256 private constant LENGTH_BITS = 64;
    uint256 private constant LENGTH_MASK = (1 << LENGTH_BITS) - 1;

    /// Room for `capacity` entries to be taken.
    function none(uint256 capacity) internal pure returns (Sampler memory) {
        return Sampler(0, new uint256[](CLASSES), 0, new uint256[](capacity), 0);
    }

    /// Append a class with its `count` entries, at least one and less than 2^24; classes come in ascending order.
    function append(Sampler memory sampler, uint256 class, uint256 count) internal pure {
        // SAFETY: the sum of 17 numbers below 2^24 * 2^16.
        unchecked {
            uint256 length = count << class;
            sampler.classes[sampler.classCount++] = (class << LENGTH_BITS) | length;
            sampler.length += length;
        }
    }

    /// The place that `point`, below `sampler.length`, hits, and how far into that entry's piece it falls: a hit where
    /// below the entry's weight.
    function locate(Sampler memory sampler, uint256 point) internal pure returns (uint256 place, uint256 depth) {
        // SAFETY: the lengths of the classes add up to the line's, so the search ends within them. Every place taken
        // at or before the one found shifts it by one; it stays within the class, which is longer by as many.
        unchecked {
            uint256 i;
            uint256 class = sampler.classes[0];
            while (point >= class & LENGTH_MASK) {
                point -= class & LENGTH_MASK;
                class = sampler.classes[++i];
            }
            class >>= LENGTH_BITS;
            depth = point & ((1 << class) - 1);
            uint256 first = class * STRIDE;
            place = first + (point >> class);
            uint256[] memory taken = sampler.taken;
            uint256 count = sampler.takenCount;
            for (i = 0; i < count; ++i) {
                uint256 gone = taken.unsafeMemoryAccess(i);
                if (gone > place) break;
                if (gone >= first) ++place;
            }
        }
    }

    /// Cut a place out that `locate` has found; at most `capacity` are.
    function take(Sampler memory sampler, uint256 place) internal pure {
        // SAFETY: the place's class is on the line, with at least this entry's bound left.
        unchecked {
            uint256[] memory taken = sampler.taken;
            uint256 i = sampler.takenCount++;
            for (; i != 0; --i) {
                uint256 before = taken.unsafeMemoryAccess(i - 1);
                if (before < place) break;
                taken[i] = before;
            }
            taken[i] = place;

            uint256 class = place / STRIDE;
            for (i = 0; sampler.classes[i] >> LENGTH_BITS != class;) ++i;
            sampler.classes[i] -= 1 << class;
            sampler.length -= 1 << class;
        }
    }
}
