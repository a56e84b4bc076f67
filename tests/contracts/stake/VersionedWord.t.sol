// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Test} from "../lib/Test.sol";
import {VersionedWord, VersionedWordLib} from "../../../contracts/stake/VersionedWord.sol";

contract VersionedWordTest is Test {
    using VersionedWordLib for VersionedWord;

    uint256 private constant MOST = (1 << 224) - 1;

    VersionedWord private _word;

    function _check(uint256 epoch, uint256 current, uint256 next) private view {
        assertEq(_word.read(epoch), current, "in this epoch");
        assertEq(_word.read(epoch + 1), next, "in the next");
        assertEq(_word.read(epoch + 9), next, "later");
        assertEq(_word.readNext(), next, "next");
    }

    function test_a_word_nobody_wrote_is_zero() external view {
        _check(0, 0, 0);
        _check(7, 0, 0);
    }

    function test_what_is_written_holds_from_the_next_epoch_on() external {
        _word.writeNext(MOST, 5);
        _check(5, 0, MOST);
        _check(6, MOST, MOST);
    }

    function test_writing_twice_in_an_epoch_keeps_what_held_before() external {
        _word.writeNext(11, 5);
        _word.writeNext(22, 6);
        _word.writeNext(33, 6);
        _word.writeNext(0, 6);
        _check(6, 11, 0);
        _word.writeNext(44, 9);
        _check(9, 0, 44);
    }

    function test_the_first_epoch_has_a_next_one() external {
        _word.writeNext(11, 0);
        _check(0, 0, 11);
    }
}
