"""Follows the chain: learns of jobs, looks again where something happened, does duties."""

from __future__ import annotations

import logging
from threading import Event, RLock, Thread
from typing import TYPE_CHECKING

from requests.exceptions import RequestException
from web3.exceptions import Web3Exception

from provider.duties import duties_of, owes
from provider.log import log
from provider.unseen import Unseen
from touchstone.chain.market import order_of_event
from touchstone.errors import TouchstoneError
from touchstone.protocol.ids import JobId, PoolId
from touchstone.protocol.jobs import FAILURES, Phase

if TYPE_CHECKING:
    from web3.types import EventData

    from provider.actions import Actions
    from provider.book import JobBook

_EVENTS = (
    "Opened",
    "Drawn",
    "InputFixed",
    "CommitPosted",
    "Revealed",
    "SeatFailed",
    "RoundStarted",
    "Settled",
    "Contested",
    "Concluded",
    "Refunded",
    "Demanded",
    "DemandJoined",
    "Answered",
    "DemandClosed",
)
LOOK_BACK_BLOCKS = 50_000
"""Blocks that a new data base reads."""
_MOST_BACKOFF_S = 30.0
_PURGE_EVERY_S = 3600
CHAIN_TROUBLE = (TouchstoneError, RequestException, Web3Exception, ValueError)
"""What a chain that does not answer, or answers nonsense, raises."""


class Watcher:
    """A thread that keeps the book in step with the chain and hands duties to `Actions`."""

    def __init__(self, book: JobBook, actions: Actions, poll_s: float, keep_s: int) -> None:
        """Binds the book; inputs and outputs of ended jobs are kept for `keep_s` seconds."""
        self._book = book
        self._actions = actions
        self._poll_s = poll_s
        self._keep_s = keep_s
        self._purged_at = 0
        self._lock = RLock()
        self._read_until = -1
        self._unseen = Unseen(book.market, _EVENTS)
        self._stopping = Event()
        self._nudge = Event()
        self._thread = Thread(target=self._loop, name="watcher", daemon=True)

    def start(self) -> None:
        """Looks once, so that all obligations are known, then goes on in its thread."""
        for work in self._book.store.live():
            self._book.refresh(work.job, work.order)
        self.catch_up()
        self._thread.start()

    def stop(self) -> None:
        """Ends after the look in hand."""
        self._stopping.set()
        self._nudge.set()
        self._thread.join()

    def nudge(self) -> None:
        """Something has changed here: look for duties at once."""
        self._nudge.set()

    def catch_up(self) -> None:
        """Reads the blocks that are new. Raises what the chain raises."""
        with self._lock:
            look = self._book.look()
            head = look.head.number
            if look.behind or (not look.branched and head == self._read_until):
                return
            if look.branched:
                log("the chain was reorganised", logging.WARNING, after_block=look.since)
                self._unseen.forget()
            new = self._unseen.read(min(self._checkpoint(head), look.since), head)
            touched: dict[JobId, None] = {}
            for event in new:
                self._read(event, touched)
            if look.branched:
                self._doubt(look.since, touched)
            for job in touched:
                work = self._book.store.work(job)
                if work is not None:
                    self._book.refresh(job, work.order)
            # Only now: had a look failed, all of it would be read again.
            self._unseen.handled(new, head)
            self._book.trail.saw(look)
            self._book.store.keep_trail(self._book.trail.marks)
            self._read_until = head

    def _checkpoint(self, head: int) -> int:
        marks = self._book.trail.marks
        return head - LOOK_BACK_BLOCKS if len(marks) == 1 else marks[-1].number

    def _doubt(self, since: int, touched: dict[JobId, None]) -> None:
        """A reorganisation has undone all after block `since`: every job that lives, or that ended
        after it, is looked at again, and what was drawn elsewhere may now be drawn here."""
        store, market = self._book.store, self._book.market
        for job in touched:
            if store.work(job) is None:
                order = market.order_of(job)
                if order is not None and order.pool in self._book.served:
                    store.add_job(job, order)
        undone_from = market.w3.eth.get_block(since)["timestamp"]
        for work in store.live(ended_from=undone_from):
            touched[work.job] = None

    def _read(self, event: EventData, touched: dict[JobId, None]) -> None:
        job = JobId(bytes(event["args"]["job"]))
        if event["event"] == "Opened":
            if PoolId(bytes(event["args"]["pool"])) not in self._book.served:
                return
            self._book.store.add_job(job, order_of_event(event))
        if event["event"] == "SeatFailed" and self._book.is_mine(job, event["args"]["seat"]):
            reason = FAILURES[event["args"]["reason"]]
            log("this node was slashed", logging.ERROR, job=job, reason=reason)
        touched[job] = None

    # --- duties ----------------------------------------------------------------------------------

    def do_duties(self) -> None:
        """Hands every duty that is due to `Actions`."""
        parameters = self._book.market.parameters
        clock = self._book.clock
        for state in self._book.states():
            memory = self._book.memory(state)
            for duty in duties_of(state, clock, parameters, memory, self._book.me):
                self._actions.do(duty, state, clock)
            if state.phase is Phase.SETTLED and not memory.lied and not owes(state, self._book.me):
                # It was kept for its liar, who is out of reach by now.
                self._book.refresh(state.id, state.order)

    def _purge(self) -> None:
        now = self._book.clock.time
        if now >= self._purged_at + _PURGE_EVERY_S:
            self._book.store.purge(now - self._keep_s)
            self._purged_at = now

    def _loop(self) -> None:
        backoff = self._poll_s
        while not self._stopping.is_set():
            try:
                self.catch_up()
                self.do_duties()
                self._purge()
                backoff = self._poll_s
            except CHAIN_TROUBLE as error:
                backoff = min(2 * backoff, _MOST_BACKOFF_S)
                log("chain or disk trouble", logging.WARNING, error=str(error), retry_s=backoff)
            except Exception:
                # A node that stops watching misses its deadlines: whatever this is, go on.
                backoff = min(2 * backoff, _MOST_BACKOFF_S)
                log("watcher failed", logging.ERROR, trace=True, retry_s=backoff)
            self._nudge.wait(backoff)
            self._nudge.clear()
