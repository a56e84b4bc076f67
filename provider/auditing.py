"""Audits what the chain draws the node for, and serves and checks those who audit its results: one
thread. All that it must know stands on the chain, so that a restart loses nothing."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from provider.audit_cases import AuditCases
from provider.audit_duties import AuditDuty, AuditSight, next_audit_duty
from provider.log import log
from provider.lookout import Lookout
from provider.watcher import CHAIN_TROUBLE, LOOK_BACK_BLOCKS
from touchstone.chain.allowance import allow, require_balance
from touchstone.coordination.peers import peer_of
from touchstone.errors import PeerError, TransactionReverted, UnpaidInputError
from touchstone.protocol.audits import seal_of
from touchstone.protocol.inputs import require_input
from touchstone.protocol.merkle import merkle_root
from touchstone.protocol.payload import payload_root

if TYPE_CHECKING:
    from eth_typing import ChecksumAddress

    from provider.audit_cases import AuditCase
    from provider.book import JobBook
    from provider.signing import Signatory
    from provider.worker import Worker
    from touchstone.chain.disputes import Disputes
    from touchstone.chain.sender import Call, Sender
    from touchstone.chain.stake import Vault
    from touchstone.chain.token import Token
    from touchstone.protocol.ids import JobId
    from touchstone.protocol.jobs import Clock, JobState

_RETRY_S = 3.0
"""Seconds before the same thing is tried again."""
_ALLOWED = 64
"""Deposits or bonds that are allowed at once."""


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
        self._cases = AuditCases(book.market, book.served)
        self.lookout = Lookout("auditing", self.look, poll_s)

    def look(self) -> None:
        """Does all that is due now. While no block comes and nothing is in hand, the chain is not
        asked: the watcher looks for new blocks."""
        clock = self._book.clock
        self._cases.read(clock.block)
        for job, case in self._cases.items():
            if case.waits_at == clock.block:
                continue
            try:
                self._tend(job, case, clock)
            except TransactionReverted as error:
                log("somebody was first", logging.INFO, job=job, error=str(error))
            except CHAIN_TROUBLE as error:
                log("audit waits", logging.WARNING, job=job, error=str(error))
            except Exception:
                # Strangers have a say in what stands in an audit: one that fails must not end the
                # others.
                log("an audit cannot go on", logging.ERROR, job=job, trace=True)

    # --- looking ---------------------------------------------------------------------------------

    def _tend(self, job: JobId, case: AuditCase, clock: Clock) -> None:
        state = self._market.job(case.order)
        me = self._book.me
        auditor = self._market.auditor_of(state, self._vault)
        case.is_about(state.input_root)
        if case.settled is None:
            first = max(self._market.first_block, clock.block - LOOK_BACK_BLOCKS)
            found = self._market.events(first, clock.block, job, ("Settled",))
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
            self._cases.drop(job)
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

    # --- acting ----------------------------------------------------------------------------------

    def _do(self, duty: AuditDuty, state: JobState, case: AuditCase) -> None:
        order = state.order
        match duty:
            case AuditDuty.ADVANCE:
                self._send("audit moved on", state, self._market.advance_audit(order))
            case AuditDuty.FETCH:
                self._fetch(state, case)
            case AuditDuty.TAKE:
                answer = self._market.answer(state.id, output=False)
                require_input(state.input_root, answer.payload, answer.salt)
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

    def _fetch(self, state: JobState, case: AuditCase) -> None:
        """Asks whoever was paid for the result for its input."""
        signature = self._signatory.audit_request(state.id)
        problems = []
        for provider in state.providers.values():
            try:
                payload, salt = peer_of(self._vault, provider).audit_input(state.id, signature)
                require_input(state.input_root, payload, salt)
            except PeerError as error:
                problems.append(str(error))
            except UnpaidInputError:
                problems.append(f"{provider} gives something else than the input")
            else:
                return self._compute(state, case, payload, salt)
        raise PeerError("; ".join(problems) or "nobody has the input")

    def _compute(self, state: JobState, case: AuditCase, payload: bytes, salt: bytes) -> None:
        output = self._worker.answer(state.id, state.order, payload)
        # SAFETY: before anything is said about it, so that it can be defended.
        root, now = payload_root(output, salt), self._book.clock.time
        self._book.store.keep_audited(state.id, state.order, (payload, salt), (output, root), now)
        case.found = output, salt, root
        log("audited", job=state.id, agrees=case.agrees)

    def _vouch(self, state: JobState, case: AuditCase) -> None:
        assert case.found is not None
        output, salt, _ = case.found
        seal = seal_of(state.id, self._signatory.address, merkle_root(output), salt)
        self._send("vouched", state, self._market.vouch(state.order, seal))

    def _challenge(self, state: JobState, case: AuditCase) -> None:
        """Disputes the result; the games are for `Defence` to play."""
        assert case.found is not None
        settled, reveals = case.evidence(self._market, state)
        self._allow(self._disputes.address, self._disputes.bond)
        call = self._disputes.challenge(state.order, settled, reveals, case.found[2])
        self._send("result disputed", state, call)

    def _join(self, state: JobState, case: AuditCase) -> None:
        """Takes part in a dispute that somebody else began."""
        assert case.found is not None
        self._allow(self._disputes.address, self._disputes.bond)
        self._send("dispute joined", state, self._disputes.join(state.id, case.found[2]))

    def _serve(self, state: JobState) -> None:
        """Publishes the input that the auditor demands: unanswered, the bond would be forfeit."""
        work, payload = self._book.store.work(state.id), self._book.store.input(state.id)
        if work is None or work.salt is None or payload is None:
            log("the input that an auditor demands is gone", logging.ERROR, job=state.id)
            return
        call = self._market.answer_audit_input(state.order, payload, work.salt)
        self._send("input published for an auditor", state, call)

    def _check(self, state: JobState, case: AuditCase) -> None:
        """Looks whether who audited the node's result computed it, and shows where it did not."""
        work, output = self._book.store.work(state.id), self._book.store.output(state.id)
        leaf = state.audit.leaf
        if work is None or work.salt is None or output is None or leaf is None:
            self._cases.drop(state.id)
            return
        known = merkle_root(output)
        auditor = self._vault.owner_of(state.order.pool, leaf)
        computed = seal_of(state.id, auditor, known, work.salt) == state.audit.seal
        if computed or payload_root(output, work.salt) != case.settled_root:
            self._cases.drop(state.id)
            return
        # Until the chain says that it is over, it is tried again.
        settled, reveals = case.evidence(self._market, state)
        call = self._market.refute_vouch(state.order, settled, reveals, known, work.salt)
        self._send("an auditor computed nothing", state, call)

    def _allow(self, spender: ChecksumAddress, amount: int) -> None:
        """Lets a contract take a deposit or a bond. Raises InsufficientFundsError."""
        purpose = "a deposit or a bond of an audit"
        require_balance(self._token, self._sender.address, amount, purpose)
        allow(self._token, self._sender, spender, amount, times=_ALLOWED)

    def _send(self, what: str, state: JobState, call: Call) -> None:
        receipt = self._sender.send(call)
        transaction = receipt["transactionHash"].to_0x_hex()
        log(what, job=state.id, transaction=transaction, gas=receipt["gasUsed"])
