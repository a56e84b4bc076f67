"""The client against a real chain and real nodes."""

import numpy as np
import pytest

from requester.client import Client
from requester.offers import find_offers
from requester.orders import require_answerable
from tests.support.minimal_node import doubled, wrong
from tests.support.world import SHORT, TIER, small_world
from touchstone.chain.logs import read_events
from touchstone.errors import NoOfferError, RequestError, ResultUnavailableError
from touchstone.protocol.demands import MOST_ANSWER_BYTES
from touchstone.protocol.jobs import Phase
from touchstone.protocol.orders import Mode

TOKENS = [np.array([1, 2, 3], np.int32), np.array([40], np.int32)]


@pytest.fixture(scope="module")
def world():
    with small_world() as built:
        yield built


@pytest.fixture
def client(world, tmp_path):
    return client_of(world, tmp_path)


def client_of(world, home, **settings):
    return Client(
        world.devnet.w3,
        world.deployment,
        world.requester,
        home,
        **{"patience_s": 0, "poll_s": 0.1, **settings},
    )


def assert_doubled(result):
    assert [row.tolist() for row in result] == [[2, 4, 6], [80]]


def test_a_job_is_ordered_delivered_settled_and_its_result_is_checked(client):
    seen = []
    job = client.submit(TOKENS, "doubler@1")
    outcome = client.wait(job, timeout=60, on_progress=seen.append)

    assert outcome.settled
    assert outcome.spent == job.order.payment
    assert len(outcome.providers) == 3
    assert_doubled(client.result(job))
    assert {progress.phase for progress in seen} >= {Phase.OPEN, Phase.DRAWN, Phase.SETTLED}


def test_real_numbers_need_the_models_folder(client):
    job = client.submit(TOKENS, "doubler@1")
    client.wait(job, timeout=60)

    with pytest.raises(RequestError, match="folder"):
        client.real_result(job)


def test_an_order_opened_twice_is_paid_once(world, client):
    before = client.token.balance_of(world.requester.address)
    job = client.submit(TOKENS, "doubler@1")
    client.resume(job)
    client.resume(job.id)

    assert before - client.token.balance_of(world.requester.address) == job.order.payment
    client.wait(job, timeout=60)


def test_a_crash_before_sending_is_resumed_without_a_second_order(world, tmp_path, monkeypatch):
    client = client_of(world, tmp_path)
    monkeypatch.setattr(client.sender, "send", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        client.submit(TOKENS, "doubler@1")

    again = client_of(world, tmp_path)
    (job,) = again.jobs()
    assert again.state(job).phase is Phase.NONE
    assert again.wait(job, timeout=60).settled
    assert_doubled(again.result(job))


def test_a_provider_that_hands_out_other_bytes_is_passed_over(world, client):
    job = client.submit(TOKENS, "doubler@1")
    outcome = client.wait(job, timeout=60)
    liars = [world.node_of(p) for p in outcome.providers.values()][:2]
    for node in liars:
        node.corrupt_output = True
    try:
        assert_doubled(client.result(job))
    finally:
        for node in liars:
            node.corrupt_output = False


def test_no_result_is_better_than_one_that_does_not_match(world, tmp_path):
    client = client_of(world, tmp_path, never_publish=True)
    job = client.submit(TOKENS, "doubler@1")
    client.wait(job, timeout=60)
    for node in world.nodes:
        node.corrupt_output = True
    try:
        with pytest.raises(ResultUnavailableError, match="not the settled result"):
            client.result(job, patience_s=0.5)
    finally:
        for node in world.nodes:
            node.corrupt_output = False
    assert_doubled(client.result(job))


def test_a_price_limit_below_all_offers_is_refused_before_anything_is_paid(client):
    with pytest.raises(NoOfferError, match="cheapest"):
        client.submit(TOKENS, "doubler@1", max_price=1)
    assert client.jobs() == []


def test_more_replicas_than_providers_are_refused(client):
    with pytest.raises(NoOfferError, match="4 providers are needed, 3 are ready"):
        client.submit(TOKENS, "doubler@1", replicas=4)


def test_a_model_that_nobody_published_is_refused(client):
    with pytest.raises(RequestError, match="published"):
        client.submit(TOKENS, "tripler@1")


def test_too_much_work_for_one_order_is_refused(client):
    with pytest.raises(RequestError, match="at most 128 tokens"):
        client.submit([np.ones(32, np.int32)] * 5, "doubler@1")


def test_an_input_whose_output_could_not_be_demanded_is_refused_before_anything_is_paid():
    require_answerable(b"x" * MOST_ANSWER_BYTES, [384] * 63)
    with pytest.raises(RequestError, match="submit at most 63 at once"):
        require_answerable(b"x", [384] * 64)
    with pytest.raises(RequestError, match="98305 bytes"):
        require_answerable(b"x" * (MOST_ANSWER_BYTES + 1), [0])


def test_numbers_beyond_32_bits_are_refused(client):
    with pytest.raises(RequestError, match="32 bits"):
        client.submit([np.array([1 << 31])], "doubler@1")


def test_many_jobs_are_opened_in_one_transaction(world, client):
    before = client.token.balance_of(world.requester.address)
    jobs = client.submit_many([TOKENS, TOKENS[:1], TOKENS], "doubler@1")
    opened = [
        next(client.market.events(job.first_block, world.devnet.w3.eth.block_number, job.id))
        for job in jobs
    ]
    assert len({event["transactionHash"] for event in opened}) == 1
    paid = sum(job.order.payment for job in jobs)
    assert before - client.token.balance_of(world.requester.address) == paid
    for job in jobs:
        client.wait(job, timeout=60)
    assert_doubled(client.result(jobs[2]))


def test_offers_are_found_by_reading_new_blocks_only(world, client, monkeypatch):
    asked = []

    def spied(contract, names, first, last):
        asked.append((first, last))
        return read_events(contract, names, first, last)

    monkeypatch.setattr("requester.pools.read_events", spied)
    find_offers(client.vault, client.pools, world.model, 0, 3)
    world.devnet.mine(200)
    (offer,) = find_offers(client.vault, client.pools, world.model, 0, 3)
    assert (offer.tier, offer.ready + offer.busy + offer.joining) == (TIER, 3)
    assert asked[0][0] == world.deployment.block
    assert asked[1][0] == asked[0][1] - 64


def test_free_stake_at_the_vault_is_withdrawn_with_the_refunds(world, client):
    owed, _ = client.market.balance_of(world.requester.address)
    client.sender.send(client.token.approve(client.vault.address, 7))
    client.sender.send(client.vault.deposit(7))
    before = client.token.balance_of(world.requester.address)

    assert client.withdraw() == owed + 7
    assert client.token.balance_of(world.requester.address) == before + owed + 7
    assert client.withdraw() == 0


def test_differing_results_are_refunded_and_can_be_withdrawn(tmp_path):
    with small_world((doubled, doubled, wrong)) as world:
        client = client_of(world, tmp_path)
        before = client.token.balance_of(world.requester.address)
        job = client.submit(TOKENS, "doubler@1")
        outcome = client.wait(job, timeout=60)

        assert outcome.phase is Phase.CONTESTED
        assert outcome.reason == "Contested"
        assert outcome.refunded == job.order.payment
        with pytest.raises(ResultUnavailableError, match="CONTESTED"):
            client.result(job)
        assert client.withdraw() == job.order.payment
        assert client.token.balance_of(world.requester.address) == before
        # Nobody plays.
        world.devnet.increase_time(SHORT.dispute.window)
        world.devnet.mine()
        assert client.reclaim(job).phase is Phase.CONCLUDED


def drawn_with_a_reserve(client):
    """A drawn job with a fourth seat: the draw looks for reserves a few times only."""
    for _ in range(10):
        job = client.submit(TOKENS, "doubler@1")
        while client.state(job).phase is not Phase.DRAWN:
            client._coordinator.step(job.order)
        if len(client.state(job).seats) > 3:
            return job
    raise AssertionError("no draw found a reserve")


def test_a_silent_provider_is_replaced_and_the_replacement_gets_the_input(tmp_path):
    with small_world((doubled,) * 4) as world:
        client = client_of(world, tmp_path)
        job = drawn_with_a_reserve(client)
        silent = world.node_of(client.state(job).providers[0])
        silent.__exit__()
        outcome = client.wait(job, timeout=60)

        assert outcome.settled
        assert silent.account.address not in outcome.providers.values()
        assert_doubled(client.result(job))
        silent.__enter__()


def test_a_job_that_nobody_draws_is_refunded(tmp_path):
    with small_world(block_time=None) as world:
        client = client_of(world, tmp_path)
        job = client.submit(TOKENS, "doubler@1")
        world.devnet.mine(200)
        assert client.reclaim(job).phase is Phase.REFUNDED
        assert client.outcome(job).reason == "NeverDrawn"
        assert client.withdraw() == job.order.payment


def test_the_result_of_one_provider_is_raised_a_rung(client):
    job = client.submit(TOKENS, "doubler@1", replicas=1)
    outcome = client.wait(job, timeout=60)

    assert job.order.rung == Mode.OPTIMISTIC
    assert outcome.spent == job.order.share
    assert_doubled(client.result(job))

    raised = client.raise_rung(job)
    assert client.wait(raised, timeout=60).settled
    assert raised.order.input_root == job.order.input_root
    assert client.agrees(job, raised)
