// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Auditors} from "../lib/Auditors.sol";
import {Vm} from "../lib/Vm.sol";
import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {IStakeVault} from "../../../contracts/stake/IStakeVault.sol";
import {AuditState} from "../../../contracts/types/Audit.sol";
import {JobId, PoolId} from "../../../contracts/types/Ids.sol";
import {Phase, Seats, SeatsLib} from "../../../contracts/types/Job.sol";
import {Modes, Order} from "../../../contracts/types/Order.sol";

/// What an onlooker writes down from the events: whose bonds are locked, who has spoken when, and what evidence there
/// is against whom. Every slash is held against these notes when it happens.
abstract contract Notebook is Auditors {
    struct Notes {
        JobId id;
        PoolId pool;
        uint256 ceiling;
        uint256 share;
        uint256 payment;
        Phase phase;
        uint8 round;
        Seats seats;
        uint256 lockedUntil;
        uint256 drawnAt;
        /// When the round began, and when all of its commitments were on chain (zero: not yet).
        uint256 roundAt;
        uint256 completeAt;
        /// Bits of the seats whose bonds were locked, of those slashed since, and of those held by a contest or a
        /// challenge that has not been concluded.
        uint256 took;
        uint256 failed;
        uint256 held;
        /// Bits of the seats that signed what contradicts itself, and of those that the judge has named.
        uint256 twoFaced;
        uint256 guilty;
        /// Until when a demand is to be answered (zero: none is pending), and how many payments wait for the output.
        uint256 inputDeadline;
        uint256 outputDeadline;
        uint256 waiting;
        uint256 paid;
        bytes32 output;
        bool unwound;
        /// The audit, its seed's block, and when its auditor's window began.
        AuditState audit;
        uint256 seedBlock;
        uint256 auditAt;
        /// One more than the place of its newest auditor.
        uint256 auditor;
        /// Whether the pending demand for the input is the auditor's, and whether one of its has gone unanswered.
        bool auditDemand;
        bool unserved;
        /// Whether somebody has vouched, and for what it never computed; and whether that has been shown.
        bool vouched;
        bool sealedBadly;
        bool sealRefuted;
    }

    /// An auditor's bond: whose it is, until when it is locked, whether a challenge holds it and whether it was slashed.
    struct AuditorNotes {
        PoolId pool;
        uint256 leaf;
        uint256 lockedUntil;
        bool held;
        bool gone;
    }

    PoolId[] internal pools;
    mapping(PoolId => uint256) internal bondOf;
    mapping(PoolId => uint256) internal leaves;
    Order[] internal orders;
    Notes[] internal notes;
    AuditorNotes[] internal auditors;
    mapping(JobId => uint256) private _indexPlusOne;
    /// Bits of the seats that have committed and revealed on chain.
    mapping(JobId => mapping(uint256 round => uint256 seats)) internal committed;
    mapping(JobId => mapping(uint256 round => uint256 seats)) internal revealed;
    uint256[] internal unbondings;
    mapping(uint256 id => uint256) internal unpledgedAt;
    uint256 internal burned;
    /// How often each kind of thing has happened.
    mapping(Phase => uint256) internal reached;
    mapping(IMarketTypes.Failure => uint256) internal failures;
    mapping(IMarketTypes.RefundReason => uint256) internal refunds;
    mapping(IMarketTypes.AuditEnd => uint256) internal ends;
    mapping(bytes32 name => uint256) internal seen;

    function _note(Vm.Log[] memory logs) internal {
        // The leaf of what failed, whose slash is to follow at once.
        bool due;
        bytes32 job;
        uint256 leaf;
        IMarketTypes.Failure reason;
        for (uint256 i; i < logs.length; ++i) {
            bytes32 name = logs[i].topics[0];
            if (logs[i].emitter == address(market)) {
                if (name != IMarketTypes.SeatFailed.selector && name != IMarketTypes.AuditorFailed.selector) {
                    _noteProgress(name, logs[i]);
                    continue;
                }
                assertFalse(due, "a bond was not slashed that was to be");
                job = logs[i].topics[1];
                reason = abi.decode(logs[i].data, (IMarketTypes.Failure));
                (due, leaf) = name == IMarketTypes.SeatFailed.selector
                    ? _noteFailure(_notesOf(job), uint256(logs[i].topics[2]), reason)
                    : _noteFailedAuditor(_notesOf(job), reason);
            } else if (logs[i].emitter == address(vault)) {
                ++seen[name];
                if (name == IStakeVault.Slashed.selector) {
                    assertTrue(due, "slashed without a failure");
                    assertEq(uint256(logs[i].topics[2]), leaf, "another's stake was slashed");
                    _requireSlices(_notesOf(job), reason, logs[i]);
                    due = false;
                } else if (name == IStakeVault.Joined.selector) {
                    ++leaves[PoolId.wrap(logs[i].topics[1])];
                } else if (name == IStakeVault.UnbondingStarted.selector) {
                    unbondings.push(uint256(logs[i].topics[1]));
                    unpledgedAt[uint256(logs[i].topics[1])] = clock;
                }
            }
        }
        assertFalse(due, "a bond was not slashed that was to be");
    }

    function _noteFailure(Notes storage it, uint256 seat, IMarketTypes.Failure reason)
        private
        returns (bool due, uint256 leaf)
    {
        _requireEvidence(it, seat, reason);
        leaf = SeatsLib.leaf(it.seats, seat);
        // While its bond is held, this is guilt, which the conclusion punishes.
        bool waits = reason == IMarketTypes.Failure.Equivocated || reason == IMarketTypes.Failure.InputWithheld;
        due = !waits || it.held >> seat & 1 == 0;
        if (due) it.failed |= 1 << seat;
        else it.twoFaced |= 1 << seat;
    }

    function _noteFailedAuditor(Notes storage it, IMarketTypes.Failure reason) private returns (bool due, uint256 leaf) {
        AuditorNotes storage auditor = auditors[it.auditor - 1];
        ++failures[reason];
        assertTrue(auditor.held || clock < auditor.lockedUntil, "slashed, but its bond was not locked");
        assertFalse(auditor.gone, "slashed twice");
        if (reason == IMarketTypes.Failure.NoShow) {
            assertTrue(it.audit == AuditState.Drawn && clock > it.auditAt + COMMIT, "slashed as silent within its window");
            assertTrue(it.held == 0 && !it.auditDemand, "slashed as silent while it had to wait");
            assertTrue(it.auditAt + COMMIT < it.lockedUntil, "slashed as silent without a whole window");
        } else if (reason == IMarketTypes.Failure.NotComputed) {
            assertTrue(it.sealedBadly, "slashed for a good seal");
        } else {
            assertTrue(reason == IMarketTypes.Failure.Guilty && auditor.held, "guilty, but took no part");
            assertTrue(it.guilty >> 7 & 1 != 0 || it.sealRefuted, "found guilty without a verdict");
        }
        due = reason != IMarketTypes.Failure.NotComputed || !auditor.held;
        auditor.gone = due;
        if (!due) it.sealRefuted = true;
        if (reason != IMarketTypes.Failure.NoShow) it.audit = AuditState.Over;
        return (due, auditor.leaf);
    }

    // --- progress --------------------------------------------------------------------------------------------

    function _noteProgress(bytes32 name, Vm.Log memory log) private {
        ++seen[name];
        if (name == IMarketTypes.Opened.selector) return _noteOrder(log);
        if (log.topics.length < 2 || _indexPlusOne[JobId.wrap(log.topics[1])] == 0) return;
        Notes storage it = _notesOf(log.topics[1]);
        if (name == IMarketTypes.Drawn.selector) {
            uint256 bucket;
            (, it.seats, bucket) = abi.decode(log.data, (bytes32, Seats, uint256));
            it.lockedUntil = (bucket + 1) * BUCKET;
            (it.drawnAt, it.roundAt) = (clock, clock);
            Order storage order = orders[_indexPlusOne[it.id] - 1];
            it.took = (1 << order.replicas) - 1;
            _enter(it, order.inputRoot == 0 ? Phase.Waiting : Phase.Drawn);
        } else if (name == IMarketTypes.InputFixed.selector) {
            it.roundAt = clock;
            _enter(it, Phase.Drawn);
        } else if (name == IMarketTypes.RoundStarted.selector) {
            it.round += 1;
            (it.roundAt, it.completeAt) = (clock, 0);
        } else if (name == IMarketTypes.SeatReplaced.selector) {
            uint256 bit = 1 << uint256(log.topics[2]);
            if (abi.decode(log.data, (bool))) it.took |= bit;
        } else if (name == IMarketTypes.CommitPosted.selector) {
            (uint256 seat,) = abi.decode(log.data, (uint256, bytes32));
            uint256 bits = committed[it.id][it.round] | (1 << seat);
            committed[it.id][it.round] = bits;
            if (_active(it) & ~bits == 0) it.completeAt = clock;
        } else if (name == IMarketTypes.Revealed.selector) {
            (uint256 seat,,) = abi.decode(log.data, (uint256, bytes32, bytes32));
            revealed[it.id][it.round] |= 1 << seat;
        } else if (name == IMarketTypes.Settled.selector) {
            (it.output, it.paid,) = abi.decode(log.data, (bytes32, uint256, uint256));
            _enter(it, Phase.Settled);
        } else if (name == IMarketTypes.Demanded.selector) {
            (bool output, uint256 seat,,, uint256 deadline) =
                abi.decode(log.data, (bool, uint256, bytes32, uint256, uint256));
            if (!output) (it.inputDeadline, it.auditDemand) = (deadline, seat == 7);
            else (it.outputDeadline, it.waiting) = (deadline, _count(it.paid));
        } else if (name == IMarketTypes.Answered.selector) {
            (bool output,,,) = abi.decode(log.data, (bool, bytes32, bytes, uint256));
            if (output) return;
            if (it.audit == AuditState.Drawn) it.auditAt = clock;
            else if (it.completeAt == 0) it.roundAt = clock;
        } else if (name == IMarketTypes.Unwound.selector) {
            assertTrue(it.outputDeadline != 0 && clock > it.outputDeadline, "unwound before the demand was over");
            it.unwound = true;
        } else if (name == IMarketTypes.DemandClosed.selector) {
            (bool output,) = abi.decode(log.data, (bool, uint256));
            if (!output) {
                if (it.auditDemand) it.unserved = clock > it.inputDeadline;
                (it.inputDeadline, it.auditDemand) = (0, false);
            } else (it.outputDeadline, it.waiting) = (0, 0);
        } else if (name == IMarketTypes.Refunded.selector) {
            (, IMarketTypes.RefundReason reason) = abi.decode(log.data, (uint256, IMarketTypes.RefundReason));
            ++refunds[reason];
            if (reason != IMarketTypes.RefundReason.Contested) _enter(it, Phase.Refunded);
        } else if (name == IMarketTypes.Contested.selector) {
            (uint256[] memory seats,) = abi.decode(log.data, (uint256[], bytes32[]));
            for (uint256 i; i < seats.length; ++i) it.held |= 1 << seats[i];
            _enter(it, Phase.Contested);
        } else if (name == IMarketTypes.Challenged.selector) {
            (it.held,) = abi.decode(log.data, (uint256, bytes32));
            assertEq(it.held >> 7, it.audit == AuditState.Vouched ? 1 : 0, "who vouched takes part");
            if (it.held >> 7 != 0) auditors[it.auditor - 1].held = true;
        } else if (name == IMarketTypes.Concluded.selector && it.phase == Phase.Contested) {
            _enter(it, Phase.Concluded);
        } else {
            _noteAudit(it, name, log);
        }
    }

    function _noteAudit(Notes storage it, bytes32 name, Vm.Log memory log) private {
        if (name == IMarketTypes.AuditDue.selector) {
            assertTrue(it.audit == AuditState.None || it.audit == AuditState.Over, "two audits at once");
            (it.audit, it.unserved) = (AuditState.Due, false);
            (it.seedBlock,) = abi.decode(log.data, (uint256, uint256));
        } else if (name == IMarketTypes.AuditorDrawn.selector) {
            (uint256 leaf, uint256 bucket) = abi.decode(log.data, (uint256, uint256));
            for (uint256 seat; seat < 7; ++seat) {
                bool paid = it.paid >> seat & 1 != 0;
                assertTrue(!paid || SeatsLib.leaf(it.seats, seat) != leaf, "a paid seat audits itself");
            }
            auditors.push(AuditorNotes(it.pool, leaf, (bucket + 1) * BUCKET, false, false));
            (it.audit, it.auditAt, it.auditor) = (AuditState.Drawn, clock, auditors.length);
        } else if (name == IMarketTypes.Vouched.selector) {
            assertTrue(it.audit == AuditState.Drawn && !it.vouched, "vouched out of turn");
            (it.audit, it.vouched) = (AuditState.Vouched, true);
        } else if (name == IMarketTypes.AuditEnded.selector) {
            (IMarketTypes.AuditEnd reason,) = abi.decode(log.data, (IMarketTypes.AuditEnd, uint256));
            ++ends[reason];
            it.audit = AuditState.Over;
        }
    }

    function _noteOrder(Vm.Log memory log) private {
        (Order memory order,) = abi.decode(log.data, (Order, uint256));
        orders.push(order);
        Notes storage it = notes.push();
        it.id = JobId.wrap(log.topics[1]);
        it.pool = PoolId.wrap(log.topics[3]);
        it.ceiling = bondOf[it.pool] / 12;
        // A slot's ceiling pays for 16 units.
        it.share = it.ceiling * order.units / 16;
        it.payment = it.share * (order.replicas + (order.mode & Modes.AUDITED == 0 ? 0 : 1));
        _indexPlusOne[it.id] = notes.length;
        _enter(it, Phase.Open);
    }

    function _count(uint256 bits) private pure returns (uint256 count) {
        for (; bits != 0; bits >>= 1) count += bits & 1;
    }

    function _notesOf(bytes32 job) private view returns (Notes storage) {
        return notes[_indexPlusOne[JobId.wrap(job)] - 1];
    }

    function _enter(Notes storage it, Phase phase) private {
        Phase from = it.phase;
        assertTrue(
            phase == Phase.Open || phase == Phase.Waiting && from == Phase.Open
                || phase == Phase.Drawn && (from == Phase.Open || from == Phase.Waiting)
                || phase == Phase.Settled && from == Phase.Drawn
                || phase == Phase.Contested && from == Phase.Drawn || phase == Phase.Concluded && from == Phase.Contested
                || phase == Phase.Refunded && (from == Phase.Open || from == Phase.Waiting || from == Phase.Drawn)
                || phase == Phase.Refunded && from == Phase.Settled && it.unwound,
            "a job went where it cannot go"
        );
        // What waited in vain lets its bonds go.
        if (phase == Phase.Refunded && from == Phase.Waiting) it.took = 0;
        it.phase = phase;
        ++reached[phase];
    }

    /// Bits of the seats whose providers must speak in this round.
    function _active(Notes storage it) internal view returns (uint256) {
        return it.took & ~it.failed;
    }

    /// Bits of the seats whose bonds the job could still take.
    function _exposed(Notes storage it) internal view returns (uint256) {
        if (it.phase == Phase.Contested) return it.held;
        if (it.phase == Phase.Concluded) return 0;
        return _active(it) & (clock < it.lockedUntil ? type(uint256).max : it.held);
    }

    // --- slashes ---------------------------------------------------------------------------------------------

    function _requireEvidence(Notes storage it, uint256 seat, IMarketTypes.Failure reason) private {
        ++failures[reason];
        if (reason == IMarketTypes.Failure.Guilty) {
            assertTrue(it.held >> seat & 1 != 0, "found guilty, but took no part in the contest");
            assertTrue((it.guilty | it.twoFaced) >> seat & 1 != 0, "found guilty without a verdict");
            return;
        }
        assertTrue(_exposed(it) >> seat & 1 != 0, "slashed, but its bond was not locked");
        uint256 spoke = committed[it.id][it.round];
        if (reason == IMarketTypes.Failure.NoShow) {
            assertTrue(clock > it.roundAt + COMMIT, "slashed as silent within the commit window");
            assertTrue(spoke >> seat & 1 == 0, "slashed as silent, but it had spoken");
            assertTrue(it.inputDeadline == 0, "slashed as silent while the input was demanded");
        } else if (reason == IMarketTypes.Failure.OutputWithheld) {
            assertTrue(it.unwound && it.paid >> seat & 1 != 0, "slashed for an output that it did not owe");
        } else if (reason == IMarketTypes.Failure.Withheld) {
            assertTrue(it.completeAt != 0, "slashed as withholding before the set was complete");
            assertTrue(clock > it.completeAt + REVEAL, "slashed as withholding within the reveal window");
            assertTrue(revealed[it.id][it.round] >> seat & 1 == 0, "slashed as withholding, but it had revealed");
        } else if (reason == IMarketTypes.Failure.InputWithheld) {
            assertTrue(it.unserved && it.paid >> seat & 1 != 0, "slashed for an input that it did not owe");
        } else {
            assertTrue(it.twoFaced >> seat & 1 != 0, "slashed as equivocating without evidence");
        }
    }

    /// Every slice is covered by the bond; half of a whole bond is burned, so that nobody gains by slashing itself.
    function _requireSlices(Notes storage it, IMarketTypes.Failure reason, Vm.Log memory log) private {
        (uint256 burned_, uint256 paid,) = abi.decode(log.data, (uint256, uint256, uint32));
        burned += burned_;
        if (reason == IMarketTypes.Failure.NoShow || reason == IMarketTypes.Failure.OutputWithheld) {
            assertEq(burned_, 2 * it.ceiling, "what silence costs");
            assertEq(paid, 0, "nobody earns by another's silence");
        } else {
            assertEq(burned_ + paid, 12 * it.ceiling, "a forfeited bond is gone whole");
            assertTrue(burned_ >= 6 * it.ceiling, "at least half is burned");
        }
    }
}
