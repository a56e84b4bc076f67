"""When a requester publishes and demands, and how it proves which output was settled."""

import math
from dataclasses import replace

import numpy as np
import pytest

from requester.client import Client
from requester.withheld import may_demand, must_demand, should_publish
from tests.provider.test_duties import DRAWN, OTHER, P
from tests.support.world import SHORT, small_world
from touchstone.chain.market import Settlement
from touchstone.coordination.coordinator import Coordinator
from touchstone.coordination.round import Settle
from touchstone.errors import JobTimeoutError, RequestError, ResultUnavailableError
from touchstone.protocol.claims import delivery_struct_hash
from touchstone.protocol.demands import Demand, DemandState, answer_fee
from touchstone.protocol.eip712 import sign
from touchstone.protocol.jobs import Clock, Phase

TOKENS = [np.array([1, 2, 3], np.int32)]
PENDING = Demand(DemandState.PENDING, OTHER, 1080, frozenset({1}))
C = b"c" * 32


def at(time: int) -> Clock:
    return Clock(1, time)


def test_an_input_stays_private_for_half_of_the_answer_window():
    starved = replace(DRAWN, input_demand=PENDING)
    assert not should_publish(starved, at(1059), P)
    assert should_publish(starved, at(1060), P)
    assert should_publish(starved, at(1080), P)
    assert not should_publish(starved, at(1081), P)


def test_an_input_is_not_published_where_nobody_waits_for_it():
    assert not should_publish(DRAWN, at(1070), P)
    committed = replace(DRAWN, input_demand=PENDING, commitments={0: C, 1: C})
    assert not should_publish(committed, at(1070), P)
    ended = replace(DRAWN, input_demand=PENDING, phase=Phase.REFUNDED)
    assert not should_publish(ended, at(1070), P)


def test_an_output_can_be_demanded_until_an_answer_window_before_the_end_and_once():
    settled = replace(DRAWN, phase=Phase.SETTLED)
    assert may_demand(settled, at(1009), P)
    assert not may_demand(settled, at(1010), P)
    assert not may_demand(replace(settled, output_demand=PENDING), at(1001), P)
    assert not may_demand(DRAWN, at(1001), P)


def test_an_output_is_demanded_at_the_last_moment_whatever_the_patience():
    late = replace(P, delivery_window=140)
    settled = replace(DRAWN, phase=Phase.SETTLED)
    assert not must_demand(settled, at(1089), late)
    assert must_demand(settled, at(1090), late)
    assert not must_demand(settled, at(1100), late)


# --- on a chain -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def world():
    with small_world() as built:
        yield built


def client_of(world, home, **settings):
    return Client(
        world.devnet.w3,
        world.deployment,
        world.requester,
        home,
        **{"patience_s": 0, "poll_s": 0.1, **settings},
    )


def forwarder(world) -> str:
    """A contract that passes everything on to the market, as a smart wallet does."""
    market = bytes.fromhex(world.market.contract.address[2:])
    runtime = bytes.fromhex("365f5f375f5f365f5f73") + market + bytes.fromhex("5af100")
    creation = bytes([0x60, len(runtime), 0x80, 0x60, 9, 0x5F, 0x39, 0x5F, 0xF3]) + runtime
    w3, sender = world.devnet.w3, world.devnet.account(0).address
    name = w3.eth.send_transaction({"from": sender, "data": "0x" + creation.hex()})
    return w3.eth.wait_for_transaction_receipt(name)["contractAddress"]


def settlement_of(world, client, job) -> Settlement:
    """What settles a job, as any coordinator gathers it."""
    coordinator = Coordinator(client.market, client.vault, client.sender)
    while True:
        state = client.state(job)
        step = coordinator.plan(state)
        if isinstance(step, Settle):
            return step.settlement
        if step is not None:
            coordinator.carry_out(state, step)
        if state.phase is Phase.DRAWN:
            for node in world.nodes:
                node.deliver(job.id, job.payload, job.salt, delivery(client, job))


def delivery(client, job) -> bytes:
    digest = client.market.domain.digest(delivery_struct_hash(job.id, job.salt))
    return sign(client.account, digest).expanded()


def test_an_output_that_another_contract_settled_is_demanded_all_the_same(world, tmp_path):
    client = client_of(world, tmp_path)
    job = client.submit(TOKENS, "doubler@1")
    settlement = settlement_of(world, client, job)
    data = world.market.settle([settlement]).build_transaction({"gas": 1})["data"]
    w3 = world.devnet.w3
    name = w3.eth.send_transaction(
        {
            "from": world.devnet.account(0).address,
            "to": forwarder(world),
            "data": data,
            "gas": 3_000_000,
        }
    )
    w3.eth.wait_for_transaction_receipt(name)
    assert client.state(job).phase is Phase.SETTLED

    demand = client.demand(job)
    assert demand.pending
    assert demand.demander == client.account.address

    node = world.node_of(next(iter(client.state(job).providers.values())))
    output = node.work[job.id].output
    world.sender_of(node.account.address).send(
        world.market.answer_output(job.order, output, job.salt)
    )
    assert client.output(job) == output
    fee = answer_fee(len(output), SHORT.market.answer_price)
    assert client.outcome(job).answer_fee == fee


def test_without_publishing_a_result_that_nobody_gives_is_not_demanded(world, tmp_path):
    client = client_of(world, tmp_path, never_publish=True)
    job = client.submit(TOKENS, "doubler@1")
    assert client.wait(job, timeout=60).settled
    for node in world.nodes:
        node.corrupt_output = True
    try:
        with pytest.raises(ResultUnavailableError, match="not the settled result"):
            client.output(job, patience_s=0)
    finally:
        for node in world.nodes:
            node.corrupt_output = False
    assert client.state(job).output_demand.state is DemandState.NONE


def test_only_a_settled_job_has_an_output_to_demand(world, tmp_path):
    client = client_of(world, tmp_path)
    job = client.submit(TOKENS, "doubler@1")
    with pytest.raises(RequestError, match="cannot be demanded"):
        client.demand(job)


def test_another_process_answers_a_demand_after_a_restart(world, tmp_path):
    first = client_of(world, tmp_path)
    job = first.submit(TOKENS, "doubler@1")
    coordinator = Coordinator(first.market, first.vault, first.sender)
    while first.state(job).phase is not Phase.DRAWN:
        coordinator.step(job.order)
    provider = first.state(job).providers[0]
    demander, deposit = world.sender_of(provider), first.market.answer_deposit
    demander.send(first.token.mint(provider, deposit))
    demander.send(first.token.approve(first.market.contract.address, deposit))
    demander.send(first.market.demand_input(job.order, 0))

    again = client_of(world, tmp_path, patience_s=math.inf)
    (kept,) = again.jobs()
    with pytest.raises(JobTimeoutError):
        again.wait(kept, timeout=SHORT.market.answer_window)
    (answered,) = again.market.events(
        kept.first_block, world.devnet.w3.eth.block_number, kept.id, ("Answered",)
    )
    assert answered["args"]["payload"] == kept.payload
    assert client_of(world, tmp_path).wait(kept, timeout=60).settled
