"""The model's slow path: commitments, reveals and deadlines on chain, and demands for bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tests.model.market_model import Asked, Claims, Demand, Job, MarketModel, Phase
from tests.model.stake_model import RefusedError, require
from touchstone.protocol.audits import AUDITOR_SEAT
from touchstone.protocol.demands import MOST_ANSWER_BYTES, OVERHEAD_BYTES


@dataclass(frozen=True)
class Posted:
    """A commitment as it is submitted for a seat."""

    seat: int
    commitment: bytes
    signed: bool


class SlowModel(MarketModel):
    # --- commit, reveal, advance -----------------------------------------------------------------

    def commit(self, who: str, id_: bytes, posted: Posted) -> None:
        self._commit(who, self._load(id_, Phase.DRAWN), posted)

    def reveal(self, id_: bytes, seat: int, output: bytes, commitment: bytes | None) -> None:
        """`commitment` is what output and salt make for the seat's provider."""
        job = self._load(id_, Phase.DRAWN)
        require(self.time <= self._reveals_until(job), "TooLate")
        require(not job.silent(job.commits), "CommitsIncomplete")
        require(any(output), "ZeroOutput")
        require((job.round, seat) not in job.reveals, "AlreadyRevealed")
        require(seat in job.active, "NotASeat")
        require(job.commits[job.round, seat] == commitment, "CommitmentMismatch")
        job.reveals[job.round, seat] = output

    def commit_and_advance(self, who: str, id_: bytes, posted: Sequence[Posted]) -> None:
        job = self._load(id_, Phase.DRAWN)
        more = False
        for one in posted:
            if (job.round, one.seat) in job.commits:
                continue
            self._commit(who, job, one)
            more = True
        waits = job.input.state is Asked.PENDING and self.time <= job.input.deadline
        if more and (waits or not job.silent(job.commits)):
            return
        self._advance(job)

    def advance(self, id_: bytes) -> None:
        self._advance(self._load(id_, Phase.DRAWN))

    def _commit(self, who: str, job: Job, posted: Posted) -> None:
        require(posted.seat in job.active, "NotASeat")
        require((job.round, posted.seat) not in job.commits, "CommitExists")
        require(who == self.owner(job, posted.seat) or posted.signed, "BadCommitSignature")
        require(any(posted.commitment), "ZeroOutput")
        require(self.time <= self.payable_until(job) - self.p.reveal_window, "TooLate")
        job.commits[job.round, posted.seat] = posted.commitment
        if not job.silent(job.commits):
            job.since = self.time - self.p.commit_window

    def _advance(self, job: Job) -> None:
        if job.silent(job.commits) and self._starves(job):
            self._end_starved(job)
        elif self.time >= self.locked_until(job):
            self.refund(job)
        elif job.silent(job.commits):
            self._advance_commits(job)
        else:
            self._advance_reveals(job)

    def _advance_commits(self, job: Job) -> None:
        require(self.time > job.since + self.p.commit_window, "TooEarly")
        before = job.active
        for seat in job.silent(job.commits):
            self.no_show(job, seat)
        self.next_round(job, before)

    def _advance_reveals(self, job: Job) -> None:
        withheld = job.silent(job.reveals)
        require(not withheld or self.time > self._reveals_until(job), "TooEarly")
        spoke = [s for s in job.active if s not in withheld]
        lone = self.owner(job, spoke[0]) if len(spoke) == 1 else None
        for seat in withheld:
            self.forfeit(job, seat, job.order.requester, None, lone)
            lone = None
        outputs = {job.reveals[job.round, s] for s in spoke}
        job.keep(spoke)
        too_few = bool(withheld) and len(spoke) < 2
        if too_few or self.time > self.payable_until(job):
            self.refund(job)
        elif len(outputs) > 1:
            self.hold_bonds(job, spoke)
        else:
            self.pay(job, spoke)

    def _reveals_until(self, job: Job) -> int:
        return job.since + self.p.commit_window + self.p.reveal_window

    # --- demands for the input -------------------------------------------------------------------

    def demand_input(self, who: str, id_: bytes, seat: int) -> None:
        job = self._load(id_, Phase.DRAWN)
        require(seat in job.active, "NotASeat")
        require(who == self.owner(job, seat), "NotTheProvider")
        require(seat in job.silent(job.commits), "CommitExists")
        if job.input.state is Asked.PENDING and seat not in job.input.seats:
            require(self.time <= job.input.deadline, "TooLate")
            job.input = replace(job.input, seats=job.input.seats | {seat})
            return
        require(self.time <= job.since + self.p.commit_window, "TooLate")
        job.input = self._demand(who, job.input, {seat})

    def answer_input(self, who: str, id_: bytes, length: int, right: bool) -> None:
        job = self._load(id_, Phase.DRAWN)
        asked = job.input.state is Asked.PENDING
        require(asked or job.input.state is Asked.NONE, "DemandExists")
        require(asked or self.time <= job.since + self.p.commit_window, "TooLate")
        job.input = self._answer(who, job.input, length, right)
        if job.silent(job.commits):
            job.since = self.time

    def _starves(self, job: Job) -> bool:
        if job.input.state is not Asked.PENDING:
            return False
        require(self.time > job.input.deadline, "DemandPending")
        return True

    def _end_starved(self, job: Job) -> None:
        """Who demanded the input or has committed is paid an eighth of its share for waiting."""
        seats, silent = job.active, job.silent(job.commits)
        there = [s for s in seats if s not in silent or s in job.input.seats]
        fee = job.order.share // 8
        job.keep(seats)
        job.input = self.return_deposit(job.input, Asked.CLOSED)
        for seat in there:
            self.matured[self.owner(job, seat)] += fee
        self.refund(job, job.order.payment - fee * len(there))

    # --- demands for the output ------------------------------------------------------------------

    def demand_output(self, who: str, id_: bytes, output: bytes, claims: Claims | None) -> None:
        job = self._load(id_, Phase.SETTLED)
        require(who == job.order.requester, "NotTheRequester")
        require(not job.acknowledged, "WrongPhase")
        require(job.output.state is Asked.NONE, "DemandExists")
        until = job.since + self.p.delivery_window - self.p.answer_window
        require(self.time <= until, "TooLate")
        require(self.is_settled(job, output, claims), "WrongOutput")
        job.demanded_output = output
        for seat in job.paid:
            self._take_back(self.owner(job, seat), job)
        job.output = self._demand(who, job.output, set(job.paid))

    def is_settled(self, job: Job, output: bytes, claims: Claims | None) -> bool:
        """`claims` that settled the job, None where it was settled by reveals on chain."""
        if claims is None:
            told = {job.reveals.get((job.round, s)) for s in job.paid}
            return told == {output} and any(output)
        try:
            self._check(job, job.paid, claims)
        except RefusedError:
            return False
        return True

    def answer_output(self, who: str, id_: bytes, length: int, root: bytes) -> None:
        job = self._load(id_, Phase.SETTLED)
        require(job.output.state is Asked.PENDING, "NoDemand")
        job.output = self._answer(who, job.output, length, root == job.demanded_output)
        job.acknowledged = True
        self._pay_waiting(job)

    def acknowledge(self, who: str, id_: bytes, output: bytes, signed: bool) -> None:
        job = self._load(id_, Phase.SETTLED)
        require(who == job.order.requester or signed, "BadOrderSignature")
        require(not job.acknowledged, "WrongPhase")
        job.acknowledged = True
        if job.output.state is Asked.PENDING:
            require(output == job.demanded_output, "WrongOutput")
            job.output = self.return_deposit(job.output, Asked.CLOSED)
            self._pay_waiting(job)
            return
        for seat in job.active:
            owner = self.owner(job, seat)
            self.matured[owner] += self._take_back(owner, job)

    def close_demand(self, id_: bytes) -> None:
        job = self.jobs.get(id_)
        # An auditor's demand for the input is not closed here.
        asked = job is not None and job.input.state is Asked.PENDING
        input_ = asked and job is not None and job.input.seats != {AUDITOR_SEAT}
        output = job is not None and job.output.state is Asked.PENDING
        require(input_ or output, "NoDemand")
        assert job is not None
        if input_:
            self._close_input(job)
        if output and (not input_ or self.time > job.output.deadline):
            self._close_output(job)

    def _close_input(self, job: Job) -> None:
        if job.phase is not Phase.DRAWN or not job.silent(job.commits):
            self.drop_demand(job)
        elif self._starves(job):
            self._end_starved(job)

    def _close_output(self, job: Job) -> None:
        require(self.time > job.output.deadline, "DemandPending")
        job.output = self.return_deposit(job.output, Asked.CLOSED)
        if self.time < self.locked_until(job):
            for seat in job.paid:
                if seat not in job.failed:
                    self.no_show(job, seat)
        self.refund(job, job.order.share * len(job.paid))

    # --- inside ----------------------------------------------------------------------------------

    def _demand(self, who: str, before: Demand, seats: set[int]) -> Demand:
        require(before.state is Asked.NONE, "DemandExists")
        self.move(who, "market", self.deposit_needed)
        return Demand(Asked.PENDING, who, self.time + self.p.answer_window, frozenset(seats))

    def _answer(self, who: str, demand: Demand, length: int, right: bool) -> Demand:
        require(length <= MOST_ANSWER_BYTES, "AnswerTooLong")
        require(right, "WrongAnswer")
        if demand.state is not Asked.PENDING:
            return replace(demand, state=Asked.ANSWERED)
        require(self.time <= demand.deadline, "TooLate")
        fee = (length + OVERHEAD_BYTES) * self.p.answer_price
        self.matured[who] += fee
        return self.return_deposit(demand, Asked.ANSWERED, fee)

    def _pay_waiting(self, job: Job) -> None:
        for seat in job.paid:
            self.matured[self.owner(job, seat)] += job.order.share

    def _take_back(self, owner: str, job: Job) -> int:
        """A seat's payment out of what matures; nothing where it has matured already."""
        bucket = job.since // self.p.delivery_window
        if bucket + 2 <= self.pay_bucket:
            return 0
        self.earned[owner, bucket] -= job.order.share
        return job.order.share
