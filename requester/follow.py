"""Follows one job to its end: delivers, waits, and coordinates where nobody else does."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from requester.patience import TRANSIENT, backoff
from touchstone.errors import JobTimeoutError, ResultUnavailableError, TouchstoneError
from touchstone.protocol.audits import AUDIT_ENDS, AuditState
from touchstone.protocol.demands import NO_DEMAND, Demand
from touchstone.protocol.jobs import (
    FAILURES,
    REFUND_REASONS,
    Clock,
    JobState,
    Parameters,
    Phase,
    input_deadline,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from web3.types import EventData

    from requester.delivery import Courier
    from requester.store import StoredJob
    from requester.withheld import Withheld
    from touchstone.chain.market import Market
    from touchstone.coordination.coordinator import Coordinator
    from touchstone.protocol.ids import JobId


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a job stands while one waits for it.

    Attributes:
        phase: its phase on chain.
        round: the round of its draw.
        seats: active seats' providers, by seat.
        delivered: the providers and verifiers that have the input.
        problems: why others do not have it, by name.
        note: the last thing that went wrong and is tried again, or None.
        demand: the demand for the input.
    """

    phase: Phase
    round: int = 0
    seats: Mapping[int, str] = field(default_factory=dict)
    delivered: frozenset[str] = frozenset()
    problems: Mapping[str, str] = field(default_factory=dict)
    note: str | None = None
    demand: Demand = NO_DEMAND


@dataclass(frozen=True, slots=True)
class Audited:
    """How the second look at a job went, or stands now.

    Attributes:
        odds: one job in so many is audited.
        state: where it stands.
        auditor: who was drawn last, or None.
        ended: why it is over without a report, as the market names it, or None.
        failed: why the auditor lost its bond or a part of it, as the market names it, or None.
    """

    odds: int
    state: AuditState = AuditState.DUE
    auditor: str | None = None
    ended: str | None = None
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended, or stands now.

    Attributes:
        job: the job's id.
        phase: its phase on chain.
        output_root: the settled result, 32 bytes; None unless settled.
        providers: those who were paid for it, by seat.
        spent: base units that went to the providers and to an auditor: shares, or the reservation
            fees of those who waited for an input that never came.
        refunded: base units credited back to the requester, to be withdrawn. What may yet be an
            auditor's is not among them.
        reason: why it was refunded, as the market names it, or None.
        transaction: the transaction that ended it.
        answer_fee: base units that the publication of the demanded output has cost besides.
        audit: its last audit, or None.
    """

    job: JobId
    phase: Phase
    output_root: bytes | None = None
    providers: Mapping[int, str] = field(default_factory=dict)
    spent: int = 0
    refunded: int = 0
    reason: str | None = None
    transaction: str | None = None
    answer_fee: int = 0
    audit: Audited | None = None

    @property
    def settled(self) -> bool:
        """Whether there is a result."""
        return self.phase is Phase.SETTLED


_AUDITS = ("AuditDue", "AuditorDrawn", "Vouched", "AuditorFailed", "AuditEnded")
_ENDINGS = ("Settled", "Reserved", "Answered", "Refunded", *_AUDITS)


def read_outcome(market: Market, job: StoredJob, state: JobState) -> Outcome:
    """The outcome as the chain's events tell it."""
    last = market.w3.eth.block_number
    outcome = Outcome(job.id, state.phase)
    for event in market.events(job.first_block, last, job.id, _ENDINGS):
        after = _after_audit if event["event"] in _AUDITS else _after
        outcome = after(outcome, job, state, event)
    return outcome


def _after(outcome: Outcome, job: StoredJob, state: JobState, event: EventData) -> Outcome:
    args, transaction = event["args"], event["transactionHash"].to_0x_hex()
    match event["event"]:
        case "Settled":
            paid = [seat for seat in state.seats if args["paid"] >> seat & 1]
            spent = args["share"] * len(paid)
            return replace(
                outcome,
                output_root=bytes(args["outputRoot"]),
                providers={s: p for s, p in state.providers.items() if s in paid},
                spent=spent,
                refunded=job.order.share * job.order.replicas - spent,
                transaction=transaction,
            )
        case "Reserved":
            return replace(outcome, spent=args["fee"] * args["seats"].bit_count())
        case "Answered":
            return replace(outcome, answer_fee=args["fee"]) if args["output"] else outcome
    # Where an output was withheld, what had been settled is undone.
    return replace(
        outcome,
        output_root=None,
        providers={},
        spent=outcome.spent - (args["amount"] if outcome.output_root else 0),
        refunded=outcome.refunded + args["amount"],
        reason=REFUND_REASONS[args["reason"]],
        transaction=transaction,
    )


def _after_audit(outcome: Outcome, job: StoredJob, state: JobState, event: EventData) -> Outcome:
    args, audit = event["args"], outcome.audit
    if event["event"] == "AuditDue" or audit is None:
        return replace(outcome, audit=Audited(args["odds"]))
    match event["event"]:
        case "AuditorDrawn":
            audit = replace(audit, state=AuditState.DRAWN, auditor=args["auditor"], failed=None)
        case "Vouched":
            audit = replace(audit, state=AuditState.VOUCHED)
            outcome = replace(outcome, spent=outcome.spent + args["fee"])
        case "AuditorFailed":
            over = audit.state is AuditState.VOUCHED
            audit = replace(audit, failed=FAILURES[args["reason"]])
            audit = replace(audit, state=AuditState.OVER) if over else audit
        case "AuditEnded":
            audit = replace(audit, state=AuditState.OVER, ended=AUDIT_ENDS[args["reason"]])
            # What does not return is the auditor's, who waited for an input that never came.
            kept = job.order.share - args["returned"]
            outcome = replace(
                outcome,
                spent=outcome.spent + kept,
                refunded=outcome.refunded + args["returned"],
            )
    return replace(outcome, audit=audit)


@dataclass(slots=True)
class Idle:
    """How long nothing has happened to a job."""

    patience_s: float
    clock: Callable[[], float] = time.monotonic
    _seen: tuple[object, ...] = ()
    _since: float = 0.0

    def over(self, state: JobState) -> bool:
        """Whether the job has stood still for longer than one's patience."""
        now = self.clock()
        posted = (len(state.commitments), len(state.reveals), state.input_demand)
        seen = (state.phase, state.round, state.failed, *posted)
        if seen != self._seen:
            self._seen, self._since = seen, now
        return now - self._since >= self.patience_s


def is_urgent(state: JobState, clock: Clock, parameters: Parameters) -> bool:
    """Whether half of the time is over in which somebody must act."""
    if state.phase is Phase.OPEN:
        return clock.block > state.since + parameters.draw_blocks // 2
    if state.phase is Phase.WAITING:
        return clock.time > input_deadline(state, parameters)
    if state.phase is Phase.DRAWN:
        return clock.time > state.since + parameters.commit_window // 2
    return False


def follow(
    job: StoredJob,
    market: Market,
    courier: Courier,
    coordinator: Coordinator,
    withheld: Withheld,
    *,
    reopen: Callable[[StoredJob], object],
    refix: Callable[[StoredJob], StoredJob],
    timeout_s: float,
    patience_s: float,
    poll_s: float,
    on_progress: Callable[[Progress], None] | None = None,
) -> Outcome:
    """Waits until the job has ended, delivers its input meanwhile, and drives it when nobody does.

    Where a reorganisation of the chain has undone its opening, `reopen` opens it again. While a
    deferred job waits for its input, `refix` is asked to fix the input that is known, if one is,
    and tells the job as it is known now.

    Raises:
        JobTimeoutError: it has not ended in time.
    """
    end = time.monotonic() + timeout_s
    idle = Idle(patience_s)
    failures = 0
    note: str | None = None
    phase = Phase.NONE
    while True:
        pause = poll_s
        try:
            state = market.job(job.order)
            phase = state.phase
            if state.phase is Phase.NONE:
                reopen(job)
                continue
            clock = market.clock()
            if not job.payload or (
                state.phase is Phase.WAITING
                and clock.time <= input_deadline(state, market.parameters)
            ):
                job = courier.job = refix(job)
            if state.phase is Phase.DRAWN:
                courier.deliver(state)
            if on_progress is not None:
                on_progress(_progress(state, courier, note))
            if state.phase.ended:
                return read_outcome(market, job, state)
            failures, note = 0, None
            if withheld.publish_if_due(job, state, clock):
                continue
            alone = idle.over(state) or (
                patience_s < math.inf and is_urgent(state, clock, market.parameters)
            )
            if alone and coordinator.step(job.order, state).phase is not state.phase:
                continue
        except (TouchstoneError, *TRANSIENT) as error:
            note = f"{type(error).__name__}: {error}"
            pause = max(poll_s, backoff(failures))
            failures += 1
            if on_progress is not None:
                on_progress(Progress(phase, note=note))
        if time.monotonic() + pause > end:
            why = f" ({note})" if note else ""
            raise JobTimeoutError(
                f"job 0x{job.id.hex()} is {phase.name} after {timeout_s:g} seconds{why}"
            )
        time.sleep(pause)


def follow_draw(
    job: StoredJob,
    market: Market,
    coordinator: Coordinator,
    *,
    reopen: Callable[[StoredJob], object],
    timeout_s: float,
    patience_s: float,
    poll_s: float,
) -> JobState:
    """Waits until a job is drawn, and drives it when nobody does; its state then. `reopen` as for
    `follow`.

    Raises:
        JobTimeoutError: it is not drawn in time.
        ResultUnavailableError: it was refunded.
    """
    end, idle = time.monotonic() + timeout_s, Idle(patience_s)
    while True:
        note, state = "", None
        try:
            state = market.job(job.order)
            if state.phase is Phase.NONE:
                reopen(job)
            elif state.phase is Phase.OPEN and (
                idle.over(state) or is_urgent(state, market.clock(), market.parameters)
            ):
                coordinator.step(job.order, state)
        except (TouchstoneError, *TRANSIENT) as error:
            note = f" ({type(error).__name__}: {error})"
        if state is not None and state.phase is Phase.REFUNDED:
            raise ResultUnavailableError(f"job 0x{job.id.hex()} was refunded")
        if state is not None and state.phase not in (Phase.NONE, Phase.OPEN):
            return state
        if time.monotonic() + poll_s > end:
            raise JobTimeoutError(f"job 0x{job.id.hex()} is not drawn after {timeout_s:g} s{note}")
        time.sleep(poll_s)


def _progress(state: JobState, courier: Courier, note: str | None) -> Progress:
    return Progress(
        phase=state.phase,
        round=state.round,
        seats={s: state.providers[s] for s in state.active if s in state.providers},
        delivered=frozenset(courier.delivered),
        problems=dict(courier.problems),
        note=note,
        demand=state.input_demand,
    )
