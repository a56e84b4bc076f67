// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDisputeTypes} from "../../../contracts/dispute/IDisputeTypes.sol";
import {Match} from "./DisputeWorld.sol";
import {Refusals} from "./Refusals.sol";
import {Execution, Toy} from "./Toy.sol";
import {Transcripts} from "./Transcripts.sol";
import {Trees} from "./Trees.sol";
import {Chunks} from "./Written.sol";

/// Accusations of the element that is wrong, without a game.
abstract contract Accusing is Refusals {
    using Transcripts for Execution;

    function _convicting(Match memory m, uint256 party, uint256 against, bytes memory output)
        internal
        view
        returns (bytes memory)
    {
        bytes memory brief = m.brief.encode();
        bytes memory evidence = m.by[party].whole(1, 5, 300).encode();
        IDisputeTypes.Element memory place = IDisputeTypes.Element(1, 0, 5, 300);
        return abi.encodeCall(engine.convictStrong, (brief, party, against, output, place, evidence));
    }
}

/// The same where claims are strong: the output begins with the transcript's node.
abstract contract StrongAccusing is Accusing {
    using Transcripts for Execution;

    function _strong() internal pure override returns (bool) {
        return true;
    }

    function _bound(Execution memory e) internal pure returns (Execution memory) {
        e.output = bytes.concat(Trees.top(e.sequences()), e.output);
        return e;
    }

    function _boundLie() internal pure returns (Execution memory) {
        return _bound(Toy.wrongAt(_lengths(), 1, 5, 300));
    }

    /// An honest seat, and one that lies at an element of the second sequence.
    function _claims() internal returns (Match memory m) {
        Execution[] memory seats = new Execution[](2);
        (seats[0], seats[1]) = (_bound(Toy.honest(_lengths())), _boundLie());
        m = _matchOf(seats);
    }

    function _accusing(Match memory m, uint256 party, uint256 against) internal view returns (bytes memory) {
        return _accusingWith(m, party, against, Trees.openRange(m.by[party].output, 0, 0));
    }

    function _accusingWith(Match memory m, uint256 party, uint256 against, Chunks memory output)
        internal
        view
        returns (bytes memory)
    {
        return _convicting(m, party, against, output.encode());
    }
}
