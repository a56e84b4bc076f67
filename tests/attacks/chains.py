"""Markets on real chains without any node: orders, draws and signatures made by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from eth_account.signers.local import LocalAccount

from tests.support.world import (
    FIRST_PROVIDER,
    PUBLISHER,
    REQUESTER,
    SHORT,
    TIER,
    publish_doubler,
    stake_provider,
)
from touchstone.amounts import ONE_TOKEN
from touchstone.chain.deploy import deploy
from touchstone.chain.deployment import Deployment
from touchstone.chain.devnet import Devnet
from touchstone.chain.market import Market, Reveal, Settlement, SignedCommit
from touchstone.chain.sender import Sender
from touchstone.chain.stake import Vault
from touchstone.chain.token import Token
from touchstone.protocol.claims import Claim, Commit, commitment_of, draw_of, set_of
from touchstone.protocol.ids import ModelId
from touchstone.protocol.jobs import JobState
from touchstone.protocol.orders import Mode, Order
from touchstone.protocol.prices import bond

RESULT, OTHER, SALT = b"r" * 32, b"o" * 32, b"s" * 32


@dataclass
class Chain:
    """One market on one chain, with staked providers in one pool."""

    devnet: Devnet
    deployment: Deployment
    market: Market
    vault: Vault
    token: Token
    model: ModelId
    providers: Sequence[LocalAccount]
    nonce: int = 0

    @property
    def requester(self) -> LocalAccount:
        return self.devnet.account(REQUESTER)

    def sender(self, index: int) -> Sender:
        return Sender(self.devnet.w3, self.devnet.account(index), poll_s=0.02)

    def order(
        self,
        replicas: int = 2,
        input_root: bytes = b"i" * 32,
        units: int = 1,
        mode: int = Mode.REDUNDANT,
    ) -> Order:
        self.nonce += 1
        return Order(
            requester=self.requester.address,
            model=self.model,
            shard=0,
            tier=TIER,
            mode=mode,
            replicas=replicas,
            units=units,
            input_root=input_root,
            params=bytes(32),
            nonce=self.nonce,
            open_by=2**39,
        )

    def sign_order(self, order: Order) -> bytes:
        """The requester's EIP-712 signature on the order, 65 bytes."""
        return bytes(self.requester.unsafe_sign_hash(order.job_id(self.market.domain)).signature)

    def draw(self, order: Order) -> JobState:
        self.devnet.mine(self.market.job(order).since + 2 - self.devnet.w3.eth.block_number)
        self.sender(PUBLISHER).send(self.market.draw([order]))
        return self.market.job(order)

    def drawn(self, replicas: int = 2) -> JobState:
        return self.open_and_draw(self.order(replicas))

    def open_and_draw(self, order: Order) -> JobState:
        self.sender(REQUESTER).send(self.market.open(order))
        return self.draw(order)

    def account_of(self, address: str) -> LocalAccount:
        return next(p for p in self.providers if p.address == address)

    def commit(self, job: JobState, seat: int, output: bytes = RESULT) -> SignedCommit:
        """The seat's signed commitment for the job's current draw."""
        draw, provider = draw_of(job.seed, job.round), job.providers[seat]
        commitment = commitment_of(job.id, draw, provider, output, SALT)
        account = self.account_of(provider)
        return SignedCommit(
            commitment, Commit(job.id, draw, commitment).sign(self.market.domain, account)
        )

    def settlement(self, job: JobState, output: bytes = RESULT) -> Settlement:
        """What all active seats would sign."""
        return Settlement(job.order, output, self.reveals(job, [output] * len(job.active)))

    def reveals(self, job: JobState, outputs: Sequence[bytes]) -> tuple[Reveal, ...]:
        """The claims of all active seats, each with its output."""
        draw, seats = draw_of(job.seed, job.round), list(zip(job.active, outputs, strict=True))
        set_ = set_of([self.commit(job, seat, output).commitment for seat, output in seats])
        return tuple(
            Reveal(
                SALT,
                Claim.of(job, draw, output, set_, SALT).sign(
                    self.market.domain, self.account_of(job.providers[seat])
                ),
            )
            for seat, output in seats
        )

    def contest(self, job: JobState, outputs: Sequence[bytes]) -> None:
        """Contests the job on what its active seats claim."""
        call = self.market.contest(job.order, list(outputs), self.reveals(job, outputs))
        self.sender(PUBLISHER).send(call)

    def wealth(self) -> dict[str, int]:
        """Of everyone: purse, free stake, bonds, and what the market owes, in base units."""
        pool = self.order().pool
        found = {}
        for account in [self.requester, *self.providers]:
            address = account.address
            owed = sum(self.market.balance_of(address))
            found[address] = self.token.balance_of(address) + owed + self.vault.free_stake(address)
            if account in self.providers:
                found[address] += self.vault.position(pool, address).slots * bond(TIER)
        return found


def equip(
    devnet: Devnet,
    providers: int = 3,
    publish: Callable[[Devnet, Deployment], ModelId] = publish_doubler,
) -> Chain:
    """Deploys a market there, with staked providers who can be drawn."""
    publisher = Sender(devnet.w3, devnet.account(PUBLISHER), poll_s=0.02)
    deployment = deploy(devnet.w3, devnet.account(PUBLISHER), SHORT)
    market, vault = Market(devnet.w3, deployment), Vault(devnet.w3, deployment)
    token = Token(devnet.w3, deployment)
    model = publish(devnet, deployment)
    requester = devnet.account(REQUESTER)
    publisher.send(token.mint(requester.address, 1000 * ONE_TOKEN))
    Sender(devnet.w3, requester, poll_s=0.02).send(token.approve(market.contract.address, 2**255))
    accounts = [devnet.account(FIRST_PROVIDER + i) for i in range(providers)]
    for index in range(providers):
        stake_provider(devnet, deployment, FIRST_PROVIDER + index, model)
    devnet.mine(SHORT.epoch_blocks - devnet.w3.eth.block_number % SHORT.epoch_blocks)
    return Chain(devnet, deployment, market, vault, token, model, accounts)


@contextmanager
def chain(chain_id: int = 31337, providers: int = 3) -> Iterator[Chain]:
    """A chain of its own with one market."""
    with Devnet(chain_id=chain_id) as devnet:
        yield equip(devnet, providers)
