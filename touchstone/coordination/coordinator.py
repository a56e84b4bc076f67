"""Moves jobs on: asks the drawn nodes, decides, sends. Anyone may run one; none has a privilege."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from touchstone.chain.market import SignedClaim, SignedCommit
from touchstone.coordination.messages import CommitSet, SeatCommit
from touchstone.coordination.peers import peer_of
from touchstone.coordination.round import (
    Contest,
    PostCommits,
    Punish,
    Round,
    Send,
    Settle,
    Step,
    next_step,
)
from touchstone.coordination.together import Together
from touchstone.errors import ChainError, PeerError, SignatureError, TransactionReverted
from touchstone.protocol.claims import draw_of
from touchstone.protocol.eip712 import Signature
from touchstone.protocol.jobs import Action, JobState, Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from web3.types import TxReceipt

    from touchstone.chain.market import Market
    from touchstone.chain.sender import Call, Sender
    from touchstone.chain.stake import Vault
    from touchstone.protocol.ids import JobId
    from touchstone.protocol.orders import Order

_log = logging.getLogger(__name__)

_LOST_RACES = {
    "WrongPhase",
    "CommitExists",
    "AlreadyRevealed",
    "SeatAlreadyFailed",
    "TooEarly",
    "VerdictPending",
    "DemandPending",
    "NoDemand",
    "NoAudit",
    "ChallengePending",
}
"""Refusals that only say that somebody else was first, or that it is not time yet."""

_MAX_ROUNDS_KEPT = 4096


class Coordinator:
    """Takes jobs through their rounds. Safe to use from threads, for different jobs.

    What it has gathered is kept in memory only: all of it can be asked for again.
    """

    def __init__(
        self,
        market: Market,
        vault: Vault,
        sender: Sender,
        *,
        on_transaction: Callable[[JobId, str, TxReceipt], None] | None = None,
    ) -> None:
        """Binds the contracts and the account that pays for transactions.

        Args:
            market: the market.
            vault: the vault, which knows the nodes' endpoints.
            sender: signs and sends.
            on_transaction: told of each transaction: job, name of the call, receipt.
        """
        self._market = market
        self._vault = vault
        self._sender = sender
        self._on_transaction = on_transaction
        self._rounds: dict[bytes, Round] = {}
        self._together = Together()

    def step(self, order: Order, job: JobState | None = None) -> JobState:
        """Does the next thing that can be done for the job, if any, and returns its state after.

        Losing a race against another coordinator is normal and not an error.

        Args:
            order: the job's order.
            job: the job as it was read a moment ago, where it was.

        Raises:
            ChainError: the chain does not answer or refuses for another reason.
        """
        job = job or self._market.job(order)
        step = self.plan(job)
        if step is None:
            return job
        self.carry_out(job, step)
        return self._market.job(order)

    def plan(self, job: JobState) -> Step | None:
        """The next thing that can be done for the job; asks its nodes for what is missing."""
        gathered = self._gather(job) if job.phase is Phase.DRAWN else None
        step = next_step(job, self._market.clock(), self._market.parameters, gathered)
        if step is None and job.phase is Phase.CONTESTED and self._market.verdict_ended(job.id):
            step = Send(Action.CONCLUDE)
        return step

    def due_draws(self, orders: list[Order]) -> list[Order]:
        """Those of the orders that can be drawn now, for one transaction together."""
        clock = self._market.clock()
        found = []
        for order in orders:
            job = self._market.job(order)
            step = next_step(job, clock, self._market.parameters, None)
            if job.phase is Phase.OPEN and step == Send(Action.DRAW):
                found.append(order)
        return found

    # --- gathering -------------------------------------------------------------------------------

    def _gather(self, job: JobState) -> Round:
        draw = draw_of(job.seed, job.round)
        gathered = self._rounds.get(draw)
        if gathered is None:
            if len(self._rounds) >= _MAX_ROUNDS_KEPT:
                self._rounds.pop(next(iter(self._rounds), b""), None)
            gathered = self._rounds[draw] = Round.of(job)
        self._ask_all(job, gathered, self._ask_commit, job.active)
        if gathered.complete(job):
            missing = [seat for seat in job.active if seat not in gathered.claims]
            self._ask_all(job, gathered, self._ask_claim, missing)
        return gathered

    def _ask_all(
        self,
        job: JobState,
        gathered: Round,
        ask: Callable[[JobState, Round, int], None],
        seats: Iterable[int],
    ) -> None:
        questions = {
            f"{job.providers[seat]} {job.id.hex()}": partial(ask, job, gathered, seat)
            for seat in seats
        }
        self._together.ask(questions)

    def _ask_commit(self, job: JobState, gathered: Round, seat: int) -> None:
        """Asks again even where a commitment is known: a second one would be worth a bounty."""
        try:
            status = peer_of(self._vault, job.providers[seat]).status(job.id)
            if status.commit is None or status.draw != gathered.draw:
                return
            signature = Signature.from_bytes(status.commit.signature)
            commit = SignedCommit(status.commit.commitment, signature)
            gathered.add_commit(self._market.domain, job, seat, commit)
        except (PeerError, SignatureError, ChainError) as error:
            _log.info("job %s seat %d: no commitment: %s", job.id.hex()[:8], seat, error)

    def _ask_claim(self, job: JobState, gathered: Round, seat: int) -> None:
        try:
            peer = peer_of(self._vault, job.providers[seat])
            answer = peer.reveal(job.id, self._commit_set(job, gathered))
            claim = SignedClaim(
                answer.output_root,
                answer.set,
                answer.salt,
                Signature.from_bytes(answer.signature),
            )
            gathered.add_claim(self._market.domain, job, seat, claim)
        except (PeerError, SignatureError, ChainError) as error:
            _log.info("job %s seat %d: no claim: %s", job.id.hex()[:8], seat, error)

    @staticmethod
    def _commit_set(job: JobState, gathered: Round) -> CommitSet:
        return CommitSet(
            draw=gathered.draw,
            commits=[
                SeatCommit(
                    seat=seat,
                    provider=job.providers[seat],
                    commitment=gathered.commits[seat].commitment,
                    signature=gathered.commits[seat].signature.to_bytes(),
                )
                for seat in job.active
            ],
        )

    # --- sending ---------------------------------------------------------------------------------

    def carry_out(self, job: JobState, step: Step) -> None:
        """Sends what the step asks for. Raises as `step` does."""
        order, market = job.order, self._market
        match step:
            case Send(Action.DRAW, _):
                self._send(job, "draw", market.draw([order]))
            case Send(Action.EXPIRE, _):
                self._send(job, "expire", market.expire(order))
            case Send(Action.CONCLUDE, _):
                self._send(job, "conclude", market.conclude(order))
            case Send(Action.CLOSE_DEMAND, _):
                self._send(job, "close demand", market.close_demand(order))
            case Send(Action.ADVANCE_AUDIT, _):
                self._send(job, "advance audit", market.advance_audit(order))
            case Send(Action.ADVANCE, commits):
                self._send(job, "advance", market.advance(order, commits))
            case Settle(settlement):
                self._send(job, "settle", market.settle([settlement]))
            case Contest(roots, reveals):
                self._send(job, "contest", market.contest(order, roots, reveals))
            case PostCommits(commits):
                for seat, commit in commits.items():
                    self._send(job, "commit", market.commit(order, seat, commit))
            case Punish(seat, first, second):
                call = market.punish_two_commits(order, seat, job.round, first, second)
                self._send(job, "punish", call)

    def _send(self, job: JobState, name: str, call: Call) -> None:
        try:
            receipt = self._sender.send(call)
        except TransactionReverted as error:
            if error.error not in _LOST_RACES:
                raise
            _log.info("job %s: %s: somebody was first: %s", job.id.hex()[:8], name, error)
            return
        _log.info("job %s: %s, %d gas", job.id.hex()[:8], name, receipt["gasUsed"])
        if self._on_transaction is not None:
            self._on_transaction(job.id, name, receipt)
