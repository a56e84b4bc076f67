"""What every engine is: sequences in, output rows out, the same bytes from each engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from touchstone.errors import InputError
from touchstone.programs.program import Constant, InputKind, Program, Rows, Shape
from touchstone.programs.weights import Tensor
from touchstone.protocol.generation import Prompt, Seen, unseen

Int32 = NDArray[np.int32]


class Runnable(Protocol):
    """What an engine needs of a model."""

    @property
    def program(self) -> Program:
        """Its program, valid."""
        ...

    @property
    def tensors(self) -> Mapping[Constant, Tensor]:
        """All of its constants, in range."""
        ...


class Engine(Protocol):
    """Runs the program of one model."""

    def run(self, batch: Sequence[Int32]) -> list[Int32]:
        """One output per sequence, each independent of the others.

        A sequence is int32 [tokens], or int32 [rows, width] for a program over rows. An output is
        int32 [width] where the program ends in one row, else int32 [rows, width].
        """
        ...


class Reader(Protocol):
    """One sequence that a causal model reads piece by piece."""

    @property
    def length(self) -> int:
        """Positions that were read."""
        ...

    def read(self, rows: Int32) -> Int32:
        """Reads on: the outputs int32 [n, width] of the next rows int32 [n, width].

        Raises InputError for rows that do not fit, or pass the greatest length; then nothing is
        read.
        """
        ...


class CausalEngine(Protocol):
    """Runs the causal program of one model. All ways to run it give the same bytes."""

    def run(self, batch: Sequence[Int32], wanted: Sequence[int] | None = None) -> list[Int32]:
        """The output of each sequence of rows: int32 [positions, width] for the same of the input,
        or of its last `wanted` positions only, which takes less.

        Raises InputError for a sequence that does not fit.
        """
        ...

    def reader(self) -> Reader:
        """A new sequence, to be read piece by piece."""
        ...

    def replay(self, rows: Int32) -> Iterator[tuple[int, Int32]]:
        """All values for rows int32 [positions, width], once each and in order.

        A value is int32 [positions, groups, width]; of one as wide as the sequence, row t holds
        t + 1 elements, and anything behind them. Raises InputError for rows that do not fit.
        """
        ...

    def generate(self, prompts: Sequence[Prompt], seen: Seen = unseen) -> list[Int32]:
        """What a model that reads prompts writes: int32 [max_new] each, NO_TOKEN after a stop.

        Raises InputError as `check_prompts` does.
        """
        ...


def check_prompts(program: Program, prompts: Sequence[Prompt]) -> None:
    """Raises InputError for a program that reads no prompts, and for a prompt that is too long."""
    if program.input.kind is not InputKind.PROMPT:
        raise InputError("this model reads no prompts")
    longest = program.input.max_length
    for index, prompt in enumerate(prompts):
        if not 1 <= prompt.positions <= longest or not len(prompt.tokens):
            raise InputError(
                f"prompt {index}: {len(prompt.tokens)} tokens and {prompt.sampling.max_new} to "
                f"write need {prompt.positions} positions, the model takes 1 to {longest}"
            )


def check_piece(program: Program, length: int, rows: Int32) -> Int32:
    """The rows int32 [n, width] that follow `length` others. Raises InputError where they do not
    fit."""
    (checked,) = check_batch(program, [rows])
    if length + len(rows) > program.input.max_length:
        raise InputError(
            f"the model takes {program.input.max_length} positions, not {length + len(rows)}"
        )
    return checked[:, 0]


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
