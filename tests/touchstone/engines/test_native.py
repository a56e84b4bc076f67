from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.touchstone.engines.random_causal import orders, random_causal_model
from tests.touchstone.engines.random_programs import Int32, built, random_batch
from touchstone.engines import CausalReference
from touchstone.engines.native import selftest
from touchstone.engines.native.causal_lowering import lower_causal
from touchstone.engines.native.engine import NativeEngine
from touchstone.engines.native.machine.fields import ATTENTION
from touchstone.engines.native.memory import Memory
from touchstone.engines.native.step import Feed
from touchstone.errors import InputError
from touchstone.programs import SEQUENCE, InputKind, InputSpec, Model, validate
from touchstone.programs.builder import ProgramBuilder
from touchstone.programs.program import ORDER_WIDTH
from touchstone.programs.rules import ACROSS_ALL, RULES

SEEDS = st.integers(0, 2**31 - 1)


def batch_of(model: Model, seed: int, count: int) -> list[Int32]:
    batch = random_batch(model, seed, count)
    if model.program.input.width != ORDER_WIDTH:
        return batch
    return [orders(np.random.default_rng(seed), rows) for rows in batch]


@settings(max_examples=25, deadline=None)
@given(SEEDS, SEEDS)
def test_every_value_of_a_random_program_is_that_of_the_reference(seed: int, data: int) -> None:
    model = random_causal_model(seed)
    (rows,) = batch_of(model, data, 1)
    found = NativeEngine(model, threads=2).replay(rows)
    for (number, wanted), (other, value), shape in zip(
        CausalReference(model).replay(rows), found, validate(model.program), strict=True
    ):
        assert number == other and value.dtype == np.int32 and value.shape == wanted.shape
        if shape.width == SEQUENCE:
            for position in range(len(rows)):
                own = slice(position + 1)
                assert np.array_equal(value[position, :, own], wanted[position, :, own])
        else:
            assert np.array_equal(value, wanted)


@settings(max_examples=25, deadline=None)
@given(SEEDS, SEEDS, st.integers(1, 4))
def test_outputs_of_random_programs_are_those_of_the_reference(
    seed: int, data: int, count: int
) -> None:
    model = random_causal_model(seed)
    batch = batch_of(model, data, count)
    shapes = validate(model.program)
    outputs = [i for i, s in enumerate(shapes) if i and s.groups == 1 and s.width != SEQUENCE]
    for output in outputs[-3:]:
        variant = replace(model, program=replace(model.program, output=output))
        wanted = CausalReference(variant).run(batch)
        engine = NativeEngine(variant, threads=2)
        last = [len(rows) // 2 for rows in batch]
        for a, b, c, n in zip(
            wanted, engine.run(batch), engine.run(batch, last), last, strict=True
        ):
            assert a.dtype == b.dtype == np.int32 and np.array_equal(a, b)
            assert np.array_equal(a[len(a) - n :], c)


def test_random_programs_reach_every_operator_and_the_fused_attention() -> None:
    seen, fused = set(), 0
    for seed in range(150):
        model = random_causal_model(seed)
        seen |= {operator.op for operator in model.program.operators}
        nodes = lower_causal(model.program, Memory(model.tensors)).nodes
        fused += any(node.op == ATTENTION for node in nodes)
    assert seen == set(RULES) - ACROSS_ALL - {"embed_tokens"}
    assert fused > 10


@settings(max_examples=15, deadline=None)
@given(SEEDS, SEEDS, st.randoms(use_true_random=False))
def test_chunks_batches_threads_and_resuming_change_nothing(
    seed: int, data: int, random: object
) -> None:
    model = random_causal_model(seed)
    batch = batch_of(model, data, 4)
    wanted = NativeEngine(model, threads=1).run(batch)
    engine = NativeEngine(model, threads=random.choice([1, 2, 3]))  # type: ignore[attr-defined]
    sessions = [engine.session() for _ in batch]
    while True:
        feeds, numbers = [], []
        for number, (session, rows) in enumerate(zip(sessions, batch, strict=True)):
            left = rows[session.length :]
            if len(left) and random.random() < 0.7:  # type: ignore[attr-defined]
                if random.random() < 0.2:  # type: ignore[attr-defined]
                    sessions[number] = session = engine.session(engine.save(session))
                count = random.randint(1, len(left))  # type: ignore[attr-defined]
                wish = random.randint(0, count)  # type: ignore[attr-defined]
                feeds.append(Feed(session, left[:count], wish))
                numbers.append(number)
        if feeds:
            for number, feed, found in zip(numbers, feeds, engine.step(feeds), strict=True):
                end = feed.session.length
                assert np.array_equal(found, wanted[number][end - feed.wanted : end])
        if all(len(rows) == s.length for rows, s in zip(batch, sessions, strict=True)):
            break


def test_a_sequence_that_does_not_fit_is_refused() -> None:
    model = random_causal_model(1)
    engine = NativeEngine(model, threads=1)
    width = model.program.input.width
    for wrong in (
        np.zeros((0, width), np.int32),
        np.zeros((41, width), np.int32),
        np.zeros((3, width + 1), np.int32),
        np.zeros((3, width), np.int64),
    ):
        with pytest.raises(InputError, match="sequence 1"):
            engine.run([np.zeros((2, width), np.int32), wrong])
    session = engine.session()
    engine.step([Feed(session, np.zeros((40, width), np.int32), 0)])
    with pytest.raises(InputError, match="takes 40 positions, not 41"):
        engine.step([Feed(session, np.zeros((1, width), np.int32), 0)])
    with pytest.raises(InputError, match="two feeds of one step"):
        engine.step([Feed(session, np.zeros((0, width), np.int32), 0)] * 2)
    assert engine.run([]) == engine.step([]) == []


def test_sums_past_int32_are_exact() -> None:
    """Rows of extremes times weights of -128 pass 2^31 where they have more than 1,024 terms."""
    deep = 1100
    builder = ProgramBuilder(InputSpec(InputKind.ROWS, deep, 4, causal=True))
    weight = np.full((17, deep), -128, np.int8)
    weight[1] = 127
    scale, bias = np.full(17, 1 << 10, np.int32), np.zeros(17, np.int32)
    product = builder.add(
        "matmul", "product", (0, builder.add("peak", "peak", (0,))), (weight, scale, bias),
        row_bits=14, scale_bits=40, groups=1,
    )  # fmt: skip
    model = built(builder, product)
    rows = np.full((4, deep), -(1 << 31), np.int32)
    rows[1] = (1 << 31) - 1
    rows[2, ::2] = 5
    wanted = CausalReference(model).run([rows])[0]
    assert np.array_equal(NativeEngine(model, threads=1).run([rows])[0], wanted)
    assert 128 * deep << 14 > 1 << 31


def test_the_self_test_notices_one_wrong_weight() -> None:
    assert selftest.is_exact()
    sample, rows = selftest.sample_program(), selftest.sample_rows()
    wanted = list(CausalReference(sample).replay(rows))
    engine = NativeEngine(sample, threads=1)
    assert selftest.agrees(engine, rows, wanted)
    engine._executor.weights[engine._executor.weights.size // 2] ^= 1
    assert not selftest.agrees(engine, rows, wanted)
