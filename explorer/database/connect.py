"""Opens the data base: SQLite by default, PostgreSQL by URL."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.orm import Session

from touchstone.errors import ExplorerError

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

_BUSY_TIMEOUT_S = 30


@dataclass(frozen=True, slots=True)
class Database:
    """Two ways into one data base.

    Attributes:
        writer: for the indexer: a transaction takes the right to write when it begins.
        reader: for pages: all queries of a transaction see one and the same state, and none of them
            holds up the indexer.
    """

    writer: Engine
    reader: Engine

    def read(self) -> Session:
        """A session that sees one state: `with database.read() as session`."""
        return Session(self.reader)

    def close(self) -> None:
        """Closes all connections."""
        self.writer.dispose()
        self.reader.dispose()


def open_database(address: str) -> Database:
    """Opens a data base by its SQLAlchemy URL, or an SQLite file by its path.

    Raises:
        ExplorerError: the address names no data base that can be used.
    """
    try:
        url = make_url(address if "://" in address else f"sqlite:///{address}")
        if url.get_backend_name() == "sqlite":
            return _open_sqlite(url)
        return Database(
            create_engine(url, pool_pre_ping=True),
            create_engine(url, pool_pre_ping=True, isolation_level="REPEATABLE READ"),
        )
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise ExplorerError(
            f"the data base {_shown(address)} cannot be opened ({error}): give a file, or a URL "
            "like postgresql+psycopg://user@host/name with its driver installed"
        ) from error


def _shown(address: str) -> str:
    """Without the password that a URL may carry."""
    scheme, separator, rest = address.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"


def _open_sqlite(url: URL) -> Database:
    if not url.database or url.database == ":memory:":
        raise ExplorerError("the data base must be a file: one in memory has only one connection")
    try:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExplorerError(f"{url.database} cannot be created: {error.strerror}") from error
    return Database(_sqlite_engine(url, "BEGIN IMMEDIATE"), _sqlite_engine(url, "BEGIN"))


def _sqlite_engine(url: URL, begin: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": _BUSY_TIMEOUT_S})

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _: object) -> None:
        # Python's driver begins transactions at the first change only: pages would see two states.
        connection.isolation_level = None
        # Readers see the last committed state while the indexer writes.
        connection.execute("PRAGMA journal_mode = WAL")
        # After a power cut the last commits may be missing, whole: they are read again.
        connection.execute("PRAGMA synchronous = NORMAL")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
