// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Places} from "../referee/Places.sol";
import {Chunks, Openings} from "../transcript/Openings.sol";
import {Tree} from "../transcript/Tree.sol";
import {JobId} from "../types/Ids.sol";
import {Brief} from "./Brief.sol";
import {Elements} from "./Elements.sol";

/// Who loses without a game: by what a strong claim holds, by the input alone, or as the twin of a convict.
abstract contract ConvictingAlone is Elements {
    using Openings for Chunks;

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
