"""Reads events in bounded ranges: public RPC endpoints refuse long ones."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from eth_abi.abi import encode
from eth_abi.exceptions import DecodingError
from eth_utils.abi import event_abi_to_log_topic
from web3._utils.events import get_event_data
from web3.types import FilterParams

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eth_typing import ABIEvent
    from web3.contract import Contract
    from web3.types import EventData

_log = logging.getLogger(__name__)

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
    happened. Events with a text that is not UTF-8 are passed over.

    Args:
        contract: whose events.
        names: of the events.
        first: first block.
        last: last block, included.
        filters: values of indexed arguments, where only some are wanted: those must stand at the
            same place in all the events.
    """
    events = [_event(contract, name) for name in names]
    by_topic = {event_abi_to_log_topic(event): event for event in events}
    topics: list[Any] = [["0x" + topic.hex() for topic in by_topic]]
    topics += _indexed_topics(events[0], filters or {})
    for start in range(first, last + 1, MAX_RANGE):
        wanted = FilterParams(
            address=contract.address,
            fromBlock=start,
            toBlock=min(start + MAX_RANGE - 1, last),
            topics=topics,
        )
        for log in contract.w3.eth.get_logs(wanted):
            event = by_topic[bytes(log["topics"][0])]
            try:
                decoded = get_event_data(contract.w3.codec, event, log)
            except (UnicodeError, DecodingError) as error:
                # Anyone can publish a text that is none. It must not hide what others publish.
                _log.warning("passed over an %s that cannot be read: %s", event["name"], error)
                continue
            yield decoded


def _event(contract: Contract, name: str) -> ABIEvent:
    return next(
        entry for entry in contract.abi if entry["type"] == "event" and entry["name"] == name
    )


def _indexed_topics(event: ABIEvent, filters: dict[str, Any]) -> list[str | None]:
    indexed = [item for item in event["inputs"] if item.get("indexed")]
    unknown = set(filters) - {item["name"] for item in indexed}
    if unknown:
        raise ValueError(f"{event['name']} has no indexed arguments {sorted(unknown)}")
    found: list[str | None] = [
        "0x" + encode([item["type"]], [filters[item["name"]]]).hex()
        if item["name"] in filters
        else None
        for item in indexed
    ]
    while found and found[-1] is None:
        found.pop()
    return found
