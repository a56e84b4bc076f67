"""Executes queued jobs, one at a time, in a thread of its own."""

from __future__ import annotations

import logging
import time
from threading import Condition, Event, Thread
from typing import TYPE_CHECKING

import numpy as np

from provider.log import log
from touchstone.errors import TouchstoneError
from touchstone.protocol.inputs import REFUSED, output_of
from touchstone.protocol.payload import payload_root, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from provider.executor import Executor
    from provider.offers import Served
    from provider.records import Work
    from provider.store import Store
    from touchstone.chain.registry import PublishedModel
    from touchstone.protocol.ids import JobId, ModelId

_WARM_UP_ROWS = 64
_IDLE_S = 0.5
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


class Worker:
    """Takes jobs from the store, runs them and keeps their results."""

    def __init__(
        self,
        store: Store,
        executor: Executor,
        models: Mapping[ModelId, PublishedModel],
        on_result: Callable[[JobId], None],
    ) -> None:
        """Binds store, executor and what the registry says of the models; `on_result` is told of
        each job that is done or has failed."""
        self.speed = Speed()
        self._store = store
        self._executor = executor
        self._models = models
        self._on_result = on_result
        self._wake = Condition()
        self._stopping = Event()
        self._thread = Thread(target=self._loop, name="worker", daemon=True)

    def warm_up(self, served: Sequence[Served]) -> None:
        """Runs every model once, so that the first job is not the slow one, and takes its time."""
        for model, longest in {s.offer.model: s.published.max_rows for s in served}.items():
            rows = min(_WARM_UP_ROWS, longest)
            batch = [np.zeros(rows, dtype=np.int32)]
            self._executor.run(model, batch)
            began = time.monotonic()
            self._executor.run(model, batch)
            self.speed.saw(rows, time.monotonic() - began)

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

    def _loop(self) -> None:
        while not self._stopping.is_set():
            taken = self._store.take()
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

    def _run(self, work: Work, payload: bytes) -> None:
        reason = ""
        for _ in range(_ATTEMPTS):
            try:
                output = self._execute(work, payload)
                assert work.salt is not None
                return self._store.finish(work.job, output, payload_root(output, work.salt))
            except Exception as error:
                # Whatever an engine raises must not end the node, which owes other jobs an answer.
                log("execution failed", logging.ERROR, trace=True, job=work.job)
                known = isinstance(error, TouchstoneError)
                reason = str(error) if known else f"internal error {type(error).__name__}"
        return self._failed(work, reason)

    def _failed(self, work: Work, reason: str) -> None:
        self._store.fail(work.job, reason)
        log("job failed", logging.WARNING, job=work.job, reason=reason)

    def _execute(self, work: Work, payload: bytes) -> bytes:
        """The output that is due for these bytes, whatever they are."""

        def run(batch: list[NDArray[np.int32]]) -> list[NDArray[np.int32]]:
            began = time.monotonic()
            outputs = self._executor.run(work.order.model, batch)
            seconds = time.monotonic() - began
            self.speed.saw(rows_of(batch), seconds)
            if len(outputs) != len(batch):
                raise TouchstoneError(f"{len(batch)} sequences gave {len(outputs)} outputs")
            log("executed", job=work.job, rows=rows_of(batch), seconds=round(seconds, 3))
            return outputs

        output = output_of(work.order, self._models[work.order.model], payload, run)
        if output == REFUSED:
            log("the input breaks a rule", job=work.job)
        return output
