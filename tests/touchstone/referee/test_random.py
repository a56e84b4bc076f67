"""The referee against the reference, with a fixed seed: single operators and whole programs."""

from __future__ import annotations

import os
from random import Random

import numpy as np
import pytest

from tests.touchstone.engines.random_programs import random_batch, random_model
from tests.touchstone.programs.random_causal import random_causal, random_rows
from tests.touchstone.programs.small import small_builder
from tests.touchstone.referee.judge import Judge
from tests.touchstone.referee.random_steps import random_case
from tests.touchstone.referee.transcript import Case, Sketch
from touchstone.engines.causal_reference import trace_causal
from touchstone.engines.reference import run_program
from touchstone.programs import Rows, Shape
from touchstone.programs.rules import RULES

TIMES = 10 if os.environ.get("TOUCHSTONE_LONG") else 1
CASES = 12 * TIMES
ELEMENTS = 5
PROGRAMS = 10 * TIMES


@pytest.mark.parametrize("op", sorted(RULES))
def test_random_operators(judge: Judge, op: str) -> None:
    for seed in range(CASES):
        random = Random(f"{op} {seed}")
        case, value = random_case(op, random)
        _check_some(judge, case, value, random, ELEMENTS)


@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_random_programs(judge: Judge, seed: int) -> None:
    model = random_model(seed)
    for number, sequence in enumerate(random_batch(model, seed, 2)):
        shaped = sequence.reshape(len(sequence), 1, -1)
        values = run_program(model.program, model.tensors, shaped)[:-1]
        case = Case(model.program, model.tensors, values, len(sequence), number, 2)
        for value in range(1, len(values)):
            _check_some(judge, case, value, Random(f"{seed} {value}"), 2)


@pytest.mark.parametrize("seed", range(PROGRAMS // 2))
def test_random_causal_programs(judge: Judge, seed: int) -> None:
    builder, program = random_causal(seed)
    for number in range(2):
        rows = random_rows(100 * seed + number, program)
        values = [x for _, x in trace_causal(program, builder.tensors, rows)]
        case = Case(program, builder.tensors, values, len(rows), number, 2)
        for value in range(1, len(values)):
            _check_some(judge, case, value, Random(f"{seed} {value}"), 2)


def test_every_value_of_a_transformer(judge: Judge) -> None:
    builder, output = small_builder()
    program, random = builder.program(output), Random(5)
    tokens = np.array([3, 1, 4, 1, 5, 9, 2, 10], np.int32).reshape(-1, 1, 1)
    values = run_program(program, builder.tensors, tokens)[:-1]
    case = Case(program, builder.tensors, values, len(tokens))
    for value in range(1, len(values)):
        _check_some(judge, case, value, random, 3)


def test_one_value_as_key_and_as_its_peak(judge: Judge) -> None:
    """Its size is that of a key, which follows from the record of the query."""
    sketch, random = Sketch(4), Random(1)
    shape = Shape(Rows.SEQUENCE, 2, 1)
    q, p, k = (sketch.given(np.full((4, 2, 1), n, np.int32), shape) for n in (70000, 9, 1 << 30))
    named = {"row_bits": 6, "factor": 23170, "factor_bits": 17}
    for inputs in ((q, p, k, k), (q, k, k, k), (q, q, k, k), (k, q, q, k), (k, k, k, k)):
        value = sketch.run("scores", inputs, (), **named)
        _check_some(judge, sketch.case(), value, random, 3)


def _check_some(judge: Judge, case: Case, value: int, random: Random, count: int) -> None:
    """The first element, the last, and some at random, of a causal program at some position."""
    position = random.randrange(case.length) if case.layout.causal else 0
    size = case.at(value, position).size
    for element in {0, size - 1, *random.choices(range(size), k=count - 2)}:
        judge.check(case, value, element, random, position)
