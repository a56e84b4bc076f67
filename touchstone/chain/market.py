"""The market contract, typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eth_utils.address import to_checksum_address

from touchstone.chain.artifacts import MARKET_PARTS, abi_of
from touchstone.chain.calls import Views
from touchstone.chain.logs import read_events, struct_values
from touchstone.errors import ChainError
from touchstone.protocol.audits import Audit, AuditState
from touchstone.protocol.demands import Demand, DemandState, answer_deposit
from touchstone.protocol.eip712 import Domain
from touchstone.protocol.ids import JobId
from touchstone.protocol.jobs import Clock, JobState, Parameters, Phase, seats_in, seats_of
from touchstone.protocol.orders import DEFERRED, Order

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from eth_typing import ChecksumAddress
    from web3 import Web3
    from web3.contract.contract import ContractFunction
    from web3.types import EventData

    from touchstone.chain.deployment import Deployment
    from touchstone.chain.stake import Vault
    from touchstone.protocol.eip712 import Signature

JOB_EVENTS = (
    "Opened",
    "Drawn",
    "InputFixed",
    "CommitPosted",
    "Revealed",
    "SeatFailed",
    "SeatReplaced",
    "RoundStarted",
    "Settled",
    "Contested",
    "Challenged",
    "Concluded",
    "Refunded",
    "Acknowledged",
    "Demanded",
    "DemandJoined",
    "Answered",
    "DemandClosed",
    "Reserved",
    "Unwound",
    "AuditDue",
    "AuditorDrawn",
    "Vouched",
    "AuditorFailed",
    "AuditEnded",
)
_LOOK_BACK = 1000
"""Blocks looked through at once, backwards, for something that has happened lately."""


@dataclass(frozen=True, slots=True)
class Reveal:
    """A provider's reveal: the salt of its commitment, 32 bytes, and its signature on the claim."""

    salt: bytes
    signature: Signature

    def values(self) -> tuple[object, ...]:
        """As contract calls take it."""
        return (self.salt, (self.signature.r, self.signature.vs))


@dataclass(frozen=True, slots=True)
class Settlement:
    """What settles a job: the result, and one reveal for each active seat, in seat order."""

    order: Order
    output_root: bytes
    reveals: tuple[Reveal, ...]

    def values(self) -> tuple[object, ...]:
        """As contract calls take it."""
        return (self.order.values(), self.output_root, [r.values() for r in self.reveals])


@dataclass(frozen=True, slots=True)
class SignedCommit:
    """A provider's commitment, 32 bytes, and its signature on it."""

    commitment: bytes
    signature: Signature

    def values(self) -> tuple[object, ...]:
        """As contract calls take it."""
        return (self.commitment, (self.signature.r, self.signature.vs))


@dataclass(frozen=True, slots=True)
class Answer:
    """Bytes published on chain, and the 32-byte salt that their root is blinded with."""

    payload: bytes
    salt: bytes


class Market:
    """Reads the market and makes calls for a `Sender` to send.

    Attributes:
        domain: the EIP-712 domain of everything signed for this market.
        contract: the web3 contract, with the ABI of both its halves.
        views: its views.
        parameters: its parameters.
        first_block: its events stand in later blocks.
    """

    def __init__(self, w3: Web3, deployment: Deployment) -> None:
        """Binds the deployment's market."""
        address = deployment.address("Market")
        self.w3 = w3
        self.first_block = deployment.block
        self.domain = Domain(deployment.chain_id, address)
        self.contract = w3.eth.contract(address=address, abi=abi_of("Market", MARKET_PARTS))
        self.views = Views(w3, address, self.contract.abi)
        self._resolver = deployment.views(w3, "Disputes")
        self._bucket_seconds: int = deployment.views(w3, "StakeVault").call("bucketSeconds")
        self.parameters = Parameters(*self.views.call("parameters"))

    # --- reading ---------------------------------------------------------------------------------

    def clock(self) -> Clock:
        """The chain's time now."""
        head = self.w3.eth.get_block("latest")
        return Clock(head["number"], head["timestamp"])

    def job(self, order: Order) -> JobState:
        """The job that `order` opened, as it is now; `Phase.NONE` where it opened none."""
        job = order.job_id(self.domain)
        state, input_demand, output_demand, audit = self.views.call_together(
            ("stateOf", order.values()),
            ("demandOf", job, False),
            ("demandOf", job, True),
            ("auditOf", job),
        )
        fields, seed, input_root, seats, owners, posted, revealed = state
        phase, since, bucket, failed, round_, packed = fields
        return JobState(
            order=order,
            id=job,
            phase=Phase(phase),
            since=since,
            locked_until=(bucket + 1) * self._bucket_seconds,
            failed=frozenset(seats_in(failed)),
            round=round_,
            seats=seats_of(packed),
            seed=bytes(seed),
            providers=dict(zip(seats, owners, strict=True)),
            commitments={s: bytes(c) for s, c in zip(seats, posted, strict=True) if any(c)},
            reveals={s: bytes(r) for s, r in zip(seats, revealed, strict=True) if any(r)},
            input_demand=_demand(input_demand),
            output_demand=_demand(output_demand),
            audit=_audit(audit),
            fixed_input=bytes(input_root) if order.deferred else DEFERRED,
        )

    def order_of(self, job: JobId) -> Order | None:
        """The order that opened `job`, from its event."""
        last = self.w3.eth.block_number
        for event in read_events(self.contract, ["Opened"], self.first_block, last, {"job": job}):
            return order_of_event(event)
        return None

    def events(
        self, first: int, last: int, job: JobId | None = None, names: Sequence[str] = JOB_EVENTS
    ) -> Iterator[EventData]:
        """What happened to jobs in blocks `first` to `last`, or to one job."""
        return read_events(self.contract, names, first, last, None if job is None else {"job": job})

    def answer(self, job: JobId, *, output: bool) -> Answer:
        """The bytes that answered a demand: looked for from the newest block backwards.

        Raises:
            ChainError: nobody has published them.
        """
        last = int(self.w3.eth.block_number)
        while last > self.first_block:
            first = max(self.first_block, last - _LOOK_BACK + 1)
            for event in self.events(first, last, job, ("Answered",)):
                if event["args"]["output"] == output:
                    args = event["args"]
                    return Answer(bytes(args["payload"]), bytes(args["salt"]))
            last = first - 1
        what = "output" if output else "input"
        raise ChainError(f"nobody has published the {what} of job 0x{job.hex()}")

    @property
    def answer_deposit(self) -> int:
        """What a demand is prepaid with, in base units."""
        return answer_deposit(self.parameters.answer_price)

    def balance_of(self, account: ChecksumAddress) -> tuple[int, int]:
        """What the account can withdraw, and what is still to mature, in base units."""
        withdrawable, pending = self.views.call("balanceOf", account)
        return withdrawable, pending

    def challenged(self, job: JobId) -> bool:
        """Whether the bonds of a settled job are held for the resolver."""
        since, _ = self.views.call("challengeOf", job)
        return bool(since)

    def verdict_ended(self, job: JobId) -> bool:
        """Whether the resolver has spoken on a contested job."""
        ended, _, _ = self._resolver.call("verdict", job)
        return bool(ended)

    def auditor_of(self, job: JobState, vault: Vault) -> ChecksumAddress | None:
        """Whose turn it is to look at a settled job; None where nobody's."""
        if job.audit.state is not AuditState.DRAWN or job.audit.leaf is None:
            return None
        return vault.owner_of(job.order.pool, job.audit.leaf)

    # --- the ordinary case -----------------------------------------------------------------------

    def open(self, order: Order, signature: bytes = b"") -> ContractFunction:
        """Opens a job; `signature` may be empty where the requester sends it."""
        return self.contract.functions.open(order.values(), signature)

    def open_many(
        self, orders: Sequence[Order], signatures: Sequence[bytes] = ()
    ) -> ContractFunction:
        """Opens jobs of one requester, all or none; `signatures` may be empty where it sends."""
        return self.contract.functions.openMany([o.values() for o in orders], list(signatures))

    def draw(self, orders: Sequence[Order]) -> ContractFunction:
        """Draws one job, or many at once: those that cannot be drawn are then passed over."""
        if len(orders) == 1:
            return self.contract.functions.draw(orders[0].values())
        return self.contract.functions.drawMany([o.values() for o in orders])

    def fix_input(
        self, order: Order, input_root: bytes, signature: bytes = b""
    ) -> ContractFunction:
        """Fixes the input of a drawn, deferred order; `signature` may be empty where its requester
        sends it (`sign_input`)."""
        return self.contract.functions.fixInput(order.values(), input_root, signature)

    def settle(self, settlements: Sequence[Settlement]) -> ContractFunction:
        """Settles one job, or many at once: those no longer drawn are then passed over."""
        if len(settlements) == 1:
            return self.contract.functions.settle(settlements[0].values())
        return self.contract.functions.settleMany([s.values() for s in settlements])

    def acknowledge(
        self, order: Order, output_root: bytes, signature: bytes = b""
    ) -> ContractFunction:
        """Releases a settled job's payment at once."""
        return self.contract.functions.acknowledge(order.values(), output_root, signature)

    def withdraw(self) -> ContractFunction:
        """Pays out whatever the sender of the transaction may withdraw."""
        return self.contract.functions.withdraw()

    # --- when somebody withholds bytes -----------------------------------------------------------

    def demand_input(self, order: Order, seat: int) -> ContractFunction:
        """Demands the input for a seat of the sender's, or joins another seat's demand. The first
        needs an allowance of `answer_deposit`."""
        return self.contract.functions.demandInput(order.values(), seat)

    def answer_input(self, order: Order, payload: bytes, salt: bytes) -> ContractFunction:
        """Publishes the input, for everyone to read."""
        return self.contract.functions.answerInput(order.values(), payload, salt)

    def demand_output(
        self, order: Order, output_root: bytes, reveals: Sequence[Reveal]
    ) -> ContractFunction:
        """Demands a settled job's output, by its requester, with an allowance of `answer_deposit`.

        `reveals` are those that settled it; none where the results were revealed on chain.
        """
        return self.contract.functions.demandOutput(
            order.values(), output_root, [r.values() for r in reveals]
        )

    def answer_output(self, order: Order, payload: bytes, salt: bytes) -> ContractFunction:
        """Publishes the demanded output, for everyone to read."""
        return self.contract.functions.answerOutput(order.values(), payload, salt)

    def close_demand(self, order: Order) -> ContractFunction:
        """Ends a demand whose time is over."""
        return self.contract.functions.closeDemand(order.values())

    # --- a second look ---------------------------------------------------------------------------

    def request_audit(self, order: Order) -> ContractFunction:
        """Has a settled job audited for certain, by its requester, with an allowance of a share."""
        return self.contract.functions.requestAudit(order.values())

    def advance_audit(self, order: Order) -> ContractFunction:
        """Moves an audit on: draws, replaces or ends."""
        return self.contract.functions.advanceAudit(order.values())

    def vouch(self, order: Order, seal: bytes) -> ContractFunction:
        """The auditor's word that it computed the settled output; `seal` is `seal_of` it."""
        return self.contract.functions.vouch(order.values(), seal)

    def refute_vouch(
        self,
        order: Order,
        output_root: bytes,
        reveals: Sequence[Reveal],
        output_seal: bytes,
        salt: bytes,
    ) -> ContractFunction:
        """Shows that an auditor's seal is not of the settled output; makes the salt public."""
        return self.contract.functions.refuteVouch(
            order.values(), output_root, [r.values() for r in reveals], output_seal, salt
        )

    def demand_audit_input(self, order: Order) -> ContractFunction:
        """Demands the input for its auditor, with an allowance of `answer_deposit`."""
        return self.contract.functions.demandAuditInput(order.values())

    def answer_audit_input(self, order: Order, payload: bytes, salt: bytes) -> ContractFunction:
        """Publishes the input that an auditor demands, for everyone to read."""
        return self.contract.functions.answerAuditInput(order.values(), payload, salt)

    # --- when somebody is silent or lies ---------------------------------------------------------

    def expire(self, order: Order) -> ContractFunction:
        """Refunds a job that was not drawn, or whose input was not fixed, in time."""
        return self.contract.functions.expire(order.values())

    def commit(self, order: Order, seat: int, signed: SignedCommit) -> ContractFunction:
        """Posts a seat's commitment."""
        return self.contract.functions.commit(order.values(), seat, signed.values())

    def reveal(self, order: Order, seat: int, output_root: bytes, salt: bytes) -> ContractFunction:
        """Reveals a posted commitment."""
        return self.contract.functions.reveal(order.values(), seat, output_root, salt)

    def advance(
        self, order: Order, commits: Mapping[int, SignedCommit] | None = None
    ) -> ContractFunction:
        """Moves a drawn job on; first posts the signed commitments at hand, by seat."""
        if not commits:
            return self.contract.functions.advance(order.values())
        seats = sorted(commits)
        return self.contract.functions.commitAndAdvance(
            order.values(), seats, [commits[s].values() for s in seats]
        )

    def contest(
        self, order: Order, output_roots: Sequence[bytes], reveals: Sequence[Reveal]
    ) -> ContractFunction:
        """Contests a job whose claims differ."""
        return self.contract.functions.contest(
            order.values(), list(output_roots), [r.values() for r in reveals]
        )

    def conclude(self, order: Order) -> ContractFunction:
        """Carries out the verdict on a contested or challenged job."""
        return self.contract.functions.conclude(order.values())

    def punish_two_commits(
        self, order: Order, seat: int, round_: int, a: SignedCommit, b: SignedCommit
    ) -> ContractFunction:
        """Slashes a provider that signed two commitments for one draw."""
        return self.contract.functions.punishTwoCommits(
            order.values(), seat, round_, a.values(), b.values()
        )

    def punish_two_claims(
        self, order: Order, seat: int, round_: int, a: SignedClaim, b: SignedClaim
    ) -> ContractFunction:
        """Slashes a provider that signed two claims for one draw."""
        return self.contract.functions.punishTwoClaims(
            order.values(), seat, round_, a.values(), b.values()
        )


@dataclass(frozen=True, slots=True)
class SignedClaim:
    """A claim as evidence: what follows from the order and the round is left out."""

    output_root: bytes
    set: bytes
    salt: bytes
    signature: Signature

    def values(self) -> tuple[object, ...]:
        """As contract calls take it."""
        return (
            self.output_root,
            self.set,
            self.salt,
            (self.signature.r, self.signature.vs),
        )


def order_of_event(event: EventData) -> Order:
    """The order in an `Opened` event."""
    return Order.from_values(struct_values(event["args"]["order"]))


def _demand(fields: tuple[Any, ...]) -> Demand:
    demander, deadline, state, seats = fields
    if state == DemandState.NONE:
        return Demand()
    return Demand(
        state=DemandState(state),
        demander=to_checksum_address(demander),
        deadline=deadline,
        seats=frozenset(seats_in(seats)),
    )


def _audit(answer: tuple[Any, bytes]) -> Audit:
    (state, since, _, odds, held, auditors), seal = answer
    leaf = auditors & 0xFFFFFF
    return Audit(AuditState(state), since, odds, leaf - 1 if leaf else None, held, bytes(seal))
