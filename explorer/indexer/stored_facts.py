"""Facts of earlier batches, from the data base."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from explorer.database.tables import (
    JobRow,
    LeafRow,
    PhaseRow,
    PoolRow,
    SeatRow,
    SettlementRow,
    TotalRow,
    UnbondingRow,
)
from explorer.derive.facts import Facts, JobFact, PoolFact, UnbondingFact
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
        if (job, seat) not in self.seats:
            row = self._session.get_one(SeatRow, (job, seat))
            self.seats[job, seat] = (row.leaf, row.account)
        return self.seats[job, seat]

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
