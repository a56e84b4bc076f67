// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDisputeTypes} from "../../../contracts/dispute/IDisputeTypes.sol";
import {Match} from "./DisputeWorld.sol";
import {Moves} from "./Moves.sol";
import {Execution, Toy} from "./Toy.sol";
import {Transcripts} from "./Transcripts.sol";
import {Chunks} from "./Written.sol";

/// What the steps of a game over the toy program cost: execution alone, as in market/Gas.t.sol.
contract DisputeGasTest is Moves {
    using Transcripts for Execution;

    function _wrongSum() private returns (Match memory m) {
        Execution[] memory seats = new Execution[](2);
        (seats[0], seats[1]) = (Toy.honest(_lengths()), Toy.wrongAt(_lengths(), 1, 5, 300));
        m = _matchOf(seats);
    }

    function _snapshot(string memory what, bytes memory data) private {
        address target = address(engine);
        vm.cool(target);
        (uint256 used, bool done) = gasOf(target, data);
        assertTrue(done, what);
        vm.snapshotValue("gas", what, used);
    }

    function test_a_round() external {
        Match memory m = _wrongSum();
        _playTo(m, 0, 1, IDisputeTypes.Stage.Values);
        IDisputeTypes.Game memory game = _game(m, 0, 1);
        (bytes32[] memory a, bytes32[] memory b) = (_children(m, game, 0), _children(m, game, 1));
        Chunks memory record = _record(m.by[0], game, a, b);
        _snapshot(
            "dispute, both open a node", abi.encodeCall(engine.open, (m.brief.encode(), 0, 1, a, b, record.encode()))
        );
    }

    function test_a_conviction() external {
        Match memory m = _wrongSum();
        _play(m, 0, 1);
        bytes memory data = abi.encodeCall(
            engine.convict, (m.brief.encode(), 0, 1, false, _statementOf(m, 1), _proof(m, _game(m, 0, 1), 1).encode())
        );
        _snapshot("dispute, a sum convicts", data);
    }
}
