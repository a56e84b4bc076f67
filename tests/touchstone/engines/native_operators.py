"""The native engine's operators, called one by one on NumPy arrays of a single sequence."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tests.touchstone.arithmetic.vectors import Vector
from tests.touchstone.engines.random_programs import Int32
from touchstone.engines.native.causal_lowering import CausalLowering
from touchstone.engines.native.encoder import tables_of
from touchstone.engines.native.encoder_lowering import EncoderLowering
from touchstone.engines.native.engine import NativeEngine
from touchstone.engines.native.executor import Executor
from touchstone.engines.native.histories import histories_of
from touchstone.engines.native.lowering import Lowered
from touchstone.engines.native.machine.fields import BODY, HEAD
from touchstone.engines.native.memory import Memory
from touchstone.engines.native.plan import make_plan
from touchstone.engines.native.step import Feed, Step
from touchstone.programs import SEQUENCE, InputKind, InputSpec, Operator, Program, Rows, Shape
from touchstone.programs.program import Constant
from touchstone.programs.rules import ACROSS_ALL, RULES
from touchstone.programs.weights import Tensor, constant_of

RAGGED = {("causal_mix", 0), ("causal_scores", -1)}
"""Operands, and outputs (-1), as wide as the sequence."""


def run(vector: Vector) -> Int32:
    """The output of one operator on the operands of a vector; of one position where it looks back.

    The operator stands behind as many others, of which only the shapes are made use of.
    """
    if vector.op in ACROSS_ALL:
        return _run_across(vector)
    rows = max((len(x) for x in vector.inputs), default=1)
    first = vector.place.get("position", 0)
    count = len(vector.inputs)
    tensors = {constant_of(c): c for c in vector.constants}
    constants = tuple(constant_of(c) for c in vector.constants)
    operator = Operator(
        vector.op, "", tuple(range(1, count + 1)) if vector.op != "embed_tokens" else (0,),
        constants, vector.attributes,
    )  # fmt: skip
    if vector.op == "embed_positions":
        operator = Operator(vector.op, "", (), constants, vector.attributes)
    shapes = [Shape(Rows.SEQUENCE, 1, 1)]
    for index, x in enumerate(vector.inputs):
        wide = SEQUENCE if (vector.op, index) in RAGGED else x.shape[2]
        shapes.append(Shape(Rows.SEQUENCE, x.shape[1], wide))
    shapes.append(
        RULES[vector.op].infer([shapes[i] for i in operator.inputs], constants, operator.attributes)
    )
    program = Program(InputSpec(InputKind.ROWS, 1, 1 << 10, True), (operator,) * (count + 1), 1)
    values = [x if len(x) == rows else _last(x, rows) for x in vector.inputs]
    engine = _Bare(program, tuple(shapes), tensors)
    return engine.only(values, first, rows)[-len(vector.output) :]


def _run_across(vector: Vector) -> Int32:
    """The same of an operator that looks at all positions."""
    rows, count = len(vector.inputs[0]), len(vector.inputs)
    operator = Operator(vector.op, "", tuple(range(1, count + 1)), (), vector.attributes)
    shapes = [Shape(Rows.SEQUENCE, 1, 1)]
    for index, x in enumerate(vector.inputs):
        one = (vector.op, index) == ("mix", 2)
        wide = SEQUENCE if (vector.op, index) == ("mix", 0) else x.shape[2]
        shapes.append(Shape(Rows.ONE if one else Rows.SEQUENCE, x.shape[1], wide))
    shapes.append(RULES[vector.op].infer(shapes[1:], (), operator.attributes))
    program = Program(InputSpec(InputKind.ROWS, 1, rows), (operator,) * (count + 1), 1)
    memory = Memory({})
    lowering = EncoderLowering(program, tuple(shapes), memory, fused=False)
    for value, shape in enumerate(shapes[:-1]):
        lowering.side = BODY if shape.rows is Rows.SEQUENCE else HEAD
        lowering.found[value, lowering.side] = lowering.room_for(shape)
    lowering.operator(count + 1)
    places = {value: place for (value, _), place in lowering.found.items()}
    lowered = Lowered(lowering.nodes, lowering.places, 0, places[count + 1], {}, places)
    tables = tables_of(make_plan(lowered, apart=True), [np.zeros((rows, 1, 1), np.int32)])
    arena = np.zeros(tables.elements, np.int32)
    for number, value in enumerate(vector.inputs, start=1):
        place = tables.plan.address(places[number], tables.counts, tables.stride)
        arena[place : place + value.size] = value.reshape(-1)
    Executor(memory, 2).run(tables, arena)
    side = HEAD if shapes[-1].rows is Rows.ONE else BODY
    return tables.value(arena, count + 1, shapes[-1], side)


def _last(x: Int32, rows: int) -> Int32:
    """The rows of one position as those of the last of several."""
    padded = np.zeros((rows, *x.shape[1:]), np.int32)
    padded[-len(x) :] = x
    return padded


class _Bare(NativeEngine):
    """An engine for the last operator of a program that need not be valid."""

    def __init__(
        self,
        program: Program,
        shapes: tuple[Shape, ...],
        tensors: Mapping[Constant, Tensor],
    ) -> None:
        memory = Memory(tensors)
        lowering = CausalLowering(program, shapes, memory, fused=False)
        lowering.histories = histories_of(Program(program.input, program.operators[-1:], 1), shapes)
        lowering.found = {(v, BODY): lowering.room_for(s) for v, s in enumerate(shapes[:-1])}
        lowering.operator(len(shapes) - 1)
        self.places = {v: lowering.found[v, BODY] for v in range(len(shapes))}
        lowered = Lowered(
            lowering.nodes, lowering.places, self.places[0], self.places[len(shapes) - 1], {},
            self.places,
        )  # fmt: skip
        super()._prepare(program, shapes, make_plan(lowered, apart=True), memory, 2)

    def only(self, values: list[Int32], first: int, rows: int) -> Int32:
        """The value that the operator writes, of rows from position `first` on."""
        session = self.session()
        session.length = first
        source = values[0][:, 0, :1] if values else np.zeros((rows, 1), np.int32)
        step = Step(self._plan, [Feed(session, source, 0)], 1 << 10)
        arena = np.empty(step.elements, np.int32)
        step.fill(arena)
        for number, value in enumerate(values, start=1):
            place = self._plan.address(self.places[number], step.counts, step.stride)
            arena[place : place + value.size] = value.reshape(-1)
        self._executor.run(step, arena)
        return step.value(arena, len(values) + 1, self._shapes[len(values) + 1])
