from collections.abc import Iterator

import pytest

from touchstone.chain.artifacts import load_artifact
from touchstone.chain.devnet import Devnet
from touchstone.chain.sender import Sender


@pytest.fixture(scope="module")
def devnet() -> Iterator[Devnet]:
    with Devnet() as running:
        yield running


@pytest.fixture
def sender(devnet: Devnet) -> Sender:
    return Sender(devnet.w3, devnet.account(0), poll_s=0.01)


@pytest.fixture(scope="module")
def token(devnet: Devnet):
    artifact = load_artifact("DevToken")
    address = Sender(devnet.w3, devnet.account(0), poll_s=0.01).deploy(artifact)
    return devnet.w3.eth.contract(address=address, abi=artifact.abi)
