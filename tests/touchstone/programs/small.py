"""A small valid program with most operators: one attention layer over 8 elements, two heads."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from touchstone.arithmetic.tables import GELU_LOW, exp_table, gelu_table
from touchstone.programs import (
    Constant,
    Facts,
    InputKind,
    InputSpec,
    Manifest,
    ModelWriter,
    Program,
    weights,
)
from touchstone.programs.builder import ProgramBuilder

MAX_LENGTH = 16
VOCABULARY = 11
SPEC = InputSpec(InputKind.TOKENS, 1, MAX_LENGTH)


def small_builder() -> tuple[ProgramBuilder, int]:
    """The builder and the program's output value."""
    builder = ProgramBuilder(SPEC)
    return builder, fill_small(builder)


def fill_small(builder: ProgramBuilder) -> int:
    """Appends the program; returns its output value."""
    random = np.random.default_rng(3)
    add = builder.add

    def matrix(wide: int, deep: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return (
            random.integers(-127, 128, (wide, deep)).astype(np.int8),
            random.integers(1 << 16, 1 << 19, wide).astype(np.int32),
            random.integers(-(1 << 16), 1 << 16, wide).astype(np.int32),
        )

    table = random.integers(-127, 128, (VOCABULARY, 8)).astype(np.int8)
    scale = random.integers(1 << 17, 1 << 19, VOCABULARY).astype(np.int32)
    words = add("embed_tokens", "word", (0,), (table, scale), scale_bits=10)
    place = random.integers(-(1 << 14), 1 << 14, (MAX_LENGTH, 8)).astype(np.int32)
    x = add("add", "sum", (words, add("embed_positions", "position", (), (place,))))
    peak = add("peak", "peak", (x,))
    q, k, v = (
        add("matmul", name, (x, peak), matrix(8, 8), row_bits=12, scale_bits=27, groups=2)
        for name in ("query", "key", "value")
    )
    tops = [add("peak", "top", (value,)) for value in (q, k, v)]
    scores = add("scores", "scores", (q, tops[0], k, tops[1]), row_bits=14, factor=65536,
                 factor_bits=17)  # fmt: skip
    weighed = add("exp", "exp", (scores, add("row_max", "max", (scores,))), (exp_table(),))
    shares = add("probabilities", "shares", (weighed, add("row_sum", "total", (weighed,))))
    head = add("column_max", "head", (tops[2],))
    mixed = add("join", "join", (add("mix", "mix", (shares, v, head), row_bits=14),))
    active = add("lookup", "gelu", (mixed,), (gelu_table(),), low=GELU_LOW, identity_above=1)
    centred = add("centre", "centre", (active, add("row_mean", "mean", (active,))))
    top = add("peak", "top", (centred,))
    square = add("mean_square", "square", (centred, top))
    inverse = add("inverse_root", "inverse", (square, top), epsilon=4611686)
    gain = random.integers(1 << 15, 1 << 17, 8).astype(np.int32)
    bias = random.integers(-99, 99, 8).astype(np.int32)
    normal = add("scale_row", "norm", (centred, top, inverse), (gain, bias), gain_bits=16)
    return add("column_mean", "pool", (normal,))


@lru_cache(maxsize=1)
def small_program() -> Program:
    builder, output = small_builder()
    return builder.program(output)


def save_small(folder: Path) -> Manifest:
    """Writes the small program as a model folder."""
    with ModelWriter(folder, SPEC) as writer:
        output = fill_small(writer.builder)
        return writer.finish(output, Facts("small", "1", 1, 8, 16))


def packed(program: Program, tensors: Mapping[Constant, Any]) -> bytearray:
    """weights.bin of a program, from its tensors."""
    data = bytearray(weights.weight_bytes(program))
    for place in weights.layout(program):
        data[place.start : place.end] = weights.tensor_bytes(tensors[place.constant])
    return data
