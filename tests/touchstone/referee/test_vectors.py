"""Every case of tests/vectors/arithmetic, as a program of one operator on given values."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import numpy as np
import pytest

from tests.touchstone.arithmetic import vectors
from tests.touchstone.referee.judge import Judge
from tests.touchstone.referee.transcript import Case, Sketch
from touchstone.programs import SEQUENCE, Rows, Shape
from touchstone.programs.rules import CAUSAL_ONLY, RULES

SAMPLE = 120
"""Elements of all vectors of an operator, of each one as many."""


@pytest.mark.parametrize("op", sorted(RULES))
def test_the_referee_gives_the_vectors(judge: Judge, op: str) -> None:
    cases = list(vectors.read(op))
    for number, vector in enumerate(cases):
        random = Random(f"{op} {number}")
        if op in CAUSAL_ONLY:
            (case, value), position = causal_case_of(vector), position_of(vector)
            assert np.array_equal(case.at(value, position), vector.output[0])
        else:
            (case, value), position = case_of(vector), 0
            assert np.array_equal(case.at(value), vector.output)
        size = vector.output.size
        for element in random.sample(range(size), min(-(-SAMPLE // len(cases)), size)):
            judge.check(case, value, element, random, position)


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


def causal_case_of(vector: vectors.Vector) -> tuple[Case, int]:
    """The same for an operator of causal programs, at the vector's position; there are others."""
    position = position_of(vector)
    sketch = Sketch(position + 3, causal=True)
    inputs = []
    for index, array in enumerate(vector.inputs):
        _, groups, width = array.shape
        wide = vector.op == "causal_mix" and index == 0
        whole = np.zeros((sketch.length, groups, sketch.length if wide else width), np.int32)
        whole[position + 1 - len(array) : position + 1, :, :width] = array
        shape = Shape(Rows.SEQUENCE, groups, SEQUENCE if wide else width)
        inputs.append(sketch.given(whole, shape))
    tensors = tuple(_longer(sketch, vector))
    value = sketch.run(vector.op, tuple(inputs), tensors, **vector.attributes)
    return sketch.case(sequence=2, sequences=5), value


def _longer(sketch: Sketch, vector: vectors.Vector) -> Iterator[np.ndarray]:
    """The constants; tables of positions with rows for all of the sketch."""
    for constant in vector.constants:
        missing = sketch.length - len(constant) if vector.op == "rotate" else 0
        yield np.concatenate([constant, constant[:1].repeat(max(missing, 0), axis=0)])


def position_of(vector: vectors.Vector) -> int:
    """Where a causal vector stands: its histories end there."""
    return vector.place.get("position", max(map(len, vector.inputs)) - 1)
