// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDisputeTypes} from "../../../contracts/dispute/IDisputeTypes.sol";
import {InputRules} from "../../../contracts/dispute/InputRules.sol";
import {Payloads as PayloadReader} from "../../../contracts/dispute/Payloads.sol";
import {Values} from "../../../contracts/referee/Values.sol";
import {Match} from "./DisputeWorld.sol";
import {Refusals} from "./Refusals.sol";
import {Execution, Toy} from "./Toy.sol";
import {Transcripts} from "./Transcripts.sol";
import {Trees} from "./Trees.sol";
import {Chunks, Evidence} from "./Written.sol";

/// Convictions of the innocent, and partial results that are none.
contract BadConvictionsTest is Refusals {
    using Transcripts for Execution;

    function _convicting(Match memory m, bool first, uint256 stated, Evidence memory evidence)
        private
        view
        returns (bytes memory)
    {
        return abi.encodeCall(
            engine.convict, (m.brief.encode(), 0, 1, first, _statementOf(m, stated), evidence.encode())
        );
    }

    function _ending(Match memory m, bool first, bytes memory chunk) private view returns (bytes memory) {
        IDisputeTypes.Game memory game = _game(m, 0, 1);
        uint256 party = first ? 0 : 1;
        (Chunks memory input, Evidence memory evidence) = _ends(m.by[party], game);
        return abi.encodeCall(
            engine.convictEnd,
            (m.brief.encode(), 0, 1, first, _statementOf(m, party), chunk, input.encode(), evidence.encode())
        );
    }

    function _nothingWrong(int256 element) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IDisputeTypes.NothingWrong.selector, element);
    }

    // --- convict -----------------------------------------------------------------------------------------------

    function test_who_is_right_is_not_convicted() external {
        Match memory m = _dispute(5, 300);
        _play(m, 0, 1);
        Evidence memory right = _proof(m, _game(m, 0, 1), 0);
        Evidence memory wrong = _proof(m, _game(m, 0, 1), 1);
        _refuses(_convicting(m, true, 0, right), _nothingWrong(5 * Toy.weight(1, 300)));
        // Nor by the other's statement, or by evidence of the other's tree.
        _refuses(_convicting(m, true, 1, wrong), _wrongStatement(m, 0));
        _refusesWith(_convicting(m, true, 0, wrong), Values.WrongBody.selector);
        _refuses(_convicting(m, false, 0, right), _wrongStatement(m, 1));
        right.values[0] = 2;
        _refusesWith(_convicting(m, true, 0, right), Values.UnexpectedValue.selector);
    }

    function test_evidence_holds_all_that_is_needed() external {
        Match memory m = _dispute(5, 300);
        _play(m, 0, 1);
        Evidence memory evidence = m.by[1].claimed(1, 5, 300);
        _refuses(_convicting(m, false, 1, evidence), abi.encodeWithSelector(Values.MissingChunk.selector, 4, 4));
    }

    function test_a_conviction_has_its_time() external {
        Match memory m = _dispute(5, 300);
        _play(m, 0, 1);
        uint256 until = clock + JUDGE_TIME;
        bytes memory accusation = _convicting(m, false, 1, _proof(m, _game(m, 0, 1), 1));
        _goTo(until + 1);
        _refuses(accusation, abi.encodeWithSelector(IDisputeTypes.ContestOver.selector, m.job, until));
        engine.timeout(m.job, 0, 1);
        _refuses(accusation, _wrongStage(IDisputeTypes.Stage.Over));
        _goTo(engine.contestOf(m.job).endsAt);
        _refuses(accusation, _over(m));
    }

    function test_who_was_convicted_is_not_convicted_again() external {
        Match memory m = _dispute(5, 300);
        _play(m, 0, 1);
        bytes memory accusation = _convicting(m, false, 1, _proof(m, _game(m, 0, 1), 1));
        _convict(m, 0, 1, false);
        _refuses(accusation, _partyLost(m, 1));
    }

    function test_a_conviction_needs_a_game_at_an_element() external {
        Match memory m = _dispute(5, 300);
        _playTo(m, 0, 1, IDisputeTypes.Stage.Leaf);
        Evidence memory evidence = m.by[1].whole(1, 5, 300);
        _refuses(_convicting(m, false, 1, evidence), _wrongStage(IDisputeTypes.Stage.Leaf));
        _refuses(
            abi.encodeCall(engine.convict, (m.brief.encode(), 0, 2, false, _statementOf(m, 1), evidence.encode())),
            _unknownParty(m, 2)
        );
        m.brief.outputWidth = 2;
        _refuses(_convicting(m, false, 1, evidence), _wrongBrief(m));
    }

    // --- both ends ---------------------------------------------------------------------------------------------

    function test_a_right_copy_of_the_input_is_not_convicted() external {
        Match memory m = _dispute(0, 300);
        _play(m, 0, 1);
        IDisputeTypes.Game memory game = _game(m, 0, 1);
        bytes memory mine = m.by[0].chunkAt(game);
        bytes memory theirs = m.by[1].chunkAt(game);
        _refuses(_ending(m, true, mine), _nothingWrong(int256(Toy.token(1, 300))));
        _refuses(
            _ending(m, true, theirs), abi.encodeWithSelector(IDisputeTypes.NotTheNode.selector, game.nodeB, game.nodeA)
        );
        // The input's copy is no operator's value.
        Evidence memory none;
        none.records = Transcripts.record(1);
        _refuses(_convicting(m, false, 1, none), _wrongStage(IDisputeTypes.Stage.Element));
    }

    function test_the_input_is_the_jobs() external {
        Match memory m = _dispute(0, 300);
        _play(m, 0, 1);
        bytes memory theirs = m.by[1].chunkAt(_game(m, 0, 1));
        bytes memory input = Toy.input(_lengths());
        Evidence memory none;
        IDisputeTypes.Statement memory statement = _statementOf(m, 1);
        Chunks memory opened = Trees.openRange(input, 0, 0);
        _refuses(
            abi.encodeCall(
                engine.convictEnd, (m.brief.encode(), 0, 1, false, statement, theirs, opened.encode(), none.encode())
            ),
            abi.encodeWithSelector(InputRules.ChunkMissing.selector, 4)
        );
        Toy.set(input, 400, Toy.get(input, 400) + 1);
        opened = Trees.openRange(input, 6, 6);
        bytes32 found = Trees.top(Trees.leavesOf(input));
        _refuses(
            abi.encodeCall(
                engine.convictEnd, (m.brief.encode(), 0, 1, false, statement, theirs, opened.encode(), none.encode())
            ),
            abi.encodeWithSelector(PayloadReader.WrongInput.selector, found, m.brief.inputTop)
        );
    }

    function test_a_right_output_is_not_convicted() external {
        Execution[] memory seats = new Execution[](2);
        (seats[0], seats[1]) = (Toy.honest(_lengths()), Toy.wrongOutput(_lengths(), 400));
        Match memory m = _matchOf(seats);
        _play(m, 0, 1);
        IDisputeTypes.Game memory game = _game(m, 0, 1);
        int256 right = Toy.get(seats[0].output, 400);
        _refuses(_ending(m, true, m.by[0].chunkAt(game)), _nothingWrong(right));
        Evidence memory none;
        none.records = Transcripts.record(Toy.OUTPUT);
        _refuses(_convicting(m, false, 1, none), _wrongStage(IDisputeTypes.Stage.OutputElement));
        _refuses(_posting(m, new int256[](0)), _wrongStage(IDisputeTypes.Stage.OutputElement));
        // Another element of the output value says nothing.
        Chunks memory input;
        Evidence memory other = m.by[1].claimed(1, Toy.OUTPUT, 599);
        _refuses(
            abi.encodeCall(
                engine.convictEnd,
                (
                    m.brief.encode(),
                    0,
                    1,
                    false,
                    _statementOf(m, 1),
                    m.by[1].chunkAt(game),
                    input.encode(),
                    other.encode()
                )
            ),
            abi.encodeWithSelector(Values.MissingChunk.selector, Toy.OUTPUT, uint256(6))
        );
    }

    function test_a_sum_is_not_judged_as_an_end() external {
        Match memory m = _dispute(5, 300);
        _play(m, 0, 1);
        bytes memory theirs = m.by[1].chunkAt(_game(m, 0, 1));
        Chunks memory input;
        Evidence memory none;
        _refuses(
            abi.encodeCall(
                engine.convictEnd,
                (m.brief.encode(), 0, 1, false, _statementOf(m, 1), theirs, input.encode(), none.encode())
            ),
            _wrongStage(IDisputeTypes.Stage.Element)
        );
    }

    // --- parts -------------------------------------------------------------------------------------------------

    function _posting(Match memory m, int256[] memory parts) private view returns (bytes memory) {
        Evidence memory evidence = m.by[0].claimed(1, Toy.MEAN, 0);
        return abi.encodeCall(
            engine.postParts, (m.brief.encode(), 0, 1, true, _statementOf(m, 0), parts, evidence.encode())
        );
    }

    function test_a_sum_of_two_is_not_cut_into_parts() external {
        Match memory m = _dispute(5, 300);
        _play(m, 0, 1);
        bytes memory call = abi.encodeCall(
            engine.postParts,
            (m.brief.encode(), 0, 1, true, _statementOf(m, 0), new int256[](1), m.by[0].claimed(1, 5, 300).encode())
        );
        _refuses(call, abi.encodeWithSelector(IDisputeTypes.NotLong.selector, 1, 1));
    }

    function test_parts_are_as_many_as_needed_and_give_the_element() external {
        Match memory m = _dispute(Toy.MEAN, 0);
        _playTo(m, 0, 1, IDisputeTypes.Stage.Leaf);
        _refuses(_posting(m, new int256[](60)), _wrongStage(IDisputeTypes.Stage.Leaf));
        _play(m, 0, 1);
        int256[] memory parts = _parts(m, _game(m, 0, 1), 0);
        int256 mean = Toy.get(m.by[0].values[1][Toy.MEAN], 0);
        _refuses(
            _posting(m, new int256[](59)), abi.encodeWithSelector(IDisputeTypes.WrongPartCount.selector, 59, 60)
        );
        _refuses(
            _posting(m, new int256[](61)), abi.encodeWithSelector(IDisputeTypes.WrongPartCount.selector, 61, 60)
        );
        parts[0] += 600;
        _refuses(
            _posting(m, parts), abi.encodeWithSelector(IDisputeTypes.PartsDoNotFold.selector, mean + 1, mean)
        );
        parts[0] = int256(1) << 127;
        _refuses(_posting(m, parts), abi.encodeWithSelector(IDisputeTypes.PartOutOfRange.selector, parts[0]));
        parts[0] = -(int256(1) << 127) - 1;
        _refuses(_posting(m, parts), abi.encodeWithSelector(IDisputeTypes.PartOutOfRange.selector, parts[0]));
    }

    function test_parts_are_posted_once_and_in_time() external {
        Match memory m = _dispute(Toy.MEAN, 0);
        _play(m, 0, 1);
        uint256 until = clock + JUDGE_TIME;
        int256[] memory mine = _parts(m, _game(m, 0, 1), 0);
        _goTo(until + 1);
        _refuses(_posting(m, mine), abi.encodeWithSelector(IDisputeTypes.ContestOver.selector, m.job, until));
        _goTo(until);
        _post(m, 0, 1, true, mine);
        _refuses(_posting(m, mine), abi.encodeWithSelector(IDisputeTypes.AlreadyStated.selector, m.job, 0));
        Evidence memory evidence = m.by[1].whole(1, Toy.MEAN, 0);
        _refuses(_convicting(m, false, 1, evidence), _wrongStage(IDisputeTypes.Stage.Parts));
        int256[] memory theirs = _parts(m, _game(m, 0, 1), 1);
        theirs[5] += 600;
        _post(m, 0, 1, false, theirs);
        Evidence memory claimed = m.by[1].claimed(1, Toy.MEAN, 0);
        _refuses(
            abi.encodeCall(
                engine.postParts, (m.brief.encode(), 0, 1, false, _statementOf(m, 1), theirs, claimed.encode())
            ),
            abi.encodeWithSelector(IDisputeTypes.AlreadyStated.selector, m.job, 1)
        );
    }

    function _narrowing(Match memory m, int256[] memory mine, int256[] memory theirs)
        private
        view
        returns (bytes memory)
    {
        return abi.encodeCall(
            engine.narrow, (m.brief.encode(), 0, 1, mine, theirs, Transcripts.record(Toy.MEAN).encode())
        );
    }

    function test_a_game_is_narrowed_by_what_was_posted() external {
        Match memory m = _dispute(Toy.MEAN, 0);
        _play(m, 0, 1);
        int256[] memory mine = _parts(m, _game(m, 0, 1), 0);
        int256[] memory theirs = _parts(m, _game(m, 0, 1), 1);
        _refuses(_narrowing(m, mine, theirs), _wrongStage(IDisputeTypes.Stage.Element));
        theirs[5] += 600;
        _post(m, 0, 1, true, mine);
        _refusesWith(_narrowing(m, mine, theirs), IDisputeTypes.NotTheNode.selector);
        _post(m, 0, 1, false, theirs);
        bytes32 a = keccak256(abi.encode(mine));
        bytes32 b = keccak256(abi.encode(theirs));
        _refuses(_narrowing(m, theirs, theirs), abi.encodeWithSelector(IDisputeTypes.NotTheNode.selector, b, a));
        _refuses(_narrowing(m, mine, mine), abi.encodeWithSelector(IDisputeTypes.NotTheNode.selector, a, b));
        _narrow(m, 0, 1, mine, theirs);
        // In the next round parts give the part of this one.
        Evidence memory evidence = m.by[0].claimed(1, Toy.MEAN, 0);
        int256[] memory next = _parts(m, _game(m, 0, 1), 0);
        next[9] += 1;
        _refuses(
            abi.encodeCall(
                engine.postParts, (m.brief.encode(), 0, 1, true, _statementOf(m, 0), next, evidence.encode())
            ),
            abi.encodeWithSelector(IDisputeTypes.PartsDoNotFold.selector, mine[5] + 1, mine[5])
        );
    }

    /// One side is convicted; the other cannot hide behind partial results from being convicted as well.
    function test_no_parts_are_posted_once_a_side_is_convicted() external {
        Execution[] memory seats = new Execution[](2);
        (seats[0], seats[1]) = (Toy.wrongAt(_lengths(), 1, Toy.MEAN, 0), Toy.wrongAt(_lengths(), 1, Toy.MEAN, 0));
        Toy.lie(seats[1], 1, Toy.MEAN, 0, 1);
        Match memory m = _matchOf(seats);
        _play(m, 0, 1);
        _convict(m, 0, 1, false);
        int256[] memory parts = _parts(m, _game(m, 0, 1), 0);
        parts[0] += 600;
        _refuses(_posting(m, parts), _wrongStage(IDisputeTypes.Stage.Element));
        _convict(m, 0, 1, true);
        _assertVerdict(m, true, 3, address(0));
    }
}
