"""The tables of functions, the same bytes on every machine.

They are computed with Python integers alone (`series`), never with a floating-point library whose
last bit may differ between machines.
"""

from __future__ import annotations

import numpy as np

from touchstone.arithmetic.rounding import Int32
from touchstone.arithmetic.series import ONE, exp_negative, ln, pi, rounded, sqrt

STEPS = 256
"""Table steps to one."""

GELU_LOW = SILU_LOW = RELU_LOW = TANH_LOW = -8 * (1 << 16)
"""Where the tables of activations start, with 16 fraction bits."""

WEIGHT_ONE = 127 * 256
"""The weight of the highest score in a causal mix: its two digits fit int8."""

_VALUE_BITS = 16


def _rounded(value: int) -> int:
    """A fixed-point number rounded, halves up, to 16 fraction bits."""
    return rounded(value, _VALUE_BITS)


def _normal_upper(i: int, root_two_pi: int) -> int:
    """P(0 < Z < i / 256) of a normal Z: density(x) * sum of x^(2k+1) / (1 * 3 * ... * (2k+1))."""
    x = i * ONE // STEPS
    total, term, k = 0, x, 0
    while term:
        total += term
        k += 1
        term = term * i * i // (STEPS * STEPS * (2 * k + 1))
    density = exp_negative(i * i, 2 * STEPS * STEPS) * ONE // root_two_pi
    return total * density // ONE


def exp_table() -> Int32:
    """e^-(i / 256) times 2^16 for i in 0..4096: int32 [4097], the last entry 0."""
    return np.array([_rounded(exp_negative(i, STEPS)) for i in range(16 * STEPS + 1)], np.int32)


def weight_table() -> Int32:
    """e^-(i / 256) times WEIGHT_ONE for i in 0..4096: int32 [4097]."""
    entries = [exp_negative(i, STEPS) * WEIGHT_ONE for i in range(16 * STEPS + 1)]
    return np.array([rounded(entry, 0) for entry in entries], np.int32)


def silu_table() -> Int32:
    """x / (1 + e^-x) times 2^16 at x = -8 + i / 256 for i in 0..4096: int32 [4097].

    The ends are those of the function's limits: 0 below, x itself above.
    """
    half = 8 * STEPS
    table = [0] * (2 * half + 1)
    for i in range(half + 1):
        down = exp_negative(i, STEPS)
        upper = ONE * ONE // (ONE + down)
        table[half + i] = _rounded(i * upper // STEPS)
        table[half - i] = _rounded(-i * (ONE - upper) // STEPS)
    table[0], table[-1] = 0, half // STEPS << _VALUE_BITS
    return np.array(table, np.int32)


def tanh_table() -> Int32:
    """(1 - e^-2x) / (1 + e^-2x) times 2^16 at x = -8 + i / 256 for i in 0..4096: int32 [4097].

    The ends are -1 and 1, which they are to within 2^-22.
    """
    half = 8 * STEPS
    table = [0] * (2 * half + 1)
    for i in range(half + 1):
        down = exp_negative(2 * i, STEPS)
        table[half + i] = _rounded((ONE - down) * ONE // (ONE + down))
        table[half - i] = -table[half + i]
    return np.array(table, np.int32)


def relu_table() -> Int32:
    """max(x, 0) times 2^16 at x = -8 + i / 256 for i in 0..4096: int32 [4097]; exact throughout."""
    return np.maximum(np.arange(16 * STEPS + 1, dtype=np.int32) - 8 * STEPS, 0) * np.int32(
        (1 << _VALUE_BITS) // STEPS
    )


def noise_table() -> Int32:
    """-ln(-ln(1 - n / 2^32)) times 2^16 at n = 2^k (1 + j / 128): int32 [4097], entry 128 k + j.

    The last entry, where n is 2^32, is taken at n = 2^32 - 1/2.
    """
    table = []
    for i in range(32 * 128 + 1):
        doubled = (128 + i % 128) << (i // 128)
        # n * 256, since the first octaves hold fractions.
        n = min(2 * doubled, (1 << 40) - 128)
        inner = ln(1 << 40, (1 << 40) - n)
        outer = ln(inner, ONE) if inner >= ONE else -ln(ONE, inner)
        table.append(_rounded(-outer))
    return np.array(table, np.int32)


def gelu_table() -> Int32:
    """x * P(Z < x) times 2^16 at x = -8 + i / 256 for i in 0..4096: int32 [4097]."""
    root_two_pi = sqrt(2 * pi())
    half = 8 * STEPS
    table = [0] * (2 * half + 1)
    for i in range(half + 1):
        upper = _normal_upper(i, root_two_pi)
        table[half + i] = _rounded(i * (ONE // 2 + upper) // STEPS)
        table[half - i] = _rounded(-i * (ONE // 2 - upper) // STEPS)
    return np.array(table, np.int32)
