// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Brief, Briefing} from "../../../contracts/dispute/Brief.sol";
import {DisputeSetup} from "../../../contracts/dispute/DisputesBase.sol";
import {IDisputeTypes} from "../../../contracts/dispute/IDisputeTypes.sol";
import {ProgramRecords} from "../../../contracts/dispute/ProgramRecords.sol";
import {Openings} from "../../../contracts/transcript/Openings.sol";
import {Tree} from "../../../contracts/transcript/Tree.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Match} from "./DisputeWorld.sol";
import {Refusals} from "./Refusals.sol";
import {Execution, Toy} from "./Toy.sol";
import {Trees} from "./Trees.sol";
import {Chunks} from "./Written.sol";

/// Contests that are entered, described and joined with something wrong.
contract BadContestsTest is Refusals {
    function _opened() private returns (Match memory m) {
        Execution[] memory seats = new Execution[](2);
        (seats[0], seats[1]) = (Toy.honest(_lengths()), Toy.wrongAt(_lengths(), 1, 5, 300));
        return _contestedBy(seats);
    }

    // --- enter -------------------------------------------------------------------------------------------------

    function _entering(Match memory m, bytes32 draw) private view returns (bytes memory) {
        return abi.encodeCall(engine.enter, (m.order, draw, _seats(m), _outputs(m)));
    }

    function test_a_contest_is_entered_as_the_market_gave_it() external {
        Match memory m = _opened();
        bytes32 right = keccak256(abi.encode(m.job, market.drawOf(m.job), _seats(m), _outputs(m)));
        bytes32 wrong = keccak256(abi.encode(m.job, bytes32("draw"), _seats(m), _outputs(m)));
        _refuses(
            _entering(m, "draw"), abi.encodeWithSelector(IDisputeTypes.WrongContest.selector, wrong, right)
        );
        bytes32[] memory outputs = _outputs(m);
        (outputs[0], outputs[1]) = (outputs[1], outputs[0]);
        wrong = keccak256(abi.encode(m.job, market.drawOf(m.job), _seats(m), outputs));
        _refuses(
            abi.encodeCall(engine.enter, (m.order, market.drawOf(m.job), _seats(m), outputs)),
            abi.encodeWithSelector(IDisputeTypes.WrongContest.selector, wrong, right)
        );
    }

    function test_a_contest_is_entered_and_described_once() external {
        Match memory m = _opened();
        _enter(m);
        bytes memory again = abi.encodeWithSelector(IDisputeTypes.AlreadyEntered.selector, m.job);
        _refuses(_entering(m, market.drawOf(m.job)), again);
        _describe(m);
        _refuses(abi.encodeCall(engine.describe, (m.order, _briefing(Toy.input(_lengths())))), again);
    }

    function test_there_is_no_contest_of_another_job() external {
        Order memory order = _open(2);
        bytes memory none = abi.encodeWithSelector(IDisputeTypes.NotContested.selector, _id(order));
        bytes32 draw;
        _refuses(abi.encodeCall(engine.enter, (order, draw, new uint256[](0), new bytes32[](0))), none);
        _refuses(abi.encodeCall(engine.describe, (order, _briefing(""))), none);
        _refuses(abi.encodeCall(engine.join, (_id(order), "output")), none);
        _refuses(abi.encodeCall(engine.start, (_id(order), 0, 1)), none);
        _refuses(abi.encodeCall(engine.timeout, (_id(order), 0, 1)), none);
        _refuses(abi.encodeCall(engine.convictTwin, (_id(order), 0, 1)), none);
        Brief memory brief;
        brief.job = bytes32("no job");
        _refuses(
            abi.encodeCall(engine.convictRefused, (brief.encode(), 0, 1)),
            abi.encodeWithSelector(IDisputeTypes.NotContested.selector, bytes32("no job"))
        );
        (bool ended,,) = _resolver().verdict(_id(order));
        assertFalse(ended, "what never began does not end");
    }

    /// A challenged job has no contest to enter.
    function test_a_challenge_is_not_entered() external {
        Match memory m = _settledBy(Toy.honest(_lengths()), 2);
        _challenge(m, finder, Toy.wrongAt(_lengths(), 1, 5, 300));
        bytes32 given = keccak256(abi.encode(m.job, market.drawOf(m.job), _seats(m), _outputs(m)));
        _refuses(
            _entering(m, market.drawOf(m.job)),
            abi.encodeWithSelector(IDisputeTypes.WrongContest.selector, given, bytes32(0))
        );
    }

    // --- describe ----------------------------------------------------------------------------------------------

    function _describing(Match memory m, Briefing memory given) private view returns (bytes memory) {
        return abi.encodeCall(engine.describe, (m.order, given));
    }

    function test_records_are_the_programs() external {
        Match memory m = _opened();
        Briefing memory given = _briefing(Toy.input(_lengths()));
        Chunks memory records = _shapes();
        records.data[40] = hex"01";
        given.records = records.encode();
        _refusesWith(_describing(m, given), ProgramRecords.NotTheProgram.selector);
        given = _briefing(Toy.input(_lengths()));
        given.operators += 1;
        _refusesWith(_describing(m, given), Tree.WrongSiblingCount.selector);
        given = _briefing(Toy.input(_lengths()));
        given.records = Trees.open(Toy.records(), Trees.one(0)).encode();
        _refuses(
            _describing(m, given), abi.encodeWithSelector(ProgramRecords.RecordMissing.selector, Toy.OUTPUT, 15)
        );
        given.records = Trees.open(Toy.records(), Trees.one(4 * Toy.OUTPUT + 1)).encode();
        _refuses(_describing(m, given), abi.encodeWithSelector(ProgramRecords.RecordMissing.selector, 0, 4));
    }

    function _refusesRecords(Match memory m, Chunks memory records, bytes memory words) private {
        Briefing memory given = _briefing(Toy.input(_lengths()));
        given.records = records.encode();
        _refuses(_describing(m, given), words);
    }

    function test_openings_are_complete_and_in_order() external {
        Match memory m = _opened();
        Chunks memory records = _shapes();
        (records.indexes[0], records.indexes[1]) = (57, 0);
        _refusesRecords(m, records, abi.encodeWithSelector(Tree.IndexOutOfOrder.selector, 0));
        records.indexes[1] = 57;
        _refusesRecords(m, records, abi.encodeWithSelector(Tree.IndexOutOfOrder.selector, 57));
        records.indexes[1] = 60;
        _refusesRecords(m, records, abi.encodeWithSelector(Tree.IndexOutOfRange.selector, 60, 60));
        records = _shapes();
        records.data = bytes.concat(Trees.chunk(records.data, 0), new bytes(255));
        _refusesRecords(m, records, abi.encodeWithSelector(Openings.WrongDataLength.selector, 511, 512));
        records.data = Trees.chunk(records.data, 0);
        _refusesRecords(m, records, abi.encodeWithSelector(Openings.WrongDataLength.selector, 256, 512));
    }

    function test_siblings_of_the_input_are_counted() external {
        Match memory m = _opened();
        bytes memory input = Toy.input(_lengths());
        Briefing memory given = _briefing(input);
        Chunks memory opened = Trees.openRange(input, 0, 1);
        uint256 needed = opened.siblings.length;
        opened.siblings = new bytes32[](needed + 1);
        given.input = opened.encode();
        _refuses(_describing(m, given), abi.encodeWithSelector(Tree.WrongSiblingCount.selector, needed + 1, needed));
        opened.siblings = new bytes32[](0);
        given.input = opened.encode();
        _refuses(_describing(m, given), abi.encodeWithSelector(Tree.WrongSiblingCount.selector, 0, needed));
        given.input = Trees.open(input, new uint256[](0)).encode();
        _refuses(_describing(m, given), abi.encodeWithSelector(Tree.NothingOpened.selector));
    }

    // --- start -------------------------------------------------------------------------------------------------

    function _starting(Match memory m, uint256 a, uint256 b) private view returns (bytes memory) {
        return abi.encodeCall(engine.start, (m.job, a, b));
    }

    function test_a_game_needs_two_parties_and_a_brief() external {
        Match memory m = _opened();
        _refuses(_starting(m, 0, 1), _unknownParty(m, 0));
        _enter(m);
        _refuses(_starting(m, 0, 1), abi.encodeWithSelector(IDisputeTypes.NotDescribed.selector, m.job));
        _describe(m);
        _refuses(_starting(m, 0, 2), _unknownParty(m, 2));
        _refuses(_starting(m, 0, FIRST), _unknownParty(m, FIRST));
        _start(m, 0, 1);
        _refuses(_starting(m, 0, 1), abi.encodeWithSelector(IDisputeTypes.GameExists.selector, m.job, 0, 1));
    }

    function test_a_game_is_played_once() external {
        Match memory m = _dispute(5, 300);
        _play(m, 0, 1);
        _pass(JUDGE_TIME + 1);
        engine.timeout(m.job, 0, 1);
        _refuses(_starting(m, 0, 1), abi.encodeWithSelector(IDisputeTypes.GameExists.selector, m.job, 0, 1));
    }

    function test_who_has_lost_starts_no_game() external {
        Match memory m = _dispute(5, 300);
        uint256 party = _joinAs(m, thief, Toy.wrongOutput(_lengths(), 9));
        _play(m, 0, 1);
        _convict(m, 0, 1, false);
        _refuses(_starting(m, 1, party), _partyLost(m, 1));
    }

    // --- state -------------------------------------------------------------------------------------------------

    function _stating(Match memory m, uint256 party, IDisputeTypes.Statement memory statement)
        private
        view
        returns (bytes memory)
    {
        return abi.encodeCall(engine.state, (m.brief.encode(), party, statement));
    }

    function test_a_statement_gives_the_output_that_was_claimed() external {
        Match memory m = _dispute(5, 300);
        _refusesFrom(_account(m, 0), _stating(m, 0, _statementOf(m, 1)), _wrongStatement(m, 0));
        _refusesFrom(_account(m, 0), _stating(m, 2, _statementOf(m, 0)), _unknownParty(m, 2));
        _state(m, 0);
        _refusesFrom(
            _account(m, 0),
            _stating(m, 0, _statementOf(m, 0)),
            abi.encodeWithSelector(IDisputeTypes.AlreadyStated.selector, m.job, 0)
        );
    }

    function test_who_has_lost_states_nothing() external {
        Match memory m = _dispute(5, 300);
        _start(m, 0, 1);
        _state(m, 0);
        _pass(CLOCK + 1);
        engine.timeout(m.job, 0, 1);
        _refusesFrom(_account(m, 1), _stating(m, 1, _statementOf(m, 1)), _partyLost(m, 1));
    }

    /// What is right of another job is wrong of this one.
    function test_nothing_is_taken_from_another_job() external {
        Match memory m = _dispute(5, 300);
        Match memory other = _dispute(5, 300);
        m.brief.salt = "salt";
        _refusesFrom(_account(m, 0), _stating(m, 0, _statementOf(m, 0)), _wrongBrief(m));
        m.brief = _brief(m.job, _lengths());
        m.brief.outputBytes += 4;
        _refusesFrom(_account(m, 0), _stating(m, 0, _statementOf(m, 0)), _wrongBrief(m));
        // The other job's brief is about the other job.
        m.brief = other.brief;
        vm.startPrank(_account(other, 0));
        engine.state(m.brief.encode(), 0, _statementOf(m, 0));
        vm.stopPrank();
        assertFalse(_stated(m, 0), "not here");
        assertTrue(_stated(other, 0), "there");
    }

    // --- after the end -----------------------------------------------------------------------------------------

    function test_nothing_is_played_once_the_contest_is_over() external {
        Match memory m = _dispute(5, 300);
        _start(m, 0, 1);
        _goTo(engine.contestOf(m.job).endsAt - 1);
        _state(m, 1);
        _pass(1);
        _refusesFrom(_account(m, 0), _stating(m, 0, _statementOf(m, 0)), _over(m));
        _refuses(_starting(m, 0, 1), _over(m));
        _refuses(abi.encodeCall(engine.join, (m.job, "output")), _over(m));
        _refuses(abi.encodeCall(engine.timeout, (m.job, 0, 1)), _over(m));
        _refuses(abi.encodeCall(engine.convictTwin, (m.job, 0, 1)), _over(m));
        _refuses(abi.encodeCall(engine.convictRefused, (m.brief.encode(), 0, 1)), _over(m));
        _refuses(
            abi.encodeCall(engine.face, (m.brief.encode(), 0, 1, _statementOf(m, 0), _statementOf(m, 1))), _over(m)
        );
        _assertVerdict(m, true, 0, address(0));
    }

    // --- deployment --------------------------------------------------------------------------------------------

    function create(string calldata name, bytes calldata arguments) external returns (address) {
        return _createFrom("Parts", name, arguments);
    }

    function _refusesSetup(DisputeSetup memory wrong, string memory rule) private {
        for (uint256 i; i < 2; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IDisputeTypes.BadParameters.selector, rule));
            this.create(i == 0 ? "Games" : "Convictions", abi.encode(wrong));
        }
    }

    function test_an_engine_has_clocks_and_room_for_a_game() external {
        DisputeSetup memory wrong = setup;
        wrong.clock = 0;
        _refusesSetup(wrong, "a clock is zero");
        (wrong.clock, wrong.judgeTime) = (CLOCK, 0);
        _refusesSetup(wrong, "a clock is zero");
        (wrong.judgeTime, wrong.window) = (JUDGE_TIME, LONGEST);
        _refusesSetup(wrong, "the window is shorter than the longest game");
        wrong.window = 1 << 32;
        _refusesSetup(wrong, "the window exceeds 32 bits");
        wrong.window = LONGEST + 1;
        this.create("Games", abi.encode(wrong));
    }

    function createEngine(address games, address convictions) external returns (address) {
        return _create("Disputes", abi.encode(games, convictions));
    }

    function test_the_parts_of_an_engine_agree() external {
        DisputeSetup memory other = setup;
        other.bond += 1;
        address games = this.create("Games", abi.encode(setup));
        address convictions = this.create("Convictions", abi.encode(other));
        vm.expectRevert(
            abi.encodeWithSelector(IDisputeTypes.BadParameters.selector, "the parts of the engine differ")
        );
        this.createEngine(games, convictions);
    }

    function test_an_engine_takes_no_coins() external {
        vm.deal(address(this), 2);
        (bool done, bytes memory answer) = address(engine).call{value: 1}("");
        assertFalse(done);
        assertEq(answer, abi.encodeWithSelector(IDisputeTypes.NoCoins.selector, 1));
        (done, answer) = address(engine).call{value: 2}(abi.encodeCall(engine.start, (_id(_order(2)), 0, 1)));
        assertEq(answer, abi.encodeWithSelector(IDisputeTypes.NoCoins.selector, 2));
    }

    /// A part's own storage knows no contest.
    function test_a_part_alone_does_nothing() external {
        Match memory m = _dispute(5, 300);
        address games = this.create("Games", abi.encode(setup));
        (bool done, bytes memory answer) = games.call(_starting(m, 0, 1));
        assertFalse(done);
        assertEq(answer, abi.encodeWithSelector(IDisputeTypes.NotContested.selector, m.job));
    }

    function test_a_bond_is_there_once_and_paid_in_full() external {
        Match memory m = _dispute(5, 300);
        _refuses(
            abi.encodeCall(engine.settleBond, (m.job, 0)),
            abi.encodeWithSelector(IDisputeTypes.NoBond.selector, m.job, 0)
        );
        bytes memory joining = abi.encodeCall(engine.join, (m.job, "output"));
        (bool done,) = address(engine).call(joining);
        assertFalse(done, "without an allowance");
        assertEq(engine.contestOf(m.job).live, 0, "nobody joined");
        _refuses(
            abi.encodeCall(engine.withdraw, ()),
            abi.encodeWithSelector(IDisputeTypes.NothingToWithdraw.selector, address(this))
        );
    }
}
