"""The market as a plain state machine on top of the vault's arithmetic: what each call must do, or
the name of the error that it must revert with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tests.model.stake_model import DisagreementError, RefusedError, StakeModel, ceiling, require
from touchstone.protocol.audits import AuditState
from touchstone.protocol.demands import MOST_ANSWER_BYTES, OVERHEAD_BYTES
from touchstone.protocol.demands import DemandState as Asked
from touchstone.protocol.jobs import RESERVES, Phase
from touchstone.protocol.orders import Mode

if TYPE_CHECKING:
    from touchstone.chain.parameters import DeployParameters
    from touchstone.protocol.orders import Order

SEED_TRIES = 8


@dataclass(frozen=True)
class Demand:
    state: Asked = Asked.NONE
    demander: str = ""
    deadline: int = 0
    seats: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Audit:
    """`leaves` are the auditor's and then those of who takes its place."""

    state: AuditState = AuditState.NONE
    since: int = 0
    bucket: int = 0
    odds: int = 0
    leaves: tuple[int, ...] = ()
    seal: bytes = bytes(32)


@dataclass(frozen=True)
class Claims:
    """What is submitted for a round: one output for each claim, and the first entry whose
    signature is wrong, or None."""

    outputs: tuple[bytes, ...]
    bad: int | None = None


@dataclass
class Job:
    order: Order
    phase: Phase
    since: int
    lock_bucket: int = 0
    failed: set[int] = field(default_factory=set)
    round: int = 0
    seats: dict[int, int] = field(default_factory=dict)
    commits: dict[tuple[int, int], bytes] = field(default_factory=dict)
    reveals: dict[tuple[int, int], bytes] = field(default_factory=dict)
    input: Demand = Demand()
    output: Demand = Demand()
    demanded_output: bytes = b""
    acknowledged: bool = False
    audit: Audit = Audit()

    @property
    def active(self) -> list[int]:
        return [s for s in sorted(self.seats) if s not in self.failed][: self.order.replicas]

    @property
    def paid(self) -> list[int]:
        return sorted(self.seats)[: self.order.replicas]

    def silent(self, said: dict[tuple[int, int], bytes]) -> list[int]:
        return [s for s in self.active if (self.round, s) not in said]

    def keep(self, seats: Sequence[int]) -> None:
        self.seats = {s: self.seats[s] for s in seats}


class MarketModel(StakeModel):
    """Token accounts are addresses, "market", "vault" and "burned"."""

    def __init__(self, parameters: DeployParameters) -> None:
        super().__init__(
            parameters.epoch_blocks, parameters.bucket_seconds, parameters.unbonding_time
        )
        self.p = parameters.market
        self.lock_time = parameters.lock_time
        self.jobs: dict[bytes, Job] = {}
        self.seeds: defaultdict[int, int] = defaultdict(int)
        self.matured: defaultdict[str, int] = defaultdict(int)
        self.earned: defaultdict[tuple[str, int], int] = defaultdict(int)

    # --- reading ---------------------------------------------------------------------------------

    @property
    def deposit_needed(self) -> int:
        return (MOST_ANSWER_BYTES + OVERHEAD_BYTES) * self.p.answer_price

    @property
    def pay_bucket(self) -> int:
        return self.time // self.p.delivery_window

    def balance(self, who: str) -> tuple[int, int]:
        """Withdrawable now, and still maturing."""
        mine = {bucket: n for (account, bucket), n in self.earned.items() if account == who}
        ripe = sum(n for bucket, n in mine.items() if bucket + 2 <= self.pay_bucket)
        return self.matured[who] + ripe, sum(mine.values()) - ripe

    def owed(self) -> int:
        """What the market owes in all; it must hold exactly that."""
        escrow = waiting = deposits = 0
        for job in self.jobs.values():
            if job.phase in (Phase.OPEN, Phase.DRAWN):
                escrow += job.order.payment
            if job.audit.state in (AuditState.DUE, AuditState.DRAWN):
                escrow += job.order.share
            asked = [job.input.state, job.output.state].count(Asked.PENDING)
            deposits += asked * self.deposit_needed
            if job.output.state is Asked.PENDING:
                waiting += job.order.share * len(job.paid)
        return escrow + waiting + deposits + sum(self.matured.values()) + sum(self.earned.values())

    def locked_until(self, job: Job) -> int:
        return (job.lock_bucket + 1) * self.bucket_seconds

    def payable_until(self, job: Job) -> int:
        return self.locked_until(job) - self.p.challenge_window

    def owner(self, job: Job, seat: int) -> str:
        return self.pools[job.order.tier][job.seats[seat]].owner

    def moments(self) -> list[int]:
        """Unix times around which something changes."""
        times = {
            (self.bucket + 1) * self.bucket_seconds,
            (self.pay_bucket + 1) * self.p.delivery_window,
            *(u.ready for u in self.unbondings.values()),
        }
        for job in self.jobs.values():
            times |= {job.input.deadline, job.output.deadline}
            if job.phase is not Phase.OPEN:
                commit = job.since + self.p.commit_window
                times |= {commit, commit + self.p.reveal_window, self.locked_until(job)}
                times |= {self.payable_until(job), job.since + self.p.contest_window}
                times |= {self.payable_until(job) - self.p.reveal_window}
                times |= {job.since + self.p.delivery_window - self.p.answer_window}
            if job.audit.state is AuditState.DRAWN:
                times |= {job.audit.since + self.p.commit_window}
        return sorted(t for t in times if t > self.time + 2)

    # --- opening and drawing ---------------------------------------------------------------------

    def open(self, who: str, batch: Sequence[tuple[bytes, Order, bool]]) -> None:
        """Open jobs, all or none; each comes with its id and whether its requester signed."""
        for id_, order, signed in batch:
            require(order.requester == batch[0][1].requester, "SeveralRequesters")
            self._open(who, id_, order, signed)
        for _, order, _ in batch:
            self.move(order.requester, "market", order.payment)

    def _open(self, who: str, id_: bytes, order: Order, signed: bool) -> None:
        require(self.time <= order.open_by, "OrderExpired")
        require(1 <= order.units <= 16, "UnitsOutOfRange")
        require(order.rung in set(Mode), "UnsupportedMode")
        require(not order.audit_odds or order.rung == Mode.OPTIMISTIC, "UnsupportedMode")
        least, most = (2, 5) if order.rung == Mode.REDUNDANT else (1, 1)
        require(least <= order.replicas <= most, "ReplicasOutOfRange")
        require(order.tier in self.pools, "UnknownPool")
        require(id_ not in self.jobs, "JobExists")
        require(who == order.requester or signed, "BadOrderSignature")
        require(order.payment <= self.p.seed_cap, "AboveSeedCap")
        seed = self.block + 2
        for _ in range(SEED_TRIES):
            seed = self.within_epoch(seed)
            if self.seeds[seed] + order.payment <= self.p.seed_cap:
                self.seeds[seed] += order.payment
                self.jobs[id_] = Job(order, Phase.OPEN, seed)
                return
            seed += 1
        raise RefusedError("SeedsFull")

    def within_epoch(self, seed: int) -> int:
        last = (seed + self.p.draw_blocks) // self.epoch_blocks
        return seed if seed // self.epoch_blocks == last else last * self.epoch_blocks

    def draw(self, id_: bytes, drawn: dict[int, int] | None) -> None:
        """`drawn` is what the chain drew, None where it drew nothing."""
        job = self._load(id_, Phase.OPEN)
        require(self.block > job.since, "TooEarly")
        require(self.block <= job.since + self.p.draw_blocks, "TooLate")
        pool, wanted = self.pools[job.order.tier], job.order.replicas
        able = [i for i, leaf in enumerate(pool) if self.lockable(leaf)]
        require(len(able) >= wanted, "PoolExhausted")
        self.agree(drawn is not None, f"nothing drawn though {len(able)} leaves are free")
        assert drawn is not None
        leaves = [drawn[seat] for seat in sorted(drawn)]
        self.agree(sorted(drawn) == list(range(len(drawn))), "seats are drawn with a gap")
        self.agree(len(set(leaves)) == len(leaves), "a leaf is drawn twice")
        self.agree(all(pool[i].weight(self.epoch) for i in leaves), "a weightless leaf is drawn")
        self.agree(wanted <= len(leaves) <= wanted + RESERVES, f"{len(leaves)} seats drawn")
        self.agree(set(leaves[:wanted]) <= set(able), "a leaf without a free slot is locked")
        if len(leaves) < wanted + RESERVES:
            self.agree(set(able) <= set(leaves), "a free leaf is left out of a draw that is short")
        job.lock_bucket = (self.time + self.lock_time) // self.bucket_seconds
        for leaf in leaves[:wanted]:
            self.lock(job.order.tier, leaf, job.lock_bucket)
        job.seats, job.phase, job.since = dict(drawn), Phase.DRAWN, self.time

    def draw_many(self, ids: Sequence[bytes], drawn: dict[bytes, dict[int, int]]) -> None:
        for id_ in ids:
            try:
                self.draw(id_, drawn.get(id_))
            except RefusedError:
                self.agree(id_ not in drawn, "a job was drawn that could not be")

    def expire(self, id_: bytes) -> None:
        job = self._load(id_, Phase.OPEN)
        require(self.block > job.since + self.p.draw_blocks, "TooEarly")
        self.refund(job)

    # --- settling and contesting -----------------------------------------------------------------

    def settle(self, id_: bytes, claims: Claims) -> None:
        job = self._load(id_, Phase.DRAWN)
        require(self.time <= self.payable_until(job), "TooLate")
        self._check(job, job.active, claims)
        self.pay(job, job.active)

    def settle_many(self, many: Sequence[tuple[bytes, Claims]]) -> None:
        for id_, claims in many:
            try:
                self.settle(id_, claims)
            except RefusedError:
                continue

    def contest(self, id_: bytes, claims: Claims) -> None:
        job = self._load(id_, Phase.DRAWN)
        require(self.time <= self.payable_until(job), "TooLate")
        self._check(job, job.active, claims)
        require(len(set(claims.outputs)) > 1, "OutputsAgree")
        self.hold_bonds(job, job.active)

    def conclude(self, id_: bytes, ended: bool, guilty: set[int], winner: str | None) -> None:
        job = self._load(id_, Phase.CONTESTED)
        if not ended:
            require(self.time > job.since + self.p.contest_window, "VerdictPending")
            guilty, winner = set(), None
        tier = job.order.tier
        guilty = (guilty | job.failed) & set(job.seats)
        innocent = sorted(set(job.seats) - guilty)
        job.phase = Phase.CONCLUDED
        for seat in innocent:
            self.release(tier, job.seats[seat])
        shares = innocent
        for seat in sorted(guilty):
            paid: defaultdict[str, int] = defaultdict(int)
            for other in shares:
                paid[self.owner(job, other)] += job.order.share
            shares = []
            paid[job.order.requester] += ceiling(tier)
            if winner is not None:
                paid[winner] += ceiling(tier)
            self.slash(tier, job.seats[seat], None, 12 * ceiling(tier) - sum(paid.values()), paid)
            job.failed.add(seat)

    def equivocate(
        self, who: str, id_: bytes, seat: int, proof: str, same: bool, stands: Callable[[Job], bool]
    ) -> None:
        """Two statements of a seat's provider; `stands` tells whether both were made."""
        require(not same, "NotEquivocation")
        job = self.jobs.get(id_)
        require(job is not None and seat in job.seats, "NotASeat")
        assert job is not None
        require(stands(job), f"Bad{proof}Signature")
        require(seat not in job.failed, "SeatAlreadyFailed")
        before = job.active
        require(seat in before, "NotASeat")
        if job.phase is Phase.CONTESTED:
            job.failed.add(seat)
            return
        locked = self.time < self.locked_until(job) and job.phase is not Phase.CONCLUDED
        require(locked, "BondNoLongerLocked")
        requester = job.order.requester if job.phase is Phase.SETTLED else None
        self.forfeit(job, seat, requester, who, None)
        if job.phase is Phase.DRAWN:
            self.next_round(job, before)

    # --- the ends of a job -----------------------------------------------------------------------

    def refund(self, job: Job, amount: int | None = None) -> None:
        job.phase, job.since = Phase.REFUNDED, self.time
        self.matured[job.order.requester] += job.order.payment if amount is None else amount

    def pay(self, job: Job, seats: Sequence[int]) -> None:
        seats = list(seats)
        job.keep(seats)
        job.phase, job.since = Phase.SETTLED, self.time
        for seat in seats:
            self.earned[self.owner(job, seat), self.pay_bucket] += job.order.share
        self.matured[job.order.requester] += job.order.share * (job.order.replicas - len(seats))
        if job.order.audit_odds:
            self.plan_audit(job, job.order.audit_odds)

    def plan_audit(self, job: Job, odds: int) -> None:
        """The share of an auditor is in escrow."""
        job.audit = Audit(AuditState.DUE, self.within_epoch(self.block + 2), odds=odds)

    def hold_bonds(self, job: Job, seats: Sequence[int]) -> None:
        seats = list(seats)
        job.keep(seats)
        job.phase, job.since = Phase.CONTESTED, self.time
        for seat in seats:
            self.hold(job.order.tier, job.seats[seat], job.lock_bucket)
        self.matured[job.order.requester] += job.order.payment

    def next_round(self, job: Job, before: Sequence[int]) -> None:
        self.drop_demand(job)
        needed = 2 * self.p.commit_window + self.p.answer_window + self.p.reveal_window
        if self.time + needed > self.payable_until(job):
            job.keep(before)
            self.refund(job)
            return
        seated = set(before)
        while fresh := [s for s in job.active if s not in seated]:
            seated.add(fresh[0])
            if not self.lock(job.order.tier, job.seats[fresh[0]], job.lock_bucket):
                job.failed.add(fresh[0])
        if len(job.active) < job.order.replicas:
            self.refund(job)
            return
        job.round += 1
        job.since = self.time

    def drop_demand(self, job: Job) -> None:
        if job.input.state is Asked.PENDING:
            job.input = self.return_deposit(job.input, Asked.NONE)

    def return_deposit(self, demand: Demand, state: Asked, fee: int = 0) -> Demand:
        self.matured[demand.demander] += self.deposit_needed - fee
        return replace(demand, state=state)

    # --- slashing --------------------------------------------------------------------------------

    def no_show(self, job: Job, seat: int) -> None:
        tier = job.order.tier
        self.slash(tier, job.seats[seat], job.lock_bucket, 2 * ceiling(tier), {})
        job.failed.add(seat)

    def forfeit(
        self, job: Job, seat: int, requester: str | None, reporter: str | None, lone: str | None
    ) -> None:
        tier = job.order.tier
        paid: defaultdict[str, int] = defaultdict(int)
        for account, amount in (
            (requester, ceiling(tier)),
            (reporter, ceiling(tier)),
            (lone, job.order.share),
        ):
            if account is not None:
                paid[account] += amount
        burned = 12 * ceiling(tier) - sum(paid.values())
        self.slash(tier, job.seats[seat], job.lock_bucket, burned, paid)
        job.failed.add(seat)

    # --- money out -------------------------------------------------------------------------------

    def withdraw(self, who: str) -> None:
        amount, _ = self.balance(who)
        require(amount > 0, "NothingToWithdraw")
        self.matured[who] = 0
        for account, bucket in list(self.earned):
            if account == who and bucket + 2 <= self.pay_bucket:
                del self.earned[account, bucket]
        self.move("market", who, amount)

    # --- inside ----------------------------------------------------------------------------------

    def _load(self, id_: bytes, phase: Phase) -> Job:
        require(id_ in self.jobs and self.jobs[id_].phase is phase, "WrongPhase")
        return self.jobs[id_]

    @staticmethod
    def _check(job: Job, seats: Sequence[int], claims: Claims) -> None:
        complete = len(claims.outputs) == job.order.replicas == len(seats)
        require(complete, "WrongRevealCount")
        require(all(any(output) for output in claims.outputs), "ZeroOutput")
        require(claims.bad is None, "BadClaimSignature")

    @staticmethod
    def agree(condition: bool, otherwise: str) -> None:
        if not condition:
            raise DisagreementError(otherwise)
