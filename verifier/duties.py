"""What a verifier does, as plain functions of the chain and its memory; Celery only calls them."""

from __future__ import annotations

import logging
import math
import time
from threading import Lock
from typing import TYPE_CHECKING

from touchstone.chain.finality import Finality, final_block
from touchstone.chain.market import Market, order_of_event
from touchstone.chain.registry import Registry
from touchstone.chain.stake import Vault
from touchstone.chain.trail import Mark, Trail, hash_of
from touchstone.coordination.coordinator import Coordinator
from touchstone.coordination.round import Settle
from touchstone.errors import TransactionReverted, WrongChainError
from touchstone.protocol.ids import JobId
from touchstone.protocol.jobs import Phase
from verifier.settling import Settlements
from verifier.store import Store

if TYPE_CHECKING:
    from collections.abc import Mapping
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

REWIND_BLOCKS = 16
"""Blocks read again each time: an endpoint of many nodes may not have shown all of them."""
LOOK_S = 1
"""Seconds between two looks at the chain on behalf of callers."""
_MOST_STEPS = 8
_MOST_DRAWS = 32


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
        self._finality = Finality.of_chain(deployment.chain_id)
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

        Nothing else tells a verifier what to do: whatever was lost is found again here, and so is
        whatever a reorganisation has undone.

        Raises:
            WrongChainError: the endpoint serves another chain.
        """
        trail = self._trail()
        look = trail.look()
        if not look.behind:
            first = max(self._first_block, look.since - REWIND_BLOCKS)
            opened = [
                (JobId(bytes(event["args"]["job"])), order_of_event(event), event["blockNumber"])
                for event in self.market.events(first, look.head.number, names=("Opened",))
            ]
            trail.saw(look)
            if look.branched:
                _log.warning("the chain was reorganised after block %d", look.since)
            self.store.saw(opened, trail.marks, look.since if look.branched else None)
        return self.store.unfinished()

    def forget(self) -> None:
        """Drops the inputs of disputes whose end is irrevocable."""
        self.store.unneeded(final_block(self.w3, self._finality))

    def require_same_chain(self) -> None:
        """Raises WrongChainError where the endpoint now serves another chain."""
        self._trail().require_same_chain()

    def _trail(self) -> Trail:
        marks = self.store.trail()
        if not marks:
            first = hash_of(self.w3, self._first_block)
            if first is None:
                raise WrongChainError(
                    f"the endpoint has no block {self._first_block}, where the contracts begin"
                )
            marks = [Mark(self._first_block, first)]
            self.store.saw([], marks)
        return Trail(self.w3, marks)


class Driver:
    """Moves jobs on, with one account."""

    def __init__(self, watch: Watch, sender: Sender) -> None:
        self._watch = watch
        self._sender = sender
        self._coordinator = Coordinator(
            watch.market, watch.vault, sender, on_transaction=self._sent
        )
        self._settlements = Settlements(self._settle)

    def drive(self, job: SeenJob) -> JobState:
        """Does for a job all that can be done now, and keeps where it stands.

        Raises:
            ChainError: the chain does not answer or refuses for no reason that is ours to expect.
        """
        market = self._watch.market
        state = market.job(job.order)
        for _ in range(_MOST_STEPS):
            step = self._coordinator.plan(state)
            if step is None:
                break
            if isinstance(step, Settle):
                self._settlements.settle(state, step)
            else:
                self._coordinator.carry_out(state, step)
            before, state = state, market.job(job.order)
            if (state.phase, state.round, state.commitments) == (
                before.phase,
                before.round,
                before.commitments,
            ):
                break
        self._keep(job.id, state)
        return state

    def _keep(self, job: JobId, state: JobState) -> None:
        """Keeps where a job stands. Were its end undone by a reorganisation, `reconcile` would find
        the job again by the block at which it was seen to have ended."""
        over = finished(state) or self._never_opened(state)
        head = self._watch.w3.eth.block_number if over else 0
        self._watch.require_same_chain()
        self._watch.store.moved(job, state.phase.name, head if over else None)

    def _never_opened(self, state: JobState) -> bool:
        """Whether the job's opening was undone, and it is too late for another."""
        if state.phase is not Phase.NONE:
            return False
        return self._watch.market.clock().time > state.order.open_by

    def _settle(self, batch: Mapping[JobId, tuple[JobState, Settle]]) -> None:
        """One job whose round has ended meanwhile makes no batch fail, but one that the market
        refuses does: then each goes alone."""
        if len(batch) > 1:
            call = self._watch.market.settle([step.settlement for _, step in batch.values()])
            try:
                receipt = self._sender.send(call)
            except TransactionReverted as error:
                _log.info("settling %d jobs at once: %s", len(batch), error)
            else:
                for job, (state, _) in batch.items():
                    now = self._watch.market.job(state.order)
                    if now.phase is Phase.SETTLED:
                        self._sent(job, "settle", receipt)
                        self._keep(job, now)
                return
        for state, step in batch.values():
            self._coordinator.carry_out(state, step)

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
    return (
        state.phase in (Phase.SETTLED, Phase.CONCLUDED, Phase.REFUNDED) and not state.audit.pending
    )
