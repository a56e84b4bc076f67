"""Orders whose input is fixed after the draw, against a real chain and real nodes."""

from threading import Thread

import numpy as np
import pytest

from requester.client import Client
from tests.support.world import small_world
from touchstone.errors import RequestError
from touchstone.protocol.jobs import Phase
from touchstone.protocol.payload import decode_payload, encode_payload
from touchstone.protocol.prices import RESERVATION_PARTS
from touchstone.receipts import build, check

GIVEN = encode_payload([np.array([1, 2, 3], np.int32), np.array([40], np.int32)])


@pytest.fixture(scope="module")
def world():
    with small_world() as built:
        yield built


@pytest.fixture
def client(world, tmp_path):
    return client_of(world, tmp_path)


def client_of(world, home):
    return Client(
        world.devnet.w3, world.deployment, world.requester, home, patience_s=0, poll_s=0.1
    )


def drawn_by(client, job):
    while client.state(job).phase is not Phase.WAITING:
        client._coordinator.step(job.order)
    return job


def bonds_in_use(world, job):
    views = world.vault.contract.functions
    leaves = [world.vault.leaf_of(job.order.pool, node.account.address) for node in world.nodes]
    return sum(views.inUse(job.order.pool, leaf).call() for leaf in leaves)


def test_two_stages_are_opened_together_and_the_second_reads_the_output_of_the_first(world, client):
    head = world.devnet.w3.eth.block_number
    first, second = client.order_deferred("doubler@1", [0, 0], 1)
    transfers = client.token.contract.events.Transfer.get_logs(from_block=head + 1)
    paid = [one["args"]["value"] for one in transfers]
    assert paid == [first.order.payment + second.order.payment]
    assert first.salt == second.salt
    # Somebody already waits for it, without knowing the input.
    ended = []
    waiting = Thread(target=lambda: ended.append(client.wait(second, timeout=60)))
    waiting.start()
    drawn_by(client, first)
    assert client.fix_input(first, GIVEN).payload == GIVEN
    client.fix_input(first, GIVEN)
    with pytest.raises(RequestError, match="another input is fixed"):
        client.fix_input(first, GIVEN[:-1])
    assert client.wait(first, timeout=60).settled
    output = client.output(first)

    client.fix_input(drawn_by(client, second), output)
    waiting.join()
    (outcome,) = ended
    assert outcome.settled
    assert [row.tolist() for row in decode_payload(client.output(second))] == [[4, 8, 12], [160]]
    assert client.state(second).input_root == client.outcome(first).output_root

    w3, deployment = world.devnet.w3, world.deployment
    known = client.jobs()[1]
    receipt = build(
        w3,
        deployment,
        known.order,
        salt=known.salt,
        input_payload=known.payload,
        output_payload=client.output(second),
    )
    assert [c for c in check(receipt, w3, deployment) if not c.ok] == []
    for event in receipt["events"]:
        if event["event"] == "InputFixed":
            event["args"]["inputRoot"] = "0x" + "11" * 32
    assert "draw" in {c.name for c in check(receipt, None) if not c.ok}


def test_a_job_whose_input_is_never_fixed_costs_its_seats_fees(tmp_path):
    with small_world(block_time=None) as world:
        client = client_of(world, tmp_path)
        (job,) = client.order_deferred("doubler@1", [0], 8)
        world.devnet.mine(4)
        drawn_by(client, job)
        with pytest.raises(RequestError, match="not fixed"):
            client.raise_rung(job)
        assert client.reclaim(job).phase is Phase.WAITING
        world.devnet.increase_time(client.market.parameters.input_window + 1)
        assert bonds_in_use(world, job) == 3
        assert client.reclaim(job).phase is Phase.REFUNDED
        assert bonds_in_use(world, job) == 0

        fees = 3 * (job.order.share // RESERVATION_PARTS)
        outcome = client.outcome(job)
        assert (outcome.reason, outcome.spent) == ("InputWithheld", fees)
        assert client.withdraw() == job.order.payment - fees
        receipt = build(world.devnet.w3, world.deployment, job.order)
        assert [c for c in check(receipt, world.devnet.w3, world.deployment) if not c.ok] == []
