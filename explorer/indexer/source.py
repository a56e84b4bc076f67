"""Reads blocks and events from the chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from web3.exceptions import BlockNotFound

from explorer.derive.records import MARKET, REGISTRY, RESOLVER, VAULT, Event, Header, Receipt
from explorer.indexer.arguments import plain_arguments
from touchstone.chain.artifacts import DISPUTE_PARTS, abi_of
from touchstone.chain.logs import read_events
from touchstone.chain.rpc import ask_together, result_of
from touchstone.errors import ChainError, ExplorerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from web3 import Web3
    from web3.contract import Contract

    from touchstone.chain.deployment import Deployment
    from touchstone.chain.market import Market

ANCHOR_BLOCKS = 32
"""Blocks between two whose hashes are kept although nothing happened in them."""
_HEADERS_AT_ONCE = 100


class ChainMovedError(ChainError):
    """The chain was reorganised while it was read: nothing of what was read counts."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What a range of blocks holds.

    Attributes:
        first: the number of the first block.
        last: the last block.
        blocks: the blocks whose hashes are kept, by number.
        events: all events, in the order in which they happened.
        receipts: of the transactions with events of the dispute engine.
    """

    first: int
    last: Header
    blocks: tuple[Header, ...]
    events: tuple[Event, ...]
    receipts: tuple[Receipt, ...] = ()


class ChainSource:
    """The chain, as far as it is about one deployment."""

    def __init__(self, w3: Web3, deployment: Deployment, market: Market) -> None:
        """Reads over `w3` what the deployment's contracts emit."""
        self._w3 = w3
        # The ABIs of the market and the dispute engine are those of all their parts.
        engine = w3.eth.contract(
            address=deployment.address(RESOLVER), abi=abi_of("Disputes", DISPUTE_PARTS)
        )
        self._contracts: list[tuple[str, Contract]] = [
            (MARKET, market.contract),
            (VAULT, deployment.contract(w3, VAULT)),
            (REGISTRY, deployment.contract(w3, REGISTRY)),
            (RESOLVER, engine),
        ]

    def head(self) -> Header:
        """The newest block."""
        return self._header("latest")

    def header(self, number: int) -> Header | None:
        """A block by its number, or None where the chain has none."""
        try:
            return self._header(number)
        except BlockNotFound:
            return None

    def has(self, block: Header) -> bool:
        """Whether the block is part of the chain now."""
        found = self.header(block.number)
        return found is not None and found.hash == block.hash

    def read(self, first: int, last: int) -> Batch:
        """Blocks `first` to `last`, all of one chain.

        Raises:
            ChainMovedError: the chain changed meanwhile: read again.
        """
        end = self._required(last)
        found: list[tuple[Event, str]] = []
        for name, contract in self._contracts:
            found += _events(name, contract, first, last)
        found.sort(key=lambda item: item[0].place)
        hashes = {event.block: block_hash for event, block_hash in found}
        kept = set(hashes) | {n for n in range(first, last + 1) if n % ANCHOR_BLOCKS == 0}
        headers = self._headers(sorted(kept))
        of_engine = {event.transaction: at for event, at in found if event.contract == RESOLVER}
        receipts = self._receipts(of_engine)
        # A block's hash fixes all blocks before it: where neither the end nor any block with
        # events has changed, all was read of one chain.
        if not self.has(end) or any(
            header.hash != hashes.get(header.number, header.hash) for header in headers
        ):
            raise ChainMovedError(f"blocks {first} to {last} changed while they were read")
        events = tuple(event for event, _ in found)
        return Batch(first, end, tuple(headers), events, tuple(receipts))

    def _required(self, number: int) -> Header:
        header = self.header(number)
        if header is None:
            raise ChainMovedError(f"block {number} vanished while it was read")
        return header

    def _headers(self, numbers: Sequence[int]) -> list[Header]:
        """Many blocks in few round trips."""
        found = []
        for start in range(0, len(numbers), _HEADERS_AT_ONCE):
            wanted = numbers[start : start + _HEADERS_AT_ONCE]
            requests = [("eth_getBlockByNumber", [hex(number), False]) for number in wanted]
            answers = ask_together(self._w3, requests)
            for number, answer in zip(wanted, answers, strict=True):
                block = result_of(answer)
                if block is None:
                    raise ChainMovedError(f"block {number} vanished while it was read")
                found.append(
                    Header(int(block["number"], 16), block["hash"], int(block["timestamp"], 16))
                )
        return found

    def _receipts(self, blocks: Mapping[str, str]) -> list[Receipt]:
        """The receipts of transactions, whose blocks must have these hashes."""
        found, hashes = [], list(blocks)
        for start in range(0, len(hashes), _HEADERS_AT_ONCE):
            wanted = hashes[start : start + _HEADERS_AT_ONCE]
            requests = [("eth_getTransactionReceipt", [each]) for each in wanted]
            for each, answer in zip(wanted, ask_together(self._w3, requests), strict=True):
                told = result_of(answer)
                if told is None or told["blockHash"] != blocks[each]:
                    raise ChainMovedError(f"transaction {each} moved while it was read")
                block, gas = int(told["blockNumber"], 16), int(told["gasUsed"], 16)
                found.append(Receipt(each, block, told["from"].lower(), gas))
        return found

    def _header(self, number: int | Literal["latest"]) -> Header:
        block = self._w3.eth.get_block(number)
        return Header(block["number"], block["hash"].to_0x_hex(), block["timestamp"])


def _events(name: str, contract: Contract, first: int, last: int) -> Iterable[tuple[Event, str]]:
    """The contract's events with their blocks' hashes: whatever its ABI names."""
    declared: dict[str, Any] = {e["name"]: e for e in contract.abi if e["type"] == "event"}
    for log in read_events(contract, list(declared), first, last):
        event = Event(
            block=log["blockNumber"],
            log_index=log["logIndex"],
            transaction=log["transactionHash"].to_0x_hex(),
            contract=name,
            name=log["event"],
            args=plain_arguments(declared[log["event"]]["inputs"], log["args"]),
        )
        yield event, log["blockHash"].to_0x_hex()


def first_block(source: ChainSource, deployment: Deployment) -> Header:
    """The block after which the deployment's events begin.

    Raises:
        ExplorerError: the chain does not reach so far: it is not the deployment's.
    """
    header = source.header(deployment.block)
    if header is None:
        raise ExplorerError(
            f"the chain has no block {deployment.block}, after which the contracts were deployed: "
            "it is another chain than the deployment file's, or was begun anew"
        )
    return header
