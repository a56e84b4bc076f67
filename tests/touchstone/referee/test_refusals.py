"""Every kind of bad opening is refused, by the name of what is wrong with it."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from tests.touchstone.referee.bad import opened, refuses, reworded
from tests.touchstone.referee.judge import Judge
from tests.touchstone.referee.transcript import Case, Sketch
from touchstone.errors import TransactionReverted
from touchstone.programs import encode
from touchstone.programs.encoding import RECORD, operator_chunks
from touchstone.programs.rules import ACROSS_ALL, CAUSAL_ONLY, RULES
from touchstone.protocol.merkle import CHUNK
from touchstone.transcripts.evidence import Evidence
from touchstone.transcripts.proofs import Chunks
from touchstone.transcripts.question import Question
from touchstone.transcripts.trees import ChunkTree

LENGTH, WIDTH, CHANNELS = 5, 600, 7


class World:
    """A product of rows of 600 with weights, in a transcript of three sequences."""

    def __init__(self) -> None:
        random = np.random.default_rng(1)
        x = random.integers(-(1 << 20), 1 << 20, (LENGTH, 1, WIDTH)).astype(np.int32)
        sketch = Sketch(LENGTH, x)
        peak = sketch.run("peak", (0,))
        weight = random.integers(-128, 128, (CHANNELS, WIDTH)).astype(np.int8)
        scale = random.integers(0, 1 << 20, CHANNELS).astype(np.int32)
        bias = random.integers(-99, 99, CHANNELS).astype(np.int32)
        named = {"row_bits": 12, "scale_bits": 27, "groups": 1}
        self.value = sketch.run("matmul", (0, peak), (weight, scale, bias), **named)
        self.total = sketch.run("row_sum", (0,))
        self.case: Case = sketch.case(1, 3)
        self.question: Question = self.case.question(self.value, 2 * CHANNELS + 3)
        self.whole: Evidence = self.case.builder.whole(self.question, self.case.source)


@pytest.fixture(scope="module")
def world() -> World:
    return World()


def with_rows(evidence: Evidence, place: int, **changed: object) -> Evidence:
    rows = list(evidence.rows)
    rows[place] = replace(rows[place], **changed)
    return replace(evidence, rows=tuple(rows))


def flipped(data: bytes) -> bytes:
    return bytes([data[0] ^ 1]) + data[1:]


def reopened(chunks: Chunks, keep: tuple[int, ...], tree: ChunkTree) -> Chunks:
    """The openings of `keep` alone."""
    assert set(keep) < set(chunks.indexes)
    return opened(tree, keep)


def with_words(world: World, words: dict[int, int]) -> tuple[Question, Chunks]:
    """The question about a program whose record has these words, and that record opened."""
    indexes = tuple(operator_chunks(world.value, constants=True))
    return reworded(world.case, world.question, world.value, words, indexes)


def test_honest_evidence_is_taken(judge: Judge, world: World) -> None:
    wanted = world.case.answer(world.question)
    assert judge.call("expected", world.question, world.whole) == wanted
    assert judge.call("claimed", world.question, world.whole) == wanted


def test_a_wrong_chunk(judge: Judge, world: World) -> None:
    bad = with_rows(world.whole, 0, data=flipped(world.whole.rows[0].data))
    for name in ("expected", "claimed"):
        refuses(judge, "WrongBody", name, world.question, bad, wanted=world.question.body)


def test_a_missing_chunk_is_named(judge: Judge, world: World) -> None:
    indexes = world.whole.rows[0].indexes
    assert len(indexes) == 11
    for gone in range(11):
        keep = tuple(index for place, index in enumerate(indexes) if place != gone)
        chunks = reopened(world.whole.rows[0], keep, world.case.source.trees[0])
        bad = replace(world.whole, rows=(chunks, *world.whole.rows[1:]))
        fields = {"leaf": 0, "chunk": indexes[gone]}
        refuses(judge, "MissingChunk", "expected", world.question, bad, **fields)


def test_a_missing_value_is_named(judge: Judge, world: World) -> None:
    only = world.case.builder.finish(world.question, world.case.source)
    call = ("partialOf", world.question, replace(only, constants=world.whole.constants))
    refuses(judge, "MissingChunk", *call, 0, WIDTH, leaf=0, chunk=2 * 4 * WIDTH // CHUNK)


def test_a_missing_chunk_of_a_constant_is_named(judge: Judge, world: World) -> None:
    without = (Chunks(), *world.whole.constants[1:])
    bad = replace(world.whole, constants=without)
    fields = {"constant_": 0, "chunk": 3 * WIDTH // CHUNK}
    refuses(judge, "MissingConstantChunk", "expected", world.question, bad, **fields)
    bad = replace(world.whole, constants=world.whole.constants[:2])
    refuses(judge, "WrongConstantCount", "expected", world.question, bad, given=2, needed=3)


def test_swapped_values(judge: Judge, world: World) -> None:
    whole = world.whole
    assert whole.values == (0, 2, 3)
    bad = replace(whole, values=(2, 0, 3), rows=(whole.rows[1], whole.rows[0], whole.rows[2]))
    refuses(judge, "IndexOutOfOrder", "expected", world.question, bad, index=0)
    relabelled = world.case.builder.finish(world.question, world.case.source)
    question = replace(world.question, value=world.total, element=0)
    records = world.case.builder.records(question)
    bad = replace(relabelled, values=(0, 4), records=records, constants=())
    refuses(judge, "WrongDataLength", "claimed", question, bad)


def test_a_value_that_the_step_does_not_read(judge: Judge, world: World) -> None:
    bad = replace(world.whole, values=(0, 1, 3))
    refuses(judge, "UnexpectedValue", "expected", world.question, bad, leaf=1)


def test_siblings_left_over_or_missing(judge: Judge, world: World) -> None:
    whole = world.whole

    def change(siblings: tuple[bytes, ...]) -> list[tuple[bytes, ...]]:
        return [(*siblings, bytes(32)), siblings[:-1]]

    def everywhere() -> list[Evidence]:
        found = [replace(whole, value_siblings=s) for s in change(whole.value_siblings)]
        found += [replace(whole, sequence_siblings=s) for s in change(whole.sequence_siblings)]
        for place, chunks in enumerate(whole.rows):
            if chunks.siblings:
                found += [with_rows(whole, place, siblings=s) for s in change(chunks.siblings)]
        for siblings in change(whole.records.siblings):
            found.append(replace(whole, records=replace(whole.records, siblings=siblings)))
        weights = whole.constants[0]
        for siblings in change(weights.siblings):
            changed = replace(weights, siblings=siblings)
            found.append(replace(whole, constants=(changed, *whole.constants[1:])))
        return found

    bad = everywhere()
    assert len(bad) >= 10
    for evidence in bad:
        refuses(judge, "WrongSiblingCount", "expected", world.question, evidence)


def test_no_values_need_no_siblings(judge: Judge, world: World) -> None:
    nothing = replace(world.whole, values=(), rows=())
    refuses(judge, "WrongSiblingCount", "claimed", world.question, nothing, needed=0)
    nothing = replace(nothing, value_siblings=())
    refuses(judge, "WrongSiblingCount", "claimed", world.question, nothing, needed=0)
    nothing = replace(nothing, sequence_siblings=())
    refuses(judge, "MissingChunk", "claimed", world.question, nothing, leaf=world.value)


def test_evidence_that_is_cut_or_goes_on(judge: Judge, world: World) -> None:
    whole = world.whole.as_abi()
    for size in (0, 1, 5, 6, 100, len(whole) // 2, len(whole) - 1):
        refuses(judge, "OpeningCut", "expected", world.question, whole[:size])
    refuses(judge, "OpeningTooLong", "expected", world.question, whole + b"\0", left=1)
    # Who asks about records alone is not told what stands behind them.
    assert judge.call("reduction", world.question, whole) == (WIDTH, 1024)


def test_chunks_out_of_order(judge: Judge, world: World) -> None:
    indexes = world.whole.rows[0].indexes
    for wrong in ((indexes[1], indexes[0]), (indexes[0], indexes[0])):
        bad = with_rows(world.whole, 0, indexes=(*wrong, *indexes[2:]))
        refuses(judge, "IndexOutOfOrder", "expected", world.question, bad)
    bad = with_rows(world.whole, 0, indexes=(*indexes[:-1], 47))
    refuses(judge, "IndexOutOfRange", "expected", world.question, bad, index=47, count=47)
    bad = with_rows(world.whole, 0, data=world.whole.rows[0].data[:-1])
    refuses(judge, "WrongDataLength", "expected", world.question, bad)
    bad = with_rows(world.whole, 0, data=world.whole.rows[0].data[:-CHUNK])
    refuses(judge, "WrongDataLength", "expected", world.question, bad)
    bad = with_rows(world.whole, 0, indexes=(), data=b"", siblings=())
    refuses(judge, "NothingOpened", "expected", world.question, bad)


def test_an_element_or_a_value_that_there_is_not(judge: Judge, world: World) -> None:
    size = LENGTH * CHANNELS
    bad = replace(world.question, element=size)
    refuses(judge, "ElementOutOfRange", "claimed", bad, world.whole, element=size, size=size)
    for value in (0, 5):
        bad = replace(world.question, value=value)
        refuses(judge, "ValueOutOfRange", "expected", bad, world.whole, value=value, operators=4)
    bad = replace(world.question, length=0)
    refuses(judge, "ElementOutOfRange", "expected", bad, world.whole, size=0)


def test_records_of_another_operator_or_program(judge: Judge, world: World) -> None:
    other = world.case.builder.records(replace(world.question, value=2, element=0))
    bad = replace(world.whole, records=other)
    refuses(judge, "MissingRecord", "expected", world.question, bad, record=world.value, word=0)
    question = replace(world.question, program=bytes(32))
    refuses(judge, "WrongProgram", "expected", question, world.whole, wanted=bytes(32))
    records = encode(world.case.program)
    data = records[2 * RECORD : 2 * RECORD + 3 * CHUNK]
    bad = replace(world.whole, records=replace(world.whole.records, data=data))
    refuses(judge, "WrongProgram", "expected", world.question, bad, wanted=world.question.program)


def test_the_record_of_an_operand_is_asked_for(judge: Judge, world: World) -> None:
    question = replace(world.question, value=world.total, element=1)
    whole = world.case.builder.whole(question, world.case.source)
    alone = world.case.builder.finish(question, world.case.source).records
    refuses(judge, "MissingRecord", "expected", question, replace(whole, records=alone), record=0)


def test_each_chunk_of_a_record_that_is_read_is_asked_for(judge: Judge, world: World) -> None:
    tree, records = ChunkTree(encode(world.case.program)), world.whole.records
    assert records.indexes == tuple(4 * world.value + i for i in range(3))
    for gone, word in enumerate((0, 8, 16)):
        keep = tuple(index for place, index in enumerate(records.indexes) if place != gone)
        bad = replace(world.whole, records=reopened(records, keep, tree))
        fields = {"record": world.value, "word": word}
        refuses(judge, "MissingRecord", "expected", world.question, bad, **fields)
    # Whoever opens the label as well pays for it, and is not refused.
    full = opened(tree, (*records.indexes, 4 * world.value + 3))
    whole = replace(world.whole, records=full)
    assert judge.call("expected", world.question, whole) == world.case.answer(world.question)


def test_a_constant_of_another_operator(judge: Judge, world: World) -> None:
    scale, bias = world.whole.constants[1:]
    bad = replace(world.whole, constants=(world.whole.constants[0], bias, bias))
    refuses(judge, "WrongConstant", "expected", world.question, bad, constant_=1)
    bad = replace(world.whole, constants=(scale, scale, bias))
    refuses(judge, "WrongDataLength", "expected", world.question, bad)


def test_another_sequence_or_body(judge: Judge, world: World) -> None:
    for changed in ({"sequence": 0}, {"body": bytes(32)}):
        question = replace(world.question, **changed)
        refuses(judge, "WrongBody", "expected", question, world.whole)
    question = replace(world.question, sequence=3)
    refuses(judge, "IndexOutOfRange", "expected", question, world.whole, index=3, count=3)
    # A tree of two sequences is less deep than one of three.
    question = replace(world.question, sequences=2)
    refuses(judge, "WrongSiblingCount", "expected", question, world.whole)


@pytest.mark.parametrize(("start", "stop"), [(0, 0), (3, 2), (0, WIDTH + 1), (WIDTH, WIDTH + 1)])
def test_a_segment_that_there_is_not(judge: Judge, world: World, start: int, stop: int) -> None:
    call = ("partialOf", world.question, world.whole, start, stop)
    refuses(judge, "BadSegment", *call, terms=WIDTH)


def test_totals_that_no_program_reaches_are_bounded(judge: Judge, world: World) -> None:
    """A party may state any number as a part: no number makes the referee revert."""
    evidence = world.case.builder.finish(world.question, world.case.source)
    records = world.case.builder.records(world.question)
    top, low = (1 << 255) - 1, -(1 << 255)
    for stated, sum_ in (([top, top], 2 << 64), ([low] * 3, -(3 << 64)), ([top, low], 0)):
        assert judge.call("combined", world.question, records, stated) == sum_
    assert judge.call("finish", world.question, evidence, top) == (1 << 31) - 1
    assert judge.call("finish", world.question, evidence, low) == -(1 << 31)
    refuses(judge, "NoParts", "combined", world.question, records, [])


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ({0: 0}, "UnknownOpcode"),
        ({0: 31}, "UnknownOpcode"),
        ({0: 1 << 255}, "UnknownOpcode"),
        ({1: 3}, "MalformedRecord"),
        ({2: 1 << 40}, "MalformedRecord"),
        ({5: 3}, "MalformedRecord"),
        ({5: 15}, "MalformedRecord"),
        ({5: (1 << 256) - 4}, "MalformedRecord"),
        ({6: 41}, "MalformedRecord"),
        ({13: 2}, "MalformedRecord"),
        ({14: 0}, "MalformedRecord"),
        ({15: 1 << 19}, "MalformedRecord"),
        ({16: 1 << 96 | 1 << 64 | 7 << 32 | WIDTH}, "MalformedRecord"),
        ({16: 2 << 96 | 4 << 64 | 7 << 32 | WIDTH}, "MalformedRecord"),
        ({16: 2 << 96 | 1 << 64 | 7 << 32}, "MalformedRecord"),
    ],
)
def test_malformed_records(judge: Judge, world: World, words: dict[int, int], error: str) -> None:
    """Nodes offer no such program; a referee that is asked about one says what is wrong."""
    question, opened = with_words(world, words)
    # Without constants, so that only the record can be found wrong.
    bad = replace(world.whole, records=opened, constants=(Chunks(),) * 3)
    if set(words) <= {5, 6}:
        bad = replace(bad, constants=world.whole.constants)
    refuses(judge, error, "expected", question, bad)


def test_the_referee_knows_every_operator_and_no_other(judge: Judge, world: World) -> None:
    """Fails when an operator is added to the rules and not to the referee."""
    known = {rule.opcode: op for op, rule in RULES.items()}
    for opcode, causal in product(range(40), (False, True)):
        question, records = with_words(world, {0: opcode, 13: 1})
        question = replace(question, causal=causal, element=0)
        if opcode not in known:
            refuses(judge, "UnknownOpcode", "reduction", question, records, opcode=opcode)
        elif known[opcode] in (ACROSS_ALL if causal else CAUSAL_ONLY):
            fields = {"opcode": opcode, "causal": causal}
            refuses(judge, "OperatorOutOfPlace", "reduction", question, records, **fields)
        else:
            try:
                judge.call("reduction", question, records)
            except TransactionReverted as reverted:
                assert reverted.error == "MissingRecord"
