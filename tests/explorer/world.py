"""A real market whose parties have keys and no nodes: every way that a job can go, in few lines."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from web3.types import RPCEndpoint

from touchstone.chain.deploy import deploy
from touchstone.chain.deployment import Deployment
from touchstone.chain.devnet import Devnet
from touchstone.chain.market import Market, Reveal, Settlement, SignedCommit
from touchstone.chain.parameters import DEVNET
from touchstone.chain.registry import Registry
from touchstone.chain.sender import Sender
from touchstone.chain.stake import Vault
from touchstone.chain.token import Token
from touchstone.protocol.claims import Claim, Commit, commitment_of, draw_of, set_of
from touchstone.protocol.ids import JobId, ModelId, model_id
from touchstone.protocol.jobs import JobState
from touchstone.protocol.orders import Order
from touchstone.protocol.prices import bond

PROVIDERS = 6
TIER = 48
"""0.01 tokens for a unit of work."""
SLOTS = 40
PUBLISHER, REQUESTER, FIRST_PROVIDER = 0, 1, 2
NAME, VERSION = "doubler", "1"
AGREED, OTHER = b"\x11" * 32, b"\x22" * 32


@dataclass
class World:
    """The chain, the contracts, and what has been opened so far."""

    devnet: Devnet
    deployment: Deployment
    market: Market
    vault: Vault
    token: Token
    registry: Registry
    model: ModelId
    orders: list[Order] = field(default_factory=list)
    _bytes: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def head(self) -> int:
        return self.devnet.w3.eth.block_number

    def sender(self, index: int) -> Sender:
        return Sender(self.devnet.w3, self.devnet.account(index), poll_s=0.002)

    def request(self, method: str, *parameters: object) -> object:
        answer = self.devnet.w3.provider.make_request(RPCEndpoint(method), list(parameters))
        assert "error" not in answer, answer
        return answer.get("result")

    def unique(self) -> bytes:
        """32 bytes, other ones each time, and the same in each run."""
        return next(self._bytes).to_bytes(32, "big")

    def id_of(self, order: Order) -> JobId:
        return order.job_id(self.market.domain)

    def hex_of(self, order: Order) -> str:
        return "0x" + self.id_of(order).hex()

    # --- a job, step by step ---------------------------------------------------------------------

    def open(self, *, replicas: int = 3, units: int = 1) -> Order:
        order = Order(
            requester=self.devnet.account(REQUESTER).address,
            model=self.model,
            shard=0,
            tier=TIER,
            mode=0,
            replicas=replicas,
            units=units,
            input_root=self.unique(),
            params=bytes(32),
            nonce=2**63 + len(self.orders),
            open_by=2**40 - 1,
        )
        self.sender(REQUESTER).send(self.market.open(order))
        self.orders.append(order)
        return order

    def draw(self, *orders: Order) -> None:
        seed = max(self.market.job(order).since for order in orders)
        self.devnet.mine(max(0, seed - self.head))
        self.sender(REQUESTER).send(self.market.draw(orders))

    def drawn(self, **how: int) -> Order:
        order = self.open(**how)
        self.draw(order)
        return order

    def settle(self, order: Order) -> None:
        job = self.market.job(order)
        reveals = self._reveals(job, dict.fromkeys(job.active, AGREED))
        self.sender(REQUESTER).send(self.market.settle([Settlement(order, AGREED, reveals)]))

    def contest(self, order: Order, outputs: Sequence[bytes]) -> None:
        job = self.market.job(order)
        reveals = self._reveals(job, dict(zip(job.active, outputs, strict=True)))
        self.sender(REQUESTER).send(self.market.contest(order, outputs, reveals))

    def commit(self, order: Order, *seats: int) -> None:
        job = self.market.job(order)
        for seat in seats:
            self.sender(REQUESTER).send(self.market.commit(order, seat, self._commit(job, seat)))

    def reveal(self, order: Order, seat: int, output: bytes = AGREED) -> None:
        self.sender(REQUESTER).send(self.market.reveal(order, seat, output, _salt(seat)))

    def advance(self, order: Order) -> None:
        self.sender(REQUESTER).send(self.market.advance(order))

    def wait(self, seconds: int) -> None:
        self.devnet.increase_time(seconds)

    # --- whole jobs ------------------------------------------------------------------------------

    def settled(self, **how: int) -> Order:
        order = self.drawn(**how)
        self.settle(order)
        return order

    def replaced(self) -> Order:
        """Seat 1 is silent; a reserve takes its place, and the job is settled."""
        order = self.drawn()
        self.commit(order, 0, 2)
        self.wait(self.market.parameters.commit_window + 1)
        self.advance(order)
        self.settle(order)
        return order

    def contested(self) -> Order:
        order = self.drawn()
        self.contest(order, [AGREED, OTHER, AGREED])
        return order

    def concluded(self) -> Order:
        order = self.contested()
        self.wait(self.market.parameters.contest_window + 1)
        self.sender(REQUESTER).send(self.market.conclude(order))
        return order

    def withheld(self) -> Order:
        """Two of three reveal on chain; the third loses its bond, and the others are paid."""
        order = self.drawn()
        self.commit(order, 0, 1, 2)
        self.reveal(order, 0)
        self.reveal(order, 2)
        self.wait(self.market.parameters.reveal_window + 1)
        self.advance(order)
        return order

    def expired(self) -> Order:
        order = self.open()
        since = self.market.job(order).since
        self.devnet.mine(since + self.market.parameters.draw_blocks + 1 - self.head)
        self.sender(REQUESTER).send(self.market.expire(order))
        return order

    def equivocated(self) -> Order:
        """The provider of seat 0 signs two commitments after it was paid."""
        order = self.settled()
        job = self.market.job(order)
        a, b = (self._commit(job, 0, output) for output in (AGREED, OTHER))
        call = self.market.punish_two_commits(order, 0, job.round, a, b)
        self.sender(PUBLISHER).send(call)
        return order

    def acknowledged(self) -> Order:
        order = self.settled()
        self.sender(REQUESTER).send(self.market.acknowledge(order, AGREED))
        return order

    # --- stake -----------------------------------------------------------------------------------

    def provider(self, index: int) -> str:
        return self.devnet.account(FIRST_PROVIDER + index).address

    def unpledge(self, index: int, slots: int) -> None:
        pool = self.vault.contract.functions.poolOf
        assert pool is not None
        call = self.vault.unpledge(self.pool, slots)
        self.sender(FIRST_PROVIDER + index).send(call)

    @property
    def pool(self) -> bytes:
        return replace(self.orders[0]).pool

    def _commit(self, job: JobState, seat: int, output: bytes = AGREED) -> SignedCommit:
        draw, provider = draw_of(job.seed, job.round), job.providers[seat]
        commitment = commitment_of(job.id, draw, provider, output, _salt(seat))
        signature = Commit(job.id, draw, commitment).sign(self.market.domain, self._key(provider))
        return SignedCommit(commitment, signature)

    def _reveals(self, job: JobState, outputs: dict[int, bytes]) -> tuple[Reveal, ...]:
        draw = draw_of(job.seed, job.round)
        set_ = set_of(
            [
                commitment_of(job.id, draw, job.providers[s], output, _salt(s))
                for s, output in outputs.items()
            ]
        )
        reveals = []
        for seat, output in outputs.items():
            claim = Claim.of(job.order, job.id, draw, output, set_, _salt(seat))
            key = self._key(job.providers[seat])
            reveals.append(Reveal(_salt(seat), claim.sign(self.market.domain, key)))
        return tuple(reveals)

    def _key(self, provider: str):
        accounts = (self.devnet.account(FIRST_PROVIDER + i) for i in range(PROVIDERS))
        return next(account for account in accounts if account.address == provider)


def _salt(seat: int) -> bytes:
    return bytes([0xAA, seat]) * 16


@contextmanager
def explorable_world() -> Iterator[World]:
    """A market with six providers in one pool, drawable, and a requester that can pay."""
    with Devnet(accounts=FIRST_PROVIDER + PROVIDERS) as devnet:
        w3 = devnet.w3
        deployment = deploy(w3, devnet.account(PUBLISHER), DEVNET)
        world = World(
            devnet,
            deployment,
            Market(w3, deployment),
            Vault(w3, deployment),
            Token(w3, deployment),
            Registry(w3, deployment),
            model_id(NAME, VERSION),
        )
        publisher = world.sender(PUBLISHER)
        publisher.send(
            world.registry.publish(
                NAME,
                VERSION,
                b"p" * 32,
                b"w" * 32,
                [b"s" * 32],
                modes=1,
                unit_rows=8,
                max_rows=32,
                uri="https://models.example/doubler",
            )  # fmt: skip
        )
        stake = SLOTS * bond(TIER)
        for index in range(REQUESTER, FIRST_PROVIDER + PROVIDERS):
            sender = world.sender(index)
            publisher.send(world.token.mint(sender.address, stake + 10**21))
            spender = world.vault.address if index > REQUESTER else world.market.domain.market
            sender.send(world.token.approve(spender, 2**256 - 1))
            if index > REQUESTER:
                sender.send(world.vault.deposit(stake + 10**18))
                sender.send(world.vault.pledge(world.model, 0, TIER, SLOTS))
                sender.send(world.vault.set_endpoint(f"https://node-{index}.example:9000"))
        devnet.mine(DEVNET.epoch_blocks - w3.eth.block_number % DEVNET.epoch_blocks)
        yield world
