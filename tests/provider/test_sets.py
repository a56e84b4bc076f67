"""A node opens its commitment only to the whole set of its round, and only to one."""

import pytest

from tests.provider.test_refusals import refusal
from tests.provider.test_whole_job import own
from touchstone.protocol.claims import Commit, draw_of


@pytest.fixture(scope="module")
def committed(world, module_node):
    """A job that the node has committed to."""
    job = world.drawn()
    assert module_node.deliver(world, job).status_code == 202
    module_node.committed(job)
    return job


@pytest.fixture
def shown(world, module_node, committed, peer):
    """The honest set for it."""
    commits = {
        module_node.account.address: own(module_node.status(committed)),
        peer.account.address: peer.commit(world, committed),
    }
    return world.commit_set(committed, commits)


def ask(node, job, shown):
    return node.client.post(f"{job.path}/set", json=shown)


def entry(shown, account):
    return next(c for c in shown["commits"] if c["provider"] == account.address)


def test_a_set_before_the_node_has_committed_is_too_early(world, module_node, shown):
    job = world.drawn()
    state = world.market.job(job.order)
    early = {**shown, "draw": "0x" + draw_of(state.seed, 0).hex()}
    assert refusal(ask(module_node, job, early)) == (409, "not_ready")


def test_a_set_for_another_draw_is_refused(module_node, committed, shown):
    wrong = {**shown, "draw": "0x" + "ab" * 32}
    assert refusal(ask(module_node, committed, wrong)) == (409, "wrong_draw")


def test_a_set_without_a_seat_is_incomplete(module_node, committed, shown):
    part = {**shown, "commits": shown["commits"][:1]}
    assert refusal(ask(module_node, committed, part)) == (409, "incomplete_set")


def test_seats_out_of_order_are_refused(module_node, committed, shown):
    turned = {**shown, "commits": shown["commits"][::-1]}
    assert refusal(ask(module_node, committed, turned)) == (422, "bad_set")


def test_a_reserve_in_the_set_is_refused(module_node, committed, shown):
    more = {**shown, "commits": [*shown["commits"], {**shown["commits"][0], "seat": 5}]}
    assert refusal(ask(module_node, committed, more)) == (422, "bad_set")


def test_a_commitment_of_a_stranger_is_refused(module_node, committed, shown, peer):
    entry(shown, peer.account)["provider"] = "0x" + "12" * 20
    assert refusal(ask(module_node, committed, shown)) == (422, "bad_set")


def test_a_commitment_signed_by_nobody_is_refused(module_node, committed, shown, peer):
    entry(shown, peer.account)["signature"] = "0x" + "01" * 64
    assert refusal(ask(module_node, committed, shown)) == (422, "bad_set")


def test_a_commitment_of_zeros_is_refused_although_it_is_signed(
    world, module_node, committed, shown, peer
):
    draw = bytes.fromhex(shown["draw"][2:])
    signature = Commit(committed.id, draw, bytes(32)).sign(world.market.domain, peer.account)
    theirs = entry(shown, peer.account)
    theirs["commitment"] = "0x" + "00" * 32
    theirs["signature"] = "0x" + signature.to_bytes().hex()
    assert refusal(ask(module_node, committed, shown)) == (422, "bad_set")


def test_a_signature_of_another_commitment_is_refused(module_node, committed, shown, peer):
    entry(shown, peer.account)["commitment"] = "0x" + "ab" * 32
    assert refusal(ask(module_node, committed, shown)) == (422, "bad_set")


def test_another_commitment_in_the_nodes_name_is_refused(
    world, module_node, committed, shown, peer
):
    mine = entry(shown, module_node.account)
    forged = type(peer)(module_node.account).commit(world, committed)
    mine["commitment"] = "0x" + forged[0].hex()
    mine["signature"] = "0x" + forged[1].to_bytes().hex()
    assert refusal(ask(module_node, committed, shown)) == (422, "bad_set")


def test_the_output_needs_the_jobs_salt(module_node, committed):
    answer = module_node.client.get(
        f"{committed.path}/output", headers={"X-Touchstone-Salt": "0x" + "00" * 32}
    )
    assert refusal(answer) == (401, "unsigned")


def test_once_a_claim_is_signed_no_other_set_is_opened(world, module_node, committed, shown, peer):
    first = ask(module_node, committed, shown)
    assert first.status_code == 200
    other = peer.commit(world, committed, salt=b"t" * 32)
    theirs = entry(shown, peer.account)
    before = dict(theirs)
    theirs["commitment"], theirs["signature"] = (
        "0x" + other[0].hex(),
        "0x" + other[1].to_bytes().hex(),
    )
    assert refusal(ask(module_node, committed, shown)) == (422, "bad_set")
    theirs.update(before)
    assert ask(module_node, committed, shown).text == first.text
