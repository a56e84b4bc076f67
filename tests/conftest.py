"""What tests of disputes share: a tiny model, executions of it, and a chain with its providers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.chains import Chain, equip
from tests.cheats.tampering import flip
from tests.disputes.arena import Execution, Lab, lab_of
from tests.support.tiny_model import compile_tiny, publisher_of
from tests.support.world import PUBLISHER
from touchstone.amounts import ONE_TOKEN
from touchstone.chain.devnet import Devnet

SLOWEST = (
    "disputes/test_causal_adversaries.py",
    "e2e/test_jobs.py",
    "touchstone/engines/test_random_programs.py",
    "explorer/test_indexing.py",
    "faults/test_provider_killed.py",
    "disputes/test_adversaries.py",
    "touchstone/engines/test_minilm.py",
    "e2e/test_withheld.py",
    "explorer/test_disputes.py",
    "explorer/test_process.py",
    "faults/test_reorgs.py",
    "disputes/test_demo_model.py",
    "e2e/test_generation.py",
    "verifier/test_service.py",
    "requester/test_commands.py",
    "verifier/test_audit.py",
)
"""Begun first, so that no process ends alone with one of them; those with many processes of their
own do not stand side by side."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = {Path(__file__).parent / file: place for place, file in enumerate(SLOWEST)}
    items.sort(key=lambda item: order.get(item.path, len(order)))


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    return compile_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def lab(folder: Path) -> Lab:
    return lab_of(folder, (5, 9))


@pytest.fixture(scope="module")
def chain(folder: Path, request: pytest.FixtureRequest) -> Iterator[Chain]:
    """A module's own: with three providers unless it says `PROVIDERS`, and whole tokens for those
    accounts that its `PURSES` name."""
    with Devnet() as devnet:
        chain = equip(devnet, getattr(request.module, "PROVIDERS", 3), publisher_of(folder))
        for account, tokens in getattr(request.module, "PURSES", {}).items():
            mint = chain.token.mint(devnet.account(account).address, tokens * ONE_TOKEN)
            chain.sender(PUBLISHER).send(mint)
        yield chain


@pytest.fixture(scope="session")
def honest(lab: Lab) -> Execution:
    return lab.execute()


@pytest.fixture(scope="session")
def lie(lab: Lab) -> Execution:
    return lab.execute(flip(1, 30, 5, 20))
