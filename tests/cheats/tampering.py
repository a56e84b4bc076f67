"""Executions that go wrong at one place, and whose every later step follows from that."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from touchstone.engines.reference import run_operator
from touchstone.programs.model import Model

Int32 = NDArray[np.int32]
Tamper = Callable[[int, int, Int32], Int32]
"""What a cheat makes of a value: (sequence, value, elements) to elements."""


def honest(sequence: int, value: int, elements: Int32) -> Int32:
    return elements


def flip(sequence: int, value: int, element: int, bit: int) -> Tamper:
    """One bit of one element flipped, and everything after it computed from that."""

    def tamper(s: int, v: int, elements: Int32) -> Int32:
        if (s, v) != (sequence, value):
            return elements
        changed = elements.copy().reshape(-1)
        changed.view(np.uint32)[element % changed.size] ^= np.uint32(1 << bit)
        return changed.reshape(elements.shape)

    return tamper


def values_of(model: Model, tamper: Tamper, number: int, sequence: Int32) -> list[Int32]:
    """All values of the program for one sequence, as a cheat has them."""
    values = [tamper(number, 0, sequence.reshape(-1, 1, 1))]
    for v, operator in enumerate(model.program.operators, start=1):
        out = run_operator(operator, model.tensors, values, len(sequence))
        values.append(tamper(number, v, out))
    return values
