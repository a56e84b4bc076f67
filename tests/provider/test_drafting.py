"""A node reads on in a draft, for the requester alone, and passes on what comes out."""

import numpy as np
import pytest

from provider.drafting import MOST_DRAFTS, READINGS
from tests.provider.running import free_port, running_node
from tests.provider.test_refusals import refusal
from tests.provider.world import UNIT_ROWS, config_for

DEFERRED = {"input_root": bytes(32)}


@pytest.fixture(scope="module")
def node(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("node")
    config = config_for(folder, executor="summing", port=free_port())
    account = world.devnet.account(2)
    world.sender(account).send(world.vault.set_endpoint(config.node.endpoint))
    with running_node(world, account, config) as running:
        yield running


def stage(world, job, provider):
    headers = world.delivery(job)
    return {
        "job": "0x" + job.id.hex(),
        "provider": provider,
        "salt": headers["X-Touchstone-Salt"],
        "signature": headers["X-Touchstone-Signature"],
    }


def ask(node, world, job, start, tokens, then=(), account=None, **changes):
    rows = "0x" + np.array(tokens, "<i4").tobytes().hex()
    return node.client.post(
        f"{job.path}/draft",
        json={"start": start, "rows": rows, "then": list(then)} | changes,
        headers=world.delivery(job, account),
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
    assert refusal(ask(node, world, ordinary, 0, [1])) == (409, "unfunded")
    assert refusal(ask(node, world, job, 1, [1])) == (409, "not_ready")
    assert refusal(ask(node, world, job, 0, [])) == (422, "malformed")
    assert refusal(ask(node, world, job, 0, [], rows="0x123456")) == (422, "malformed")
    assert refusal(ask(node, world, job, 0, [1], twice)) == (422, "malformed")
    assert refusal(ask(node, world, job, 0, range(17))) == (422, "malformed")
    assert refusal(ask(node, world, job, 0, range(1 << 14))) == (413, "oversized")
    refused = ask(node, world, job, 0, [1], [other])
    assert refusal(refused) == (409, "not_ready") and "fixed already" in refused.text
    # Nobody listens where the other provider says that it is.
    nowhere = stage(world, world.drawn(**DEFERRED), peer.account.address)
    assert refusal(ask(node, world, job, 0, [1], [nowhere])) == (409, "not_ready")


def test_a_draft_ends_when_its_order_has_paid_for_no_more(world, node):
    job = world.drawn(**DEFERRED)
    for _ in range(READINGS * UNIT_ROWS // 16):
        tokens_of(ask(node, world, job, 0, range(16)))
    assert refusal(ask(node, world, job, 0, [1])) == (413, "oversized")


def test_old_caches_make_room_and_what_was_read_still_counts(world, node):
    jobs = [world.drawn(**DEFERRED) for _ in range(MOST_DRAFTS + 1)]
    for job in jobs:
        for _ in range(READINGS * UNIT_ROWS // 16):
            tokens_of(ask(node, world, job, 0, range(16)))
    assert refusal(ask(node, world, jobs[0], 16, [1])) == (413, "oversized")
    fresh = world.drawn(**DEFERRED)
    tokens_of(ask(node, world, fresh, 0, [1]))
    for job in jobs:
        refusal(ask(node, world, job, 0, [1]))
    assert refusal(ask(node, world, fresh, 1, [1])) == (409, "not_ready")
