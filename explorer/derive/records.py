"""Blocks and events as the explorer keeps them: text and numbers only, however they were read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from touchstone.protocol.audits import AUDITOR_SEAT

if TYPE_CHECKING:
    from collections.abc import Mapping

MARKET, VAULT, REGISTRY, RESOLVER = "Market", "StakeVault", "ModelRegistry", "Disputes"
"""The contracts whose events are kept, by their names in Solidity."""

NOBODY = "0x" + "00" * 20


@dataclass(frozen=True, slots=True)
class Header:
    """A block: its number, its hash as hex, its Unix time."""

    number: int
    hash: str
    time: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """Who sent a transaction (lower-case hex), in which block it stands, and what gas it took."""

    transaction: str
    block: int
    sender: str
    gas: int


@dataclass(frozen=True, slots=True)
class Event:
    """An event as its contract emitted it.

    Attributes:
        block: number of its block.
        log_index: its place among the block's logs.
        transaction: hash of its transaction, as hex.
        contract: name of the contract in Solidity.
        name: its name.
        args: its arguments by name: integers as decimal text, bytes and addresses as lower-case
            hex, booleans and texts as they are; arrays as lists, structs as objects.
    """

    block: int
    log_index: int
    transaction: str
    contract: str
    name: str
    args: Mapping[str, Any]

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands: events happen in this order."""
        return self.block, self.log_index

    def number(self, name: str) -> int:
        """An integer argument."""
        return int(self.args[name])

    def text(self, name: str) -> str:
        """A text, an address or bytes."""
        return str(self.args[name])

    def flag(self, name: str) -> bool:
        """A boolean argument."""
        return bool(self.args[name])


def failed_seat(failure: Event) -> int:
    """The seat that a `SeatFailed` or an `AuditorFailed` is about."""
    return failure.number("seat") if "seat" in failure.args else AUDITOR_SEAT
