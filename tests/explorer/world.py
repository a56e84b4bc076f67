"""A real market whose parties have keys and no nodes: every way that a job can go, in few lines."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from web3.types import RPCEndpoint

from touchstone.chain.deploy import deploy
from touchstone.chain.deployment import Deployment
from touchstone.chain.devnet import Devnet
from touchstone.chain.disputes import Disputes
from touchstone.chain.market import Market, Reveal, Settlement, SignedCommit
from touchstone.chain.parameters import DEVNET
from touchstone.chain.registry import Registry
from touchstone.chain.rpc import connect
from touchstone.chain.sender import Sender
from touchstone.chain.stake import Vault
from touchstone.chain.token import Token
from touchstone.disputes.game import FIRST_CHALLENGER
from touchstone.protocol.audits import AuditState, seal_of
from touchstone.protocol.claims import Claim, Commit, commitment_of, draw_of, set_of
from touchstone.protocol.ids import JobId, ModelId, model_id, pool_id
from touchstone.protocol.jobs import JobState
from touchstone.protocol.merkle import merkle_root
from touchstone.protocol.orders import DEFERRED, Mode, Order, audit_bits
from touchstone.protocol.payload import encode_payload, payload_root
from touchstone.protocol.prices import bond

PROVIDERS = 6
TIER = 48
"""0.01 tokens for a unit of work."""
SLOTS = 40
PUBLISHER, REQUESTER, FIRST_PROVIDER = 0, 1, 2
NAME, VERSION = "doubler", "1"
AGREED, OTHER = b"\x11" * 32, b"\x22" * 32
PAYLOAD, ANSWER_SALT = encode_payload([np.array([1, 2, 3], np.int32)]), b"\x33" * 32
ANSWER = payload_root(PAYLOAD, ANSWER_SALT)


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

    def reconnect(self) -> None:
        """A connection that has not seen the newest blocks: one that has would wait for them."""
        w3 = self.devnet.w3 = connect(self.devnet.url)
        self.market, self.vault = Market(w3, self.deployment), Vault(w3, self.deployment)
        self.token, self.registry = Token(w3, self.deployment), Registry(w3, self.deployment)

    # --- a job, step by step ---------------------------------------------------------------------

    def open(
        self, *, replicas: int = 3, units: int = 1, mode: int = 0, input_root: bytes | None = None
    ) -> Order:
        order = Order(
            requester=self.devnet.account(REQUESTER).address,
            model=self.model,
            shard=0,
            tier=TIER,
            mode=mode,
            replicas=replicas,
            units=units,
            input_root=input_root or self.unique(),
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

    def drawn(self, **how) -> Order:
        order = self.open(**how)
        self.draw(order)
        return order

    def settle(self, order: Order, output: bytes = AGREED) -> None:
        job = self.market.job(order)
        reveals = self._reveals(job, dict.fromkeys(job.active, output))
        self.sender(REQUESTER).send(self.market.settle([Settlement(order, output, reveals)]))

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

    def settled(self, **how) -> Order:
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

    def challenged(self) -> Order:
        """A stranger disputes what all agreed on, shows nothing, and takes its bond back."""
        order = self.drawn()
        job = self.market.job(order)
        self.settle(order)
        reveals = self._reveals(job, dict.fromkeys(job.active, AGREED))
        disputes, stranger = Disputes(self.devnet.w3, self.deployment), self.sender(PUBLISHER)
        stranger.send(self.token.mint(stranger.address, disputes.bond))
        stranger.send(self.token.approve(disputes.address, disputes.bond))
        stranger.send(disputes.challenge(order, AGREED, reveals, OTHER))
        self.wait(self.market.parameters.contest_window + 1)
        self.sender(REQUESTER).send(self.market.conclude(order))
        stranger.send(disputes.settle_bond(self.id_of(order), FIRST_CHALLENGER))
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

    def starved(self) -> Order:
        """A seat demands the input, which does not come; another has committed, one is silent."""
        order = self.drawn()
        self.commit(order, 0)
        self.demand_input(order, 1)
        self.wait(self.market.parameters.answer_window + 1)
        self.advance(order)
        return order

    def waiting(self) -> Order:
        """A deferred order, drawn."""
        return self.drawn(input_root=DEFERRED)

    def fixed(self) -> Order:
        """A deferred order whose input is fixed, and whose results agree."""
        order = self.waiting()
        self.sender(REQUESTER).send(self.market.fix_input(order, self.unique()))
        self.settle(order)
        return order

    def never_fixed(self) -> Order:
        order = self.waiting()
        self.wait(self.market.parameters.input_window + 1)
        self.sender(REQUESTER).send(self.market.expire(order))
        return order

    def fed(self) -> Order:
        """A seat demands the input, a second joins, the requester answers, and all agree."""
        salt = self.unique()
        order = self.drawn(input_root=payload_root(PAYLOAD, salt))
        self.demand_input(order, 1)
        self.demand_input(order, 2)
        self.sender(REQUESTER).send(self.market.answer_input(order, PAYLOAD, salt))
        self.settle(order)
        return order

    def demanded(self) -> Order:
        """The output of a settled job is demanded; the answer is not there yet."""
        order = self.drawn(input_root=payload_root(PAYLOAD, ANSWER_SALT))
        job = self.market.job(order)
        self.settle(order, output=ANSWER)
        reveals = self._reveals(job, dict.fromkeys(job.active, ANSWER))
        self.sender(REQUESTER).send(self.market.demand_output(order, ANSWER, reveals))
        return order

    def delivered(self) -> Order:
        """A demanded output comes."""
        order = self.demanded()
        call = self.market.answer_output(order, PAYLOAD, ANSWER_SALT)
        self.sender(FIRST_PROVIDER).send(call)
        return order

    def unwound(self) -> Order:
        """A demanded output does not come."""
        order = self.demanded()
        self.wait(self.market.parameters.answer_window + 1)
        self.sender(REQUESTER).send(self.market.close_demand(order))
        return order

    def demand_input(self, order: Order, seat: int) -> None:
        provider = self.market.job(order).providers[seat]
        self.sender_of(provider).send(self.market.demand_input(order, seat))

    def sender_of(self, provider: str) -> Sender:
        index = next(i for i in range(PROVIDERS) if self.provider(i) == provider)
        return self.sender(FIRST_PROVIDER + index)

    # --- a second look ---------------------------------------------------------------------------

    def audit_due(self, odds: int = 1) -> Order:
        """Settled by one provider; the seed's block has not come."""
        mode = Mode.OPTIMISTIC | (audit_bits(odds) if odds else 0)
        salt = {"input_root": payload_root(PAYLOAD, ANSWER_SALT)}
        order = self.drawn(replicas=1, units=2, mode=mode, **salt)
        self.settle(order, output=ANSWER)
        return order

    def audit_drawn(self, odds: int = 1) -> Order:
        """An auditor has been drawn, and has not spoken."""
        order = self.audit_due(odds)
        self.draw_auditor(order)
        return order

    def vouched(self) -> Order:
        order = self.audit_drawn()
        self.vouch(order)
        return order

    def not_drawn(self) -> Order:
        order = self.audit_due(odds=64)
        while True:
            snapshot = self.request("evm_snapshot")
            self.draw_auditor(order)
            if self.market.job(order).audit.state is AuditState.OVER:
                return order
            # One time in 64: other times make other blocks.
            self.request("evm_revert", snapshot)
            self.reconnect()
            self.wait(1)

    def auditor_silent(self) -> Order:
        """The first auditor is silent, the second vouches."""
        order = self.audit_drawn()
        self.wait(self.market.parameters.commit_window + 1)
        self.advance_audit(order)
        self.vouch(order)
        return order

    def auditors_silent(self) -> Order:
        """All auditors are silent."""
        order = self.audit_drawn()
        while self.market.job(order).audit.pending:
            self.wait(self.market.parameters.commit_window + 1)
            self.advance_audit(order)
        return order

    def refuted(self) -> Order:
        """The auditor sealed something that it never computed."""
        order = self.audit_drawn()
        self.vouch(order, output=b"another output")
        self.refute(order)
        return order

    def requested(self) -> Order:
        """A job that was ordered without audits is audited since its requester asks for it."""
        order = self.audit_due(odds=0)
        self.sender(REQUESTER).send(self.market.request_audit(order))
        self.draw_auditor(order)
        self.vouch(order)
        return order

    def audited_twice(self) -> Order:
        """Not drawn by its order's odds, then audited on request."""
        order = self.not_drawn()
        self.sender(REQUESTER).send(self.market.request_audit(order))
        self.draw_auditor(order)
        self.vouch(order)
        return order

    def audit_starved(self) -> Order:
        """The auditor demands the input, and nobody answers."""
        order = self.audit_drawn()
        self.sender_of(self.auditor(order)).send(self.market.demand_audit_input(order))
        self.wait(self.market.parameters.answer_window + 1)
        self.advance_audit(order)
        return order

    def audit_fed(self) -> Order:
        """The auditor demands the input, which is published; it vouches."""
        order = self.audit_drawn()
        self.sender_of(self.auditor(order)).send(self.market.demand_audit_input(order))
        call = self.market.answer_audit_input(order, PAYLOAD, ANSWER_SALT)
        self.sender(REQUESTER).send(call)
        self.vouch(order)
        return order

    def audit_unwound(self) -> Order:
        """The auditor vouched, and the output is withheld after that."""
        order = self.vouched()
        self.sender(REQUESTER).send(self.market.demand_output(order, ANSWER, self.claims(order)))
        self.wait(self.market.parameters.answer_window + 1)
        self.sender(REQUESTER).send(self.market.close_demand(order))
        return order

    def audit_challenged(self, *, conclude: bool = True) -> Order:
        """A stranger disputes what was vouched for and shows nothing."""
        order = self.vouched()
        disputes, stranger = Disputes(self.devnet.w3, self.deployment), self.sender(PUBLISHER)
        stranger.send(self.token.mint(stranger.address, disputes.bond))
        stranger.send(self.token.approve(disputes.address, disputes.bond))
        stranger.send(disputes.challenge(order, ANSWER, self.claims(order), OTHER))
        if conclude:
            self.wait(self.market.parameters.contest_window + 1)
            self.sender(REQUESTER).send(self.market.conclude(order))
            stranger.send(disputes.settle_bond(self.id_of(order), FIRST_CHALLENGER))
        return order

    def audit_held(self) -> Order:
        """What was vouched for is disputed."""
        return self.audit_challenged(conclude=False)

    def draw_auditor(self, order: Order) -> None:
        self.devnet.mine(max(0, self.market.job(order).audit.since - self.head))
        self.advance_audit(order)

    def advance_audit(self, order: Order) -> None:
        self.sender(PUBLISHER).send(self.market.advance_audit(order))

    def auditor(self, order: Order) -> str:
        found = self.market.auditor_of(self.market.job(order), self.vault)
        assert found is not None
        return found

    def vouch(self, order: Order, output: bytes = PAYLOAD) -> None:
        auditor = self.auditor(order)
        seal = seal_of(self.id_of(order), auditor, merkle_root(output), ANSWER_SALT)
        self.sender_of(auditor).send(self.market.vouch(order, seal))

    def refute(self, order: Order) -> None:
        call = self.market.refute_vouch(
            order, ANSWER, self.claims(order), merkle_root(PAYLOAD), ANSWER_SALT
        )
        self.sender(PUBLISHER).send(call)

    def claims(self, order: Order) -> tuple[Reveal, ...]:
        """What settled an audited job."""
        job = self.market.job(order)
        return self._reveals(job, dict.fromkeys(job.active, ANSWER))

    # --- stake -----------------------------------------------------------------------------------

    def provider(self, index: int) -> str:
        return self.devnet.account(FIRST_PROVIDER + index).address

    def unpledge(self, index: int, slots: int) -> None:
        self.sender(FIRST_PROVIDER + index).send(self.vault.unpledge(self.pool, slots))

    @property
    def pool(self) -> bytes:
        return pool_id(self.model, 0, TIER)

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
            claim = Claim.of(job, draw, output, set_, _salt(seat))
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
                modes=3,
                unit_rows=8,
                max_rows=32,
                uri="https://models.example/doubler",
            )
        )
        stake = SLOTS * bond(TIER)
        for index in range(REQUESTER, FIRST_PROVIDER + PROVIDERS):
            sender = world.sender(index)
            publisher.send(world.token.mint(sender.address, stake + 10**21))
            spender = world.vault.address if index > REQUESTER else world.market.domain.market
            sender.send(world.token.approve(spender, 2**256 - 1))
            if index > REQUESTER:
                # What a demand for an input deposits.
                sender.send(world.token.approve(world.market.domain.market, 2**256 - 1))
                sender.send(world.vault.deposit(stake + 10**18))
                sender.send(world.vault.pledge(world.model, 0, TIER, SLOTS))
                sender.send(world.vault.set_endpoint(f"https://node-{index}.example:9000"))
        devnet.mine(DEVNET.epoch_blocks - w3.eth.block_number % DEVNET.epoch_blocks)
        yield world
