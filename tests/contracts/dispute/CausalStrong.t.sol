// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDisputeTypes} from "../../../contracts/dispute/IDisputeTypes.sol";
import {Payloads as PayloadReader} from "../../../contracts/dispute/Payloads.sol";
import {Tree} from "../../../contracts/transcript/Tree.sol";
import {CausalToy} from "./CausalToy.sol";
import {CausalWorld} from "./CausalWorld.sol";
import {Match} from "./DisputeWorld.sol";
import {Execution, Toy} from "./Toy.sol";
import {Transcripts} from "./Transcripts.sol";
import {Trees} from "./Trees.sol";
import {Chunks, Evidence} from "./Written.sol";

/// Strong claims of causal programs: whatever contradicts itself convicts without a game.
contract CausalStrongTest is CausalWorld {
    using Transcripts for Execution;

    function _strong() internal pure override returns (bool) {
        return true;
    }

    function _output(Match memory m) private pure returns (bytes memory) {
        return Trees.openRange(m.by[1].output, 0, 0).encode();
    }

    /// The accusation of a wrong copy by `against`, all of it from the accused's own openings.
    function _copying(Match memory m, uint256 against, IDisputeTypes.Element memory place)
        private
        view
        returns (bytes memory)
    {
        Execution memory e = m.by[1];
        (Chunks memory input, Evidence memory evidence) = _copied(e, place.sequence, place.position, place.index);
        bytes memory copy = e.copyAt(place.sequence, place.position);
        bytes memory brief = m.brief.encode();
        return abi.encodeCall(
            engine.convictCopy, (brief, 1, against, _output(m), place, copy, input.encode(), evidence.encode())
        );
    }

    function _at(uint256 position, uint256 value, uint256 index) private pure returns (IDisputeTypes.Element memory) {
        return IDisputeTypes.Element(1, uint32(position), uint32(value), uint32(index));
    }

    function _convictsCopy(uint256 position, uint256 element, int256 right) private {
        Match memory m = _against(_liar(1, position, 0, element));
        _pass(1);
        vm.expectEmit(address(engine));
        emit IDisputeTypes.Convicted(m.job, 1, 1, position, 0, element, right + 1, right);
        (bool done,) = address(engine).call(_copying(m, 0, _at(position, 0, element)));
        assertTrue(done);
        _assertVerdict(m, true, 2, _account(m, 0));
    }

    function test_a_wrong_sum_convicts_at_its_position() external {
        Match memory m = _against(_liar(1, 9, 13, 0));
        _pass(1);
        Evidence memory evidence = m.by[1].wholeAt(1, 9, 13);
        engine.convictStrong(m.brief.encode(), 1, 0, _output(m), _at(9, 13, 0), evidence.encode());
        _assertVerdict(m, true, 2, _account(m, 0));
    }

    function test_a_token_that_was_not_emitted_convicts() external {
        _convictsCopy(4, 0, 13 * CausalToy.weight(int256(Toy.token(1, 3))));
    }

    function test_another_prompt_convicts() external {
        _convictsCopy(2, 0, int256(Toy.token(1, 2)));
    }

    function test_another_seed_convicts() external {
        _convictsCopy(20, 4, CausalToy.setting(1, 3));
    }

    function test_a_token_that_is_said_to_be_written_convicts() external {
        _convictsCopy(3, 1, 0);
    }

    function test_a_right_copy_does_not_convict() external {
        Match memory m = _against(_liar(1, 4, 0, 0));
        bytes memory nothing = abi.encodeWithSelector(IDisputeTypes.NothingWrong.selector, int256(Toy.token(1, 3)));
        _refuses(_copying(m, 0, _at(3, 0, 0)), nothing);
        nothing = abi.encodeWithSelector(IDisputeTypes.NothingWrong.selector, int256(1));
        _refuses(_copying(m, 0, _at(4, 0, 1)), nothing);
    }

    function test_a_copy_is_that_of_its_place() external {
        Match memory m = _against(_liar(1, 4, 0, 0));
        IDisputeTypes.Element memory place = _at(4, 0, 0);
        (, Evidence memory evidence) = _copied(m.by[1], 1, 4, 0);
        bytes memory copy = m.by[1].copyAt(1, 5);
        bytes memory call = abi.encodeCall(
            engine.convictCopy, (m.brief.encode(), 1, 0, _output(m), place, copy, "", evidence.encode())
        );
        _refusesWith(call, PayloadReader.WrongBody.selector);
        // No operator's value, and no position behind the last one.
        _refuses(_copying(m, 0, _at(4, 2, 0)), abi.encodeWithSelector(IDisputeTypes.NotTheCopy.selector, 2));
        place.position = 21;
        call = abi.encodeCall(
            engine.convictCopy, (m.brief.encode(), 1, 0, _output(m), place, copy, "", evidence.encode())
        );
        _refuses(call, abi.encodeWithSelector(Tree.IndexOutOfRange.selector, 336, 336));
    }

    /// Else whoever sees it could copy the conviction.
    function test_a_challenger_announces_it() external {
        Match memory m = _against(_liar(1, 4, 0, 0));
        Execution memory other = _liar(1, 20, 2, 0);
        uint256 party = _joinAs(m, thief, other);
        _pass(1);
        bytes memory call = _copying(m, party, _at(4, 0, 0));
        bytes32 digest = keccak256(call);
        _refuses(call, abi.encodeWithSelector(IDisputeTypes.NotAnnounced.selector, m.job, 1, party, digest));
        vm.prank(thief);
        engine.announce(m.job, 1, party, digest);
        _pass(1);
        (bool done,) = address(engine).call(call);
        assertTrue(done);
        assertEq(engine.partyOf(m.job, 1).lostTo, party);
    }
}

/// Claims that are not strong.
contract CausalWeakTest is CausalWorld {
    using Transcripts for Execution;

    function test_a_wrong_copy_is_played() external {
        Match memory m = _against(_liar(1, 4, 0, 0));
        IDisputeTypes.Element memory place = IDisputeTypes.Element(1, 4, 0, 0);
        bytes memory output = Trees.openRange(m.by[1].output, 0, 0).encode();
        bytes memory copy = m.by[1].copyAt(1, 4);
        bytes memory call =
            abi.encodeCall(engine.convictCopy, (m.brief.encode(), 1, 0, output, place, copy, "", ""));
        _refuses(call, abi.encodeWithSelector(IDisputeTypes.NotStrong.selector, m.job));
    }
}
