"""A node that is audited, and one that audits, each with the other side played by hand."""

import numpy as np
import pytest

from tests.provider.running import wait_until
from tests.provider.test_refusals import refusal
from tests.provider.test_whole_job import own
from touchstone.amounts import ONE_TOKEN
from touchstone.chain.disputes import Disputes
from touchstone.chain.market import Reveal, Settlement
from touchstone.coordination.messages import ClaimMessage
from touchstone.protocol.audits import AuditState, audit_request_hash, seal_of
from touchstone.protocol.claims import Claim, draw_of, set_of
from touchstone.protocol.eip712 import Signature, sign
from touchstone.protocol.merkle import merkle_root
from touchstone.protocol.orders import Mode, audit_bits
from touchstone.protocol.payload import encode_payload, payload_root

ALWAYS = {"mode": Mode.OPTIMISTIC | audit_bits(1), "replicas": 1}
TOKENS = (3, 1, 2)


@pytest.fixture
def node(module_node):
    return module_node


def right(job):
    return encode_payload([(2 * np.array(TOKENS) + 1).astype(np.int32)])


def drawn_for(world, address):
    """An audited job that this provider is drawn for; the others settle elsewhere, or never."""
    for _ in range(60):
        job = world.drawn([TOKENS], **ALWAYS)
        if address in world.market.job(job.order).providers.values():
            return job
    raise AssertionError("the provider is never drawn")


def settle(world, job, root, reveal):
    call = world.market.settle([Settlement(job.order, root, (reveal,))])
    world.sender(world.requester).send(call)


def settled_by_node(world, node):
    """The node's job, settled by its own claim."""
    job = drawn_for(world, node.account.address)
    node.deliver(world, job)
    commits = {node.account.address: own(node.committed(job))}
    shown = world.commit_set(job, commits)
    answer = node.client.post(f"{job.path}/set", json=shown)
    claim = ClaimMessage.model_validate_json(answer.text)
    settle(world, job, claim.output_root, Reveal(claim.salt, Signature.from_bytes(claim.signature)))
    return job


def settled_by(world, peer, job, output):
    """The peer's job, settled by its claim on `output`."""
    root, state = payload_root(output, job.salt), world.market.job(job.order)
    commitment, _ = peer.commit(world, job, root)
    draw = draw_of(state.seed, state.round)
    claim = Claim.of(state, draw, root, set_of([commitment]), b"s" * 32)
    reveal = Reveal(b"s" * 32, claim.sign(world.market.domain, peer.account))
    settle(world, job, root, reveal)
    return reveal


def audit(world, job):
    return world.market.job(job.order).audit


def is_drawn(world, job):
    world.devnet.mine(1)
    return audit(world, job).state is AuditState.DRAWN


def request(world, job, account):
    digest = world.market.domain.digest(audit_request_hash(job.id))
    return {"X-Touchstone-Signature": "0x" + sign(account, digest).expanded().hex()}


def test_the_auditor_alone_is_given_the_input_and_the_requester_alone_the_output(world, node, peer):
    job = settled_by_node(world, node)
    path, salt = f"{job.path}/output", {"X-Touchstone-Salt": "0x" + job.salt.hex()}
    asked = node.client.get(f"{job.path}/input", headers=request(world, job, peer.account))
    assert asked.status_code in (200, 409)
    wait_until(lambda: is_drawn(world, job), what="the draw of an auditor")
    for stranger in (world.requester, node.account):
        answer = node.client.get(f"{job.path}/input", headers=request(world, job, stranger))
        assert refusal(answer) == (401, "unsigned")
    assert refusal(node.client.get(f"{job.path}/input")) == (401, "unsigned")
    given = node.client.get(f"{job.path}/input", headers=request(world, job, peer.account))
    assert given.content == job.salt + job.payload

    # Whoever audits has the salt now, and must not be spared the work.
    assert refusal(node.client.get(path, headers=salt)) == (401, "unsigned")
    assert node.client.get(path, headers=world.delivery(job)).content == right(job)

    seal = seal_of(job.id, peer.account.address, merkle_root(right(job)), job.salt)
    world.sender(peer.account).send(world.market.vouch(job.order, seal))
    assert node.client.get(path, headers=salt).content == right(job)
    answer = node.client.get(f"{job.path}/input", headers=request(world, job, peer.account))
    assert refusal(answer) == (409, "not_ready")


def test_an_input_that_its_auditor_demands_is_published_by_the_node(world, node, peer):
    job = settled_by_node(world, node)
    wait_until(lambda: is_drawn(world, job), what="the draw of an auditor")
    sender, market = world.sender(peer.account), world.market
    sender.send(world.token.mint(peer.account.address, 10 * ONE_TOKEN))
    sender.send(world.token.approve(market.contract.address, 10 * ONE_TOKEN))
    sender.send(market.demand_audit_input(job.order))
    world.devnet.increase_time(market.parameters.answer_window // 2 + 1)
    answer = wait_until(lambda: _answer(world, job), what="the answer")
    assert (answer.payload, answer.salt) == (job.payload, job.salt)
    assert audit(world, job).state is AuditState.DRAWN


def _answer(world, job):
    state = world.market.job(job.order).input_demand.state
    return world.market.answer(job.id, output=False) if state.name == "ANSWERED" else None


def test_a_node_demands_the_input_and_takes_what_is_published(world, node, peer):
    job = drawn_for(world, peer.account.address)
    settled_by(world, peer, job, right(job))
    market = world.market
    wait_until(lambda: is_drawn(world, job), what="the draw of an auditor")
    world.devnet.increase_time(market.parameters.commit_window // 3 + 1)
    wait_until(lambda: market.job(job.order).input_demand.pending, what="the demand")
    answer = market.answer_audit_input(job.order, job.payload, job.salt)
    world.sender(world.requester).send(answer)
    wait_until(lambda: audit(world, job).state is AuditState.VOUCHED, what="the seal")
    found = audit(world, job).seal
    assert found == seal_of(job.id, node.account.address, merkle_root(right(job)), job.salt)


def test_a_node_disputes_a_result_that_it_does_not_find(world, node, peer):
    job = drawn_for(world, peer.account.address)
    wrong = encode_payload([np.array([1, 2, 3], np.int32)])
    settled_by(world, peer, job, wrong)
    market = world.market
    wait_until(lambda: is_drawn(world, job), what="the draw of an auditor")
    world.devnet.increase_time(market.parameters.commit_window // 3 + 1)
    wait_until(lambda: market.job(job.order).input_demand.pending, what="the demand")
    answer = market.answer_audit_input(job.order, job.payload, job.salt)
    world.sender(world.requester).send(answer)
    wait_until(lambda: market.challenged(job.id), what="the challenge")
    assert audit(world, job).state is AuditState.DRAWN


def test_a_node_joins_a_dispute_that_a_friend_of_the_liar_began(world, node, peer):
    job = drawn_for(world, peer.account.address)
    wrong = encode_payload([np.array([1, 2, 3], np.int32)])
    reveal = settled_by(world, peer, job, wrong)
    market, disputes = world.market, Disputes(world.w3, world.deployment)
    friend = world.devnet.account(7)
    world.fund_gas(friend)
    sender = world.sender(friend)
    sender.send(world.token.mint(friend.address, disputes.bond))
    sender.send(world.token.approve(disputes.address, disputes.bond))
    root = payload_root(wrong, job.salt)
    sender.send(disputes.challenge(job.order, root, [reveal], b"g" * 32))
    wait_until(lambda: is_drawn(world, job), what="the draw of an auditor")
    world.devnet.increase_time(market.parameters.commit_window // 3 + 1)
    wait_until(lambda: market.job(job.order).input_demand.pending, what="the demand")
    answer = market.answer_audit_input(job.order, job.payload, job.salt)
    world.sender(world.requester).send(answer)
    wait_until(lambda: disputes.contest(job.id).live == 2, what="a second challenger")
    parties = disputes.parties(job.id, [8, 9])
    assert [party.account for party in parties.values()] == [friend.address, node.account.address]


def test_a_seal_of_nothing_is_refuted_by_the_node(world, node, peer):
    job = settled_by_node(world, node)
    wait_until(lambda: is_drawn(world, job), what="the draw of an auditor")
    world.sender(peer.account).send(world.market.vouch(job.order, b"w" * 32))
    wait_until(lambda: audit(world, job).state is AuditState.OVER, what="the refutation")
