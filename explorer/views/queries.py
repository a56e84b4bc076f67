"""Questions to the data base that several views ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import and_, func, select

from explorer.database.tables import (
    BlockRow,
    BriefRow,
    ConvictionRow,
    EntryRow,
    EventRow,
    JobRow,
    LossRow,
    MentionRow,
    ModelRow,
    OpeningRow,
    PartyRow,
    PhaseRow,
    SeatRow,
    TotalRow,
)
from explorer.derive.encode import decode_args
from explorer.derive.records import MARKET, REGISTRY, RESOLVER, VAULT, Event
from explorer.story.known import Known, pair_slashes
from explorer.story.pieces import text_of
from explorer.story.words import sentence
from explorer.views.shapes import JobSummary, Page, PieceShape, Step
from explorer.views.site import amount
from touchstone.protocol.orders import audit_odds
from touchstone.protocol.prices import price

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from explorer.story.pieces import Sentence
    from explorer.views.site import Site

Row = TypeVar("Row")
OfEvent = TypeVar("OfEvent", OpeningRow, ConvictionRow, LossRow)

PAGE_SIZE = 25
MOST_EVENTS = 500
"""A view shows at most so many events."""
OWN_CONTRACTS = (MARKET, VAULT, REGISTRY)
"""Whose events say what becomes of a job and its money: all but the dispute engine, which strangers
can make say a lot."""


def event_of(row: EventRow) -> Event:
    """An event as it was read."""
    return Event(
        row.block, row.log_index, row.transaction, row.contract, row.name, decode_args(row.args)
    )


def page_of(
    session: Session, query: Select[Row], number: int, size: int = PAGE_SIZE
) -> tuple[Sequence[Row], bool]:
    """The rows of one page of a query, and whether there are more."""
    rows = session.scalars(query.limit(size + 1).offset((number - 1) * size)).all()
    return rows[:size], len(rows) > size


def totals_of(session: Session, subject: str) -> dict[str, int]:
    """All running totals of a subject, as they stand; those that were never counted are missing."""
    return totals_of_many(session, [subject]).get(subject, {})


def totals_of_many(session: Session, subjects: Collection[str]) -> dict[str, dict[str, int]]:
    """The running totals of several subjects."""
    ranked = (
        select(
            TotalRow.subject,
            TotalRow.measure,
            TotalRow.value,
            func.row_number()
            .over(
                partition_by=(TotalRow.subject, TotalRow.measure),
                order_by=(TotalRow.block.desc(), TotalRow.log_index.desc()),
            )
            .label("rank"),
        )
        .where(TotalRow.subject.in_(subjects))
        .subquery()
    )
    found: dict[str, dict[str, int]] = {}
    for subject, measure, value in session.execute(
        select(ranked.c.subject, ranked.c.measure, ranked.c.value).where(ranked.c.rank == 1)
    ):
        found.setdefault(subject, {})[measure] = value
    return found


def times_of(session: Session, blocks: Collection[int]) -> dict[int, int]:
    """The Unix times of blocks with events."""
    query = select(BlockRow.number, BlockRow.time).where(BlockRow.number.in_(blocks))
    return dict(session.execute(query).all())


def labels_of(session: Session, models: Collection[str]) -> dict[str, str]:
    """`name@version` of models, by id; those that cannot be read are missing."""
    query = select(ModelRow.id, ModelRow.name, ModelRow.version).where(ModelRow.id.in_(models))
    return {key: f"{name}@{version}" for key, name, version in session.execute(query)}


def phases_of(session: Session, jobs: Collection[str]) -> dict[str, tuple[str, str | None]]:
    """The phase that jobs are in, and why they were refunded."""
    query = (
        select(PhaseRow.job, PhaseRow.phase, PhaseRow.reason)
        .where(PhaseRow.job.in_(jobs))
        .order_by(PhaseRow.block, PhaseRow.log_index)
    )
    return {job: (phase, reason) for job, phase, reason in session.execute(query)}


def summaries(session: Session, site: Site, jobs: Sequence[JobRow]) -> list[JobSummary]:
    """Jobs for a list."""
    phases = phases_of(session, [job.id for job in jobs])
    labels = labels_of(session, {job.model for job in jobs})
    times = times_of(session, {job.block for job in jobs})
    return [
        JobSummary(
            id=job.id,
            phase=phases[job.id][0],
            reason=phases[job.id][1],
            requester=job.requester,
            model=job.model,
            model_name=labels.get(job.model),
            pool=job.pool,
            replicas=job.replicas,
            units=job.units,
            payment=amount(_payment(job)),
            opened=site.moment(job.block, times[job.block]),
        )
        for job in jobs
    ]


def _payment(job: JobRow) -> int:
    """What the order put in escrow: a share for each replica, and one for an auditor."""
    return price(job.tier) * job.units * (job.replicas + (1 if audit_odds(job.mode) else 0))


def job_page(
    session: Session, site: Site, query: Select[JobRow], number: int, size: int = PAGE_SIZE
) -> Page[JobSummary]:
    """One page of the jobs that a query selects, newest first."""
    newest = query.order_by(JobRow.block.desc(), JobRow.log_index.desc())
    rows, more = page_of(session, newest, number, size)
    return Page(items=summaries(session, site, rows), number=number, more=more)


def events_about(
    session: Session,
    kind: str,
    keys: Collection[str],
    most: int,
    *,
    newest: bool = False,
    contracts: Sequence[str] = (*OWN_CONTRACTS, RESOLVER),
    names: Collection[str] = (),
) -> list[Event]:
    """Events of these contracts (and names, where some are given) that mention any of these, in
    order; the first or the newest so many."""
    order = (EventRow.block, EventRow.log_index)
    query = (
        select(EventRow)
        .join(
            MentionRow,
            and_(MentionRow.block == EventRow.block, MentionRow.log_index == EventRow.log_index),
        )
        .where(MentionRow.kind == kind, MentionRow.key.in_(keys), EventRow.contract.in_(contracts))
        .order_by(*[column.desc() if newest else column for column in order])
        .limit(most)
    )
    if names:
        query = query.where(EventRow.name.in_(names))
    return [event_of(row) for row in session.scalars(query)]


def entries_of(session: Session, jobs: Collection[str]) -> Sequence[EntryRow]:
    """All entries of these jobs' books, in order."""
    order = (EntryRow.block, EntryRow.log_index, EntryRow.number)
    return session.scalars(select(EntryRow).where(EntryRow.job.in_(jobs)).order_by(*order)).all()


def parties_of(session: Session, jobs: Collection[str]) -> dict[tuple[str, int], PartyRow]:
    """The parties of disputed jobs, by job and number, in the order of their numbers."""
    query = (
        select(PartyRow)
        .where(PartyRow.job.in_(jobs))
        .order_by(PartyRow.party, PartyRow.block, PartyRow.log_index)
    )
    return {(row.job, row.party): row for row in session.scalars(query)}


def operators_of(
    session: Session, site: Site, jobs: Collection[JobRow]
) -> dict[str, Sequence[str]]:
    """Names of the operators of jobs' programs, by job, where the explorer knows them."""
    if not site.constants.programs:
        return {}
    query = select(ModelRow.id, ModelRow.program_root)
    roots = dict(session.execute(query.where(ModelRow.id.in_({job.model for job in jobs}))).all())
    programs = site.constants.programs
    return {job.id: programs.get(roots.get(job.model, ""), ()) for job in jobs}


def _placed(
    session: Session, table: type[OfEvent], events: Sequence[Event]
) -> dict[tuple[int, int], OfEvent]:
    """The rows of a table that these events brought about, by their places."""
    blocks = {event.block for event in events if event.contract == RESOLVER}
    rows = session.scalars(select(table).where(table.block.in_(blocks))) if blocks else ()
    return {(row.block, row.log_index): row for row in rows}


def known_about(session: Session, site: Site, events: Sequence[Event]) -> Known:
    """What the words about these events need."""
    openings = _placed(session, OpeningRow, events)
    jobs = {event.text("job") for event in events if "job" in event.args}
    jobs |= {row.job for row in openings.values() if row.job is not None}
    rows = {job.id: job for job in session.scalars(select(JobRow).where(JobRow.id.in_(jobs)))}
    models = {event.text("model") for event in events if "model" in event.args}
    seats = session.scalars(select(SeatRow).where(SeatRow.job.in_(jobs)))
    return Known(
        bucket_seconds=site.constants.bucket_seconds,
        jobs=rows,
        seats={(seat.job, seat.seat): seat for seat in seats},
        auditors=_auditors_of(session, jobs),
        slashes=pair_slashes(events, entries_of(session, jobs)),
        labels=labels_of(session, models),
        parties=parties_of(session, jobs),
        briefs={
            row.job: row for row in session.scalars(select(BriefRow).where(BriefRow.job.in_(jobs)))
        },
        openings=openings,
        convictions=_placed(session, ConvictionRow, events),
        losses=_placed(session, LossRow, events),
        operators=operators_of(session, site, rows.values()),
    )


def _auditors_of(
    session: Session, jobs: Collection[str]
) -> dict[str, list[tuple[tuple[int, int], str]]]:
    """Who was drawn as an auditor, by job, in order."""
    found: dict[str, list[tuple[tuple[int, int], str]]] = {}
    names = ("AuditorDrawn",)
    for event in events_about(session, "job", jobs, MOST_EVENTS, contracts=(MARKET,), names=names):
        found.setdefault(event.text("job"), []).append((event.place, event.text("auditor")))
    return found


def steps_of(
    session: Session, site: Site, events: Sequence[Event], *, within_job: bool = False
) -> list[Step]:
    """Events in words."""
    known = known_about(session, site, events)
    times = times_of(session, {event.block for event in events})
    return [
        step_of(event, sentence(event, known, within_job=within_job), site, times[event.block])
        for event in events
    ]


def step_of(event: Event, said: Sentence, site: Site, time: int) -> Step:
    """An event and what it says."""
    return Step(
        moment=site.moment(event.block, time),
        transaction=event.transaction,
        log_index=event.log_index,
        contract=event.contract,
        event=event.name,
        sentence=text_of(said),
        pieces=[PieceShape(text=p.text, href=p.href, title=p.title) for p in said],
    )
