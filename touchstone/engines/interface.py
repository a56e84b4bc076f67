"""What every engine is: sequences in, output rows out, the same bytes from each engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from touchstone.errors import InputError
from touchstone.programs.program import InputKind, Program, Rows, Shape

Int32 = NDArray[np.int32]


class Engine(Protocol):
    """Runs the program of one model."""

    def run(self, batch: Sequence[Int32]) -> list[Int32]:
        """One output per sequence, each independent of the others.

        A sequence is int32 [tokens], or int32 [rows, width] for a program over rows. An output is
        int32 [width] where the program ends in one row, else int32 [rows, width].
        """
        ...


def check_batch(program: Program, batch: Sequence[NDArray[Any]]) -> list[Int32]:
    """The batch as int32 arrays [rows, 1, width]. Raises InputError for what does not fit."""
    spec = program.input
    checked = []
    for index, sequence in enumerate(batch):
        values = np.asarray(sequence)
        if values.dtype != np.int32:
            raise InputError(f"sequence {index} is {values.dtype}, not int32")
        wanted = 1 if spec.kind is InputKind.TOKENS else 2
        if values.ndim != wanted or (wanted == 2 and values.shape[1] != spec.width):
            raise InputError(f"sequence {index} has shape {values.shape}")
        if not 1 <= len(values) <= spec.max_length:
            raise InputError(
                f"sequence {index} has {len(values)} positions, not 1 to {spec.max_length}"
            )
        checked.append(values.reshape(len(values), 1, spec.width))
    return checked


def present(shape: Shape, value: Int32) -> Int32:
    """An output value [rows, 1, width] as `run` returns it."""
    return value[0, 0] if shape.rows is Rows.ONE else value[:, 0]
