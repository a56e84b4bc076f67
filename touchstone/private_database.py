"""A role's own SQLite file: nobody else's to read, and on disk before anything is sent."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class PrivateDatabase:
    """One file, with a connection for each transaction. Safe to use from threads and processes."""

    def __init__(self, path: Path, schema: str) -> None:
        """Opens or creates the file, and what of the schema it lacks."""
        self._path = path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # It holds inputs and their salts.
        path.touch(mode=0o600)
        with self.transaction() as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(schema)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection whose changes are all kept, or none where the block raises."""
        with closing(sqlite3.connect(self._path, timeout=30)) as db, db:
            # Nothing that was paid for may be forgotten after a power cut.
            db.execute("PRAGMA synchronous = FULL")
            # What is deleted leaves no bytes behind: inputs are secret.
            db.execute("PRAGMA secure_delete = ON")
            yield db
