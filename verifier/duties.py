"""What a verifier does, as plain functions of the chain and its memory; Celery only calls them."""

from __future__ import annotations

import logging
import math
import time
from threading import Lock
from typing import TYPE_CHECKING

from touchstone.chain.market import Market, order_of_event
from touchstone.chain.registry import Registry
from touchstone.chain.stake import Vault
from touchstone.coordination.coordinator import Coordinator
from touchstone.errors import TransactionReverted
from touchstone.protocol.ids import JobId
from touchstone.protocol.jobs import Phase
from verifier.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from web3 import Web3
    from web3.types import TxReceipt

    from touchstone.chain.deployment import Deployment
    from touchstone.chain.registry import PublishedModel
    from touchstone.chain.sender import Sender
    from touchstone.protocol.ids import ModelId
    from touchstone.protocol.jobs import JobState
    from touchstone.protocol.orders import Order
    from verifier.store import SeenJob

_log = logging.getLogger(__name__)

REORG_BLOCKS = 64
"""Blocks that are read again each time, in case that others have taken their place."""
LOOK_S = 1
"""Seconds between two looks at the chain on behalf of callers."""
_MOST_STEPS = 8
_MOST_DRAWS = 16


class Watch:
    """One verifier's view of the chain and its memory. Safe to use from threads."""

    def __init__(self, w3: Web3, deployment: Deployment, database: Path) -> None:
        self.w3 = w3
        self.market = Market(w3, deployment)
        self.vault = Vault(w3, deployment)
        self.store = Store(database, self.market.contract.address)
        self._registry = Registry(w3, deployment)
        self._published: dict[ModelId, PublishedModel] = {}
        self._first_block = deployment.block
        self._looking = Lock()
        self._looked_at = -math.inf

    def find(self, job: JobId) -> SeenJob | None:
        """A job that was opened, even a moment ago: for strangers who ask, the chain is looked at,
        but at most once a second."""
        seen = self.store.job(job)
        if seen is None and self._looking.acquire(blocking=False):
            try:
                if time.monotonic() - self._looked_at >= LOOK_S:
                    self._looked_at = time.monotonic()
                    self.reconcile()
            finally:
                self._looking.release()
            seen = self.store.job(job)
        return seen

    def published(self, model: ModelId) -> PublishedModel:
        """A model version as it was published. Raises KeyError where nobody did."""
        if model not in self._published:
            for found in self._registry.models(model):
                self._published.setdefault(model, found)
        return self._published[model]

    def reconcile(self) -> list[SeenJob]:
        """Reads the chain on from the checkpoint; returns the jobs for which something may be due.

        Nothing else tells a verifier what to do: whatever was lost is found again here.
        """
        last = self.w3.eth.block_number
        checkpoint = self.store.checkpoint()
        known = self._first_block if checkpoint is None else min(checkpoint, last)
        first = max(self._first_block, known - REORG_BLOCKS)
        opened = [
            (JobId(bytes(event["args"]["job"])), order_of_event(event), event["blockNumber"])
            for event in self.market.events(first, last, names=("Opened",))
        ]
        self.store.saw(opened, last)
        return self.store.unfinished()


class Driver:
    """Moves jobs on, with one account."""

    def __init__(self, watch: Watch, sender: Sender) -> None:
        self._watch = watch
        self._sender = sender
        self._coordinator = Coordinator(
            watch.market, watch.vault, sender, on_transaction=self._sent
        )

    def drive(self, job: SeenJob) -> JobState:
        """Does for a job all that can be done now, and keeps where it stands.

        Raises:
            ChainError: the chain does not answer or refuses for no reason that is ours to expect.
        """
        state = self._watch.market.job(job.order)
        for _ in range(_MOST_STEPS):
            before = state
            state = self._coordinator.step(job.order)
            if (state.phase, state.round, state.commitments) == (
                before.phase,
                before.round,
                before.commitments,
            ):
                break
        # What a reorg has undone is seen again by `reconcile` as long as it is not done.
        self._watch.store.moved(job.id, state.phase.name, finished(state))
        return state

    def draw_due(self, orders: list[Order]) -> int:
        """Draws all that can be drawn now in one transaction; returns how many it tried.

        One pool without enough free stake would make the whole transaction fail; then each job is
        left to `drive`.
        """
        due = self._coordinator.due_draws(orders)[:_MOST_DRAWS]
        if len(due) < 2:
            return 0
        try:
            receipt = self._sender.send(self._watch.market.draw(due))
        except TransactionReverted as error:
            _log.info("drawing %d jobs at once: %s", len(due), error)
            return 0
        for order in due:
            self._sent(order.job_id(self._watch.market.domain), "draw", receipt)
        return len(due)

    def _sent(self, job: JobId, name: str, receipt: TxReceipt) -> None:
        self._watch.store.did(job, name, receipt["transactionHash"].to_0x_hex())


def finished(state: JobState) -> bool:
    """Whether nobody can do anything more for the job."""
    return state.phase in (Phase.SETTLED, Phase.CONCLUDED, Phase.REFUNDED)
