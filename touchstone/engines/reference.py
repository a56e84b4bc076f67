"""The reference engine: one sequence at a time, one operator at a time, in plain NumPy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from touchstone.arithmetic import attention, causal, linear, norms, pointwise, rows, sampling
from touchstone.engines.interface import Int32, Runnable, check_batch, present
from touchstone.programs.program import Constant, Operator, Program
from touchstone.programs.validate import validate
from touchstone.programs.weights import Tensor

OPERATORS: Mapping[str, Callable[..., Int32]] = {
    "embed_tokens": lambda tokens, *rest, **named: linear.embed_tokens(
        tokens[:, 0, 0], *rest, **named
    ),
    "embed_positions": linear.embed_positions,
    "add": pointwise.add,
    "peak": rows.peak,
    "row_max": rows.row_max,
    "row_sum": rows.row_sum,
    "row_mean": rows.row_mean,
    "column_max": rows.column_max,
    "column_mean": rows.column_mean,
    "centre": pointwise.centre,
    "lookup": pointwise.lookup,
    "matmul": linear.matmul,
    "scores": attention.scores,
    "exp": attention.exp,
    "probabilities": attention.probabilities,
    "mix": attention.mix,
    "mean_square": norms.mean_square,
    "inverse_root": norms.inverse_root,
    "scale_row": norms.scale_row,
    "join": lambda x: x.reshape(len(x), 1, -1),
    "rotate": causal.rotate,
    "multiply": pointwise.multiply,
    "causal_scores": causal.causal_scores,
    "causal_mix": causal.causal_mix,
    "slice": lambda x, start, width: x[:, :, start : start + width].copy(),
    "concat": lambda a, b: np.concatenate((a, b), axis=-1),
    "temper": sampling.temper,
    "perturb": sampling.perturb,
    "argmax": sampling.argmax,
    "emit": sampling.emit,
}
"""Operands first, then constants, then attributes by name; embed_positions takes the length, and
those of POSITIONED the position."""

POSITIONED = frozenset({"rotate", "perturb"})
"""Operators that look at the number of their position."""

HISTORIES = {"causal_scores": (2, 3), "causal_mix": (2, 3)}
"""Operands of which an operator reads the rows of all positions up to its own."""


class ReferenceEngine:
    """Runs a model with the NumPy reference."""

    def __init__(self, model: Runnable) -> None:
        self._program = model.program
        self._tensors = model.tensors
        self._shapes = validate(model.program)

    def run(self, batch: Sequence[Int32]) -> list[Int32]:
        """See Engine.run. Raises InputError for a sequence that does not fit."""
        shape = self._shapes[self._program.output]
        return [
            present(shape, run_program(self._program, self._tensors, sequence)[-1])
            for sequence in check_batch(self._program, batch)
        ]

    def trace(self, sequence: Int32) -> list[Int32]:
        """All values of the program for one sequence, the input first, int32 each."""
        checked = check_batch(self._program, [sequence])[0]
        return run_program(self._program, self._tensors, checked)[:-1]

    def replay(self, sequence: Int32) -> Iterator[tuple[int, Int32]]:
        """The same one by one, with its number; see TorchEngine.replay."""
        yield from enumerate(self.trace(sequence))


def run_program(
    program: Program, tensors: Mapping[Constant, Tensor], sequence: Int32
) -> list[Int32]:
    """All values for a sequence [rows, 1, width], in order, and the output once more at the end."""
    values = [sequence]
    for operator in program.operators:
        values.append(run_operator(operator, tensors, values, len(sequence)))
    return [*values, values[program.output]]


def run_operator(
    operator: Operator,
    tensors: Mapping[Constant, Tensor],
    values: Sequence[Int32],
    length: int,
) -> Int32:
    """The output of one operator, from all values before it."""
    operands: list[Any] = [values[operand] for operand in operator.inputs]
    if operator.op == "embed_positions":
        operands = [length]
    constants = [tensors[constant] for constant in operator.constants]
    return OPERATORS[operator.op](*operands, *constants, **operator.attributes)
