"""A job: what happened, who took part, and where every unit of its money went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from explorer.database.tables import EntryRow, EventRow, JobRow, SeatRow
from explorer.derive.money import BONDS, CHALLENGES, DEPOSITS, ESCROW, Kind, balance
from explorer.derive.records import MARKET, RESOLVER
from explorer.story.deadlines import deadlines_of, due_words
from explorer.story.dispute_words import MILESTONES
from explorer.story.life import life_of
from explorer.story.moments import utc
from explorer.story.outcomes import (
    auditor_entries,
    auditor_outcome,
    job_outcome,
    seat_outcome,
    seat_role,
)
from explorer.views.disputes import dispute_view
from explorer.views.queries import (
    MOST_EVENTS,
    OWN_CONTRACTS,
    entries_of,
    events_about,
    job_page,
    steps_of,
    summaries,
    times_of,
)
from explorer.views.shapes import (
    AuditView,
    Deadline,
    JobSummary,
    JobView,
    Movement,
    Page,
    Participant,
    Pot,
)
from explorer.views.site import amount
from touchstone.protocol.audits import AUDITOR_SEAT
from touchstone.protocol.orders import AUDITED, STRONG, Mode, audit_odds
from touchstone.protocol.prices import bond, price

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from explorer.derive.records import Event
    from explorer.story.life import Auditor, Life
    from explorer.views.site import Site

_POTS = {
    "escrow": (ESCROW, "What the requester paid for the job."),
    "deposits": (DEPOSITS, "What demands on chain prepaid for their answers."),
    "slashed bonds": (BONDS, "What stood behind the seats and auditors that were slashed."),
    "challengers' bonds": (CHALLENGES, "What challengers put up at the resolver."),
}


def job_list(session: Session, site: Site, number: int, size: int) -> Page[JobSummary]:
    """All jobs, newest first."""
    return job_page(session, site, select(JobRow), number, size)


def job_view(session: Session, site: Site, key: str) -> JobView | None:
    """A job by its id as lower-case hex, or None where it was never opened."""
    job = session.get(JobRow, key)
    if job is None:
        return None
    seats = seats_of_jobs(session, [key]).get(key, [])
    events = events_about(session, "job", [key], MOST_EVENTS, contracts=OWN_CONTRACTS)
    entries = entries_of(session, [key])
    times = times_of(session, {event.block for event in events} | {e.block for e in entries})
    life = lived(job, seats, events, times, site)
    found = life.replay
    transactions = _transactions_of(session, key)
    pending = life.state.input_demand.pending or life.state.output_demand.pending
    pending = pending or life.state.audit.pending
    over = found.phase.ended and not pending
    return JobView(
        summary=summaries(session, site, [job])[0],
        shard=job.shard,
        mode=_mode(job.mode),
        share=amount(price(job.tier) * job.units),
        bond=amount(bond(job.tier)),
        input_root="0x" + found.input_root.hex() if any(found.input_root) else None,
        params=job.params,
        nonce=str(job.nonce),
        open_by=utc(job.open_by),
        seed_block=job.seed_block,
        seed="0x" + found.seed.hex() if any(found.seed) else None,
        attempt=found.round + 1,
        output_root=None if found.output_root is None else "0x" + found.output_root.hex(),
        outcome=job_outcome(life, entries),
        acknowledged=life.acknowledged,
        due=due_words(life, site.now, site.constants.parameters),
        steps=steps_of(session, site, _told(session, events, key), within_job=True),
        participants=[
            *(participant(seat, life, entries) for seat in seats),
            *(_auditor(auditor, life, entries) for auditor in life.auditors),
        ],
        audit=_audit(life),
        movements=[_movement(entry, site, times, transactions) for entry in entries],
        pots=_pots(entries, over),
        deadlines=[
            Deadline(
                what=found.what,
                block=found.block,
                time=found.time,
                when=utc(found.time) if found.time is not None else f"block {found.block}",
                passed=found.passed,
            )
            for found in deadlines_of(life, site.now, site.constants.parameters)
        ],
        dispute=dispute_view(session, site, job),
    )


def _told(session: Session, events: Sequence[Event], key: str) -> list[Event]:
    """What a job's story tells: the market's events, and where a dispute's ways parted."""
    told = [event for event in events if event.contract == MARKET]
    told += events_about(
        session, "job", [key], MOST_EVENTS, contracts=(RESOLVER,), names=MILESTONES
    )
    return sorted(told, key=lambda event: event.place)


def _transactions_of(session: Session, key: str) -> dict[tuple[int, int], str]:
    """The transactions that moved a job's money, by the place of the event."""
    same = (EventRow.block == EntryRow.block) & (EventRow.log_index == EntryRow.log_index)
    query = (
        select(EventRow.block, EventRow.log_index, EventRow.transaction)
        .join(EntryRow, same)
        .where(EntryRow.job == key)
    )
    return {(block, index): found for block, index, found in session.execute(query)}


def lived(
    job: JobRow,
    seats: Sequence[SeatRow],
    events: Sequence[Event],
    times: Mapping[int, int],
    site: Site,
) -> Life:
    """A job's life so far, from all events that mention it."""
    own = [event for event in events if event.contract == MARKET]
    constants = site.constants
    return life_of(job, seats, own, times, constants.parameters, constants.bucket_seconds)


def seats_of_jobs(session: Session, jobs: Sequence[str]) -> dict[str, list[SeatRow]]:
    """The seats of jobs, by job, in the order in which the seed named them."""
    found: dict[str, list[SeatRow]] = {}
    query = select(SeatRow).where(SeatRow.job.in_(jobs)).order_by(SeatRow.job, SeatRow.seat)
    for seat in session.scalars(query):
        found.setdefault(seat.job, []).append(seat)
    return found


def _audit(life: Life) -> AuditView | None:
    audit = life.replay.audit
    if audit is None:
        return None
    return AuditView(
        odds=audit.odds,
        state=audit.state.name.lower(),
        seal=None if audit.seal is None else "0x" + audit.seal.hex(),
        ended=audit.ended,
    )


def _auditor(auditor: Auditor, life: Life, entries: Sequence[EntryRow]) -> Participant:
    """One that was drawn to look at the result, and what became of it."""
    own = auditor_entries(auditor, life, entries)
    return Participant(
        seat=AUDITOR_SEAT,
        provider=auditor.account,
        role="auditor",
        outcome=auditor_outcome(auditor, life, own),
        commitment=None,
        output_root=None,
        earned=amount(-balance(own, ESCROW)),
        lost=amount(lost_of(own)),
    )


def participant(seat: SeatRow, life: Life, entries: Sequence[EntryRow]) -> Participant:
    """A seat, and what became of it."""
    own = [(Kind(e.kind), e.amount) for e in entries if e.seat == seat.seat]
    found = life.replay
    output = dict(zip(found.spoke, found.outputs, strict=False)).get(seat.seat)
    if found.output_root is not None and seat.seat in found.spoke:
        output = found.output_root
    for (_, index), (revealed, _) in found.revealed.items():
        if index == seat.seat:
            output = revealed
    posted = [value for (_, index), value in found.posted.items() if index == seat.seat]
    return Participant(
        seat=seat.seat,
        provider=seat.account,
        role=seat_role(seat, life),
        outcome=seat_outcome(seat, life, own),
        commitment="0x" + posted[-1].hex() if posted else None,
        output_root=None if output is None else "0x" + output.hex(),
        earned=amount(-balance(own, ESCROW)),
        lost=amount(lost_of(own)),
    )


def lost_of(entries: Sequence[tuple[Kind, int]]) -> int:
    """What a seat's provider lost of its bond."""
    return sum(a for k, a in entries if k is Kind.BOND) - sum(
        a for k, a in entries if k is Kind.BOND_BACK
    )


def _movement(
    entry: EntryRow,
    site: Site,
    times: Mapping[int, int],
    transactions: Mapping[tuple[int, int], str],
) -> Movement:
    kind = Kind(entry.kind)
    pot, sign = next((name, signs[kind]) for name, (signs, _) in _POTS.items() if kind in signs)
    return Movement(
        moment=site.moment(entry.block, times[entry.block]),
        transaction=transactions[entry.block, entry.log_index],
        pot=pot,
        kind=kind.value,
        incoming=sign > 0,
        account=entry.account,
        seat=entry.seat,
        amount=amount(entry.amount),
    )


def _pots(entries: Sequence[EntryRow], over: bool) -> list[Pot]:
    """The sums of each pot that was used. One that is over adds up where nothing is left in it,
    another where not less than nothing is."""
    moved = [(Kind(entry.kind), entry.amount) for entry in entries]
    pots = []
    for name, (signs, note) in _POTS.items():
        into = sum(each for kind, each in moved if signs.get(kind) == 1)
        left = balance(moved, signs)
        if not into:
            continue
        empty = name == "slashed bonds" or (over and signs is not CHALLENGES)
        pots.append(
            Pot(
                name=name,
                moved_in=amount(into),
                moved_out=amount(into - left),
                left=amount(left),
                adds_up=left == 0 if empty else left >= 0,
                note=note,
            )
        )
    return pots


def _mode(number: int) -> str:
    rung, odds = number & ~(STRONG | AUDITED), audit_odds(number)
    words = [Mode(rung).name.lower() if rung in set(Mode) else f"mode {number}"]
    words += ["strong claims"] if number & STRONG else []
    words += [f"audits of {'every job' if odds == 1 else f'one job in {odds}'}"] if odds else []
    return ", ".join(words)
