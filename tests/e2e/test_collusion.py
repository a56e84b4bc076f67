"""All replicas agree on a lie, and the job settles on it: the verifier finds out, and wins."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from requester.client import Client
from tests.e2e.market import PARAMETERS, ROOT, stake_of
from tests.support import warm
from touchstone.amounts import ONE_TOKEN, parse_tokens
from touchstone.chain.disputes import Disputes
from touchstone.disputes.game import FIRST_CHALLENGER as CHALLENGER
from touchstone.localnet import Localnet, NodeProcess, Offer, compiled_minilm
from touchstone.protocol.jobs import Phase
from touchstone.protocol.prices import BOUNTY, REFUND, bond, slot_ceiling, tier_of

VERIFIER = 2
TAMPERED, MADE_UP = "0.01", "0.02"
TEXTS = ["Gold leaves a yellow streak on a touchstone.", "The kettle is on the stove."]


@dataclass
class Scene:
    net: Localnet
    model: str
    folder: Path
    verifier: NodeProcess
    disputes: Disputes

    @property
    def account(self) -> str:
        return self.net.devnet.account(VERIFIER).address

    def stakes(self) -> list[int]:
        return [stake_of(self.net, n) for n in range(4)]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Two pools of two liars each: those of one can show every step, those of the other none."""
    folder = tmp_path_factory.mktemp("market")
    with Localnet(folder, parameters=PARAMETERS, block_time=0.25) as net:
        net.popen = warm.popen
        model_folder = compiled_minilm(ROOT / ".touchstone" / "models")
        model = net.publish(model_folder)
        net.fund(1)
        for price, name in ((TAMPERED, "tamperer"), (MADE_UP, "colluder")):
            for _ in range(2):
                net.add_provider(
                    [Offer(model, model_folder, price, 16)],
                    executor=f"tests.cheats.executors:{name}",
                    python_path=ROOT,
                )
        verifier = net.add_verifier([model_folder], VERIFIER)
        for node in net.nodes:
            node.wait_ready()
        net.next_epoch()
        yield Scene(net, model, model_folder, verifier, Disputes(net.devnet.w3, net.deployment))


@pytest.mark.long
@pytest.mark.parametrize(("price", "liars"), [(TAMPERED, (0, 1)), (MADE_UP, (2, 3))])
def test_the_verifier_challenges_what_all_agreed_on(
    scene: Scene, tmp_path: Path, price: str, liars: tuple[int, int]
) -> None:
    net, bond_, address = scene.net, scene.disputes.bond, scene.account
    sender = net.sender(0)
    sender.send(net.token.mint(address, max(0, bond_ - net.token.balance_of(address))))
    stakes, bounty = scene.stakes(), net.vault.free_stake(address)
    client = Client(
        net.devnet.w3,
        net.deployment,
        net.devnet.account(1),
        tmp_path,
        verifiers=[scene.verifier.url],
        patience_s=math.inf,
        poll_s=0.1,
    )
    refunds = net.vault.free_stake(client.account.address)
    job = client.submit(
        TEXTS, scene.model, model_folder=scene.folder, replicas=2, price=parse_tokens(price)
    )
    assert client.wait(job, timeout=120).phase is Phase.SETTLED

    def told() -> dict:
        return httpx.get(f"{scene.verifier.url}/jobs/0x{job.id.hex()}").json()

    wait_until(lambda: scene.disputes.contest(job.id).games == 2, told)
    assert net.market.challenged(job.id)
    assert told()["input"]
    if price == MADE_UP:
        # They have nothing to show, so that their clocks run out.
        party = lambda: scene.disputes.parties(job.id, [CHALLENGER])[CHALLENGER]  # noqa: E731
        wait_until(lambda: party().stated_at != 0, told)
        net.devnet.increase_time(scene.disputes.clock)
    wait_until(lambda: (told()["dispute"] or {}).get("doing") == "over", told)

    ceiling = slot_ceiling(tier_of(parse_tokens(price)))
    losses = {n: stakes[n] - stake for n, stake in enumerate(scene.stakes())}
    bond_of_seat = bond(tier_of(parse_tokens(price)))
    assert losses == {n: bond_of_seat if n in liars else 0 for n in range(4)}
    assert net.vault.free_stake(address) - bounty == 2 * BOUNTY * ceiling
    assert net.vault.free_stake(client.account.address) - refunds == 2 * REFUND * ceiling
    assert net.token.balance_of(address) == bond_
    assert not net.market.challenged(job.id)

    dispute = told()["dispute"]
    assert dispute["party"] == CHALLENGER
    assert dispute["contest"]["guilty"] == [0, 1]
    assert scene.disputes.verdict(job.id)[2] == {0: address, 1: address}
    assert dispute["gas"] > 500_000
    assert bond_ == ONE_TOKEN
    (audit,) = (
        a for a in httpx.get(f"{scene.verifier.url}/audits").json() if a["job"][2:] == job.id.hex()
    )
    assert (audit["verdict"], audit["dispute"]) == ("differs", "over")


def wait_until(condition: Callable[[], bool], told: Callable[[], dict]) -> None:
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end, told()
        time.sleep(0.2)
