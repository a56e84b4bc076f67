"""Disputes results that differ from the verifier's own: looks, decides, sends; the chain remembers.

What is due is for `verifier.contest` to say, and for `touchstone.disputes.player` within a game.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from touchstone.chain.allowance import allow
from touchstone.chain.disputes import Disputes
from touchstone.chain.token import Token
from touchstone.errors import DisputeError, ReceiptError
from touchstone.players.keeper import Contested, Dispute, Keeper
from touchstone.players.log import Log
from touchstone.players.looking import games_of, parties_of
from touchstone.players.served import Served
from touchstone.protocol.jobs import Phase, seats_in
from touchstone.protocol.payload import payload_root
from touchstone.receipts.facts import settling_reveals
from verifier.audit import ending, roots_of
from verifier.contest import Decision, Due, Sight, next_due

if TYPE_CHECKING:
    from collections.abc import Sequence

    from web3.types import EventData, TxReceipt

    from touchstone.chain.deployment import Deployment
    from touchstone.chain.sender import Call, Sender
    from touchstone.disputes.case import Case
    from touchstone.disputes.moves import Move
    from touchstone.protocol.ids import JobId
    from touchstone.protocol.jobs import JobState
    from verifier.audit import ExactModels
    from verifier.duties import Watch
    from verifier.store import SeenJob

_log = logging.getLogger(__name__)

_MOST_STEPS = 8


class Disputant:
    """Plays for one account, in all its disputes. For one thread at a time."""

    def __init__(
        self, watch: Watch, deployment: Deployment, sender: Sender, models: ExactModels
    ) -> None:
        """Binds the chain, the account that pays, and the models that it can show."""
        self._watch = watch
        self._disputes = Disputes(watch.w3, deployment)
        self._token = Token(watch.w3, deployment)
        self._sender = sender
        self._models = models
        self._log = Log.of_running(self._disputes)
        served = Served(watch.vault)
        self._keeper = Keeper(self._disputes, sender, self._log, self._on_moves, served)
        self._cases: dict[JobId, Case] = {}

    def look(self, job: SeenJob) -> Decision:
        """Does for a disputed job all that can be done now.

        Raises:
            TransactionReverted: somebody was faster; look again.
            ChainError: the chain does not answer.
        """
        decision = Decision(Due.WATCH)
        for _ in range(_MOST_STEPS):
            decision = self._step(job)
            if decision.due in (Due.WATCH, Due.OVER):
                break
            if decision.due is Due.PLAY and not self._play(job):
                break
        return decision

    def _step(self, job: SeenJob) -> Decision:
        """Decides, keeps the decision, and carries it out unless it is to play."""
        state, end = self._watch.market.job(job.order), ending(self._watch, job)
        mine = self._root(job, state)
        if mine is None:
            decision = Decision(Due.OVER, "its input or its model is no longer here")
            self._keep(job, decision, None)
            return decision
        sight = self._sight(job, state, end)
        decision = next_due(sight, self._sender.address, mine)
        self._keep(job, decision, sight)
        self._carry_out(job, state, end, mine, sight, decision)
        return decision

    # --- looking ---------------------------------------------------------------------------------

    def _sight(self, job: SeenJob, state: JobState, end: EventData | None) -> Sight:
        disputes, me = self._disputes, self._sender.address
        self._log.read()
        contest = disputes.contest(job.id)
        ended, _, _ = disputes.verdict(job.id)
        return Sight(
            now=self._watch.market.clock().time,
            phase=state.phase,
            locked_until=state.locked_until,
            claimed={
                seat: root
                for seat, root in ({} if end is None else roots_of(end)).items()
                if seat in state.active
            },
            challenged=self._watch.market.challenged(job.id),
            ended=ended,
            contest=contest,
            parties=parties_of(disputes, job.id, contest),
            games=games_of(disputes, job.id, self._log.games_of(job.id)),
            window=disputes.window,
            clock=disputes.clock,
            longest_game=disputes.longest_game,
            bond=disputes.bond,
            purse=self._token.balance_of(me),
            credits=disputes.balance_of(me),
        )

    def _root(self, job: SeenJob, state: JobState) -> bytes | None:
        """The output root that the verifier found itself, from its audit of the job's input."""
        given = self._watch.store.input(job.id)
        if job.order.deferred and (given is None or payload_root(*given) != state.input_root):
            return None
        found = self._watch.store.audit(job.id)
        root = (found or {}).get("output_root")
        return None if root is None else bytes.fromhex(root[2:])

    def _case(self, job: SeenJob) -> Case | None:
        """What can be shown of a job; made once. None where its input is gone."""
        if job.id not in self._cases:
            given = self._watch.store.input(job.id)
            if given is None:
                return None
            _log.info("replaying the disputed job %s", job.id.hex())
            published = self._watch.published(job.order.model)
            self._cases[job.id] = self._models.case(job.order, published, given[0])
        return self._cases[job.id]

    # --- acting ----------------------------------------------------------------------------------

    def _carry_out(
        self,
        job: SeenJob,
        state: JobState,
        end: EventData | None,
        mine: bytes,
        sight: Sight,
        decision: Decision,
    ) -> None:
        disputes, contest = self._disputes, sight.contest
        # What a killed worker sent for this contest is followed, not sent again.
        key = f"{job.id.hex()}:{contest.ends_at}:{contest.parties}"
        match decision.due:
            case Due.CHALLENGE if end is not None:
                self._challenge(job, state, end, mine, key)
            case Due.JOIN if end is not None:
                self._join(job, end, mine, contest.seats == 0, key)
            case Due.CONCLUDE:
                call = self._watch.market.conclude(job.order)
                self._send(job, "conclude", call, f"conclude:{job.id.hex()}:{contest.ends_at}")
            case Due.SETTLE_BOND if decision.party is not None:
                back = disputes.settle_bond(job.id, decision.party), disputes.withdraw()
                call = disputes.together(back)
                self._send(job, "settle bond", call, f"bond:{job.id.hex()}:{decision.party}")
            case Due.WITHDRAW:
                self._send(job, "withdraw bond", disputes.withdraw(), None)
            case Due.OVER:
                self._cases.pop(job.id, None)

    def _challenge(
        self, job: SeenJob, state: JobState, end: EventData, mine: bytes, key: str
    ) -> None:
        # Replayed before the clocks run.
        self._case(job)
        settled = bytes(end["args"]["outputRoot"])
        transaction = end["transactionHash"].to_0x_hex()
        try:
            reveals = settling_reveals(self._watch.market, state, settled, transaction)
        except ReceiptError as error:
            _log.warning("job %s cannot be challenged: %s", job.id.hex(), error)
            self._note(job, str(error))
            return
        self._allow()
        call = self._disputes.challenge(job.order, settled, reveals, mine)
        self._send(job, "challenge", call, f"challenge:{key}")

    def _join(self, job: SeenJob, end: EventData, mine: bytes, first: bool, key: str) -> None:
        """Joins a contest; makes the seats parties where they all kept quiet about it."""
        self._case(job)
        self._allow()
        calls = [self._disputes.join(job.id, mine)]
        found = Contested.of_event(end)
        if first and found is not None:
            enter = self._disputes.enter(job.order, found.draw, found.seats, found.outputs)
            calls.insert(0, enter)
        self._send(job, "join", self._disputes.together(calls), f"join:{key}")

    def _play(self, job: SeenJob) -> list[Move]:
        given, end = self._watch.store.input(job.id), ending(self._watch, job)
        case = self._case(job)
        if given is None or end is None or case is None:
            self._note(job, "its input is no longer here")
            return []
        dispute = Dispute(job.order, job.id, given[1], Contested.of_event(end), lambda: case)
        try:
            return self._keeper.tend(dispute)
        except DisputeError as error:
            self._note(job, str(error))
            return []

    def _allow(self) -> None:
        allow(self._token, self._sender, self._disputes.address, self._disputes.bond)

    def _send(self, job: SeenJob, name: str, call: Call, key: str | None) -> None:
        receipt = self._sender.send(call, key=key)
        self._tell(job.id, name, receipt)

    # --- remembering -----------------------------------------------------------------------------

    def _on_moves(self, job: JobId, made: Sequence[Move], receipt: TxReceipt) -> None:
        self._tell(job, " ".join(type(move).__name__.lower() for move in made), receipt)

    def _tell(self, job: JobId, what: str, receipt: TxReceipt) -> None:
        _log.info("dispute of job %s: %s, %d gas", job.hex(), what, receipt["gasUsed"])
        transaction = receipt["transactionHash"].to_0x_hex()
        self._watch.store.moved_in_dispute(job, what, transaction, receipt["gasUsed"])

    def _keep(self, job: SeenJob, decision: Decision, sight: Sight | None) -> None:
        detail: dict[str, object] = {"why": decision.why}
        if sight is not None:
            ours = [n for n, p in sight.parties.items() if p.account == self._sender.address]
            detail["party"] = (
                decision.party if decision.party is not None else max(ours, default=None)
            )
            detail["bond"] = str(sight.bond)
            detail["contest"] = _shown(sight) if sight.contest.ends_at else None
        before = self._watch.store.dispute(job.id) or {}
        if (before.get("doing"), before.get("why")) != (decision.due.value, decision.why):
            because = f": {decision.why}" if decision.why else ""
            _log.info("dispute of job %s: %s%s", job.id.hex(), decision.due.value, because)
        over = self._watch.w3.eth.block_number if decision.due is Due.OVER else None
        self._watch.store.disputes_on(job.id, decision.due.value, detail, over)

    def _note(self, job: SeenJob, why: str) -> None:
        self._watch.store.disputes_on(job.id, Due.WATCH.value, {"why": why}, None)


def _shown(sight: Sight) -> dict[str, object]:
    contest = sight.contest
    return {
        "of": "settled job" if contest.agreed else "contested job",
        "ends_at": contest.ends_at,
        "guilty": list(seats_in(contest.guilty)),
        "games": contest.games,
        "phase": sight.phase.name.lower() if sight.phase is not Phase.NONE else None,
    }
