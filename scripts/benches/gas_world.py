"""A chain with a model, staked providers and a requester: the contracts alone, without nodes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from touchstone.chain.deploy import deploy
from touchstone.chain.market import Market, Reveal, Settlement, SignedCommit
from touchstone.chain.parameters import DeployParameters, DisputeParameters
from touchstone.chain.registry import Registry
from touchstone.chain.sender import Sender
from touchstone.chain.stake import Vault
from touchstone.chain.token import Token
from touchstone.protocol.claims import Claim, Commit, commitment_of, draw_of, set_of
from touchstone.protocol.ids import model_id
from touchstone.protocol.jobs import Parameters, Phase
from touchstone.protocol.orders import Mode, Order, audit_bits
from touchstone.protocol.prices import bond, tier_of

if TYPE_CHECKING:
    from touchstone.chain.devnet import Devnet

SLOTS = 1000
REPLICAS = 3
PARAMETERS = DeployParameters(
    market=Parameters(600, 600, 100_000, 86_400, 3600, 64, 600, 10**12, 10**30),
    epoch_blocks=512,
    dispute=DisputeParameters(window=600, clock=150, judge_time=75, bond=10**18),
    unbonding_time=200_000,
)
SEED_WORDS = PARAMETERS.market.draw_blocks + 16
"""Words that count the value of a seed: all have been written once so many blocks had jobs."""


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

    def __init__(self, devnet: Devnet, providers: int) -> None:
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
            registry.publish("bench", "1", root, root, [root], modes=3, unit_rows=256, max_rows=256)
        )
        self._fund(self.requester, self.market.domain.market)
        self.providers = [self._sender(i + 1) for i in range(providers)]
        for provider in self.providers:
            self._fund(provider, self.vault.address)
            provider.send(self.vault.deposit(SLOTS * bond(self.tier)))
            provider.send(self.vault.pledge(self.model, 0, self.tier, SLOTS))
        self.keys = {p.address: p.account for p in self.providers}
        self.devnet.mine(PARAMETERS.epoch_blocks)

    def _sender(self, index: int) -> Sender:
        return Sender(self.devnet.w3, self.devnet.account(index), poll_s=0.002)

    def _fund(self, sender: Sender, spender: str) -> None:
        sender.send(self.token.mint(sender.address, 10**30))
        sender.send(self.token.approve(spender, 2**256 - 1))  # type: ignore[arg-type]

    def order(self, mode: int = Mode.REDUNDANT, replicas: int = REPLICAS) -> Order:
        """A new order of one unit."""
        return Order(
            requester=self.requester.address,
            model=self.model,
            shard=0,
            tier=self.tier,
            mode=mode,
            replicas=replicas,
            units=1,
            input_root=secrets.token_bytes(32),
            params=bytes(32),
            nonce=secrets.randbits(64),
            open_by=2**40 - 1,
        )

    def warm_up(self) -> None:
        """Writes each word that counts the value of a seed once."""
        for _ in range(SEED_WORDS):
            self.requester.send(self.market.open(self.order()))

    def run(self, count: int = 1) -> Gas:
        """Takes `count` jobs through open, draw and settle, each in one transaction for all."""
        orders, opened = self._open(count)
        drawn = self._draw(orders)
        settled = self.requester.send(self.market.settle([self._claims(o) for o in orders]))
        self._require(orders, Phase.SETTLED)
        return Gas(opened / count, drawn / count, settled["gasUsed"] / count)

    def run_slowly(self) -> int:
        """Gas of a job that nobody settles off chain: every commitment and reveal is posted."""
        (order,), gas = self._open(1)
        gas += self._draw([order])
        job = self.market.job(order)
        draw, output, salt = draw_of(job.seed, job.round), secrets.token_bytes(32), bytes(32)
        commits = {
            seat: commitment_of(job.id, draw, job.providers[seat], output, salt)
            for seat in job.active
        }
        for seat, commitment in commits.items():
            key = self.keys[job.providers[seat]]
            signature = Commit(job.id, draw, commitment).sign(self.market.domain, key)
            call = self.market.commit(order, seat, SignedCommit(commitment, signature))
            gas += self.requester.send(call)["gasUsed"]
        for seat in commits:
            call = self.market.reveal(order, seat, output, salt)
            gas += self.requester.send(call)["gasUsed"]
        gas += self.requester.send(self.market.advance(order))["gasUsed"]
        self._require([order], Phase.SETTLED)
        return gas

    def run_optimistic(self, odds: int) -> tuple[float, float]:
        """Gas of a job of one provider, and of its audit, which odds of one make certain."""
        (order,), opened = self._open(1, Mode.OPTIMISTIC | audit_bits(odds), 1)
        gas = opened + self._draw([order])
        gas += self.requester.send(self.market.settle([self._claims(order)]))["gasUsed"]
        if odds == 0:
            return gas, 0
        self.devnet.mine(2)
        audit = self.requester.send(self.market.advance_audit(order))["gasUsed"]
        job = self.market.job(order)
        auditor = self.market.auditor_of(job, self.vault)
        sender = next(p for p in self.providers if p.address == auditor)
        audit += sender.send(self.market.vouch(order, secrets.token_bytes(32)))["gasUsed"]
        return gas, audit

    def _open(
        self, count: int, mode: int = Mode.REDUNDANT, replicas: int = REPLICAS
    ) -> tuple[list[Order], int]:
        self._keep_clear_of_epoch_end(count)
        orders = [self.order(mode, replicas) for _ in range(count)]
        call = self.market.open(orders[0]) if count == 1 else self.market.open_many(orders)
        return orders, self.requester.send(call)["gasUsed"]

    def _draw(self, orders: list[Order]) -> int:
        last_seed = max(self.market.job(order).since for order in orders)
        self.devnet.mine(max(0, last_seed - self.devnet.w3.eth.block_number))
        gas: int = self.requester.send(self.market.draw(orders))["gasUsed"]
        self._require(orders, Phase.DRAWN)
        return gas

    def _require(self, orders: list[Order], phase: Phase) -> None:
        for order in orders:
            found = self.market.job(order).phase
            if found is not phase:
                raise RuntimeError(f"a job of the bench is {found.name} instead of {phase.name}")

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
            claim = Claim.of(job, draw, output, set_, salts[seat])
            key = self.keys[job.providers[seat]]
            reveals.append(Reveal(salts[seat], claim.sign(self.market.domain, key)))
        return Settlement(order, output, tuple(reveals))
