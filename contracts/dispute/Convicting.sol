// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Question} from "../referee/IReferee.sol";
import {Tree} from "../transcript/Tree.sol";
import {JobId} from "../types/Ids.sol";
import {Brief} from "./Brief.sol";
import {Elements} from "./Elements.sol";

/// Who loses by what a transcript says: one element, recomputed from openings under the party's own tree.
abstract contract Convicting is Elements {
    /// A long reduction is cut into this many parts at most.
    uint256 private constant PARTS = 64;

    // --- one element ---------------------------------------------------------------------------------------------

    /// See IDisputes.
    function convict(
        bytes calldata given,
        uint256 a,
        uint256 b,
        bool first,
        Statement calldata statement,
        bytes calldata evidence
    ) external nonReentrant {
        (JobId job, Brief memory brief, Game storage game) = _accused(given, a, b, first ? a : b, statement);
        if (game.stage != Stage.Element || game.value == 0) revert WrongStage(game.stage);
        Question memory question = _question(brief, game, statement.body);
        int256 found;
        int256 expected;
        if (game.to == 0) {
            (found, expected) = referee.judged(question, evidence);
        } else {
            found = first ? game.partA : game.partB;
            expected = referee.partialOf(question, evidence, game.from, game.to);
        }
        _convict(job, a, b, first, game, found, expected);
    }

    /// See IDisputes.
    function convictEnd(
        bytes calldata given,
        uint256 a,
        uint256 b,
        bool first,
        Statement calldata statement,
        bytes calldata chunk,
        bytes calldata input,
        bytes calldata evidence
    ) external nonReentrant {
        (JobId job, Brief memory brief, Game storage game) = _accused(given, a, b, first ? a : b, statement);
        _requireNode(Tree.leaf(chunk), first ? game.nodeA : game.nodeB);
        int256 found = payloads.element(chunk, game.index % (Tree.CHUNK / 4));
        int256 expected;
        if (game.stage == Stage.Element && game.value == 0) {
            expected = _copied(given, brief, statement.body, _elementOf(game), input, evidence);
        } else if (game.stage == Stage.OutputElement) {
            expected = _outputWord(given, brief, statement.body, game.index, evidence);
        } else {
            revert WrongStage(game.stage);
        }
        _convict(job, a, b, first, game, found, expected);
    }

    /// The game in which a party that has not lost yet is accused, with the statement that it made.
    function _accused(bytes calldata given, uint256 a, uint256 b, uint256 party, Statement calldata statement)
        private
        view
        returns (JobId job, Brief memory brief, Game storage game)
    {
        (job, brief) = _requireBrief(given);
        game = _game(job, a, b);
        _requireParty(job, party);
        _requireStatement(job, party, statement);
    }

    /// The other side can be convicted of the same element until the time for it is over: both may lose.
    function _convict(
        JobId job,
        uint256 a,
        uint256 b,
        bool first,
        Game storage game,
        int256 found,
        int256 expected
    ) private {
        uint256 until = uint256(game.since) + judgeTime;
        if (block.timestamp > until) revert ContestOver(job, until);
        if (found == expected) revert NothingWrong(found);
        (uint256 party, uint256 against) = first ? (a, b) : (b, a);
        emit Convicted(job, party, game.sequence, game.position, game.value, game.index, found, expected);
        // Wrong partial results are no part of a statement: whoever made the same one must not lose by them.
        _lose(job, party, against, game.to == 0);
        _close(job, a, b, game);
    }

    // --- long reductions -----------------------------------------------------------------------------------------

    /// See IDisputes.
    function postParts(
        bytes calldata given,
        uint256 a,
        uint256 b,
        bool first,
        Statement calldata statement,
        int256[] calldata parts,
        bytes calldata evidence
    ) external nonReentrant {
        (JobId job, Brief memory brief, Game storage game) = _accused(given, a, b, first ? a : b, statement);
        Stage stage = game.stage;
        if ((stage != Stage.Element && stage != Stage.Parts) || game.value == 0 || game.closed) {
            revert WrongStage(stage);
        }
        _requireParts(brief, game, first, statement.body, parts, evidence);
        if (stage == Stage.Element) {
            uint256 until = uint256(game.since) + judgeTime;
            if (block.timestamp > until) revert ContestOver(job, until);
            // SAFETY: Unix seconds.
            (game.stage, game.since) = (Stage.Parts, uint32(block.timestamp));
        }
        bytes32 mine = keccak256(abi.encode(parts));
        if (first) {
            if (game.postedA != 0) revert AlreadyStated(job, a);
            (game.postedA, game.nodeA) = (uint32(block.timestamp), mine);
        } else {
            if (game.postedB != 0) revert AlreadyStated(job, b);
            (game.postedB, game.nodeB) = (uint32(block.timestamp), mine);
        }
        emit PartsPosted(job, a, b, first, parts);
    }

    /// See IDisputes.
    function narrow(
        bytes calldata given,
        uint256 a,
        uint256 b,
        int256[] calldata partsA,
        int256[] calldata partsB,
        bytes calldata records
    ) external nonReentrant {
        (JobId job, Brief memory brief) = _requireBrief(given);
        Game storage game = _game(job, a, b);
        if (game.stage != Stage.Parts) revert WrongStage(game.stage);
        _requireNode(keccak256(abi.encode(partsA)), game.nodeA);
        _requireNode(keccak256(abi.encode(partsB)), game.nodeB);
        if (_charge(job, a, b, game, game.postedA, game.postedB)) return;
        (uint256 from, uint256 end,) = _span(_question(brief, game, 0), game, records);
        uint256 size = _partSize(end - from);
        uint256 part;
        while (partsA[part] == partsB[part]) ++part;
        from += part * size;
        // SAFETY: a reduction has at most 2^18 terms, and parts were checked against int128.
        (game.from, game.to) = (uint32(from), uint32(from + size < end ? from + size : end));
        (game.partA, game.partB) = (int128(partsA[part]), int128(partsB[part]));
        // What was posted must not be taken for parts of the next round.
        (game.postedA, game.postedB, game.nodeA, game.nodeB) = (0, 0, 0, 0);
        game.stage = Stage.Element;
        emit Descended(job, a, b, game);
    }

    function _requireNode(bytes32 found, bytes32 node) private pure {
        if (found != node) revert NotTheNode(found, node);
    }

    /// Parts must give the element that the party claims, or its part of the round before.
    function _requireParts(
        Brief memory brief,
        Game storage game,
        bool first,
        bytes32 body,
        int256[] calldata parts,
        bytes calldata evidence
    ) private view {
        Question memory question = _question(brief, game, body);
        (uint256 from, uint256 end, uint256 most) = _span(question, game, evidence);
        uint256 terms = end - from;
        if (terms <= most) revert NotLong(terms, most);
        uint256 size = _partSize(terms);
        uint256 needed = (terms + size - 1) / size;
        if (parts.length != needed) revert WrongPartCount(parts.length, needed);
        for (uint256 i; i < parts.length; ++i) {
            if (parts[i] != int128(parts[i])) revert PartOutOfRange(parts[i]);
        }
        int256 total = referee.combined(question, evidence, parts);
        int256 given = game.to == 0 ? referee.finish(question, evidence, total) : total;
        int256 claimed = game.to == 0 ? referee.claimed(question, evidence) : (first ? game.partA : game.partB);
        if (given != claimed) revert PartsDoNotFold(given, claimed);
    }

    /// The terms that are in question, and the most that are judged at once.
    function _span(Question memory question, Game storage game, bytes calldata records)
        private
        view
        returns (uint256 from, uint256 end, uint256 most)
    {
        (end, most) = referee.reduction(question, records);
        if (game.to != 0) (from, end) = (game.from, game.to);
    }

    function _partSize(uint256 terms) private pure returns (uint256) {
        return (terms + PARTS - 1) / PARTS;
    }
}
