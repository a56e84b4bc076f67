"""Executions of causal programs that go wrong at one place, and whose every later step, and every
token that is written, follows from that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from touchstone.engines.causal_reference import Reading
from touchstone.engines.interface import Int32
from touchstone.protocol.generation import Prompt

Change = Callable[[int, int, Int32], Int32]
"""What is made of a value: (position, value, elements [1, groups, width]) to elements."""


@dataclass(frozen=True)
class CausalTamper:
    """What a cheat does in one of the sequences."""

    sequence: int
    change: Change


def _unchanged(position: int, value: int, elements: Int32) -> Int32:
    return elements


right = CausalTamper(-1, _unchanged)
"""Tampers with no sequence."""


def flip_at(sequence: int, position: int, value: int, element: int, bit: int) -> CausalTamper:
    """One bit of one element flipped."""

    def change(t: int, v: int, elements: Int32) -> Int32:
        if (t, v) != (position, value):
            return elements
        changed = elements.copy().reshape(-1)
        changed.view(np.uint32)[element % changed.size] ^= np.uint32(1 << bit)
        return changed.reshape(elements.shape)

    return CausalTamper(sequence, change)


def write_at(sequence: int, position: int, value: int, element: int, number: int) -> CausalTamper:
    """One element that is this number instead."""

    def change(t: int, v: int, elements: Int32) -> Int32:
        if (t, v) == (position, value):
            elements = elements.copy()
            elements[0, 0, element] = number
        return elements

    return CausalTamper(sequence, change)


def set_everywhere(sequence: int, element: int, number: int) -> CausalTamper:
    """An element of all orders of a prompt, as of a setting that was not ordered."""

    def change(t: int, v: int, elements: Int32) -> Int32:
        if v == 0:
            elements = elements.copy()
            elements[0, 0, element] = number
        return elements

    return CausalTamper(sequence, change)


class TamperedReading(Reading):
    """A reading with a cheat at work."""

    def __init__(self, program, tensors, sequence: int, tamper: CausalTamper) -> None:
        super().__init__(program, tensors)
        self._change = tamper.change if tamper.sequence == sequence else _unchanged

    def step(self, row: Int32) -> list[Int32]:
        changed = self._change(self.position, 0, row.reshape(1, 1, -1))
        return super().step(changed.reshape(-1))

    def _run(self, operator, values: list[Int32]) -> Int32:
        found = super()._run(operator, values)
        return self._change(self.position, len(values), found)


def read_rows(model, number: int, rows: Int32, tamper: CausalTamper) -> list[list[Int32]]:
    """All values at each position of a sequence of rows [positions, width]."""
    reading = TamperedReading(model.program, model.tensors, number, tamper)
    return [reading.step(row) for row in rows]


def read_prompt(model, number: int, prompt: Prompt, tamper: CausalTamper) -> list[list[Int32]]:
    """All values at each position of a prompt, behind which it reads what it emits."""
    reading = TamperedReading(model.program, model.tensors, number, tamper)
    steps: list[list[Int32]] = []
    written: list[int] = []
    for position in range(prompt.positions):
        steps.append(reading.step(prompt.rows(written)[position]))
        if position + 1 >= len(prompt.tokens):
            written.append(int(steps[-1][model.program.output][0, 0, 0]))
    return steps


def stacked(steps: list[list[Int32]]) -> list[Int32]:
    """Values [positions, groups, width] from those of each position; a row that is shorter than
    the last has zeros behind it."""
    found = []
    for rows in zip(*steps, strict=True):
        whole = np.zeros((len(rows), *rows[-1].shape[1:]), np.int32)
        for position, row in enumerate(rows):
            whole[position, :, : row.shape[-1]] = row[0]
        found.append(whole)
    return found
