"""Jobs that the chain has audited: real nodes compute, serve, vouch, dispute and check."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from requester.client import Client
from requester.store import StoredJob
from tests.e2e.market import HEAVY, PARAMETERS, ROOT
from tests.e2e.test_collusion import stake_of
from tests.support import warm
from touchstone.amounts import parse_tokens
from touchstone.chain.disputes import Disputes
from touchstone.disputes.game import FIRST_CHALLENGER as CHALLENGER
from touchstone.localnet import Localnet, Offer, compiled_minilm
from touchstone.protocol.audits import AuditState
from touchstone.protocol.jobs import Phase
from touchstone.protocol.prices import BOUNTY, REFUND, bond, slot_ceiling, tier_of

pytestmark = pytest.mark.long
HONEST, LIAR, LAZY, GONE = "0.01", "0.02", "0.05", "0.1"
TEXTS = ["Gold leaves a yellow streak on a touchstone."]
FIRST, SECOND, TAMPERER, MORTAL, IDLER = range(5)
"""The providers, in the order in which they are started; the last has no node."""


@dataclass
class Scene:
    net: Localnet
    model: str
    folder: Path
    disputes: Disputes
    client: Client

    def address(self, provider: int) -> str:
        return self.net.devnet.account(10 + provider).address

    def settled(self, price: str, odds: int = 1) -> StoredJob:
        job = self.client.submit(
            TEXTS,
            self.model,
            model_folder=self.folder,
            replicas=1,
            audit_odds=odds,
            price=parse_tokens(price),
        )
        assert self.client.wait(job, timeout=120).phase is Phase.SETTLED
        return job

    def audit(self, job: StoredJob) -> AuditState:
        return self.net.market.job(job.order).audit.state

    def happened(self, job: StoredJob, *names: str) -> list[dict]:
        head = self.net.devnet.w3.eth.block_number
        events = self.net.market.events(job.first_block, head, job.id, names)
        return [dict(event["args"]) for event in events]

    def until(self, condition: Callable[[], object]) -> None:
        end = time.monotonic() + 150
        while not condition():
            assert time.monotonic() < end, self.net.folder
            time.sleep(0.2)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """In each pool, one provider is all but certain to be drawn for the job; others audit it."""
    folder = tmp_path_factory.mktemp("audits")
    with Localnet(folder, parameters=PARAMETERS, block_time=0.25) as net:
        net.popen = warm.popen
        model_folder = compiled_minilm(ROOT / ".touchstone" / "models")
        model = net.publish(model_folder)
        net.fund(1)

        def offers(**slots: int) -> list[Offer]:
            prices = {"honest": HONEST, "liar": LIAR, "lazy": LAZY, "gone": GONE}
            return [Offer(model, model_folder, prices[n], s) for n, s in slots.items()]

        net.add_provider(offers(honest=16, liar=16, lazy=HEAVY))
        net.add_provider(offers(honest=16, liar=16, gone=16))
        lies = "tests.cheats.executors:tamperer"
        net.add_provider(offers(liar=HEAVY), executor=lies, python_path=ROOT)
        net.add_provider(offers(gone=HEAVY))
        net.stake(10 + IDLER, offers(lazy=16), "http://127.0.0.1:9")
        for node in net.nodes:
            node.wait_ready()
        net.next_epoch()
        account = net.devnet.account(1)
        client = Client(
            net.devnet.w3, net.deployment, account, folder / "requester", patience_s=0, poll_s=0.1
        )
        disputes = Disputes(net.devnet.w3, net.deployment)
        yield Scene(net, model, model_folder, disputes, client)


def test_an_honest_result_is_vouched_for_and_both_are_paid(scene: Scene) -> None:
    job = scene.settled(HONEST)
    assert len(scene.client.result(job)) == 1
    scene.until(lambda: scene.audit(job) is AuditState.VOUCHED)
    (vouched,) = scene.happened(job, "Vouched")
    state = scene.net.market.job(job.order)
    assert vouched["auditor"] not in state.providers.values()
    assert vouched["fee"] == job.order.share == job.order.payment // 2
    for provider in (FIRST, SECOND):
        assert sum(scene.net.market.balance_of(scene.address(provider))) >= job.order.share
    # Whoever was paid for the result has checked the seal, and found nothing wrong.
    time.sleep(2)
    assert not scene.happened(job, "AuditorFailed")


def test_an_audit_finds_the_lie_and_convicts_it(scene: Scene) -> None:
    stakes = [stake_of(scene.net, n) for n in range(5)]
    job = scene.settled(LIAR)
    scene.until(lambda: scene.happened(job, "Concluded"))
    (concluded,) = scene.happened(job, "Concluded")
    (drawn,) = scene.happened(job, "AuditorDrawn")
    assert concluded["guilty"] == 1
    assert concluded["winners"][0] == drawn["auditor"]
    ceiling = slot_ceiling(tier_of(parse_tokens(LIAR)))
    scene.until(lambda: scene.audit(job) is AuditState.OVER)
    gains = {n: stake_of(scene.net, n) - stakes[n] for n in range(5)}
    auditor = next(n for n in (FIRST, SECOND) if scene.address(n) == drawn["auditor"])
    assert gains[TAMPERER] == -bond(tier_of(parse_tokens(LIAR)))
    assert gains[auditor] == BOUNTY * ceiling
    (ended,) = scene.happened(job, "AuditEnded")
    assert ended["returned"] == job.order.share
    # The auditor's bond as a challenger is its own again.
    scene.until(lambda: scene.disputes.parties(job.id, [CHALLENGER])[CHALLENGER].left)
    scene.until(lambda: scene.disputes.balance_of(drawn["auditor"]) == 0)


def test_who_vouches_without_computing_is_found_out(scene: Scene) -> None:
    net, ceiling = scene.net, slot_ceiling(tier_of(parse_tokens(LAZY)))
    before, earned = stake_of(net, IDLER), stake_of(net, FIRST)
    requester = net.vault.free_stake(scene.client.account.address)
    job = scene.settled(LAZY)
    scene.until(lambda: scene.audit(job) is AuditState.DRAWN)
    (settled,) = scene.happened(job, "Settled")
    net.sender(10 + IDLER).send(net.market.vouch(job.order, settled["outputRoot"]))
    scene.until(lambda: scene.audit(job) is AuditState.OVER)
    assert stake_of(net, IDLER) - before == -bond(tier_of(parse_tokens(LAZY)))
    assert stake_of(net, FIRST) - earned == BOUNTY * ceiling
    assert net.vault.free_stake(scene.client.account.address) - requester == REFUND * ceiling


def test_who_hides_the_input_from_its_auditor_loses_its_bond(scene: Scene) -> None:
    net, ceiling = scene.net, slot_ceiling(tier_of(parse_tokens(GONE)))
    before = stake_of(net, MORTAL)
    requester = net.vault.free_stake(scene.client.account.address)
    job = scene.settled(GONE, odds=0)
    net.nodes[MORTAL].stop()
    # Later than the order: a second look that was not agreed on beforehand.
    scene.client.audit(job)
    scene.until(lambda: scene.audit(job) is AuditState.OVER)
    (ended,) = scene.happened(job, "AuditEnded")
    assert ended["returned"] == job.order.share - job.order.share // 8
    assert stake_of(net, MORTAL) - before == -bond(tier_of(parse_tokens(GONE)))
    assert net.vault.free_stake(scene.client.account.address) - requester == REFUND * ceiling
