"""At start the machine code must match the reference on a program made to break it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from touchstone.arithmetic.tables import noise_table, silu_table, weight_table
from touchstone.engines.causal_reference import CausalReference
from touchstone.engines.interface import Int32
from touchstone.engines.native.engine import NativeEngine
from touchstone.programs.builder import ProgramBuilder
from touchstone.programs.program import ORDER_WIDTH, Constant, InputKind, InputSpec, Program
from touchstone.programs.weights import Tensor

_POSITIONS = 70
"""More than one page of a history holds."""

_LOW = -8 << 16


@dataclass(frozen=True, slots=True)
class Sample:
    """A program with its tensors."""

    program: Program
    tensors: Mapping[Constant, Tensor]


@functools.cache
def is_exact() -> bool:
    """Whether the machine code gives the numbers of the reference here."""
    sample, rows = sample_program(), sample_rows()
    wanted = list(CausalReference(sample).replay(rows))
    return agrees(NativeEngine(sample, threads=2), rows, wanted)


def agrees(engine: NativeEngine, rows: Int32, wanted: list[tuple[int, Int32]]) -> bool:
    """Whether all values are those wanted, one after the other and as the engine fuses them.

    Values as wide as the sequence count where they reach the ones that others are made of.
    """
    for (_, value), (_, found) in zip(wanted, engine.replay(rows), strict=True):
        if value.shape[2] != _POSITIONS and not np.array_equal(value, found):
            return False
    output = wanted[-1][1][:, 0]
    return all(np.array_equal(output, found) for found in engine.run([rows, rows]))


def sample_rows() -> Int32:
    """Numbers of every size, among them both ends of int32, and plausible orders."""
    random = np.random.default_rng(8)
    size = 2.0 ** random.integers(0, 32, (_POSITIONS, 1))
    rows = (random.uniform(-1, 1, (_POSITIONS, ORDER_WIDTH)) * size).astype(np.int32)
    rows[::9] = random.choice([-(1 << 31), (1 << 31) - 1], (len(rows[::9]), ORDER_WIDTH))
    rows[::2, :2] = random.integers(-1, 3, (len(rows[::2]), 2))
    return rows


def sample_program() -> Sample:
    """A layer of a language model on rows, with weights of which some reach past int32."""
    random = np.random.default_rng(9)
    builder = ProgramBuilder(InputSpec(InputKind.ROWS, ORDER_WIDTH, _POSITIONS, causal=True))

    def put(op: str, *inputs: int, tensors: tuple[Tensor, ...] = (), **named: int) -> int:
        return builder.add(op, op, inputs, tensors, **named)

    def product(x: int, wide: int, groups: int = 1, low: int = -128, high: int = 127) -> int:
        deep = builder.shapes[x].groups * builder.shapes[x].width
        weight = random.integers(low, high + 1, (wide, deep)).astype(np.int8)
        scale = random.integers(0, 1 << 20, wide).astype(np.int32)
        bias = random.integers(-(1 << 20), 1 << 20, wide).astype(np.int32)
        return put(
            "matmul", x, put("peak", x), tensors=(weight, scale, bias),
            row_bits=14, scale_bits=27, groups=groups,
        )  # fmt: skip

    def rotated(x: int) -> int:
        tables = random.integers(-(1 << 20), 1 << 20, (2, _POSITIONS, 3)).astype(np.int32)
        return put("rotate", x, tensors=(tables[0], tables[1]))

    wide = product(product(0, 1100), 1100, low=-128, high=-126)
    norm = put("peak", wide)
    root = put("inverse_root", put("mean_square", wide, norm), norm, epsilon=1 << 44)
    gain = random.integers(-(1 << 20), 1 << 20, (2, 1100)).astype(np.int32)
    x = put("scale_row", wide, norm, root, tensors=(gain[0], gain[1]), gain_bits=16)
    q, k, v = rotated(product(x, 24, 4)), rotated(product(x, 12, 2)), product(x, 12, 2)
    scores = put(
        "causal_scores", q, put("peak", q), k, put("peak", k),
        row_bits=14, key_bits=9, factor=26755, factor_bits=26,
    )  # fmt: skip
    weights = put("exp", scores, put("row_max", scores), tensors=(weight_table(),))
    mixed = put("causal_mix", weights, put("row_sum", weights), v, put("peak", v), row_bits=14)
    inner = product(put("join", mixed), 40)
    gate = put("lookup", inner, tensors=(silu_table(),), low=_LOW, identity_above=1)
    logits = put("temper", product(put("multiply", gate, inner), 50), 0)
    highest = put("row_max", logits)
    noisy = put("perturb", logits, highest, 0, tensors=(noise_table(),))
    last = put("emit", put("argmax", noisy), 0, tensors=(np.array([2], np.int32),))
    return Sample(builder.program(put("concat", put("add", noisy, logits), last)), builder.tensors)
