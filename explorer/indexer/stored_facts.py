"""Facts of earlier batches, from the data base."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from explorer.database.tables import (
    EventRow,
    GameRow,
    JobRow,
    LeafRow,
    MentionRow,
    PartyRow,
    PhaseRow,
    PoolRow,
    SeatRow,
    SettlementRow,
    TotalRow,
    UnbondingRow,
)
from explorer.derive.encode import decode_args
from explorer.derive.facts import Facts, GameFact, JobFact, PartyFact, PoolFact, UnbondingFact
from explorer.derive.records import MARKET
from touchstone.disputes.game import LEAVES, TREES
from touchstone.protocol.audits import AUDITOR_SEAT
from touchstone.protocol.orders import AUDITED
from touchstone.protocol.prices import price, slot_ceiling

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(slots=True)
class StoredFacts(Facts):
    """Looks up what was not derived in this batch, and keeps it."""

    session: Session | None = None

    @property
    def _session(self) -> Session:
        assert self.session is not None
        return self.session

    def job(self, job: str) -> JobFact:
        """As `Facts.job`."""
        if job not in self.jobs:
            row = self._session.get_one(JobRow, job)
            self.jobs[job] = JobFact(
                id=row.id,
                requester=row.requester,
                pool=row.pool,
                replicas=row.replicas,
                share=price(row.tier) * row.units,
                audited=bool(row.mode & AUDITED),
                deferred=int(row.input_root, 16) == 0,
                ceiling=slot_ceiling(row.tier),
            )
        return self.jobs[job]

    def phase(self, job: str) -> str | None:
        """As `Facts.phase`."""
        if job not in self.phases:
            newest = (PhaseRow.block.desc(), PhaseRow.log_index.desc())
            query = select(PhaseRow.phase).where(PhaseRow.job == job).order_by(*newest).limit(1)
            found = self._session.scalar(query)
            if found is None:
                return None
            self.phases[job] = found
        return self.phases[job]

    def pool(self, pool: str) -> PoolFact:
        """As `Facts.pool`."""
        if pool not in self.pools:
            row = self._session.get_one(PoolRow, pool)
            self.pools[pool] = PoolFact(row.model, row.bond)
        return self.pools[pool]

    def owner(self, pool: str, leaf: int) -> str:
        """As `Facts.owner`."""
        if (pool, leaf) not in self.owners:
            self.owners[pool, leaf] = self._session.get_one(LeafRow, (pool, leaf)).account
        return self.owners[pool, leaf]

    def leaf(self, pool: str, account: str) -> int:
        """As `Facts.leaf`."""
        if (pool, account) not in self.leaves:
            query = select(LeafRow.leaf).where(LeafRow.pool == pool, LeafRow.account == account)
            self.leaves[pool, account] = self._session.scalars(query).one()
        return self.leaves[pool, account]

    def seat(self, job: str, seat: int) -> tuple[int, str]:
        """As `Facts.seat`."""
        if (job, seat) not in self.seats and seat == AUDITOR_SEAT:
            self.seats[job, seat] = self._auditor(job)
        elif (job, seat) not in self.seats:
            row = self._session.get_one(SeatRow, (job, seat))
            self.seats[job, seat] = (row.leaf, row.account)
        return self.seats[job, seat]

    def _auditor(self, job: str) -> tuple[int, str]:
        """The auditor that was drawn last: no table has it, the event tells."""
        same = (EventRow.block == MentionRow.block) & (EventRow.log_index == MentionRow.log_index)
        query = (
            select(EventRow.args)
            .join(MentionRow, same)
            .where(MentionRow.kind == "job", MentionRow.key == job)
            .where(EventRow.contract == MARKET, EventRow.name == "AuditorDrawn")
            .order_by(EventRow.block.desc(), EventRow.log_index.desc())
            .limit(1)
        )
        args = decode_args(self._session.scalars(query).one())
        return int(args["leaf"]), str(args["auditor"])

    def paid_seats(self, job: str) -> int:
        """As `Facts.paid_seats`."""
        if job not in self.paid:
            self.paid[job] = self._session.get_one(SettlementRow, job).paid
        return self.paid[job]

    def unbonding(self, number: int) -> UnbondingFact:
        """As `Facts.unbonding`."""
        if number not in self.unbondings:
            row = self._session.get_one(UnbondingRow, number)
            self.unbondings[number] = UnbondingFact(row.pool, row.leaf, row.account)
        return self.unbondings[number]

    def total(self, subject: str, measure: str) -> int:
        """As `Facts.total`."""
        key = (subject, measure)
        if key not in self.totals:
            newest = (TotalRow.block.desc(), TotalRow.log_index.desc())
            query = (
                select(TotalRow.value)
                .where(TotalRow.subject == subject, TotalRow.measure == measure)
                .order_by(*newest)
                .limit(1)
            )
            self.totals[key] = self._session.scalar(query) or 0
        return self.totals[key]

    def party(self, job: str, number: int) -> PartyFact:
        """As `Facts.party`."""
        if (job, number) not in self.parties:
            query = (
                select(PartyRow)
                .where(PartyRow.job == job, PartyRow.party == number)
                .order_by(PartyRow.block.desc(), PartyRow.log_index.desc())
                .limit(1)
            )
            row = self._session.scalars(query).one()
            self.parties[job, number] = PartyFact(row.account, row.bond)
        return self.parties[job, number]

    def game(self, job: str, a: int, b: int) -> GameFact | None:
        """As `Facts.game`."""
        if (job, a, b) not in self.games:
            query = (
                select(GameRow)
                .where(GameRow.job == job, GameRow.a == a, GameRow.b == b)
                .order_by(GameRow.block.desc(), GameRow.log_index.desc())
                .limit(1)
            )
            row = self._session.scalars(query).one_or_none()
            if row is None:
                return None
            self.games[job, a, b] = _game(row)
        return self.games[job, a, b]

    def standing_at(self, node: str) -> list[GameFact]:
        """As `Facts.standing_at`."""
        if node not in self.standing:
            query = (
                select(GameRow)
                .where(
                    or_(GameRow.node_a == node, GameRow.node_b == node),
                    GameRow.stage.in_((*TREES, *LEAVES)),
                )
                .order_by(GameRow.block, GameRow.log_index)
            )
            self.standing[node] = [_game(row) for row in self._session.scalars(query)]
        return self.standing[node]


def _game(row: GameRow) -> GameFact:
    return GameFact(**{field.name: getattr(row, field.name) for field in fields(GameFact)})
