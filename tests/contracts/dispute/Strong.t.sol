// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDisputeTypes} from "../../../contracts/dispute/IDisputeTypes.sol";
import {Tree} from "../../../contracts/transcript/Tree.sol";
import {Accusing, StrongAccusing} from "./Accusing.sol";
import {Match} from "./DisputeWorld.sol";
import {Execution, Toy} from "./Toy.sol";
import {Trees} from "./Trees.sol";
import {Chunks} from "./Written.sol";

/// Strong claims: the output holds the transcript's node, and convicts without a game.
contract StrongTest is StrongAccusing {
    function test_a_strong_claim_convicts_without_a_game() external {
        Match memory m = _claims();
        _pass(1);
        vm.prank(thief);
        (bool done,) = address(engine).call(_accusing(m, 1, 0));
        assertTrue(done);
        _assertVerdict(m, true, 2, _account(m, 0));
    }

    function test_strong_claims_are_played_as_others_are() external {
        Match memory m = _claims();
        _play(m, 0, 1);
        _convict(m, 0, 1, false);
        _assertVerdict(m, true, 2, _account(m, 0));
    }

    /// An output that names another node than the transcript has.
    function test_a_wrong_node_in_the_output_is_found() external {
        Execution[] memory seats = new Execution[](2);
        (seats[0], seats[1]) = (_bound(Toy.honest(_lengths())), _bound(Toy.honest(_lengths())));
        Toy.set(seats[1].output, 7, 1234);
        Match memory m = _matchOf(seats);
        _play(m, 0, 1);
        _assertStage(m, 0, 1, IDisputeTypes.Stage.OutputElement);
        assertEq(_game(m, 0, 1).index, 7, "the last word of it");
        _convict(m, 0, 1, false);
        _assertVerdict(m, true, 2, _account(m, 0));
    }

    function test_a_strong_claim_that_is_right_does_not_convict() external {
        Match memory m = _claims();
        _pass(1);
        int256 right = 5 * Toy.weight(1, 300);
        _refuses(_accusing(m, 0, 1), abi.encodeWithSelector(IDisputeTypes.NothingWrong.selector, right));
        bytes memory data = m.by[1].output;
        _refuses(
            _accusingWith(m, 1, 0, Trees.openRange(data, 1, 1)),
            abi.encodeWithSelector(Tree.IndexOutOfOrder.selector, 1)
        );
        _refuses(_accusingWith(m, 1, 0, Trees.openRange(m.by[0].output, 0, 0)), _wrongStatement(m, 1));
    }

    /// Whoever has just come, claims the same, or is nobody is owed no bounty.
    function test_a_conviction_is_won_by_an_opponent() external {
        Match memory m = _claims();
        _refuses(
            _accusing(m, 1, 1), abi.encodeWithSelector(IDisputeTypes.NotAnOpponent.selector, m.job, 1, 1)
        );
        _refuses(_accusing(m, 1, 3), _unknownParty(m, 3));
        uint256 party = _joinAs(m, thief, _bound(Toy.wrongAt(_lengths(), 0, 2, 1)));
        _refuses(
            _accusing(m, 1, party), abi.encodeWithSelector(IDisputeTypes.NotAnOpponent.selector, m.job, 1, party)
        );
    }
}

/// Claims that are not.
contract WeakTest is Accusing {
    function test_other_claims_are_played() external {
        Match memory m = _dispute(5, 300);
        Chunks memory output = Trees.openRange(m.by[1].output, 0, 0);
        _refuses(
            _convicting(m, 1, 0, output.encode()),
            abi.encodeWithSelector(IDisputeTypes.NotStrong.selector, m.job)
        );
    }
}
