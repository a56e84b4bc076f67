// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AuditLib} from "../types/Audit.sol";
import {JobId} from "../types/Ids.sol";
import {Order, OrderLib} from "../types/Order.sol";
import {Job, Phase, SeatsLib} from "../types/Job.sol";
import {IResolver} from "../resolve/IResolver.sol";
import {Slices} from "../types/Slices.sol";
import {IMarketContests} from "./IMarketContests.sol";
import {Holding} from "./Holding.sol";
import {Revealing} from "./Revealing.sol";
import {Vouching} from "./Vouching.sol";

/// From differing claims to a contest, and from the resolver's verdict to its end, or to that of a challenge.
abstract contract Contesting is IMarketContests, Revealing, Holding, Vouching {
    using OrderLib for Order;
    using SeatsLib for *;

    /// The gas that a verdict may need to be read.
    uint256 private constant VERDICT_GAS = 4_000_000;

    /// What it says: whether it has spoken, who is guilty, and a winner for each seat and the auditor.
    uint256 private constant ANSWER_WORDS = 10;
    uint256 private constant ANSWER_BYTES = 320;

    /// @inheritdoc IMarketContests
    function contest(Order calldata order, bytes32[] calldata outputRoots, Reveal[] calldata reveals)
        external
        nonReentrant
    {
        (JobId id, Job memory job) = _load(order, Phase.Drawn);
        if (block.timestamp > _payableUntil(job)) revert TooLate(id, _payableUntil(job));
        Verified memory found = _verified(order, id, job, outputRoots, reveals);
        if (_allEqual(outputRoots)) revert OutputsAgree(id);
        _contest(order, id, job, found.draw, found.seats, outputRoots);
    }

    /// @inheritdoc IMarketContests
    function conclude(Order calldata order) external nonReentrant {
        JobId id = _jobIdOf(order);
        Job memory job = _jobs[id];
        if (job.phase == Phase.Contested) return _concludeContest(order, id, job);
        if (_challenges[id].since == 0) revert WrongPhase(id, job.phase);
        _concludeChallenge(order, id, job);
    }

    function _concludeContest(Order calldata order, JobId id, Job memory job) private {
        (uint256 guilty, address[] memory winners) = _verdict(id, job.since);
        // Equivocation is guilt that needs no verdict. A contested job keeps no other seats that failed.
        uint8 failed = job.failed;
        guilty |= failed;
        job.failed = 0;
        uint256[] memory seats = job.active(order.replicas);
        job.failed = failed;
        job.phase = Phase.Concluded;
        _jobs[id] = job;
        emit Concluded(id, guilty, winners);

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
            _punish(order, id, job, seats[i], unpaid, winners[seats[i]]);
            delete unpaid;
        }
        _jobs[id] = job;
    }

    /// End a challenge. Everyone was paid, so that nobody is owed compensation.
    function _concludeChallenge(Order calldata order, JobId id, Job memory job) private {
        Challenge memory open = _challenges[id];
        (uint256 guilty, address[] memory winners) = _verdict(id, open.since);
        // Who equivocated, withheld the input or sealed what it never computed while its bond is held is guilty without
        // a verdict.
        guilty = (guilty | job.failed | _failedAuditor(id)) & open.seats;
        emit Concluded(id, guilty, winners);

        for (uint256 seat; seat < SeatsLib.CAPACITY; ++seat) {
            if ((open.seats >> seat) & 1 == 0) continue;
            if ((guilty >> seat) & 1 != 0) {
                _punish(order, id, job, seat, 0, winners[seat]);
            } else if (job.phase == Phase.Refunded) {
                // The output was withheld meanwhile.
                _slashNoShow(order, id, job, seat, Failure.OutputWithheld);
            } else {
                // Still locked for what is left of its time: a challenge that is lost on purpose frees nobody early.
                vault.unhold(order.pool(), job.seats.leaf(seat), job.lockBucket);
            }
        }
        _freeAuditor(order, id, (guilty >> AuditLib.SEAT) & 1 != 0, winners[AuditLib.SEAT]);
        // Not before: the slashes look up which bonds are held.
        delete _challenges[id];
        _jobs[id] = job;
    }

    /// The resolver's verdict; without one, nobody is guilty once a contest window has passed from `since` on. A
    /// resolver that reverts or answers garbage cannot hold the bonds for longer than that.
    function _verdict(JobId id, uint256 since) private view returns (uint256 guilty, address[] memory winners) {
        winners = new address[](ANSWER_WORDS - 2);
        uint256 provided = gasleft();
        bytes memory question = abi.encodeCall(IResolver.verdict, (id));
        address answerer = address(resolver);
        uint256[ANSWER_WORDS] memory answer;
        bool done;
        // So many words are read and no more, whatever the resolver returns.
        assembly ("memory-safe") {
            done := staticcall(gas(), answerer, add(question, 32), mload(question), answer, ANSWER_BYTES)
            done := and(done, gt(returndatasize(), sub(ANSWER_BYTES, 1)))
        }
        if (done && answer[0] != 0) {
            // SAFETY: an address is 160 bits; a resolver that says more is read as if it had not.
            for (uint256 i; i < winners.length; ++i) winners[i] = address(uint160(answer[2 + i]));
            return (answer[1], winners);
        }
        if (block.timestamp <= since + CONTEST_WINDOW) revert VerdictPending(id);
        // A read that failed counts only where it was given enough gas: else a liar would starve it.
        if (!done && provided < VERDICT_GAS) revert TooLittleGas(provided, VERDICT_GAS);
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
        uint256 ceiling = _ceiling(order);
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
