// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {JobId} from "../types/Ids.sol";
import {Order, OrderLib} from "../types/Order.sol";
import {Job, Phase, SeatsLib} from "../types/Job.sol";
import {IResolver} from "../resolve/IResolver.sol";
import {PriceLadder} from "../types/PriceLadder.sol";
import {Slices} from "../types/Slices.sol";
import {IMarketRemedies} from "./IMarketRemedies.sol";
import {Revealing} from "./Revealing.sol";

/// What happens when results differ. Nobody is outvoted: the requester is refunded at once, and the bonds stay
/// where they are until the resolver has spoken.
abstract contract Contesting is IMarketRemedies, Revealing {
    using OrderLib for Order;
    using SeatsLib for *;

    /// @inheritdoc IMarketRemedies
    function contest(Order calldata order, bytes32[] calldata outputRoots, Reveal[] calldata reveals) external nonReentrant {
        (JobId id, Job memory job) = _load(order, Phase.Drawn);
        (uint256[] memory seats,, bytes32 draw) = _verifyReveals(order, id, job, outputRoots, reveals);
        if (_allEqual(outputRoots)) revert OutputsAgree(id);
        _contest(order, id, job, draw, seats, outputRoots);
    }

    /// @inheritdoc IMarketRemedies
    function conclude(Order calldata order) external nonReentrant {
        (JobId id, Job memory job) = _load(order, Phase.Contested);
        (uint256 guilty, address winner) = _verdict(id, job);
        // Equivocation is guilt that needs no verdict. A contested job keeps no other seats that failed.
        uint8 failed = job.failed;
        guilty |= failed;
        job.failed = 0;
        uint256[] memory seats = job.active(order.replicas);
        job.failed = failed;
        job.phase = Phase.Concluded;
        _jobs[id] = job;
        emit Concluded(id, guilty, winner);

        uint256 innocent;
        for (uint256 i; i < seats.length; ++i) {
            if ((guilty >> seats[i]) & 1 != 0) continue;
            innocent |= 1 << seats[i];
            vault.release(order.pool(), job.seats.leaf(seats[i]));
        }
        uint256 unpaid = innocent;
        for (uint256 i; i < seats.length; ++i) {
            if ((innocent >> seats[i]) & 1 != 0) continue;
            // One guilty seat's compensation slice covers the shares of all innocent ones.
            _punish(order, id, job, seats[i], unpaid, winner);
            delete unpaid;
        }
        _jobs[id] = job;
    }

    /// Refund the requester and hold the bonds of all seats that revealed.
    function _contest(
        Order calldata order,
        JobId id,
        Job memory job,
        bytes32 draw,
        uint256[] memory seats,
        bytes32[] memory outputs
    ) internal {
        job.phase = Phase.Contested;
        job.since = uint32(block.timestamp);
        job.seats = job.seats.only(seats);
        _jobs[id] = job;
        for (uint256 i; i < seats.length; ++i) {
            vault.hold(order.pool(), job.seats.leaf(seats[i]), job.lockBucket);
        }
        uint256 payment = order.payment();
        _credit(order.requester, payment);
        emit Refunded(id, payment, RefundReason.Contested);
        emit Contested(id, draw, seats, outputs);
        resolver.opened(id, keccak256(abi.encode(id, draw, seats, outputs)));
    }

    function _allEqual(bytes32[] memory outputs) internal pure returns (bool) {
        for (uint256 i = 1; i < outputs.length; ++i) {
            if (outputs[i] != outputs[0]) return false;
        }
        return true;
    }

    /// The resolver's verdict; without one, nobody is guilty once the contest window has passed. A resolver that
    /// reverts or answers garbage cannot hold the bonds for longer than that.
    function _verdict(JobId id, Job memory job) private view returns (uint256, address) {
        (bool done, bytes memory answer) = address(resolver).staticcall(abi.encodeCall(IResolver.verdict, (id)));
        if (done && answer.length >= 96) {
            (uint256 ended, uint256 guilty, uint256 winner) = abi.decode(answer, (uint256, uint256, uint256));
            // SAFETY: an address is 160 bits; a resolver that says more is read as if it had not.
            if (ended != 0) return (guilty, address(uint160(winner)));
        }
        if (block.timestamp <= uint256(job.since) + CONTEST_WINDOW) revert VerdictPending(id);
        return (0, address(0));
    }

    /// Cut a guilty seat's bond into its slices: each innocent seat its share, the requester the refund slice, the
    /// winner the bounty; all else is burned.
    function _punish(
        Order calldata order,
        JobId id,
        Job memory job,
        uint256 seat,
        uint256 innocent,
        address winner
    ) private {
        uint256 ceiling = PriceLadder.slotCeiling(order.tier);
        address[] memory accounts = new address[](SeatsLib.CAPACITY + 2);
        uint256[] memory amounts = new uint256[](SeatsLib.CAPACITY + 2);
        uint256 paid;
        for (uint256 i; i < SeatsLib.CAPACITY; ++i) {
            if ((innocent >> i) & 1 == 0) continue;
            accounts[i] = vault.ownerOf(order.pool(), job.seats.leaf(i));
            paid += amounts[i] = order.share();
        }
        (accounts[SeatsLib.CAPACITY], amounts[SeatsLib.CAPACITY]) = (order.requester, Slices.REFUND * ceiling);
        if (winner != address(0)) {
            (accounts[SeatsLib.CAPACITY + 1], amounts[SeatsLib.CAPACITY + 1]) = (winner, Slices.BOUNTY * ceiling);
        }
        paid += amounts[SeatsLib.CAPACITY] + amounts[SeatsLib.CAPACITY + 1];
        _slash(order, id, job, seat, Failure.Guilty, Slices.BOND * ceiling - paid, accounts, amounts);
    }
}
