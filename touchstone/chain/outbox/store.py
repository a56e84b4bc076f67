"""Rows on disk, or in memory for commands that end soon."""

from __future__ import annotations

import json
import sqlite3
import weakref
from contextlib import contextmanager
from threading import RLock
from typing import TYPE_CHECKING, Any

from touchstone.chain.outbox.fees import Fees
from touchstone.chain.outbox.rows import Attempt, Mined, Objection, Row, State
from touchstone.private_database import PrivateDatabase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox (
    chain TEXT NOT NULL,
    address TEXT NOT NULL,
    nonce INTEGER NOT NULL,
    key TEXT,
    target TEXT,
    data BLOB NOT NULL,
    value TEXT NOT NULL,
    gas INTEGER NOT NULL,
    attempts TEXT NOT NULL,
    since REAL NOT NULL,
    state TEXT NOT NULL,
    mined TEXT,
    reason TEXT NOT NULL,
    final INTEGER NOT NULL,
    objection TEXT NOT NULL,
    PRIMARY KEY (chain, address, nonce)
);
CREATE INDEX IF NOT EXISTS outbox_keys ON outbox (chain, address, key);
"""
_COLUMNS = (
    "nonce, key, target, data, value, gas, attempts, since, state, mined, reason, final, objection"
)


class Store:
    """The rows of one account on one chain. Safe to use from threads and processes.

    Whoever reads a row and writes it back holds the account's lock meanwhile.
    """

    def __init__(self, database: Path | None, chain: str, address: str) -> None:
        """Opens or creates the file; None keeps everything in memory.

        Args:
            database: a file, which may hold other tables.
            chain: tells chains apart that share a number, as development chains do.
            address: the account's.
        """
        self._here = (chain, address)
        self._transaction: Callable[[], AbstractContextManager[sqlite3.Connection]]
        if database is None:
            self._transaction = _Memory(_SCHEMA).transaction
        else:
            self._transaction = _File(database, _SCHEMA).transaction

    def put(self, row: Row) -> Row:
        """Keeps a row; on disk when this returns. Returns it."""
        self._write(lambda db: self._put(db, row))
        return row

    def note(self, row: Row) -> Row:
        """Keeps what the chain has told about a row. A power cut may undo this, since the chain can
        be asked again. Returns it."""

        def lazily(db: sqlite3.Connection) -> None:
            db.execute("PRAGMA synchronous = NORMAL")
            self._put(db, row)

        self._write(lazily)
        return row

    def move(self, row: Row, to: Row) -> None:
        """Keeps a row that has ended and the one that goes on with its intent, both or neither."""

        def both(db: sqlite3.Connection) -> None:
            self._put(db, row)
            self._put(db, to)

        self._write(both)

    def remove(self, row: Row) -> None:
        """Forgets a row of which nothing was ever taken by a node."""
        query = "DELETE FROM outbox WHERE chain = ? AND address = ? AND nonce = ?"
        self._write(lambda db: db.execute(query, (*self._here, row.nonce)))

    def purge(self, before: float) -> None:
        """Forgets rows that are final since then."""
        query = "DELETE FROM outbox WHERE chain = ? AND address = ? AND final AND since < ?"
        self._write(lambda db: db.execute(query, (*self._here, before)))

    def get(self, nonce: int) -> Row | None:
        """The row at a nonce."""
        found = self._select("AND nonce = ?", nonce)
        return found[0] if found else None

    def named(self, key: str) -> Row | None:
        """The newest row of the intent that is called so."""
        found = self._select("AND key = ?", key)
        return found[-1] if found else None

    def open(self) -> list[Row]:
        """Rows that are not final, by nonce."""
        return self._select("AND NOT final")

    def done_from(self, nonce: int) -> list[Row]:
        """Rows that count as irrevocably mined at this nonce or a later one, by nonce."""
        return self._select("AND final AND mined IS NOT NULL AND nonce >= ?", nonce)

    def next_nonce(self) -> int:
        """The one after all that may still be used by what is stored; 0 where nothing is."""
        query = (
            "SELECT max(nonce) FROM outbox WHERE chain = ? AND address = ? "
            "AND (mined IS NOT NULL OR NOT final)"
        )
        with self._transaction() as db:
            found = db.execute(query, self._here).fetchone()[0]
        return 0 if found is None else int(found) + 1

    def _select(self, condition: str, *values: object) -> list[Row]:
        query = (
            f"SELECT {_COLUMNS} FROM outbox WHERE chain = ? AND address = ? "
            f"{condition} ORDER BY nonce"
        )
        with self._transaction() as db:
            return [_row(found) for found in db.execute(query, (*self._here, *values))]

    def _put(self, db: sqlite3.Connection, row: Row) -> None:
        marks = ", ".join("?" * 15)
        query = f"INSERT OR REPLACE INTO outbox (chain, address, {_COLUMNS}) VALUES ({marks})"
        db.execute(query, (*self._here, *_values(row)))

    def _write(self, change: Callable[[sqlite3.Connection], object]) -> None:
        with self._transaction() as db:
            change(db)


class _File:
    """A `PrivateDatabase` that stays open: were each connection the last, each would tidy up."""

    def __init__(self, path: Path, schema: str) -> None:
        self._database = PrivateDatabase(path, schema)
        idle = sqlite3.connect(path, check_same_thread=False)
        idle.execute("SELECT 1 FROM outbox LIMIT 1").fetchall()
        weakref.finalize(self, idle.close)

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """As `PrivateDatabase.transaction`."""
        return self._database.transaction()


class _Memory:
    """As `PrivateDatabase`, with one connection for all transactions."""

    def __init__(self, schema: str) -> None:
        self._lock = RLock()
        self._db = sqlite3.connect(":memory:", check_same_thread=False)
        self._db.executescript(schema)
        weakref.finalize(self, self._db.close)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._db:
            yield self._db


def _values(row: Row) -> tuple[object, ...]:
    attempts = [
        [a.hash, a.raw.hex(), a.fees.max_fee, a.fees.priority, a.cancels] for a in row.attempts
    ]
    mined = row.mined and [row.mined.hash, row.mined.block, row.mined.ok]
    return (
        row.nonce,
        row.key,
        row.to,
        row.data,
        # Wei may need more than the 64 bits that SQLite gives a number.
        str(row.value),
        row.gas,
        json.dumps(attempts),
        row.since,
        row.state.value,
        mined and json.dumps(mined),
        row.reason,
        row.final,
        row.objection.value,
    )


def _row(values: tuple[Any, ...]) -> Row:
    attempts = tuple(
        Attempt(hash_, bytes.fromhex(raw), Fees(max_fee, priority), cancels)
        for hash_, raw, max_fee, priority, cancels in json.loads(values[6])
    )
    nonce, key, to, data, value, gas = values[:6]
    return Row(
        nonce=nonce,
        key=key,
        to=to,
        data=bytes(data),
        value=int(value),
        gas=gas,
        attempts=attempts,
        since=values[7],
        state=State(values[8]),
        mined=Mined(*json.loads(values[9])) if values[9] else None,
        reason=values[10],
        final=bool(values[11]),
        objection=Objection(values[12]),
    )
