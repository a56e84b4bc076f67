"""Cutting a language model into shards: programs over rows, which run one after the other.

Between two shards travel rows [hidden, order]: what the layers so far have made of a position, and
the order that it was read with, which the last shard samples by. The first shard reads orders. So
the rows of a shard are what the whole model has at the same place, byte by byte.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from touchstone.errors import ProgramError
from touchstone.programs.program import ORDER_WIDTH, InputKind, InputSpec, Operator, Program
from touchstone.programs.validate import validate


@dataclass(frozen=True, slots=True)
class Cut:
    """A place to cut at: before layer `layer`, where `value` is all that later layers read."""

    layer: int
    value: int


def part(program: Program, start: Cut | None, end: Cut | None) -> Program:
    """The shard from one cut (None: the model's start) to another (None: its end).

    Raises ProgramError if the shard would read anything else from before its start.
    """
    widths = [shape.width for shape in validate(program)]
    operators: list[Operator] = []
    numbers = {0: 0}
    width = ORDER_WIDTH
    if start is not None:
        hidden = widths[start.value]
        width = hidden + ORDER_WIDTH
        operators = [
            Operator("slice", "hidden", (0,), (), {"start": 0, "width": hidden}),
            Operator("slice", "order", (0,), (), {"start": hidden, "width": ORDER_WIDTH}),
        ]
        numbers = {start.value: 1, 0: 2}
    first = start.value if start else 0
    last = end.value if end else program.output
    for value in range(first + 1, last + 1):
        operator = program.operators[value - 1]
        missing = [number for number in operator.inputs if number not in numbers]
        if missing:
            raise ProgramError(
                f"{operator.label} reads value {missing[0]} from before value {first}: no shard "
                "can start there"
            )
        operators.append(replace(operator, inputs=tuple(numbers[n] for n in operator.inputs)))
        numbers[value] = len(operators)
    if end is not None:
        operators.append(Operator("concat", "shard", (numbers[last], numbers[0])))
    spec = InputSpec(InputKind.ROWS, width, program.input.max_length, causal=True)
    found = Program(spec, tuple(operators), len(operators))
    validate(found)
    return found
