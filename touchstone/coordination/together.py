"""Asks many strangers side by side, and waits for none of them longer than a limit."""

from __future__ import annotations

import time
from threading import Lock, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

WAIT_S = 15
"""How long to wait for all answers together."""


class Together:
    """Runs questions in threads of their own.

    A peer that answers a byte at a time can hold its own thread, but neither the caller nor a
    second thread: it is not asked again before it has answered.
    """

    def __init__(self) -> None:
        """Nobody is being asked yet."""
        self._asked: set[str] = set()
        self._lock = Lock()

    def ask(self, questions: Mapping[str, Callable[[], object]], wait_s: float = WAIT_S) -> None:
        """Runs the questions, by the name of whom they are put to; returns when all are answered or
        the time is over. A question must not raise: what it finds it keeps itself."""
        threads = []
        for name, question in questions.items():
            with self._lock:
                if name in self._asked:
                    continue
                self._asked.add(name)
            thread = Thread(target=self._run, args=(name, question), daemon=True)
            thread.start()
            threads.append(thread)
        deadline = time.monotonic() + wait_s
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self, name: str, question: Callable[[], object]) -> None:
        try:
            question()
        finally:
            with self._lock:
                self._asked.discard(name)
