// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDisputeTypes} from "../../../contracts/dispute/IDisputeTypes.sol";
import {Match} from "./DisputeWorld.sol";
import {Moves} from "./Moves.sol";
import {Execution, Toy, Where} from "./Toy.sol";

/// Whole games about one lie of each kind, from the contest to the bonds.
contract GamesTest is Moves {
    /// Three seats of which the middle one lies.
    function _liar(Execution memory wrong) private returns (Match memory m) {
        Execution[] memory seats = new Execution[](3);
        (seats[0], seats[1], seats[2]) = (Toy.honest(wrong.lengths), wrong, Toy.honest(wrong.lengths));
        m = _contestedBy(seats);
        _note();
        _enter(m);
        _describe(m);
    }

    /// Seat 1 lost its game with seat 0: its bond is cut into its slices.
    function _pays(Match memory m) private {
        _assertVerdict(m, true, 2, _account(m, 0));
        market.conclude(m.order);
        _assertGain(_account(m, 0), int256(SHARE + CEILING), "the winner");
        _assertGain(_account(m, 1), -int256(BOND), "the liar");
        _assertGain(_account(m, 2), int256(SHARE), "the other honest seat");
        _assertGain(requester, int256(CEILING), "the requester");
        _assertGain(BURNED, int256(BOND - 2 * SHARE - 2 * CEILING), "the rest");
        assertEq(token.balanceOf(address(engine)), 0, "the engine holds nothing of seats");
    }

    /// The game ends at this element, where the right number is `right`.
    function _found(Match memory m, uint256 sequence, uint256 value, uint256 element, int256 right) private {
        IDisputeTypes.Game memory game = _game(m, 0, 1);
        assertEq(uint256(game.stage), uint256(IDisputeTypes.Stage.Element), "stage");
        assertEq(game.sequence, sequence, "sequence");
        assertEq(game.value, value, "value");
        assertEq(game.index, element, "element");
        _honestSafe(m);
        vm.expectEmit(address(engine));
        emit IDisputeTypes.Convicted(m.job, 1, sequence, 0, value, element, right + 1, right);
        _convict(m, 0, 1, false);
        _pays(m);
    }

    function convictNow(Match memory m, bool first) external {
        _convict(m, 0, 1, first);
    }

    function _honestSafe(Match memory m) private {
        vm.expectPartialRevert(IDisputeTypes.NothingWrong.selector);
        this.convictNow(m, true);
    }

    function test_a_wrong_sum_is_found_and_convicted() external {
        Match memory m = _liar(Toy.wrongAt(_lengths(), 1, 5, 300));
        assertEq(_play(m, 0, 1), 5, "statements, sequences, values, chunks, a leaf");
        _assertVerdict(m, false, 0, address(0));
        _found(m, 1, 5, 300, 5 * Toy.weight(1, 300));
    }

    function test_the_first_of_several_lies_is_found() external {
        Execution memory wrong = Toy.wrongAt(_lengths(), 1, 12, 599);
        Toy.lie(wrong, 1, 3, 256, 1);
        Toy.lie(wrong, 1, 4, 0, 1);
        Toy.lie(wrong, 2, 1, 0, 1);
        Match memory m = _liar(wrong);
        _play(m, 0, 1);
        _found(m, 1, 3, 256, 3 * Toy.weight(1, 256));
    }

    function test_a_wrong_embedding_is_found() external {
        Match memory m = _liar(Toy.wrongAt(_lengths(), 0, Toy.EMBEDDING, 2));
        assertEq(_play(m, 0, 1), 4, "a value of one chunk");
        _found(m, 0, Toy.EMBEDDING, 2, Toy.weight(0, 2));
    }

    function test_a_wrong_mean_of_few_terms_is_found() external {
        Match memory m = _liar(Toy.wrongAt(_lengths(), 0, Toy.MEAN, 0));
        _play(m, 0, 1);
        int256 sum = Toy.weight(0, 0) + Toy.weight(0, 1) + Toy.weight(0, 2);
        _found(m, 0, Toy.MEAN, 0, Toy.mean(7 * sum, 3));
    }

    function test_a_wrong_copy_of_the_input_is_found() external {
        Match memory m = _liar(Toy.wrongAt(_lengths(), 1, 0, 511));
        _play(m, 0, 1);
        _found(m, 1, 0, 511, int256(Toy.token(1, 511)));
    }

    function test_a_wrong_copy_in_the_last_sequence_is_found() external {
        Match memory m = _liar(Toy.wrongAt(_lengths(), 2, 0, 1));
        _play(m, 0, 1);
        _found(m, 2, 0, 1, int256(Toy.token(2, 1)));
    }

    /// The execution is right, and one four-byte word of the output is not.
    function _foundInOutput(uint256 word) private {
        Match memory m = _liar(Toy.wrongOutput(_lengths(), word));
        assertEq(_play(m, 0, 1), 3, "statements, chunks of the output, a leaf");
        IDisputeTypes.Game memory game = _game(m, 0, 1);
        assertEq(uint256(game.stage), uint256(IDisputeTypes.Stage.OutputElement), "stage");
        assertEq(game.index, word, "word");
        _honestSafe(m);
        int256 right = Toy.get(m.by[0].output, word);
        vm.expectEmit(address(engine));
        emit IDisputeTypes.Convicted(m.job, 1, 0, 0, 0, word, right + 1, right);
        _convict(m, 0, 1, false);
        _pays(m);
    }

    function test_a_wrong_mark_of_the_output_is_found() external {
        _foundInOutput(0);
    }

    function test_a_wrong_count_in_the_output_is_found() external {
        _foundInOutput(1);
    }

    function test_a_wrong_length_in_the_output_is_found() external {
        _foundInOutput(3);
    }

    function test_a_wrong_element_of_the_output_is_found() external {
        _foundInOutput(5 + 3 + 300);
    }

    function test_a_wrong_last_element_of_the_output_is_found() external {
        _foundInOutput(5 + 3 + 600 + 1);
    }

    /// What stands behind the end of a tree convicts as such, without a referee.
    function _foundBeyond(Where where, uint256 rounds) private {
        Match memory m = _liar(Toy.beyond(_lengths(), where));
        assertEq(_play(m, 0, 1), rounds, "rounds");
        _assertStage(m, 0, 1, IDisputeTypes.Stage.Over);
        assertTrue(engine.partyOf(m.job, 1).proven, "proven");
        _pays(m);
    }

    function test_a_sequence_that_nobody_asked_for_convicts() external {
        _foundBeyond(Where.Sequences, 2);
    }

    function test_a_value_that_no_operator_writes_convicts() external {
        _foundBeyond(Where.Values, 3);
    }

    function test_a_chunk_behind_the_end_of_a_value_convicts() external {
        _foundBeyond(Where.Chunks, 4);
    }

    function test_a_chunk_behind_the_end_of_the_output_convicts() external {
        _foundBeyond(Where.Output, 2);
    }

    // --- both wrong ------------------------------------------------------------------------------------------

    /// Two that are wrong in other ways, of one element.
    function _twoLiars() private returns (Match memory m) {
        Execution[] memory seats = new Execution[](2);
        seats[0] = Toy.wrongAt(_lengths(), 0, 4, 1);
        seats[1] = Toy.wrongAt(_lengths(), 0, 4, 1);
        Toy.lie(seats[1], 0, 4, 1, 1);
        m = _contestedBy(seats);
        _note();
        _enter(m);
        _describe(m);
        _play(m, 0, 1);
    }

    function test_both_are_convicted_where_both_are_wrong() external {
        Match memory m = _twoLiars();
        _convict(m, 0, 1, true);
        _convict(m, 0, 1, false);
        _assertVerdict(m, true, 3, address(0));
        market.conclude(m.order);
        _assertGain(_account(m, 0), -int256(BOND), "one liar");
        _assertGain(_account(m, 1), -int256(BOND), "the other");
        _assertGain(requester, 2 * int256(CEILING), "the requester");
        _assertGain(BURNED, 2 * int256(BOND - CEILING), "the rest, and the bounties");
    }

    function test_the_second_of_two_liars_is_convicted_in_time_only() external {
        Match memory m = _twoLiars();
        uint256 until = _game(m, 0, 1).since + JUDGE_TIME;
        _convict(m, 0, 1, false);
        _goTo(until + 1);
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.ContestOver.selector, m.job, until));
        this.convictNow(m, true);
        _goTo(until);
        _convict(m, 0, 1, true);
        _assertVerdict(m, true, 3, address(0));
    }

    /// Both stand beyond the end, with other leaves.
    function test_both_are_convicted_beyond_the_end() external {
        Execution[] memory seats = new Execution[](2);
        (seats[0], seats[1]) = (Toy.beyond(_lengths(), Where.Values), Toy.beyond(_lengths(), Where.Values));
        seats[1].extra = "other junk";
        Toy.set(seats[1].output, 6, 77);
        Match memory m = _matchOf(seats);
        _play(m, 0, 1);
        _assertVerdict(m, true, 3, address(0));
    }

    // --- deep trees ------------------------------------------------------------------------------------------

    /// More than 64 sequences are opened in two rounds.
    function test_a_high_tree_is_descended_in_rounds() external {
        uint32[] memory lengths = new uint32[](70);
        for (uint256 s; s < 70; ++s) lengths[s] = 1 + uint32(s % 2);
        Match memory m = _liar(Toy.wrongAt(lengths, 67, 10, 1));
        assertEq(_play(m, 0, 1), 5, "statements, sequences twice, values, a leaf");
        _found(m, 67, 10, 1, 9 * Toy.weight(67, 1));
    }

    function test_the_only_sequence_needs_no_tree() external {
        uint32[] memory lengths = new uint32[](1);
        lengths[0] = 4;
        Match memory m = _liar(Toy.wrongAt(lengths, 0, 2, 3));
        assertEq(_play(m, 0, 1), 3, "statements, values, a leaf");
        _found(m, 0, 2, 3, 2 * Toy.weight(0, 3));
    }
}
