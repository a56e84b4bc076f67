"""At start the machine code must match the reference on an encoder made to break it."""

from __future__ import annotations

import functools

import numpy as np

from touchstone.arithmetic.tables import GELU_LOW, exp_table, gelu_table
from touchstone.engines.interface import Int32
from touchstone.engines.native.encoder import NativeEncoder
from touchstone.engines.native.selftest import Sample
from touchstone.engines.reference import ReferenceEngine
from touchstone.programs.builder import ProgramBuilder
from touchstone.programs.program import InputKind, InputSpec
from touchstone.programs.weights import Tensor

_POSITIONS = 37
_TOKENS = 50
_HEADS, _WIDTH = 2, 104
"""Sizes that fill no panel; a sum over so many elements may pass 2^31."""


@functools.cache
def is_exact() -> bool:
    """Whether the machine code gives the numbers of the reference here."""
    sample, tokens = sample_encoder(), sample_tokens()
    return agrees(NativeEncoder(sample, threads=2), tokens, ReferenceEngine(sample).trace(tokens))


def agrees(engine: NativeEncoder, tokens: Int32, wanted: list[Int32]) -> bool:
    """Whether all values are those wanted, one after the other and as the engine fuses them."""
    for value, (_, found) in zip(wanted, engine.replay(tokens), strict=True):
        if not np.array_equal(value, found):
            return False
    return all(np.array_equal(wanted[-1][0, 0], found) for found in engine.run([tokens, tokens]))


def sample_tokens() -> Int32:
    """Tokens of the sample's vocabulary, and some that are not."""
    return np.random.default_rng(8).integers(-1, _TOKENS + 1, _POSITIONS).astype(np.int32)


def sample_encoder() -> Sample:
    """An encoder's layer whose attention stands there twice: once with peaks that are not those of
    its rows, so that it does not run as one."""
    random = np.random.default_rng(9)
    builder = ProgramBuilder(InputSpec(InputKind.TOKENS, 1, _POSITIONS))
    deep = _HEADS * _WIDTH

    def put(op: str, *inputs: int, tensors: tuple[Tensor, ...] = (), **named: int) -> int:
        return builder.add(op, op, inputs, tensors, **named)

    def ints(limit: int, *shape: int) -> Int32:
        return random.integers(-limit, limit, shape).astype(np.int32)

    def product(x: int, wide: int, groups: int = 1, low: int = -128, bits: int = 27) -> int:
        whole = builder.shapes[x].groups * builder.shapes[x].width
        weight = random.integers(low, 128, (wide, whole)).astype(np.int8)
        scale = random.integers(0, 1 << 20, wide).astype(np.int32)
        return put(
            "matmul", x, put("peak", x), tensors=(weight, scale, ints(1 << 20, wide)),
            row_bits=14, scale_bits=bits, groups=groups,
        )  # fmt: skip

    def attention(q: int, v: int, q_peak: int) -> int:
        # A row looks most at itself.
        scores = put(
            "scores", q, q_peak, q, put("peak", q), row_bits=14, factor=26755, factor_bits=26
        )
        weights = put("exp", scores, put("row_max", scores), tensors=(exp_table(),))
        shares = put("probabilities", weights, put("row_sum", weights))
        mixed = put("mix", shares, v, put("column_max", put("peak", v)), row_bits=14)
        return put("join", mixed)

    table = random.integers(-128, 128, (_TOKENS, deep)).astype(np.int8)
    scale = random.integers(0, 1 << 20, _TOKENS).astype(np.int32)
    words = put("embed_tokens", 0, tensors=(table, scale), scale_bits=4)
    places = put("embed_positions", tensors=(ints(1 << 31, _POSITIONS, deep),))
    x = put("add", words, places)
    x = put("centre", x, put("row_mean", x))
    # Long rows of one sign reach past int32.
    long = product(product(x, 1100), deep, low=126)
    q, v = (product(long, deep, _HEADS, bits=bits) for bits in (36, 30))
    other = put("row_max", v)
    mixed = put("add", attention(q, v, put("peak", q)), attention(q, v, other))
    inner = put(
        "lookup", product(mixed, deep), tensors=(gelu_table(),), low=GELU_LOW, identity_above=1
    )
    mean = put("column_mean", put("multiply", inner, put("join", q)))
    peak = put("peak", mean)
    root = put("inverse_root", put("mean_square", mean, peak), peak, epsilon=1 << 44)
    gains = (ints(1 << 20, deep), ints(1 << 20, deep))
    normed = put("scale_row", mean, peak, root, tensors=gains, gain_bits=16)
    return Sample(builder.program(product(normed, 19)), builder.tensors)
