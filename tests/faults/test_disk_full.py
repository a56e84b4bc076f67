"""A node's disk is full for a while: it says so, signs nothing that it cannot keep, and goes on."""

import resource
import time
from contextlib import contextmanager

import httpx
import pytest

from tests.faults.harness import market, until, waiting
from touchstone.protocol.claims import delivery_struct_hash
from touchstone.protocol.eip712 import sign
from touchstone.protocol.jobs import Phase

pytestmark = pytest.mark.long

FULL_S = 4


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    with market(tmp_path_factory.mktemp("market")) as built:
        yield built


@contextmanager
def full_disk(node):
    """No file of the process can grow, as on a full disk; what is there can be read."""
    soft, hard = resource.prlimit(node.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(node.pid, resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.prlimit(node.pid, resource.RLIMIT_FSIZE, (soft, hard))


def deliver(built, node, job) -> httpx.Response:
    digest = built.net.market.domain.digest(delivery_struct_hash(job.id, job.salt))
    signature = sign(built.net.devnet.account(1), digest).expanded().hex()
    headers = {
        "X-Touchstone-Salt": "0x" + job.salt.hex(),
        "X-Touchstone-Signature": "0x" + signature,
    }
    url = f"{node.url}/jobs/0x{job.id.hex()}/input"
    return httpx.put(url, content=job.payload, headers=headers, timeout=30)


def test_a_node_with_a_full_disk_takes_nothing_and_says_why(built):
    before, client = built.books(), built.client(float("inf"))
    victim = built.nodes[0]
    pid = victim.pid
    job = built.submit(client)
    until(lambda: built.phase(job) is Phase.DRAWN, "the draw")
    until(lambda: built.job_at(victim, job).get("state") == "waiting", "the job at the node")
    with full_disk(victim):
        answer = deliver(built, victim, job)
        assert answer.status_code == 503
        assert answer.json()["error"]["rule"] == "busy"
        assert "disk" in answer.json()["error"]["message"]
        assert httpx.get(f"{victim.url}/health", timeout=10).status_code == 200
    driven = built.client()
    driven.store.add(job)
    with waiting(driven, job) as outcomes:
        pass
    assert outcomes[0].settled
    assert victim.pid == pid
    assert victim.running
    built.check_books(before, [job])


def test_a_node_whose_disk_fills_while_it_works_signs_when_there_is_room_again(built):
    before, client = built.books(), built.client()
    victim = built.nodes[1]
    pid = victim.pid
    job = built.submit(client)
    until(lambda: built.phase(job) is Phase.DRAWN, "the draw")
    with waiting(client, job) as outcomes, full_disk(victim):
        time.sleep(FULL_S)
        assert built.commits_of(victim, job) == 0
        assert not built.job_at(victim, job).get("commit")
    assert outcomes[0].settled
    assert built.commits_of(victim, job) == 1
    assert victim.pid == pid
    assert victim.running
    built.check_books(before, [job])
    built.signed_once(job)
