"""Transcripts of causal programs, position by position, and what is opened of them."""

from __future__ import annotations

from itertools import pairwise
from random import Random
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.touchstone.programs.random_causal import random_causal, random_rows
from touchstone.engines import CausalReference
from touchstone.programs import program_root
from touchstone.protocol.merkle import ZERO, node
from touchstone.transcripts.evidence import EvidenceBuilder
from touchstone.transcripts.partials import partial_of
from touchstone.transcripts.proofs import climb, top_of
from touchstone.transcripts.question import Question
from touchstone.transcripts.reads import operand_leaves
from touchstone.transcripts.step import Step
from touchstone.transcripts.transcript import Transcript, body_of
from touchstone.transcripts.trees import ChunkTree, NodeTree, tops_of

MAXIMA = {"peak", "row_max", "argmax"}


class World:
    """A random program with its transcript of two sequences."""

    def __init__(self, seed: int) -> None:
        self.builder, self.program = random_causal(seed)
        model = SimpleNamespace(program=self.program, tensors=self.builder.tensors)
        self.replay = CausalReference(model).replay  # type: ignore[arg-type]
        self.rows = [random_rows(10 * seed + i, self.program) for i in range(2)]
        self.values = [[x for _, x in self.replay(rows)] for rows in self.rows]
        self.transcript = Transcript(self.program, self.replay, self.rows, b"output")
        self.evidence = EvidenceBuilder(self.program, self.builder.tensors)

    def question(self, sequence: int, position: int, value: int, element: int) -> Question:
        return Question(
            program=program_root(self.program),
            operators=len(self.program.operators),
            body=self.transcript.body,
            sequences=2,
            sequence=sequence,
            length=len(self.rows[sequence]),
            position=position,
            causal=True,
            value=value,
            element=element,
        )

    def questions(self, random: Random) -> list[Question]:
        """Some element of every operator's value."""
        found = []
        for value in range(1, len(self.program.operators) + 1):
            sequence = random.randrange(2)
            position = random.randrange(len(self.rows[sequence]))
            _, groups, width = self.transcript.layout.extents(sequence, value, position)
            found.append(self.question(sequence, position, value, random.randrange(groups * width)))
        return found


@pytest.fixture(scope="module", params=range(3))
def world(request: pytest.FixtureRequest) -> World:
    return World(request.param)


def test_a_tree_over_positions_of_trees_over_values(world: World) -> None:
    layout, bits = world.transcript.layout, world.transcript.layout.value_bits
    for sequence, rows in enumerate(world.rows):
        tops = []
        for position in range(len(rows)):
            below = []
            for value, x in enumerate(world.values[sequence]):
                width = layout.extents(sequence, value, position)[2]
                below.append(ChunkTree(x[position, :, :width].astype("<i4").tobytes()).top)
            below += [ZERO] * ((1 << bits) - len(below))
            tops.append(NodeTree(below).top)
            assert world.transcript.values[sequence].node(bits, position) == tops[-1]
        while len(tops) & (len(tops) - 1):
            tops.append(_absent(bits))
        assert world.transcript.values[sequence].top == NodeTree(tops).top
    assert world.transcript.body == body_of(world.program, world.replay, world.rows)


def _absent(height: int) -> bytes:
    return ZERO if height == 0 else node(_absent(height - 1), _absent(height - 1))


def test_positions_that_come_later_change_no_earlier_node(world: World) -> None:
    bits = world.transcript.layout.value_bits
    for rows, tree in zip(world.rows, world.transcript.values, strict=True):
        begun = Transcript(world.program, world.replay, [rows[: len(rows) // 2 + 1]], b"x")
        for position in range(len(rows) // 2 + 1):
            assert begun.values[0].node(bits, position) == tree.node(bits, position)


def test_what_is_opened_lies_under_the_body(world: World) -> None:
    layout = world.transcript.layout
    for question in world.questions(Random(1)):
        s = question.sequence
        step = world.evidence.step(question)
        leaves_read = {step.leaf, *operand_leaves(step, 0, step.reduction()[0])}
        world.transcript.prepare(s, leaves_read)
        opened = world.evidence.whole(question, world.transcript.source(s))
        assert set(opened.values) <= leaves_read
        assert opened.values == tuple(sorted(opened.values))
        leaves = {}
        for leaf, chunks in zip(opened.values, opened.rows, strict=True):
            position, value = layout.split(leaf)
            assert position <= question.position
            leaves[leaf] = top_of(chunks, layout.value_bytes(s, value, position))
        top = climb(leaves, layout.leaves(s), opened.value_siblings)
        assert climb({s: top}, 2, opened.sequence_siblings) == world.transcript.body


def test_partial_results_fold_however_they_are_cut(world: World) -> None:
    random = Random(2)
    for question in world.questions(random):
        step = world.evidence.step(question)
        terms, _ = step.reduction()
        if terms == 1:
            continue
        whole = _part(world, step, question.sequence, 0, terms)
        cuts = [0, *sorted(random.sample(range(1, terms), min(terms - 1, 3))), terms]
        parts = [_part(world, step, question.sequence, *cut) for cut in pairwise(cuts)]
        assert whole == (max(parts) if step.operator.op in MAXIMA else sum(parts))
        if step.operator.op == "argmax":
            assert (1 << 32) - 1 - whole % (1 << 32) == _element(world, question)


def _part(world: World, step: Step, sequence: int, start: int, stop: int) -> int:
    def elements(leaf: int) -> NDArray[np.int32]:
        return np.frombuffer(world.transcript.chunks(sequence, leaf).data, "<i4")

    world.transcript.prepare(sequence, operand_leaves(step, start, stop))
    return partial_of(step, elements, world.builder.tensors, start, stop)


def _element(world: World, question: Question) -> int:
    x = world.values[question.sequence][question.value][question.position]
    return int(x.reshape(-1)[question.element])


def test_a_position_that_there_is_not_is_refused(world: World) -> None:
    length = len(world.rows[0])
    with pytest.raises(ValueError, match=f"position {length} of {length}"):
        world.evidence.step(world.question(0, length, 1, 0))


@pytest.mark.parametrize("sizes", [[1], [256], [4, 252, 256, 260, 512, 513, 2000, 4, 256], [5] * 9])
def test_many_tops_at_once_are_those_of_their_trees(sizes: list[int]) -> None:
    rows = [memoryview(Random(size).randbytes(size)) for size in sizes]
    assert tops_of(rows) == [ChunkTree(row).top for row in rows]
