"""Transcripts of one sequence from arrays that are simply given, among sequences that are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from touchstone.engines.reference import HISTORIES, OPERATORS, POSITIONED, run_operator
from touchstone.programs import (
    SEQUENCE,
    InputKind,
    InputSpec,
    Operator,
    Program,
    Rows,
    Shape,
    program_root,
)
from touchstone.programs.builder import ProgramBuilder
from touchstone.programs.program import Constant
from touchstone.protocol.merkle import ZERO
from touchstone.transcripts.evidence import EvidenceBuilder
from touchstone.transcripts.layout import Layout
from touchstone.transcripts.question import Question
from touchstone.transcripts.transcript import bytes_of
from touchstone.transcripts.trees import ChunkTree, NodeTree

Int32 = NDArray[np.int32]


class ArraySource:
    """The transcript whose leaves hold these bytes, as sequence `sequence` of `sequences`; a leaf
    without bytes is absent."""

    def __init__(self, leaves: Sequence[bytes], sequence: int = 0, sequences: int = 1) -> None:
        self.trees = [ChunkTree(data) if data else None for data in leaves]
        self.values = NodeTree([tree.top if tree else ZERO for tree in self.trees])
        tops = [Random(f"{sequence} {i}").randbytes(32) for i in range(sequences)]
        tops[sequence] = self.values.top
        self.body = NodeTree(tops)

    def tree(self, leaf: int) -> ChunkTree:
        found = self.trees[leaf]
        assert found is not None
        return found

    def chunk(self, leaf: int, index: int) -> bytes:
        return self.tree(leaf).chunk(index)

    def chunk_node(self, leaf: int, height: int, index: int) -> bytes:
        return self.tree(leaf).node(height, index)

    def value_node(self, height: int, index: int) -> bytes:
        return self.values.node(height, index)

    def sequence_node(self, height: int, index: int) -> bytes:
        return self.body.node(height, index)


@dataclass(slots=True)
class Case:
    """A program, and all its values for one sequence: [positions, groups, width] each."""

    program: Program
    tensors: Mapping[Constant, Any]
    values: Sequence[Int32]
    length: int
    sequence: int = 0
    sequences: int = 1
    source: ArraySource = field(init=False)
    builder: EvidenceBuilder = field(init=False)
    root: bytes = field(init=False)
    layout: Layout = field(init=False)

    def __post_init__(self) -> None:
        self.layout = Layout.of(self.program, [self.length])
        places = map(self.layout.split, range(self.layout.leaves(0)))
        leaves = [bytes_of(self.at(v, t)) if v < len(self.values) else b"" for t, v in places]
        self.source = ArraySource(leaves, self.sequence, self.sequences)
        self.builder = EvidenceBuilder(self.program, self.tensors)
        self.root = program_root(self.program)

    def at(self, value: int, position: int = 0) -> Int32:
        """What a value's leaf holds; of a causal program at a position."""
        found = self.values[value]
        if not self.layout.causal:
            return found
        return found[position, :, : self.layout.extents(0, value, position)[2]]

    def question(self, value: int, element: int, position: int = 0) -> Question:
        return Question(
            program=self.root,
            operators=len(self.program.operators),
            body=self.source.body.top,
            sequences=self.sequences,
            sequence=self.sequence,
            length=self.length,
            position=position,
            causal=self.layout.causal,
            value=value,
            element=element,
        )

    def answer(self, question: Question) -> int:
        """The element as the arrays have it."""
        return int(self.at(question.value, question.position).reshape(-1)[question.element])


class Sketch:
    """A program whose early values are given arrays of any shape: their records are plausible.

    Of a causal program the width of a value as wide as the sequence is `length`, of which position
    t has the first t + 1.
    """

    def __init__(
        self,
        length: int,
        first: Int32 | None = None,
        tokens: bool = False,
        causal: bool = False,
    ) -> None:
        self.length, self.causal = length, causal
        first = np.zeros((length, 1, 1), np.int32) if first is None else first
        kind = InputKind.TOKENS if tokens else InputKind.ROWS
        self.builder = ProgramBuilder(InputSpec(kind, first.shape[2], max(length, 1), causal))
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
            if self.causal:
                attributes["key_bits"] = 4
            op = "causal_scores" if self.causal else "scores"
            value = self.run(op, (x, x, x, x), (), **attributes)
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
        if self.causal:
            self.values.append(self._at_each_position(operator))
        else:
            found = run_operator(operator, self.builder.tensors, self.values, self.length)
            self.values.append(found)
        return value

    def _at_each_position(self, operator: Operator) -> Int32:
        rows = [self._at(operator, position) for position in range(self.length)]
        found = np.zeros((self.length, *rows[-1].shape[1:]), np.int32)
        for row, into in zip(rows, found, strict=True):
            into[:, : row.shape[2]] = row[0]
        return found

    def _at(self, operator: Operator, position: int) -> Int32:
        constants = [self.builder.tensors[constant] for constant in operator.constants]
        if operator.op == "embed_positions":
            row: Int32 = constants[0][position][None, None, :]
            return row
        operands = []
        for index, value in enumerate(operator.inputs):
            first = 0 if index in HISTORIES.get(operator.op, ()) else position
            wide = self.builder.shapes[value].width == SEQUENCE
            width = position + 1 if wide else None
            operands.append(self.values[value][first : position + 1, :, :width])
        place = {"position": position} if operator.op in POSITIONED else {}
        return OPERATORS[operator.op](*operands, *constants, **operator.attributes, **place)

    def case(self, sequence: int = 0, sequences: int = 1) -> Case:
        program = self.builder.program(self.ones)
        return Case(program, self.builder.tensors, self.values, self.length, sequence, sequences)


def _narrow(shape: Shape) -> Shape:
    return Shape(shape.rows, shape.groups, 1)
