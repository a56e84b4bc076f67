// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDisputeTypes} from "../../../contracts/dispute/IDisputeTypes.sol";
import {Briefing} from "../../../contracts/dispute/Brief.sol";
import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {InputRules} from "../../../contracts/dispute/InputRules.sol";
import {Payloads as PayloadReader} from "../../../contracts/dispute/Payloads.sol";
import {JobId} from "../../../contracts/types/Ids.sol";
import {DisputeWorld, Match} from "./DisputeWorld.sol";
import {Toy} from "./Toy.sol";
import {Trees} from "./Trees.sol";

/// Inputs that break a rule: there is one right output, and no game.
contract RefusedTest is DisputeWorld {
    bytes32 private _right = Trees.blinded(Toy.SALT, Trees.rootOf("TSR1"));

    /// A contested job about these bytes: seat 0 claims what is right, seat 1 something else.
    function _about(bytes memory input) private returns (Match memory m) {
        m.order = _drawnToy(input, 2);
        m.job = _id(m.order);
        bytes32[] memory outputs = new bytes32[](2);
        (outputs[0], outputs[1]) = (_right, OTHER);
        m.reveals = _reveals(m.order, outputs);
        market.contest(m.order, outputs, m.reveals);
        _note();
        engine.enter(m.order, market.drawOf(m.job), _seats(m), outputs);
    }

    function _say(Match memory m, bytes memory input) private {
        (m.brief.job, m.brief.program) = (JobId.unwrap(m.job), registry.shardRoot(model, 0));
        (m.brief.salt, m.brief.refused) = (Toy.SALT, true);
        engine.describe(m.order, _briefing(input));
        // An opponent has taken part since an earlier block.
        _pass(1);
    }

    function _refuses(bytes memory input) private {
        Match memory m = _about(input);
        _say(m, input);
        assertTrue(engine.contestOf(m.job).refused, "refused");
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.NotDescribed.selector, m.job));
        this.startNow(m);
        vm.prank(thief);
        engine.convictRefused(m.brief.encode(), 1, 0);
        _assertVerdict(m, true, 2, _provider(m.order, 0));
        market.conclude(m.order);
        _assertGain(_provider(m.order, 0), int256(SHARE + CEILING), "who refused");
        _assertGain(_provider(m.order, 1), -int256(BOND), "who claimed a result");
    }

    function startNow(Match memory m) external {
        engine.start(m.job, 0, 1);
    }

    function convictNow(Match memory m, uint256 party, uint256 against) external {
        engine.convictRefused(m.brief.encode(), party, against);
    }

    // --- what is no input ------------------------------------------------------------------------------------

    function test_no_bytes_are_no_input() external {
        _refuses("");
    }

    function test_fewer_bytes_than_a_header_are_no_input() external {
        _refuses("TSP1\x01\x00\x00");
    }

    function test_another_mark_is_no_input() external {
        _refuses("TSP2\x01\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00");
    }

    function test_no_sequences_are_no_input() external {
        _refuses("TSP1\x00\x00\x00\x00");
    }

    function test_too_many_sequences_are_no_input() external {
        _refuses(bytes.concat("TSP1\x01\x10\x00\x00", new bytes(4 * 4097)));
    }

    function test_a_count_beyond_the_bytes_is_no_input() external {
        _refuses("TSP1\xff\xff\xff\xff\x01\x00\x00\x00\x02\x00\x00\x00");
    }

    function test_an_empty_sequence_is_no_input() external {
        _refuses("TSP1\x02\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00");
    }

    function test_a_sequence_beyond_the_greatest_length_is_no_input() external {
        uint32[] memory lengths = new uint32[](1);
        lengths[0] = uint32(Toy.MOST_POSITIONS + 1);
        _refuses(Toy.input(lengths));
    }

    function test_more_positions_than_are_paid_for_are_no_input() external {
        uint32[] memory lengths = new uint32[](2);
        (lengths[0], lengths[1]) = (1_000, 25);
        _refuses(Toy.input(lengths));
    }

    function test_bytes_behind_the_end_are_no_input() external {
        _refuses(bytes.concat(Toy.input(_lengths()), hex"00000000"));
    }

    function test_a_byte_too_few_is_no_input() external {
        _refuses("TSP1\x01\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00");
    }

    // --- what is one -----------------------------------------------------------------------------------------

    function test_the_most_that_is_paid_for_is_an_input() external {
        uint32[] memory lengths = new uint32[](2);
        (lengths[0], lengths[1]) = (1_000, 24);
        bytes memory input = Toy.input(lengths);
        Match memory m = _about(input);
        engine.describe(m.order, _briefing(input));
        assertFalse(engine.contestOf(m.job).refused, "good");
        m.brief = _brief(m.job, lengths);
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.NotRefused.selector, m.job));
        this.convictNow(m, 1, 0);
    }

    // --- who is convicted ------------------------------------------------------------------------------------

    function test_whoever_refused_is_not_convicted() external {
        Match memory m = _about("");
        _say(m, "");
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.GoodOutput.selector, _right));
        this.convictNow(m, 0, 1);
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.WrongStatement.selector, m.job, 1));
        this.convictNow(m, 1, 1);
        vm.prank(thief);
        uint256 other = engine.join(m.job, "a third output");
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.WrongStatement.selector, m.job, other));
        this.convictNow(m, 1, other);
        // A seat that claims the same goes before.
        vm.prank(thief);
        uint256 same = engine.join(m.job, _right);
        _pass(1);
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.NotAnOpponent.selector, m.job, 1, same));
        this.convictNow(m, 1, same);
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.UnknownParty.selector, m.job, 2));
        this.convictNow(m, 2, 0);
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.UnknownParty.selector, m.job, 2));
        this.convictNow(m, 1, 2);
        engine.convictRefused(m.brief.encode(), 1, 0);
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.PartyLost.selector, m.job, 1));
        this.convictNow(m, 1, 0);
    }

    /// Seats that were all paid for a result.
    function test_a_challenger_convicts_whoever_was_paid_for_a_result() external {
        Match memory m;
        m.order = _drawnToy("", 3);
        m.job = _id(m.order);
        IMarketTypes.Settlement memory settlement = _settlement(m.order, OTHER);
        market.settle(settlement);
        _note();
        vm.prank(finder);
        uint256 party = engine.challenge(m.order, OTHER, settlement.reveals, _right);
        _say(m, "");
        // Whoever copies the conviction comes in this very block.
        vm.prank(thief);
        uint256 copying = engine.join(m.job, _right);
        vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.NotAnOpponent.selector, m.job, 0, copying));
        this.convictNow(m, 0, copying);
        for (uint256 seat; seat < 3; ++seat) engine.convictRefused(m.brief.encode(), seat, party);
        _assertVerdict(m, true, 7, finder);
        market.conclude(m.order);
        engine.settleBond(m.job, party);
        _assertGain(finder, 3 * int256(CEILING), "three bounties");
    }

    // --- what is shown ---------------------------------------------------------------------------------------

    function describeNow(Match memory m, Briefing memory given) external {
        engine.describe(m.order, given);
    }

    function test_an_input_is_shown_from_its_beginning() external {
        bytes memory input = Toy.input(_lengths());
        Match memory m = _about(input);
        Briefing memory given = _briefing(input);
        given.input = Trees.openRange(input, 1, 1).encode();
        vm.expectRevert(abi.encodeWithSelector(InputRules.ChunkMissing.selector, 0));
        this.describeNow(m, given);
        given = _briefing(input);
        given.salt = "another";
        bytes32 wrong = Trees.blinded("another", Trees.rootOf(input));
        vm.expectRevert(abi.encodeWithSelector(PayloadReader.WrongInput.selector, wrong, m.order.inputRoot));
        this.describeNow(m, given);
    }

    function test_all_chunks_with_lengths_are_shown() external {
        uint32[] memory lengths = new uint32[](300);
        for (uint256 s; s < 300; ++s) lengths[s] = 1;
        bytes memory input = Toy.input(lengths);
        Match memory m = _about(input);
        Briefing memory given = _briefing(input);
        vm.expectRevert(abi.encodeWithSelector(InputRules.ChunkMissing.selector, 2));
        this.describeNow(m, given);
        given.input = Trees.openRange(input, 0, 4).encode();
        engine.describe(m.order, given);
    }
}
