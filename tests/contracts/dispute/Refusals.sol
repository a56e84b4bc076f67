// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDisputeTypes} from "../../../contracts/dispute/IDisputeTypes.sol";
import {Match} from "./DisputeWorld.sol";
import {Moves} from "./Moves.sol";
import {Execution, Toy} from "./Toy.sol";

/// Calls that the engine refuses, each with its very words.
abstract contract Refusals is Moves {
    function _refuses(bytes memory call, bytes memory words) internal {
        (bool done, bytes memory answer) = address(engine).call(call);
        assertFalse(done, "refused");
        assertEq(answer, words);
    }

    function _refusesFrom(address sender, bytes memory call, bytes memory words) internal {
        vm.startPrank(sender);
        _refuses(call, words);
        vm.stopPrank();
    }

    /// As `_refuses`, where the words hold what the test does not compute.
    function _refusesWith(bytes memory call, bytes4 selector) internal {
        (bool done, bytes memory answer) = address(engine).call(call);
        assertFalse(done, "refused");
        assertEq(bytes32(bytes4(answer)), bytes32(selector), "another error");
    }

    /// An honest seat, and one that lies at an element of the second sequence.
    function _dispute(uint256 value, uint256 element) internal returns (Match memory m) {
        Execution[] memory seats = new Execution[](2);
        (seats[0], seats[1]) = (Toy.honest(_lengths()), Toy.wrongAt(_lengths(), 1, value, element));
        return _matchOf(seats);
    }

    // --- words -------------------------------------------------------------------------------------------------

    function _wrongStage(IDisputeTypes.Stage stage) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IDisputeTypes.WrongStage.selector, stage);
    }

    function _wrongStatement(Match memory m, uint256 party) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IDisputeTypes.WrongStatement.selector, m.job, party);
    }

    function _wrongBrief(Match memory m) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IDisputeTypes.WrongBrief.selector, m.job);
    }

    function _unknownParty(Match memory m, uint256 party) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IDisputeTypes.UnknownParty.selector, m.job, party);
    }

    function _partyLost(Match memory m, uint256 party) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IDisputeTypes.PartyLost.selector, m.job, party);
    }

    function _over(Match memory m) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IDisputeTypes.ContestOver.selector, m.job, engine.contestOf(m.job).endsAt);
    }
}
