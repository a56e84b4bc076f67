"""The market's events, each once, though the last blocks are read again at each look."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from web3.types import EventData

    from touchstone.chain.market import Market

REWIND_BLOCKS = 16
"""Blocks that are read again at each look: an endpoint of many nodes may not have shown all of
them."""


class Unseen:
    """Remembers what was handled, by block hash and index, so that rewinding costs no calls."""

    def __init__(self, market: Market, names: Sequence[str]) -> None:
        """Reads the market's events of these names."""
        self._market = market
        self._names = tuple(names)
        self._handled: dict[tuple[bytes, int], int] = {}

    def read(self, since: int, head: int) -> list[EventData]:
        """What is new up to block `head`, from somewhat before block `since` on. Until it is
        `handled`, it is read again. Raises what the chain raises."""
        first = max(since - REWIND_BLOCKS, self._market.first_block)
        events = self._market.events(first, head, names=self._names)
        return [event for event in events if _key(event) not in self._handled]

    def handled(self, events: Iterable[EventData], head: int) -> None:
        """Says that these need not be read again. What is too old for that is forgotten."""
        self._handled |= {_key(event): event["blockNumber"] for event in events}
        oldest = head - 2 * REWIND_BLOCKS
        self._handled = {key: block for key, block in self._handled.items() if block >= oldest}

    def forget(self) -> None:
        """After a reorganisation, everything is new."""
        self._handled = {}


def _key(event: EventData) -> tuple[bytes, int]:
    return bytes(event["blockHash"]), event["logIndex"]
