"""What fetching strangers may take of a mirror: so many answers at once, so many bytes a second."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from touchstone.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_ANSWERS = 16
"""Answers under way."""
MOST_OF_A_PEER = 6
"""Answers under way to one peer; a download asks four things at once."""


class Gate:
    """Counts the answers under way. For one event loop."""

    def __init__(self, most: int = MOST_ANSWERS, of_a_peer: int = MOST_OF_A_PEER) -> None:
        """Nothing is under way."""
        self._most, self._of_a_peer = most, of_a_peer
        self._inside: Counter[str] = Counter()

    @contextmanager
    def entered(self, peer: str) -> Iterator[None]:
        """One answer to `peer`, within the block. Raises RefusedError where there is no room."""
        if self._inside.total() >= self._most or self._inside[peer] >= self._of_a_peer:
            raise RefusedError("busy", "too many downloads at once: try again, or another mirror")
        self._inside[peer] += 1
        try:
            yield
        finally:
            self._inside[peer] -= 1
            if not self._inside[peer]:
                del self._inside[peer]


class Pace:
    """Lets so many bytes a second pass, of all answers together. For one event loop."""

    def __init__(self, bytes_per_second: float) -> None:
        """Nothing has passed yet."""
        self._rate = bytes_per_second
        self._free_at = 0.0

    async def passing(self, count: int) -> None:
        """Waits until it is the turn of `count` more bytes."""
        now = time.monotonic()
        turn = max(now, self._free_at)
        self._free_at = turn + count / self._rate
        if turn > now:
            await asyncio.sleep(turn - now)
