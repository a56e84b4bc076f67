"""A job's dispute: who claims what, where their games stand, every move, and who lost why."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from sqlalchemy import select

from explorer.database.tables import (
    BondRow,
    BriefRow,
    ContestRow,
    ConvictionRow,
    EventRow,
    GameEndRow,
    GameRow,
    LossRow,
    PartyRow,
    StatementRow,
    TransactionRow,
)
from explorer.derive.records import RESOLVER
from explorer.story.dispute_words import loss_words
from explorer.story.moments import utc
from explorer.story.places import Extent, Place, party_name, place_words, positions_of
from explorer.views.queries import events_about, operators_of, parties_of, steps_of, times_of
from explorer.views.shapes import (
    BriefView,
    ConvictionView,
    DisputedView,
    DisputeView,
    GameView,
    MoveView,
    PartyView,
)
from explorer.views.site import amount
from touchstone.disputes.game import Stage

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy.orm import Session

    from explorer.database.tables import JobRow
    from explorer.derive.records import Event
    from explorer.views.shapes import Step
    from explorer.views.site import Site

MOST_MOVES = 1000
"""A page shows at most so many of a dispute's events."""


def dispute_view(session: Session, site: Site, job: JobRow) -> DisputeView | None:
    """The dispute about a job, or None where there was none."""
    newest = (ContestRow.block.desc(), ContestRow.log_index.desc())
    contests = session.scalars(
        select(ContestRow).where(ContestRow.job == job.id).order_by(*newest)
    ).all()
    if not contests:
        return None
    parties = parties_of(session, [job.id])
    outcomes = outcomes_of(session, [job.id])
    brief = session.get(BriefRow, job.id)
    extent = Extent.of(brief, operators_of(session, site, [job]).get(job.id, ()))
    events = events_about(session, "job", [job.id], MOST_MOVES + 1, contracts=(RESOLVER,))
    shown = events[:MOST_MOVES]
    moves = _moves(session, site, shown, parties)
    return DisputeView(
        outcome=_outcome(parties, outcomes),
        ends=utc(contests[0].ends_at),
        ends_at=contests[0].ends_at,
        contests=len(contests),
        gas=sum(move.gas or 0 for move in moves),
        brief=None if brief is None else _brief(brief),
        parties=_parties(session, site, parties, outcomes),
        games=_games(session, job.id, extent),
        convictions=_convictions(session, site, job.id, extent),
        moves=moves,
        more=len(events) > MOST_MOVES,
    )


def disputes_of(session: Session, site: Site, account: str, most: int) -> list[DisputedView]:
    """The newest disputes in which an account took part."""
    query = (
        select(PartyRow)
        .where(PartyRow.account == account)
        .order_by(PartyRow.block.desc(), PartyRow.log_index.desc())
        .limit(most)
    )
    rows = session.scalars(query).all()
    outcomes = outcomes_of(session, {row.job for row in rows})
    times = times_of(session, {row.block for row in rows})
    return [
        DisputedView(
            job=row.job,
            party=party_name(row.party),
            entered=site.moment(row.block, times[row.block]),
            bond=amount(row.bond),
            outcome=outcomes.get((row.job, row.party), _NOT_LOST),
        )
        for row in rows
    ]


def outcomes_of(session: Session, jobs: Collection[str]) -> dict[tuple[str, int], str]:
    """What became of the parties that lost or took their bonds back, by job and number."""
    bonds = session.scalars(select(BondRow).where(BondRow.job.in_(jobs)))
    found = {(row.job, row.party): "took its bond back" for row in bonds if row.returned}
    for row in session.scalars(select(LossRow).where(LossRow.job.in_(jobs))):
        found[row.job, row.party] = loss_words(row.against, late=row.late)
    return found


_NOT_LOST = "has not lost"


def _outcome(
    parties: Mapping[tuple[str, int], PartyRow], outcomes: Mapping[tuple[str, int], str]
) -> str:
    lost = [
        f"{party_name(number)} {outcomes[job, number]}"
        for job, number in parties
        if outcomes.get((job, number), "").startswith("lost")
    ]
    text = "; ".join(lost) or "nobody has lost"
    return f"{text[0].upper()}{text[1:]}."


def _brief(row: BriefRow) -> BriefView:
    return BriefView(
        positions=positions_of(row.lengths),
        operators=row.operators,
        output_bytes=row.output_bytes,
        strong=row.strong,
        refused=row.refused,
    )


def _parties(
    session: Session,
    site: Site,
    parties: Mapping[tuple[str, int], PartyRow],
    outcomes: Mapping[tuple[str, int], str],
) -> list[PartyView]:
    query = select(StatementRow).where(StatementRow.job.in_({job for job, _ in parties}))
    stated = {(row.job, row.party): row.block for row in session.scalars(query)}
    times = times_of(session, set(stated.values()))
    found = []
    for key, row in parties.items():
        block = stated.get(key)
        outcome = outcomes.get(key, _NOT_LOST)
        found.append(
            PartyView(
                number=row.party,
                name=party_name(row.party),
                account=row.account,
                output_root=row.output,
                bond=amount(row.bond),
                stated=None if block is None else site.moment(block, times[block]),
                lost=outcome.startswith("lost"),
                outcome=outcome,
            )
        )
    return found


def _games(session: Session, job: str, extent: Extent) -> list[GameView]:
    """Where each game stands, or stood when it ended."""
    query = select(GameRow).where(GameRow.job == job).order_by(GameRow.block, GameRow.log_index)
    newest = {(row.a, row.b): row for row in session.scalars(query)}
    ends = session.scalars(select(GameEndRow).where(GameEndRow.job == job))
    over = {(row.a, row.b) for row in ends}
    return [
        GameView(
            a=party_name(a),
            b=party_name(b),
            stage=Stage(row.stage).name.lower().replace("_", " "),
            where=place_words(Place.of_game(row), extent),
            over=(a, b) in over,
        )
        for (a, b), row in sorted(newest.items())
    ]


def _convictions(session: Session, site: Site, job: str, extent: Extent) -> list[ConvictionView]:
    query = (
        select(ConvictionRow, EventRow.transaction)
        .join(
            EventRow,
            (EventRow.block == ConvictionRow.block)
            & (EventRow.log_index == ConvictionRow.log_index),
        )
        .where(ConvictionRow.job == job)
        .order_by(ConvictionRow.block, ConvictionRow.log_index)
    )
    rows = session.execute(query).all()
    times = times_of(session, {row.block for row, _ in rows})
    found = []
    for row, transaction in rows:
        named = not row.output and 0 < row.value <= len(extent.operators)
        found.append(
            ConvictionView(
                moment=site.moment(row.block, times[row.block]),
                transaction=transaction,
                party=party_name(row.party),
                against=party_name(row.against),
                of_output=row.output,
                sequence=row.sequence,
                position=None if extent.positions is None else row.position,
                value=row.value,
                operator=extent.operators[row.value - 1] if named else None,
                element=row.element,
                terms=(row.start, row.stop - 1) if row.stop else None,
                found=str(row.found),
                expected=str(row.expected),
            )
        )
    return found


def _moves(
    session: Session,
    site: Site,
    events: Sequence[Event],
    parties: Mapping[tuple[str, int], PartyRow],
) -> list[MoveView]:
    """A dispute's transactions, in order."""
    names: dict[str, str] = {}
    for row in parties.values():
        names.setdefault(row.account, party_name(row.party))
    wanted = {event.transaction for event in events}
    query = select(TransactionRow).where(TransactionRow.hash.in_(wanted))
    receipts = {row.hash: row for row in session.scalars(query)}
    found = []
    steps = steps_of(session, site, events, within_job=True)
    for transaction, together in groupby(steps, key=_transaction):
        own, receipt = list(together), receipts.get(transaction)
        found.append(
            MoveView(
                moment=own[0].moment,
                transaction=transaction,
                sender=None if receipt is None else receipt.sender,
                sender_name=None if receipt is None else names.get(receipt.sender),
                gas=None if receipt is None else receipt.gas,
                steps=own,
            )
        )
    return found


def _transaction(step: Step) -> str:
    return step.transaction
