"""What a verifier remembers: where it has read the chain to, the inputs it was given, what it did,
what its audits found and what it does in disputes. All but inputs and audits can be lost: the chain
has it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from touchstone.chain.trail import Mark
from touchstone.private_database import PrivateDatabase
from touchstone.protocol.ids import JobId
from touchstone.receipts.orders import OrderFields

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from touchstone.protocol.orders import Order

NO_RESULT = "REFUNDED"
"""The phase of a job that has ended without any claim to audit."""
_MOST_AUDITS = 1000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS blocks (
    market TEXT NOT NULL, number INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (market, number)
);
CREATE TABLE IF NOT EXISTS jobs (
    id BLOB PRIMARY KEY,
    market TEXT NOT NULL,
    order_json TEXT NOT NULL,
    opened_block INTEGER NOT NULL,
    phase TEXT NOT NULL,
    done INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS ends (id BLOB PRIMARY KEY, block INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS inputs (id BLOB PRIMARY KEY, payload BLOB NOT NULL, salt BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS deeds (
    number INTEGER PRIMARY KEY, id BLOB NOT NULL, what TEXT NOT NULL, transaction_hash TEXT
);
CREATE TABLE IF NOT EXISTS audits (
    id BLOB PRIMARY KEY, verdict TEXT NOT NULL, detail TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS disputes (
    id BLOB PRIMARY KEY, doing TEXT NOT NULL, detail TEXT NOT NULL, over_block INTEGER
);
CREATE TABLE IF NOT EXISTS moves (
    number INTEGER PRIMARY KEY, id BLOB NOT NULL, what TEXT NOT NULL, transaction_hash TEXT,
    gas INTEGER NOT NULL
);
"""
_AUDITS = (
    "SELECT audits.id, verdict, audits.detail, doing FROM audits "
    "LEFT JOIN disputes ON disputes.id = audits.id "
)
_NEWEST_MOVES = 8


@dataclass(frozen=True, slots=True)
class SeenJob:
    """A job that was opened.

    Attributes:
        id: its id.
        order: its order.
        opened_block: the block of its opening.
        phase: name of its phase when last seen.
        done: whether nothing more is due for it.
    """

    id: JobId
    order: Order
    opened_block: int
    phase: str
    done: bool


class Store:
    """One SQLite file. Safe to use from threads and processes."""

    def __init__(self, path: Path, market: str) -> None:
        """Opens or creates the file; only the jobs of that market are seen."""
        self._market = market
        self._connected = PrivateDatabase(path, _SCHEMA).transaction

    # --- following the chain ---------------------------------------------------------------------

    def checkpoint(self) -> int | None:
        """The last block that was read."""
        query = "SELECT max(number) FROM blocks WHERE market = ?"
        with self._connected() as db:
            row = db.execute(query, (self._market,)).fetchone()
        return None if row[0] is None else int(row[0])

    def trail(self) -> list[Mark]:
        """The blocks that were seen, oldest first; none in a new data base."""
        query = "SELECT number, hash FROM blocks WHERE market = ? ORDER BY number"
        with self._connected() as db:
            return [
                Mark(number, bytes(hash_)) for number, hash_ in db.execute(query, (self._market,))
            ]

    def saw(
        self,
        opened: Sequence[tuple[JobId, Order, int]],
        trail: Sequence[Mark],
        undone_after: int | None = None,
    ) -> None:
        """Keeps newly opened jobs, each with its block, and the blocks that were seen. What ended
        after block `undone_after` may not have ended."""
        with self._connected() as db:
            for job, order, block in opened:
                db.execute(
                    "INSERT INTO jobs (id, market, order_json, opened_block, phase) "
                    "VALUES (?, ?, ?, ?, 'OPEN') ON CONFLICT (id) DO NOTHING",
                    (job, self._market, OrderFields.of(order).model_dump_json(), block),
                )
            if undone_after is not None:
                db.execute(
                    "UPDATE jobs SET done = 0 WHERE market = ? "
                    "AND id IN (SELECT id FROM ends WHERE block > ?)",
                    (self._market, undone_after),
                )
                db.execute(
                    "UPDATE disputes SET over_block = NULL WHERE over_block > ? "
                    "AND id IN (SELECT id FROM jobs WHERE market = ?)",
                    (undone_after, self._market),
                )
            db.execute("DELETE FROM blocks WHERE market = ?", (self._market,))
            db.executemany(
                "INSERT INTO blocks VALUES (?, ?, ?)",
                [(self._market, mark.number, mark.hash) for mark in trail],
            )

    def unfinished(self) -> list[SeenJob]:
        """Jobs for which something may be due, oldest first."""
        return self._select("AND done = 0", ())

    def job(self, job: JobId) -> SeenJob | None:
        """A job that was seen."""
        found = self._select("AND id = ?", (job,))
        return found[0] if found else None

    def moved(self, job: JobId, phase: str, ended_block: int | None) -> None:
        """Keeps where a job stands, and the block at which it was seen to have ended, if it has.
        The input of one that ended without a result is dropped."""
        with self._connected() as db:
            done = ended_block is not None
            db.execute("UPDATE jobs SET phase = ?, done = ? WHERE id = ?", (phase, done, job))
            db.execute("DELETE FROM ends WHERE id = ?", (job,))
            if done:
                db.execute("INSERT INTO ends VALUES (?, ?)", (job, ended_block))
            if phase == NO_RESULT:
                db.execute("DELETE FROM inputs WHERE id = ?", (job,))

    def did(self, job: JobId, what: str, transaction: str | None) -> None:
        """Keeps what this verifier did for a job."""
        with self._connected() as db:
            db.execute(
                "INSERT INTO deeds (id, what, transaction_hash) VALUES (?, ?, ?)",
                (job, what, transaction),
            )

    def deeds(self, job: JobId) -> list[dict[str, Any]]:
        """What this verifier did for a job, in order."""
        query = "SELECT what, transaction_hash FROM deeds WHERE id = ? ORDER BY number"
        with self._connected() as db:
            rows = db.execute(query, (job,)).fetchall()
        return [{"what": what, "transaction": transaction} for what, transaction in rows]

    # --- auditing --------------------------------------------------------------------------------

    def keep_input(self, job: JobId, payload: bytes, salt: bytes) -> bool:
        """Keeps a checked input of a job that may still be audited; false if nothing was added."""
        with self._connected() as db:
            cursor = db.execute(
                "INSERT OR IGNORE INTO inputs SELECT ?, ?, ? "
                "WHERE EXISTS (SELECT 1 FROM jobs WHERE id = ? AND phase != ?) "
                "AND NOT EXISTS (SELECT 1 FROM audits WHERE id = ?)",
                (job, payload, salt, job, NO_RESULT, job),
            )
            return cursor.rowcount == 1

    def has_input(self, job: JobId) -> bool:
        """Whether the input of a job is kept."""
        with self._connected() as db:
            found = db.execute("SELECT 1 FROM inputs WHERE id = ?", (job,)).fetchone()
        return found is not None

    def drop_input(self, job: JobId) -> None:
        """Forgets the input of a job."""
        with self._connected() as db:
            db.execute("DELETE FROM inputs WHERE id = ?", (job,))

    def drop_inputs(self) -> None:
        """Forgets all inputs."""
        with self._connected() as db:
            db.execute("DELETE FROM inputs")

    def input(self, job: JobId) -> tuple[bytes, bytes] | None:
        """Input payload and salt of a job, where they were handed over."""
        with self._connected() as db:
            row = db.execute("SELECT payload, salt FROM inputs WHERE id = ?", (job,)).fetchone()
        return (bytes(row[0]), bytes(row[1])) if row else None

    def keep_audit(
        self, job: JobId, verdict: str, detail: dict[str, Any], disputed: bool = False
    ) -> None:
        """Keeps what an audit found; the newest word counts. The input is dropped, unless the job
        is `disputed`: then `unneeded` drops it."""
        with self._connected() as db:
            db.execute(
                "INSERT INTO audits VALUES (?, ?, ?) ON CONFLICT (id) "
                "DO UPDATE SET verdict = excluded.verdict, detail = excluded.detail",
                (job, verdict, json.dumps(detail)),
            )
            if disputed:
                db.execute(
                    "INSERT INTO disputes VALUES (?, 'watch', '{}', NULL) "
                    "ON CONFLICT (id) DO NOTHING",
                    (job,),
                )
            else:
                db.execute("DELETE FROM inputs WHERE id = ?", (job,))

    def unaudited(self) -> list[JobId]:
        """Jobs with a result and an input that no audit has looked at."""
        query = (
            "SELECT jobs.id FROM jobs JOIN inputs ON inputs.id = jobs.id "
            "LEFT JOIN audits ON audits.id = jobs.id WHERE market = ? AND audits.id IS NULL "
            "AND phase IN ('SETTLED', 'CONTESTED', 'CONCLUDED')"
        )
        with self._connected() as db:
            return [JobId(bytes(row[0])) for row in db.execute(query, (self._market,))]

    def audit(self, job: JobId) -> dict[str, Any] | None:
        """What the audit of a job found."""
        query = _AUDITS + "WHERE audits.id = ?"
        with self._connected() as db:
            row = db.execute(query, (job,)).fetchone()
        return _audit(row) if row else None

    def audits(self) -> list[dict[str, Any]]:
        """What the newest audits found, oldest first."""
        query = _AUDITS + "ORDER BY audits.rowid DESC LIMIT ?"
        with self._connected() as db:
            rows = db.execute(query, (_MOST_AUDITS,)).fetchall()
        return [_audit(row) for row in reversed(rows)]

    # --- disputes --------------------------------------------------------------------------------

    def disputed(self) -> list[JobId]:
        """Jobs whose result differs, and whose dispute is not over."""
        query = (
            "SELECT disputes.id FROM disputes JOIN jobs ON jobs.id = disputes.id "
            "WHERE market = ? AND over_block IS NULL ORDER BY disputes.rowid"
        )
        with self._connected() as db:
            return [JobId(bytes(row[0])) for row in db.execute(query, (self._market,))]

    def disputes_on(
        self, job: JobId, doing: str, detail: dict[str, Any], over_block: int | None
    ) -> None:
        """Keeps what is being done in a dispute, and the block at which it was seen to be over."""
        with self._connected() as db:
            db.execute(
                "UPDATE disputes SET doing = ?, detail = ?, over_block = ? WHERE id = ?",
                (doing, json.dumps(detail), over_block, job),
            )

    def moved_in_dispute(self, job: JobId, what: str, transaction: str, gas: int) -> None:
        """Keeps one transaction of a dispute."""
        with self._connected() as db:
            db.execute(
                "INSERT INTO moves (id, what, transaction_hash, gas) VALUES (?, ?, ?, ?)",
                (job, what, transaction, gas),
            )

    def dispute(self, job: JobId) -> dict[str, Any] | None:
        """What is being done in the dispute of a job, its newest transactions and all their gas."""
        with self._connected() as db:
            row = db.execute("SELECT doing, detail FROM disputes WHERE id = ?", (job,)).fetchone()
            if row is None:
                return None
            moves = db.execute(
                "SELECT what, transaction_hash, gas FROM moves WHERE id = ? ORDER BY number", (job,)
            ).fetchall()
        newest = [{"what": w, "transaction": t, "gas": g} for w, t, g in moves[-_NEWEST_MOVES:]]
        gas = sum(move[2] for move in moves)
        return {"doing": row[0], **json.loads(row[1]), "moves": newest, "gas": gas}

    def unneeded(self, irrevocable: int) -> None:
        """Drops the inputs of disputes that were over by block `irrevocable`."""
        with self._connected() as db:
            db.execute(
                "DELETE FROM inputs WHERE id IN (SELECT id FROM disputes WHERE over_block <= ?)",
                (irrevocable,),
            )

    def _select(self, condition: str, values: tuple[object, ...]) -> list[SeenJob]:
        query = (
            "SELECT id, order_json, opened_block, phase, done FROM jobs WHERE market = ? "
            + condition
            + " ORDER BY rowid"
        )
        with self._connected() as db:
            rows = db.execute(query, (self._market, *values)).fetchall()
        return [
            SeenJob(
                id=JobId(bytes(row[0])),
                order=OrderFields.model_validate_json(row[1]).order(),
                opened_block=row[2],
                phase=row[3],
                done=bool(row[4]),
            )
            for row in rows
        ]


def _audit(row: tuple[bytes, str, str, str | None]) -> dict[str, Any]:
    job, verdict, detail, doing = row
    found = {"job": "0x" + bytes(job).hex(), "verdict": verdict, **json.loads(detail)}
    return found if doing is None else {**found, "dispute": doing}
