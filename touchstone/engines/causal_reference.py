"""The reference for causal programs: one position at a time, one operator at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from touchstone.arithmetic.sampling import NO_TOKEN
from touchstone.engines.interface import (
    Int32,
    Reader,
    Runnable,
    check_batch,
    check_piece,
    check_prompts,
)
from touchstone.engines.reference import HISTORIES, OPERATORS, POSITIONED
from touchstone.errors import InputError
from touchstone.programs.program import SEQUENCE, Constant, Operator, Program
from touchstone.programs.validate import validate
from touchstone.programs.weights import Tensor
from touchstone.protocol.generation import Prompt, Seen, unseen


class Reading:
    """One sequence, read position by position: its histories, and where it stands."""

    def __init__(self, program: Program, tensors: Mapping[Constant, Tensor]) -> None:
        self._program, self._tensors = program, tensors
        self._kept = {
            operator.inputs[i]
            for operator in program.operators
            for i in HISTORIES.get(operator.op, ())
        }
        self._histories: dict[int, list[Int32]] = {value: [] for value in self._kept}
        self.position = 0

    def step(self, row: Int32) -> list[Int32]:
        """All values at the next position, whose input is `row` [width]; each [1, groups, width].

        Raises InputError behind the greatest length.
        """
        longest = self._program.input.max_length
        if self.position >= longest:
            raise InputError(f"the model takes {longest} positions")
        values = [row.reshape(1, 1, -1)]
        self._keep(0, values[0])
        for number, operator in enumerate(self._program.operators, start=1):
            values.append(self._run(operator, values))
            self._keep(number, values[number])
        self.position += 1
        return values

    def _keep(self, value: int, rows: Int32) -> None:
        if value in self._kept:
            self._histories[value].append(rows)

    def _run(self, operator: Operator, values: list[Int32]) -> Int32:
        operands: list[Any] = [values[operand] for operand in operator.inputs]
        for index in HISTORIES.get(operator.op, ()):
            operands[index] = np.concatenate(self._histories[operator.inputs[index]])
        constants: list[Any] = [self._tensors[constant] for constant in operator.constants]
        named = dict(operator.attributes)
        if operator.op in POSITIONED:
            named["position"] = self.position
        if operator.op == "embed_positions":
            row: Int32 = constants[0][self.position][None, None, :].copy()
            return row
        return OPERATORS[operator.op](*operands, *constants, **named)


def trace_causal(
    program: Program, tensors: Mapping[Constant, Tensor], rows: Int32
) -> Iterator[tuple[int, Int32]]:
    """All values of a causal program on rows [positions, width], with their numbers.

    A value is int32 [positions, groups, width]; of one as wide as the sequence, row t holds t + 1
    elements, and zeros behind them.
    """
    reading = Reading(program, tensors)
    steps = [reading.step(row) for row in rows]
    for value, shape in enumerate(validate(program)):
        width = len(rows) if shape.width == SEQUENCE else shape.width
        found = np.zeros((len(rows), shape.groups, width), np.int32)
        for position, values in enumerate(steps):
            own = values[value][0]
            found[position, :, : own.shape[-1]] = own
        yield value, found


class CausalReference:
    """Runs a causal model with the NumPy reference. See `interface.CausalEngine`."""

    def __init__(self, model: Runnable) -> None:
        self._program, self._tensors = model.program, model.tensors

    def run(self, batch: Sequence[Int32], wanted: Sequence[int] | None = None) -> list[Int32]:
        """See CausalEngine.run."""
        outputs = []
        for index, rows in enumerate(check_batch(self._program, batch)):
            reading = Reading(self._program, self._tensors)
            steps = [reading.step(row)[self._program.output][0, 0] for row in rows]
            first = 0 if wanted is None else len(rows) - wanted[index]
            outputs.append(np.stack(steps)[first:])
        return outputs

    def reader(self) -> Reader:
        """See CausalEngine.reader."""
        return _Reader(self._program, self._tensors)

    def replay(self, rows: Int32) -> Iterator[tuple[int, Int32]]:
        """See CausalEngine.replay."""
        checked = check_batch(self._program, [rows])[0]
        yield from trace_causal(self._program, self._tensors, checked)

    def generate(self, prompts: Sequence[Prompt], seen: Seen = unseen) -> list[Int32]:
        """See CausalEngine.generate."""
        check_prompts(self._program, prompts)
        return [self._write(index, prompt, seen) for index, prompt in enumerate(prompts)]

    def _write(self, index: int, prompt: Prompt, seen: Seen) -> Int32:
        reading = Reading(self._program, self._tensors)
        written = np.full(prompt.sampling.max_new, NO_TOKEN, np.int32)
        for row in prompt.rows()[:-1]:
            reading.step(row)
        for count in range(len(written)):
            row = prompt.rows(written[:count])[-1]
            written[count] = reading.step(row)[self._program.output][0, 0, 0]
            if written[count] == NO_TOKEN:
                break
            seen(index, int(written[count]))
        return written


class _Reader:
    """See `interface.Reader`."""

    def __init__(self, program: Program, tensors: Mapping[Constant, Tensor]) -> None:
        self._program, self._reading = program, Reading(program, tensors)

    @property
    def length(self) -> int:
        return self._reading.position

    def read(self, rows: Int32) -> Int32:
        checked = check_piece(self._program, self.length, rows)
        steps = [self._reading.step(row)[self._program.output][0, 0] for row in checked]
        return np.stack(steps)
