"""What a node does where the input is withheld from it, and where its output is demanded."""

import numpy as np
import pytest

from tests.provider.running import wait_until
from tests.provider.test_rounds import account_of, post, seat_of
from tests.provider.world import Peer, World
from touchstone.chain.devnet import Devnet
from touchstone.protocol.demands import DemandState
from touchstone.protocol.jobs import Phase
from touchstone.protocol.payload import encode_payload
from touchstone.protocol.prices import RESERVATION_PARTS


@pytest.fixture(scope="module")
def world():
    """Two providers: number 2, the node under test, and number 3, played by hand."""
    with Devnet() as devnet:
        world = World(devnet)
        for index in (2, 3):
            world.join(devnet.account(index))
        world.next_epoch()
        yield world


@pytest.fixture
def node(module_node):
    return module_node


def starved(world, node):
    """A drawn job whose input the node has demanded."""
    job = world.drawn()
    world.devnet.increase_time(8)
    wait_until(lambda: world.market.job(job.order).input_demand.pending, what="the demand")
    assert world.market.job(job.order).input_demand.demander == node.account.address
    return job


def other(world, job, node) -> Peer:
    providers = world.market.job(job.order).providers.values()
    return Peer(account_of(world, next(p for p in providers if p != node.account.address)))


def test_a_withheld_input_is_demanded_taken_from_the_chain_and_committed_to(world, node):
    job = starved(world, node)
    answer = world.market.answer_input(job.order, job.payload, job.salt)
    world.sender(world.requester).send(answer)

    node.committed(job)
    output = encode_payload([np.array([3, 5, 7], np.int32)])
    assert node.node.store.output(job.id) == output
    world.devnet.increase_time(10)
    seat = seat_of(world, job, node.account)
    wait_until(lambda: seat in world.market.job(job.order).commitments, what="the commitment")


def test_an_input_that_never_comes_is_paid_for_and_the_deposit_returns(world, node):
    me = node.account.address
    held = world.token.balance_of(me) + sum(world.market.balance_of(me))
    job = starved(world, node)
    world.devnet.increase_time(26)
    wait_until(lambda: world.market.job(job.order).phase is Phase.REFUNDED, what="the refund")

    fee = job.order.share // RESERVATION_PARTS
    assert world.token.balance_of(me) + sum(world.market.balance_of(me)) == held + fee
    assert not world.market.job(job.order).failed


def test_a_node_with_the_input_commits_at_once_while_another_waits_for_it(world, node):
    job = world.drawn()
    assert node.deliver(world, job).status_code == 202
    node.committed(job)
    peer = other(world, job, node)
    sender, deposit = world.sender(peer.account), world.market.answer_deposit
    sender.send(world.token.approve(world.market.contract.address, deposit))
    sender.send(world.market.demand_input(job.order, seat_of(world, job, peer.account)))
    seat = seat_of(world, job, node.account)
    wait_until(lambda: seat in world.market.job(job.order).commitments, what="the commitment")
    # Without the answer, the node ends the job for its fee.
    world.devnet.increase_time(26)
    wait_until(lambda: world.market.job(job.order).phase is Phase.REFUNDED, what="the refund")
    (reserved,) = world.market.events(0, world.w3.eth.block_number, job.id, ("Reserved",))
    assert reserved["args"]["seats"] == 0b11


def test_a_deposit_is_collected_from_a_job_that_got_its_input_after_all(world, node):
    job = starved(world, node)
    assert node.deliver(world, job).status_code == 202
    node.committed(job)
    seat = seat_of(world, job, node.account)
    wait_until(lambda: seat in world.market.job(job.order).commitments, what="the commitment")
    root = node.node.store.work(job.id).output_root
    peer = other(world, job, node)
    post(world, job, peer, root)
    wait_until(lambda: seat in world.market.job(job.order).reveals, what="the reveal")
    reveal = world.market.reveal(job.order, seat_of(world, job, peer.account), root, b"s" * 32)
    world.sender(peer.account).send(reveal)
    wait_until(lambda: world.market.job(job.order).phase is Phase.SETTLED, what="the settlement")
    wait_until(lambda: not world.market.job(job.order).input_demand.pending, what="the deposit")

    # The same job's output is demanded, and the node has forgotten nothing.
    requester = world.sender(world.requester)
    requester.send(world.market.demand_output(job.order, root, ()))
    world.devnet.increase_time(6)
    wait_until(
        lambda: world.market.job(job.order).output_demand.state is DemandState.ANSWERED,
        what="the answer",
    )
    answer = world.market.answer(job.id, output=True)
    assert (answer.payload, answer.salt) == (node.node.store.output(job.id), job.salt)
    wait_until(lambda: node.node.store.work(job.id).ended_at is not None, what="the end")


def test_a_node_without_a_deposit_joins_but_does_not_demand(world, node, caplog):
    me, sink = node.account.address, world.devnet.account(9).address
    held = world.token.balance_of(me)
    transfer = world.token.contract.functions.transfer
    world.sender(node.account).send(transfer(sink, held))
    try:
        job = world.drawn()
        world.devnet.increase_time(8)
        wait_until(lambda: "not demanded" in caplog.text, what="the warning")
        assert world.market.job(job.order).input_demand.state is DemandState.NONE
        peer = other(world, job, node)
        sender = world.sender(peer.account)
        allowed = world.market.answer_deposit
        sender.send(world.token.approve(world.market.contract.address, allowed))
        sender.send(world.market.demand_input(job.order, seat_of(world, job, peer.account)))
        world.devnet.increase_time(4)
        seat = seat_of(world, job, node.account)
        wait_until(lambda: seat in world.market.job(job.order).input_demand.seats, what="joining")
    finally:
        world.sender(world.devnet.account(9)).send(transfer(me, held))
