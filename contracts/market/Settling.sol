// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {JobId} from "../types/Ids.sol";
import {Order, OrderLib} from "../types/Order.sol";
import {Job, Phase, SeatsLib} from "../types/Job.sol";
import {IMarketCore} from "./IMarketCore.sol";
import {Revealing} from "./Revealing.sol";

/// From a drawn job to a settled one, on the providers' signatures alone.
abstract contract Settling is IMarketCore, Revealing {
    using OrderLib for Order;
    using SeatsLib for Job;

    bytes32 private constant RECEIPT_TYPEHASH = keccak256("Receipt(bytes32 job,bytes32 outputRoot)");

    /// @inheritdoc IMarketCore
    function settle(Settlement calldata settlement) external nonReentrant {
        (JobId id, Job memory job) = _load(settlement.order, Phase.Drawn);
        _settle(settlement, id, job);
    }

    /// @inheritdoc IMarketCore
    function settleMany(Settlement[] calldata settlements) external nonReentrant {
        for (uint256 i; i < settlements.length; ++i) {
            JobId id = _jobIdOf(settlements[i].order);
            Job memory job = _jobs[id];
            if (job.phase == Phase.Drawn) _settle(settlements[i], id, job);
        }
    }

    /// @inheritdoc IMarketCore
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
        uint256[] memory seats = job.active(order.replicas);
        address[] memory providers = vault.ownersOf(order.pool(), job.seats, seats);
        for (uint256 i; i < seats.length; ++i) _matureNow(providers[i], order.share(), job.since);
        emit Acknowledged(id);
    }

    function _settle(Settlement calldata settlement, JobId id, Job memory job) private {
        Order calldata order = settlement.order;
        uint256 count = settlement.reveals.length;
        bytes32[] memory outputs = new bytes32[](count);
        for (uint256 i; i < count; ++i) outputs[i] = settlement.outputRoot;
        (uint256[] memory seats, address[] memory providers,) =
            _verifyReveals(order, id, job, outputs, settlement.reveals);
        _pay(order, id, job, settlement.outputRoot, seats, providers);
    }
}
