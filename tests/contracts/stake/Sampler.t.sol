// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Sampler, SamplerLib} from "../../../contracts/stake/Sampler.sol";
import {Test} from "../lib/Test.sol";

contract SamplerTest is Test {
    using SamplerLib for Sampler;

    uint256 private constant MAX_COUNT = (1 << 24) - 1;

    /// Every point of what is left, in order, hits every place that was not taken, in order, at every depth below its
    /// class's bound.
    function test_what_is_left_maps_one_to_one_to_what_was_not_taken(uint256 seed) external pure {
        uint256[5] memory counts;
        Sampler memory sampler = SamplerLib.none(8);
        for (uint256 class; class < 5; ++class) {
            counts[class] = (seed >> (8 * class)) % 5;
            if (counts[class] != 0) sampler.append(class, counts[class]);
        }
        bool[25] memory gone;
        for (uint256 i; i < (seed >> 40) % 9 && sampler.length != 0; ++i) {
            (uint256 place,) = sampler.locate(uint256(keccak256(abi.encode(seed, i))) % sampler.length);
            uint256 number = place / SamplerLib.STRIDE * 5 + place % SamplerLib.STRIDE;
            assertFalse(gone[number], "taken once");
            gone[number] = true;
            sampler.take(place);
        }
        uint256 point;
        for (uint256 class; class < 5; ++class) {
            for (uint256 index; index < counts[class]; ++index) {
                if (gone[class * 5 + index]) continue;
                for (uint256 depth; depth < 1 << class; ++depth) {
                    (uint256 place, uint256 depth_) = sampler.locate(point++);
                    assertEq(place, class * SamplerLib.STRIDE + index, "place");
                    assertEq(depth_, depth, "depth");
                }
            }
        }
        assertEq(point, sampler.length, "length of what is left");
    }

    function test_every_class_at_its_largest_fits() external pure {
        Sampler memory sampler = SamplerLib.none(2);
        for (uint256 class; class < SamplerLib.CLASSES; ++class) sampler.append(class, MAX_COUNT);
        assertEq(sampler.length, MAX_COUNT * ((1 << 17) - 1), "length");
        (uint256 first,) = sampler.locate(0);
        assertEq(first, 0, "first");
        sampler.take(first);
        (uint256 last, uint256 depth) = sampler.locate(sampler.length - 1);
        assertEq(last, 16 * SamplerLib.STRIDE + MAX_COUNT - 1, "last");
        assertEq(depth, 65_535, "depth");
        sampler.take(last);
        (first,) = sampler.locate(0);
        (last,) = sampler.locate(sampler.length - 1);
        assertEq(first, 1, "second");
        assertEq(last, 16 * SamplerLib.STRIDE + MAX_COUNT - 2, "last but one");
    }

    function test_places_of_different_classes_share_no_word() external pure {
        assertEq(SamplerLib.STRIDE % 5, 0, "five to a word");
        assertTrue(SamplerLib.STRIDE > MAX_COUNT, "room for every leaf");
    }
}
