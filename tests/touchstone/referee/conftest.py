from collections.abc import Iterator

import pytest

from tests.touchstone.referee.judge import Judge, deploy_referee
from touchstone.chain.devnet import Devnet
from touchstone.chain.sender import Sender


@pytest.fixture(scope="session")
def judge() -> Iterator[Judge]:
    with Devnet() as devnet:
        sender = Sender(devnet.w3, devnet.account(0), poll_s=0.01)
        found = Judge(devnet.url, deploy_referee(sender))
        with found.client:
            yield found
