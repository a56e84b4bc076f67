"""What a node owes to audits, its own and others'. Pure: what the chain says in, a duty out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from provider.duties import turn
from touchstone.protocol.audits import AUDITOR_SEAT, AuditState
from touchstone.protocol.demands import DemandState
from touchstone.protocol.jobs import Action, Phase, due_action

if TYPE_CHECKING:
    from provider.duties import Self
    from touchstone.protocol.jobs import Clock, JobState, Parameters


class AuditDuty(Enum):
    """One thing to do for an audit."""

    ADVANCE = "advance"
    FETCH = "fetch"
    DEMAND = "demand"
    TAKE = "take"
    VOUCH = "vouch"
    CHALLENGE = "challenge"
    JOIN = "join"
    SERVE = "serve"
    CHECK = "check"
    WAIT = "wait"
    FORGET = "forget"


@dataclass(frozen=True, slots=True)
class AuditSight:
    """All that decides.

    Attributes:
        job: the job as the chain has it.
        clock: the chain's time.
        mine: whether the node is the auditor.
        paid: whether the node was paid for the result, and so has the input.
        challenged: whether the job is being disputed.
        agrees: whether the node computed what the job was settled on; None while it has not.
        plays: whether the node takes part in that dispute already.
    """

    job: JobState
    clock: Clock
    mine: bool
    paid: bool
    challenged: bool
    agrees: bool | None
    plays: bool = False


def next_audit_duty(sight: AuditSight, parameters: Parameters, me: Self) -> AuditDuty:
    """The next thing to do."""
    audit = sight.job.audit
    match audit.state:
        case AuditState.DUE:
            patient = sight.clock.block >= audit.since + turn(sight.job, me)
            return AuditDuty.ADVANCE if patient else AuditDuty.WAIT
        case AuditState.VOUCHED:
            return AuditDuty.CHECK if sight.paid else AuditDuty.FORGET
        case AuditState.DRAWN if sight.mine:
            return _of_auditor(sight, parameters)
        case AuditState.DRAWN:
            return _of_others(sight, parameters, me)
    return AuditDuty.FORGET


def _of_auditor(sight: AuditSight, parameters: Parameters) -> AuditDuty:
    job, clock = sight.job, sight.clock
    over = due_action(job, clock, parameters) is Action.ADVANCE_AUDIT
    if over and job.phase is not Phase.SETTLED:
        return AuditDuty.ADVANCE
    if sight.agrees is not None:
        if sight.challenged:
            # Whoever disputes it may be the liar's friend, and play for time. Whoever agrees has a
            # whole window to vouch once that is over.
            return AuditDuty.WAIT if sight.agrees or sight.plays else AuditDuty.JOIN
        return AuditDuty.VOUCH if sight.agrees else AuditDuty.CHALLENGE
    demand = job.input_demand
    if demand.state is DemandState.ANSWERED:
        return AuditDuty.TAKE
    if demand.pending and AUDITOR_SEAT in demand.seats:
        return AuditDuty.ADVANCE if demand.is_over(clock) else AuditDuty.FETCH
    third = job.audit.since + parameters.commit_window // 3
    in_time = third <= clock.time <= job.audit.since + parameters.commit_window
    return AuditDuty.DEMAND if in_time else AuditDuty.FETCH


def _of_others(sight: AuditSight, parameters: Parameters, me: Self) -> AuditDuty:
    job, clock = sight.job, sight.clock
    demand = job.input_demand
    if sight.paid and AUDITOR_SEAT in demand.seats and demand.waits(clock):
        # The bond is at stake: whoever else has the input had half of the time for it.
        half = demand.deadline - parameters.answer_window // 2
        return AuditDuty.SERVE if clock.time >= half else AuditDuty.WAIT
    if sight.challenged or due_action(job, clock, parameters) is not Action.ADVANCE_AUDIT:
        return AuditDuty.WAIT
    # Who audits may still report until somebody moves on.
    grace = turn(job, me) + parameters.commit_window // 20
    since = demand.deadline if demand.pending else job.audit.since + parameters.commit_window
    return AuditDuty.ADVANCE if clock.time > since + grace else AuditDuty.WAIT
