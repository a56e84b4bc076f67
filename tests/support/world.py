"""A small market on a real chain: contracts, a published model, staked providers with nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from eth_account.signers.local import LocalAccount

from tests.support.minimal_node import MinimalNode, Model, doubled
from touchstone.amounts import ONE_TOKEN
from touchstone.chain.deploy import deploy
from touchstone.chain.deployment import Deployment
from touchstone.chain.devnet import Devnet
from touchstone.chain.market import Market
from touchstone.chain.parameters import DEVNET
from touchstone.chain.registry import Registry
from touchstone.chain.sender import Sender
from touchstone.chain.stake import Vault
from touchstone.chain.token import Token
from touchstone.protocol.ids import ModelId, model_id
from touchstone.protocol.prices import bond

NAME, VERSION = "doubler", "1"
TIER = 48
"""0.01 tokens for a unit of work."""
SLOTS = 50
REQUESTER, PUBLISHER = 1, 0
FIRST_PROVIDER = 2

SHORT = replace(
    DEVNET,
    market=replace(
        DEVNET.market,
        commit_window=10,
        reveal_window=6,
        challenge_window=30,
        delivery_window=20,
        draw_blocks=60,
        answer_window=8,
    ),
    epoch_blocks=256,
)


@dataclass
class World:
    devnet: Devnet
    deployment: Deployment
    market: Market
    vault: Vault
    nodes: list[MinimalNode]
    model: ModelId

    @property
    def requester(self) -> LocalAccount:
        return self.devnet.account(REQUESTER)

    def sender(self, index: int) -> Sender:
        return Sender(self.devnet.w3, self.devnet.account(index), poll_s=0.02)

    def sender_of(self, provider: str) -> Sender:
        return Sender(self.devnet.w3, self.node_of(provider).account, poll_s=0.02)

    def node_of(self, provider: str) -> MinimalNode:
        return next(n for n in self.nodes if n.account.address == provider)

    def next_epoch(self) -> None:
        self.devnet.mine(SHORT.epoch_blocks - self.devnet.w3.eth.block_number % SHORT.epoch_blocks)


def publish_doubler(devnet: Devnet, deployment: Deployment) -> ModelId:
    """Publishes a model that has a name and no program."""
    call = Registry(devnet.w3, deployment).publish(
        NAME, VERSION, b"p" * 32, b"w" * 32, [b"s" * 32], modes=3, unit_rows=8, max_rows=32
    )
    Sender(devnet.w3, devnet.account(PUBLISHER), poll_s=0.02).send(call)
    return model_id(NAME, VERSION)


def stake_provider(
    devnet: Devnet, deployment: Deployment, index: int, model: ModelId, tier: int = TIER
) -> Sender:
    """Gives an account the stake of a provider and pledges it; returns what sends for it."""
    account, stake = devnet.account(index), SLOTS * bond(tier)
    vault, token = Vault(devnet.w3, deployment), Token(devnet.w3, deployment)
    publisher = Sender(devnet.w3, devnet.account(PUBLISHER), poll_s=0.02)
    sender = Sender(devnet.w3, account, poll_s=0.02)
    publisher.send(token.mint(account.address, stake))
    sender.send(token.approve(vault.address, stake))
    sender.send(vault.deposit(stake))
    sender.send(vault.pledge(model, 0, tier, SLOTS))
    return sender


@contextmanager
def small_world(
    models: Sequence[Model] = (doubled, doubled, doubled),
    *,
    block_time: float | None = 0.3,
    tier: int = TIER,
    publish: Callable[[Devnet, Deployment], ModelId] = publish_doubler,
) -> Iterator[World]:
    """A market with one provider for each of `models`, all in one pool and drawable."""
    with ExitStack() as stack:
        devnet = stack.enter_context(Devnet(block_time=block_time, mixed=block_time is not None))
        publisher = Sender(devnet.w3, devnet.account(PUBLISHER), poll_s=0.02)
        deployment = deploy(devnet.w3, devnet.account(PUBLISHER), SHORT)
        market, vault = Market(devnet.w3, deployment), Vault(devnet.w3, deployment)
        token = Token(devnet.w3, deployment)
        model = publish(devnet, deployment)
        publisher.send(token.mint(devnet.account(REQUESTER).address, 1000 * ONE_TOKEN))
        nodes = []
        for index, function in enumerate(models):
            account = devnet.account(FIRST_PROVIDER + index)
            node = stack.enter_context(MinimalNode(market, account, function))
            nodes.append(node)
            sender = stake_provider(devnet, deployment, FIRST_PROVIDER + index, model, tier)
            sender.send(vault.set_endpoint(node.url))
        world = World(devnet, deployment, market, vault, nodes, model)
        world.next_epoch()
        yield world
