"""Looks after an outbox in the background, for processes that live long."""

from __future__ import annotations

import logging
from threading import Event, Thread
from typing import TYPE_CHECKING

from requests.exceptions import RequestException
from web3.exceptions import Web3Exception

from touchstone.errors import TouchstoneError

if TYPE_CHECKING:
    from touchstone.chain.outbox.outbox import Outbox

_log = logging.getLogger(__name__)


class Tending:
    """A thread that tends an outbox every few seconds, at once for the first time."""

    def __init__(self, outbox: Outbox, every_s: float = 5.0) -> None:
        """Starts the thread."""
        self._outbox = outbox
        self._every_s = every_s
        self._over = Event()
        self._thread = Thread(target=self._loop, name="outbox", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends after the round in hand."""
        self._over.set()
        self._thread.join()

    def _loop(self) -> None:
        while True:
            try:
                self._outbox.tend()
            except (TouchstoneError, RequestException, Web3Exception, ValueError) as error:
                _log.warning("the outbox is not tended: %s", error)
            if self._over.wait(self._every_s):
                return
