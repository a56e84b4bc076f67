"""What a referee reads to recompute one element: the mirror of `contracts/referee/provers`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from touchstone.arithmetic.sampling import (
    CUT_OFF,
    INVERSE_TEMPERATURE,
    SEED_HIGH,
    SEED_LOW,
    TOKEN,
    WRITTEN,
    noise_offset,
    random_words,
    seed_of,
)
from touchstone.programs.encoding import operator_chunks, shape_chunk
from touchstone.programs.program import ORDER_WIDTH
from touchstone.programs.rules import TABLE_ENTRIES
from touchstone.transcripts.step import ROW_REDUCTIONS, Step

ElementAt = Callable[[int, int], int]
"""The element of a leaf's value at (leaf, row-major index)."""

_SHAPED_BY_CONSTANTS = frozenset({"embed_tokens", "matmul"})
"""Operators of which a referee reads how large a constant is, also where it reads none of it."""

_TABLE_BITS = 8
_TABLE_END = (TABLE_ENTRIES - 1) << _TABLE_BITS


@dataclass(slots=True)
class Reads:
    """Runs of elements, by leaf of the value and by number of the constant."""

    values: dict[int, list[range]] = field(default_factory=dict)
    constants: dict[int, list[range]] = field(default_factory=dict)

    def value(self, leaf: int, first: int, count: int = 1) -> None:
        """Adds `count` elements of a leaf's value from `first` on."""
        self.values.setdefault(leaf, []).append(range(first, first + count))

    def constant(self, index: int, first: int, count: int = 1) -> None:
        """Adds `count` elements of constant `index` of the operator from `first` on."""
        self.constants.setdefault(index, []).append(range(first, first + count))


def record_chunks(step: Step, leaves: Iterable[int], constants: Collection[int]) -> tuple[int, ...]:
    """The chunks of records that a referee needs where these leaves and constants are opened.

    Those of the operator; and that with the shape of an operand where only it says how wide a row
    is, or how many groups there are: a row that is opened, or whose mean is taken.
    """
    op, inputs = step.operator.op, step.operator.inputs
    own = operator_chunks(step.value, bool(constants) or op in _SHAPED_BY_CONSTANTS)
    shaping, shaped = _shaping(step)
    opened = {step.value_of(leaf) for leaf in leaves}
    divides = op in {"row_mean", "mean_square"}
    if divides or not opened.isdisjoint(inputs[index] for index in shaped):
        return tuple(sorted({shape_chunk(inputs[shaping]), *own}))
    return tuple(own)


def _shaping(step: Step) -> tuple[int, tuple[int, ...]]:
    """The operand whose record is read, and the operands of which it gives the sizes."""
    match step.operator.op:
        case "causal_scores":
            return 2, (0, 2, 3)
        case "causal_mix":
            return 2, (2, 3)
        case "concat":
            return 0, (0, 1)
        case "slice" | "argmax":
            return 0, (0,)
        case "embed_tokens" if step.causal:
            return 0, (0,)
        case op if op in ROW_REDUCTIONS:
            # Rows and their statistics alternate as operands.
            return 0, tuple(range(0, len(step.operator.inputs), 2))
        case _:
            return 0, ()


def operand_leaves(step: Step, start: int, stop: int) -> set[int]:
    """All leaves that the terms [start, stop) of the reduction, and its finish, may read."""
    leaves = {step.operand(index) for index in range(len(step.operator.inputs))}
    match step.operator.op:
        case "causal_scores":
            return leaves | {step.operand_at(index, step.key_position) for index in (2, 3)}
        case "causal_mix":
            return leaves | {step.operand_at(i, u) for u in range(start, stop) for i in (2, 3)}
        case _:
            return leaves


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
        case "add" | "multiply" | "centre" | "lookup" | "exp" | "join" | "slice" | "concat":
            _read_pointwise(step, element_at, reads)
        case "rotate" | "causal_scores" | "causal_mix":
            _read_causal(step, start, stop, reads)
        case "temper" | "perturb" | "emit":
            _read_sampling(step, element_at, reads)
        case _:
            _read_row(step, start, stop, reads)


def read_finish(step: Step, reads: Reads) -> None:
    """Adds what turns a whole reduction into the element."""
    match step.operator.op:
        case "matmul":
            position, channel = _matmul_place(step)
            reads.value(step.operand(1), position)
            reads.constant(1, channel)
            reads.constant(2, channel)
        case "scores":
            reads.value(step.operand(1), step.row)
            reads.value(step.operand(3), _key(step))
        case "mix":
            reads.value(step.operand(2), step.row % step.groups)
        case "causal_scores":
            reads.value(step.operand(1), step.row)
            reads.value(step.operand_at(3, step.key_position), step.history_group)
        case "causal_mix":
            reads.value(step.operand(1), step.row)
        case _:
            pass


def _read_row(step: Step, start: int, stop: int, reads: Reads) -> None:
    x = step.operand(0)
    if step.operator.op in ROW_REDUCTIONS:
        reads.value(x, step.row * step.input_width + start, stop - start)
        return
    for position in range(start, stop):
        reads.value(x, position * step.groups * step.width + step.element)


def _read_pointwise(step: Step, element_at: ElementAt, reads: Reads) -> None:
    op, attributes = step.operator.op, step.operator.attributes
    if op == "slice":
        column = attributes["start"] + step.element % step.width
        reads.value(step.operand(0), step.row * step.input_width + column)
        return
    if op == "concat":
        column, second = step.element % step.width, step.width - step.input_width
        if column < step.input_width:
            reads.value(step.operand(0), step.row * step.input_width + column)
        else:
            reads.value(step.operand(1), step.row * second + column - step.input_width)
        return
    reads.value(step.operand(0), step.element)
    if op in {"add", "multiply"}:
        reads.value(step.operand(1), step.element)
    elif op in {"centre", "exp"}:
        reads.value(step.operand(1), step.row)
    if op == "lookup":
        offset = element_at(step.operand(0), step.element) - attributes["low"]
        if 0 <= offset < _TABLE_END:
            reads.constant(0, offset >> _TABLE_BITS, 2)
        elif offset < 0 or not attributes["identity_above"]:
            reads.constant(0, 0 if offset < 0 else TABLE_ENTRIES - 1)
    elif op == "exp":
        highest = element_at(step.operand(1), step.row)
        distance = highest - element_at(step.operand(0), step.element)
        if distance < _TABLE_END:
            reads.constant(0, max(distance, 0) >> _TABLE_BITS, 2)


def _read_linear(step: Step, start: int, stop: int, element_at: ElementAt, reads: Reads) -> None:
    operator = step.operator
    columns = operator.constants[0].shape[1]
    if operator.op == "embed_positions":
        reads.constant(0, step.position * columns + step.element)
    elif operator.op == "embed_tokens":
        reads.value(step.operand(0), step.row)
        token = element_at(step.operand(0), step.row)
        if 0 <= token < operator.constants[0].shape[0]:
            reads.constant(0, token * columns + step.element % columns)
            reads.constant(1, token)
    else:
        position, channel = _matmul_place(step)
        reads.value(step.operand(0), position * columns + start, stop - start)
        reads.value(step.operand(1), position)
        reads.constant(0, channel * columns + start, stop - start)


def _read_attention(step: Step, start: int, stop: int, reads: Reads) -> None:
    count = stop - start
    match step.operator.op:
        case "scores":
            key = _key(step)
            reads.value(step.operand(0), step.row * step.input_width + start, count)
            reads.value(step.operand(1), step.row)
            reads.value(step.operand(2), key * step.input_width + start, count)
            reads.value(step.operand(3), key)
        case "probabilities":
            reads.value(step.operand(0), step.element)
            reads.value(step.operand(1), step.row)
        case _:
            stride = step.groups * step.width
            reads.value(step.operand(0), step.row * step.length + start, count)
            for position in range(start, stop):
                reads.value(step.operand(1), position * stride + step.element % stride)
            reads.value(step.operand(2), step.row % step.groups)


def _read_causal(step: Step, start: int, stop: int, reads: Reads) -> None:
    column = step.element % step.width
    match step.operator.op:
        case "rotate":
            half = step.width // 2
            for part in (0, half):
                reads.value(step.operand(0), step.row * step.width + column % half + part)
            for table in (0, 1):
                reads.constant(table, step.position * half + column % half)
        case "causal_scores":
            key, group, width = step.key_position, step.history_group, step.input_width
            reads.value(step.operand(0), step.row * width + start, stop - start)
            reads.value(step.operand(1), step.row)
            reads.value(step.operand_at(2, key), group * width + start, stop - start)
            reads.value(step.operand_at(3, key), group)
        case _:
            group = step.history_group
            reads.value(step.operand(0), step.row * step.length + start, stop - start)
            for position in range(start, stop):
                reads.value(step.operand_at(2, position), group * step.width + column)
                reads.value(step.operand_at(3, position), group)


def _read_sampling(step: Step, element_at: ElementAt, reads: Reads) -> None:
    order = step.operand(-1)

    def ordered(field: int) -> int:
        place = step.row * ORDER_WIDTH + field
        reads.value(order, place)
        return element_at(order, place)

    def own(operand: int, place: int) -> int:
        reads.value(step.operand(operand), place)
        return element_at(step.operand(operand), place)

    match step.operator.op:
        case "temper":
            own(0, step.element)
            ordered(INVERSE_TEMPERATURE)
        case "perturb":
            x, cold = own(0, step.element), ordered(INVERSE_TEMPERATURE) <= 0
            if cold or own(1, step.row) - x > ordered(CUT_OFF):
                return
            seed = seed_of(ordered(SEED_LOW), ordered(SEED_HIGH))
            word = random_words(seed, step.position, step.element + 1)[-1:]
            reads.constant(0, int(noise_offset(word)[0]) >> _TABLE_BITS, 2)
        case _:
            own(0, step.row)
            if ordered(WRITTEN) == 1 and ordered(TOKEN) >= 0:
                reads.constant(0, 0, step.operator.constants[0].shape[0])


def _read_norm(step: Step, start: int, stop: int, reads: Reads) -> None:
    reads.value(step.operand(1), step.row)
    match step.operator.op:
        case "mean_square":
            reads.value(step.operand(0), step.row * step.input_width + start, stop - start)
        case "inverse_root":
            reads.value(step.operand(0), step.element)
        case _:
            reads.value(step.operand(0), step.element)
            reads.value(step.operand(2), step.row)
            reads.constant(0, step.element % step.width)
            reads.constant(1, step.element % step.width)


def _matmul_place(step: Step) -> tuple[int, int]:
    """The position and the output channel of the element."""
    return divmod(step.element, step.groups * step.width)


def _key(step: Step) -> int:
    """The row of the key that a score belongs to."""
    return step.element % step.width * step.groups + step.row % step.groups
