"""Reads events in bounded ranges, since public RPC endpoints refuse long ones, and notices when a
reorganisation or a node that is behind would make it miss or mix some."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from eth_abi.abi import encode
from eth_abi.exceptions import DecodingError
from eth_utils.abi import event_abi_to_log_topic
from web3._utils.events import get_event_data
from web3._utils.method_formatters import log_entry_formatter

from touchstone.chain.rpc import ask_together, error_message, result_of
from touchstone.errors import ChainError, LaggingRpcError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eth_typing import ABIEvent
    from web3 import Web3
    from web3.contract import Contract
    from web3.types import EventData, RPCResponse

_log = logging.getLogger(__name__)

MAX_RANGE = 1000
"""Blocks asked for at once."""
PATIENCE_S = 20.0
"""How long a node may lack the blocks asked for, or change them, before that is an error."""
_POLL_S = 0.25


class _MovedError(Exception):
    """Blocks changed while they were read, or the node does not have them yet."""


def read_events(
    contract: Contract,
    names: Sequence[str],
    first: int,
    last: int,
    filters: dict[str, Any] | None = None,
) -> Iterator[EventData]:
    """The contract's events of these names in blocks `first` to `last`, in the order in which they
    happened. Events with a text that is not UTF-8 are passed over.

    All ranges are of one chain: where a reorganisation comes between two of them, all is read again
    before anything is returned. A range that the node finds too long is halved.

    Args:
        contract: whose events.
        names: of the events.
        first: first block.
        last: last block, included; the chain must have it.
        filters: values of indexed arguments, where only some are wanted: those must stand at the
            same place in all the events.

    Raises:
        LaggingRpcError: the node has no block `last`, or keeps changing its mind.
        ChainError: it refuses to read even one block.
    """
    events = [_event(contract, name) for name in names]
    by_topic = {event_abi_to_log_topic(event): event for event in events}
    topics: list[Any] = [["0x" + topic.hex() for topic in by_topic]]
    topics += _indexed_topics(events[0], filters or {})
    wanted = {"address": contract.address, "topics": topics}
    for raw in _read_all(contract.w3, wanted, first, last):
        log: Any = log_entry_formatter(raw)
        event = by_topic[bytes(log["topics"][0])]
        try:
            decoded = get_event_data(contract.w3.codec, event, log)
        except (UnicodeError, DecodingError) as error:
            # Anyone can publish a text that is none. It must not hide what others publish.
            _log.warning("passed over an %s that cannot be read: %s", event["name"], error)
            continue
        yield decoded


def struct_values(struct: Any) -> list[Any]:
    """The fields of a struct in an event: by its settings, web3 gives a mapping or a tuple."""
    values = struct.values() if hasattr(struct, "values") else struct
    return [bytes(v) if isinstance(v, (bytes, bytearray)) else v for v in values]


def _read_all(w3: Web3, wanted: dict[str, Any], first: int, last: int) -> list[dict[str, Any]]:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return _read_once(w3, wanted, first, last)
        except _MovedError as error:
            if time.monotonic() > deadline:
                raise LaggingRpcError(f"blocks {first} to {last} cannot be read: {error}") from None
            _log.info("reading blocks %d to %d again: %s", first, last, error)
            time.sleep(_POLL_S)


def _read_once(w3: Web3, wanted: dict[str, Any], first: int, last: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    length, start = MAX_RANGE, first
    before: tuple[int, str] | None = None
    while start <= last:
        end = min(start + length - 1, last)
        answers = _ask(w3, wanted, start, end, before)
        ends = {_hash(end, answers[0]), _hash(end, answers[2])}
        if "error" in answers[1]:
            # Each provider words this in its own way, so that the words are not looked at.
            if start == end:
                raise ChainError(
                    f"the node refuses the events of block {end}: {error_message(answers[1])}"
                )
            length = (end - start + 1) // 2
            continue
        # A hash stands for all blocks before it. The one of the range before is asked for last:
        # whatever changed until then shows there or in this range's own.
        if len(ends) > 1 or (before is not None and _hash(before[0], answers[3]) != before[1]):
            raise _MovedError("a reorganisation came between")
        found += result_of(answers[1])
        before = (end, ends.pop())
        start = end + 1
    return found


def _ask(
    w3: Web3, wanted: dict[str, Any], start: int, end: int, before: tuple[int, str] | None
) -> list[RPCResponse]:
    """Answers with: the last block, the events, the last block once more, the last one of the range
    before."""
    block = ("eth_getBlockByNumber", [hex(end), False])
    logs = wanted | {"fromBlock": hex(start), "toBlock": hex(end)}
    asked: list[tuple[str, list[Any]]] = [block, ("eth_getLogs", [logs]), block]
    if before is not None:
        asked.append(("eth_getBlockByNumber", [hex(before[0]), False]))
    return ask_together(w3, asked)


def _hash(number: int, answer: RPCResponse) -> str:
    block = answer.get("result")
    if not block:
        # A node without the block would answer with no events, or fewer.
        raise _MovedError(f"the node has no block {number} yet")
    return str(result_of(answer)["hash"])


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
