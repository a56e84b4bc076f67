"""Fixes the inputs of deferred orders, after their draw."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from requester.patience import persistently
from touchstone.errors import RequestError, TransactionReverted
from touchstone.protocol.demands import MOST_ANSWER_BYTES
from touchstone.protocol.jobs import Phase
from touchstone.protocol.payload import payload_root

if TYPE_CHECKING:
    from requester.store import Store, StoredJob
    from touchstone.chain.market import Market
    from touchstone.chain.sender import Sender
    from touchstone.protocol.jobs import JobState


class Fixing:
    """One requester's deferred orders. Safe to use from threads."""

    def __init__(self, market: Market, sender: Sender, store: Store) -> None:
        self._market, self._sender, self._store = market, sender, store

    def fix(self, job: StoredJob, payload: bytes) -> StoredJob:
        """Keeps the input, and then fixes it on chain. Harmless if repeated with the same bytes.

        Raises:
            RequestError: the order names its input, another one is fixed, or the job does not wait
                for one.
            TransactionReverted: it is too late.
        """
        if not job.order.deferred:
            raise RequestError("the order names its input: only a deferred order's can be fixed")
        if not 0 < len(payload) <= MOST_ANSWER_BYTES:
            raise RequestError(f"the input has {len(payload)} bytes, not 1 to {MOST_ANSWER_BYTES}")
        root, state = payload_root(payload, job.salt), self._state(job)
        if state.phase is not Phase.WAITING and state.input_root != root:
            what = "another input is fixed" if any(state.input_root) else "there is no input to fix"
            raise RequestError(f"the job is {state.phase.name.lower()}: {what}")
        known = self._store.get(job.id)
        if known is not None and known.payload not in (b"", payload):
            raise RequestError("another input of this job was given before, and may yet be fixed")
        # On disk first: a fixed input that is lost costs every seat's reservation fee.
        self._store.keep_payload(job.id, payload)
        if state.phase is Phase.WAITING:
            self._send(job, root)
        return replace(job, payload=payload)

    def again(self, job: StoredJob) -> StoredJob:
        """The job as it is known now, with its input fixed once more where a reorganisation has
        undone that. Raises as `fix` does."""
        known = self._store.get(job.id) or job
        return self.fix(known, known.payload) if known.payload else known

    def _send(self, job: StoredJob, root: bytes) -> None:
        try:
            self._sender.send(self._market.fix_input(job.order, root))
        except TransactionReverted:
            # Another thread or process of ours may have been first.
            if self._state(job).input_root != root:
                raise

    def _state(self, job: StoredJob) -> JobState:
        return persistently(lambda: self._market.job(job.order), patience_s=15)
