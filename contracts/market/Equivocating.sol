// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {JobId} from "../types/Ids.sol";
import {Order, OrderLib} from "../types/Order.sol";
import {Claim, ClaimLib} from "../types/Claim.sol";
import {Job, Phase, SeatsLib} from "../types/Job.sol";
import {IMarketContests} from "./IMarketContests.sol";
import {Replacing} from "./Replacing.sol";

/// Two different statements by one provider about one draw forfeit its bond, wherever they were made.
abstract contract Equivocating is IMarketContests, Replacing {
    using OrderLib for Order;
    using SeatsLib for *;

    /// @inheritdoc IMarketContests
    function punishTwoCommits(
        Order calldata order,
        uint256 seat,
        uint8 round,
        SignedCommit calldata a,
        SignedCommit calldata b
    ) external nonReentrant {
        JobId id = _jobIdOf(order);
        if (a.commitment == b.commitment) revert NotEquivocation();
        bytes32 draw = ClaimLib.drawOf(_seeds[id], round);
        address provider = _accused(order, id, seat);
        if (!_stands(id, draw, seat, provider, a) || !_stands(id, draw, seat, provider, b)) {
            revert BadCommitSignature(seat, provider);
        }
        _punishEquivocation(order, id, seat);
    }

    /// @inheritdoc IMarketContests
    function punishTwoClaims(
        Order calldata order,
        uint256 seat,
        uint8 round,
        SignedClaim calldata a,
        SignedClaim calldata b
    ) external nonReentrant {
        JobId id = _jobIdOf(order);
        if (a.outputRoot == b.outputRoot && a.set == b.set && a.salt == b.salt) revert NotEquivocation();
        bytes32 draw = ClaimLib.drawOf(_seeds[id], round);
        address provider = _accused(order, id, seat);
        if (!_claimed(order, id, draw, provider, a) || !_claimed(order, id, draw, provider, b)) {
            revert BadClaimSignature(seat, provider);
        }
        _punishEquivocation(order, id, seat);
    }

    /// Whether the provider made this commitment: signed it, or posted it on chain itself.
    function _stands(JobId id, bytes32 draw, uint256 seat, address provider, SignedCommit calldata signed)
        private
        view
        returns (bool)
    {
        if (signed.commitment != 0 && _commitments[draw][seat] == signed.commitment) return true;
        return _signed(ClaimLib.commitStructHash(id, draw, signed.commitment), signed.signature, provider);
    }

    function _claimed(Order calldata order, JobId id, bytes32 draw, address provider, SignedClaim calldata c)
        private
        view
        returns (bool)
    {
        Claim memory claim = Claim(id, draw, order.shard, _inputOf(order, id), c.outputRoot, c.set, c.salt);
        return _signed(ClaimLib.structHash(claim), c.signature, provider);
    }

    function _accused(Order calldata order, JobId id, uint256 seat) private view returns (address) {
        Job memory job = _jobs[id];
        // Before `Drawn` there are no draws to sign for.
        if (job.phase < Phase.Drawn || job.seats.isEmpty(seat)) revert NotASeat(id, seat);
        return vault.ownerOf(order.pool(), job.seats.leaf(seat));
    }

    function _punishEquivocation(Order calldata order, JobId id, uint256 seat) private {
        Job memory job = _jobs[id];
        if (job.failed & (1 << seat) != 0) revert SeatAlreadyFailed(id, seat);
        uint256[] memory before = job.active(order.replicas);
        if (!_contains(before, seat)) revert NotASeat(id, seat);
        // Contests and challenges hold bonds whatever the time; their conclusion lets them go.
        bool locked = block.timestamp < _lockedUntil(job) && job.phase != Phase.Concluded;
        bool held = job.phase == Phase.Contested || (_challenges[id].seats >> seat) & 1 != 0;
        if (!locked && !held) revert BondNoLongerLocked(id, _lockedUntil(job));
        if (held) {
            // The bond must still compensate the innocent and reward the winner, and `conclude` sees to it: else a
            // liar would accuse itself, to keep the bounty and leave the others unpaid.
            // SAFETY: a seat is below seven.
            job.failed |= uint8(1 << seat);
            _jobs[id] = job;
            emit SeatFailed(id, seat, Failure.Equivocated);
            return;
        }
        // A requester that paid the provider gets its money back from the bond.
        address requester = job.phase == Phase.Settled ? order.requester : address(0);
        _forfeit(order, id, job, seat, Failure.Equivocated, requester, msg.sender, address(0));
        if (job.phase == Phase.Drawn) _nextRound(order, id, job, before);
        else _jobs[id] = job;
    }

    function _contains(uint256[] memory seats, uint256 seat) private pure returns (bool) {
        for (uint256 i; i < seats.length; ++i) {
            if (seats[i] == seat) return true;
        }
        return false;
    }
}
