// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Demand, DemandState} from "../types/Demand.sol";
import {JobId} from "../types/Ids.sol";
import {Order, OrderLib} from "../types/Order.sol";
import {Job, Phase, SeatsLib} from "../types/Job.sol";
import {IMarketDemands} from "./IMarketDemands.sol";
import {Recalling} from "./Recalling.sol";
import {Starving} from "./Starving.sol";
import {Vouching} from "./Vouching.sol";

/// Input and output on chain, for whoever is refused them off chain.
abstract contract Demanding is IMarketDemands, Recalling, Starving, Vouching {
    using OrderLib for Order;
    using SeatsLib for *;

    bytes32 private constant RECEIPT_TYPEHASH = keccak256("Receipt(bytes32 job,bytes32 outputRoot)");

    /// Stands for the requester where events name a seat.
    uint256 private constant NO_SEAT = 255;

    // --- the input -------------------------------------------------------------------------------------------

    /// @inheritdoc IMarketDemands
    function demandInput(Order calldata order, uint256 seat) external nonReentrant {
        (JobId id, Job memory job) = _load(order, Phase.Drawn);
        address provider = _providerOf(order, id, job, seat);
        if (msg.sender != provider) revert NotTheProvider(msg.sender, provider);
        // Who has committed has the input.
        if ((_uncommitted(order, id, job) >> seat) & 1 == 0) revert CommitExists(id, seat);

        Demand storage demand = _demands[id][false];
        if (demand.state == DemandState.Pending && (demand.seats >> seat) & 1 == 0) {
            if (block.timestamp > demand.deadline) revert TooLate(id, demand.deadline);
            // SAFETY: a seat is below seven.
            demand.seats |= uint8(1 << seat);
            emit DemandJoined(id, seat);
            return;
        }
        uint256 until = uint256(job.since) + COMMIT_WINDOW;
        if (block.timestamp > until) revert TooLate(id, until);
        // SAFETY: a seat is below seven.
        _demand(id, false, seat, _inputOf(order, id), uint8(1 << seat));
    }

    /// @inheritdoc IMarketDemands
    function answerInput(Order calldata order, bytes calldata payload, bytes32 salt) external nonReentrant {
        (JobId id, Job memory job) = _load(order, Phase.Drawn);
        DemandState state = _demands[id][false].state;
        if (state != DemandState.None && state != DemandState.Pending) revert DemandExists(id, false);
        uint256 until = uint256(job.since) + COMMIT_WINDOW;
        if (state == DemandState.None && block.timestamp > until) revert TooLate(id, until);
        _answer(id, false, payload, salt, _inputOf(order, id));
        if (_uncommitted(order, id, job) == 0) return;
        // Everyone has a whole commit window from here.
        // SAFETY: a demand is made within the commit window of a round and answered within an answer window; LOCK_TIME
        // and `_nextRound` leave the time for that, another commit window and the reveals.
        job.since = uint32(block.timestamp);
        _jobs[id] = job;
    }

    // --- the output ------------------------------------------------------------------------------------------

    /// @inheritdoc IMarketDemands
    function demandOutput(Order calldata order, bytes32 outputRoot, Reveal[] calldata reveals) external nonReentrant {
        (JobId id, Job memory job) = _load(order, Phase.Settled);
        if (msg.sender != order.requester) revert NotTheRequester(msg.sender, order.requester);
        if (_acknowledged[id]) revert WrongPhase(id, job.phase);
        if (_demands[id][true].state != DemandState.None) revert DemandExists(id, true);
        uint256 until = uint256(job.since) + DELIVERY_WINDOW - ANSWER_WINDOW;
        if (block.timestamp > until) revert TooLate(id, until);
        uint256[] memory seats = _paid(order, job);
        if (!_isSettled(order, id, job, seats, outputRoot, reveals)) revert WrongOutput(id, outputRoot);

        _demandedOutputs[id] = outputRoot;
        address[] memory providers = vault.ownersOf(order.pool(), job.seats, seats);
        uint256 waiting;
        for (uint256 i; i < seats.length; ++i) {
            waiting |= 1 << seats[i];
            // SAFETY: the delivery window is open, so that nothing has matured yet.
            _takeBack(providers[i], order.share(), job.since);
        }
        // SAFETY: seats are below seven.
        _demand(id, true, NO_SEAT, outputRoot, uint8(waiting));
    }

    /// @inheritdoc IMarketDemands
    function answerOutput(Order calldata order, bytes calldata payload, bytes32 salt) external nonReentrant {
        (JobId id, Job memory job) = _load(order, Phase.Settled);
        if (_demands[id][true].state != DemandState.Pending) revert NoDemand(id, true);
        _answer(id, true, payload, salt, _demandedOutputs[id]);
        _acknowledged[id] = true;
        _payWaiting(order, job);
    }

    /// @inheritdoc IMarketDemands
    function acknowledge(Order calldata order, bytes32 outputRoot, bytes calldata signature) external nonReentrant {
        (JobId id, Job memory job) = _load(order, Phase.Settled);
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(RECEIPT_TYPEHASH, id, outputRoot)));
        if (msg.sender != order.requester
            && !SignatureChecker.isValidSignatureNow(order.requester, digest, signature))
        {
            revert BadOrderSignature(order.requester);
        }
        if (_acknowledged[id]) revert WrongPhase(id, job.phase);
        _acknowledged[id] = true;
        emit Acknowledged(id);
        if (_demands[id][true].state == DemandState.Pending) {
            // A receipt for other bytes does not stand for those that are demanded.
            if (outputRoot != _demandedOutputs[id]) revert WrongOutput(id, outputRoot);
            _refundDeposit(id, true, DemandState.Closed, 0);
            return _payWaiting(order, job);
        }
        uint256[] memory seats = job.active(order.replicas);
        address[] memory providers = vault.ownersOf(order.pool(), job.seats, seats);
        for (uint256 i; i < seats.length; ++i) {
            _credit(providers[i], _takeBack(providers[i], order.share(), job.since));
        }
    }

    // --- both ------------------------------------------------------------------------------------------------

    /// @inheritdoc IMarketDemands
    function closeDemand(Order calldata order) external nonReentrant {
        JobId id = _jobIdOf(order);
        Job memory job = _jobs[id];
        // An auditor's demand is closed by `advanceAudit`.
        bool input = _demands[id][false].state == DemandState.Pending && !_isDemanded(id);
        bool output = _demands[id][true].state == DemandState.Pending;
        if (!input && !output) revert NoDemand(id, false);
        if (input) _closeInput(order, id, job);
        // Both are pending where an input came off chain after all; its deposit does not wait for the output.
        if (output && (!input || block.timestamp > _demands[id][true].deadline)) _closeOutput(order, id, job);
    }

    function _closeInput(Order calldata order, JobId id, Job memory job) private {
        uint256 uncommitted = job.phase == Phase.Drawn ? _uncommitted(order, id, job) : 0;
        // A job that went on without the answer, or ended, needs it no more.
        if (uncommitted == 0) return _dropDemand(id);
        _starves(id);
        _endStarved(order, id, job, job.active(order.replicas), uncommitted);
    }

    function _closeOutput(Order calldata order, JobId id, Job memory job) private {
        Demand memory demand = _demands[id][true];
        if (block.timestamp <= demand.deadline) revert DemandPending(id, demand.deadline);
        uint256[] memory seats = _paid(order, job);
        uint256 share = order.share();
        emit Unwound(id, demand.seats, share);
        _refundDeposit(id, true, DemandState.Closed, 0);
        if (block.timestamp < _lockedUntil(job)) {
            // One that has lost its bond already has no more to lose. One whose bond a challenge holds loses its slice
            // when that is concluded: else a liar would withhold the output to itself, to lose no more than that.
            uint256 spared = job.failed | _challenges[id].seats;
            for (uint256 i; i < seats.length; ++i) {
                if ((spared >> seats[i]) & 1 == 0) {
                    _slashNoShow(order, id, job, seats[i], Failure.OutputWithheld);
                }
            }
        }
        _refund(order, id, job, share * seats.length, RefundReason.OutputWithheld);
    }

    /// Pay what waited for the output.
    function _payWaiting(Order calldata order, Job memory job) private {
        uint256[] memory seats = _paid(order, job);
        address[] memory providers = vault.ownersOf(order.pool(), job.seats, seats);
        for (uint256 i; i < seats.length; ++i) _credit(providers[i], order.share());
    }
}
