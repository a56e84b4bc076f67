"""Bytes that are withheld between real processes: demanded on chain, answered or paid for, and in
the end every unit of the token is where it should be."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest

from requester.store import StoredJob
from tests.faults.harness import DEAD, PRICE, TOKENS, market, until, waiting
from touchstone.amounts import parse_tokens
from touchstone.chain.parameters import DEVNET
from touchstone.chain.stake import Vault
from touchstone.errors import InputRefusedError, ResultUnavailableError
from touchstone.protocol.demands import DemandState, answer_fee
from touchstone.protocol.inputs import REFUSED
from touchstone.protocol.jobs import Phase
from touchstone.protocol.orders import Mode, Order
from touchstone.protocol.payload import MAX_SEQUENCES, payload_root
from touchstone.protocol.prices import NO_SHOW_CEILINGS, RESERVATION_PARTS, slot_ceiling, tier_of
from touchstone.receipts import build, check

NOWHERE = "http://127.0.0.1:1"
WINDOWS = replace(
    DEVNET,
    market=replace(
        DEVNET.market,
        commit_window=30,
        reveal_window=20,
        challenge_window=150,
        delivery_window=64,
        answer_window=40,
        draw_blocks=100,
    ),
    epoch_blocks=256,
    unbonding_time=1200,
)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Three providers, all of them drawn for every job."""
    with market(tmp_path_factory.mktemp("market"), parameters=WINDOWS) as built:
        yield built


@pytest.fixture(autouse=True)
def _all_there(built):
    """Every test begins with three nodes that can be reached."""
    for node in built.nodes:
        if not node.running:
            node.start()
            node.wait_ready()
    reach(built, *built.nodes)


@dataclass(frozen=True)
class Ledger:
    """What everybody has in all, and what was burned: in base units."""

    requester: int
    providers: dict[str, int]
    stakes: dict[str, int]
    burned: int

    @classmethod
    def of(cls, built) -> Ledger:
        books = built.books()
        assert sum(books.wallets.values()) + books.in_market + books.in_vault == books.supply
        assert books.in_market == sum(books.earned.values()), "the market owes what it holds"
        assert books.in_vault == sum(books.stakes.values())
        total = {a: books.wallets[a] + books.earned[a] for a in books.stakes}
        addresses = [built.address(node) for node in built.nodes]
        return cls(
            requester=total[built.net.devnet.account(1).address],
            providers={a: total[a] for a in addresses},
            stakes={a: books.stakes[a] for a in addresses},
            burned=books.wallets[DEAD],
        )

    def __sub__(self, before: Ledger) -> Ledger:
        return Ledger(
            self.requester - before.requester,
            {a: self.providers[a] - before.providers[a] for a in self.providers},
            {a: self.stakes[a] - before.stakes[a] for a in self.stakes},
            self.burned - before.burned,
        )


def even(built, amount: int) -> dict[str, int]:
    return {built.address(node): amount for node in built.nodes}


def reach(built, *nodes) -> None:
    """The requester reaches these nodes, and no others: their endpoints lead nowhere."""
    vault = Vault(built.net.devnet.w3, built.net.deployment)  # Remembers nothing yet.
    for number, node in enumerate(built.nodes):
        wanted = node.url if node in nodes else NOWHERE
        if vault.endpoint_of(built.address(node)) != wanted:
            built.net.sender(10 + number).send(vault.set_endpoint(wanted))


def events(built, job, *names) -> list[dict]:
    last = built.net.devnet.w3.eth.block_number
    return list(built.net.market.events(job.first_block, last, job.id, names))


def price_of_a_byte() -> int:
    return WINDOWS.market.answer_price


def assert_receipt_holds(built, job) -> None:
    w3, deployment = built.net.devnet.w3, built.net.deployment
    results = check(build(w3, deployment, job.order), w3, deployment)
    assert [r for r in results if not r.ok] == []


def collected(built, job) -> bool:
    """Whether no deposit of the job is outstanding."""
    state = built.state(job)
    return not state.input_demand.pending and not state.output_demand.pending


def test_an_input_that_reaches_one_provider_only_is_published_and_the_job_settles(built):
    before = Ledger.of(built)
    reach(built, built.nodes[0])
    client = built.client()
    job = built.submit(client)
    outcome = client.wait(job, timeout=150)

    assert outcome.settled
    (answer,) = events(built, job, "Answered")
    assert answer["args"]["payload"] == job.payload
    assert events(built, job, "SeatFailed") == []
    reach(built, *built.nodes)
    assert len(client.result(job)) == len(TOKENS)

    until(lambda: collected(built, job), "the deposit's return")
    # The demander has paid for the answer, and the requester, who answered, earned it.
    fee = answer_fee(len(job.payload), price_of_a_byte())
    (demanded,) = events(built, job, "Demanded")
    earned = even(built, job.order.share)
    earned[demanded["args"]["demander"]] -= fee
    assert Ledger.of(built) - before == Ledger(
        requester=fee - job.order.payment, providers=earned, stakes=even(built, 0), burned=0
    )
    assert_receipt_holds(built, job)


def pass_the_answer_window(built, job, asking: int) -> None:
    """Time passes once so many providers have demanded the input."""

    def all_have_asked():
        demand = built.state(job).input_demand
        return demand.pending and len(demand.seats) == asking

    until(all_have_asked, "the demands", seconds=120)
    built.net.devnet.increase_time(WINDOWS.market.answer_window)


def assert_starved(built, job, before, waited: int) -> None:
    """Each provider that waited was paid for it, and nobody else lost or earned anything."""
    state = built.state(job)
    assert state.phase is Phase.REFUNDED
    (refunded,) = events(built, job, "Refunded")
    fee = job.order.share // RESERVATION_PARTS
    assert refunded["args"]["amount"] == job.order.payment - waited * fee
    until(lambda: collected(built, job), "the deposit's return")
    change = Ledger.of(built) - before
    assert change.requester == -waited * fee
    assert sorted(change.providers.values()) == [0] * (3 - waited) + [fee] * waited
    assert (change.stakes, change.burned) == (even(built, 0), 0)
    assert_receipt_holds(built, job)


def test_a_requester_that_publishes_nothing_pays_those_that_waited(built):
    before = Ledger.of(built)
    reach(built, built.nodes[0])
    client = built.client(never_publish=True)
    job = built.submit(client)
    with waiting(client, job, seconds=150) as outcomes:
        pass_the_answer_window(built, job, asking=2)
    (outcome,) = outcomes

    assert outcome.reason == "InputWithheld"
    assert outcome.spent + outcome.refunded == job.order.payment
    assert events(built, job, "Answered") == []
    assert_starved(built, job, before, waited=3)


def test_a_requester_that_has_gone_gets_the_rest_of_its_money_all_the_same(built):
    before = Ledger.of(built)
    job = built.submit(built.client())
    pass_the_answer_window(built, job, asking=3)
    until(lambda: built.phase(job) is Phase.REFUNDED, "the refund")
    assert_starved(built, job, before, waited=3)


def settled(built, client):
    job = built.submit(client)
    assert client.wait(job, timeout=120).settled
    return job


def test_an_output_that_nobody_hands_out_is_published_by_a_provider_that_has_it(built):
    before = Ledger.of(built)
    client = built.client()
    job = settled(built, client)
    reach(built)
    for node in built.nodes[:2]:
        node.kill()
    # Clients remember for a while where nodes are; another one reads it anew.
    output = built.client(like=client).output(job, patience_s=3)

    assert payload_root(output, job.salt) == client.outcome(job).output_root
    (answered,) = events(built, job, "Answered")
    assert answered["args"]["by"] == built.address(built.nodes[2])
    fee = answer_fee(len(output), price_of_a_byte())
    assert client.outcome(job).answer_fee == fee
    earned = even(built, job.order.share)
    earned[built.address(built.nodes[2])] += fee
    assert Ledger.of(built) - before == Ledger(
        requester=-job.order.payment - fee, providers=earned, stakes=even(built, 0), burned=0
    )
    assert_receipt_holds(built, job)


def test_a_node_that_was_away_answers_after_its_return(built):
    client = built.client()
    job = settled(built, client)
    for node in built.nodes:
        node.kill()
    client.demand(job)
    built.nodes[1].start()
    until(
        lambda: built.state(job).output_demand.state is DemandState.ANSWERED,
        "the answer",
        seconds=WINDOWS.market.answer_window,
    )
    assert len(client.result(job)) == len(TOKENS)


def test_an_output_that_all_withhold_is_paid_back_and_costs_each_of_them_a_slice(built):
    before = Ledger.of(built)
    client = built.client()
    job = settled(built, client)
    for node in built.nodes:
        node.kill()
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(client.output, job, patience_s=3)
        until(lambda: built.state(job).output_demand.pending, "the demand")
        built.net.devnet.increase_time(WINDOWS.market.answer_window)
        with pytest.raises(ResultUnavailableError, match="the payment is"):
            asking.result(60)

    outcome = client.outcome(job)
    assert (outcome.phase, outcome.reason) == (Phase.REFUNDED, "OutputWithheld")
    assert (outcome.spent, outcome.refunded) == (0, job.order.payment)
    slice_ = NO_SHOW_CEILINGS * slot_ceiling(job.order.tier)
    assert Ledger.of(built) - before == Ledger(
        requester=0, providers=even(built, 0), stakes=even(built, -slice_), burned=3 * slice_
    )
    assert_receipt_holds(built, job)


GARBAGE = {
    "no payload": b"garbage",
    "a count that lies": b"TSP1\xff\xff\xff\xff",
    "beyond what the order can need": b"x" * (8 + 4 * MAX_SEQUENCES + 4 * 256 + 1),
}


@pytest.mark.parametrize("payload", GARBAGE.values(), ids=GARBAGE)
def test_an_input_that_breaks_a_rule_is_paid_for_and_has_the_refused_output(built, payload):
    """The last one is too long for a delivery over HTTP: the answer on chain decides."""
    before = Ledger.of(built)
    client = built.client()
    salt, model = secrets.token_bytes(32), client.published(built.model)
    order = Order(
        client.account.address, model.id, 0, tier_of(parse_tokens(PRICE)), Mode.REDUNDANT, 3, 1,
        payload_root(payload, salt), bytes(32), secrets.randbits(64),
        client.market.clock().time + 600,
    )  # fmt: skip
    job = StoredJob(
        order.job_id(client.market.domain), order, salt, payload, built.model, None, None,
        client.market.clock().block,
    )  # fmt: skip
    built.net.clear_of_epochs_end()
    client.store.add(job)
    outcome = client.wait(job, timeout=150)

    assert outcome.settled
    assert outcome.output_root == payload_root(REFUSED, salt)
    with pytest.raises(InputRefusedError, match="refused the input"):
        client.result(job)
    until(lambda: collected(built, job), "the deposit's return")
    change = Ledger.of(built) - before
    fees = sum(event["args"]["fee"] for event in events(built, job, "Answered"))
    assert change.requester == fees - order.payment
    assert sum(change.providers.values()) == order.payment - fees
    assert (change.stakes, change.burned) == (even(built, 0), 0)
