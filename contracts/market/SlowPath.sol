// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Demand, DemandState} from "../types/Demand.sol";
import {JobId} from "../types/Ids.sol";
import {Order, OrderLib} from "../types/Order.sol";
import {ClaimLib} from "../types/Claim.sol";
import {Job, Phase, SeatsLib} from "../types/Job.sol";
import {IMarketDeadlines} from "./IMarketDeadlines.sol";
import {Holding} from "./Holding.sol";
import {Replacing} from "./Replacing.sol";
import {Waiting} from "./Waiting.sol";

/// Commit and reveal on chain, for a provider that is ignored off chain, and the deadlines that move a job on
/// when somebody stays silent. A round is over `commitWindow + revealWindow` after it began.
abstract contract SlowPath is IMarketDeadlines, Holding, Replacing, Waiting {
    using OrderLib for Order;
    using SeatsLib for *;

    /// @inheritdoc IMarketDeadlines
    function expire(Order calldata order) external nonReentrant {
        JobId id = _jobIdOf(order);
        Job memory job = _jobs[id];
        if (job.phase == Phase.Waiting) return _endWaiting(order, id, job);
        if (job.phase != Phase.Open) revert WrongPhase(id, job.phase);
        uint256 last = uint256(job.since) + DRAW_BLOCKS;
        if (block.number <= last) revert TooEarly(id, last + 1);
        _refund(order, id, job, order.payment(), RefundReason.NeverDrawn);
    }

    /// @inheritdoc IMarketDeadlines
    function commit(Order calldata order, uint256 seat, SignedCommit calldata signed) external nonReentrant {
        (JobId id, Job memory job) = _load(order, Phase.Drawn);
        _commit(order, id, job, seat, signed);
    }

    /// @inheritdoc IMarketDeadlines
    function reveal(Order calldata order, uint256 seat, bytes32 outputRoot, bytes32 salt) external nonReentrant {
        (JobId id, Job memory job) = _load(order, Phase.Drawn);
        uint256 until = _revealDeadline(job);
        if (block.timestamp > until) revert TooLate(id, until);
        bytes32 draw = ClaimLib.drawOf(_seeds[id], job.round);
        uint256[] memory seats = job.active(order.replicas);
        uint256 missing = _missing(_commitments[draw], seats);
        if (missing != 0) revert CommitsIncomplete(id, _lowestBit(missing));
        if (outputRoot == 0) revert ZeroOutput();
        if (_reveals[draw][seat] != 0) revert AlreadyRevealed(id, seat);

        address provider = _providerOf(order, id, job, seat);
        bytes32 committed = _commitments[draw][seat];
        if (ClaimLib.commitment(id, draw, provider, outputRoot, salt) != committed) {
            revert CommitmentMismatch(id, seat, committed);
        }
        _reveals[draw][seat] = outputRoot;
        emit Revealed(id, draw, seat, outputRoot, salt);
    }

    /// @inheritdoc IMarketDeadlines
    function commitAndAdvance(Order calldata order, uint256[] calldata seats, SignedCommit[] calldata signed)
        external nonReentrant
    {
        (JobId id, Job memory job) = _load(order, Phase.Drawn);
        if (seats.length != signed.length) revert WrongRevealCount(signed.length, seats.length);
        mapping(uint256 => bytes32) storage posted = _commitments[ClaimLib.drawOf(_seeds[id], job.round)];
        bool more;
        for (uint256 i; i < seats.length; ++i) {
            // One that somebody else has posted meanwhile must not take the others down.
            if (posted[seats[i]] != 0) continue;
            _commit(order, id, job, seats[i], signed[i]);
            more = true;
        }
        // Where these completed the set, nobody was silent: the reveal window has just begun. While a demand for the
        // input is pending, nobody is silent either.
        Demand memory demand = _demands[id][false];
        bool waits = demand.state == DemandState.Pending && block.timestamp <= demand.deadline;
        if (more && (waits || _missing(posted, job.active(order.replicas)) == 0)) return;
        _advance(order, id, job);
    }

    /// @inheritdoc IMarketDeadlines
    function advance(Order calldata order) external nonReentrant {
        (JobId id, Job memory job) = _load(order, Phase.Drawn);
        _advance(order, id, job);
    }

    function _commit(Order calldata order, JobId id, Job memory job, uint256 seat, SignedCommit calldata signed)
        private
    {
        bytes32 draw = ClaimLib.drawOf(_seeds[id], job.round);
        // A commitment may still be posted after the window, until somebody has advanced the job: it shows that its
        // provider was not silent.
        address provider = _providerOf(order, id, job, seat);
        if (_commitments[draw][seat] != 0) revert CommitExists(id, seat);
        if (msg.sender != provider
            && !_signed(ClaimLib.commitStructHash(id, draw, signed.commitment), signed.signature, provider))
        {
            revert BadCommitSignature(seat, provider);
        }
        if (signed.commitment == 0) revert ZeroOutput();
        // The reveals that follow must come in time to be paid.
        uint256 until = _payableUntil(job) - REVEAL_WINDOW;
        if (block.timestamp > until) revert TooLate(id, until);
        _commitments[draw][seat] = signed.commitment;
        emit CommitPosted(id, draw, seat, signed.commitment);
        if (_missing(_commitments[draw], job.active(order.replicas)) == 0) {
            // The set is complete: the commit window ends now, and everyone has a whole reveal window from here,
            // however late the last commitment came.
            job.since = uint32(block.timestamp - COMMIT_WINDOW);
            _jobs[id] = job;
        }
    }

    function _advance(Order calldata order, JobId id, Job memory job) private {
        bytes32 draw = ClaimLib.drawOf(_seeds[id], job.round);
        uint256[] memory seats = job.active(order.replicas);
        uint256 silent = _missing(_commitments[draw], seats);
        // Who waits for the input is not silent; what it is owed comes out of the escrow, at any time.
        if (silent != 0 && _starves(id)) return _endStarved(order, id, job, seats, silent);
        if (block.timestamp >= _lockedUntil(job)) {
            // Nobody moved the job on while its bonds were locked; they may back other jobs by now.
            return _refund(order, id, job, order.payment(), RefundReason.TooLate);
        }
        if (silent != 0) _advanceCommit(order, id, job, seats, silent);
        else _advanceReveal(order, id, job, draw, seats);
    }

    function _advanceCommit(Order calldata order, JobId id, Job memory job, uint256[] memory seats, uint256 silent)
        private
    {
        uint256 deadline = uint256(job.since) + COMMIT_WINDOW;
        if (block.timestamp <= deadline) revert TooEarly(id, deadline + 1);
        for (uint256 i; i < seats.length; ++i) {
            if ((silent >> seats[i]) & 1 != 0) _slashNoShow(order, id, job, seats[i], Failure.NoShow);
        }
        _nextRound(order, id, job, seats);
    }

    function _advanceReveal(
        Order calldata order,
        JobId id,
        Job memory job,
        bytes32 draw,
        uint256[] memory seats
    ) private {
        uint256 withheld = _missing(_reveals[draw], seats);
        uint256 deadline = _revealDeadline(job);
        if (withheld != 0 && block.timestamp <= deadline) revert TooEarly(id, deadline + 1);
        uint256[] memory spoke = new uint256[](seats.length);
        bytes32[] memory outputs = new bytes32[](seats.length);
        uint256 count;
        for (uint256 i; i < seats.length; ++i) {
            if ((withheld >> seats[i]) & 1 != 0) continue;
            (spoke[count], outputs[count]) = (seats[i], _reveals[draw][seats[i]]);
            ++count;
        }
        assembly ("memory-safe") {
            mstore(spoke, count)
            mstore(outputs, count)
        }
        _punishWithheld(order, id, job, seats, withheld, count == 1 ? spoke[0] : SeatsLib.CAPACITY);
        job.seats = job.seats.only(spoke);
        // No reserve is seated any more: it could copy what has been revealed. Of several seats, one result alone is no
        // agreement.
        if (count < seats.length && count < 2) {
            return _refund(order, id, job, order.payment(), RefundReason.TooFewReveals);
        }
        if (block.timestamp > _payableUntil(job)) {
            return _refund(order, id, job, order.payment(), RefundReason.TooLate);
        }
        if (!_allEqual(outputs)) return _contest(order, id, job, draw, spoke, outputs);
        _pay(order, id, job, outputs[0], spoke, vault.ownersOf(order.pool(), job.seats, spoke));
    }

    /// Silence once the set is complete costs as much as a wrong result. A seat that revealed alone (`lone`) is not
    /// paid by the job, so the first of the silent compensates it.
    function _punishWithheld(
        Order calldata order,
        JobId id,
        Job memory job,
        uint256[] memory seats,
        uint256 withheld,
        uint256 lone
    ) private {
        address compensated = lone < SeatsLib.CAPACITY ? vault.ownerOf(order.pool(), job.seats.leaf(lone)) : address(0);
        for (uint256 i; i < seats.length; ++i) {
            if ((withheld >> seats[i]) & 1 == 0) continue;
            _forfeit(order, id, job, seats[i], Failure.Withheld, order.requester, address(0), compensated);
            compensated = address(0);
        }
    }

    function _revealDeadline(Job memory job) private view returns (uint256) {
        return uint256(job.since) + COMMIT_WINDOW + REVEAL_WINDOW;
    }

    function _lowestBit(uint256 bits) private pure returns (uint256 index) {
        while ((bits >> index) & 1 == 0) ++index;
    }
}
