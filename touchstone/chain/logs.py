"""Reads events in bounded ranges: public RPC endpoints refuse long ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from web3.contract import Contract
    from web3.types import EventData

MAX_RANGE = 1000
"""Blocks asked for at once."""


def read_events(
    contract: Contract,
    names: Sequence[str],
    first: int,
    last: int,
    filters: dict[str, Any] | None = None,
) -> Iterator[EventData]:
    """The contract's events of these names in blocks `first` to `last`, in the order in which they
    happened.

    Args:
        contract: whose events.
        names: of the events.
        first: first block.
        last: last block, included.
        filters: values of indexed arguments, where only some are wanted.
    """
    for start in range(first, last + 1, MAX_RANGE):
        end = min(start + MAX_RANGE - 1, last)
        found: list[EventData] = []
        for name in names:
            event = contract.events[name]()
            found += event.get_logs(from_block=start, to_block=end, argument_filters=filters)
        yield from sorted(found, key=lambda e: (e["blockNumber"], e["logIndex"]))
