"""Accounts: providers with their stake and work, requesters with their jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from explorer.database.tables import (
    EndpointRow,
    EntryRow,
    EventRow,
    JobRow,
    LeafRow,
    MentionRow,
    PoolRow,
    SeatRow,
    UnbondedRow,
    UnbondingRow,
)
from explorer.derive.money import ESCROW, Kind, balance
from explorer.derive.records import MARKET
from explorer.derive.rows import position_of
from explorer.story.known import FAILURE_WORDS, failure_name
from explorer.story.moments import utc
from explorer.story.outcomes import auditor_entries, auditor_outcome, seat_outcome, seat_role
from explorer.views.disputes import disputes_of
from explorer.views.jobs import lived, lost_of, seats_of_jobs
from explorer.views.queries import (
    MOST_EVENTS,
    OWN_CONTRACTS,
    PAGE_SIZE,
    entries_of,
    events_about,
    job_page,
    known_about,
    labels_of,
    page_of,
    steps_of,
    summaries,
    times_of,
    totals_of,
    totals_of_many,
)
from explorer.views.shapes import (
    AccountSummary,
    AccountView,
    AuditedView,
    Page,
    PositionView,
    SeatView,
    SlashView,
    UnbondingView,
)
from explorer.views.site import amount, link_to
from touchstone.protocol.prices import price

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy.orm import Session

    from explorer.views.site import Site

_RECENT_EVENTS = 50
_MOST_POSITIONS = 200
_MOST_SLASHES = 50
_MOST_DISPUTES = 50
_MOST_AUDITS = 50


def provider_list(session: Session, site: Site, number: int, size: int) -> Page[AccountSummary]:
    """All accounts that ever joined a pool, in the order of their addresses."""
    query = select(LeafRow.account).distinct().order_by(LeafRow.account)
    accounts, more = page_of(session, query, number, size)
    return Page(items=_summaries(session, accounts), number=number, more=more)


def account_view(session: Session, site: Site, key: str, number: int) -> AccountView | None:
    """An account by its address in lower case, or None where no event ever mentioned it.

    Args:
        session: sees one state.
        site: the deployment and the clock.
        key: the address.
        number: which page of its seats.
    """
    mentioned = select(MentionRow.block).where(MentionRow.kind == "account", MentionRow.key == key)
    if session.scalar(mentioned.limit(1)) is None:
        return None
    totals = totals_of(session, key)
    positions = _positions(session, key)
    endpoint = _endpoints(session, [key]).get(key)
    recent = events_about(session, "account", [key], _RECENT_EVENTS, newest=True)
    return AccountView(
        summary=_summaries(session, [key])[0],
        endpoint_href=None if endpoint is None else link_to(endpoint),
        is_provider=bool(positions),
        positions=positions,
        unbondings=_unbondings(session, key),
        pledged=amount(sum(int(position.stake.units) for position in positions)),
        owed=amount(totals.get("owed", 0)),
        withdrawn=amount(totals.get("withdrawn", 0)),
        lost=amount(totals.get("lost", 0)),
        burned=amount(totals.get("burned", 0)),
        opened=totals.get("opened", 0),
        engine_owes=amount(totals.get("engine owes", 0)),
        slashes=_slashes(session, site, key),
        disputes=disputes_of(session, site, key, _MOST_DISPUTES),
        audits=_audits(session, site, key),
        seats=_seats(session, site, key, number),
        orders=job_page(session, site, select(JobRow).where(JobRow.requester == key), 1).items,
        events=steps_of(session, site, recent),
    )


def _summaries(session: Session, accounts: Sequence[str]) -> list[AccountSummary]:
    totals, endpoints = totals_of_many(session, accounts), _endpoints(session, accounts)
    found = []
    for account in accounts:
        own = totals.get(account, {})
        found.append(
            AccountSummary(
                address=account,
                endpoint=endpoints.get(account),
                free=amount(own.get("free", 0)),
                pools=own.get("pools", 0),
                seated=own.get("seated", 0),
                audits=own.get("audits", 0),
                earned=amount(own.get("earned", 0)),
                slashes=own.get("slashes", 0),
                disputes_won=own.get("won", 0),
                convictions=own.get("convicted", 0),
                timeouts=own.get("timed out", 0),
            )
        )
    return found


def _endpoints(session: Session, accounts: Collection[str]) -> dict[str, str]:
    """Where providers last said that their nodes are."""
    found = {}
    for account in accounts:
        query = (
            select(EndpointRow.endpoint)
            .where(EndpointRow.account == account)
            .order_by(EndpointRow.block.desc(), EndpointRow.log_index.desc())
            .limit(1)
        )
        endpoint = session.scalar(query)
        if endpoint:
            found[account] = endpoint
    return found


def _positions(session: Session, account: str) -> list[PositionView]:
    query = (
        select(LeafRow, PoolRow)
        .join(PoolRow, PoolRow.id == LeafRow.pool)
        .where(LeafRow.account == account)
        .order_by(LeafRow.block, LeafRow.log_index)
        .limit(_MOST_POSITIONS)
    )
    joined = session.execute(query).all()
    totals = totals_of_many(session, [position_of(leaf.pool, leaf.leaf) for leaf, _ in joined])
    labels = labels_of(session, {pool.model for _, pool in joined})
    found = []
    for leaf, pool in joined:
        own = totals.get(position_of(leaf.pool, leaf.leaf), {})
        found.append(
            PositionView(
                pool=pool.id,
                model=pool.model,
                model_name=labels.get(pool.model),
                shard=pool.shard,
                price=amount(price(pool.tier)),
                bond=amount(pool.bond),
                slots=own.get("slots", 0),
                offered=own.get("offered", 0),
                held=own.get("held", 0),
                stake=amount(own.get("slots", 0) * pool.bond),
            )
        )
    return found


def _unbondings(session: Session, account: str) -> list[UnbondingView]:
    query = (
        select(UnbondingRow, UnbondedRow)
        .join(UnbondedRow, UnbondedRow.id == UnbondingRow.id, isouter=True)
        .where(UnbondingRow.account == account)
        .order_by(UnbondingRow.block.desc(), UnbondingRow.log_index.desc())
        .limit(PAGE_SIZE)
    )
    rows: Iterable[tuple[UnbondingRow, UnbondedRow | None]] = session.execute(query)
    return [
        UnbondingView(
            id=str(begun.id),
            pool=begun.pool,
            slots=begun.slots,
            ready=utc(begun.ready_at),
            ready_at=begun.ready_at,
            done=ended is not None,
            amount=None if ended is None else amount(ended.amount),
        )
        for begun, ended in rows
    ]


def _slashes(session: Session, site: Site, account: str) -> list[SlashView]:
    """The account's newest slashes, with their reasons."""
    query = (
        select(EntryRow, EventRow.transaction)
        .join(
            EventRow,
            (EventRow.block == EntryRow.block) & (EventRow.log_index == EntryRow.log_index),
        )
        .where(EntryRow.account == account, EntryRow.kind == Kind.BOND.value)
        .order_by(EntryRow.block.desc(), EntryRow.log_index.desc())
        .limit(_MOST_SLASHES)
    )
    rows = session.execute(query).all()
    times = times_of(session, {bond.block for bond, _ in rows})
    found = []
    for bond, transaction in rows:
        parts = [
            entry
            for entry in entries_of(session, [bond.job])
            if (entry.block, entry.log_index) == (bond.block, bond.log_index)
        ]
        burned = sum(e.amount for e in parts if e.kind == Kind.BURNED)
        back = sum(e.amount for e in parts if e.kind == Kind.BOND_BACK)
        found.append(
            SlashView(
                moment=site.moment(bond.block, times[bond.block]),
                transaction=transaction,
                job=bond.job,
                seat=bond.seat or 0,
                reason=_reason(session, site, bond),
                burned=amount(burned),
                paid=amount(bond.amount - burned - back),
            )
        )
    return found


def _reason(session: Session, site: Site, bond: EntryRow) -> str:
    """Why a slot was slashed."""
    events = events_about(session, "job", [bond.job], MOST_EVENTS, contracts=OWN_CONTRACTS)
    slashes = known_about(session, site, events).slashes
    for event in events:
        slash = slashes.get(event.place)
        if slash is not None and slash.place == (bond.block, bond.log_index):
            return FAILURE_WORDS.get(failure_name(event.number("reason")), "failed")
    return "failed"


def _audits(session: Session, site: Site, account: str) -> list[AuditedView]:
    """The newest jobs for which the account was drawn as an auditor."""
    drawn = events_about(
        session, "account", [account], _MOST_AUDITS, newest=True, contracts=(MARKET,),
        names=("AuditorDrawn",),
    )  # fmt: skip
    rows = {key: session.get_one(JobRow, key) for key in {event.text("job") for event in drawn}}
    listed = {summary.id: summary for summary in summaries(session, site, list(rows.values()))}
    all_seats, entries = seats_of_jobs(session, list(rows)), entries_of(session, list(rows))
    found = []
    for event in drawn:
        key = event.text("job")
        events = events_about(session, "job", [key], MOST_EVENTS, contracts=OWN_CONTRACTS)
        times = times_of(session, {each.block for each in events} | {event.block})
        life = lived(rows[key], all_seats[key], events, times, site)
        mine = [auditor for auditor in life.auditors if auditor.place == event.place]
        for auditor in mine:
            own = auditor_entries(auditor, life, [e for e in entries if e.job == key])
            found.append(
                AuditedView(
                    job=listed[key],
                    drawn=site.moment(event.block, times[event.block]),
                    outcome=auditor_outcome(auditor, life, own),
                    earned=amount(-balance(own, ESCROW)),
                    lost=amount(lost_of(own)),
                )
            )
    return found


def _seats(session: Session, site: Site, account: str, number: int) -> Page[SeatView]:
    """One page of the account's seats, newest first."""
    query = (
        select(SeatRow)
        .where(SeatRow.account == account)
        .order_by(SeatRow.block.desc(), SeatRow.log_index.desc(), SeatRow.seat)
    )
    seats, more = page_of(session, query, number)
    jobs = [session.get_one(JobRow, seat.job) for seat in seats]
    keys = [job.id for job in jobs]
    listed = {summary.id: summary for summary in summaries(session, site, jobs)}
    all_seats, entries = seats_of_jobs(session, keys), entries_of(session, keys)
    found = []
    for seat, job in zip(seats, jobs, strict=True):
        events = events_about(session, "job", [job.id], MOST_EVENTS, contracts=OWN_CONTRACTS)
        times = times_of(session, {event.block for event in events})
        life = lived(job, all_seats[job.id], events, times, site)
        own = [(Kind(e.kind), e.amount) for e in entries if e.job == job.id and e.seat == seat.seat]
        found.append(
            SeatView(
                job=listed[job.id],
                seat=seat.seat,
                role=seat_role(seat, life),
                outcome=seat_outcome(seat, life, own),
                earned=amount(-balance(own, ESCROW)),
                lost=amount(lost_of(own)),
            )
        )
    return Page(items=found, number=number, more=more)
