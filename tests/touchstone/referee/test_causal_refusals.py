"""Bad openings and records of causal programs, each refused by name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.touchstone.referee.bad import opened, refuses, reworded
from tests.touchstone.referee.judge import Judge
from tests.touchstone.referee.transcript import Case, Sketch
from touchstone.arithmetic.tables import noise_table
from touchstone.chain.artifacts import load_artifact
from touchstone.chain.devnet import Devnet
from touchstone.chain.sender import Sender
from touchstone.programs import SEQUENCE, Rows, Shape, encode
from touchstone.programs.encoding import operator_chunks
from touchstone.programs.program import ORDER_WIDTH
from touchstone.programs.rules import RULES
from touchstone.transcripts.evidence import Evidence
from touchstone.transcripts.question import Question
from touchstone.transcripts.trees import ChunkTree

LENGTH, POSITION, STOPS = 8, 4, 9


class World:
    """Each later operator once, in a causal program whose input holds orders; asked about at
    `POSITION`."""

    def __init__(self) -> None:
        random = np.random.default_rng(7)

        def ints(*shape: int) -> np.ndarray:
            return random.integers(-(1 << 20), 1 << 20, shape).astype(np.int32)

        # A token, which the program wrote, drawn with a temperature of one.
        order = np.full((LENGTH, 1, ORDER_WIDTH), (3, 1, 1 << 16, (1 << 31) - 1, 5, 6), np.int32)
        sketch = self.sketch = Sketch(LENGTH, order, causal=True)
        self.values: dict[str, int] = {}

        def given(groups: int, width: int) -> int:
            shape = Shape(Rows.SEQUENCE, groups, width)
            return sketch.given(ints(LENGTH, groups, width or LENGTH), shape)

        def run(op: str, inputs: tuple[int, ...], tensors: tuple[np.ndarray, ...] = (),
                **attributes: int) -> int:  # fmt: skip
            self.values[op] = sketch.run(op, inputs, tensors, **attributes)
            return self.values[op]

        table = random.integers(-128, 128, (7, 40)).astype(np.int8)
        run("embed_tokens", (0,), (table, np.full(7, 999, np.int32)), scale_bits=4)
        q, k, peaks = given(4, 8), given(2, 8), given(2, 1)
        bits = {"row_bits": 9, "key_bits": 9, "factor": 65536, "factor_bits": 17}
        run("rotate", (q,), (ints(LENGTH, 4), ints(LENGTH, 4)))
        run("causal_scores", (q, given(4, 1), k, peaks), **bits)
        run("causal_mix", (given(4, SEQUENCE), given(4, 1), k, peaks), row_bits=9)
        x, token = given(1, 70), given(1, 1)
        run("multiply", (x, x))
        run("slice", (x,), start=5, width=60)
        run("concat", (x, token))
        run("temper", (x, 0))
        run("perturb", (x, given(1, 1), 0), (noise_table(),))
        run("argmax", (x,))
        run("emit", (token, 0), (np.arange(10, 10 + STOPS, dtype=np.int32),))
        self.case: Case = sketch.case(1, 3)

    def asked(self, op: str, element: int = 0) -> tuple[Question, Evidence]:
        question = self.case.question(self.values[op], element, POSITION)
        return question, self.case.builder.whole(question, self.case.source)

    def spoiled(
        self, op: str, words: dict[int, int], record: int | None = None
    ) -> tuple[Question, Evidence]:
        """The same where a record has other words: the operator's, or that of another value."""
        question, evidence = self.asked(op)
        value = question.value if record is None else record
        question, records = reworded(self.case, question, value, words, evidence.records.indexes)
        return question, replace(evidence, records=records)


@pytest.fixture(scope="module")
def world() -> World:
    return World()


LATER = sorted(op for op, rule in RULES.items() if rule.opcode >= RULES["rotate"].opcode)


@pytest.mark.parametrize("op", ["embed_tokens", *LATER])
def test_honest_evidence_is_taken(judge: Judge, world: World, op: str) -> None:
    question, evidence = world.asked(op)
    wanted = world.case.answer(question)
    assert judge.call("judged", question, evidence) == (wanted, wanted)


def test_a_position_that_there_is_not(judge: Judge, world: World) -> None:
    question, evidence = world.asked("causal_mix")
    bad = replace(question, position=LENGTH)
    fields = {"position": LENGTH, "length": LENGTH}
    refuses(judge, "PositionOutOfRange", "expected", bad, evidence, **fields)


def test_an_element_behind_the_own_position(judge: Judge, world: World) -> None:
    question, evidence = world.asked("causal_scores")
    bad = replace(question, element=4 * (POSITION + 1))
    refuses(judge, "ElementOutOfRange", "expected", bad, evidence, size=4 * (POSITION + 1))


@pytest.mark.parametrize("position", [POSITION - 1, POSITION + 1])
def test_what_is_opened_of_another_position(judge: Judge, world: World, position: int) -> None:
    """Neither does the row of one position stand for that of another, nor may it be read."""
    question, evidence = world.asked("multiply")
    bad = replace(question, position=position)
    refuses(judge, "UnexpectedValue", "expected", bad, evidence)
    step = 1 << world.case.layout.value_bits
    moved = tuple(leaf + (position - POSITION) * step for leaf in evidence.values)
    refuses(judge, "WrongBody", "expected", bad, replace(evidence, values=moved))


def test_history_is_what_came_before(judge: Judge, world: World) -> None:
    """Of the weights no earlier position is opened, and of the values no later one."""
    question, evidence = world.asked("causal_mix")
    weights, _, _, peaks = world.case.program.operators[question.value - 1].inputs
    layout, leaves = world.case.layout, evidence.values
    assert leaves[1] == layout.leaf(peaks, 0) and leaves[-1] == layout.leaf(
        question.value, POSITION
    )
    early, late = layout.leaf(weights, 0), layout.leaf(peaks, POSITION + 1)
    for wrong, changed in (
        (early, (leaves[0], early, *leaves[2:])),
        (late, (*leaves[:-1], late)),
    ):
        bad = replace(evidence, values=changed)
        refuses(judge, "UnexpectedValue", "expected", question, bad, leaf=wrong)


def test_absent_values_of_a_position_are_siblings_like_others(judge: Judge, world: World) -> None:
    question, evidence = world.asked("emit")
    # The last value of the program: right of it nothing is present within its position.
    assert bytes(32) in evidence.value_siblings
    present = tuple(node for node in evidence.value_siblings if node != bytes(32))
    bad = replace(evidence, value_siblings=present)
    refuses(judge, "WrongSiblingCount", "expected", question, bad)


@pytest.mark.parametrize(
    ("op", "words", "error"),
    [
        ("multiply", {13: 0}, "MalformedRecord"),
        ("causal_scores", {6: 15}, "MalformedRecord"),
        ("causal_scores", {7: 1 << 17}, "MalformedRecord"),
        ("causal_scores", {8: 15}, "MalformedRecord"),
        ("causal_mix", {5: 3}, "MalformedRecord"),
        ("causal_mix", {3: 1 << 30}, "MalformedRecord"),
        ("slice", {5: 1 << 19}, "MalformedRecord"),
        ("concat", {15: 70}, "WidthsDoNotAdd"),
    ],
)
def test_malformed_records(
    judge: Judge, world: World, op: str, words: dict[int, int], error: str
) -> None:
    refuses(judge, error, "expected", *world.spoiled(op, words))


@pytest.mark.parametrize("op", ["causal_scores", "causal_mix"])
@pytest.mark.parametrize("groups", [0, 3])
def test_groups_that_do_not_share(judge: Judge, world: World, op: str, groups: int) -> None:
    history = world.case.program.operators[world.values[op] - 1].inputs[2]
    bad = world.spoiled(op, {14: groups}, history)
    refuses(judge, "MalformedRecord", "expected", *bad, record=history, word=14)


@pytest.mark.parametrize(
    ("op", "shape", "error"),
    [
        ("rotate", 2 << 96 | 4 << 64 | LENGTH << 32 | 3, "OddRow"),
        ("rotate", 2 << 96 | 1 << 64 | LENGTH << 32 | 4, "MalformedRecord"),
        ("perturb", 1 << 96 | 4 << 64 | 4096 << 32, "WrongTable"),
        ("emit", 1 << 96 | 4 << 64 | 65 << 32, "TooManyStops"),
        ("emit", 1 << 96 | 8 << 64 | STOPS << 32, "MalformedRecord"),
    ],
)
def test_malformed_constants(judge: Judge, world: World, op: str, shape: int, error: str) -> None:
    question, evidence = world.spoiled(op, {16: shape})
    # Nothing is opened of constants, so that only the record can be found wrong.
    empty = tuple(replace(c, indexes=(), data=b"", siblings=()) for c in evidence.constants)
    refuses(judge, error, "expected", question, replace(evidence, constants=empty))


@pytest.mark.parametrize(
    ("op", "operand"),
    [
        ("embed_tokens", 0), ("causal_scores", 2), ("causal_mix", 2),
        ("slice", 0), ("concat", 0), ("argmax", 0),
    ],
)  # fmt: skip
def test_the_record_of_an_operand_is_asked_for(
    judge: Judge, world: World, op: str, operand: int
) -> None:
    question, evidence = world.asked(op)
    record = world.case.program.operators[question.value - 1].inputs[operand]
    own = set(operator_chunks(question.value, constants=True)) & set(evidence.records.indexes)
    records = opened(ChunkTree(encode(world.case.program)), tuple(sorted(own)))
    bad = replace(evidence, records=records)
    refuses(judge, "MissingRecord", "expected", question, bad, record=record)


def test_the_key_of_an_earlier_position_is_asked_for(judge: Judge, world: World) -> None:
    question, evidence = world.asked("causal_scores", element=1)
    query, _, key, peak = world.case.program.operators[question.value - 1].inputs
    layout = world.case.layout
    assert {layout.leaf(key, 1), layout.leaf(peak, 1)} < set(evidence.values)
    finish = world.case.builder.finish(question, world.case.source)
    fields = {"leaf": layout.leaf(query, POSITION)}
    refuses(judge, "MissingChunk", "expected", question, finish, **fields)


def test_the_part_for_later_operators_has_no_others(judge: Judge, world: World) -> None:
    """Asked itself it refuses what it has no prover for."""
    with Devnet() as devnet:
        sender = Sender(devnet.w3, devnet.account(0), poll_s=0.01)
        part = Judge(devnet.url, sender.deploy(load_artifact("CausalReferee")))
        with part.client:
            question, evidence = world.asked("multiply")
            assert part.call("expected", question, evidence) == world.case.answer(question)
            question, evidence = world.asked("embed_tokens")
            refuses(part, "UnknownOpcode", "expected", question, evidence, opcode=1)
