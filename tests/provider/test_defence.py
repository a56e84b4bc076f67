"""A node's defence on a real chain, without the rest of the node: look by look."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from provider.defence import Defence
from tests.attacks.chains import Chain
from tests.cheats.tampering import flip
from tests.disputes.arena import JOB_SALT, Arena, Execution, Lab
from touchstone.chain.disputes import Disputes
from touchstone.chain.sender import Sender
from touchstone.errors import ChainError
from touchstone.protocol.jobs import Phase

PROVIDERS = 2
"""All of them are drawn, so that one has a seat in each job."""


class Node:
    """What a defence needs of one: its book, its files and its executor."""

    def __init__(self, chain: Chain, lab: Lab, honest: Execution) -> None:
        self.chain, self.lab, self.honest = chain, lab, honest
        self.account = chain.providers[0]
        self.orders: dict = {}
        self.broken: set[bytes] = set()
        self.sender = Sender(chain.devnet.w3, self.account, poll_s=0.005)
        engine = Disputes(chain.devnet.w3, chain.deployment)
        self.defence = Defence(self, engine, None, self.sender, self, {}, 0.01)

    # --- its book, which is its store as well ----------------------------------------------------

    @property
    def me(self):
        return self.account

    @property
    def store(self):
        return self

    @property
    def market(self):
        return self.chain.market

    def states(self):
        return [self.market.job(order) for order in self.orders.values()]

    def work(self, job):
        order = self.orders.get(job)
        return order and SimpleNamespace(job=job, order=order, salt=JOB_SALT, output_root=None)

    def input(self, job) -> bytes:
        if job in self.broken:
            raise RuntimeError("a file cannot be read")
        return self.lab.payload

    def output(self, job) -> bytes:
        return b"TSR1"

    # --- its executor ----------------------------------------------------------------------------

    def case(self, *asked, strong):
        return self.honest.case


@pytest.fixture
def node(chain: Chain, lab: Lab) -> Node:
    return Node(chain, lab, lab.execute())


def contested(node: Node) -> Arena:
    """A job that the node's seat and a liar claim differently; the liar is the arena's alone."""
    lie = node.lab.execute(flip(1, 30, 5, 20))
    mine = node.account.address
    arena = Arena.contested_by(
        node.chain,
        node.lab,
        2,
        lambda job: [node.honest if job.providers[s] == mine else lie for s in job.active],
    )
    seat = next(s for s in arena.job.active if arena.job.providers[s] == mine)
    del arena.keepers[seat]
    node.orders[arena.job.id] = arena.job.order
    return arena


def play_out(node: Node, *arenas: Arena) -> None:
    for _ in range(60):
        node.defence.look()
        for arena in arenas:
            if not arena.verdict()[0]:
                for keeper, dispute in arena.keepers.values():
                    keeper.tend(dispute)
                arena.hear_others()
        if all(node.market.job(a.job.order).phase is Phase.CONCLUDED for a in arenas):
            return
    raise AssertionError("the disputes do not end")


def test_a_dispute_that_cannot_be_played_does_not_end_the_others(node):
    broken, sound = contested(node), contested(node)
    node.broken.add(broken.job.id)
    play_out(node, sound)
    assert node.market.job(broken.job.order).phase is Phase.CONTESTED


def test_a_verdict_that_could_not_be_carried_out_at_first_is_carried_out_later(node):
    arena = contested(node)
    send, failed = node.sender.send, []

    def unsteady(call, *more, **named):
        if call.fn_name == "conclude" and not failed:
            failed.append(call)
            raise ChainError("the chain does not answer")
        return send(call, *more, **named)

    node.sender.send = unsteady
    play_out(node, arena)
    assert failed


def test_nothing_is_kept_of_a_contest_that_is_over(node):
    arena = contested(node)
    play_out(node, arena)
    node.chain.devnet.mine(20)
    node.defence.look()
    assert arena.job.id not in node.defence._log.jobs
    assert node.defence._cases == {}
