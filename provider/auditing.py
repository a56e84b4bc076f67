"""Audits what the chain draws the node for, and serves and checks those who audit its results: one
thread. All that it must know stands on the chain, so that a restart loses nothing."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import TYPE_CHECKING

from provider.audit_duties import AuditDuty, AuditSight, next_audit_duty
from provider.log import log
from provider.watcher import CHAIN_TROUBLE, LOOK_BACK_BLOCKS, REWIND_BLOCKS
from touchstone.amounts import format_tokens
from touchstone.chain.market import order_of_event
from touchstone.coordination.peers import peer_of
from touchstone.errors import InsufficientFundsError, PeerError, TransactionReverted
from touchstone.protocol.audits import seal_of
from touchstone.protocol.ids import JobId, PoolId
from touchstone.protocol.inputs import require_input
from touchstone.protocol.merkle import merkle_root
from touchstone.protocol.payload import payload_root
from touchstone.receipts.facts import settling_reveals

if TYPE_CHECKING:
    from web3.types import EventData

    from provider.book import JobBook
    from provider.signing import Signatory
    from provider.worker import Worker
    from touchstone.chain.disputes import Disputes
    from touchstone.chain.sender import Call, Sender
    from touchstone.chain.stake import Vault
    from touchstone.chain.token import Token
    from touchstone.protocol.jobs import Clock, JobState
    from touchstone.protocol.orders import Order

_EVENTS = ("Opened", "AuditDue", "AuditorDrawn", "Vouched")
_MOST_ORDERS = 10_000
_RETRY_S = 3.0
"""Seconds before the same thing is tried again."""
_ALLOWED = 64


@dataclass(slots=True)
class _Case:
    """A job with an audit, and what the node found out itself."""

    order: Order
    waits_at: int = -1
    """The block at which nothing was due: all that changes comes with another."""
    tried: dict[AuditDuty, float] = field(default_factory=dict)
    payload: bytes | None = None
    salt: bytes | None = None
    output: bytes | None = None
    settled: EventData | None = None

    @property
    def agrees(self) -> bool | None:
        if self.output is None or self.salt is None or self.settled is None:
            return None
        return payload_root(self.output, self.salt) == bytes(self.settled["args"]["outputRoot"])


class Auditing:
    """The node's part in audits."""

    def __init__(
        self,
        book: JobBook,
        disputes: Disputes,
        vault: Vault,
        token: Token,
        sender: Sender,
        signatory: Signatory,
        worker: Worker,
        poll_s: float,
    ) -> None:
        """Binds the book of the node's jobs, the contracts and what computes."""
        self._book = book
        self._market = book.market
        self._disputes = disputes
        self._vault = vault
        self._token = token
        self._sender = sender
        self._signatory = signatory
        self._worker = worker
        self._poll_s = poll_s
        self._orders: dict[JobId, Order] = {}
        self._cases: dict[JobId, _Case] = {}
        self._read_until = -1
        self._handled: dict[tuple[bytes, int], int] = {}
        self._stopping = Event()
        self._thread = Thread(target=self._loop, name="auditing", daemon=True)

    def start(self) -> None:
        """Begins to look."""
        self._thread.start()

    def stop(self) -> None:
        """Ends after the audit in hand."""
        self._stopping.set()
        self._thread.join()

    def _loop(self) -> None:
        while not self._stopping.wait(self._poll_s):
            try:
                self.look()
            except CHAIN_TROUBLE as error:
                log("chain trouble in an audit", logging.WARNING, error=str(error))
            except Exception:
                # One audit that fails must not end the others.
                log("auditing failed", logging.ERROR, trace=True)

    def look(self) -> None:
        """Does all that is due now. While no block comes and nothing is in hand, the chain is not
        asked: the watcher looks for new blocks."""
        clock = self._book.clock
        self._read(clock.block)
        for job, case in list(self._cases.items()):
            if case.waits_at == clock.block:
                continue
            try:
                self._tend(job, case, clock)
            except (InsufficientFundsError, PeerError) as error:
                log("audit waits", logging.WARNING, job=job, error=str(error))
            except TransactionReverted as error:
                log("somebody was first", logging.INFO, job=job, error=str(error))

    # --- looking ---------------------------------------------------------------------------------

    def _read(self, head: int) -> None:
        """Learns of audits in the pools that the node serves."""
        if head == self._read_until:
            return
        last = self._read_until if self._read_until >= 0 else head - LOOK_BACK_BLOCKS
        first = max(self._market.first_block, min(last, head) - REWIND_BLOCKS)
        for event in self._market.events(first, head, names=_EVENTS):
            key = (bytes(event["blockHash"]), event["logIndex"])
            if key in self._handled:
                continue
            self._handled[key] = event["blockNumber"]
            self._learn(event)
        self._handled = {k: b for k, b in self._handled.items() if b >= head - 2 * REWIND_BLOCKS}
        self._read_until = head

    def _learn(self, event: EventData) -> None:
        job = JobId(bytes(event["args"]["job"]))
        if event["event"] == "Opened":
            if PoolId(bytes(event["args"]["pool"])) in self._book.served:
                self._orders[job] = order_of_event(event)
                if len(self._orders) > _MOST_ORDERS:
                    del self._orders[next(iter(self._orders))]
            return
        if job in self._orders and job not in self._cases:
            self._cases[job] = _Case(self._orders[job])

    def _tend(self, job: JobId, case: _Case, clock: Clock) -> None:
        state = self._market.job(case.order)
        me = self._book.me
        auditor = self._market.auditor_of(state, self._vault)
        if case.settled is None:
            found = self._market.events(self._first(state), clock.block, job, ("Settled",))
            case.settled = next(iter(found), None)
        sight = AuditSight(
            job=state,
            clock=clock,
            mine=auditor == me.address,
            paid=self._is_paid(job, state),
            challenged=self._market.challenged(job),
            agrees=case.agrees,
            plays=case.agrees is False and self._plays(job),
        )
        duty = next_audit_duty(sight, self._market.parameters, me)
        if duty is AuditDuty.WAIT:
            case.waits_at = clock.block
            return
        if duty is AuditDuty.FORGET:
            del self._cases[job]
            return
        if time.monotonic() < case.tried.get(duty, -_RETRY_S) + _RETRY_S:
            return
        case.tried[duty] = time.monotonic()
        self._do(duty, state, case)

    def _plays(self, job: JobId) -> bool:
        """Whether the node is a challenger in the job's contest."""
        contest = self._disputes.contest(job)
        parties = self._disputes.parties(job, range(contest.first, contest.parties))
        return any(party.account == self._book.me.address for party in parties.values())

    def _is_paid(self, job: JobId, state: JobState) -> bool:
        """Whether a seat that was paid for the result is the node's, and has the output."""
        return self._book.me.address in state.providers.values() and bool(
            self._book.store.output(job)
        )

    def _first(self, state: JobState) -> int:
        return max(
            self._market.first_block, int(self._market.w3.eth.block_number) - LOOK_BACK_BLOCKS
        )

    # --- acting ----------------------------------------------------------------------------------

    def _do(self, duty: AuditDuty, state: JobState, case: _Case) -> None:
        order = state.order
        match duty:
            case AuditDuty.ADVANCE:
                self._send("audit moved on", state, self._market.advance_audit(order))
            case AuditDuty.FETCH:
                self._fetch(state, case)
            case AuditDuty.TAKE:
                answer = self._market.answer(state.id, output=False)
                self._compute(state, case, answer.payload, answer.salt)
            case AuditDuty.DEMAND:
                self._allow(self._market.contract.address, self._market.answer_deposit)
                self._send("input demanded", state, self._market.demand_audit_input(order))
            case AuditDuty.SERVE:
                self._serve(state)
            case AuditDuty.VOUCH:
                self._vouch(state, case)
            case AuditDuty.CHALLENGE:
                self._challenge(state, case)
            case AuditDuty.JOIN:
                self._join(state, case)
            case AuditDuty.CHECK:
                self._check(state, case)

    def _fetch(self, state: JobState, case: _Case) -> None:
        """Asks whoever was paid for the result for its input."""
        signature = self._signatory.audit_request(state.id)
        problems = []
        for provider in state.providers.values():
            try:
                payload, salt = peer_of(self._vault, provider).audit_input(state.id, signature)
            except PeerError as error:
                problems.append(str(error))
                continue
            if payload_root(payload, salt) == state.order.input_root:
                return self._compute(state, case, payload, salt)
            problems.append(f"{provider} gives something else than the input")
        raise PeerError("; ".join(problems) or "nobody has the input")

    def _compute(self, state: JobState, case: _Case, payload: bytes, salt: bytes) -> None:
        require_input(state.order, payload, salt)
        output = self._worker.answer(state.id, state.order, payload)
        # SAFETY: before anything is said about it, so that it can be defended.
        root, now = payload_root(output, salt), self._book.clock.time
        self._book.store.keep_audited(state.id, state.order, (payload, salt), (output, root), now)
        case.payload, case.salt, case.output = payload, salt, output
        log("audited", job=state.id, agrees=case.agrees)

    def _vouch(self, state: JobState, case: _Case) -> None:
        assert case.output is not None
        assert case.salt is not None
        me = self._signatory.address
        seal = seal_of(state.id, me, merkle_root(case.output), case.salt)
        self._send("vouched", state, self._market.vouch(state.order, seal))

    def _challenge(self, state: JobState, case: _Case) -> None:
        """Disputes the result; the games are for `Defence` to play."""
        assert case.output is not None
        assert case.salt is not None
        assert case.settled is not None
        settled = bytes(case.settled["args"]["outputRoot"])
        transaction = case.settled["transactionHash"].to_0x_hex()
        reveals = settling_reveals(self._market, state, settled, transaction)
        self._allow(self._disputes.address, self._disputes.bond)
        mine = payload_root(case.output, case.salt)
        call = self._disputes.challenge(state.order, settled, reveals, mine)
        self._send("result disputed", state, call)

    def _join(self, state: JobState, case: _Case) -> None:
        """Takes part in a dispute that somebody else began."""
        assert case.output is not None
        assert case.salt is not None
        self._allow(self._disputes.address, self._disputes.bond)
        call = self._disputes.join(state.id, payload_root(case.output, case.salt))
        self._send("dispute joined", state, call)

    def _serve(self, state: JobState) -> None:
        """Publishes the input that the auditor demands: unanswered, the bond would be forfeit."""
        work, payload = self._book.store.work(state.id), self._book.store.input(state.id)
        if work is None or work.salt is None or payload is None:
            log("the input that an auditor demands is gone", logging.ERROR, job=state.id)
            return
        call = self._market.answer_audit_input(state.order, payload, work.salt)
        self._send("input published for an auditor", state, call)

    def _check(self, state: JobState, case: _Case) -> None:
        """Looks whether who audited the node's result computed it, and shows where it did not."""
        work, output = self._book.store.work(state.id), self._book.store.output(state.id)
        leaf = state.audit.leaf
        if work is None or work.salt is None or output is None or leaf is None:
            del self._cases[state.id]
            return
        assert case.settled is not None
        settled = bytes(case.settled["args"]["outputRoot"])
        known = merkle_root(output)
        auditor = self._vault.owner_of(state.order.pool, leaf)
        computed = seal_of(state.id, auditor, known, work.salt) == state.audit.seal
        if computed or payload_root(output, work.salt) != settled:
            del self._cases[state.id]
            return
        # Until the chain says that it is over, it is tried again.
        transaction = case.settled["transactionHash"].to_0x_hex()
        reveals = settling_reveals(self._market, state, settled, transaction)
        call = self._market.refute_vouch(state.order, settled, reveals, known, work.salt)
        self._send("an auditor computed nothing", state, call)

    def _allow(self, spender: str, amount: int) -> None:
        """Lets a contract take what it asks for.

        Raises:
            InsufficientFundsError: the wallet does not hold it.
        """
        me = self._signatory.address
        held = self._token.balance_of(me)
        if held < amount:
            raise InsufficientFundsError(
                f"an audit needs a deposit or a bond of {format_tokens(amount)} tokens, {me} "
                f"holds {format_tokens(held)}: send it some"
            )
        if self._token.allowance(me, spender) < amount:  # type: ignore[arg-type]
            self._sender.send(self._token.approve(spender, _ALLOWED * amount))  # type: ignore[arg-type]

    def _send(self, what: str, state: JobState, call: Call) -> None:
        receipt = self._sender.send(call)
        transaction = receipt["transactionHash"].to_0x_hex()
        log(what, job=state.id, transaction=transaction, gas=receipt["gasUsed"])
