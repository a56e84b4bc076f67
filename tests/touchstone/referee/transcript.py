"""Transcripts of one sequence from arrays that are simply given, among sequences that are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from touchstone.engines.reference import run_operator
from touchstone.programs import InputKind, InputSpec, Program, Rows, Shape, program_root
from touchstone.programs.builder import ProgramBuilder
from touchstone.programs.program import Constant
from touchstone.transcripts.evidence import EvidenceBuilder
from touchstone.transcripts.question import Question
from touchstone.transcripts.trees import ChunkTree, NodeTree

Int32 = NDArray[np.int32]


class ArraySource:
    """The transcript of `values`, as sequence `sequence` of `sequences`."""

    def __init__(self, values: Sequence[Int32], sequence: int = 0, sequences: int = 1) -> None:
        self.trees = [ChunkTree(value.astype("<i4").tobytes()) for value in values]
        self.values = NodeTree([tree.top for tree in self.trees])
        tops = [Random(f"{sequence} {i}").randbytes(32) for i in range(sequences)]
        tops[sequence] = self.values.top
        self.body = NodeTree(tops)

    def chunk(self, value: int, index: int) -> bytes:
        return self.trees[value].chunk(index)

    def chunk_node(self, value: int, height: int, index: int) -> bytes:
        return self.trees[value].node(height, index)

    def value_node(self, height: int, index: int) -> bytes:
        return self.values.node(height, index)

    def sequence_node(self, height: int, index: int) -> bytes:
        return self.body.node(height, index)


@dataclass(slots=True)
class Case:
    """A program, and all its values for one sequence."""

    program: Program
    tensors: Mapping[Constant, Any]
    values: Sequence[Int32]
    length: int
    sequence: int = 0
    sequences: int = 1
    source: ArraySource = field(init=False)
    builder: EvidenceBuilder = field(init=False)
    root: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.source = ArraySource(self.values, self.sequence, self.sequences)
        self.builder = EvidenceBuilder(self.program, self.tensors)
        self.root = program_root(self.program)

    def question(self, value: int, element: int) -> Question:
        return Question(
            program=self.root,
            operators=len(self.program.operators),
            body=self.source.body.top,
            sequences=self.sequences,
            sequence=self.sequence,
            length=self.length,
            position=0,
            causal=False,
            value=value,
            element=element,
        )

    def answer(self, question: Question) -> int:
        """The element as the arrays have it."""
        return int(self.values[question.value].reshape(-1)[question.element])


class Sketch:
    """A program whose early values are given arrays of any shape: their records are plausible."""

    def __init__(self, length: int, first: Int32 | None = None, tokens: bool = False) -> None:
        self.length = length
        first = np.zeros((length, 1, 1), np.int32) if first is None else first
        kind = InputKind.TOKENS if tokens else InputKind.ROWS
        self.builder = ProgramBuilder(InputSpec(kind, first.shape[2], max(length, 1)))
        self.values = [first]
        table = np.zeros((length, 1), np.int32)
        self.ones = self.run("embed_positions", (), (table,))

    def given(self, array: Int32, shape: Shape) -> int:
        """A value of this shape that holds `array`."""
        if shape.rows is Rows.ONE:
            whole = np.zeros((self.length, *array.shape[1:]), np.int32)
            x = self.given(whole, Shape(Rows.SEQUENCE, shape.groups, shape.width))
            value = self.run("column_max", (x,))
        elif shape.width == 0:
            x = self.given(np.zeros((self.length, shape.groups, 1), np.int32), _narrow(shape))
            attributes = {"row_bits": 4, "factor": 0, "factor_bits": 16}
            value = self.run("scores", (x, x, x, x), (), **attributes)
        else:
            wide = shape.groups * shape.width
            tensors = (np.zeros((wide, 1), np.int8), *(np.zeros(wide, np.int32),) * 2)
            attributes = {"row_bits": 4, "scale_bits": 18, "groups": shape.groups}
            value = self.run("matmul", (self.ones, self.ones), tensors, **attributes)
        assert self.values[value].shape == array.shape
        self.values[value] = array
        return value

    def run(
        self, op: str, inputs: tuple[int, ...], tensors: tuple[Any, ...] = (), **attributes: int
    ) -> int:
        """A value that an operator writes, as the reference computes it."""
        value = self.builder.add(op, op, inputs, tensors, **attributes)
        operator = self.builder.program(1).operators[-1]
        self.values.append(run_operator(operator, self.builder.tensors, self.values, self.length))
        return value

    def case(self, sequence: int = 0, sequences: int = 1) -> Case:
        program = self.builder.program(self.ones)
        return Case(program, self.builder.tensors, self.values, self.length, sequence, sequences)


def _narrow(shape: Shape) -> Shape:
    return Shape(shape.rows, shape.groups, 1)
