from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.touchstone.engines.random_programs import built, random_batch, random_model
from touchstone.arithmetic.tables import exp_table
from touchstone.engines import ReferenceEngine
from touchstone.engines.native import encoder_selftest
from touchstone.engines.native.encoder import NativeEncoder
from touchstone.engines.native.encoder_lowering import EncoderLowering
from touchstone.engines.native.memory import Memory
from touchstone.errors import InputError
from touchstone.programs import SEQUENCE, InputKind, InputSpec, validate
from touchstone.programs.builder import ProgramBuilder

SEEDS = st.integers(0, 2**31 - 1)


@settings(max_examples=25, deadline=None)
@given(SEEDS, SEEDS)
def test_every_value_of_a_random_program_is_that_of_the_reference(seed: int, data: int) -> None:
    model = random_model(seed)
    (rows,) = random_batch(model, data, 1)
    found = NativeEncoder(model, threads=2).replay(rows)
    for (number, wanted), (other, value) in zip(
        ReferenceEngine(model).replay(rows), found, strict=True
    ):
        assert number == other and value.dtype == np.int32 and value.shape == wanted.shape
        assert np.array_equal(value, wanted)


@settings(max_examples=40, deadline=None)
@given(SEEDS, SEEDS, st.integers(1, 6), st.integers(1, 3))
def test_outputs_of_random_programs_are_those_of_the_reference(
    seed: int, data: int, count: int, threads: int
) -> None:
    model = random_model(seed)
    batch = random_batch(model, data, count)
    shapes = validate(model.program)
    outputs = [i for i, s in enumerate(shapes) if i and s.groups == 1 and s.width != SEQUENCE]
    for output in outputs[-4:]:
        variant = replace(model, program=replace(model.program, output=output))
        wanted = ReferenceEngine(variant).run(batch)
        found = NativeEncoder(variant, threads).run(batch)
        for a, b in zip(wanted, found, strict=True):
            assert a.dtype == b.dtype == np.int32 and a.shape == b.shape
            assert np.array_equal(a, b)


def test_random_programs_reach_the_fused_attention() -> None:
    fused = 0
    for seed in range(60):
        model = random_model(seed)
        shapes, memory = validate(model.program), Memory(model.tensors)
        fused += bool(EncoderLowering(model.program, shapes, memory, fused=True).attentions)
    assert fused > 10


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 2), st.integers(1, 140), st.integers(0, 28), st.sampled_from([6, 14]), SEEDS)
def test_attention_is_exact_where_sums_pass_int32_and_one_share_is_all(
    heads: int, width: int, size: int, bits: int, data: int
) -> None:
    """Rows look most at themselves; a product of wide rows of extremes reaches 2^28 * width."""
    builder = ProgramBuilder(InputSpec(InputKind.ROWS, heads * width, 40))
    random = np.random.default_rng(data)
    put = builder.add
    eye = np.eye(heads * width, dtype=np.int8)
    ones, none = np.full(len(eye), 1 << 18, np.int32), np.zeros(len(eye), np.int32)
    x = put(
        "matmul", "x", (0, put("peak", "peak", (0,))), (eye, ones, none),
        row_bits=14, scale_bits=18, groups=heads,
    )  # fmt: skip
    peak = put("peak", "peaks", (x,))
    scores = put(
        "scores", "scores", (x, peak, x, peak), row_bits=bits, factor=1 << 16, factor_bits=16
    )
    weights = put("exp", "exp", (scores, put("row_max", "max", (scores,))), (exp_table(),))
    shares = put("probabilities", "shares", (weights, put("row_sum", "sum", (weights,))))
    mix = put("mix", "mix", (shares, x, put("column_max", "top", (peak,))), row_bits=bits)
    model = built(builder, put("join", "output", (mix,)))
    rows = random.integers(-(1 << size), (1 << size) + 1, (23, heads * width)).astype(np.int32)
    rows[::3] = np.sign(rows[::3]) << size
    (wanted,) = ReferenceEngine(model).run([rows])
    assert np.array_equal(NativeEncoder(model, threads=1).run([rows])[0], wanted)


@settings(max_examples=10, deadline=None)
@given(SEEDS, SEEDS, st.randoms(use_true_random=False))
def test_an_output_depends_on_its_own_sequence_only(seed: int, data: int, random: object) -> None:
    model = random_model(seed)
    engine = NativeEncoder(model, threads=2)
    batch = random_batch(model, data, 30)
    alone = [engine.run([sequence])[0] for sequence in batch]
    order = list(range(30))
    random.shuffle(order)  # type: ignore[attr-defined]
    together = engine.run([batch[i] for i in order])
    for place, index in enumerate(order):
        assert np.array_equal(together[place], alone[index])


def test_a_sequence_that_does_not_fit_is_refused() -> None:
    model = random_model(1)
    engine = NativeEncoder(model, threads=1)
    width = model.program.input.width
    for wrong in (
        np.zeros((0, width), np.int32),
        np.zeros((41, width), np.int32),
        np.zeros((3, width + 1), np.int32),
        np.zeros((3, width), np.int64),
        np.zeros(3, np.int32),
    ):
        with pytest.raises(InputError, match="sequence 1"):
            engine.run([np.zeros((2, width), np.int32), wrong])
    assert engine.run([]) == []


def test_the_self_test_passes_and_notices_one_wrong_weight() -> None:
    assert encoder_selftest.is_exact()
    sample, tokens = encoder_selftest.sample_encoder(), encoder_selftest.sample_tokens()
    wanted = ReferenceEngine(sample).trace(tokens)
    engine = NativeEncoder(sample, threads=1)
    engine._executor.weights[len(engine._executor.weights) // 2] ^= 64
    assert not encoder_selftest.agrees(engine, tokens, wanted)
