// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Sampling, Taken} from "../../../contracts/stake/Sampling.sol";
import {Test} from "../lib/Test.sol";

contract SamplingTest is Test {
    using Sampling for Taken;

    uint256 private constant PIECES = 8;

    function test_nothing_taken_leaves_every_point_in_its_place(uint256 point) external pure {
        assertEq(Sampling.none(4).place(point), point, "point");
    }

    /// Pieces of random weights, some taken in random order: the points of what is left map, one to one and in
    /// order, to exactly the points of the pieces that were not taken.
    function test_what_is_left_maps_one_to_one_to_what_was_not_taken(uint256 seed) external pure {
        uint256[] memory starts = new uint256[](PIECES + 1);
        for (uint256 i; i < PIECES; ++i) {
            starts[i + 1] = starts[i] + 1 + (uint256(keccak256(abi.encode(seed, i))) % 5);
        }
        Taken memory taken = Sampling.none(PIECES);
        bool[] memory gone = new bool[](PIECES);
        for (uint256 i; i < (seed % PIECES); ++i) {
            uint256 piece = uint256(keccak256(abi.encode(seed, "take", i))) % PIECES;
            if (gone[piece]) continue;
            gone[piece] = true;
            taken.take(starts[piece], starts[piece + 1] - starts[piece]);
        }
        uint256 point;
        for (uint256 piece; piece < PIECES; ++piece) {
            if (gone[piece]) continue;
            for (uint256 at = starts[piece]; at < starts[piece + 1]; ++at) {
                assertEq(taken.place(point++), at, "place");
            }
        }
        assertEq(point, starts[PIECES] - taken.sum, "length of what is left");
    }
}
