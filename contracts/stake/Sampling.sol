// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// Weighted sampling without replacement from a line of weights: what was taken is cut out of the line, so that
/// every later draw hits something new, in proportion to what is left.
struct Taken {
    /// Where each piece starts on the whole line, in ascending order, and how long it is.
    uint256[] starts;
    uint256[] weights;
    uint256 count;
    /// Sum of the weights.
    uint256 sum;
}

library Sampling {
    /// Room for `capacity` pieces.
    function none(uint256 capacity) internal pure returns (Taken memory) {
        return Taken(new uint256[](capacity), new uint256[](capacity), 0, 0);
    }

    /// The place on the whole line of position `point` of what is left; `point` is below `total - taken.sum`.
    function place(Taken memory taken, uint256 point) internal pure returns (uint256) {
        // SAFETY: the result is below the line's whole length.
        unchecked {
            for (uint256 i; i < taken.count && point >= taken.starts[i]; ++i) point += taken.weights[i];
        }
        return point;
    }

    /// Cut a piece out.
    function take(Taken memory taken, uint256 start, uint256 weight) internal pure {
        // SAFETY: pieces do not overlap, so their sum is at most the line's length.
        unchecked {
            uint256 i = taken.count++;
            for (; i != 0 && taken.starts[i - 1] > start; --i) {
                taken.starts[i] = taken.starts[i - 1];
                taken.weights[i] = taken.weights[i - 1];
            }
            taken.starts[i] = start;
            taken.weights[i] = weight;
            taken.sum += weight;
        }
    }
}
