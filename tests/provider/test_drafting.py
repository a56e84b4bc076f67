"""A node reads on in a draft, for the requester alone, and passes on what comes out."""

import numpy as np
import pytest

from provider import drafting
from provider.drafting import READINGS, ROWS_AT_ONCE
from tests.provider import executors
from tests.provider.running import free_port, running_node, wait_until
from tests.provider.test_refusals import refusal
from tests.provider.world import UNIT_ROWS, config_for
from touchstone.protocol.claims import sign_draft

DEFERRED = {"input_root": bytes(32)}


@pytest.fixture(scope="module")
def node(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("node")
    config = config_for(folder, executor="summing", port=free_port())
    account = world.devnet.account(2)
    world.sender(account).send(world.vault.set_endpoint(config.node.endpoint))
    with running_node(world, account, config) as running:
        yield running


def stage(world, job, provider, account=None):
    signed = sign_draft(world.market.domain, account or world.requester, job.id, provider, job.salt)
    return {
        "job": "0x" + job.id.hex(),
        "provider": provider,
        "salt": "0x" + job.salt.hex(),
        "signature": "0x" + signed.hex(),
    }


def ask(node, world, job, start, tokens, then=(), account=None, signed=None, **changes):
    rows = "0x" + np.array(tokens, "<i4").tobytes().hex()
    mine = signed or stage(world, job, node.account.address, account)
    return node.client.post(
        f"{job.path}/draft",
        json={"start": start, "rows": rows, "then": list(then)} | changes,
        headers={
            "X-Touchstone-Salt": mine["salt"],
            "X-Touchstone-Signature": mine["signature"],
        },
    )


def tokens_of(answer):
    assert answer.status_code == 200, answer.text
    return np.frombuffer(bytes.fromhex(answer.json()["rows"][2:]), "<i4").tolist()


def test_a_draft_goes_on_where_it_stands_and_through_other_nodes(world, node):
    first, second = world.drawn(**DEFERRED), world.drawn(**DEFERRED)
    assert tokens_of(ask(node, world, first, 0, [1, 2, 3])) == [1, 3, 6]
    assert tokens_of(ask(node, world, first, 3, [4])) == [10]
    # Begun anew, and through another: sums of sums.
    then = [stage(world, second, node.account.address)]
    assert tokens_of(ask(node, world, first, 0, [1, 2, 3], then)) == [1, 4, 10]
    assert tokens_of(ask(node, world, first, 3, [4], then)) == [20]
    assert node.status(first)["state"] == "waiting"


def test_what_breaks_a_rule_is_refused(world, node, peer):
    job, ordinary = world.drawn(**DEFERRED), world.drawn()
    other = stage(world, ordinary, node.account.address)
    twice = [stage(world, job, node.account.address)] * 2
    stranger = world.devnet.account(5)
    assert refusal(ask(node, world, job, 0, [1], account=stranger)) == (401, "unsigned")
    # What admits the requester at one node is of no use at another.
    elsewhere = stage(world, job, peer.account.address)
    assert refusal(ask(node, world, job, 0, [1], signed=elsewhere)) == (401, "unsigned")
    assert refusal(ask(node, world, ordinary, 0, [1])) == (409, "unfunded")
    assert refusal(ask(node, world, job, 1, [1])) == (409, "not_ready")
    assert refusal(ask(node, world, job, 0, [])) == (422, "malformed")
    assert refusal(ask(node, world, job, 0, [], rows="0x123456")) == (422, "malformed")
    assert refusal(ask(node, world, job, 0, [1], twice)) == (422, "malformed")
    assert refusal(ask(node, world, job, 0, range(17))) == (422, "malformed")
    assert refusal(ask(node, world, job, 0, range(ROWS_AT_ONCE + 1))) == (413, "oversized")
    assert refusal(ask(node, world, job, 0, range(1 << 14))) == (413, "oversized")
    refused = ask(node, world, job, 0, [1], [other])
    assert refusal(refused) == (409, "not_ready") and "fixed already" in refused.text
    # Nobody listens where the other provider says that it is.
    nowhere = stage(world, world.drawn(**DEFERRED), peer.account.address)
    assert refusal(ask(node, world, job, 0, [1], [nowhere])) == (409, "not_ready")


def test_a_draft_ends_when_its_order_has_paid_for_no_more(world, node):
    job = world.drawn(**DEFERRED)
    for number in range(READINGS * UNIT_ROWS // 16):
        tokens_of(ask(node, world, job, 0, [number] * 16))
    assert refusal(ask(node, world, job, 0, [1])) == (413, "oversized")


def test_a_request_that_is_repeated_is_answered_alike_and_counts_once(world, node):
    job = world.drawn(**DEFERRED)
    assert tokens_of(ask(node, world, job, 0, [1, 2])) == [1, 3]
    for _ in range(READINGS * UNIT_ROWS):
        assert tokens_of(ask(node, world, job, 2, [4])) == [7]
    assert tokens_of(ask(node, world, job, 3, [1])) == [8]


def test_jobs_come_before_drafts(world, node):
    draft, job = world.drawn(**DEFERRED), world.drawn()
    executors.GATE.clear()
    executors.SUM_GATED = True
    try:
        assert node.deliver(world, job).status_code == 202
        wait_until(lambda: node.status(job)["state"] == "running", what="the execution")
        assert refusal(ask(node, world, draft, 0, [1])) == (503, "busy")
    finally:
        executors.SUM_GATED = False
        executors.GATE.set()
    node.committed(job)
    assert tokens_of(ask(node, world, draft, 0, [1])) == [1]


def test_caches_are_bounded_and_idle_ones_make_room(world, node, monkeypatch):
    monkeypatch.setattr(drafting, "MOST_DRAFTS", 2)
    first, second, third = (world.drawn(**DEFERRED) for _ in range(3))
    monkeypatch.setattr(drafting, "IDLE_S", 0.0)
    for job in (first, second):
        tokens_of(ask(node, world, job, 0, [1]))
    monkeypatch.setattr(drafting, "IDLE_S", 30.0)
    assert refusal(ask(node, world, third, 0, [1])) == (503, "busy")
    tokens_of(ask(node, world, first, 1, [1]))
    monkeypatch.setattr(drafting, "IDLE_S", 0.0)
    tokens_of(ask(node, world, third, 0, [1]))
    # One of the two had to begin again.
    again = [ask(node, world, first, 2, [1]), ask(node, world, second, 1, [1])]
    assert (409, "not_ready") in [refusal(a) for a in again if a.status_code != 200]
