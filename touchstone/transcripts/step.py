"""One element of one operator's output: where it stands, and how long its reduction is.

Twin of `contracts/referee/Records.sol` and `Shapes.sol`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from touchstone.programs.program import SEQUENCE, Operator, Program, Rows, Shape
from touchstone.transcripts.question import Question

ROW_REDUCTIONS = frozenset({"peak", "row_max", "row_sum", "row_mean", "mean_square", "scores"})
"""Operators that reduce a row of their first operand."""

COLUMN_REDUCTIONS = frozenset({"column_max", "column_mean", "mix"})
"""Operators that reduce over the positions of the sequence."""

_ROW_TERMS, _PRODUCT_TERMS, _PAIR_TERMS, _COLUMN_TERMS = 2048, 1024, 512, 8


@dataclass(frozen=True, slots=True)
class Step:
    """What is asked, and the shape it stands in.

    Attributes:
        value: which value, from 1.
        operator: what writes it.
        element: row-major index in the value.
        row: index of the element's row, the last axis being a row.
        groups: groups of the value.
        width: elements of a row.
        input_width: elements of a row of the first operand; 0 without operands.
        length: positions of the sequence.
    """

    value: int
    operator: Operator
    element: int
    row: int
    groups: int
    width: int
    input_width: int
    length: int

    def reduction(self) -> tuple[int, int]:
        """Terms of the reduction, one where there is none, and how many are judged at once."""
        op = self.operator.op
        if op == "matmul":
            return self.operator.constants[0].shape[1], _PRODUCT_TERMS
        if op in COLUMN_REDUCTIONS:
            return self.length, _COLUMN_TERMS
        if op not in ROW_REDUCTIONS:
            return 1, 1
        most = {"mean_square": _PRODUCT_TERMS, "scores": _PAIR_TERMS}.get(op, _ROW_TERMS)
        return self.input_width, most


def step_of(program: Program, shapes: Sequence[Shape], question: Question) -> Step:
    """The step that a question is about; `shapes` are those of all values.

    Raises ValueError for a value or an element that there is not.
    """
    value, length = question.value, question.length
    if not 1 <= value <= len(program.operators):
        raise ValueError(f"value {value} of a program of {len(program.operators)} operators")
    size = elements_of(shapes[value], length)
    if not 0 <= question.element < size:
        raise ValueError(f"element {question.element} of {size} of value {value}")
    operator = program.operators[value - 1]
    width = _width(shapes[value], length)
    return Step(
        value=value,
        operator=operator,
        element=question.element,
        row=question.element // width,
        groups=shapes[value].groups,
        width=width,
        input_width=_width(shapes[operator.inputs[0]], length) if operator.inputs else 0,
        length=length,
    )


def elements_of(shape: Shape, length: int) -> int:
    """Elements of a value of a sequence of `length` positions."""
    rows = length if shape.rows is Rows.SEQUENCE else 1
    return rows * shape.groups * _width(shape, length)


def _width(shape: Shape, length: int) -> int:
    return length if shape.width == SEQUENCE else shape.width
