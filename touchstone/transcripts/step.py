"""One element of one operator's output: where it stands, and how long its reduction is.

Twin of `contracts/referee/Records.sol` and `Shapes.sol`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from touchstone.programs.program import Operator, Program, Shape
from touchstone.transcripts.layout import extents_of, value_bits
from touchstone.transcripts.question import Question

ROW_REDUCTIONS = frozenset(
    {"peak", "row_max", "row_sum", "row_mean", "mean_square", "scores", "causal_scores", "argmax"}
)
"""Operators that reduce a row of their first operand."""

COLUMN_REDUCTIONS = frozenset({"column_max", "column_mean", "mix", "causal_mix"})
"""Operators that reduce over the positions of the sequence, or over those up to their own."""

LOOKING_BACK = frozenset({"causal_scores", "causal_mix"})
"""Operators that read rows of earlier positions, of their third and fourth operand."""

_HISTORY = 2
_ROW_TERMS, _PRODUCT_TERMS, _PAIR_TERMS, _COLUMN_TERMS = 2048, 1024, 512, 8
_MOST_OF_ROW = {
    "mean_square": _PRODUCT_TERMS,
    "scores": _PAIR_TERMS,
    "causal_scores": _PAIR_TERMS,
}


@dataclass(frozen=True, slots=True)
class Step:
    """What is asked, and the shape it stands in.

    Attributes:
        value: which value, from 1.
        operator: what writes it.
        element: row-major index in the value, or in its row at the position.
        row: index of the element's row, the last axis being a row.
        groups: groups of the value.
        width: elements of a row.
        input_width: elements of a row of the first operand; 0 without operands.
        history_groups: groups of the operands whose earlier positions are read; 0 without such.
        length: positions that it may look at: all, or in a causal program those up to its own.
        causal: whether the program is causal.
        position: the position in a causal program, else 0.
        value_bits: levels of the tree over all values.
    """

    value: int
    operator: Operator
    element: int
    row: int
    groups: int
    width: int
    input_width: int
    history_groups: int
    length: int
    causal: bool
    position: int
    value_bits: int

    def reduction(self) -> tuple[int, int]:
        """Terms of the reduction, one where there is none, and how many are judged at once."""
        op = self.operator.op
        if op == "matmul":
            return self.operator.constants[0].shape[1], _PRODUCT_TERMS
        if op in COLUMN_REDUCTIONS:
            return self.length, _COLUMN_TERMS
        if op not in ROW_REDUCTIONS:
            return 1, 1
        return self.input_width, _MOST_OF_ROW.get(op, _ROW_TERMS)

    @property
    def leaf(self) -> int:
        """The leaf of the value itself in the tree over the sequence."""
        return self.leaf_of(self.value)

    def operand(self, index: int) -> int:
        """The leaf of an operand, at the step's own position."""
        return self.leaf_of(self.operator.inputs[index])

    def operand_at(self, index: int, position: int) -> int:
        """The leaf of an operand of a causal program at a position up to the step's own."""
        return position << self.value_bits | self.operator.inputs[index]

    def leaf_of(self, value: int) -> int:
        """The leaf of a value at the step's own position."""
        return self.position << self.value_bits | value

    def value_of(self, leaf: int) -> int:
        """The value that a leaf belongs to."""
        return leaf & ((1 << self.value_bits) - 1)

    def elements_of(self, leaf: int, shape: Shape) -> int:
        """Elements of what a leaf holds, which is of a value of this shape."""
        rows, groups, width = extents_of(shape, self.length, leaf >> self.value_bits, self.causal)
        return rows * groups * width

    @property
    def key_position(self) -> int:
        """The position of the key that a score belongs to."""
        return self.element % self.width

    @property
    def history_group(self) -> int:
        """The group, of the operands whose earlier positions are read, that the element reads."""
        return self.row // (self.groups // self.history_groups)


def step_of(program: Program, shapes: Sequence[Shape], question: Question) -> Step:
    """The step that a question is about; `shapes` are those of all values.

    Raises ValueError for a position, a value or an element that there is not.
    """
    value, position = question.value, question.position
    if not 1 <= value <= len(program.operators):
        raise ValueError(f"value {value} of a program of {len(program.operators)} operators")
    if not 0 <= position < (question.length if question.causal else 1):
        raise ValueError(f"position {position} of {question.length}")
    rows, groups, width = _extents(shapes[value], question)
    if not 0 <= question.element < rows * groups * width:
        size = rows * groups * width
        raise ValueError(f"element {question.element} of {size} of value {value}")
    operator = program.operators[value - 1]
    inputs, looks_back = operator.inputs, operator.op in LOOKING_BACK
    return Step(
        value=value,
        operator=operator,
        element=question.element,
        row=question.element // width,
        groups=groups,
        width=width,
        input_width=_extents(shapes[inputs[0]], question)[2] if inputs else 0,
        history_groups=shapes[inputs[_HISTORY]].groups if looks_back else 0,
        length=position + 1 if question.causal else question.length,
        causal=question.causal,
        position=position,
        value_bits=value_bits(len(program.operators)),
    )


def _extents(shape: Shape, question: Question) -> tuple[int, int, int]:
    return extents_of(shape, question.length, question.position, question.causal)
