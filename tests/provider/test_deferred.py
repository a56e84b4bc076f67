"""A node whose job has no input yet: it waits, begins when the input is fixed, and is paid for
having waited where it never is."""

import numpy as np
import pytest

from requester.client import Client
from tests.provider.running import free_port, running_node, wait_until
from tests.provider.test_refusals import refusal
from tests.provider.world import World, config_for
from touchstone.chain.devnet import Devnet
from touchstone.protocol.claims import draw_of
from touchstone.protocol.jobs import Phase
from touchstone.protocol.orders import DEFERRED
from touchstone.protocol.payload import encode_payload, payload_root
from touchstone.protocol.prices import RESERVATION_PARTS

ONE = {"input_root": DEFERRED, "replicas": 1, "mode": 1}


@pytest.fixture(scope="module")
def world():
    """One provider alone, number 2: the node under test."""
    with Devnet() as devnet:
        world = World(devnet)
        world.join(devnet.account(2))
        world.next_epoch()
        yield world


@pytest.fixture(scope="module")
def node(world, tmp_path_factory):
    config = config_for(tmp_path_factory.mktemp("node"), port=free_port())
    account = world.devnet.account(2)
    world.sender(account).send(world.vault.set_endpoint(config.node.endpoint))
    with running_node(world, account, config) as running:
        yield running


def fix(world, job, payload):
    call = world.market.fix_input(job.order, payload_root(payload, job.salt))
    return world.sender(world.requester).send(call)


def test_it_waits_for_the_input_and_settles_it_for_a_client(world, node, tmp_path):
    client = Client(
        world.w3, world.deployment, world.requester, tmp_path, patience_s=0, poll_s=0.05
    )
    (job,) = client.order_deferred("doubling@1", [0], 1, replicas=1)
    world.devnet.mine(3)
    client._coordinator.step(job.order)
    assert client.state(job).phase is Phase.WAITING
    given = encode_payload([np.array([3, 5], np.int32)])
    path = f"/jobs/0x{job.id.hex()}"
    wait_until(lambda: node.client.get(path).json().get("state") == "waiting", what="the draw")

    client.fix_input(job, given)
    assert client.wait(job, timeout=30).settled
    assert [row.tolist() for row in client.result(job)] == [[7, 11]]
    claimed = node.client.get(path).json()
    assert claimed["draw"] == "0x" + draw_of(client.state(job).seed, 0).hex()


def test_a_delivery_before_it_is_fixed_is_not_ready(world, node):
    job = world.drawn(**ONE)
    assert refusal(node.deliver(world, job)) == (409, "not_ready")
    source = {"job": "0x" + "00" * 32, "providers": [node.account.address]}
    answer = node.client.post(f"{job.path}/input-source", json=source, headers=world.delivery(job))
    assert refusal(answer) == (409, "not_ready")
    assert node.status(job)["state"] == "waiting"
    fix(world, job, encode_payload([np.array([9], np.int32)]))
    assert refusal(node.deliver(world, job)) == (422, "wrong_input")


def test_it_ends_a_job_whose_input_is_never_fixed_and_has_its_fee(world, node):
    job = world.drawn(**ONE)
    wait_until(lambda: world.market.job(job.order).phase is Phase.WAITING, what="the draw")
    world.devnet.increase_time(world.market.parameters.input_window + 10)
    wait_until(lambda: world.market.job(job.order).phase is Phase.REFUNDED, what="the end")
    head = world.w3.eth.block_number
    (reserved,) = world.market.events(0, head, job.id, ("Reserved",))
    paid = reserved["args"]["seats"], reserved["args"]["fee"]
    assert paid == (1, job.order.share // RESERVATION_PARTS)
    transaction = world.w3.eth.get_transaction(reserved["transactionHash"])
    assert transaction["from"] == node.account.address
    wait_until(lambda: node.status(job)["state"] == "ended", what="the news")


def test_another_input_after_a_reorganisation_is_computed_anew(world, node):
    job = world.drawn(**ONE)
    fixed = fix(world, job, job.payload)["blockNumber"]
    assert node.deliver(world, job).status_code == 202
    before = node.committed(job)

    depth = world.w3.eth.block_number - fixed + 1
    answer = world.w3.provider.make_request("anvil_reorg", [depth, []])
    assert "error" not in answer, answer
    assert world.market.job(job.order).phase is Phase.WAITING
    other = encode_payload([np.array([7, 7, 7, 7], np.int32)])
    fix(world, job, other)
    wait_until(lambda: node.status(job)["state"] == "waiting", what="the news")
    assert refusal(node.deliver(world, job)) == (422, "wrong_input")
    answer = node.client.put(f"{job.path}/input", content=other, headers=world.delivery(job))
    assert answer.status_code == 202
    after = node.committed(job)
    assert after["draw"] == "0x" + draw_of(world.market.job(job.order).seed, 0).hex()
    assert after["draw"] != before["draw"]
    output = encode_payload([np.array([15, 15, 15, 15], np.int32)])
    assert node.node.store.work(job.id).output_root == payload_root(output, job.salt)
