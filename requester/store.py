"""The requester's jobs on disk: written before anything is sent, so that a crash loses nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from touchstone.private_database import PrivateDatabase
from touchstone.protocol.ids import JobId
from touchstone.receipts.orders import OrderFields

if TYPE_CHECKING:
    from pathlib import Path

    from touchstone.protocol.orders import Order

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id BLOB PRIMARY KEY,
    market TEXT NOT NULL,
    order_json TEXT NOT NULL,
    salt BLOB NOT NULL,
    payload BLOB NOT NULL,
    model TEXT NOT NULL,
    fraction_bits INTEGER,
    output_width INTEGER,
    first_block INTEGER NOT NULL,
    output BLOB
)
"""
_COLUMNS = "id, order_json, salt, payload, model, fraction_bits, output_width, first_block"


@dataclass(frozen=True, slots=True)
class StoredJob:
    """A job of this requester.

    Attributes:
        id: the job's id.
        order: the order that opens it.
        salt: 32 random bytes that blind its input and output; as secret as the input.
        payload: the encoded input; empty while that of a deferred order is not fixed.
        model: `name@version`.
        fraction_bits: an output integer divided by two to this power is the real number; None where
            the model's folder was not at hand.
        output_width: width of an output row, None likewise.
        first_block: no event of the job is in an earlier block.
    """

    id: JobId
    order: Order
    salt: bytes
    payload: bytes
    model: str
    fraction_bits: int | None
    output_width: int | None
    first_block: int


class Store:
    """One SQLite file, for one requester. Safe to use from threads and processes."""

    def __init__(self, path: Path, market: str) -> None:
        """Opens or creates the file; only the jobs of that market are seen."""
        self._market = market
        self._connected = PrivateDatabase(path, _SCHEMA).transaction

    def add(self, job: StoredJob) -> None:
        """Keeps a new job; on disk when this returns."""
        with self._connected() as db:
            db.execute(
                f"INSERT INTO jobs (market, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    self._market,
                    job.id,
                    OrderFields.of(job.order).model_dump_json(),
                    job.salt,
                    job.payload,
                    job.model,
                    job.fraction_bits,
                    job.output_width,
                    job.first_block,
                ),
            )

    def get(self, job: JobId) -> StoredJob | None:
        """The job of that id."""
        found = self._select("AND id = ?", (job,))
        return found[0] if found else None

    def all(self) -> list[StoredJob]:
        """All jobs, oldest first."""
        return self._select("", ())

    def keep_payload(self, job: JobId, payload: bytes) -> None:
        """Keeps the input of a deferred order; on disk when this returns."""
        with self._connected() as db:
            db.execute("UPDATE jobs SET payload = ? WHERE id = ?", (payload, job))

    def keep_output(self, job: JobId, output: bytes) -> None:
        """Keeps a checked output payload."""
        with self._connected() as db:
            db.execute("UPDATE jobs SET output = ? WHERE id = ?", (output, job))

    def output(self, job: JobId) -> bytes | None:
        """The output payload, once it was fetched and checked."""
        with self._connected() as db:
            row = db.execute("SELECT output FROM jobs WHERE id = ?", (job,)).fetchone()
        return bytes(row[0]) if row and row[0] is not None else None

    def _select(self, condition: str, values: tuple[object, ...]) -> list[StoredJob]:
        query = f"SELECT {_COLUMNS} FROM jobs WHERE market = ? {condition} ORDER BY rowid"
        with self._connected() as db:
            rows = db.execute(query, (self._market, *values)).fetchall()
        return [
            StoredJob(
                id=JobId(bytes(row[0])),
                order=OrderFields.model_validate_json(row[1]).order(),
                salt=bytes(row[2]),
                payload=bytes(row[3]),
                model=row[4],
                fraction_bits=row[5],
                output_width=row[6],
                first_block=row[7],
            )
            for row in rows
        ]
