from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.touchstone.programs.random_causal import random_causal
from tests.touchstone.programs.small import small_program
from tests.touchstone.programs.test_encoding import changed, find
from touchstone.errors import ProgramError
from touchstone.programs import InputSpec, Program, validate
from touchstone.programs.builder import ProgramBuilder
from touchstone.programs.program import ORDER_WIDTH, InputKind, Rows, Shape


def spoiled(op: str, /, **fields: Any) -> Program:
    program = small_program()
    index, _ = find(program, op)
    return changed(program, index, **fields)


def attribute(op: str, name: str, value: Any) -> Program:
    _, operator = find(small_program(), op)
    return spoiled(op, attributes={**operator.attributes, name: value})


def constant(op: str, index: int, **fields: Any) -> Program:
    _, operator = find(small_program(), op)
    constants = list(operator.constants)
    constants[index] = replace(constants[index], **fields)
    return spoiled(op, constants=tuple(constants))


def test_shapes_follow_from_the_operators() -> None:
    program = small_program()
    shapes = validate(program)
    index, _ = find(program, "scores")
    assert shapes[index + 1] == Shape(Rows.SEQUENCE, 2, 0)
    assert shapes[program.output] == Shape(Rows.ONE, 1, 8)


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (lambda: spoiled("peak", op="nothing"), "unknown operator"),
        (lambda: spoiled("peak", inputs=(99,)), "not an earlier value"),
        (lambda: spoiled("peak", inputs=(-1,)), "not an earlier value"),
        (lambda: spoiled("peak", inputs=(0,)), "tokens are read by embed_tokens"),
        (lambda: spoiled("embed_tokens", inputs=(1,)), "not an earlier value"),
        (lambda: spoiled("add", inputs=(1,)), "takes 2 operands"),
        (lambda: spoiled("peak", label="é"), "printable ASCII"),
        (lambda: spoiled("peak", label="x" * 65), "printable ASCII"),
        (lambda: attribute("matmul", "row_bits", 15), "row_bits must be"),
        (lambda: attribute("matmul", "row_bits", True), "row_bits must be"),
        (lambda: attribute("matmul", "scale_bits", 17), "scale_bits must be"),
        (lambda: attribute("matmul", "groups", 3), "do not divide"),
        (lambda: attribute("matmul", "other", 3), "takes the attributes"),
        (lambda: attribute("inverse_root", "epsilon", -1), "epsilon must be"),
        (lambda: constant("matmul", 0, dtype="int32"), "weight must be int8"),
        (lambda: constant("matmul", 0, shape=(8,)), "must have 2 axes"),
        (lambda: constant("matmul", 0, shape=(8, 0)), "at least one element"),
        (lambda: constant("matmul", 0, shape=(8, 9)), "do not fit"),
        (lambda: constant("matmul", 1, shape=(7,)), "one scale"),
        (lambda: constant("matmul", 0, root=bytes(31)), "not 32 bytes"),
        (lambda: constant("lookup", 0, shape=(4096,)), "4097 entries"),
        (lambda: constant("embed_positions", 0, shape=(15, 8)), "fewer rows"),
        (lambda: constant("embed_tokens", 0, shape=(1 << 30, 1 << 30)), "larger than"),
        (lambda: constant("scale_row", 0, shape=(7,)), "one gain"),
        (lambda: spoiled("mix", inputs=(2, 7, 16)), "probabilities must be"),
        (lambda: replace(small_program(), output=0), "output must be"),
        (lambda: replace(small_program(), output=6), "joined rows"),
        (lambda: replace(small_program(), operators=()), "1 to 65536 operators"),
        (
            lambda: replace(small_program(), input=InputSpec(InputKind.TOKENS, 1, 1 << 15)),
            "greatest length",
        ),
        (lambda: replace(small_program(), input=InputSpec(InputKind.TOKENS, 2, 9)), "width 1"),
    ],
)
def test_a_malformed_program_is_refused_with_its_reason(program: Any, message: str) -> None:
    with pytest.raises(ProgramError, match=message):
        validate(program())


def test_embed_tokens_reads_rows_of_causal_programs_alone() -> None:
    rows = replace(small_program(), input=InputSpec(InputKind.ROWS, 6, 16))
    with pytest.raises(ProgramError, match="not rows of 6 elements"):
        validate(rows)


def test_a_program_has_no_more_stops_than_a_referee_reads() -> None:
    program = random_causal(0)[1]
    index, operator = find(program, "emit")
    stops = (replace(operator.constants[0], shape=(65,)),)
    with pytest.raises(ProgramError, match="64 stops at most, not 65"):
        validate(changed(program, index, constants=stops))


def test_one_row_of_a_sequence_has_no_order_of_its_own() -> None:
    builder = ProgramBuilder(InputSpec(InputKind.ROWS, ORDER_WIDTH, 16))
    one = builder.add("column_max", "pooled", (0,))
    with pytest.raises(ProgramError, match="a row for each order"):
        builder.add("temper", "temper", (one, 0))
