// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Brief} from "../../../contracts/dispute/Brief.sol";
import {IDisputeTypes} from "../../../contracts/dispute/IDisputeTypes.sol";
import {JobId} from "../../../contracts/types/Ids.sol";
import {CausalToy} from "./CausalToy.sol";
import {Match} from "./DisputeWorld.sol";
import {Refusals} from "./Refusals.sol";
import {Execution, Toy} from "./Toy.sol";
import {Transcripts} from "./Transcripts.sol";
import {Trees} from "./Trees.sol";
import {Chunks, Evidence} from "./Written.sol";

/// The world of disputes with the causal toy published, and what its parties show of prompts.
abstract contract CausalWorld is Refusals {
    using Transcripts for Execution;

    function _records() internal pure override returns (bytes memory) {
        return CausalToy.records();
    }

    /// Three prompts; the second is read for 21 positions, from the fifth on by itself.
    function _lengths() internal pure override returns (uint32[] memory lengths) {
        lengths = new uint32[](3);
        (lengths[0], lengths[1], lengths[2]) = (3, 21, 1);
    }

    function _prompts() internal pure returns (uint32[] memory prompts) {
        prompts = new uint32[](3);
        (prompts[0], prompts[1], prompts[2]) = (3, 4, 1);
    }

    function _honest() internal pure returns (Execution memory e) {
        e = CausalToy.honest(_lengths(), _prompts());
        if (_strong()) e.output = bytes.concat(Trees.top(e.sequences()), e.output);
    }

    function _liar(uint256 sequence, uint256 position, uint256 value, uint256 element)
        internal
        pure
        returns (Execution memory e)
    {
        e = CausalToy.honest(_lengths(), _prompts());
        CausalToy.lie(e, sequence, position, value, element, 1);
        if (_strong()) e.output = bytes.concat(Trees.top(e.sequences()), e.output);
    }

    /// An honest seat, and this one.
    function _against(Execution memory wrong) internal returns (Match memory m) {
        Execution[] memory seats = new Execution[](2);
        (seats[0], seats[1]) = (_honest(), wrong);
        m = _matchOf(seats);
    }

    function _inputOf(Execution memory e) internal pure override returns (bytes memory) {
        return CausalToy.input(e);
    }

    function _briefOf(JobId job, Execution memory e) internal view override returns (Brief memory brief) {
        brief = _brief(job, e.lengths);
        bytes memory input = CausalToy.input(e);
        (brief.inputBytes, brief.inputTop) = (uint64(input.length), Trees.top(Trees.leavesOf(input)));
        (brief.inputKind, brief.inputWidth, brief.causal) = (2, uint32(CausalToy.WIDTH), true);
        brief.outputBytes = uint64(e.output.length);
        for (uint256 s; s < e.prompts.length; ++s) {
            brief.prompts = bytes.concat(brief.prompts, bytes2(uint16(e.prompts[s])));
        }
    }

    function _proof(Match memory m, IDisputeTypes.Game memory game, uint256 party)
        internal
        pure
        override
        returns (Evidence memory)
    {
        return m.by[party].wholeAt(game.sequence, game.position, game.value);
    }

    function _ends(Execution memory e, IDisputeTypes.Game memory game)
        internal
        pure
        override
        returns (Chunks memory input, Evidence memory evidence)
    {
        if (game.stage == IDisputeTypes.Stage.Element) {
            return _copied(e, game.sequence, game.position, game.index);
        }
        uint256 words = (_strong() ? 8 : 0) + 2 + e.lengths.length;
        if (game.index < words) return (input, evidence);
        uint256 place = game.index - words;
        uint256 sequence;
        while (place > e.lengths[sequence] - e.prompts[sequence]) {
            place -= e.lengths[sequence] - e.prompts[sequence] + 1;
            ++sequence;
        }
        evidence = e.claimedAt(sequence, e.prompts[sequence] - 1 + place, CausalToy.OUTPUT);
    }

    /// What an order's element follows from: the input, or what was emitted before.
    function _copied(Execution memory e, uint256 sequence, uint256 position, uint256 element)
        internal
        pure
        returns (Chunks memory input, Evidence memory evidence)
    {
        if (element == 1) return (input, evidence);
        uint256 count = e.lengths.length;
        uint256 word = 3 + count;
        if (element > 1) {
            word += 5 * sequence + element - 1;
        } else if (position >= e.prompts[sequence]) {
            evidence = e.claimedAt(sequence, position - 1, CausalToy.OUTPUT);
            return (input, evidence);
        } else {
            word += 5 * count + position;
            for (uint256 s; s < sequence; ++s) word += e.prompts[s];
        }
        input = Trees.open(CausalToy.input(e), Trees.one(word / 64));
    }
}
