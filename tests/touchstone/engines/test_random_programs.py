from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.touchstone.engines.random_programs import random_batch, random_model
from touchstone.engines import ReferenceEngine, TorchEngine
from touchstone.engines.kernels import Int64, all_kernels
from touchstone.engines.plan import make_plan
from touchstone.errors import InputError
from touchstone.programs import SEQUENCE, InputKind, Program, validate
from touchstone.programs.rules import CAUSAL_ONLY, RULES

SEEDS = st.integers(0, 2**31 - 1)


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@settings(max_examples=15, deadline=None)
@given(SEEDS, SEEDS, st.integers(1, 6))
def test_torch_is_the_reference_on_random_programs(seed: int, data: int, count: int) -> None:
    model = random_model(seed)
    batch = random_batch(model, data, count)
    for output in outputs_of(model.program)[-4:]:
        variant = replace(model, program=replace(model.program, output=output))
        wanted = ReferenceEngine(variant).run(batch)
        found = TorchEngine(variant, kernels=[Int64()]).run(batch)
        for a, b in zip(wanted, found, strict=True):
            assert a.dtype == b.dtype == np.int32 and a.shape == b.shape
            assert np.array_equal(a, b)


def outputs_of(program: Program) -> list[int]:
    """The values that could be the output."""
    shapes = validate(program)
    return [i for i, s in enumerate(shapes) if i and s.groups == 1 and s.width != SEQUENCE]


def test_random_programs_reach_every_operator_and_the_fused_attention() -> None:
    seen, fused = set(), 0
    for seed in range(120):
        program = random_model(seed).program
        seen |= {operator.op for operator in program.operators}
        fused += any(step.attention for step in make_plan(program))
    tokens_only = {"embed_tokens", "embed_positions"}
    assert seen == set(RULES) - CAUSAL_ONLY - tokens_only
    assert fused > 10


@settings(max_examples=15, deadline=None)
@given(SEEDS, SEEDS, st.randoms(use_true_random=False))
def test_an_output_depends_on_its_own_sequence_only(seed: int, data: int, random: object) -> None:
    model = random_model(seed)
    engine = TorchEngine(model)
    batch = random_batch(model, data, 7)
    alone = [engine.run([sequence])[0] for sequence in batch]
    order = list(range(7))
    random.shuffle(order)  # type: ignore[attr-defined]
    together = engine.run([batch[i] for i in order])
    for place, index in enumerate(order):
        assert np.array_equal(together[place], alone[index])


@settings(max_examples=3, deadline=None)
@given(SEEDS, SEEDS)
def test_every_kernel_and_thread_count_gives_the_same_bytes(seed: int, data: int) -> None:
    model = random_model(seed)
    batch = random_batch(model, data, 4)
    outputs = []
    for threads in (1, 2, 3):
        for kernel in all_kernels():
            engine = TorchEngine(model, threads=threads, kernels=[kernel, Int64()])
            outputs.append(b"".join(output.tobytes() for output in engine.run(batch)))
    assert len(set(outputs)) == 1


def test_a_sequence_that_does_not_fit_is_refused() -> None:
    model = random_model(1)
    assert model.program.input.kind is InputKind.ROWS
    width = model.program.input.width
    for engine in (ReferenceEngine(model), TorchEngine(model, kernels=[Int64()])):
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
