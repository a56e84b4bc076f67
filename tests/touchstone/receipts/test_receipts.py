"""Receipts of real jobs on a real chain, and what becomes of them when a byte is changed."""

import copy
import json

import numpy as np
import pytest

from requester.client import Client
from tests.support.minimal_node import doubled, wrong
from tests.support.world import SHORT, small_world
from touchstone.coordination.coordinator import Coordinator
from touchstone.protocol.jobs import Phase
from touchstone.protocol.prices import RESERVATION_PARTS
from touchstone.receipts import build, check

WINDOWS = SHORT.market
TOKENS = [np.array([1, 2, 3], np.int32)]


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    with small_world() as world:
        yield world, client_of(world, tmp_path_factory.mktemp("honest"))


@pytest.fixture(scope="module")
def settled(honest):
    """A settled job's receipt with its payloads opened, and the chain."""
    world, client = honest
    job = client.submit(TOKENS, "doubler@1")
    assert client.wait(job, timeout=60).settled
    receipt = build(
        world.devnet.w3,
        world.deployment,
        job.order,
        salt=job.salt,
        input_payload=job.payload,
        output_payload=client.output(job),
    )
    return json.loads(json.dumps(receipt)), world


def client_of(world, home):
    return Client(
        world.devnet.w3, world.deployment, world.requester, home, patience_s=0, poll_s=0.1
    )


def failed(results):
    return [(result.name, result.detail) for result in results if not result.ok]


def leaves_of(value, path=()):
    """Paths of everything in the receipt that is no container."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves_of(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves_of(item, (*path, index))
    else:
        yield path


def changed(value):
    """The same kind of value, a little different: one bit of bytes, one more of a number."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if value is None:
        return "0x" + "11" * 32
    if value.startswith("0x"):
        return value[:-1] + format(int(value[-1], 16) ^ 1, "x")
    return str(int(value) + 1) if value.isdigit() else value + "x"


def at(receipt, path):
    for key in path:
        receipt = receipt[key]
    return receipt


def test_a_settled_jobs_receipt_passes_every_check(settled):
    receipt, world = settled
    results = check(receipt, world.devnet.w3, world.deployment)

    assert failed(results) == []
    assert len(results) > 15
    assert receipt["verdict"]["phase"] == "settled"
    assert [claim["signature"] is not None for claim in receipt["claims"]] == [True] * 3


def test_it_passes_what_can_be_checked_without_a_chain(settled):
    receipt, _ = settled
    assert failed(check(receipt, None)) == []


def test_any_changed_field_fails_a_check(settled):
    receipt, world = settled
    unnoticed = []
    for path in leaves_of(receipt):
        forged = copy.deepcopy(receipt)
        at(forged, path[:-1])[path[-1]] = changed(at(receipt, path))
        if not failed(check(forged, world.devnet.w3, world.deployment)):
            unnoticed.append(path)
    assert unnoticed == []


def test_any_field_left_out_fails_a_check(settled):
    receipt, world = settled
    unnoticed = []
    for path in leaves_of(receipt):
        forged = copy.deepcopy(receipt)
        del at(forged, path[:-1])[path[-1]]
        if not failed(check(forged, world.devnet.w3, world.deployment)):
            unnoticed.append(path)
    assert unnoticed == []


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (("order", "units"), "job"),
        (("job",), "job"),
        (("chain_id",), "job"),
        (("model", "version"), "model"),
        (("model", "weight_root"), "model on chain"),
        (("draw", "seed"), "draw"),
        (("draw", "seats", 0, "provider"), "seats on chain"),
        (("draw", "bond"), "draw"),
        (("claims", 1, "salt"), "commitments"),
        (("claims", 1, "signature"), "signatures"),
        (("set",), "set"),
        (("verdict", "refund"), "verdict"),
        (("payloads", "salt"), "payloads"),
        (("events", 0, "block"), "events on chain"),
        (("opening", "sender"), "opening on chain"),
    ],
)
def test_the_check_that_fails_says_what_is_wrong(settled, path, name):
    receipt, world = settled
    forged = copy.deepcopy(receipt)
    at(forged, path[:-1])[path[-1]] = changed(at(receipt, path))

    assert name in [found for found, _ in failed(check(forged, world.devnet.w3))]


def test_seats_that_no_job_has_are_refused_by_name(settled):
    receipt, world = copy.deepcopy(settled[0]), settled[1]
    paid = next(e["args"] for e in receipt["events"] if e["event"] == "Settled")
    paid["paid"] = str(int(paid["paid"]) | 1 << 9)
    details = [detail for _, detail in failed(check(receipt, world.devnet.w3))]
    assert any("bits of 7 seats expected" in detail for detail in details), details


def test_an_event_left_out_is_noticed(settled):
    receipt, world = settled
    for index in range(len(receipt["events"])):
        forged = copy.deepcopy(receipt)
        del forged["events"][index]
        assert failed(check(forged, world.devnet.w3))


def test_another_market_is_not_the_trusted_one(settled):
    from dataclasses import replace

    receipt, world = settled
    other = replace(
        world.deployment,
        contracts={**world.deployment.contracts, "Market": world.deployment.address("Token")},
    )
    assert "deployment" in [name for name, _ in failed(check(receipt, world.devnet.w3, other))]


def test_something_else_is_no_receipt():
    (result,) = check({"format": "letter"}, None)
    assert not result.ok


def test_a_contested_and_then_concluded_job_has_receipts(tmp_path):
    with small_world((doubled, doubled, wrong)) as world:
        client = client_of(world, tmp_path)
        job = client.submit(TOKENS, "doubler@1")
        client.wait(job, timeout=60)
        receipt = build(world.devnet.w3, world.deployment, job.order)
        assert failed(check(receipt, world.devnet.w3)) == []
        assert receipt["verdict"]["phase"] == "contested"
        assert len({claim["output_root"] for claim in receipt["claims"]}) == 2

        world.devnet.increase_time(SHORT.dispute.window)
        assert client.reclaim(job).phase is Phase.CONCLUDED
        stale = failed(check(receipt, world.devnet.w3))
        assert [name for name, _ in stale] == ["state on chain"]
        assert failed(check(build(world.devnet.w3, world.deployment, job.order), None)) == []


def test_a_refunded_job_has_a_receipt(tmp_path):
    with small_world(block_time=None) as world:
        client = client_of(world, tmp_path)
        job = client.submit(TOKENS, "doubler@1")
        world.devnet.mine(200)
        client.reclaim(job)
        receipt = build(world.devnet.w3, world.deployment, job.order)

        assert failed(check(receipt, world.devnet.w3)) == []
        assert receipt["verdict"]["reason"] == "NeverDrawn"
        assert receipt["verdict"]["refund"] == str(job.order.payment)


def test_jobs_whose_bytes_were_withheld_have_receipts(tmp_path):
    with small_world() as world:
        client = client_of(world, tmp_path)
        job = client.submit(TOKENS, "doubler@1")
        assert client.wait(job, timeout=60).settled
        client.demand(job)
        pending = build(world.devnet.w3, world.deployment, job.order)
        assert failed(check(pending, world.devnet.w3)) == []
        assert pending["verdict"]["payments"] != []

        world.devnet.increase_time(WINDOWS.answer_window + 1)
        client.reclaim(job)
        unwound = build(world.devnet.w3, world.deployment, job.order)
        assert failed(check(unwound, world.devnet.w3)) == []
        assert unwound["verdict"]["reason"] == "OutputWithheld"
        assert unwound["verdict"]["payments"] == []
        assert unwound["verdict"]["refund"] == str(job.order.payment)

        starved = client.submit(TOKENS, "doubler@1")
        coordinator = Coordinator(client.market, client.vault, client.sender)
        while client.state(starved).phase is not Phase.DRAWN:
            coordinator.step(starved.order)
        provider = client.state(starved).providers[1]
        demander = world.sender_of(provider)
        deposit = client.market.answer_deposit
        demander.send(client.token.mint(provider, deposit))
        demander.send(client.token.approve(client.market.contract.address, deposit))
        demander.send(client.market.demand_input(starved.order, 1))
        world.devnet.increase_time(WINDOWS.answer_window + 1)
        client.reclaim(starved)
        withheld = build(world.devnet.w3, world.deployment, starved.order)
        assert failed(check(withheld, world.devnet.w3)) == []
        fee = starved.order.share // RESERVATION_PARTS
        assert withheld["verdict"]["payments"] == [
            {"seat": 1, "provider": provider, "amount": str(fee)}
        ]
        assert withheld["verdict"]["refund"] == str(starved.order.payment - fee)


def test_a_job_opened_with_others_has_a_receipt(tmp_path):
    with small_world() as world:
        client = client_of(world, tmp_path)
        jobs = client.submit_many([TOKENS, TOKENS], "doubler@1")
        receipt = build(world.devnet.w3, world.deployment, jobs[1].order)
        assert failed(check(receipt, world.devnet.w3)) == []
        assert receipt["opening"] == {"sender": world.requester.address, "signature": None}
