"""A real chain with one published model, and actors that know how to behave on it."""

import os
import secrets
from dataclasses import dataclass, replace

import numpy as np
from web3 import Web3

from provider.config import NodeSection, OfferSection, ProviderConfig
from touchstone.amounts import ONE_TOKEN, format_tokens
from touchstone.chain.deploy import deploy
from touchstone.chain.devnet import Devnet
from touchstone.chain.market import Market
from touchstone.chain.registry import Registry
from touchstone.chain.sender import Sender
from touchstone.chain.stake import Vault
from touchstone.chain.token import Token
from touchstone.protocol.claims import Commit, commitment_of, delivery_struct_hash, draw_of
from touchstone.protocol.eip712 import sign
from touchstone.protocol.ids import model_id
from touchstone.protocol.orders import Order
from touchstone.protocol.payload import encode_payload, payload_root
from touchstone.protocol.prices import bond, price

TIER = 45
UNIT_ROWS = 32
MAX_ROWS = 16
LABEL = "doubling@1"
MODEL = model_id("doubling", "1")


@dataclass(frozen=True)
class TestJob:
    """A job with what its requester keeps to itself."""

    __test__ = False

    order: Order
    id: bytes
    payload: bytes
    salt: bytes

    @property
    def path(self) -> str:
        return f"/jobs/0x{self.id.hex()}"


@dataclass(frozen=True)
class Peer:
    """A provider played by hand."""

    account: object

    def commit(
        self, world: "World", job: TestJob, output_root: bytes = b"\x11" * 32, salt=b"s" * 32
    ):
        """A signed commitment for the job's current draw, as a set has it."""
        state = world.market.job(job.order)
        draw = draw_of(state.seed, state.round)
        commitment = commitment_of(job.id, draw, self.account.address, output_root, salt)
        signature = Commit(job.id, draw, commitment).sign(world.market.domain, self.account)
        return commitment, signature


class World:
    """The chain, the contracts and everybody's tokens."""

    def __init__(self, devnet: Devnet) -> None:
        self.devnet = devnet
        self.w3: Web3 = devnet.w3
        self.deployment = deploy(self.w3, devnet.account(0))
        self.market = Market(self.w3, self.deployment)
        self.vault = Vault(self.w3, self.deployment)
        self.token = Token(self.w3, self.deployment)
        self.registry = Registry(self.w3, self.deployment)
        self.requester = devnet.account(1)
        self._nonce = 0
        self.publish("doubling", "1", b"\x01" * 32, b"\x02" * 32, UNIT_ROWS, MAX_ROWS)
        self._fund(self.requester, 10**6, self.market.contract.address)

    def sender(self, account) -> Sender:
        return Sender(self.w3, account, poll_s=0.01)

    def publish(self, name, version, program, weights, unit_rows, max_rows, shards=None):
        self.sender(self.devnet.account(0)).send(
            self.registry.publish(
                name, version, program, weights, shards or [program],
                modes=3, unit_rows=unit_rows, max_rows=max_rows,
            )
        )  # fmt: skip

    def _fund(self, account, tokens: int, spender: str) -> None:
        sender = self.sender(account)
        sender.send(self.token.mint(account.address, tokens * ONE_TOKEN))
        sender.send(self.token.approve(spender, tokens * ONE_TOKEN))

    def fund_gas(self, account) -> None:
        self.w3.provider.make_request("anvil_setBalance", [account.address, hex(10**20)])

    def join(self, account, slots: int = 50, model=MODEL, tier: int = TIER) -> None:
        """Stakes and pledges; drawn from the next epoch on."""
        self.fund_gas(account)
        self._fund(account, 10**4, self.vault.address)
        sender = self.sender(account)
        sender.send(self.vault.deposit(bond(tier) * slots))
        sender.send(self.vault.pledge(model, 0, tier, slots))

    def next_epoch(self) -> None:
        self.devnet.mine(64)

    def order(self, payload: bytes, salt: bytes, **changes) -> Order:
        self._nonce += 1
        order = Order(
            requester=self.requester.address,
            model=MODEL,
            shard=0,
            tier=TIER,
            mode=0,
            replicas=2,
            units=1,
            input_root=payload_root(payload, salt),
            params=bytes(32),
            nonce=self._nonce,
            open_by=2**39,
        )
        return replace(order, **changes)

    def open(self, sequences=((1, 2, 3),), payload: bytes | None = None, **changes) -> TestJob:
        salt = secrets.token_bytes(32)
        if payload is None:
            payload = encode_payload([np.array(s, dtype=np.int32) for s in sequences])
        order = self.order(payload, salt, **changes)
        self.sender(self.requester).send(self.market.open(order))
        return TestJob(order, order.job_id(self.market.domain), payload, salt)

    def draw(self, job: TestJob) -> None:
        """Draws, if the node under test has not been faster."""
        state = self.market.job(job.order)
        self.devnet.mine(max(0, state.since - self.w3.eth.block_number))
        if self.market.job(job.order).phase == 1:
            self.sender(self.requester).send(self.market.draw([job.order]))

    def drawn(self, *args, **changes) -> TestJob:
        job = self.open(*args, **changes)
        self.draw(job)
        return job

    def delivery(self, job: TestJob, account=None) -> dict[str, str]:
        """Headers of a delivery."""
        digest = self.market.domain.digest(delivery_struct_hash(job.id, job.salt))
        signature = sign(account or self.requester, digest).expanded()
        return {
            "X-Touchstone-Salt": "0x" + job.salt.hex(),
            "X-Touchstone-Signature": "0x" + signature.hex(),
        }

    def commit_set(self, job: TestJob, commits: dict[str, tuple[bytes, object]]) -> dict:
        """A set as JSON, from commitment and signature of each provider."""
        state = self.market.job(job.order)
        return {
            "draw": "0x" + draw_of(state.seed, state.round).hex(),
            "commits": [
                {
                    "seat": seat,
                    "provider": state.providers[seat],
                    "commitment": "0x" + commits[state.providers[seat]][0].hex(),
                    "signature": "0x" + commits[state.providers[seat]][1].to_bytes().hex(),
                }
                for seat in state.active
            ],
        }


def config_for(folder, *, executor: str = "doubling", port: int = 9, **node) -> ProviderConfig:
    """The configuration of a node that serves the world's model."""
    return ProviderConfig(
        node=NodeSection(
            key=folder / "key.json",
            endpoint=f"http://127.0.0.1:{port}",
            listen=f"127.0.0.1:{port}",
            data=folder / "data",
            poll_seconds=0.05,
            executor=f"tests.provider.executors:{executor}",
            **node,
        ),
        offers=(
            OfferSection(
                model=LABEL, folder=folder / "none", price=format_tokens(price(TIER)), slots=50
            ),
        ),
    )


ENVIRONMENT = {**os.environ, "TOUCHSTONE_PASSWORD": "correct horse"}
