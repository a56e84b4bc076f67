"""Indexers over a world, and what they leave in their data bases."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from fastapi.testclient import TestClient
from sqlalchemy import select

from explorer.database.connect import Database, open_database
from explorer.database.migrate import migrate
from explorer.database.tables import Base
from explorer.indexer.indexer import Indexer, Look
from explorer.indexer.source import ChainSource
from explorer.indexer.store import Store, Subject
from explorer.service import Progress
from explorer.views.site import Constants
from explorer.web.app import make_app
from explorer.web.reading import Reader
from tests.explorer.world import World

NONE: Mapping[str, Sequence[str]] = {}


def fresh_database(path: Path) -> Database:
    database = open_database(str(path))
    migrate(database.writer)
    return database


def indexer_of(world: World, database: Database, **how: int) -> Indexer:
    source = ChainSource(world.devnet.w3, world.deployment, world.market)
    subject = Subject(world.deployment.chain_id, world.market.domain.market)
    return Indexer(source, Store(database.writer, subject), world.deployment, **how)


def dump(database: Database) -> dict[str, list[tuple]]:
    """Every row of every table, in the order of the primary keys."""
    with database.read() as session:
        return {
            table.name: [
                tuple(row)
                for row in session.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for table in Base.metadata.sorted_tables
        }


def rebuilt(world: World, path: Path, most_blocks: int = 1000) -> dict[str, list[tuple]]:
    """What an indexer leaves that begins now with nothing."""
    database = fresh_database(path)
    indexer_of(world, database, most_blocks=most_blocks).catch_up()
    found = dump(database)
    database.close()
    return found


def browser(
    world: World, database: Database, look: Look, programs: Mapping[str, Sequence[str]] = NONE
) -> TestClient:
    """The pages over a data base, as after that look."""
    bucket = world.deployment.views(world.devnet.w3, "StakeVault").call("bucketSeconds")
    constants = Constants(
        world.deployment.chain_id,
        world.market.domain.market,
        world.market.parameters,
        bucket,
        programs,
    )

    def progress() -> Progress:
        return Progress(look, time.monotonic())

    app = make_app(Reader(database, constants, progress, 0, 12))
    return TestClient(app, raise_server_exceptions=False, follow_redirects=False)
