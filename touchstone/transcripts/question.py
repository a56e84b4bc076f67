"""What a referee is asked: one element of one value of a transcript."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Question:
    """One element of one value. Twin of `Question` in `contracts/referee/IReferee.sol`.

    Attributes:
        program: root of the program, 32 bytes.
        operators: how many operators it has.
        body: node over all sequences of the transcript, 32 bytes.
        sequences: how many there are.
        sequence: which of them is meant.
        length: positions of that sequence.
        position: of a causal program the position that is meant, else 0.
        causal: whether the program is causal.
        value: from 1 (value 0 is the input) to `operators`.
        element: row-major index of the element in [rows, groups, width], or in the [groups, width]
            of the position.
    """

    program: bytes
    operators: int
    body: bytes
    sequences: int
    sequence: int
    length: int
    position: int
    causal: bool
    value: int
    element: int

    def as_abi(self) -> tuple[Any, ...]:
        """The tuple that a contract call takes."""
        return (
            self.program,
            self.operators,
            self.body,
            self.sequences,
            self.sequence,
            self.length,
            self.position,
            self.causal,
            self.value,
            self.element,
        )
