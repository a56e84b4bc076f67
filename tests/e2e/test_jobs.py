"""Whole jobs between real processes on a real chain: first without any verifier, then with one."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.e2e.market import (
    ALL_HONEST,
    COLLUDING_PAIR,
    ONE_EQUIVOCATES,
    ONE_LIAR,
    ONE_SILENT,
    Market,
    bond_at,
    build_market,
)
from touchstone.amounts import parse_tokens
from touchstone.protocol.jobs import Phase
from touchstone.protocol.prices import BOUNTY, NO_SHOW_CEILINGS, REFUND, slot_ceiling, tier_of
from touchstone.receipts import build, check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from requester.client import Client
    from requester.follow import Outcome
    from requester.store import StoredJob

TEXTS = [
    "Gold leaves a yellow streak on a touchstone.",
    "A touchstone shows gold by the yellow streak that it leaves.",
    "The kettle is on the stove.",
]
BURNED = "0x000000000000000000000000000000000000dEaD"


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    built = build_market(tmp_path_factory.mktemp("market"))
    try:
        yield built
    finally:
        built.net.stop()
        if built.front is not None:
            built.front.__exit__()


@pytest.fixture(scope="module", params=["no verifier", "verifier"])
def client(market: Market, request: pytest.FixtureRequest) -> Iterator[Client]:
    """A requester that coordinates by itself, then one that leaves it all to the verifier."""
    if request.param == "no verifier":
        yield market.client("alone", patience_s=0.3)
        return
    verifier = market.net.add_verifier([market.model_folder])
    verifier.wait_ready()
    yield market.client("watched", patience_s=math.inf)
    verifier.stop()


def run(client: Client, market: Market, price: str, replicas: int) -> tuple[StoredJob, Outcome]:
    market.net.clear_of_epochs_end()
    job = client.submit(
        TEXTS,
        market.model,
        model_folder=market.model_folder,
        replicas=replicas,
        price=parse_tokens(price),
    )
    return job, client.wait(job, timeout=120)


def test_honest_providers_agree_and_are_paid(client: Client, market: Market) -> None:
    before = {name: market.earned(name) for name in market.nodes}
    job, outcome = run(client, market, ALL_HONEST, 3)
    assert outcome.phase is Phase.SETTLED
    assert outcome.spent == job.order.payment
    paid = {n for n in market.nodes if market.earned(n) == before[n] + job.order.share}
    assert paid == market.seated(job)
    assert len(paid) == 3

    a, b, c = client.real_result(job)
    assert np.linalg.norm(a) == pytest.approx(1, abs=1e-3)
    assert a @ b > 0.7 > 0.3 > a @ c


def test_one_liar_is_convicted_and_pays_everybody(client: Client, market: Market) -> None:
    convicts_all(client, market, ONE_LIAR, {"liar"})


def test_a_colluding_pair_is_convicted_by_the_honest(client: Client, market: Market) -> None:
    convicts_all(client, market, COLLUDING_PAIR, {"colluder-0", "colluder-1"})
    assert market.earned("colluder-0") == market.earned("colluder-1") == 0


def convicts_all(client: Client, market: Market, price: str, liars: set[str]) -> None:
    """A job with these liars in its five seats is contested; their bonds pay everybody else."""
    stakes = {name: market.stake(name) for name in market.nodes}
    requester, refunds = client.account.address, job_owner_balance(client)
    slices = market.net.vault.free_stake(requester)
    job, outcome = run(client, market, price, 5)
    assert outcome.phase is Phase.CONTESTED
    honest = market.seated(job) - liars
    assert liars <= market.seated(job)
    assert job_owner_balance(client) == refunds + job.order.payment
    assert market.held(job) == 5

    wait_for_conclusion(client, market, job, len(liars))
    assert market.held(job) == 0
    ceiling = slot_ceiling(tier_of(parse_tokens(price)))
    gains = {name: market.stake(name) - stakes[name] for name in market.nodes}
    assert {name: gains[name] for name in liars} == dict.fromkeys(liars, -bond_at(price))
    # Everybody honest is paid its share, and whom a liar lost to its bounty.
    winners = market.winners(job)
    assert (len(winners), set(winners) <= honest) == (len(liars), True)
    for winner in winners:
        gains[winner] -= BOUNTY * ceiling
    assert {name: gains[name] for name in honest} == dict.fromkeys(honest, job.order.share)
    assert {gains[name] for name in set(gains) - honest - liars} <= {0}
    refunded = market.net.vault.free_stake(requester) - slices
    assert refunded == len(liars) * REFUND * ceiling


def test_the_silent_one_is_slashed_and_replaced(client: Client, market: Market) -> None:
    stake, burned = market.stake("silent"), market.net.token.balance_of(BURNED)  # type: ignore[arg-type]
    job, outcome = run(client, market, ONE_SILENT, 3)
    assert outcome.phase is Phase.SETTLED
    assert outcome.spent == job.order.payment
    assert "silent" not in market.seated(job)
    penalty = NO_SHOW_CEILINGS * slot_ceiling(tier_of(parse_tokens(ONE_SILENT)))
    assert market.stake("silent") == stake - penalty
    assert market.net.token.balance_of(BURNED) == burned + penalty  # type: ignore[arg-type]
    assert market.earned("silent") == 0


def test_the_equivocator_loses_its_whole_bond(client: Client, market: Market) -> None:
    stake = market.stake("two-faced")
    job, outcome = run(client, market, ONE_EQUIVOCATES, 3)
    assert outcome.phase is Phase.SETTLED
    assert "two-faced" not in market.seated(job)
    assert market.stake("two-faced") == stake - bond_at(ONE_EQUIVOCATES)


def test_a_receipt_of_every_job_checks_alone(client: Client, market: Market) -> None:
    jobs = client.jobs()
    assert jobs
    for job in jobs:
        receipt = build(market.net.devnet.w3, market.net.deployment, job.order)
        results = check(receipt, market.net.devnet.w3)
        assert results
        assert [r for r in results if not r.ok] == []


def test_the_contracts_hold_what_they_owe(client: Client, market: Market) -> None:
    net = market.net
    accounts = [net.devnet.account(n).address for n in range(40)]
    owed = sum(sum(net.market.balance_of(account)) for account in accounts)
    assert net.token.balance_of(net.market.contract.address) == owed
    staked = sum(market.stake(name) for name in market.nodes)
    bounties = sum(
        net.vault.free_stake(account)
        for account in accounts
        if account not in market.addresses.values()
    )
    assert net.token.balance_of(net.vault.address) == staked + bounties


def job_owner_balance(client: Client) -> int:
    withdrawable, _ = client.market.balance_of(client.account.address)
    return withdrawable


def wait_for_conclusion(client: Client, market: Market, job: StoredJob, liars: int) -> None:
    """The honest begin a game with each liar; liars have nothing to show, and their clocks run."""
    disputes = market.disputes
    wait_until(lambda: disputes.contest(job.id).games == liars)
    wait_until(lambda: any(p.stated_at for p in disputes.parties(job.id, range(5)).values()))
    market.net.devnet.increase_time(disputes.clock)
    wait_until(lambda: client.state(job).phase is Phase.CONCLUDED)


def wait_until(condition: Callable[[], bool], timeout_s: float = 60) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)
