"""Garbage that a requester has ordered and paid for: every node gives the same answer to it."""

import pytest

from tests.provider.running import free_port, running_node, wait_until
from tests.provider.world import MAX_ROWS, UNIT_ROWS, config_for
from tests.touchstone.protocol.test_inputs import GARBAGE, payload_of
from touchstone.coordination.coordinator import Coordinator
from touchstone.protocol.inputs import REFUSED
from touchstone.protocol.jobs import Phase
from touchstone.protocol.payload import payload_root

PAYLOADS = GARBAGE | {
    "longer than the model takes": payload_of(MAX_ROWS + 1),
    "more than is paid for": payload_of(*[MAX_ROWS] * (UNIT_ROWS // MAX_ROWS + 1)),
}


@pytest.fixture(scope="module")
def nodes(world, tmp_path_factory):
    """Two nodes with executors that differ in every output."""
    folder = tmp_path_factory.mktemp("nodes")
    configs = [
        config_for(folder / name, executor=name, port=free_port()) for name in ("doubling", "lying")
    ]
    first, second = (world.devnet.account(index) for index in (2, 3))
    with (
        running_node(world, first, configs[0]) as one,
        running_node(world, second, configs[1]) as two,
    ):
        for node in (one, two):
            url = f"http://127.0.0.1:{node.port}"
            world.sender(node.account).send(world.vault.set_endpoint(url))
        yield one, two


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_all_nodes_commit_to_the_refused_output_and_are_paid(world, nodes, payload):
    job = world.drawn(payload=payload)
    for node in nodes:
        assert node.deliver(world, job).status_code == 202
        node.committed(job)
    coordinator = Coordinator(world.market, world.vault, world.sender(world.requester))
    wait_until(lambda: coordinator.step(job.order).phase is Phase.SETTLED, what="the settlement")

    (settled,) = world.market.events(0, world.w3.eth.block_number, job.id, ("Settled",))
    assert settled["args"]["outputRoot"] == payload_root(REFUSED, job.salt)
    assert settled["args"]["share"] == job.order.share
    for node in nodes:
        answer = node.client.get(f"{job.path}/output", headers=world.delivery(job))
        assert answer.content == REFUSED
