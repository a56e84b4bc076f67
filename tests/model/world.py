"""A market with staked providers and requesters, on the chain and in the model."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from eth_account.signers.local import LocalAccount

from tests.model.audit_model import AuditModel
from tests.model.chain import SEED_CODE, START, VERDICT_CODE, Chain
from tests.model.stake_model import bond
from touchstone.chain.deploy import deploy
from touchstone.chain.devnet import Devnet
from touchstone.chain.parameters import DeployParameters, DisputeParameters
from touchstone.protocol.eip712 import Domain
from touchstone.protocol.ids import ModelId, PoolId, model_id, pool_id
from touchstone.protocol.jobs import Parameters

PARAMETERS = DeployParameters(
    market=Parameters(
        commit_window=20,
        reveal_window=20,
        challenge_window=60,
        delivery_window=30,
        contest_window=40,
        draw_blocks=8,
        answer_window=20,
        answer_price=10,
        seed_cap=100,
    ),
    epoch_blocks=20,
    dispute=DisputeParameters(window=20, clock=5, judge_time=2, bond=10**18),
    unbonding_time=440,
)
TIERS = (0, 2)
FUNDS = 10**12
# Slots of each provider in the pools of tier 0 and tier 2: one of them alone is heavy.
SLOTS = ((3, 1), (2, 2), (2, 1), (1, 1), (1, 0), (4, 2))


@dataclass(frozen=True)
class World:
    chain: Chain
    model: AuditModel
    accounts: dict[str, LocalAccount]
    domain: Domain
    offered: ModelId

    @property
    def people(self) -> list[str]:
        return list(self.accounts)

    @property
    def providers(self) -> list[str]:
        return self.people[: len(SLOTS)]

    @property
    def requesters(self) -> list[str]:
        """Two that only pay, and a provider that pays as well."""
        return [*self.people[len(SLOTS) : len(SLOTS) + 2], self.people[0]]

    def pool(self, tier: int) -> PoolId:
        return pool_id(self.offered, 0, tier)

    @contextmanager
    def example(self) -> Iterator[tuple[Chain, AuditModel]]:
        """The world as it was at first; what happens inside is undone."""
        snapshot = self.chain.request("evm_snapshot")
        try:
            yield self.chain, copy.deepcopy(self.model)
        finally:
            assert self.chain.request("evm_revert", snapshot)
            self.chain.sync()


@contextmanager
def world() -> Iterator[World]:
    with Devnet() as devnet:
        deployment = deploy(devnet.w3, devnet.account(0), PARAMETERS)
        addresses = {
            "market": deployment.address("Market"),
            "vault": deployment.address("StakeVault"),
            "token": deployment.address("DevToken"),
            "registry": deployment.address("ModelRegistry"),
            "resolver": deployment.address("Disputes"),
        }
        chain = Chain(devnet.url, addresses)
        chain.request("anvil_setCode", addresses["resolver"], VERDICT_CODE)
        chain.request("anvil_setCode", deployment.address("Beacon"), SEED_CODE)
        chain.pass_to(START)
        accounts = [devnet.account(index) for index in range(1, len(SLOTS) + 4)]
        made = World(
            chain=chain,
            model=AuditModel(PARAMETERS),
            accounts={account.address: account for account in accounts},
            domain=Domain(deployment.chain_id, deployment.address("Market")),
            offered=model_id("model", "1"),
        )
        _populate(made)
        try:
            yield made
        finally:
            chain.close()


def _populate(made: World) -> None:
    chain, model = made.chain, made.model

    def send(who: str, target: str, name: str, *arguments: object) -> None:
        receipt = chain.send(who, target, name, *arguments)
        assert receipt.error is None, receipt.detail
        model.block, model.time = receipt.block, receipt.time

    root = bytes(31) + b"\1"
    send(made.people[0], "registry", "publish", *_publish(root))
    for who in made.people:
        send(who, "token", "mint", who, FUNDS)
        model.tokens[who] += FUNDS
        for spender in ("market", "vault"):
            send(who, "token", "approve", chain.addresses[spender], 2**256 - 1)
    for who, slots in zip(made.providers, SLOTS, strict=True):
        amount = sum(n * bond(tier) for n, tier in zip(slots, TIERS, strict=True)) + 500
        send(who, "vault", "deposit", amount)
        model.deposit(who, amount)
        for tier, n in zip(TIERS, slots, strict=True):
            if n:
                send(who, "vault", "pledge", made.offered, 0, tier, n)
                model.pledge(who, tier, n)
    chain.mine(PARAMETERS.epoch_blocks)
    model.block, model.time = chain.block, chain.time


def _publish(root: bytes) -> tuple[object, ...]:
    return ("model", "1", root, root, [root], 3, 256, 256, "")
