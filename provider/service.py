"""What a node does for its callers: inputs in; states, opened commitments and outputs out."""

from __future__ import annotations

import hmac
import logging
from typing import TYPE_CHECKING

from provider.admission import (
    Load,
    check_input,
    require_drawn,
    require_requester,
    require_room,
    size_limit,
)
from provider.duties import draw_id, may_sign
from provider.evidence import contradicting, signed_commits
from provider.log import log
from provider.sets import check_set
from provider.streams import tokens_in
from touchstone.coordination.messages import (
    ClaimMessage,
    CommitMessage,
    JobStatus,
    TokensGiven,
)
from touchstone.errors import RefusedError
from touchstone.protocol.audits import audit_request_hash
from touchstone.protocol.claims import delivery_struct_hash
from touchstone.protocol.eip712 import is_signed_by
from touchstone.protocol.jobs import Phase

if TYPE_CHECKING:
    from collections.abc import Callable

    from provider.book import JobBook
    from provider.records import CommitRecord, ShownCommit, Work
    from provider.signing import Signatory
    from provider.worker import Worker
    from touchstone.coordination.messages import (
        CommitSet,
        OpeningAsked,
        OpeningGiven,
        TokensAsked,
    )
    from touchstone.protocol.ids import JobId
    from touchstone.protocol.jobs import JobState
    from touchstone.protocol.orders import Order


class Service:
    """The node's answers. Blocking, safe to use from threads.

    Every method raises RefusedError with the rule that a request breaks.
    """

    def __init__(
        self,
        book: JobBook,
        worker: Worker,
        signatory: Signatory,
        catch_up: Callable[[], None],
        most_queued: int,
        openings: Callable[[Work, OpeningAsked], OpeningGiven],
    ) -> None:
        """Binds the node's parts; `catch_up` reads the chain's newest blocks, `openings` opens a
        job's transcript."""
        self._book = book
        self._store = book.store
        self._worker = worker
        self._signatory = signatory
        self._catch_up = catch_up
        self._most_queued = most_queued
        self._openings = openings

    # --- inputs ----------------------------------------------------------------------------------

    def admit(self, job: JobId, salt: bytes, signature: bytes) -> int:
        """Checks everything about a delivery but its body; returns the most bytes it may have."""
        work = self._require_known(job)
        self._require_requester(work, salt, signature)
        if work.salt is None:
            state = self._fresh(work)
            require_drawn(state, self._book.seat(state), self._signatory.address)
            if not may_sign(state, self._book.me):
                raise RefusedError("not_ready", "the job was drawn before this node's memory began")
        published = self._book.served[work.order.pool].published
        return size_limit(work.order, published, self._worker.reads(work.order))

    def accept(self, job: JobId, payload: bytes, salt: bytes) -> tuple[JobStatus, bool]:
        """Queues an admitted input. Returns the job's status and whether the input is new."""
        rows = self._rows_in(self._require_known(job), payload, salt)
        # Read after that look at the chain: where a reorganisation has put another input in the
        # place of one that was here, that one is forgotten.
        if self._require_known(job).salt is not None:
            return self.status(job), False
        load = Load(self._store.queued(), self._most_queued, self._store.free_bytes())
        try:
            require_room(load)
        except RefusedError:
            self._book.was_offered(job)
            raise
        self._queue(job, payload, salt, rows)
        return self.status(job), True

    def take_published(self, job: JobId, payload: bytes, salt: bytes) -> None:
        """Queues an input that was published on chain, however much is queued before it: late is
        better than silent."""
        rows = self._rows_in(self._require_known(job), payload, salt)
        if self._require_known(job).salt is None:
            self._queue(job, payload, salt, rows)

    def audit_input(self, job: JobId, signature: bytes) -> tuple[bytes, bytes]:
        """Payload and salt of a settled job's input, for the auditor that the chain has drawn."""
        work = self._require_known(job)
        payload = self._store.input(job)
        auditor = self._book.auditor(self._fresh(work))
        if auditor is None:
            raise RefusedError("not_ready", "the job has no auditor now")
        digest = self._signatory.domain.digest(audit_request_hash(job))
        if not is_signed_by(digest, signature, auditor):
            raise RefusedError("unsigned", f"the request is not signed by the auditor {auditor}")
        if payload is None or work.salt is None:
            raise RefusedError("not_ready", "this node no longer has the input")
        return payload, work.salt

    def _rows_in(self, work: Work, payload: bytes, salt: bytes) -> int:
        order = work.order
        root = self._fresh(work).input_root if order.deferred else order.input_root
        published = self._book.served[order.pool].published
        return check_input(order, root, published, self._worker.reads(order), payload, salt)

    def _queue(self, job: JobId, payload: bytes, salt: bytes, rows: int) -> None:
        self._store.queue(job, payload, salt, rows)
        self._worker.wake()
        log("input accepted", job=job, rows=rows)

    def order_of(self, job: JobId) -> Order:
        """The order of a job that the node may be drawn for."""
        return self._require_known(job).order

    # --- states ----------------------------------------------------------------------------------

    def status(self, job: JobId) -> JobStatus:
        """What the node says of a job, from its memory."""
        work = self._require_known(job)
        state = self._book.state(job)
        commit = self._current_commit(work, state)
        drawn = state is not None and state.phase is Phase.DRAWN
        return JobStatus(
            state=self._state_name(work, state, commit),
            reason=work.reason,
            draw=draw_id(state) if state is not None and drawn else commit and commit.draw,
            round=state.round if state is not None and drawn else commit and commit.round,
            commit=commit
            and CommitMessage(commitment=commit.commitment, signature=commit.signature),
        )

    def _state_name(self, work: Work, state: JobState | None, commit: CommitRecord | None) -> str:
        if work.ended_at is not None or (state is not None and state.phase.ended):
            return "ended"
        if state is not None and state.phase is Phase.WAITING:
            return "waiting"
        if commit is not None:
            claim = self._store.claim_of(work.job, commit.draw)
            return "committed" if claim is None else "claimed"
        if work.stage == "done":
            # A commitment follows at once where the node holds a seat.
            return (
                "running" if state is not None and self._book.seat(state) is not None else "waiting"
            )
        return work.stage

    def _current_commit(self, work: Work, state: JobState | None) -> CommitRecord | None:
        if state is not None and state.phase is Phase.WAITING:
            return None
        if state is not None and state.phase is Phase.DRAWN:
            return self._store.commit_of(work.job, draw_id(state))
        return self._store.newest_commit(work.job)

    # --- results ---------------------------------------------------------------------------------

    def claim(self, job: JobId, commits: CommitSet) -> ClaimMessage:
        """Opens the node's commitment to whoever shows the whole round's.

        What a set shows is kept, with the claim or as proof against it: a provider must not be
        paid by another commitment than the one for which this node opened its own.
        """
        work = self._require_known(job)
        state = self._fresh(work)
        if state.phase is not Phase.DRAWN:
            raise RefusedError("unfunded", "the job is not drawn, or has ended")
        seat = self._book.seat(state)
        if seat is None:
            raise RefusedError("not_drawn_here", "this node holds no active seat of this job")
        commit = self._store.commit_of(job, draw_id(state))
        own = None if commit is None else commit.commitment
        domain, me = self._signatory.domain, self._signatory.address
        try:
            set_ = check_set(domain, state, commits, seat, own)
            assert commit is not None
            shown = signed_commits(domain, state, commits, me)
            claim = self._signatory.claim(state, commit, set_, shown)
        except RefusedError as error:
            if error.rule == "bad_set":
                shown = signed_commits(domain, state, commits, me)
                self._keep_proofs(state, shown)
            raise
        log("claim signed", job=job, draw=claim.draw, set=set_)
        return ClaimMessage(
            output_root=claim.output_root,
            set=claim.set,
            salt=claim.salt,
            signature=claim.signature,
        )

    def output(self, job: JobId, salt: bytes, signature: bytes) -> bytes:
        """The output payload, once nobody can copy it: to whoever knows the job's salt; while an
        auditor may be about to compute it, to the requester alone; in a dispute, to all again."""
        work = self._require_opened(job, salt)
        if self._fresh(work).audit.pending and not self._book.market.challenged(job):
            self._require_requester(work, salt, signature)
        output = self._store.output(job)
        if output is None:
            raise RefusedError("not_ready", "there is no output")
        return output

    def admit_reader(self, job: JobId, salt: bytes, signature: bytes) -> None:
        """Requires that the job's requester asks: nobody else may read what no claim binds yet."""
        work = self._require_known(job)
        self._require_requester(work, salt, signature)
        if work.salt is None:
            raise RefusedError("not_ready", "this node has no input of the job")

    def tokens(self, job: JobId, asked: TokensAsked) -> TokensGiven:
        """What has been written since, for whoever was admitted as a reader."""
        work = self._store.work(job)
        output = None if work is None else self._store.output(job)
        if work is None or output is None:
            over = work is None or work.stage == "failed"
            return TokensGiven(tokens=self._worker.streams.news(job, asked.have), over=over)
        written = tokens_in(work.order, output)
        written += [[]] * (len(asked.have) - len(written))
        news = [tokens[count:] for tokens, count in zip(written, asked.have, strict=False)]
        return TokensGiven(tokens=news, over=True)

    def opening(self, job: JobId, salt: bytes, asked: OpeningAsked) -> OpeningGiven:
        """An opening of the job's transcript, to the same: only of strong claims, whose provider
        owes it."""
        work = self._require_opened(job, salt)
        if not work.order.strong:
            raise RefusedError("not_ready", "the order asks for no strong claims")
        return self._openings(work, asked)

    def _require_opened(self, job: JobId, salt: bytes) -> Work:
        work = self._require_known(job)
        if work.salt is None:
            raise RefusedError("not_ready", "this node has no input or no longer has the output")
        if not hmac.compare_digest(work.salt, salt):
            raise RefusedError("unsigned", "this is not the job's salt")
        if not self._is_opened(work):
            raise RefusedError("not_ready", "this node's claim has not been signed yet")
        return work

    def _is_opened(self, work: Work) -> bool:
        """Whether the newest commitment has been opened, by a claim or on chain."""
        state = self._book.state(work.job)
        commit = self._current_commit(work, state)
        if commit is None:
            return False
        if self._store.claim_of(work.job, commit.draw) is not None or work.ended_at is not None:
            return True
        state = self._fresh(work)
        seat = self._book.seat(state)
        return state.phase.ended or (
            state.phase is Phase.DRAWN and draw_id(state) == commit.draw and seat in state.reveals
        )

    # --- inside ----------------------------------------------------------------------------------

    def _keep_proofs(self, state: JobState, shown: tuple[ShownCommit, ...]) -> None:
        proofs = contradicting(state, self._store.shown(state.id), shown)
        if proofs:
            self._store.keep_shown(proofs)
            seats = [one.seat for one in proofs]
            log("two commitments for one draw", logging.WARNING, job=state.id, seats=seats)

    def _require_requester(self, work: Work, salt: bytes, signature: bytes) -> None:
        """That whoever delivers or reads is the requester."""
        require_requester(
            self._book.market.w3,
            self._signatory.domain,
            work.order,
            delivery_struct_hash(work.job, salt),
            signature,
        )

    def _fresh(self, work: Work) -> JobState:
        return self._book.refresh(work.job, work.order)

    def _require_known(self, job: JobId) -> Work:
        """A job of this market that the node knows, reading the newest blocks if it must."""
        work = self._store.work(job)
        if work is not None:
            return work
        phase = Phase(self._book.market.contract.functions.jobOf(job).call()[0])
        if phase is Phase.NONE:
            raise RefusedError("unknown_job", "no such job has been opened on this market")
        self._catch_up()
        work = self._store.work(job)
        if work is not None:
            return work
        log("job not ours", logging.DEBUG, job=job)
        raise self._not_ours(job)

    def _not_ours(self, job: JobId) -> RefusedError:
        foreign = self._book.is_drawn_elsewhere(job)
        if foreign:
            return RefusedError(
                "not_drawn_here", f"{self._signatory.address} holds no active seat of this job"
            )
        return RefusedError(
            "wrong_model",
            "the job is for a model or price not served here, or long drawn without this node",
        )
