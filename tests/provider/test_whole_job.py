"""A node takes a job from delivery to a settlement on the chain."""

import numpy as np

from tests.provider.running import wait_until
from touchstone.chain.market import Reveal, Settlement
from touchstone.coordination.messages import ClaimMessage
from touchstone.protocol.claims import Claim, set_of
from touchstone.protocol.eip712 import Signature
from touchstone.protocol.jobs import Phase
from touchstone.protocol.payload import decode_payload, encode_payload, payload_root


def own(status):
    commit = status["commit"]
    return (
        bytes.fromhex(commit["commitment"][2:]),
        Signature.from_bytes(bytes.fromhex(commit["signature"][2:])),
    )


def test_a_job_goes_from_delivery_to_settlement(world, node, peer):
    job = world.drawn([(1, 2, 3), (40, 50)])
    answer = node.deliver(world, job)
    assert (answer.status_code, answer.json()["state"] in ("queued", "running", "committed")) == (
        202,
        True,
    )
    status = node.committed(job)
    assert (status["state"], status["round"]) == ("committed", 0)
    again = node.deliver(world, job)
    assert (again.status_code, again.json()["state"]) == (200, "committed")

    early = node.client.get(f"{job.path}/output", headers=world.delivery(job))
    assert (early.status_code, early.json()["error"]["rule"]) == (409, "not_ready")

    output = encode_payload([np.array(s, dtype=np.int32) for s in ((3, 5, 7), (81, 101))])
    root = payload_root(output, job.salt)
    theirs = peer.commit(world, job, root)
    commits = {node.account.address: own(status), peer.account.address: theirs}
    shown = world.commit_set(job, commits)
    answer = node.client.post(f"{job.path}/set", json=shown)
    assert answer.status_code == 200, answer.text
    claim = ClaimMessage.model_validate_json(answer.text)
    assert claim.output_root == root
    assert node.status(job)["state"] == "claimed"
    assert node.client.post(f"{job.path}/set", json=shown).text == answer.text

    got = node.client.get(f"{job.path}/output", headers=world.delivery(job))
    assert got.content == output
    assert [list(s) for s in decode_payload(got.content)] == [[3, 5, 7], [81, 101]]

    state = world.market.job(job.order)
    set_ = set_of([commits[state.providers[s]][0] for s in state.active])
    assert claim.set == set_
    draw = bytes.fromhex(shown["draw"][2:])
    signed = Claim.of(state, draw, root, set_, b"s" * 32).sign(world.market.domain, peer.account)
    reveals = {
        node.account.address: Reveal(claim.salt, Signature.from_bytes(claim.signature)),
        peer.account.address: Reveal(b"s" * 32, signed),
    }
    settlement = Settlement(
        job.order, root, tuple(reveals[state.providers[s]] for s in state.active)
    )
    world.sender(world.requester).send(world.market.settle([settlement]))
    assert world.market.job(job.order).phase is Phase.SETTLED
    wait_until(lambda: node.status(job)["state"] == "ended", what="the end")
    assert node.client.get(f"{job.path}/output", headers=world.delivery(job)).content == output


def test_health_tells_who_serves_what(world, node):
    health = node.client.get("/health").json()
    assert health["provider"] == node.account.address
    assert health["market"] == world.market.domain.market
    assert health["chain_id"] == 31337
    assert [(m["name"], m["version"], m["shard"], m["tier"]) for m in health["models"]] == [
        ("doubling", "1", 0, 45)
    ]
    assert (health["queued"], health["engine"]) == (0, "doubling")


def test_a_job_that_waits_for_its_input_says_so(world, node):
    job = world.drawn()
    wait_until(lambda: node.status(job)["round"] == 0, what="the draw, to the node's knowledge")
    status = node.status(job)
    assert (status["state"], status["commit"]) == ("waiting", None)
