"""Brings a data base to the schema that this version of the explorer uses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.util.exc import CommandError
from sqlalchemy.exc import DBAPIError

from touchstone.errors import ExplorerError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


def migrate(engine: Engine) -> str:
    """Applies the migrations that are missing, and returns the revision then in force.

    Raises:
        ExplorerError: the data base cannot be used, or a newer explorer has changed it.
    """
    try:
        with engine.begin() as connection:
            command.upgrade(alembic_config(connection), "head")
            return str(MigrationContext.configure(connection).get_current_revision())
    except CommandError as error:
        raise ExplorerError(
            f"the data base has a schema that this version does not know ({error}): update "
            "Touchstone, or give another --database"
        ) from error
    except DBAPIError as error:
        raise ExplorerError(f"the data base cannot be used: {error.orig}") from error


def alembic_config(connection: Connection) -> Config:
    """Alembic's settings for migrations over an open connection."""
    config = Config()
    folder = str(Path(__file__).parent / "migrations")
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
