// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Question} from "../referee/IReferee.sol";
import {Places} from "../referee/Places.sol";
import {Chunks, Openings} from "../transcript/Openings.sol";
import {Tree} from "../transcript/Tree.sol";
import {JobId} from "../types/Ids.sol";
import {Brief, BriefLib} from "./Brief.sol";
import {DisputesBase} from "./DisputesBase.sol";

/// Who loses by what a transcript says: one element, recomputed from openings under the party's own tree.
abstract contract Convicting is DisputesBase {
    using Openings for Chunks;

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

    /// What the input's copy of a party with this transcript has at an element: what the input says, or where the
    /// program wrote the token itself, what the party's own output value has one position before.
    function _copied(
        bytes calldata given,
        Brief memory brief,
        bytes32 body,
        Element memory place,
        bytes calldata input,
        bytes calldata evidence
    ) private view returns (int256 expected) {
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
    ) private view returns (int256) {
        (bool header, int256 word, uint256 sequence, uint256 position, uint256 element) =
            payloads.outputWord(given, body, index);
        if (header) return word;
        // SAFETY: of an output of at most 96 KiB; at most 4,096 sequences, of fewer than 2^16 positions.
        Element memory place = Element(uint32(sequence), uint32(position), brief.outputValue, uint32(element));
        return referee.claimed(_about(brief, body, place), evidence);
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

    function _question(Brief memory brief, Game storage game, bytes32 body) private view returns (Question memory) {
        return _about(brief, body, _elementOf(game));
    }

    /// The element at which a game stands.
    function _elementOf(Game storage game) private view returns (Element memory) {
        return Element(game.sequence, game.position, game.value, game.index);
    }

    /// The question about an element of the transcript with this node over its sequences.
    function _about(Brief memory brief, bytes32 body, Element memory place) private pure returns (Question memory) {
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
        // SAFETY: a reduction has at most 2^16 terms, and parts were checked against int128.
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

    // --- without a game ------------------------------------------------------------------------------------------

    /// See IDisputes.
    function convictRefused(bytes calldata given, uint256 party, uint256 against) external nonReentrant {
        (JobId job, Brief memory brief) = _requireBrief(given);
        if (!brief.refused) revert NotRefused(job);
        bytes32 right = payloads.refusedRoot(brief.salt);
        Party storage wrong = _requireParty(job, party);
        if (wrong.output == right) revert GoodOutput(right);
        if (_requireParty(job, against).output != right) revert WrongStatement(job, against);
        _requireOpponent(job, party, against);
        _lose(job, party, against, true);
    }

    /// See IDisputes.
    function convictTwin(JobId job, uint256 convicted, uint256 party) external nonReentrant {
        _requireRunning(job);
        Party storage twin = _requireParty(job, party);
        Party storage known = _parties[job][convicted];
        if (!known.proven || known.statement == 0 || known.statement != twin.statement) {
            revert WrongStatement(job, party);
        }
        _lose(job, party, known.lostTo, true);
    }

    /// See IDisputes.
    function convictStrong(
        bytes calldata given,
        uint256 party,
        uint256 against,
        bytes calldata output,
        Element calldata place,
        bytes calldata evidence
    ) external nonReentrant {
        (JobId job, Brief memory brief) = _requireBrief(given);
        bytes32 body = _bodyOf(brief, job, party, output);
        (int256 found, int256 expected) = referee.judged(_about(brief, body, place), evidence);
        _convictAlone(job, party, against, place, found, expected);
    }

    /// See IDisputes.
    function convictCopy(
        bytes calldata given,
        uint256 party,
        uint256 against,
        bytes calldata output,
        Element calldata place,
        bytes calldata copy,
        bytes calldata input,
        bytes calldata evidence
    ) external nonReentrant {
        (JobId job, Brief memory brief) = _requireBrief(given);
        bytes32 body = _bodyOf(brief, job, party, output);
        if (place.value != 0) revert NotTheCopy(place.value);
        int256 found = payloads.copyAt(given, body, place.sequence, place.position, place.index, copy);
        int256 expected = _copied(given, brief, body, place, input, evidence);
        _convictAlone(job, party, against, place, found, expected);
    }

    function _convictAlone(
        JobId job,
        uint256 party,
        uint256 against,
        Element calldata place,
        int256 found,
        int256 expected
    ) private {
        if (found == expected) revert NothingWrong(found);
        _requireOpponent(job, party, against);
        _requireAnnounced(job, party, against);
        emit Convicted(job, party, place.sequence, place.position, place.value, place.index, found, expected);
        _lose(job, party, against, true);
    }

    /// See IDisputes.
    function announce(JobId job, uint256 party, uint256 against, bytes32 digest) external {
        _requireRunning(job);
        address account = _requireParty(job, against).account;
        if (msg.sender != account) revert NotTheParty(msg.sender, account);
        // SAFETY: Unix seconds.
        _announced[job][party][against] = (uint256(digest) >> 32 << 32) | uint32(block.timestamp);
        emit Announced(job, party, against, digest);
    }

    /// A challenger must have known the conviction in an earlier block: what any output suffices for, anybody could
    /// copy from the pool of transactions.
    function _requireAnnounced(JobId job, uint256 party, uint256 against) private view {
        if (against < FIRST_CHALLENGER) return;
        uint256 known = _announced[job][party][against];
        bytes32 digest = keccak256(msg.data);
        bool same = known >> 32 == uint256(digest) >> 32;
        if (!same || uint32(known) >= block.timestamp) revert NotAnnounced(job, party, against, digest);
    }

    /// The node over the sequences of a party's transcript, with which its strong output begins.
    function _bodyOf(Brief memory brief, JobId job, uint256 party, bytes calldata output)
        private
        view
        returns (bytes32)
    {
        if (!brief.strong) revert NotStrong(job);
        Chunks memory opened = Openings.read(output);
        bytes32 root = brief.outputRoot(opened.topOf(brief.outputBytes));
        if (root != _requireParty(job, party).output) revert WrongStatement(job, party);
        if (opened.indexes[0] != 0) revert Tree.IndexOutOfOrder(opened.indexes[0]);
        return bytes32(Places.word(opened.place));
    }

    function _requireOpponent(JobId job, uint256 party, uint256 against) private view {
        Party storage opponent = _requireParty(job, against);
        bool last = against >= FIRST_CHALLENGER
            && (opponent.enteredAt == block.timestamp || _isClaimedBySeat(job, opponent.output));
        if (last || opponent.output == _parties[job][party].output) revert NotAnOpponent(job, party, against);
    }

    /// Whether a seat that has not lost claims the output: seats go before challengers.
    function _isClaimedBySeat(JobId job, bytes32 output) private view returns (bool) {
        for (uint256 seat; seat < FIRST_CHALLENGER; ++seat) {
            Party storage seated = _parties[job][seat];
            if (seated.account != address(0) && !seated.lost && seated.output == output) return true;
        }
        return false;
    }
}
