from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.touchstone.programs.small import small_program
from touchstone.errors import ProgramError
from touchstone.programs import Operator, Program, encode, from_json, program_root, to_json
from touchstone.programs.encoding import RECORD, operator_chunks, shape_chunk
from touchstone.programs.program import InputSpec
from touchstone.programs.rules import RULES
from touchstone.programs.validate import validate
from touchstone.protocol.merkle import CHUNK, prove, verify

ROOT = "8f166ce84d6bbcbc1e335aeb1f0d9ab43eb7276a0e1a307385c557197cb49f2d"


def test_root_of_the_small_program_is_pinned() -> None:
    assert program_root(small_program()).hex() == ROOT


def test_json_gives_the_program_back() -> None:
    program = small_program()
    assert from_json(to_json(program)) == program


def test_each_operator_is_opened_by_its_own_chunks() -> None:
    program = small_program()
    data, shapes = encode(program), validate(program)
    assert len(data) == RECORD * (1 + len(program.operators))

    def opened(index: int) -> list[int]:
        chunk = data[index * CHUNK : (index + 1) * CHUNK]
        assert verify(program_root(program), len(data), index, chunk, prove(data, index))
        return [int.from_bytes(chunk[i : i + 32], "big") for i in range(0, CHUNK, 32)]

    assert opened(shape_chunk(0))[2] == program.input.width
    for value, operator in enumerate(program.operators, start=1):
        step, shape, constants = (opened(i) for i in operator_chunks(value, constants=True))
        assert step[0] == RULES[operator.op].opcode
        assert opened(shape_chunk(value)) == shape
        assert shape[6:] == [shapes[value].groups, shapes[value].width]
        roots = [int.from_bytes(constant.root, "big") for constant in operator.constants]
        assert constants[1::2][: len(roots)] == roots
        assert list(operator_chunks(value, constants=False)) == [4 * value, 4 * value + 1]


def changed(program: Program, index: int, **fields: object) -> Program:
    operators = list(program.operators)
    operators[index] = replace(operators[index], **fields)  # type: ignore[arg-type]
    return replace(program, operators=tuple(operators))


def find(program: Program, op: str) -> tuple[int, Operator]:
    return next((i, o) for i, o in enumerate(program.operators) if o.op == op)


def test_whatever_changes_in_a_program_changes_its_root() -> None:
    program = small_program()
    index, matmul = find(program, "matmul")
    lookup_index, lookup = find(program, "lookup")
    constant = replace(matmul.constants[0], root=bytes(32))
    add_index, add = find(program, "add")
    spec = program.input
    variants = [
        changed(program, index, label="other"),
        changed(program, index, attributes={**matmul.attributes, "row_bits": 13}),
        changed(program, index, constants=(constant, *matmul.constants[1:])),
        changed(program, lookup_index, attributes={**lookup.attributes, "low": -(1 << 18)}),
        changed(program, add_index, inputs=add.inputs[::-1]),
        replace(program, output=program.output - 1),
        replace(program, input=InputSpec(spec.kind, spec.width, spec.max_length - 1)),
    ]
    roots = {program_root(variant) for variant in [program, *variants]}
    assert len(roots) == len(variants) + 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace('"output":', '"output": '),
        lambda text: text.replace('"format":"touchstone-program/1"', '"format":"other/1"'),
        lambda text: text.replace('"max_length":16', '"max_length":16.0'),
        lambda text: text.replace('"max_length":16', '"max_length":true'),
        lambda text: text[:-1],
        lambda text: text[:-1] + ',"more":1}',
        lambda _text: "[]",
        lambda _text: "[" * 100_000,
    ],
)
def test_json_that_is_not_canonical_is_refused(spoil: object) -> None:
    text = to_json(small_program()).decode()
    assert json.loads(text)
    spoiled = spoil(text)  # type: ignore[operator]
    assert spoiled != text
    with pytest.raises(ProgramError):
        from_json(spoiled.encode())
