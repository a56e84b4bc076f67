"""From operators to the machine's instructions: what all programs have in common."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from touchstone.arithmetic.norms import SQUARE_BITS, epsilon_at
from touchstone.engines.native.machine import fields
from touchstone.engines.native.machine.fields import BODY, PANELS, ROWS
from touchstone.engines.native.machine.tile import CHANNELS
from touchstone.engines.native.memory import Memory, pairs_of, pairs_within_int32
from touchstone.programs.program import SEQUENCE, Operator, Program, Shape
from touchstone.programs.rules import RULES

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


class Lowering:
    """Writes instructions, and remembers what stands where. `side` is the one written on."""

    def __init__(
        self, program: Program, shapes: tuple[Shape, ...], memory: Memory, fused: bool
    ) -> None:
        self.program, self.shapes, self.memory = program, shapes, memory
        self.fused = fused
        self.side = BODY
        self.nodes: list[Node] = []
        self.places: list[Place] = []
        self.found: dict[tuple[int, int], int] = {}
        self.narrowed: dict[tuple[int, int, int, int], int] = {}

    def room(self, fixed: int, ragged: int = 0) -> int:
        """A new place on this side."""
        self.places.append(Place(self.side, fixed, ragged))
        return len(self.places) - 1

    def room_for(self, shape: Shape) -> int:
        """A new place for a value of this shape."""
        if shape.width == SEQUENCE:
            return self.room(0, shape.groups)
        return self.room(shape.groups * shape.width)

    def put(
        self, op: int, kind: int, reads: Iterable[int], writes: int | None,
        columns: dict[int, int], after: Iterable[int] = (),
    ) -> int:  # fmt: skip
        """Appends an instruction; its number."""
        node = Node(op, kind, self.side, tuple(reads), writes, columns, tuple(after))
        self.nodes.append(node)
        return len(self.nodes) - 1

    def read(self, value: int) -> int:
        """The place of a value on this side."""
        return self.found[value, self.side]

    def write(self, value: int) -> int:
        """A new place for a value on this side."""
        place = self.found[value, self.side] = self.room_for(self.shapes[value])
        return place

    def join(self, value: int, operand: int) -> None:
        """Another name for the operand; a copy where each value is asked for in its turn."""
        if self.fused:
            self.found[value, self.side] = self.read(operand)
            return
        width = self.shapes[value].width
        columns = {fields.GROUPS: 1, fields.WIDTH: width}
        self.put(fields.GATHER, ROWS, (self.read(operand),), self.write(value), columns)

    def row_operator(self, value: int, operator: Operator) -> None:
        """An operator that works row by row."""
        reads = [self.read(operand) for operand in operator.inputs]
        shape = self.shapes[operator.inputs[0] if operator.inputs else value]
        groups, width = shape.groups, shape.width
        if operator.op in _FLAT:
            groups, width = (1, groups * width) if width != SEQUENCE else (groups, width)
        columns = {fields.GROUPS: groups, fields.WIDTH: width}
        columns.update(self._parameters(operator))
        self.put(RULES[operator.op].opcode, ROWS, reads, self.write(value), columns)

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

    def matmul(self, value: int, operator: Operator) -> None:
        """A product with weights, its rows narrowed first."""
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
        self.put(RULES["matmul"].opcode, PANELS, (rows,), self.write(value), columns)

    def _narrow(self, x: int, peak: int, bits: int, width: int) -> int:
        """Narrowed rows: their shift, then their terms, two to an int32."""
        key = (x, peak, bits, self.side)
        if key not in self.narrowed:
            reads = (self.read(x), self.read(peak))
            size = 1 + pairs_of(width)
            self.narrowed[key] = self.room(size)
            columns = {fields.WIDTH: width, fields.P0: bits, fields.P1: size}
            self.put(fields.NARROW, ROWS, reads, self.narrowed[key], columns)
        return self.narrowed[key]


def _epsilons(epsilon: int) -> list[int]:
    """Low and high words of the epsilon at each bit length of a peak, as int32 [64]."""
    words = []
    for bits in range(32):
        found = epsilon_at(epsilon, bits - SQUARE_BITS)
        words += [(found & 0xFFFFFFFF) - ((found & 1 << 31) << 1), found >> 32]
    return words
