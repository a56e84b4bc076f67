// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Chunks, Openings} from "../../../contracts/transcript/Openings.sol";
import {Tree} from "../../../contracts/transcript/Tree.sol";
import {Payload} from "../../../contracts/types/Payload.sol";
import {Test} from "../lib/Test.sol";

/// Openings as bytes: every form gives the chunk it was made from, and what is no opening is refused by name.
contract OpeningsTest is Test {
    using Openings for Chunks;

    function topOf(bytes calldata opening, uint256 length) external view returns (bytes32) {
        return Openings.read(opening).topOf(length);
    }

    function dataOf(bytes calldata opening) external view returns (bytes memory data) {
        Chunks memory chunks = Openings.read(opening);
        data = new bytes(chunks.size);
        assembly ("memory-safe") {
            mcopy(add(data, 32), mload(add(chunks, 64)), mload(add(chunks, 96)))
        }
    }

    function payloadRoot(bytes calldata data, bytes32 salt) external view returns (bytes32) {
        return Payload.root(data, salt);
    }

    function _refuses(bytes memory opening, bytes memory words) private {
        vm.expectRevert(words);
        this.dataOf(opening);
    }

    function _random(uint256 size, uint256 seed) private pure returns (bytes memory data) {
        data = new bytes(size);
        for (uint256 i; i < size; ++i) data[i] = bytes1(uint8((seed >> (i % 31)) ^ (i * 7)));
    }

    // --- forms -------------------------------------------------------------------------------------------------

    function test_all_chunks_of_a_byte_string(uint256 seed) external view {
        uint256 length = bound(seed, 1, 5000);
        bytes memory data = _random(length, seed);
        uint256 count = Tree.chunkCount(length);
        bytes memory opening = abi.encodePacked(uint8(1), uint32(0), uint8(count));
        for (uint256 i; i < count; ++i) {
            uint256 size = length - 256 * i < 256 ? length - 256 * i : 256;
            bytes memory chunk = new bytes(size);
            for (uint256 k; k < size; ++k) chunk[k] = data[256 * i + k];
            opening = size == 256
                ? abi.encodePacked(opening, uint8(0), chunk)
                : abi.encodePacked(opening, uint8(2), uint8(size), chunk);
        }
        opening = abi.encodePacked(opening, uint16(0));
        bytes32 top = this.topOf(opening, length);
        assertEq(Tree.blinded(bytes32(seed), Tree.seal(length, top)), this.payloadRoot(data, bytes32(seed)), "root");
        assertEq(this.dataOf(opening), data);
    }

    function test_words_are_filled_up_with_zeros() external view {
        bytes memory words = abi.encodePacked(hex"000105", uint8(32), bytes32(type(uint256).max), hex"02010200000001ff");
        bytes memory opening = abi.encodePacked(hex"010000000001", uint8(1), words, uint16(0));
        assertEq(this.dataOf(opening), abi.encode(0, 5, type(uint256).max, 0x0102, 0, 0, 0, 255));
    }

    function test_runs_are_as_good_as_single_chunks() external view {
        bytes memory a = abi.encodePacked(uint8(0), _random(256, 1));
        bytes memory b = abi.encodePacked(uint8(0), _random(256, 2));
        bytes memory none = hex"0000";
        bytes memory run = abi.encodePacked(uint8(1), uint32(0), uint8(2), a, b, none);
        bytes memory single = abi.encodePacked(uint8(2), uint32(0), uint8(1), uint32(1), uint8(1), a, b, none);
        assertEq(this.topOf(run, 512), this.topOf(single, 512), "runs");
    }

    // --- what is no opening ------------------------------------------------------------------------------------

    function test_every_cut_opening_is_refused() external {
        bytes memory opening = abi.encodePacked(
            uint8(1), uint32(0), uint8(2), uint8(0), _random(256, 1), uint8(2), uint8(5), _random(5, 2), uint16(1), bytes32("s")
        );
        assertEq(this.dataOf(opening).length, 261, "whole");
        for (uint256 size; size < opening.length; ++size) {
            bytes memory cut = new bytes(size);
            for (uint256 i; i < size; ++i) cut[i] = opening[i];
            (bool done, bytes memory answer) = address(this).staticcall(abi.encodeCall(this.dataOf, (cut)));
            assertFalse(done, "cut");
            assertEq(bytes32(bytes4(answer)), bytes32(Openings.OpeningCut.selector), "another error");
        }
        _refuses(abi.encodePacked(opening, uint8(0)), abi.encodeWithSelector(Openings.OpeningTooLong.selector, 1));
    }

    function test_other_forms_are_refused() external {
        bytes memory opening = abi.encodePacked(uint8(1), uint32(0), uint8(1), uint8(3), _random(256, 1), uint16(0));
        _refuses(opening, abi.encodeWithSelector(Openings.UnknownForm.selector, 3));
        opening = abi.encodePacked(uint8(1), uint32(0), uint8(1), uint8(1), uint8(33), _random(256, 1), uint16(0));
        (bool done, bytes memory answer) = address(this).staticcall(abi.encodeCall(this.dataOf, (opening)));
        assertFalse(done, "a word of 33 bytes");
        assertEq(bytes32(bytes4(answer)), bytes32(Openings.WordTooLong.selector), "another error");
    }

    function test_only_the_last_chunk_is_short() external {
        bytes memory opening = abi.encodePacked(
            uint8(1), uint32(4), uint8(2), hex"0205", _random(5, 1), uint8(0), _random(256, 2), uint16(0)
        );
        _refuses(opening, abi.encodeWithSelector(Openings.ShortChunk.selector, 4));
    }

    function test_nothing_opened_is_no_proof() external {
        assertEq(this.dataOf(hex"000000").length, 0, "nothing");
        vm.expectRevert(Tree.NothingOpened.selector);
        this.topOf(hex"000000", 256);
    }
}
