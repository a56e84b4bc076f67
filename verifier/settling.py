"""Settles together what is due together: one transaction for many jobs costs each of them less."""

from __future__ import annotations

from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from touchstone.coordination.round import Settle
    from touchstone.protocol.ids import JobId
    from touchstone.protocol.jobs import JobState

MOST_AT_ONCE = 32
"""Jobs of one transaction."""


class Settlements:
    """Jobs ready to be settled. While a batch is on its way, the jobs that become ready wait for
    the next one: nobody waits where nothing is in flight. Safe to use from threads."""

    def __init__(self, send: Callable[[Mapping[JobId, tuple[JobState, Settle]]], None]) -> None:
        """`send` settles a batch."""
        self._send = send
        self._lock = Lock()
        self._due: dict[JobId, tuple[JobState, Settle]] = {}
        self._in_flight: frozenset[JobId] = frozenset()

    def settle(self, job: JobState, step: Settle) -> None:
        """Settles a job, now or with those that wait; returns at once where others do it.

        Raises what `send` raises; the jobs of that batch must then be brought again.
        """
        with self._lock:
            if job.id in self._in_flight:
                return
            self._due[job.id] = (job, step)
            if self._in_flight:
                return
            batch = self._next()
        while batch:
            try:
                self._send(batch)
            except BaseException:
                with self._lock:
                    self._in_flight = frozenset()
                raise
            with self._lock:
                batch = self._next()

    def _next(self) -> dict[JobId, tuple[JobState, Settle]]:
        batch = dict(islice(self._due.items(), MOST_AT_ONCE))
        for job in batch:
            del self._due[job]
        self._in_flight = frozenset(batch)
        return batch
