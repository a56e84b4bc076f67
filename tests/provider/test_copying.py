"""Whoever sees others' results with one commitment and is paid by another loses its whole bond."""

import pytest

from tests.provider.running import free_port, running_node, wait_until
from tests.provider.test_refusals import refusal
from tests.provider.test_whole_job import own
from tests.provider.world import config_for
from touchstone.chain.market import SignedCommit
from touchstone.protocol.jobs import Phase

_EQUIVOCATED = 2


class Copier:
    """A drawn provider that executes nothing: it shows garbage, and so learns the result."""

    def __init__(self, world, node, peer, job):
        self.world, self.node, self.peer, self.job = world, node, peer, job
        state = world.market.job(job.order)
        self.seats = {provider: seat for seat, provider in state.providers.items()}
        self.seat = self.seats[peer.account.address]
        self.honest = own(node.committed(job))
        self.garbage = peer.commit(world, job, b"\x66" * 32, b"x" * 32)
        self.slots = self.position().slots

    def position(self):
        return self.world.vault.position(self.job.order.pool, self.peer.account.address)

    def shown(self, commitment):
        """The set with this commitment of the copier in it."""
        commits = {self.node.account.address: self.honest, self.peer.account.address: commitment}
        return self.world.commit_set(self.job, commits)

    def ask(self, commitment):
        return self.node.client.post(f"{self.job.path}/set", json=self.shown(commitment))

    def learn(self):
        """The honest node's claim and output, for garbage."""
        answer = self.ask(self.garbage)
        assert answer.status_code == 200, answer.text
        output = self.node.client.get(
            f"{self.job.path}/output", headers=self.world.delivery(self.job)
        )
        assert output.status_code == 200
        self.claim = {k: bytes.fromhex(v[2:]) for k, v in answer.json().items()}
        return self.peer.commit(self.world, self.job, self.claim["output_root"], b"y" * 32)

    def post(self, commit, account=None):
        """Puts a commitment on chain for its seat."""
        seat = self.seats[(account or self.peer.account).address]
        call = self.world.market.commit(self.job.order, seat, SignedCommit(*commit))
        self.world.sender(self.peer.account).send(call)

    def reveal(self, seat, salt):
        call = self.world.market.reveal(self.job.order, seat, self.claim["output_root"], salt)
        self.world.sender(self.peer.account).send(call)

    def require_ruined(self):
        """Waits until its whole bond for the job is gone."""
        wait_until(lambda: self.position().slots == self.slots - 1, what="the forfeit")
        head = self.world.w3.eth.block_number
        failed = self.world.market.events(0, head, self.job.id, ["SeatFailed"])
        assert [(e["args"]["seat"], e["args"]["reason"]) for e in failed] == [
            (self.seat, _EQUIVOCATED)
        ]


@pytest.fixture
def job(world, node):
    job = world.drawn()
    assert node.deliver(world, job).status_code == 202
    return job


@pytest.fixture
def copier(world, node, peer, job):
    return Copier(world, node, peer, job)


def test_a_copier_that_posts_another_commitment_loses_its_bond(world, copier):
    copied = copier.learn()
    copier.post(copied)
    copier.require_ruined()
    assert world.market.job(copier.job.order).phase is Phase.REFUNDED


def test_a_copier_that_has_a_coordinator_show_another_commitment_loses_its_bond(copier):
    copied = copier.learn()
    assert refusal(copier.ask(copied)) == (422, "bad_set")
    copier.require_ruined()


def test_a_commitment_that_is_not_the_posted_one_costs_its_signer_the_bond(copier):
    copier.post(copier.peer.commit(copier.world, copier.job))
    wait_until(
        lambda: copier.node.node.watcher._book.state(copier.job.id).commitments,
        what="the sight of it",
    )
    assert refusal(copier.ask(copier.garbage)) == (422, "bad_set")
    copier.require_ruined()


def test_a_forged_second_commitment_punishes_nobody(world, copier):
    copied = copier.learn()
    assert refusal(copier.ask((copied[0], copier.garbage[1]))) == (422, "bad_set")
    state = world.market.job(copier.job.order)
    assert copier.node.node.watcher._book.memory(state).lied is False


def test_a_copier_that_settles_while_a_node_is_away_loses_its_bond_on_the_nodes_return(
    world, peer, tmp_path
):
    config = config_for(tmp_path, port=free_port())
    account = world.devnet.account(2)
    job = world.open()
    with running_node(world, account, config) as node:
        world.draw(job)
        assert node.deliver(world, job).status_code == 202
        copier = Copier(world, node, peer, job)
        copied = copier.learn()
    copier.post(copied)
    copier.post((copier.honest[0], copier.honest[1]), account)
    copier.reveal(copier.seats[account.address], copier.claim["salt"])
    copier.reveal(copier.seat, b"y" * 32)
    world.sender(peer.account).send(world.market.advance(job.order))
    assert world.market.job(job.order).phase is Phase.SETTLED
    with running_node(world, account, config) as node:
        copier.require_ruined()
        wait_until(lambda: node.node.store.work(job.id).ended_at is not None, what="the end")
