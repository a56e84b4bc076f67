// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Question} from "../referee/IReferee.sol";
import {Brief} from "./Brief.sol";
import {DisputesBase} from "./DisputesBase.sol";

/// What elements of a transcript are asked about, and what those at its two ends must be.
abstract contract Elements is DisputesBase {
    function _question(Brief memory brief, Game storage game, bytes32 body) internal view returns (Question memory) {
        return _about(brief, body, _elementOf(game));
    }

    /// The element at which a game stands.
    function _elementOf(Game storage game) internal view returns (Element memory) {
        return Element(game.sequence, game.position, game.value, game.index);
    }

    /// The question about an element of the transcript with this node over its sequences.
    function _about(Brief memory brief, bytes32 body, Element memory place) internal pure returns (Question memory) {
        // SAFETY: at most 4,096 sequences, of fewer than 2^16 positions.
        return Question({
            program: brief.program,
            operators: brief.operators,
            body: body,
            sequences: uint32(brief.count()),
            sequence: place.sequence,
            length: uint32(brief.length(place.sequence)),
            position: place.position,
            causal: brief.causal,
            value: place.value,
            element: place.index
        });
    }

    /// What the input's copy of a party with this transcript has at an element: what the input says, or where the
    /// program wrote the token itself, what the party's own output value has one position before.
    function _copied(
        bytes calldata given,
        Brief memory brief,
        bytes32 body,
        Element memory place,
        bytes calldata input,
        bytes calldata evidence
    ) internal view returns (int256 expected) {
        bool wrote;
        (wrote, expected) = payloads.copied(given, place.sequence, place.position, place.index, input);
        if (!wrote) return expected;
        // SAFETY: the first token that is written stands behind a prompt, which has one at least.
        Element memory emitted = Element(place.sequence, place.position - 1, brief.outputValue, 0);
        return referee.claimed(_about(brief, body, emitted), evidence);
    }

    /// What the output of a party with this transcript has at a four-byte word.
    function _outputWord(
        bytes calldata given,
        Brief memory brief,
        bytes32 body,
        uint256 index,
        bytes calldata evidence
    ) internal view returns (int256) {
        (bool header, int256 word, uint256 sequence, uint256 position, uint256 element) =
            payloads.outputWord(given, body, index);
        if (header) return word;
        // SAFETY: of an output of at most 96 KiB; at most 4,096 sequences, of fewer than 2^16 positions.
        Element memory place = Element(uint32(sequence), uint32(position), brief.outputValue, uint32(element));
        return referee.claimed(_about(brief, body, place), evidence);
    }
}
