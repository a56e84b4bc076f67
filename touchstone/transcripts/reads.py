"""What a referee reads to recompute one element: the mirror of `contracts/referee/provers`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from touchstone.programs.encoding import operator_chunks, shape_chunk
from touchstone.programs.rules import TABLE_ENTRIES
from touchstone.transcripts.step import ROW_REDUCTIONS, Step

ElementAt = Callable[[int, int], int]
"""The element of a value at (value, row-major index)."""

_SHAPED_BY_CONSTANTS = frozenset({"embed_tokens", "matmul"})
"""Operators of which a referee reads how large a constant is, also where it reads none of it."""

_TABLE_BITS = 8
_TABLE_END = (TABLE_ENTRIES - 1) << _TABLE_BITS


@dataclass(slots=True)
class Reads:
    """Runs of elements, by value and by number of the constant."""

    values: dict[int, list[range]] = field(default_factory=dict)
    constants: dict[int, list[range]] = field(default_factory=dict)

    def value(self, value: int, first: int, count: int = 1) -> None:
        """Adds `count` elements of a value from `first` on."""
        self.values.setdefault(value, []).append(range(first, first + count))

    def constant(self, index: int, first: int, count: int = 1) -> None:
        """Adds `count` elements of constant `index` of the operator from `first` on."""
        self.constants.setdefault(index, []).append(range(first, first + count))


def record_chunks(step: Step, values: Iterable[int], constants: Collection[int]) -> tuple[int, ...]:
    """The chunks of records that a referee needs where these values and constants are opened.

    Those of the operator; and that with the shape of its first operand, where only it says how wide
    a row is: a row that is opened, or whose mean is taken. Rows and their statistics alternate as
    operands.
    """
    op, inputs = step.operator.op, step.operator.inputs
    own = operator_chunks(step.value, bool(constants) or op in _SHAPED_BY_CONSTANTS)
    divides = op in {"row_mean", "mean_square"}
    if op in ROW_REDUCTIONS and (divides or not set(inputs[::2]).isdisjoint(values)):
        return (shape_chunk(inputs[0]), *own)
    return tuple(own)


def read_terms(step: Step, start: int, stop: int, element_at: ElementAt, reads: Reads) -> None:
    """Adds what the terms [start, stop) of the reduction read; where there is none, [0, 1).

    Which entry of a table is read depends on elements of operands, which `element_at` gives.
    """
    match step.operator.op:
        case "embed_tokens" | "embed_positions" | "matmul":
            _read_linear(step, start, stop, element_at, reads)
        case "scores" | "probabilities" | "mix":
            _read_attention(step, start, stop, reads)
        case "mean_square" | "inverse_root" | "scale_row":
            _read_norm(step, start, stop, reads)
        case "add" | "centre" | "lookup" | "exp" | "join":
            _read_pointwise(step, element_at, reads)
        case _:
            _read_row(step, start, stop, reads)


def read_finish(step: Step, reads: Reads) -> None:
    """Adds what turns a whole reduction into the element."""
    inputs = step.operator.inputs
    match step.operator.op:
        case "matmul":
            position, channel = _matmul_place(step)
            reads.value(inputs[1], position)
            reads.constant(1, channel)
            reads.constant(2, channel)
        case "scores":
            reads.value(inputs[1], step.row)
            reads.value(inputs[3], _key(step))
        case "mix":
            reads.value(inputs[2], step.row % step.groups)
        case _:
            pass


def _read_row(step: Step, start: int, stop: int, reads: Reads) -> None:
    x = step.operator.inputs[0]
    if step.operator.op in ROW_REDUCTIONS:
        reads.value(x, step.row * step.input_width + start, stop - start)
        return
    for position in range(start, stop):
        reads.value(x, position * step.groups * step.width + step.element)


def _read_pointwise(step: Step, element_at: ElementAt, reads: Reads) -> None:
    op, inputs = step.operator.op, step.operator.inputs
    reads.value(inputs[0], step.element)
    if op == "add":
        reads.value(inputs[1], step.element)
    elif op in {"centre", "exp"}:
        reads.value(inputs[1], step.row)
    if op == "lookup":
        attributes = step.operator.attributes
        offset = element_at(inputs[0], step.element) - attributes["low"]
        if 0 <= offset < _TABLE_END:
            reads.constant(0, offset >> _TABLE_BITS, 2)
        elif offset < 0 or not attributes["identity_above"]:
            reads.constant(0, 0 if offset < 0 else TABLE_ENTRIES - 1)
    elif op == "exp":
        distance = element_at(inputs[1], step.row) - element_at(inputs[0], step.element)
        if distance < _TABLE_END:
            reads.constant(0, max(distance, 0) >> _TABLE_BITS, 2)


def _read_linear(step: Step, start: int, stop: int, element_at: ElementAt, reads: Reads) -> None:
    operator = step.operator
    columns = operator.constants[0].shape[1]
    if operator.op == "embed_positions":
        reads.constant(0, step.element)
    elif operator.op == "embed_tokens":
        reads.value(operator.inputs[0], step.row)
        token = element_at(operator.inputs[0], step.row)
        if 0 <= token < operator.constants[0].shape[0]:
            reads.constant(0, token * columns + step.element % columns)
            reads.constant(1, token)
    else:
        position, channel = _matmul_place(step)
        reads.value(operator.inputs[0], position * columns + start, stop - start)
        reads.value(operator.inputs[1], position)
        reads.constant(0, channel * columns + start, stop - start)


def _read_attention(step: Step, start: int, stop: int, reads: Reads) -> None:
    inputs, count = step.operator.inputs, stop - start
    match step.operator.op:
        case "scores":
            key = _key(step)
            reads.value(inputs[0], step.row * step.input_width + start, count)
            reads.value(inputs[1], step.row)
            reads.value(inputs[2], key * step.input_width + start, count)
            reads.value(inputs[3], key)
        case "probabilities":
            reads.value(inputs[0], step.element)
            reads.value(inputs[1], step.row)
        case _:
            stride = step.groups * step.width
            reads.value(inputs[0], step.row * step.length + start, count)
            for position in range(start, stop):
                reads.value(inputs[1], position * stride + step.element % stride)
            reads.value(inputs[2], step.row % step.groups)


def _read_norm(step: Step, start: int, stop: int, reads: Reads) -> None:
    inputs = step.operator.inputs
    reads.value(inputs[1], step.row)
    match step.operator.op:
        case "mean_square":
            reads.value(inputs[0], step.row * step.input_width + start, stop - start)
        case "inverse_root":
            reads.value(inputs[0], step.element)
        case _:
            reads.value(inputs[0], step.element)
            reads.value(inputs[2], step.row)
            reads.constant(0, step.element % step.width)
            reads.constant(1, step.element % step.width)


def _matmul_place(step: Step) -> tuple[int, int]:
    """The position and the output channel of the element."""
    return divmod(step.element, step.groups * step.width)


def _key(step: Step) -> int:
    """The row of the key that a score belongs to."""
    return step.element % step.width * step.groups + step.row % step.groups
