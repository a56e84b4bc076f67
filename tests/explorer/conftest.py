from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from fastapi.testclient import TestClient

from explorer.database.connect import Database
from tests.explorer.indexing import browser, fresh_database, indexer_of
from tests.explorer.world import World, explorable_world
from touchstone.protocol.orders import Order


@dataclass
class Story:
    """A market on which every kind of job has happened, indexed."""

    world: World
    database: Database
    client: TestClient
    jobs: dict[str, Order]

    def json(self, path: str):
        answer = self.client.get(f"/api{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def job(self, name: str):
        return self.json(f"/jobs/{self.world.hex_of(self.jobs[name])}")

    def page(self, path: str) -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text


KINDS = (
    "settled",
    "replaced",
    "contested",
    "concluded",
    "challenged",
    "withheld",
    "expired",
    "equivocated",
    "acknowledged",
    "starved",
    "fixed",
    "never_fixed",
    "fed",
    "demanded",
    "delivered",
    "unwound",
    "vouched",
    "not_drawn",
    "auditor_silent",
    "auditors_silent",
    "refuted",
    "requested",
    "audited_twice",
    "audit_starved",
    "audit_fed",
    "audit_unwound",
    "audit_challenged",
)
PENDING = ("audit_held", "audit_drawn", "audit_due", "open", "waiting", "drawn")
"""Jobs that wait for something; made last, so that little time passes over them."""


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with explorable_world() as found:
        yield found


@pytest.fixture(scope="module")
def story(world, tmp_path_factory) -> Iterator[Story]:
    jobs = {name: getattr(world, name)() for name in KINDS}
    world.unpledge(0, 3)
    for name in PENDING:
        jobs[name] = getattr(world, name)()
    database = fresh_database(tmp_path_factory.mktemp("explorer") / "explorer.sqlite")
    look = indexer_of(world, database).catch_up()
    yield Story(world, database, browser(world, database, look), jobs)
    database.close()


@pytest.fixture(scope="module")
def story_of_fuzz(story) -> Story:
    """The same, by a name that Hypothesis does not take for one made anew for each example."""
    return story
