// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Test} from "../lib/Test.sol";
import {Brief} from "../../../contracts/dispute/Brief.sol";
import {Bounds, InputRules} from "../../../contracts/dispute/InputRules.sol";
import {Payloads} from "../../../contracts/dispute/Payloads.sol";
import {Openings} from "../../../contracts/transcript/Openings.sol";
import {Toy} from "./Toy.sol";
import {Trees} from "./Trees.sol";

/// What inputs of rows and of prompts ask for, and where the two ends of their transcripts stand.
contract InputRulesTest is Test {
    uint256 private constant ROWS = 1;
    uint256 private constant PROMPT = 2;

    Payloads private _payloads = new Payloads();

    function read(bytes calldata opening, uint256 size, Bounds calldata bounds)
        external
        view
        returns (bytes memory positions, bytes memory prompts)
    {
        return InputRules.read(size, Openings.read(opening), bounds);
    }

    /// A payload of zeros with sequences of these lengths, of which the first begins with these numbers.
    function _payload(uint32[] memory lengths, int256[] memory first) private pure returns (bytes memory data) {
        bytes[] memory values = new bytes[](lengths.length);
        for (uint256 s; s < lengths.length; ++s) values[s] = new bytes(4 * lengths[s]);
        for (uint256 i; i < first.length; ++i) Toy.set(values[0], i, first[i]);
        return Toy.payload(lengths, values);
    }

    function _asks(bytes memory payload, Bounds memory bounds, bytes memory positions, bytes memory prompts)
        private
        view
    {
        bytes memory opening = Trees.openRange(payload, 0, payload.length).encode();
        (bytes memory found, bytes memory tokens) = this.read(opening, payload.length, bounds);
        assertEq(found, positions);
        assertEq(tokens, prompts);
    }

    function _lengths(uint32 a, uint32 b, uint32 c) private pure returns (uint32[] memory lengths) {
        lengths = new uint32[](3);
        (lengths[0], lengths[1], lengths[2]) = (a, b, c);
    }

    // --- rows ------------------------------------------------------------------------------------------------------

    function _rows(uint32 a, uint32 b, uint32 c, bytes memory positions) private view {
        _asks(_payload(_lengths(a, b, c), new int256[](0)), Bounds(ROWS, 3, 4, 8), positions, "");
    }

    function test_rows_are_whole() external view {
        _rows(3, 12, 9, hex"000100040003");
        _rows(3, 12, 8, "");
    }

    function test_rows_are_neither_none_nor_too_many() external view {
        _rows(3, 0, 9, "");
        _rows(15, 3, 3, "");
        _rows(3, 12, 12, "");
    }

    function test_a_program_reads_something() external view {
        bytes memory payload = _payload(_lengths(3, 3, 3), new int256[](0));
        _asks(payload, Bounds(ROWS, 0, 4, 8), "", "");
        _asks(payload, Bounds(3, 3, 4, 8), "", "");
        _asks(payload, Bounds(0, 3, 4, 8), hex"000100010001", "");
    }

    // --- prompts ---------------------------------------------------------------------------------------------------

    /// Two prompts, of `a` and `b` tokens, with so many to write.
    function _prompts(uint32 a, int256 first, uint32 b, int256 second, bytes memory positions, bytes memory tokens)
        private
        view
    {
        int256[] memory settings = new int256[](10);
        (settings[0], settings[5]) = (first, second);
        (settings[1], settings[9]) = (-1, type(int32).min);
        _asks(_payload(_lengths(10, a, b), settings), Bounds(PROMPT, 6, 9, 12), positions, tokens);
    }

    function test_a_prompt_is_read_with_all_that_is_written_but_the_last() external view {
        _prompts(4, 6, 2, 1, hex"00090002", hex"00040002");
        _prompts(1, 1, 3, 4, hex"00010006", hex"00010003");
        _prompts(9, 1, 1, 3, hex"00090003", hex"00090001");
    }

    function test_a_prompt_is_not_empty() external view {
        _prompts(0, 6, 2, 1, "", "");
    }

    function test_something_is_to_be_written() external view {
        _prompts(4, 0, 2, 1, "", "");
        _prompts(4, -1, 2, 1, "", "");
    }

    function test_a_prompt_does_not_ask_for_too_much() external view {
        _prompts(4, 7, 2, 1, "", "");
        _prompts(4, type(int32).max, 2, 1, "", "");
        _prompts(4, 6, 2, 3, "", "");
    }

    function test_each_prompt_has_its_settings() external view {
        uint32[] memory one = new uint32[](1);
        _asks(_payload(one, new int256[](0)), Bounds(PROMPT, 6, 9, 12), "", "");
        one[0] = 5;
        _asks(_payload(one, new int256[](0)), Bounds(PROMPT, 6, 9, 12), "", "");
        int256[] memory settings = new int256[](1);
        settings[0] = 1;
        _asks(_payload(_lengths(9, 1, 1), settings), Bounds(PROMPT, 6, 9, 12), "", "");
    }

    // --- both ends -------------------------------------------------------------------------------------------------

    /// Two sequences of 1 and 3 rows of 5 elements, of a program that is causal or not.
    function _brief(bool causal, bytes memory payload) private pure returns (Brief memory brief) {
        (brief.operators, brief.inputKind, brief.inputWidth, brief.causal) = (1, uint8(ROWS), 5, causal);
        (brief.inputBytes, brief.inputTop) = (uint64(payload.length), Trees.top(Trees.leavesOf(payload)));
        (brief.outputWidth, brief.outputPerPosition, brief.outputBytes) = (2, true, 4 * (4 + 8));
        brief.lengths = hex"00010003";
    }

    function test_rows_are_copied_from_the_input() external view {
        uint32[] memory lengths = new uint32[](2);
        (lengths[0], lengths[1]) = (5, 15);
        bytes memory payload = _payload(lengths, new int256[](0));
        for (uint256 i; i < 20; ++i) Toy.set(payload, 4 + i, int256(100 + i));
        bytes memory input = Trees.openRange(payload, 0, 0).encode();
        (bool wrote, int256 expected) = _payloads.copied(_brief(true, payload).encode(), 1, 2, 3, input);
        assertFalse(wrote, "given");
        assertEq(expected, 100 + 5 + 2 * 5 + 3);
        (, expected) = _payloads.copied(_brief(false, payload).encode(), 1, 0, 13, input);
        assertEq(expected, 100 + 5 + 13);
    }

    function test_rows_are_given_out_position_by_position() external view {
        bytes memory brief = _brief(true, "TSP1").encode();
        for (uint256 word = 4; word < 12; ++word) {
            (bool header,, uint256 sequence, uint256 position, uint256 element) =
                _payloads.outputWord(brief, "", word);
            assertFalse(header, "a result");
            uint256 row = (word - 4) / 2;
            assertEq(sequence, row == 0 ? 0 : 1);
            assertEq(position, row == 0 ? 0 : row - 1);
            assertEq(element, word % 2);
        }
        (, int256 length,,,) = _payloads.outputWord(brief, "", 3);
        assertEq(length, 6);
        (,,,, uint256 place) = _payloads.outputWord(_brief(false, "TSP1").encode(), "", 11);
        assertEq(place, 5);
    }
}
