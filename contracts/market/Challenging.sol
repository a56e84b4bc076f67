// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Audit, AuditLib, AuditState} from "../types/Audit.sol";
import {JobId} from "../types/Ids.sol";
import {Order, OrderLib} from "../types/Order.sol";
import {Job, Phase, SeatsLib} from "../types/Job.sol";
import {IMarketAudits} from "./IMarketAudits.sol";
import {Recalling} from "./Recalling.sol";
import {Vouching} from "./Vouching.sol";

/// Holds the bonds of a settled job while the resolver looks at what all of its replicas agreed on.
abstract contract Challenging is IMarketAudits, Recalling, Vouching {
    using OrderLib for Order;
    using SeatsLib for *;
    using AuditLib for Audit;

    /// @inheritdoc IMarketAudits
    function challenge(Order calldata order, bytes32 outputRoot, Reveal[] calldata reveals)
        external
        nonReentrant
        returns (uint256[] memory seats, address[] memory accounts)
    {
        if (msg.sender != address(resolver)) revert NotTheResolver(msg.sender, address(resolver));
        (JobId id, Job memory job) = _load(order, Phase.Settled);
        if (_challenges[id].since != 0) revert ChallengePending(id);
        // Those that it paid and that have not lost their bonds since; an auditor that vouched answers for itself.
        seats = job.active(order.replicas);
        bool nobody = seats.length == 0 && _audits[id].state != AuditState.Vouched;
        if (nobody || block.timestamp >= _lockedUntil(job)) {
            revert BondNoLongerLocked(id, _lockedUntil(job));
        }
        if (!_isSettled(order, id, job, _paid(order, job), outputRoot, reveals)) revert WrongOutput(id, outputRoot);

        uint256 held;
        for (uint256 i; i < seats.length; ++i) {
            held |= 1 << seats[i];
            vault.hold(order.pool(), job.seats.leaf(seats[i]), job.lockBucket);
        }
        accounts = vault.ownersOf(order.pool(), job.seats, seats);
        if (_holdAuditor(order, id)) {
            held |= 1 << AuditLib.SEAT;
            (seats, accounts) = _withAuditor(order, id, seats, accounts);
        }
        // SAFETY: Unix seconds; seats are below eight.
        _challenges[id] = Challenge(uint32(block.timestamp), uint8(held));
        emit Challenged(id, held, outputRoot);
    }

    function _withAuditor(Order calldata order, JobId id, uint256[] memory seats, address[] memory accounts)
        private
        view
        returns (uint256[] memory more, address[] memory owners)
    {
        uint256 last = seats.length;
        (more, owners) = (new uint256[](last + 1), new address[](last + 1));
        for (uint256 i; i < last; ++i) (more[i], owners[i]) = (seats[i], accounts[i]);
        (more[last], owners[last]) = (AuditLib.SEAT, vault.ownerOf(order.pool(), _audits[id].leaf()));
    }

    /// @inheritdoc IMarketAudits
    function challengeOf(JobId job) external view returns (uint256 since, uint256 seats) {
        return (_challenges[job].since, _challenges[job].seats);
    }
}
