"""Every case of tests/vectors/arithmetic, as a program of one operator on given values."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from tests.touchstone.arithmetic import vectors
from tests.touchstone.referee.judge import Judge
from tests.touchstone.referee.transcript import Case, Sketch
from touchstone.programs import SEQUENCE, Rows, Shape
from touchstone.programs.rules import RULES

SAMPLE = 24


@pytest.mark.parametrize("op", sorted(RULES))
def test_the_referee_gives_the_vectors(judge: Judge, op: str) -> None:
    for number, vector in enumerate(vectors.read(op)):
        random = Random(f"{op} {number}")
        case, value = case_of(vector)
        assert np.array_equal(case.values[value], vector.output)
        elements = range(vector.output.size)
        for element in random.sample(elements, min(SAMPLE, len(elements))):
            judge.check(case, value, element, random)


def case_of(vector: vectors.Vector) -> tuple[Case, int]:
    """The case, and the value that is asked about."""
    length = len(vector.inputs[0])
    if vector.op == "embed_tokens":
        sketch = Sketch(length, vector.inputs[0], tokens=True)
        inputs = (0,)
    elif vector.op == "embed_positions":
        sketch, inputs = Sketch(length), ()
    else:
        direct = vector.inputs[0].shape[1] == 1 and vector.op != "mix"
        sketch = Sketch(length, vector.inputs[0] if direct else None)
        inputs = tuple(
            0 if direct and index == 0 else sketch.given(array, shape_of(vector, index))
            for index, array in enumerate(vector.inputs)
        )
    value = sketch.run(vector.op, inputs, tuple(vector.constants), **vector.attributes)
    return sketch.case(sequence=2, sequences=5), value


def shape_of(vector: vectors.Vector, index: int) -> Shape:
    _, groups, width = vector.inputs[index].shape
    if vector.op == "mix" and index == 0:
        return Shape(Rows.SEQUENCE, groups, SEQUENCE)
    return Shape(Rows.ONE if vector.op == "mix" and index == 2 else Rows.SEQUENCE, groups, width)
