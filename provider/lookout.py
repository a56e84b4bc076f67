"""A thread that looks again and again, and that no failure ends."""

from __future__ import annotations

import logging
from threading import Event, Thread
from typing import TYPE_CHECKING

from provider.log import log
from provider.watcher import CHAIN_TROUBLE

if TYPE_CHECKING:
    from collections.abc import Callable


class Lookout:
    """Calls a function every so often until it is stopped."""

    def __init__(self, name: str, look: Callable[[], None], poll_s: float) -> None:
        """Calls `look` every `poll_s` seconds; `name` is what logs say."""
        self._name = name
        self._look = look
        self._poll_s = poll_s
        self._stopping = Event()
        self._thread = Thread(target=self._loop, name=name, daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Ends after the look in hand."""
        self._stopping.set()
        self._thread.join()

    def _loop(self) -> None:
        while not self._stopping.wait(self._poll_s):
            try:
                self._look()
            except CHAIN_TROUBLE as error:
                log(f"chain trouble in {self._name}", logging.WARNING, error=str(error))
            except Exception:
                log(f"{self._name} failed", logging.ERROR, trace=True)
