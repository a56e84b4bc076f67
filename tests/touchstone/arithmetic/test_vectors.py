from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from tests.touchstone.arithmetic import text, vectors
from touchstone.arithmetic import rounding
from touchstone.engines.reference import OPERATORS
from touchstone.programs.rules import RULES


def test_every_operator_has_a_rule_a_reference_a_text_and_vectors() -> None:
    names = set(RULES)
    assert names == set(OPERATORS) == set(text.ELEMENTS)
    files = {path.stem for path in vectors.FOLDER.glob("*.json")}
    assert files == names | {"tables", "rounding"}


def test_no_two_operators_share_an_opcode() -> None:
    opcodes = [rule.opcode for rule in RULES.values()]
    assert len(set(opcodes)) == len(opcodes)


@pytest.mark.parametrize("op", sorted(RULES))
def test_reference_gives_the_vectors(op: str) -> None:
    for vector in vectors.read(op):
        operands = [len(vector.inputs[0])] if op == "embed_positions" else vector.inputs
        found = OPERATORS[op](*operands, *vector.constants, **vector.attributes, **vector.place)
        assert found.dtype == np.int32
        assert np.array_equal(found, vector.output)


@pytest.mark.parametrize("op", sorted(RULES))
def test_text_gives_the_vectors_element_by_element(op: str) -> None:
    for vector in vectors.read(op):
        operands = [*vector.inputs, *vector.constants]
        named = vector.attributes | vector.place
        found = text.compute(op, operands, named, vector.output.shape)
        assert np.array_equal(found, vector.output)


def test_halves_go_up_for_negative_numbers_too() -> None:
    cases = json.loads((vectors.FOLDER / "rounding.json").read_text())
    one = np.int64(1)
    for value, shift, wanted in cases["round_shift"]:
        assert int(rounding.round_shift(value * one, shift)) == wanted
        assert text.round_shift(value, shift) == wanted
    for numerator, denominator, wanted in cases["round_div"]:
        assert int(rounding.round_div(numerator * one, denominator)) == wanted
        assert text.round_div(numerator, denominator) == wanted
    assert [-3, 1, -1] in cases["round_shift"] and [-3, 2, -1] in cases["round_div"]
    assert [3, 1, 2] in cases["round_shift"]


def test_vector_files_are_what_the_script_writes() -> None:
    path = Path(__file__).parents[3] / "scripts" / "make_vectors_arithmetic.py"
    spec = importlib.util.spec_from_file_location("make_vectors_arithmetic", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, content in module.contents().items():
        assert (vectors.FOLDER / name).read_text() == content, f"run {path.name} again"
