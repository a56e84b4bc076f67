"""A provider's process ends without a word, at every step of a job, and comes back."""

import pytest

from tests.faults.harness import died, market, until, waiting
from touchstone.protocol.jobs import Phase

STEPS = {
    "before and while it works": (
        "provider.service:Service.admit:before",  # drawn, no input yet
        "provider.store:Store.queue:after",  # the input is stored
        "provider.worker:Worker._execute:before",  # running
    ),
    "around its commitment": (
        "provider.store:Store.finish:after",  # the result is stored, nothing is signed
        "provider.store:Store.keep_commit:before",  # signed, not stored
        "provider.store:Store.keep_commit:after",  # stored, not answered
    ),
    "around its claim": (
        "provider.service:Service.claim:before",  # the commitment was answered
        "provider.store:Store.keep_claim:before",  # the claim is signed, not stored
        "provider.store:Store.keep_claim:after",  # stored, not answered
    ),
}
"""One step for each of three providers: all of them die in the same job."""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    with market(tmp_path_factory.mktemp("market")) as built:
        yield built


@pytest.mark.parametrize("points", STEPS.values(), ids=STEPS)
def test_a_job_settles_although_each_of_its_providers_is_killed(built, points):
    before, client = built.books(), built.client()
    marks = [
        built.doom(node, point, ready=False)
        for node, point in zip(built.nodes, points, strict=True)
    ]
    for node in built.nodes:
        node.wait_ready()
    job = built.submit(client)
    with waiting(client, job) as outcomes:
        back = set()
        while len(back) < len(points):
            number = until(
                lambda: next(
                    (
                        n + 1
                        for n, (node, mark) in enumerate(zip(built.nodes, marks, strict=True))
                        if n not in back and died(node, mark)
                    ),
                    None,
                ),
                f"a death at {[p for n, p in enumerate(points) if n not in back]}",
            )
            built.restart(built.nodes[number - 1])
            back.add(number - 1)
    assert outcomes[0].settled
    built.check_books(before, [job])
    built.signed_once(job)


@pytest.mark.parametrize(
    "point",
    ["touchstone.chain.market:Market.commit:after", "touchstone.chain.market:Market.reveal:after"],
    ids=["before it sends its commitment", "before it sends its reveal"],
)
def test_a_provider_killed_with_a_transaction_in_its_hands_sends_it_once(built, point):
    """Nobody coordinates: each node puts its commitment and its result on chain itself."""
    before, client = built.books(), built.client(patience_s=float("inf"))
    victim = built.nodes[0]
    mark = built.doom(victim, point)
    job = built.submit(client)
    with waiting(client, job) as outcomes:
        _all_committed(built, job)
        built.net.devnet.increase_time(31)
        until(lambda: died(victim, mark), "the death")
        built.restart(victim)
    assert outcomes[0].settled
    built.check_books(before, [job])
    built.signed_once(job)


def test_a_provider_killed_after_its_commitment_is_on_chain_reveals_it(built):
    before, client = built.books(), built.client(patience_s=float("inf"))
    victim = built.nodes[1]
    for node in built.nodes:
        node.wait_ready()
    job = built.submit(client)
    with waiting(client, job) as outcomes:
        _all_committed(built, job)
        built.net.devnet.increase_time(31)
        until(lambda: _seat(built, job, victim) in built.state(job).commitments, "the commitment")
        built.restart(victim)
    assert outcomes[0].settled
    built.check_books(before, [job])
    built.signed_once(job)


def test_all_providers_killed_at_once_come_back_and_finish(built):
    before, client = built.books(), built.client()
    for node in built.nodes:
        node.wait_ready()
    job = built.submit(client)
    with waiting(client, job) as outcomes:
        until(lambda: built.phase(job) is Phase.DRAWN, "the draw")
        for node in built.nodes:
            built.restart(node)
    assert outcomes[0].settled
    built.check_books(before, [job])
    built.signed_once(job)


def _all_committed(built, job) -> None:
    for node in built.nodes:
        until(lambda node=node: built.job_at(node, job).get("commit"), "a signed commitment")


def _seat(built, job, node) -> int:
    address = built.address(node)
    return next(s for s, p in built.state(job).providers.items() if p == address)
