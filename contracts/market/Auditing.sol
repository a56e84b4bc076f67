// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ExactTransfer} from "../token/ExactTransfer.sol";
import {Tree} from "../transcript/Tree.sol";
import {Audit, AuditLib, AuditState} from "../types/Audit.sol";
import {JobId, PoolId} from "../types/Ids.sol";
import {Order, OrderLib} from "../types/Order.sol";
import {Job, Phase, Seats, SeatsLib} from "../types/Job.sol";
import {Slices} from "../types/Slices.sol";
import {Answering} from "./Answering.sol";
import {IMarketAudits} from "./IMarketAudits.sol";
import {Recalling} from "./Recalling.sol";
import {Vouching} from "./Vouching.sol";

/// From a settled job to an auditor that has looked at it.
abstract contract Auditing is IMarketAudits, Recalling, Answering, Vouching {
    using OrderLib for Order;
    using SeatsLib for *;
    using AuditLib for Audit;
    using ExactTransfer for IERC20;

    /// @inheritdoc IMarketAudits
    function requestAudit(Order calldata order) external nonReentrant {
        (JobId id, Job memory job) = _load(order, Phase.Settled);
        if (msg.sender != order.requester) revert NotTheRequester(msg.sender, order.requester);
        AuditState state = _audits[id].state;
        // One that vouched is the last: what it stated in a dispute of the job must not be laid to another.
        if ((state != AuditState.None && state != AuditState.Over) || _seals[id] != 0) revert AuditPending(id, state);
        if (_isRefuted(order, job)) revert ResultRefuted(id);
        if (!_isInTime(job)) revert TooLate(id, _lockedUntil(job));
        _planAudit(id, 1);
        token.take(order.requester, order.share());
    }

    /// @inheritdoc IMarketAudits
    function advanceAudit(Order calldata order) external nonReentrant {
        JobId id = _jobIdOf(order);
        Job memory job = _jobs[id];
        Audit memory audit = _audits[id];
        bool answered = job.phase != Phase.Settled || _isRefuted(order, job);
        if (audit.state != AuditState.Due) {
            _requireDrawn(id, audit);
            // Also while a challenge is pending: else a friend's would outlast the lock of who withholds the input.
            if (!answered && _isDemanded(id) && _starves(id)) return _endUnserved(order, id, job, audit);
            if (_challenges[id].since != 0) revert ChallengePending(id);
        }
        if (answered) return _endAudit(order, id, audit, AuditEnd.Answered, order.share());
        if (audit.state == AuditState.Due) return _drawAuditor(order, id, job, audit);
        uint256 until = audit.since + COMMIT_WINDOW;
        if (block.timestamp <= until) revert TooEarly(id, until + 1);
        // A challenge may have left it less than a whole window in which it could vouch.
        if (until < _lockedUntil(job) && block.timestamp < _auditorLockedUntil(audit)) _slashSilent(order, id, audit);
        audit.auditors >>= 24;
        _seatAuditor(order, id, job, audit);
    }

    /// @inheritdoc IMarketAudits
    function vouch(Order calldata order, bytes32 seal) external nonReentrant {
        (JobId id, Job memory job) = _load(order, Phase.Settled);
        Audit memory audit = _audits[id];
        address auditor = _requireAuditor(order, id, audit);
        if (seal == 0) revert ZeroOutput();
        // Who vouches takes part in every challenge from its beginning.
        if (_challenges[id].since != 0) revert ChallengePending(id);
        if (_isRefuted(order, job)) revert ResultRefuted(id);
        if (block.timestamp >= _lockedUntil(job)) revert TooLate(id, _lockedUntil(job));
        // SAFETY: Unix seconds.
        (audit.state, audit.since) = (AuditState.Vouched, uint64(block.timestamp));
        _audits[id] = audit;
        _seals[id] = seal;
        if (_isDemanded(id)) _dropDemand(id);
        emit Vouched(id, auditor, seal, order.share());
        _earn(auditor, order.share());
    }

    /// @inheritdoc IMarketAudits
    function refuteVouch(
        Order calldata order,
        bytes32 outputRoot,
        Reveal[] calldata reveals,
        bytes32 sealed_,
        bytes32 salt
    ) external nonReentrant {
        JobId id = _jobIdOf(order);
        Job memory job = _jobs[id];
        Audit memory audit = _audits[id];
        if (audit.state != AuditState.Vouched) revert NoAudit(id, audit.state);
        if (!audit.held && block.timestamp >= _auditorLockedUntil(audit)) {
            revert BondNoLongerLocked(id, _auditorLockedUntil(audit));
        }
        uint256[] memory seats = _paid(order, job);
        bool settled = _isSettled(order, id, job, seats, outputRoot, reveals);
        if (!settled || Tree.blinded(salt, sealed_) != outputRoot) revert WrongOutput(id, outputRoot);
        address auditor = vault.ownerOf(order.pool(), audit.leaf());
        if (AuditLib.seal(id, auditor, sealed_, salt) == _seals[id]) revert GoodSeal(_seals[id]);
        if (audit.held) {
            // As for a seat that equivocates: the bounty is the winner's, and `conclude` sees to it.
            _audits[id].state = AuditState.Over;
            emit AuditorFailed(id, auditor, Failure.NotComputed);
            return;
        }
        _forfeitAuditor(
            order, id, audit, Failure.NotComputed, vault.ownerOf(order.pool(), job.seats.leaf(seats[0]))
        );
    }

    /// @inheritdoc IMarketAudits
    function auditOf(JobId job) external view returns (Audit memory audit, bytes32 seal) {
        return (_audits[job], _seals[job]);
    }

    // --- who audits ------------------------------------------------------------------------------------------

    function _drawAuditor(Order calldata order, JobId id, Job memory job, Audit memory audit) private {
        uint256 seedBlock = audit.since;
        if (block.number <= seedBlock) revert TooEarly(id, seedBlock + 1);
        if (block.number > seedBlock + DRAW_BLOCKS) {
            return _endAudit(order, id, audit, AuditEnd.TooLate, order.share());
        }
        bytes32 seed = AuditLib.seedOf(id, beacon.seedOf(seedBlock));
        if (uint256(seed) % audit.odds != 0) {
            return _endAudit(order, id, audit, AuditEnd.NotDrawn, order.share());
        }
        uint256 wanted = AuditLib.AUDITORS + order.replicas;
        if (wanted > SeatsLib.CAPACITY) wanted = SeatsLib.CAPACITY;
        // Nobody is locked by the draw: the providers that were paid may be among those that it names.
        audit.auditors = _strangers(vault.draw(order.pool(), seed, 0, wanted, 0), job.seats);
        _seatAuditor(order, id, job, audit);
    }

    /// The first of the drawn leaves that the job did not pay.
    function _strangers(Seats drawn, Seats paid) private pure returns (uint72 leaves) {
        uint256 count;
        for (uint256 i; count < AuditLib.AUDITORS && !drawn.isEmpty(i); ++i) {
            uint256 leaf = drawn.leaf(i);
            bool known;
            for (uint256 seat; seat < SeatsLib.CAPACITY; ++seat) {
                if (!paid.isEmpty(seat) && paid.leaf(seat) == leaf) known = true;
            }
            // SAFETY: three lanes of 24 bits.
            if (!known) leaves |= uint72((leaf + 1) << (24 * count++));
        }
    }

    /// Lock the bond of the first of the named auditors that has one free; the audit ends where none has, or where it
    /// could not be followed by a challenge any more.
    function _seatAuditor(Order calldata order, JobId id, Job memory job, Audit memory audit) private {
        if (!_isInTime(job)) return _endAudit(order, id, audit, AuditEnd.TooLate, order.share());
        PoolId pool = order.pool();
        // SAFETY: Unix seconds, and buckets of at least one second, fit 32 bits until 2106.
        audit.lockBucket = uint32((block.timestamp + LOCK_TIME) / BUCKET_SECONDS);
        for (; audit.auditors != 0; audit.auditors >>= 24) {
            uint256 leaf = audit.leaf();
            if (!vault.tryLock(pool, leaf, audit.lockBucket)) continue;
            // SAFETY: Unix seconds.
            (audit.state, audit.since) = (AuditState.Drawn, uint64(block.timestamp));
            _audits[id] = audit;
            emit AuditorDrawn(id, vault.ownerOf(pool, leaf), leaf, audit.lockBucket);
            return;
        }
        _endAudit(order, id, audit, AuditEnd.NobodyFree, order.share());
    }

    /// Whether an auditor that is seated now can demand the input and still dispute the result while its bonds are
    /// locked.
    function _isInTime(Job memory job) private view returns (bool) {
        return block.timestamp + 2 * uint256(COMMIT_WINDOW) + ANSWER_WINDOW < _lockedUntil(job);
    }

    /// Whether a seat that the job paid has lost its bond since.
    function _isRefuted(Order calldata order, Job memory job) private pure returns (bool) {
        return job.active(order.replicas).length != _paid(order, job).length;
    }

    // --- how it ends -----------------------------------------------------------------------------------------

    /// Nobody vouched: `returned` of the auditor's share is the requester's again.
    function _endAudit(Order calldata order, JobId id, Audit memory audit, AuditEnd reason, uint256 returned) private {
        audit.state = AuditState.Over;
        _audits[id] = audit;
        if (_isDemanded(id)) _dropDemand(id);
        _credit(order.requester, returned);
        emit AuditEnded(id, reason, returned);
    }

    /// The auditor was refused the input: it is paid for having been there, and who was paid for the result, and so
    /// had the input, forfeits its bond: else a liar would rather withhold the input than be found out.
    function _endUnserved(Order calldata order, JobId id, Job memory job, Audit memory audit) private {
        uint256 fee = order.share() / Slices.RESERVATION_PARTS;
        _credit(vault.ownerOf(order.pool(), audit.leaf()), fee);
        _endAudit(order, id, audit, AuditEnd.InputWithheld, order.share() - fee);
        uint256[] memory seats = job.active(order.replicas);
        for (uint256 i; i < seats.length; ++i) {
            if ((_challenges[id].seats >> seats[i]) & 1 != 0) {
                // `conclude` cuts the bond, whatever the verdict.
                // SAFETY: a seat is below seven.
                job.failed |= uint8(1 << seats[i]);
                emit SeatFailed(id, seats[i], Failure.InputWithheld);
            } else if (block.timestamp < _lockedUntil(job)) {
                _forfeit(
                    order, id, job, seats[i], Failure.InputWithheld, order.requester, address(0), address(0)
                );
            }
        }
        _jobs[id] = job;
    }

    /// What silence costs, as for a seat.
    function _slashSilent(Order calldata order, JobId id, Audit memory audit) private {
        uint256 leaf = audit.leaf();
        emit AuditorFailed(id, vault.ownerOf(order.pool(), leaf), Failure.NoShow);
        uint256 burned = Slices.NO_SHOW * _ceiling(order);
        vault.slash(order.pool(), leaf, audit.lockBucket, burned, new address[](0), new uint256[](0));
    }
}
