"""Blocks that were final for nobody are replaced while nodes and verifier work on them."""

import time

import pytest

from tests.faults.harness import LONG, market, until, waiting
from touchstone.protocol.jobs import Phase


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        # On a development chain nobody waits for blocks on top, unless told so.
        patch.setenv("TOUCHSTONE_FINALITY", "64")
        yield from _built(tmp_path_factory)


def _built(tmp_path_factory):
    with market(tmp_path_factory.mktemp("market")) as built:
        built.net.devnet.mine(80)
        built.verifier = built.net.add_verifier()
        built.verifier.wait_ready()
        yield built


def reorg(built, depth: int) -> None:
    """Replaces the last blocks: what was in them never happened. Another transaction stands in the
    first of the new ones, so that it and all after it are other blocks indeed."""
    sender, receiver = (built.net.devnet.account(n).address for n in (30, 31))
    other = {"from": sender, "to": receiver, "value": "0x1"}
    built.rpc("anvil_reorg", depth, [[other, 0]])


def block_of(built, job, name: str) -> int:
    market = built.net.market
    found = market.events(job.first_block, market.w3.eth.block_number, job.id, (name,))
    return next(event["blockNumber"] for event in found)


def undo(built, job, name: str) -> None:
    """Replaces all blocks from the one in which that happened to the job."""
    w3, number = built.net.devnet.w3, block_of(built, job, name)
    before = w3.eth.get_block(number)["hash"]
    # A block may come between the two calls; then this one is still there.
    while w3.eth.get_block(number)["hash"] == before:
        reorg(built, w3.eth.block_number - number + 1)


def test_a_job_whose_draw_was_undone_is_drawn_again_and_settled_once(built):
    before, client = built.books(), built.client(float("inf"))
    job = built.submit(client)
    until(lambda: built.phase(job) is Phase.DRAWN, "the draw")
    seed = built.state(job).seed
    undo(built, job, "Drawn")
    with waiting(client, job) as outcomes:
        pass
    assert outcomes[0].settled
    assert built.state(job).seed == seed, "only the draw was undone, not the block of its seed"
    built.check_books(before, [job])
    built.signed_once(job)


def test_signatures_for_a_draw_that_was_undone_count_for_nothing(built):
    """The seed's block goes as well: another draw, for which each node signs anew."""
    before, client = built.books(), built.client(float("inf"))
    built.verifier.kill()  # Nobody may settle before the blocks are replaced.
    job = built.submit(client)
    with waiting(client, job) as outcomes:
        until(lambda: built.phase(job) is Phase.DRAWN, "the draw")
        seed = built.state(job).seed
        for node in built.nodes:
            until(lambda node=node: built.commits_of(node, job) == 1, "a signature")
        reorg(built, built.net.devnet.w3.eth.block_number - block_of(built, job, "Opened"))
        built.verifier.start()
        until(lambda: built.state(job).seed not in (seed, bytes(32)), "another draw")
    assert outcomes[0].settled
    assert built.state(job).seed != seed
    assert [built.commits_of(node, job) for node in built.nodes] == [2, 2, 2]
    built.check_books(before, [job])
    built.signed_once(job)


@pytest.mark.parametrize("depth", [1, 8, 64] if LONG else [8, 64])
def test_a_job_whose_settlement_was_undone_is_settled_again_by_the_verifier(built, depth):
    built.verifier.wait_ready()
    before, client = built.books(), built.client(float("inf"))
    job = built.submit(client)
    with waiting(client, job) as outcomes:
        pass
    assert outcomes[0].settled
    settled = block_of(built, job, "Settled")
    until(lambda: built.net.devnet.w3.eth.block_number >= settled + depth - 1, "blocks on top")
    until(lambda: built.verifier_says(job).get("done"), "the verifier's own look")
    undo(built, job, "Settled")
    until(lambda: built.phase(job) is Phase.SETTLED, "another settlement")
    built.check_books(before, [job])
    built.signed_once(job)


def test_a_job_whose_opening_was_undone_is_opened_and_paid_once(built):
    built.verifier.wait_ready()
    before, client = built.books(), built.client(float("inf"))
    job = built.submit(client)
    with waiting(client, job) as outcomes:
        undo(built, job, "Opened")
        time.sleep(0.5)
    assert outcomes[0].settled
    built.check_books(before, [job])
    built.signed_once(job)
