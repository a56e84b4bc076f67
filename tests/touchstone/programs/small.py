"""A small valid program with most operators: one attention layer over 8 elements, two heads."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import numpy as np

from touchstone.arithmetic.tables import GELU_LOW, exp_table, gelu_table
from touchstone.programs import (
    InputKind,
    InputSpec,
    Manifest,
    Program,
    Shard,
    program_root,
    save_model,
    weights,
)
from touchstone.programs.builder import ProgramBuilder

MAX_LENGTH = 16
VOCABULARY = 11


def small_builder() -> tuple[ProgramBuilder, int]:
    """The builder and the program's output value."""
    random = np.random.default_rng(3)
    builder = ProgramBuilder(InputSpec(InputKind.TOKENS, 1, MAX_LENGTH))
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
    return builder, add("column_mean", "pool", (normal,))


@lru_cache(maxsize=1)
def small_program() -> Program:
    builder, output = small_builder()
    return builder.program(output)


def save_small(folder: Path) -> Manifest:
    """Writes the small program as a model folder."""
    builder, output = small_builder()
    program = builder.program(output)
    data = weights.pack(program, builder.tensors)
    nodes = weights.piece_nodes(data)
    root = program_root(program)
    tokenizer = b"{}"
    manifest = Manifest(
        name="small",
        version="1",
        program_root=root,
        weight_root=weights.root_of_pieces(len(data), nodes),
        weight_nodes=nodes,
        shards=(Shard(0, 1, root),),
        tokenizer_sha256=sha256(tokenizer).digest(),
        max_length=MAX_LENGTH,
        hidden_size=8,
        output_width=8,
        output_fraction_bits=16,
    )
    save_model(folder, manifest, program, builder.tensors, tokenizer)
    return manifest
