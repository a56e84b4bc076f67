from collections.abc import Iterator

import pytest

from tests.provider.running import free_port, running_node
from tests.provider.world import Peer, World, config_for
from touchstone.chain.devnet import Devnet


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Two providers: number 2, a node under test, and number 3, played by hand."""
    with Devnet() as devnet:
        world = World(devnet)
        for index in (2, 3):
            world.join(devnet.account(index))
        world.next_epoch()
        yield world


@pytest.fixture
def peer(world) -> Peer:
    return Peer(world.devnet.account(3))


@pytest.fixture
def node(world, tmp_path):
    """The node of provider number 2."""
    config = config_for(tmp_path, port=free_port())
    with running_node(world, world.devnet.account(2), config) as running:
        yield running


@pytest.fixture(scope="module")
def module_node(world, tmp_path_factory):
    """The same, for a whole module."""
    config = config_for(tmp_path_factory.mktemp("node"), port=free_port())
    with running_node(world, world.devnet.account(2), config) as running:
        yield running
