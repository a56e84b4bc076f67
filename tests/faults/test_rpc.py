"""The RPC endpoint is down, slow, behind, flapping, talks nonsense, or serves another chain."""

import secrets
import time

import pytest

from tests.faults.harness import LONG, TOKENS, market, until, waiting
from tests.faults.proxy import LAG_BLOCKS, MODES
from touchstone.localnet import Localnet, Offer
from touchstone.protocol.claims import delivery_struct_hash
from touchstone.protocol.eip712 import sign
from touchstone.protocol.jobs import Phase

pytestmark = pytest.mark.long

TROUBLE_S = 5


@pytest.fixture(scope="module")
def proxied(tmp_path_factory):
    """Providers and a verifier that reach their chain through a proxy; the requester does not."""
    with market(tmp_path_factory.mktemp("market"), proxied=True) as built:
        built.verifier = built.net.add_verifier()
        built.verifier.wait_ready()
        yield built


def processes(built) -> list[int]:
    return [node.pid for node in (*built.nodes, built.verifier) if node.running]


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "pass"])
def test_a_job_settles_after_the_rpc_endpoint_was(mode, proxied):
    built, proxy = proxied, proxied.proxy
    before, client = built.books(), built.client(float("inf"))
    alive = processes(built)
    asked = proxy.asked
    job = built.submit(client)
    with waiting(client, job) as outcomes:
        until(lambda: built.phase(job) is Phase.DRAWN, "the draw")
        proxy.mode = mode
        time.sleep(TROUBLE_S)
        proxy.mode = "pass"
    assert proxy.asked > asked
    assert outcomes[0].settled
    assert processes(built) == alive
    built.check_books(before, [job])
    built.signed_once(job)


@pytest.mark.parametrize("mode", ["lagging", "flapping", *(["slow"] if LONG else [])])
def test_a_whole_job_settles_while_the_rpc_endpoint_is(mode, proxied):
    built, proxy = proxied, proxied.proxy
    if mode == "lagging":
        until(lambda: built.net.devnet.w3.eth.block_number > LAG_BLOCKS, "a few blocks")
    before, client = built.books(), built.client(float("inf"))
    alive = processes(built)
    proxy.mode = mode
    try:
        job = built.submit(client)
        with waiting(client, job) as outcomes:
            pass
    finally:
        proxy.mode = "pass"
    assert outcomes[0].settled
    assert processes(built) == alive
    built.check_books(before, [job])
    built.signed_once(job)


@pytest.fixture
def copy_of_the_market(proxied, tmp_path):
    """Another chain with the same number, on which the same people made the same contracts."""
    with Localnet(tmp_path / "other", parameters=proxied.net.parameters, block_time=0.25) as other:
        other.devnet.increase_time(3600)
        model = other.publish(proxied.model_folder)
        other.fund(1)
        for number, node in enumerate(proxied.nodes):
            other.stake(10 + number, [Offer(model, proxied.model_folder, "0.01")], node.url)
        other.next_epoch()
        assert other.deployment.contracts == proxied.net.deployment.contracts
        yield other


def test_nothing_is_signed_for_another_chain_behind_the_same_address(
    proxied, copy_of_the_market, tmp_path
):
    built, proxy, other = proxied, proxied.proxy, copy_of_the_market
    before, client = built.books(), built.client(float("inf"))
    alive = processes(built)
    job = built.submit(client)
    with waiting(client, job) as outcomes:
        until(lambda: built.phase(job) is Phase.DRAWN, "the draw")
        # Much longer than the right one, so that whoever believes it skips blocks of the right one.
        other.devnet.mine(600)
        proxy.backend = other.devnet.url
        there = client_on(other, tmp_path)
        foreign = there.submit(TOKENS, built.model)
        until(lambda: other.market.clock().block >= other.market.job(foreign.order).since, "a seed")
        other.sender(3).send(other.market.draw([foreign.order]))
        for node in built.nodes:
            answer = deliver(node, other, foreign)
            assert answer.status_code in (404, 503), answer.text
        time.sleep(2)
        while_away = built.submit(client)
        time.sleep(1)
        proxy.backend = built.net.devnet.url
        with waiting(client, while_away) as later:
            pass
    assert outcomes[0].settled
    assert later[0].settled
    assert processes(built) == alive
    built.check_books(before, [job, while_away])
    for node in built.nodes:
        assert built.commits_of(node, foreign) == 0
        assert built.commits_of(node, job) == 1


def client_on(net, folder):
    from requester.client import Client

    home = folder / secrets.token_hex(4)
    return Client(net.devnet.w3, net.deployment, net.devnet.account(1), home)


def deliver(node, net, job):
    import httpx

    digest = net.market.domain.digest(delivery_struct_hash(job.id, job.salt))
    signature = sign(net.devnet.account(1), digest).expanded()
    return httpx.put(
        f"{node.url}/jobs/0x{job.id.hex()}/input",
        content=job.payload,
        headers={
            "X-Touchstone-Salt": "0x" + job.salt.hex(),
            "X-Touchstone-Signature": "0x" + signature.hex(),
        },
        timeout=60,
    )
