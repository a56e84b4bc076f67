"""Finds again on the chain what the log has forgotten, or is too young to know.

The engine keeps when something was said, which leads to the block, and to the event in it. Nodes
and statements that somebody made known long ago count in today's games: whoever could not find them
could not answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from touchstone.chain.disputes import brief_of_event
from touchstone.chain.logs import MAX_RANGE, read_events
from touchstone.disputes.game import Statement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from web3.types import EventData

    from touchstone.chain.disputes import Disputes
    from touchstone.disputes.game import Brief
    from touchstone.protocol.ids import JobId


def first_block_since(disputes: Disputes, time: int) -> int:
    """The first block of that Unix time or a later one; the next one where there is none yet."""
    eth = disputes.w3.eth
    low, high = disputes.first_block, eth.block_number + 1
    while low < high:
        middle = (low + high) // 2
        if eth.get_block(middle)["timestamp"] < time:
            low = middle + 1
        else:
            high = middle
    return low


def find_children(
    disputes: Disputes, node: bytes, levels: int, time: int
) -> tuple[bytes, ...] | None:
    """The nodes so many levels below one that was opened at that time."""
    for event in _events_at(disputes, "Opened", time, {"node": node}):
        if event["args"]["levels"] == levels:
            return tuple(bytes(child) for child in event["args"]["children"])
    return None


def find_chunk(disputes: Disputes, node: bytes, time: int) -> bytes | None:
    """The chunk that was shown at that time."""
    for event in _events_at(disputes, "LeafOpened", time, {"node": node}):
        return bytes(event["args"]["chunk"])
    return None


def find_statement(disputes: Disputes, job: JobId, party: int, time: int) -> Statement | None:
    """What a party stated at that time."""
    for event in _events_at(disputes, "Stated", time, {"job": job, "party": party}):
        return statement_of_event(event)
    return None


def find_parts(
    disputes: Disputes, job: JobId, side: tuple[int, int, bool], time: int
) -> Iterator[tuple[int, ...]]:
    """The partial results that a side of a game posted at that time, or soon after."""
    for event in _events_at(disputes, "PartsPosted", time, {"job": job}):
        args = event["args"]
        if (args["a"], args["b"], args["first"]) == side:
            yield tuple(args["parts"])


def find_brief(disputes: Disputes, job: JobId) -> Brief | None:
    """What was described of a job, at whatever time: looked for backwards."""
    last: int = disputes.w3.eth.block_number
    while last >= disputes.first_block:
        first = max(disputes.first_block, last - MAX_RANGE + 1)
        for event in disputes.events(first, last, ("Described",), job):
            return brief_of_event(event)
        last = first - 1
    return None


def statement_of_event(event: EventData) -> Statement:
    """The statement in a `Stated` event."""
    return Statement(bytes(event["args"]["body"]), bytes(event["args"]["outputTop"]))


def _events_at(
    disputes: Disputes, name: str, time: int, filters: dict[str, Any]
) -> Iterator[EventData]:
    """Events from that time on, of few blocks."""
    first = first_block_since(disputes, time)
    last = min(disputes.w3.eth.block_number, first + MAX_RANGE - 1)
    if first <= last:
        yield from read_events(disputes.contract, (name,), first, last, filters)
