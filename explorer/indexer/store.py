"""Changes the data base: each method in one transaction, whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from explorer.database.tables import Base, BlockRow, CheckpointRow, TransactionRow
from explorer.derive.records import Header
from explorer.derive.transaction import derive
from explorer.indexer.stored_facts import StoredFacts
from touchstone.errors import ExplorerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

    from explorer.indexer.source import Batch

_ROWS_AT_ONCE = 1000


class StaleCheckpointError(ExplorerError):
    """Another process has moved the data base on meanwhile: nothing was changed."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a data base is about: a chain and a market on it."""

    chain_id: int
    market: str


class Store:
    """The indexer's side of the data base."""

    def __init__(self, engine: Engine, subject: Subject) -> None:
        """Works on a data base with the current schema, about `subject` only."""
        self._engine = engine
        self._subject = subject

    def checkpoint(self) -> Header | None:
        """The last block whose events are in the data base, or None where it is empty.

        Raises:
            ExplorerError: the data base is about another deployment.
        """
        with Session(self._engine) as session:
            row = session.get(CheckpointRow, 1)
            if row is None:
                return None
            found = Subject(row.chain_id, row.market)
            if found != self._subject:
                raise ExplorerError(
                    f"the data base is about market {found.market} on chain {found.chain_id}, not "
                    f"{self._subject.market} on chain {self._subject.chain_id}: give another "
                    "--database, or run `touchstone explorer rebuild`"
                )
            return Header(row.number, row.hash, row.time)

    def begin(self, start: Header) -> None:
        """Empties the data base and begins it after block `start`."""
        with Session(self._engine) as session, session.begin():
            for table in Base.metadata.sorted_tables:
                session.execute(delete(table))
            session.add(BlockRow(number=start.number, hash=start.hash, time=start.time))
            session.add(
                CheckpointRow(
                    id=1,
                    chain_id=self._subject.chain_id,
                    market=self._subject.market,
                    number=start.number,
                    hash=start.hash,
                    time=start.time,
                )
            )

    def apply(self, before: Header, batch: Batch) -> None:
        """Adds a batch that follows on the checkpoint `before`.

        Raises:
            StaleCheckpointError: the checkpoint is another by now.
        """
        assert batch.first == before.number + 1
        with Session(self._engine) as session, session.begin():
            self._move(session, before, batch.last)
            facts = StoredFacts(session=session)
            blocks = [
                {"number": block.number, "hash": block.hash, "time": block.time}
                for block in batch.blocks
            ]
            if blocks:
                session.execute(insert(BlockRow), blocks)
            receipts = [
                {"hash": r.transaction, "block": r.block, "sender": r.sender, "gas": r.gas}
                for r in batch.receipts
            ]
            if receipts:
                session.execute(insert(TransactionRow), receipts)
            for table, rows in derive(batch.events, facts).tables.items():
                for start in range(0, len(rows), _ROWS_AT_ONCE):
                    session.execute(insert(table), rows[start : start + _ROWS_AT_ONCE])

    def roll_back(self, before: Header, ancestor: Header) -> None:
        """Forgets everything after `ancestor`, a stored block.

        Raises:
            StaleCheckpointError: the checkpoint is not `before` any more.
        """
        with Session(self._engine) as session, session.begin():
            self._move(session, before, ancestor)
            for table in Base.metadata.sorted_tables:
                if "block" in table.c:
                    session.execute(delete(table).where(table.c.block > ancestor.number))
            session.execute(delete(BlockRow).where(BlockRow.number > ancestor.number))

    def blocks_before(self, number: int, most: int) -> Sequence[Header]:
        """The newest stored blocks below `number`, newest first, at most so many."""
        query = (
            select(BlockRow)
            .where(BlockRow.number < number)
            .order_by(BlockRow.number.desc())
            .limit(most)
        )
        with Session(self._engine) as session:
            return [Header(b.number, b.hash, b.time) for b in session.scalars(query)]

    @staticmethod
    def _move(session: Session, before: Header, after: Header) -> None:
        """Moves the checkpoint. It is a transaction's first change, so that of two processes one
        waits for the other and then finds that it came too late."""
        moved = session.execute(
            update(CheckpointRow)
            .where(CheckpointRow.number == before.number, CheckpointRow.hash == before.hash)
            .values(number=after.number, hash=after.hash, time=after.time)
            .returning(CheckpointRow.id)
        ).all()
        if len(moved) != 1:
            raise StaleCheckpointError("another process has moved the data base on: look again")
