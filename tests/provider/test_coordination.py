"""Real nodes and the real coordinator settle jobs together."""

from contextlib import ExitStack

import pytest

from tests.provider.running import free_port, running_node, wait_until
from tests.provider.world import World, config_for
from touchstone.chain.devnet import Devnet
from touchstone.coordination.coordinator import Coordinator
from touchstone.protocol.jobs import Phase


@pytest.fixture(scope="module")
def world():
    """Four honest providers and one that lies, each with a node."""
    with Devnet() as devnet:
        yield World(devnet)


@pytest.fixture(scope="module")
def nodes(world, tmp_path_factory):
    """The nodes by address."""
    with ExitStack() as stack:
        found = {}
        for index in range(2, 7):
            account = world.devnet.account(index)
            world.join(account)
            port = free_port()
            world.sender(account).send(world.vault.set_endpoint(f"http://127.0.0.1:{port}"))
            config = config_for(
                tmp_path_factory.mktemp(f"node{index}"),
                port=port,
                executor="lying" if index == 6 else "doubling",
            )
            found[account.address] = stack.enter_context(running_node(world, account, config))
        world.next_epoch()
        yield found


def deliver(world, nodes, job):
    for provider in world.market.job(job.order).providers.values():
        assert nodes[provider].deliver(world, job).status_code == 202


def run(world, job, *ends) -> Phase:
    coordinator = Coordinator(world.market, world.vault, world.sender(world.requester))
    return wait_until(
        lambda: (state := coordinator.step(job.order)).phase in ends and state.phase,
        seconds=30,
        what="the end",
    )


def drawn_with_liar(world, liar: bool):
    address = world.devnet.account(6).address
    for _ in range(60):
        job = world.drawn()
        if (address in world.market.job(job.order).providers.values()) is liar:
            return job
    raise AssertionError("the draw never falls so")


def test_honest_nodes_settle_and_are_paid(world, nodes):
    job = drawn_with_liar(world, liar=False)
    paid = list(world.market.job(job.order).providers.values())
    before = [sum(world.market.balance_of(p)) for p in paid]
    deliver(world, nodes, job)
    assert run(world, job, Phase.SETTLED) is Phase.SETTLED
    after = [sum(world.market.balance_of(p)) for p in paid]
    assert [b - a for a, b in zip(before, after, strict=True)] == [job.order.share] * 2
    outputs = {
        nodes[p].client.get(f"{job.path}/output", headers=world.delivery(job)).content for p in paid
    }
    assert len(outputs) == 1


def test_a_lie_leads_to_a_contest_that_frees_the_requesters_money(world, nodes):
    job = drawn_with_liar(world, liar=True)
    deliver(world, nodes, job)
    assert run(world, job, Phase.CONTESTED, Phase.SETTLED) is Phase.CONTESTED


def test_without_any_coordinator_the_nodes_settle_by_themselves(world, nodes):
    job = drawn_with_liar(world, liar=False)
    deliver(world, nodes, job)
    for provider in world.market.job(job.order).providers.values():
        nodes[provider].committed(job)
    world.devnet.increase_time(10)
    wait_until(lambda: world.market.job(job.order).phase is Phase.SETTLED, 30, "the settlement")
