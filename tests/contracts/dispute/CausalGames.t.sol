// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDisputeTypes} from "../../../contracts/dispute/IDisputeTypes.sol";
import {CausalToy} from "./CausalToy.sol";
import {CausalWorld} from "./CausalWorld.sol";
import {Match} from "./DisputeWorld.sol";
import {Execution, Toy, Where} from "./Toy.sol";

/// Games about a program that is laid down position by position, and reads what it wrote.
contract CausalGamesTest is CausalWorld {
    function convictNow(Match memory m, bool first) external {
        _convict(m, 0, 1, first);
    }

    /// The game ends at this element, where the right number is `right`; the liar's is one more.
    function _found(uint256 sequence, uint256 position, uint256 value, uint256 element, int256 right) private {
        Match memory m = _against(_liar(sequence, position, value, element));
        _play(m, 0, 1);
        IDisputeTypes.Game memory game = _game(m, 0, 1);
        assertEq(uint256(game.stage), uint256(IDisputeTypes.Stage.Element), "stage");
        assertEq(game.sequence, sequence, "sequence");
        assertEq(game.position, position, "position");
        assertEq(game.value, value, "value");
        assertEq(game.index, element, "element");
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.NothingWrong.selector, right));
        this.convictNow(m, true);
        vm.expectEmit(address(engine));
        emit IDisputeTypes.Convicted(m.job, 1, sequence, position, value, element, right + 1, right);
        _convict(m, 0, 1, false);
        _assertVerdict(m, true, 2, _account(m, 0));
    }

    /// What the program reads at a position of the second prompt.
    function _read(uint256 position) private pure returns (int256) {
        return Toy.get(_honest().values[1][CausalToy.PLACES * position], 0);
    }

    // --- values ----------------------------------------------------------------------------------------------

    function test_a_wrong_sum_is_found_at_its_position() external {
        _found(1, 2, 5, 0, 5 * CausalToy.weight(_read(2)));
    }

    function test_a_wrong_sum_behind_the_prompt_is_found() external {
        _found(1, 20, 13, 0, 12 * CausalToy.weight(_read(20)));
    }

    function test_a_wrong_embedding_is_found_at_its_position() external {
        _found(0, 2, Toy.EMBEDDING, 0, CausalToy.weight(int256(Toy.token(0, 2))));
    }

    function test_a_sequence_of_one_position_needs_no_tree_of_positions() external {
        _found(2, 0, 9, 0, 8 * CausalToy.weight(int256(Toy.token(2, 0))));
    }

    /// Positions come before values: a lie at an earlier position is found first.
    function test_the_first_position_comes_first() external {
        Execution memory wrong = _liar(1, 7, 1, 0);
        CausalToy.lie(wrong, 1, 6, 13, 0, 2);
        Match memory m = _against(wrong);
        assertEq(_play(m, 0, 1), 5, "statements, sequences, positions, values, a leaf");
        assertEq(_game(m, 0, 1).position, 6);
        assertEq(_game(m, 0, 1).value, 13);
    }

    // --- what the program reads --------------------------------------------------------------------------------

    function test_a_wrong_token_of_the_prompt_is_found() external {
        _found(1, 3, 0, 0, int256(Toy.token(1, 3)));
    }

    function test_a_token_that_was_not_emitted_is_found() external {
        _found(1, 4, 0, 0, 13 * CausalToy.weight(int256(Toy.token(1, 3))));
        assertTrue(_read(4) != 0, "it says something");
    }

    function test_whether_the_program_wrote_a_token_is_found() external {
        _found(1, 3, 0, 1, 0);
    }

    function test_that_the_program_wrote_a_token_is_found() external {
        _found(1, 4, 0, 1, 1);
    }

    function test_a_wrong_setting_is_found_at_any_position() external {
        _found(0, 1, 0, 2, CausalToy.setting(0, 1));
    }

    function test_another_seed_is_found() external {
        _found(1, 19, 0, 5, CausalToy.setting(1, 4));
    }

    // --- the output --------------------------------------------------------------------------------------------

    /// The execution is right, and one four-byte word of the output is not.
    function _foundInOutput(uint256 word) private {
        Execution memory wrong = _honest();
        int256 right = Toy.get(wrong.output, word);
        Toy.set(wrong.output, word, right + 1);
        Match memory m = _against(wrong);
        _play(m, 0, 1);
        IDisputeTypes.Game memory game = _game(m, 0, 1);
        assertEq(uint256(game.stage), uint256(IDisputeTypes.Stage.OutputElement), "stage");
        assertEq(game.index, word, "word");
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.NothingWrong.selector, right));
        this.convictNow(m, true);
        _convict(m, 0, 1, false);
        _assertVerdict(m, true, 2, _account(m, 0));
    }

    function test_a_wrong_count_of_answers_is_found() external {
        _foundInOutput(1);
    }

    function test_a_wrong_length_of_an_answer_is_found() external {
        assertEq(Toy.get(_honest().output, 3), 18, "from the prompt's last token on");
        _foundInOutput(3);
    }

    function test_a_wrong_first_word_of_an_answer_is_found() external {
        _foundInOutput(5 + 1);
    }

    function test_a_wrong_last_word_is_found() external {
        _foundInOutput(5 + 1 + 18);
    }

    // --- beyond the end ----------------------------------------------------------------------------------------

    function _foundBeyond(Where where) private {
        Execution memory wrong = _honest();
        (wrong.extra, wrong.where) = ("junk", where);
        Toy.set(wrong.output, wrong.output.length / 4 - 1, 4242);
        Match memory m = _against(wrong);
        _play(m, 0, 1);
        _assertStage(m, 0, 1, IDisputeTypes.Stage.Over);
        assertTrue(engine.partyOf(m.job, 1).proven, "proven");
        _assertVerdict(m, true, 2, _account(m, 0));
    }

    function test_a_position_that_nobody_asked_for_convicts() external {
        _foundBeyond(Where.Positions);
    }

    function test_a_value_that_no_operator_writes_convicts_at_a_position() external {
        _foundBeyond(Where.Values);
    }

    function test_a_sequence_behind_the_last_prompt_convicts() external {
        _foundBeyond(Where.Sequences);
    }
}
