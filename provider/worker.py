"""Executes queued jobs, one at a time, in a thread of its own."""

from __future__ import annotations

import logging
import time
from functools import partial
from threading import Condition, Event, Lock, Thread
from typing import TYPE_CHECKING

import numpy as np

from provider.log import log
from provider.offers import Part
from provider.streams import Streams
from touchstone.errors import RefusedError, StoreError, TouchstoneError
from touchstone.programs.program import InputKind, InputSpec
from touchstone.protocol.generation import Prompt, Sampling, encode_prompts, unseen
from touchstone.protocol.inputs import REFUSED, output_of, positions_in
from touchstone.protocol.payload import payload_root

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from provider.executor import Executor
    from provider.offers import Served
    from provider.records import Work
    from provider.store import Store
    from touchstone.chain.registry import PublishedModel
    from touchstone.engines.interface import Reader
    from touchstone.protocol.ids import JobId, ModelId
    from touchstone.protocol.orders import Order

_WARM_UP_ROWS = 64
_IDLE_S = 0.5
_STORE_S = 1.0
"""Seconds before a write that failed is tried again."""
_DRAFT_S = 1.0
"""Seconds that a draft waits for its turn."""
_ATTEMPTS = 2
"""Memory may have run out for a moment."""


class Speed:
    """Rows per second, measured: a moving average that follows the last few jobs."""

    def __init__(self) -> None:
        self.rows_per_second = 0.0

    def saw(self, rows: int, seconds: float) -> None:
        """Counts one execution."""
        now = rows / max(seconds, 1e-6)
        before = self.rows_per_second or now
        self.rows_per_second = 0.7 * before + 0.3 * now

    def seconds_for(self, rows: int) -> float:
        """How long so many rows take; 0 while nothing has been measured."""
        return rows / self.rows_per_second if self.rows_per_second else 0.0


def measured(executor: Executor, served: Sequence[Served]) -> Speed:
    """Runs every model once, so that the first job is not the slow one, and then takes its time."""
    speed = Speed()
    for part, longest in {s.offer.part: s.published.max_rows for s in served}.items():
        rows = min(_WARM_UP_ROWS, longest)
        batch = example_of(executor.reads(part), rows)
        executor.run(part, batch, unseen)
        began = time.monotonic()
        executor.run(part, batch, unseen)
        speed.saw(rows, time.monotonic() - began)
    return speed


def example_of(spec: InputSpec, rows: int) -> list[NDArray[np.int32]]:
    """A batch of so many rows of work, to warm up and to measure with: of a prompt half of them are
    read, half written."""
    if spec.kind is InputKind.PROMPT:
        new = max(rows // 2, 1)
        return encode_prompts([Prompt(np.zeros(rows - new + 1, np.int32), Sampling.of(new))])
    return [np.zeros(rows * spec.width, np.int32)]


class Worker:
    """Takes jobs from the store, runs them and keeps their results."""

    def __init__(
        self,
        store: Store,
        executor: Executor,
        models: Mapping[ModelId, PublishedModel],
        choose: Callable[[list[tuple[JobId, int]]], JobId | None],
        on_result: Callable[[JobId], None],
    ) -> None:
        """Binds store and executor.

        Args:
            store: has the jobs.
            executor: runs them.
            models: what the registry says of the models.
            choose: which of the jobs that wait, with their rows, is next; None where none does.
            on_result: told of each job that is done or has failed.
        """
        self.speed = Speed()
        self.streams = Streams()
        self._choose = choose
        self._store = store
        self._executor = executor
        self._models = models
        self._on_result = on_result
        self._wake = Condition()
        self._stopping = Event()
        # One execution at a time: an audit takes its turn.
        self._executing = Lock()
        self._thread = Thread(target=self._loop, name="worker", daemon=True)

    def start(self) -> None:
        """Begins to work."""
        self._thread.start()

    def stop(self) -> None:
        """Ends after the job in hand."""
        self._stopping.set()
        self.wake()
        self._thread.join()

    def wake(self) -> None:
        """Something has been queued."""
        with self._wake:
            self._wake.notify()

    def reads(self, order: Order) -> InputSpec:
        """What the model of an order reads."""
        return self._executor.reads(Part.of(order))

    def reader(self, order: Order) -> Reader:
        """A sequence of an order's model, to be read piece by piece. Raises InputError for a model
        that reads it as a whole."""
        return self._executor.reader(Part.of(order))

    def read(self, reader: Reader, rows: NDArray[np.int32]) -> NDArray[np.int32]:
        """What the next rows give, while no job waits: jobs have deadlines.

        Raises:
            RefusedError: `busy`.
            InputError: as `Reader.read`.
        """
        if self._store.queued() or not self._executing.acquire(timeout=_DRAFT_S):
            raise RefusedError("busy", "the node executes jobs, which have deadlines: try again")
        try:
            return reader.read(rows)
        finally:
            self._executing.release()

    def answer(self, job: JobId, order: Order, payload: bytes) -> bytes:
        """The output that is due for these bytes, computed now: what an audit needs."""
        return self._execute(job, order, payload)

    def _loop(self) -> None:
        while not self._stopping.is_set():
            try:
                taken = self._take()
            except StoreError as error:
                log("nothing can be taken", logging.ERROR, error=str(error), retry_s=_STORE_S)
                self._stopping.wait(_STORE_S)
                continue
            if taken is None:
                with self._wake:
                    self._wake.wait(_IDLE_S)
                continue
            work, payload = taken
            self._run(work, payload)
            try:
                self._on_result(work.job)
            except Exception:
                # The watcher signs what could not be signed here.
                log("result not handled", logging.ERROR, trace=True, job=work.job)

    def _take(self) -> tuple[Work, bytes] | None:
        chosen = self._choose(self._store.waiting())
        return None if chosen is None else self._store.take(chosen)

    def _run(self, work: Work, payload: bytes) -> None:
        reason = ""
        for _ in range(_ATTEMPTS):
            try:
                output = self._execute(work.job, work.order, payload)
                assert work.salt is not None
                root = payload_root(output, work.salt)
            except Exception as error:
                # Whatever an engine raises must not end the node, which owes other jobs an answer.
                log("execution failed", logging.ERROR, trace=True, job=work.job)
                known = isinstance(error, TouchstoneError)
                reason = str(error) if known else f"internal error {type(error).__name__}"
            else:
                self._keep(work, partial(self._store.finish, work.job, output, root))
                return
        log("job failed", logging.WARNING, job=work.job, reason=reason)
        self._keep(work, partial(self._store.fail, work.job, reason))

    def _keep(self, work: Work, write: Callable[[], None]) -> None:
        """Writes what came out, again and again while the disk is full: the work is done."""
        while not self._stopping.is_set():
            try:
                write()
            except StoreError as error:
                log("result not kept", logging.ERROR, job=work.job, error=str(error))
                self._stopping.wait(_STORE_S)
            else:
                return

    def _execute(self, job: JobId, order: Order, payload: bytes) -> bytes:
        """The output that is due for these bytes, whatever they are."""
        published, part, reads = self._models[order.model], Part.of(order), self.reads(order)

        def run(batch: list[NDArray[np.int32]]) -> list[NDArray[np.int32]]:
            lengths = positions_in(reads, batch)
            began = time.monotonic()
            outputs = self._executor.run(part, batch, self.streams.begin(job))
            seconds = time.monotonic() - began
            if len(outputs) != len(lengths):
                raise TouchstoneError(f"{len(lengths)} sequences gave {len(outputs)} outputs")
            self.speed.saw(sum(lengths), seconds)
            log("executed", job=job, rows=sum(lengths), seconds=round(seconds, 3))
            return outputs

        def body_of(batch: list[NDArray[np.int32]]) -> bytes:
            return self._executor.body(part, batch)

        with self._executing:
            output = output_of(order, published, payload, run, body_of, reads)
        if output == REFUSED:
            log("the input breaks a rule", job=job)
        return output
