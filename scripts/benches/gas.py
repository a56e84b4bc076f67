"""Gas of every transaction of a redundant job of three, calldata included.

Ten providers with plain keys, no nodes: the contracts alone are measured. Steady state means that
every storage word of a party has been written before: the first jobs are not counted.
"""

from __future__ import annotations

import secrets
import statistics
from dataclasses import dataclass

from rich.console import Console
from rich.progress import track

from touchstone.chain.deploy import deploy
from touchstone.chain.devnet import Devnet
from touchstone.chain.market import Market, Reveal, Settlement
from touchstone.chain.parameters import DeployParameters
from touchstone.chain.registry import Registry
from touchstone.chain.sender import Sender
from touchstone.chain.stake import Vault
from touchstone.chain.token import Token
from touchstone.protocol.claims import Claim, commitment_of, draw_of, set_of
from touchstone.protocol.ids import model_id
from touchstone.protocol.jobs import Parameters, Phase
from touchstone.protocol.orders import Order
from touchstone.protocol.prices import bond, tier_of

PROVIDERS = 10
SLOTS = 1000
REPLICAS = 3
WARM_UP = 20
COUNTED = 20
BATCH = 32
PARAMETERS = DeployParameters(
    market=Parameters(600, 600, 100_000, 86_400, 3600, 128, 600, 10**12, 10**30),
    epoch_blocks=512,
    resolver_window=600,
    unbonding_time=200_000,
)


@dataclass(frozen=True, slots=True)
class Gas:
    """Gas of one job's transactions; of a batch, each job's part."""

    open: float
    draw: float
    settle: float

    @property
    def total(self) -> float:
        return self.open + self.draw + self.settle


class World:
    """A chain with a model, staked providers and a requester that has approved its payments."""

    def __init__(self, devnet: Devnet) -> None:
        self.devnet = devnet
        self.deployment = deploy(devnet.w3, devnet.account(0), PARAMETERS)
        self.market = Market(devnet.w3, self.deployment)
        self.vault = Vault(devnet.w3, self.deployment)
        self.token = Token(devnet.w3, self.deployment)
        self.requester = self._sender(0)
        self.model = model_id("bench", "1")
        self.tier = tier_of(10**16)
        registry = Registry(devnet.w3, self.deployment)
        root = secrets.token_bytes(32)
        self.requester.send(
            registry.publish("bench", "1", root, root, [root], modes=1, unit_rows=256, max_rows=256)
        )
        self._fund(self.requester, self.market.domain.market)
        self.providers = [self._sender(i + 1) for i in range(PROVIDERS)]
        for provider in self.providers:
            self._fund(provider, self.vault.address)
            provider.send(self.vault.deposit(SLOTS * bond(self.tier)))
            provider.send(self.vault.pledge(self.model, 0, self.tier, SLOTS))
        self._keys = {p.address: p.account for p in self.providers}
        self.devnet.mine(PARAMETERS.epoch_blocks)

    def _sender(self, index: int) -> Sender:
        return Sender(self.devnet.w3, self.devnet.account(index), poll_s=0.002)

    def _fund(self, sender: Sender, spender: str) -> None:
        sender.send(self.token.mint(sender.address, 10**30))
        sender.send(self.token.approve(spender, 2**256 - 1))  # type: ignore[arg-type]

    def run(self, count: int) -> Gas:
        """Takes `count` jobs through open, and through draw and settle together."""
        self._keep_clear_of_epoch_end(count)
        orders, opened = [], []
        for _ in range(count):
            order = Order(
                requester=self.requester.address,
                model=self.model,
                shard=0,
                tier=self.tier,
                mode=0,
                replicas=REPLICAS,
                units=1,
                input_root=secrets.token_bytes(32),
                params=bytes(32),
                nonce=secrets.randbits(64),
                open_by=2**40 - 1,
            )
            opened.append(self.requester.send(self.market.open(order))["gasUsed"])
            orders.append(order)
        last_seed = max(self.market.job(order).since for order in orders)
        self.devnet.mine(max(0, last_seed - self.devnet.w3.eth.block_number))
        drawn = self.requester.send(self.market.draw(orders))["gasUsed"]
        settled = self.requester.send(self.market.settle([self._claims(o) for o in orders]))
        for order in orders:
            phase = self.market.job(order).phase
            if phase is not Phase.SETTLED:
                raise RuntimeError(f"a job of the bench is {phase.name} instead of SETTLED")
        return Gas(sum(opened) / count, drawn / count, settled["gasUsed"] / count)

    def _keep_clear_of_epoch_end(self, blocks: int) -> None:
        """Jobs whose seeds fall into two epochs cannot be drawn together."""
        room = PARAMETERS.market.draw_blocks + blocks + 8
        left = PARAMETERS.epoch_blocks - self.devnet.w3.eth.block_number % PARAMETERS.epoch_blocks
        if left < room:
            self.devnet.mine(left)

    def _claims(self, order: Order) -> Settlement:
        job = self.market.job(order)
        draw, output = draw_of(job.seed, job.round), secrets.token_bytes(32)
        salts = {seat: secrets.token_bytes(32) for seat in job.active}
        commitments = [
            commitment_of(job.id, draw, job.providers[s], output, salts[s]) for s in job.active
        ]
        set_ = set_of(commitments)
        reveals = []
        for seat in job.active:
            claim = Claim.of(order, job.id, draw, output, set_, salts[seat])
            key = self._keys[job.providers[seat]]
            reveals.append(Reveal(salts[seat], claim.sign(self.market.domain, key)))
        return Settlement(order, output, tuple(reveals))


def run() -> dict[str, float]:
    """The figures: gas, medians over the counted jobs."""
    console = Console(stderr=True)
    with Devnet(accounts=PROVIDERS + 1) as devnet:
        world = World(devnet)
        for _ in track(range(WARM_UP), "warming up", console=console):
            world.run(1)
        single = [world.run(1) for _ in track(range(COUNTED), "single jobs", console=console)]
        console.print(f"batches of {BATCH}")
        world.run(BATCH)
        batches = [world.run(BATCH) for _ in range(3)]
    totals = [job.total for job in single]
    return {
        "open": statistics.median(job.open for job in single),
        "draw": statistics.median(job.draw for job in single),
        "settle": statistics.median(job.settle for job in single),
        "job_total": statistics.median(totals),
        "job_total_min": min(totals),
        "job_total_max": max(totals),
        "open_batch32": statistics.median(job.open for job in batches),
        "draw_batch32": statistics.median(job.draw for job in batches),
        "settle_batch32": statistics.median(job.settle for job in batches),
        "job_total_batch32": statistics.median(job.total for job in batches),
    }
