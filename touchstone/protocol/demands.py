"""Bytes demanded on chain, and what their answer costs. Twin of `contracts/types/Demand.sol`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eth_typing import ChecksumAddress

    from touchstone.protocol.jobs import Clock

MOST_ANSWER_BYTES = 96 * 1024
"""The longest answer; a transaction of more than 128 KiB is not relayed."""
OVERHEAD_BYTES = 2048
"""What the rest of the answering transaction costs, as bytes."""
NO_SEAT = 255
"""Stands for the requester where events name a seat."""


class DemandState(IntEnum):
    """Life of a demand. One that was answered, or that ended a job, is never made again."""

    NONE = 0
    PENDING = 1
    ANSWERED = 2
    CLOSED = 3


@dataclass(frozen=True, slots=True)
class Demand:
    """A job's demand for its input, or for its output.

    Attributes:
        state: where it stands.
        demander: who prepaid the answer, or None.
        deadline: Unix time until which the answer is taken.
        seats: of an input, those who said that they lack it; of an output, those whose payments
            wait for the answer.
    """

    state: DemandState = DemandState.NONE
    demander: ChecksumAddress | None = None
    deadline: int = 0
    seats: frozenset[int] = frozenset()

    @property
    def pending(self) -> bool:
        """Whether it has neither been answered nor closed."""
        return self.state is DemandState.PENDING

    def waits(self, clock: Clock) -> bool:
        """Whether an answer would still be taken in the next block."""
        return self.pending and clock.time <= self.deadline

    def is_over(self, clock: Clock) -> bool:
        """Whether its time has passed without an answer."""
        return self.pending and clock.time > self.deadline


NO_DEMAND = Demand()
"""Nothing was demanded."""


def answer_fee(length: int, price_per_byte: int) -> int:
    """What an answer of `length` bytes earns, in base units of the token."""
    return (length + OVERHEAD_BYTES) * price_per_byte


def answer_deposit(price_per_byte: int) -> int:
    """What whoever demands prepays, in base units: the fee of the longest answer."""
    return answer_fee(MOST_ANSWER_BYTES, price_per_byte)
