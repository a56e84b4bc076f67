"""What a node does on chain by itself: if it is ignored, if others are silent or nobody moves."""

import pytest

from tests.provider.running import free_port, running_node, wait_until
from tests.provider.test_refusals import refusal
from tests.provider.world import Peer, World, config_for
from touchstone.chain.devnet import Devnet
from touchstone.chain.market import SignedCommit
from touchstone.chain.parameters import DEVNET
from touchstone.protocol.jobs import Phase


@pytest.fixture(scope="module")
def world():
    """Four providers: number 2, the node under test, and three played by hand."""
    with Devnet() as devnet:
        world = World(devnet)
        for index in (2, 3, 4, 5):
            world.join(devnet.account(index))
        world.next_epoch()
        yield world


@pytest.fixture
def node(module_node):
    return module_node


def seated(world, node, **changes):
    """A drawn job in which the node holds a seat, and the provider of the other seat."""
    for _ in range(60):
        job = world.drawn(**changes)
        providers = world.market.job(job.order).providers
        if node.account.address in providers.values():
            other = next(p for p in providers.values() if p != node.account.address)
            return job, Peer(account_of(world, other))
    raise AssertionError("the node is never drawn")


def account_of(world, address):
    found = [a for a in map(world.devnet.account, range(2, 6)) if a.address == address]
    return found[0]


def seat_of(world, job, account) -> int:
    providers = world.market.job(job.order).providers
    return next(seat for seat, p in providers.items() if p == account.address)


def post(world, job, peer, output_root):
    """The other provider commits on chain by hand."""
    commitment, signature = peer.commit(world, job, output_root)
    call = world.market.commit(
        job.order, seat_of(world, job, peer.account), SignedCommit(commitment, signature)
    )
    world.sender(peer.account).send(call)


def test_an_ignored_node_commits_and_reveals_on_chain_by_itself(world, node):
    job, peer = seated(world, node)
    node.deliver(world, job)
    node.committed(job)
    seat = seat_of(world, job, node.account)
    assert seat not in world.market.job(job.order).commitments

    world.devnet.increase_time(10)
    wait_until(lambda: seat in world.market.job(job.order).commitments, what="the commitment")
    commitment = world.market.job(job.order).commitments[seat]
    assert "0x" + commitment.hex() == node.status(job)["commit"]["commitment"]

    root = node.node.store.work(job.id).output_root
    post(world, job, peer, root)
    wait_until(lambda: seat in world.market.job(job.order).reveals, what="the reveal")
    assert world.market.job(job.order).reveals[seat] == root
    output = node.client.get(f"{job.path}/output", headers=world.delivery(job))
    assert output.status_code == 200

    reveal = world.market.reveal(job.order, seat_of(world, job, peer.account), root, b"s" * 32)
    world.sender(peer.account).send(reveal)
    wait_until(lambda: world.market.job(job.order).phase is Phase.SETTLED, what="the settlement")


def test_a_silent_partner_is_replaced_and_the_node_commits_anew(world, node):
    job, _ = seated(world, node)
    node.deliver(world, job)
    first = node.committed(job)
    world.devnet.increase_time(10)
    seat = seat_of(world, job, node.account)
    wait_until(lambda: seat in world.market.job(job.order).commitments, what="the commitment")
    world.devnet.increase_time(20)
    wait_until(lambda: world.market.job(job.order).round == 1, what="the next round")
    second = wait_until(
        lambda: (s := node.status(job))["round"] == 1 and s["commit"] and s,
        what="the new commitment",
    )
    assert second["draw"] != first["draw"]
    assert second["commit"]["commitment"] != first["commit"]["commitment"]
    old = node.node.store.commit_of(job.id, bytes.fromhex(first["draw"][2:]))
    new = node.node.store.commit_of(job.id, bytes.fromhex(second["draw"][2:]))
    assert old.salt != new.salt
    assert old.output_root == new.output_root


def test_a_job_that_nobody_draws_is_drawn_by_the_node(world, node):
    job = world.open()
    state = world.market.job(job.order)
    world.devnet.mine(max(0, state.since - world.w3.eth.block_number) + 6)
    wait_until(lambda: world.market.job(job.order).phase is Phase.DRAWN, what="the draw")


def test_a_job_that_cannot_be_drawn_is_expired_by_the_node(world, node):
    job = world.open(replicas=5)
    state = world.market.job(job.order)
    world.devnet.mine(state.since - world.w3.eth.block_number + 32 + 12)
    wait_until(lambda: world.market.job(job.order).phase is Phase.REFUNDED, what="the refund")


def test_a_contested_job_is_concluded_by_the_node(world, node):
    job, peer = seated(world, node)
    node.deliver(world, job)
    node.committed(job)
    seat = seat_of(world, job, node.account)
    world.devnet.increase_time(10)
    wait_until(lambda: seat in world.market.job(job.order).commitments, what="the commitment")
    post(world, job, peer, b"\x99" * 32)
    wait_until(lambda: seat in world.market.job(job.order).reveals, what="the reveal")
    call = world.market.reveal(
        job.order, seat_of(world, job, peer.account), b"\x99" * 32, b"s" * 32
    )
    world.sender(peer.account).send(call)
    wait_until(lambda: world.market.job(job.order).phase is Phase.CONTESTED, what="the contest")
    # The model has no program, so that nobody plays.
    world.devnet.increase_time(DEVNET.dispute.window)
    wait_until(lambda: world.market.job(job.order).phase is Phase.CONCLUDED, what="the conclusion")


def test_a_job_drawn_elsewhere_is_refused(world, node):
    for _ in range(60):
        job = world.drawn()
        if node.account.address not in world.market.job(job.order).providers.values():
            break
    assert refusal(node.deliver(world, job)) == (403, "not_drawn_here")


def test_a_new_memory_signs_nothing_for_an_older_draw(world, node, tmp_path):
    job, _ = seated(world, node)
    world.devnet.increase_time(2)
    config = config_for(tmp_path, port=free_port())
    with running_node(world, node.account, config) as amnesiac:
        assert refusal(amnesiac.deliver(world, job)) == (409, "not_ready")
        assert amnesiac.status(job)["commit"] is None
