"""Where a job stands, worked out from its events alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from eth_utils.address import to_checksum_address

from explorer.story.known import FAILURE_WORDS, failure_name
from touchstone.protocol.audits import AUDIT_ENDS, AUDITOR_SEAT, NO_AUDIT, Audit
from touchstone.protocol.demands import NO_DEMAND, Demand, DemandState
from touchstone.protocol.ids import JobId, ModelId
from touchstone.protocol.jobs import JobState, Parameters, Phase, seats_in
from touchstone.protocol.orders import DEFERRED, Order
from touchstone.receipts.receipt import Event as ReceiptEvent
from touchstone.receipts.replay import Replay, replay

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from explorer.database.tables import JobRow, SeatRow
    from explorer.derive.records import Event

_REPLAYED = (
    "Opened",
    "Drawn",
    "InputFixed",
    "CommitPosted",
    "Revealed",
    "SeatFailed",
    "SeatReplaced",
    "RoundStarted",
    "Settled",
    "Contested",
    "Concluded",
    "Refunded",
    "AuditDue",
    "AuditorDrawn",
    "Vouched",
    "AuditorFailed",
    "AuditEnded",
)
"""Events that move a job from phase to phase; those about demands are read here."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """The result of a settled job was disputed.

    Attributes:
        since: Unix time.
        seats: those whose bonds were held for it.
        guilty: those of them that were found guilty; None while it is pending.
    """

    since: int
    seats: tuple[int, ...]
    guilty: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Auditor:
    """One that was drawn to look at the result.

    Attributes:
        account: who.
        place: of the event that named it.
        vouched: whether it vouched.
        failed: why it was slashed, in words, or None.
        ended: why its audit ended without its report, as the market names it, or None.
    """

    account: str
    place: tuple[int, int]
    vouched: bool = False
    failed: str | None = None
    ended: str | None = None


@dataclass(frozen=True, slots=True)
class Life:
    """A job's life so far.

    Attributes:
        state: the job as the market has it, with all the seats that were drawn.
        replay: what its events add up to.
        acknowledged: whether the requester has confirmed the result.
        called: reserves that took part.
        failures: why seats' providers were slashed or accused, by seat.
        challenge: the last one, or None.
        auditors: in the order in which they were drawn.
    """

    state: JobState
    replay: Replay
    acknowledged: bool
    called: frozenset[int]
    failures: Mapping[int, str]
    challenge: Challenge | None = None
    auditors: Sequence[Auditor] = ()

    @property
    def held(self) -> tuple[int, ...]:
        """Seats whose bonds a challenge holds."""
        pending = self.challenge is not None and self.challenge.guilty is None
        return self.challenge.seats if self.challenge is not None and pending else ()


def life_of(
    job: JobRow,
    seats: Sequence[SeatRow],
    events: Sequence[Event],
    times: Mapping[int, int],
    parameters: Parameters,
    bucket_seconds: int,
) -> Life:
    """A job's life so far.

    Args:
        job: its order.
        seats: its seats, once drawn.
        events: all its events of the market, in order.
        times: Unix time of each block.
        parameters: of the market.
        bucket_seconds: length of a lock bucket of the vault.
    """
    told = [event for event in events if event.name in _REPLAYED]
    order = order_of(job)
    found = replay(order, [_for_replay(event) for event in told])
    drawn = next((event for event in events if event.name == "Drawn"), None)
    locked_until = (drawn.number("lockBucket") + 1) * bucket_seconds if drawn else bucket_seconds
    posted = {seat: value for (draw, seat), value in found.posted.items() if draw == found.draw}
    shown = {seat: value[0] for (draw, seat), value in found.revealed.items() if draw == found.draw}
    state = JobState(
        order=order,
        id=JobId(bytes.fromhex(job.id[2:])),
        phase=found.phase,
        since=_since(order, told, events, times, parameters, locked_until),
        locked_until=locked_until,
        failed=frozenset(found.failed),
        round=found.round,
        seats=found.leaves,
        seed=found.seed,
        providers={row.seat: to_checksum_address(row.account) for row in seats},
        commitments=posted,
        reveals=shown,
        input_demand=_demand(events, output=False, paid=()),
        output_demand=_demand(events, output=True, paid=found.spoke),
        fixed_input=found.input_root if order.deferred else DEFERRED,
    )
    state = replace(state, audit=_audit(found, events, times))
    acknowledged = any(event.name == "Acknowledged" for event in events)
    called = {e.number("seat") for e in events if e.name == "SeatReplaced" and e.flag("locked")}
    failures = {
        event.number("seat"): FAILURE_WORDS.get(failure_name(event.number("reason")), "failed")
        for event in events
        if event.name == "SeatFailed"
    }
    challenge = _challenge(events, times)
    return Life(
        state, found, acknowledged, frozenset(called), failures, challenge, _auditors(events)
    )


def _audit(found: Replay, events: Sequence[Event], times: Mapping[int, int]) -> Audit:
    """The job's audit as the market has it."""
    audit = found.audit
    if audit is None:
        return NO_AUDIT
    since, drawn, held = 0, False, False
    for event in events:
        time = times[event.block]
        match event.name:
            case "AuditDue":
                since, drawn = event.number("seedBlock"), False
            case "AuditorDrawn":
                since, drawn = time, True
            case "Vouched":
                since, drawn = time, False
            case "AuditEnded":
                drawn = False
            case "Answered" if drawn and not event.flag("output"):
                since = time
            case "Challenged":
                held = AUDITOR_SEAT in seats_in(event.number("seats"))
            case "Concluded":
                # Who could not vouch meanwhile has a whole window from here.
                since, held = time if drawn else since, False
    seals = [each.seal for each in found.audits if each.seal is not None]
    return Audit(
        audit.state, since, audit.odds, audit.leaf, held, seals[-1] if seals else bytes(32)
    )


def _auditors(events: Sequence[Event]) -> list[Auditor]:
    found: list[Auditor] = []
    for event in events:
        match event.name:
            case "AuditorDrawn":
                found.append(Auditor(event.text("auditor"), event.place))
            case "Vouched" if found:
                found[-1] = replace(found[-1], vouched=True)
            case "AuditorFailed" if found:
                name = failure_name(event.number("reason"))
                found[-1] = replace(found[-1], failed=FAILURE_WORDS.get(name, "failed"))
            case "AuditDue" if found:
                # Whatever ends the next audit is not about the last one's auditor.
                found.append(Auditor("", event.place))
            case "AuditEnded" if found:
                number = event.number("reason")
                name = AUDIT_ENDS[number] if number < len(AUDIT_ENDS) else f"reason {number}"
                found[-1] = replace(found[-1], ended=name)
    return [auditor for auditor in found if auditor.account]


def _challenge(events: Sequence[Event], times: Mapping[int, int]) -> Challenge | None:
    found = None
    for event in events:
        if event.name == "Challenged":
            found = Challenge(times[event.block], seats_in(event.number("seats")))
        elif event.name == "Concluded" and found is not None:
            found = replace(found, guilty=seats_in(event.number("guilty")))
    return found


def _demand(events: Sequence[Event], *, output: bool, paid: Sequence[int]) -> Demand:
    """The job's demand for its input or its output; the `paid` seats wait for an output."""
    found = NO_DEMAND
    for event in events:
        if event.name == "DemandJoined" and not output:
            found = replace(found, seats=found.seats | {event.number("seat")})
        if "output" not in event.args or event.flag("output") is not output:
            continue
        match event.name:
            case "Demanded":
                found = Demand(
                    state=DemandState.PENDING,
                    demander=to_checksum_address(event.text("demander")),
                    deadline=event.number("deadline"),
                    seats=frozenset(paid) if output else frozenset({event.number("seat")}),
                )
            case "Answered":
                found = replace(found, state=DemandState.ANSWERED)
            case "DemandClosed" if found.pending and not output and not _starved(events, event):
                # The job needs the input no more: the market forgets the demand.
                found = NO_DEMAND
            case "DemandClosed" if found.pending:
                found = replace(found, state=DemandState.CLOSED)
    return found


def _starved(events: Sequence[Event], closed: Event) -> bool:
    """Whether a demand for the input was closed since the job ended without it."""
    return any(
        event.name == "Reserved" and event.transaction == closed.transaction for event in events
    )


def order_of(job: JobRow) -> Order:
    """The order that opened a job."""
    return Order(
        requester=to_checksum_address(job.requester),
        model=ModelId(bytes.fromhex(job.model[2:])),
        shard=job.shard,
        tier=job.tier,
        mode=job.mode,
        replicas=job.replicas,
        units=job.units,
        input_root=bytes.fromhex(job.input_root[2:]),
        params=bytes.fromhex(job.params[2:]),
        nonce=job.nonce,
        open_by=job.open_by,
    )


def _since(
    order: Order,
    told: Sequence[Event],
    events: Sequence[Event],
    times: Mapping[int, int],
    parameters: Parameters,
    locked_until: int,
) -> int:
    """As `JobState.since`. The market's rules: see `SlowPath._commit` and `Demands.answerInput`."""
    since, phase = 0, Phase.NONE
    for event in events:
        time = times[event.block]
        match event.name:
            case "Opened":
                since, phase = event.number("seedBlock"), Phase.OPEN
            case "Drawn" | "InputFixed" | "RoundStarted":
                since, phase = time, Phase.DRAWN
            case "Settled" | "Contested" | "Refunded":
                since, phase = time, Phase.SETTLED
            case "CommitPosted" if _complete(order, told, event):
                since = time - parameters.commit_window
            case "Answered" if phase is Phase.DRAWN and not event.flag("output"):
                if not _complete(order, told, event):
                    one = parameters.commit_window + parameters.reveal_window
                    latest = locked_until - parameters.challenge_window - one
                    since = max(since, min(time, latest))
    return since


def _complete(order: Order, told: Sequence[Event], until: Event) -> bool:
    """Whether all active seats' commitments were on chain after the event `until`."""
    then = replay(order, [_for_replay(event) for event in told if event.place <= until.place])
    alive = [seat for seat in sorted(then.leaves) if seat not in then.failed][: order.replicas]
    return all((then.draw, seat) in then.posted for seat in alive)


def _for_replay(event: Event) -> ReceiptEvent:
    return ReceiptEvent.model_construct(
        event=event.name,
        args={name: value for name, value in event.args.items() if name not in ("job", "order")},
        transaction=bytes.fromhex(event.transaction[2:]),
        block=event.block,
        block_hash=b"",
        log_index=event.log_index,
    )
