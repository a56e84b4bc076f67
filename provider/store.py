"""The node's memory: a SQLite data base that survives being killed at any point."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sqlite3
from contextlib import contextmanager
from threading import RLock
from typing import TYPE_CHECKING, Any

from provider.records import (
    ClaimRecord,
    CommitRecord,
    ShownCommit,
    Work,
)
from provider.schema import SCHEMA
from touchstone.chain.trail import Mark
from touchstone.errors import StoreError
from touchstone.protocol.ids import JobId
from touchstone.receipts.orders import OrderFields

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from touchstone.protocol.orders import Order

NEVER = 1 << 62
"""Later than any time of a chain."""
_WORK = "job, job_order, stage, reason, ended_at, rows, salt, output_root"


class Store:
    """Safe to use from threads. Every change is on disk when its method returns."""

    def __init__(self, folder: Path, identity: str) -> None:
        """Opens the folder's data base, or makes one.

        Args:
            folder: one running node has it for itself.
            identity: chain, market and provider that the data base is for.

        Raises:
            StoreError: another node runs on it, it is for another identity, or it is damaged.
        """
        self._lock = RLock()
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._guard = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._guard)
            raise StoreError(
                f"another node runs on {folder}: stop it, or set another node.data"
            ) from None
        path = folder / "node.sqlite"
        # Inputs are secrets of their requesters: nobody else may read the file.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.executescript(SCHEMA)
            known = self.meta("identity")
        except sqlite3.DatabaseError as error:
            self.close()
            raise StoreError(
                f"{path} is damaged ({error}): restore it from a copy. Do not start without it "
                "while jobs are open: a commitment signed twice costs a bond"
            ) from error
        if known is None:
            self.set_meta("identity", identity)
        elif known != identity:
            self.close()
            raise StoreError(
                f"{folder} belongs to {known}, not to {identity}: set another node.data"
            )
        with self._transaction() as db:
            db.execute("UPDATE jobs SET stage = 'queued' WHERE stage = 'running'")

    def close(self) -> None:
        """Lets go of the folder."""
        with self._lock:
            self._db.close()
            os.close(self._guard)

    # --- facts -----------------------------------------------------------------------------------

    def meta(self, key: str) -> str | None:
        """A named value."""
        row = self._one("SELECT value FROM meta WHERE key = ?", key)
        return None if row is None else str(row[0])

    def set_meta(self, key: str, value: str) -> None:
        """Sets a named value."""
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def trail(self) -> list[Mark]:
        """The blocks that were seen, oldest first; none in a new data base."""
        kept = json.loads(self.meta("trail") or "[]")
        return [Mark(int(number), bytes.fromhex(hash_)) for number, hash_ in kept]

    def keep_trail(self, marks: Sequence[Mark]) -> None:
        """Keeps the blocks that were seen."""
        self.set_meta("trail", json.dumps([(mark.number, mark.hash.hex()) for mark in marks]))

    # --- jobs ------------------------------------------------------------------------------------

    def add_job(self, job: JobId, order: Order) -> None:
        """Remembers a job. Harmless if repeated."""
        with self._transaction() as db:
            db.execute(
                "INSERT OR IGNORE INTO jobs (job, job_order) VALUES (?, ?)",
                (job, OrderFields.of(order).model_dump_json()),
            )

    def forget(self, job: JobId) -> None:
        """Forgets a job of which the node has nothing: it was drawn elsewhere."""
        with self._transaction() as db:
            db.execute("DELETE FROM jobs WHERE job = ? AND input IS NULL", (job,))

    def work(self, job: JobId) -> Work | None:
        """How far a job is, or None where it is not known."""
        row = self._one(f"SELECT {_WORK} FROM jobs WHERE job = ?", job)
        return None if row is None else _work(row)

    def live(self, ended_from: int = NEVER) -> list[Work]:
        """The jobs that have not ended, or only at `ended_from`, Unix time on chain, or later."""
        query = f"SELECT {_WORK} FROM jobs WHERE ended_at IS NULL OR ended_at >= ?"
        with self._reading() as db:
            found = db.execute(query, (ended_from,)).fetchall()
        return [_work(row) for row in found]

    def end_job(self, job: JobId, at: int) -> None:
        """Remembers that a job has ended; what waited for execution no longer does."""
        with self._transaction() as db:
            db.execute("UPDATE jobs SET ended_at = ? WHERE job = ? AND ended_at IS NULL", (at, job))

    def revive(self, job: JobId) -> None:
        """A reorganisation of the chain has undone the job's end."""
        with self._transaction() as db:
            db.execute("UPDATE jobs SET ended_at = NULL WHERE job = ?", (job,))

    def purge(self, ended_before: int) -> int:
        """Drops inputs and outputs of jobs long ended, and all of those for which nothing was
        signed; signatures stay. Returns of how many jobs something was dropped."""
        with self._transaction() as db:
            gone = db.execute(
                "DELETE FROM jobs WHERE ended_at < ? AND job NOT IN (SELECT job FROM commits)",
                (ended_before,),
            ).rowcount
            return (
                gone
                + db.execute(
                    "UPDATE jobs SET input = NULL, output = NULL, salt = NULL "
                    "WHERE ended_at < ? AND salt IS NOT NULL",
                    (ended_before,),
                ).rowcount
            )

    # --- execution -------------------------------------------------------------------------------

    def queue(self, job: JobId, payload: bytes, salt: bytes, rows: int) -> None:
        """Takes a job's input and queues it for execution."""
        with self._transaction() as db:
            db.execute(
                "UPDATE jobs SET input = ?, salt = ?, rows = ?, stage = 'queued', queued_at = "
                "(SELECT coalesce(max(queued_at), 0) + 1 FROM jobs) "
                "WHERE job = ? AND stage = 'waiting'",
                (payload, salt, rows, job),
            )

    def drop_input(self, job: JobId) -> None:
        """Forgets a job's input, and what was computed from it or is being computed."""
        with self._transaction() as db:
            db.execute(
                "UPDATE jobs SET stage = 'waiting', reason = NULL, rows = NULL, salt = NULL, "
                "input = NULL, output = NULL, output_root = NULL WHERE job = ?",
                (job,),
            )

    def queued(self) -> int:
        """Jobs queued or running."""
        row = self._one(
            "SELECT count(*) FROM jobs WHERE stage IN ('queued', 'running') AND ended_at IS NULL"
        )
        assert row is not None
        return int(row[0])

    def waiting(self) -> list[tuple[JobId, int]]:
        """The jobs queued for execution with their rows, in the order in which they came."""
        query = (
            "SELECT job, rows FROM jobs WHERE stage = 'queued' AND ended_at IS NULL "
            "ORDER BY queued_at"
        )
        with self._reading() as db:
            return [(JobId(job), int(rows)) for job, rows in db.execute(query)]

    def take(self, job: JobId) -> tuple[Work, bytes] | None:
        """A queued job, from now on `running`, with its input; None where it no longer waits."""
        with self._transaction() as db:
            row = db.execute(
                f"SELECT {_WORK}, input FROM jobs "
                "WHERE job = ? AND stage = 'queued' AND ended_at IS NULL",
                (job,),
            ).fetchone()
            if row is None:
                return None
            db.execute("UPDATE jobs SET stage = 'running' WHERE job = ?", (job,))
        return _work(row[:-1]), bytes(row[-1])

    def finish(self, job: JobId, output: bytes, output_root: bytes) -> None:
        """Keeps a running job's result, unless its input was dropped meanwhile."""
        with self._transaction() as db:
            db.execute(
                "UPDATE jobs SET stage = 'done', output = ?, output_root = ? "
                "WHERE job = ? AND stage = 'running'",
                (output, output_root, job),
            )

    def keep_audited(
        self,
        job: JobId,
        order: Order,
        given: tuple[bytes, bytes],
        found: tuple[bytes, bytes],
        ended_at: int,
    ) -> None:
        """Keeps what an audit was given, payload and salt, and what it found, output and root."""
        fields = OrderFields.of(order).model_dump_json()
        with self._transaction() as db:
            db.execute(
                "INSERT INTO jobs (job, job_order, stage, ended_at, rows, input, salt, output, "
                "output_root) VALUES (?, ?, 'done', ?, 0, ?, ?, ?, ?) "
                "ON CONFLICT (job) DO UPDATE SET stage = 'done', ended_at = excluded.ended_at, "
                "input = excluded.input, salt = excluded.salt, output = excluded.output, "
                "output_root = excluded.output_root",
                (job, fields, ended_at, *given, *found),
            )

    def fail(self, job: JobId, reason: str) -> None:
        """Remembers that a running job cannot be done here."""
        with self._transaction() as db:
            db.execute(
                "UPDATE jobs SET stage = 'failed', reason = ? WHERE job = ? AND stage = 'running'",
                (reason, job),
            )

    def input(self, job: JobId) -> bytes | None:
        """A job's input payload."""
        row = self._one("SELECT input FROM jobs WHERE job = ?", job)
        return None if row is None or row[0] is None else bytes(row[0])

    def output(self, job: JobId) -> bytes | None:
        """A job's output payload."""
        row = self._one("SELECT output FROM jobs WHERE job = ?", job)
        return None if row is None or row[0] is None else bytes(row[0])

    # --- what is signed --------------------------------------------------------------------------

    def keep_commit(self, record: CommitRecord) -> CommitRecord:
        """Keeps the commitment for a draw, and returns the one that counts: the first ever kept."""
        with self._transaction() as db:
            db.execute(
                "INSERT OR IGNORE INTO commits VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    record.job, record.draw, record.round, record.commitment, record.salt,
                    record.output_root, record.signature,
                ),
            )  # fmt: skip
        kept = self.commit_of(record.job, record.draw)
        assert kept is not None
        return kept

    def commit_of(self, job: JobId, draw: bytes) -> CommitRecord | None:
        """The commitment for a draw."""
        row = self._one("SELECT * FROM commits WHERE job = ? AND draw = ?", job, draw)
        return None if row is None else CommitRecord(*row)

    def newest_commit(self, job: JobId) -> CommitRecord | None:
        """The commitment of the latest round."""
        row = self._one("SELECT * FROM commits WHERE job = ? ORDER BY round DESC, rowid DESC", job)
        return None if row is None else CommitRecord(*row)

    def keep_claim(self, record: ClaimRecord, shown: Sequence[ShownCommit]) -> ClaimRecord:
        """Keeps the claim for a draw, and returns the one that counts: the first ever kept.

        SAFETY: `shown`, what the claim answers, is on disk before the claim leaves the node.
        """
        with self._transaction() as db:
            db.execute(
                "INSERT OR IGNORE INTO claims VALUES (?, ?, ?, ?, ?, ?)",
                (
                    record.job, record.draw, record.set, record.output_root, record.salt,
                    record.signature,
                ),
            )  # fmt: skip
            _keep_shown(db, shown)
        kept = self.claim_of(record.job, record.draw)
        assert kept is not None
        return kept

    def claim_of(self, job: JobId, draw: bytes) -> ClaimRecord | None:
        """The claim for a draw."""
        row = self._one("SELECT * FROM claims WHERE job = ? AND draw = ?", job, draw)
        return None if row is None else ClaimRecord(*row)

    # --- what others signed ----------------------------------------------------------------------

    def keep_shown(self, shown: Sequence[ShownCommit]) -> None:
        """Keeps others' commitments, at most two of a seat for a draw: two are proof."""
        with self._transaction() as db:
            _keep_shown(db, shown)

    def shown(self, job: JobId) -> list[ShownCommit]:
        """Others' commitments for all draws of a job, the first kept first."""
        with self._reading() as db:
            found = db.execute("SELECT * FROM shown WHERE job = ? ORDER BY rowid", (job,))
            return [ShownCommit(*row) for row in found]

    # --- inside ----------------------------------------------------------------------------------

    def free_bytes(self) -> int:
        """Room on the disk of the data folder."""
        return shutil.disk_usage(self._folder).free

    def _one(self, statement: str, *values: object) -> tuple[Any, ...] | None:
        with self._reading() as db:
            row: tuple[Any, ...] | None = db.execute(statement, values).fetchone()
        return row

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._explained():
            yield self._db

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._explained():
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                # Where the disk is full, SQLite may have rolled back by itself; a COMMIT that
                # failed has not.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise StoreError(
                f"the data folder {self._folder} cannot be written or read ({error}): make room on "
                "its disk; until then nothing is taken or signed"
            ) from error


def _keep_shown(db: sqlite3.Connection, shown: Sequence[ShownCommit]) -> None:
    for one in shown:
        db.execute(
            "INSERT OR IGNORE INTO shown SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE "
            "(SELECT count(*) FROM shown WHERE job = ?1 AND draw = ?2 AND seat = ?4) < 2",
            (one.job, one.draw, one.round, one.seat, one.commitment, one.signature),
        )


def _work(row: tuple[Any, ...]) -> Work:
    job, order, stage, reason, ended_at, rows, salt, output_root = row
    return Work(
        JobId(job),
        OrderFields.model_validate_json(order).order(),
        stage,
        reason,
        ended_at,
        rows or 0,
        salt,
        output_root,
    )
