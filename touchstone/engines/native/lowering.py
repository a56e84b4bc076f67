"""From operators to the machine's instructions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from touchstone.arithmetic.norms import SQUARE_BITS, epsilon_at
from touchstone.engines.native.fusing import Attention, fused_attentions
from touchstone.engines.native.histories import History, Key, histories_of, key_of
from touchstone.engines.native.machine import fields
from touchstone.engines.native.machine.fields import BODY, HEAD, HEADS, PANELS, ROWS
from touchstone.engines.native.machine.tile import CHANNELS
from touchstone.engines.native.memory import (
    Memory,
    pairs_of,
    pairs_within_int32,
    short_pairs_within_int32,
)
from touchstone.programs.program import SEQUENCE, Operator, Program, Shape
from touchstone.programs.rules import RULES
from touchstone.programs.validate import validate

UNIT_BYTES = 1 << 16
"""Weights that a thread takes at a time: enough that drawing them costs nothing."""

_FLAT = {"add", "multiply", "lookup"}
"""Operators that may take all groups of a row as one line."""


@dataclass(frozen=True, slots=True)
class Place:
    """Room for rows in the arena: int32 per row, and int32 per row and position."""

    side: int
    fixed: int
    ragged: int


@dataclass(slots=True)
class Node:
    """An instruction: columns that are known, places read (A, B, C) and written (OUT).

    `after` lists nodes that must come before it though it reads none of their places.
    """

    op: int
    kind: int
    side: int
    reads: tuple[int, ...]
    writes: int | None
    columns: dict[int, int] = field(default_factory=dict)
    after: tuple[int, ...] = ()


@dataclass(slots=True)
class Lowered:
    """A program in the machine's language, its places still without addresses.

    `written` gives the last node needed for each value, `found` the place of each value, as far as
    it has one of its own.
    """

    nodes: list[Node]
    places: list[Place]
    input: int
    output: int
    written: dict[int, int]
    found: dict[int, int]


def body_of(program: Program) -> set[int]:
    """Values that later positions depend on: those that are looked back at, and their operands."""
    waiting = [v for operator in program.operators for v in (key_of(operator) or ())[:2]]
    body: set[int] = {0}
    while waiting:
        value = waiting.pop()
        if value not in body:
            body.add(value)
            waiting += program.operators[value - 1].inputs
    return body


def lower(program: Program, memory: Memory, fused: bool = True) -> Lowered:
    """The instructions of a program. Where they are `fused`, attentions are one instruction each,
    and what no later position needs stands on the side HEAD."""
    return Lowering(program, validate(program), memory, fused).lowered()


class Lowering:
    """Writes instructions, and remembers what stands where."""

    def __init__(
        self, program: Program, shapes: tuple[Shape, ...], memory: Memory, fused: bool
    ) -> None:
        self.program, self.shapes, self.memory = program, shapes, memory
        self.histories = histories_of(program, shapes)
        self.body = body_of(program) if fused else set(range(len(shapes)))
        self.attentions = fused_attentions(program, self.shapes) if fused else {}
        self.skipped = {v for found in self.attentions.values() for v in found.values[:-1]}
        self.fused = fused
        self.side = BODY
        self.output_side = HEAD if fused else BODY
        self.nodes: list[Node] = []
        self.places: list[Place] = []
        self.found: dict[tuple[int, int], int] = {}
        self.narrowed: dict[tuple[int, int, int, int], int] = {}
        self.kept: dict[Key, int] = {}

    def lowered(self) -> Lowered:
        """All of the program."""
        source = self.found[0, BODY] = self._room(self.program.input.width)
        written: dict[int, int] = {}
        for self.side in (BODY, HEAD):
            for value in range(1, len(self.shapes)):
                if (value in self.body) == (self.side == BODY):
                    self.operator(value)
                    written[value] = len(self.nodes)
        self.side = self.output_side
        output = self._read(self.program.output)
        found = {value: place for (value, side), place in self.found.items() if side == BODY}
        return Lowered(self.nodes, self.places, source, output, written, found)

    def _room(self, fixed: int, ragged: int = 0) -> int:
        self.places.append(Place(self.side, fixed, ragged))
        return len(self.places) - 1

    def room_for(self, shape: Shape) -> int:
        """A new place for a value of this shape."""
        if shape.width == SEQUENCE:
            return self._room(0, shape.groups)
        return self._room(shape.groups * shape.width)

    def _put(
        self, op: int, kind: int, reads: Iterable[int], writes: int | None,
        columns: dict[int, int], after: Iterable[int] = (),
    ) -> int:  # fmt: skip
        node = Node(op, kind, self.side, tuple(reads), writes, columns, tuple(after))
        self.nodes.append(node)
        return len(self.nodes) - 1

    def _read(self, value: int) -> int:
        """The place of a value on this side; what stands in BODY is fetched to HEAD once."""
        if (value, self.side) not in self.found:
            shape = self.shapes[value]
            place = self.room_for(shape)
            columns = {fields.GROUPS: shape.groups, fields.WIDTH: shape.groups * shape.width}
            self._put(fields.GATHER, ROWS, (self.found[value, BODY],), place, columns)
            self.found[value, self.side] = place
        return self.found[value, self.side]

    def operator(self, value: int) -> None:
        """The instructions of the operator that writes a value."""
        operator = self.program.operators[value - 1]
        if value in self.skipped:
            return
        if operator.op == "join":
            self._join(value, operator.inputs[0])
            return
        if value in self.attentions:
            self._attention(value, self.attentions[value])
        elif operator.op == "matmul":
            self._matmul(value, operator)
        elif operator.op in ("causal_scores", "causal_mix"):
            self._look_back(value, operator)
        else:
            self._row_operator(value, operator)

    def _join(self, value: int, operand: int) -> None:
        """Another name for the operand; a copy where each value is asked for in its turn."""
        if self.fused:
            self.found[value, self.side] = self._read(operand)
            return
        width = self.shapes[value].width
        columns = {fields.GROUPS: 1, fields.WIDTH: width}
        self._put(fields.GATHER, ROWS, (self._read(operand),), self._write(value), columns)

    def _write(self, value: int) -> int:
        place = self.found[value, self.side] = self.room_for(self.shapes[value])
        return place

    def _row_operator(self, value: int, operator: Operator) -> None:
        reads = [self._read(operand) for operand in operator.inputs]
        shape = self.shapes[operator.inputs[0] if operator.inputs else value]
        groups, width = shape.groups, shape.width
        if operator.op in _FLAT:
            groups, width = (1, groups * width) if width != SEQUENCE else (groups, width)
        columns = {fields.GROUPS: groups, fields.WIDTH: width}
        columns.update(self._parameters(operator))
        self._put(RULES[operator.op].opcode, ROWS, reads, self._write(value), columns)

    def _parameters(self, operator: Operator) -> dict[int, int]:
        """Columns P0 and on of an operator on rows."""
        ints, named = self.memory.ints, operator.attributes
        match operator.op:
            case "lookup":
                low, above = named["low"], named["identity_above"]
                values = [ints(operator.constants[0]), low, above]
            case "exp" | "perturb":
                values = [ints(operator.constants[0])]
            case "inverse_root":
                values = [self.memory.numbers(_epsilons(named["epsilon"]))]
            case "scale_row":
                values = [*map(ints, operator.constants), named["gain_bits"]]
            case "rotate":
                values = [*map(ints, operator.constants)]
            case "emit":
                values = [ints(operator.constants[0]), operator.constants[0].shape[0]]
            case "slice":
                values = [named["start"], named["width"]]
            case "concat":
                values = [self.shapes[operator.inputs[1]].width]
            case "embed_positions":
                values = [ints(operator.constants[0])]
            case "embed_tokens":
                return self._embedding(operator)
            case _:
                values = []
        return dict(enumerate(values, start=fields.P0))

    def _embedding(self, operator: Operator) -> dict[int, int]:
        table, scale = operator.constants
        rows, width = table.shape
        return {
            fields.WIDTH: width,
            fields.P0: self.memory.panels(table),
            fields.P1: pairs_of(width),
            fields.P2: rows,
            fields.P3: self.memory.ints(scale),
            fields.P4: self.program.input.width,
            fields.P5: operator.attributes["scale_bits"],
        }

    def _matmul(self, value: int, operator: Operator) -> None:
        weight, scale, bias = operator.constants
        wide, deep = weight.shape
        bits, pairs = operator.attributes["row_bits"], pairs_of(deep)
        rows = self._narrow(operator.inputs[0], operator.inputs[1], bits, deep)
        panels = -(-wide // CHANNELS)
        run = max(1, min(UNIT_BYTES // (2 * CHANNELS * pairs), -(-panels // 8)))
        columns = {
            fields.UNITS: -(-panels // run),
            fields.P0: self.memory.panels(weight),
            fields.P1: pairs,
            fields.P2: wide,
            fields.P3: self.memory.ints(scale),
            fields.P4: self.memory.ints(bias),
            fields.P5: operator.attributes["scale_bits"],
            fields.P6: pairs_within_int32(self.memory.tensors[weight], bits),
            fields.P7: run,
        }
        self._put(RULES["matmul"].opcode, PANELS, (rows,), self._write(value), columns)

    def _narrow(self, x: int, peak: int, bits: int, width: int) -> int:
        """Narrowed rows: their shift, then their terms, two to an int32."""
        key = (x, peak, bits, self.side)
        if key not in self.narrowed:
            reads = (self._read(x), self._read(peak))
            size = 1 + pairs_of(width)
            self.narrowed[key] = self._room(size)
            columns = {fields.WIDTH: width, fields.P0: bits, fields.P1: size}
            self._put(fields.NARROW, ROWS, reads, self.narrowed[key], columns)
        return self.narrowed[key]

    def _keep(self, operator: Operator) -> tuple[History, int]:
        """The history that an operator looks back at, and the node that writes it."""
        key = key_of(operator)
        assert key is not None
        history = self.histories[key]
        if key not in self.kept:
            side, self.side = self.side, BODY
            reads = (self._read(history.value), self._read(history.peak))
            columns = {
                fields.GROUPS: history.heads,
                fields.WIDTH: history.width,
                fields.P0: history.bits,
                fields.P1: history.offset,
                fields.P2: history.head_bytes,
            }
            op = fields.KEEP_KEYS if history.keys else fields.KEEP_VALUES
            self.kept[key] = self._put(op, ROWS, reads, None, columns)
            self.side = side
        return history, self.kept[key]

    def _look_back(self, value: int, operator: Operator) -> None:
        history, kept = self._keep(operator)
        reads = [self._read(operand) for operand in operator.inputs[:2]]
        heads = self.shapes[operator.inputs[0]].groups // history.heads
        columns = {fields.GROUPS: history.heads, fields.P0: heads}
        columns |= self._scoring(operator, history) if history.keys else self._mixing(history)
        op = RULES[operator.op].opcode
        self._put(op, HEADS, reads, self._write(value), columns, (kept,))

    def _attention(self, value: int, found: Attention) -> None:
        scores, exp, mix = (self.program.operators[v - 1] for v in (found.scores, found.exp, value))
        (keys, kept_keys), (values, kept_values) = self._keep(scores), self._keep(mix)
        reads = [self._read(operand) for operand in scores.inputs[:2]]
        columns = {
            fields.GROUPS: keys.heads,
            fields.P0: self.shapes[scores.inputs[0]].groups // keys.heads,
            fields.P4: self.memory.ints(exp.constants[0]),
            **self._scoring(scores, keys),
            **self._mixing(values),
        }
        after = (kept_keys, kept_values)
        self._put(fields.ATTENTION, HEADS, reads, self._write(value), columns, after)

    def _scoring(self, operator: Operator, history: History) -> dict[int, int]:
        named = operator.attributes
        block = short_pairs_within_int32(named["row_bits"] + named["key_bits"])
        settings = [named["row_bits"], named["factor"], named["factor_bits"], block]
        return {
            fields.WIDTH: history.width,
            fields.P1: history.offset,
            fields.P2: history.head_bytes,
            fields.P3: self.memory.numbers(settings),
        }

    def _mixing(self, history: History) -> dict[int, int]:
        return {
            fields.P5: history.offset,
            fields.P6: history.head_bytes,
            fields.P7: history.width,
        }


def _epsilons(epsilon: int) -> list[int]:
    """Low and high words of the epsilon at each bit length of a peak, as int32 [64]."""
    words = []
    for bits in range(32):
        found = epsilon_at(epsilon, bits - SQUARE_BITS)
        words += [(found & 0xFFFFFFFF) - ((found & 1 << 31) << 1), found >> 32]
    return words
