"""The model's audits: who looks at a settled job, and what happens where it does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from eth_utils.crypto import keccak

from tests.model.market_model import Asked, Audit, Claims, Job, Phase
from tests.model.slow_model import SlowModel
from tests.model.stake_model import ceiling, require
from touchstone.protocol.audits import AUDITOR_SEAT, AuditState, audit_seed
from touchstone.protocol.ids import JobId

AUDITORS = 3


class AuditModel(SlowModel):
    # --- reading ---------------------------------------------------------------------------------

    def auditor(self, job: Job) -> str:
        return self.pools[job.order.tier][job.audit.leaves[0]].owner

    def audit_locked_until(self, job: Job) -> int:
        return (job.audit.bucket + 1) * self.bucket_seconds

    def _in_time(self, job: Job) -> bool:
        needed = 2 * self.p.commit_window + self.p.answer_window
        return self.time + needed < self.locked_until(job)

    @staticmethod
    def _refuted(job: Job) -> bool:
        return bool(job.failed & set(job.paid))

    @staticmethod
    def _demanded(job: Job) -> bool:
        return job.input.state is Asked.PENDING and job.input.seats == {AUDITOR_SEAT}

    # --- calls -----------------------------------------------------------------------------------

    def request_audit(self, who: str, id_: bytes) -> None:
        job = self._load(id_, Phase.SETTLED)
        require(who == job.order.requester, "NotTheRequester")
        free = job.audit.state in (AuditState.NONE, AuditState.OVER)
        require(free and not any(job.audit.seal), "AuditPending")
        require(not self._refuted(job), "ResultRefuted")
        require(self._in_time(job), "TooLate")
        self.plan_audit(job, 1)
        self.move(who, "market", job.order.share)

    def advance_audit(self, id_: bytes, named: Sequence[int]) -> None:
        """`named` are the leaves that the chain drew where it drew some."""
        job = self.jobs[id_]
        answered = job.phase is not Phase.SETTLED or self._refuted(job)
        if job.audit.state is not AuditState.DUE:
            require(job.audit.state is AuditState.DRAWN, "NoAudit")
            if not answered and self._demanded(job) and self._starves(job):
                self._end_unserved(job)
                return
        if answered:
            self._end(job, job.order.share)
        elif job.audit.state is AuditState.DUE:
            self._draw_auditor(id_, job, named)
        else:
            self._replace(job)

    def vouch(self, who: str, id_: bytes, seal: bytes) -> None:
        job = self._load(id_, Phase.SETTLED)
        self._require_auditor(who, job)
        require(any(seal), "ZeroOutput")
        require(not self._refuted(job), "ResultRefuted")
        require(self.time < self.locked_until(job), "TooLate")
        job.audit = replace(job.audit, state=AuditState.VOUCHED, since=self.time, seal=seal)
        if self._demanded(job):
            self.drop_demand(job)
        self.earned[who, self.pay_bucket] += job.order.share

    def refute_vouch(
        self, id_: bytes, output: bytes, claims: Claims | None, opens: bool, good: bytes
    ) -> None:
        """`opens` tells whether seal and salt make the output, `good` is what the auditor had to
        seal of them."""
        job = self.jobs[id_]
        require(job.audit.state is AuditState.VOUCHED, "NoAudit")
        require(self.time < self.audit_locked_until(job), "BondNoLongerLocked")
        require(self.is_settled(job, output, claims) and opens, "WrongOutput")
        require(job.audit.seal != good, "GoodSeal")
        tier, audit = job.order.tier, job.audit
        paid = {job.order.requester: ceiling(tier)}
        rewarded = self.owner(job, job.paid[0])
        paid[rewarded] = paid.get(rewarded, 0) + ceiling(tier)
        self.slash(tier, audit.leaves[0], audit.bucket, 10 * ceiling(tier), paid)
        job.audit = replace(audit, state=AuditState.OVER)

    def demand_audit_input(self, who: str, id_: bytes) -> None:
        job = self._load(id_, Phase.SETTLED)
        self._require_auditor(who, job)
        require(self.time <= job.audit.since + self.p.commit_window, "TooLate")
        if not self._demanded(job):
            self.drop_demand(job)
        job.input = self._demand(who, job.input, {AUDITOR_SEAT})

    def answer_audit_input(self, who: str, id_: bytes, length: int, right: bool) -> None:
        job = self._load(id_, Phase.SETTLED)
        require(job.audit.state is AuditState.DRAWN, "NoAudit")
        require(self._demanded(job), "NoDemand")
        job.input = self._answer(who, job.input, length, right)
        job.audit = replace(job.audit, since=self.time)

    # --- inside ----------------------------------------------------------------------------------

    def _require_auditor(self, who: str, job: Job) -> None:
        require(job.audit.state is AuditState.DRAWN, "NoAudit")
        require(who == self.auditor(job), "NotTheAuditor")

    def _draw_auditor(self, id_: bytes, job: Job, named: Sequence[int]) -> None:
        seed_block = job.audit.since
        require(self.block > seed_block, "TooEarly")
        # The beacon of tests: the hash of the block's number.
        seed = audit_seed(JobId(id_), keccak(seed_block.to_bytes(32, "big")))
        late = self.block > seed_block + self.p.draw_blocks or not self._in_time(job)
        if late or int.from_bytes(seed, "big") % job.audit.odds:
            self._end(job, job.order.share)
            return
        pool = self.pools[job.order.tier]
        strangers = [i for i in named if i not in job.seats.values()]
        self.agree(list(named) == strangers, "a provider that was paid audits itself")
        self.agree(len(set(named)) == len(named) <= AUDITORS, "too many auditors")
        self.agree(all(pool[i].weight(self.epoch) for i in named), "a weightless leaf is drawn")
        self.agree(not named or self.lockable(pool[named[0]]), "an auditor without a free slot")
        self._seat_auditor(job, tuple(named))

    def _replace(self, job: Job) -> None:
        until = job.audit.since + self.p.commit_window
        require(self.time > until, "TooEarly")
        if until < self.locked_until(job) and self.time < self.audit_locked_until(job):
            tier = job.order.tier
            self.slash(tier, job.audit.leaves[0], job.audit.bucket, 2 * ceiling(tier), {})
        self._seat_auditor(job, job.audit.leaves[1:])

    def _seat_auditor(self, job: Job, leaves: tuple[int, ...]) -> None:
        bucket = (self.time + self.lock_time) // self.bucket_seconds
        if self._in_time(job):
            while leaves:
                if self.lock(job.order.tier, leaves[0], bucket):
                    job.audit = Audit(AuditState.DRAWN, self.time, bucket, job.audit.odds, leaves)
                    return
                leaves = leaves[1:]
        self._end(job, job.order.share)

    def _end(self, job: Job, returned: int) -> None:
        job.audit = replace(job.audit, state=AuditState.OVER)
        if self._demanded(job):
            self.drop_demand(job)
        self.matured[job.order.requester] += returned

    def _end_unserved(self, job: Job) -> None:
        """Who was paid had the input: it forfeits its bond, and the auditor is paid for waiting."""
        fee = job.order.share // 8
        self.matured[self.auditor(job)] += fee
        self._end(job, job.order.share - fee)
        if self.time < self.locked_until(job):
            for seat in job.active:
                self.forfeit(job, seat, job.order.requester, None, None)
