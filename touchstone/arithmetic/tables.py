"""The tables of functions, the same bytes on every machine.

They are computed with Python integers alone (fixed point with 200 fraction bits, plain series),
never with a floating-point library whose last bit may differ between machines.
"""

from __future__ import annotations

import numpy as np

from touchstone.arithmetic.rounding import Int32

STEPS = 256
"""Table steps to one."""

GELU_LOW = SILU_LOW = -8 * (1 << 16)
"""Where the GELU and SiLU tables start, with 16 fraction bits."""

WEIGHT_ONE = 127 * 256
"""The weight of the highest score in a causal mix: its two digits fit int8."""

_BITS = 200
_ONE = 1 << _BITS
_VALUE_BITS = 16


def _rounded(value: int) -> int:
    """A fixed-point number rounded, halves up, to 16 fraction bits."""
    shift = _BITS - _VALUE_BITS
    return (value + (1 << (shift - 1))) >> shift


def _sqrt(value: int) -> int:
    """Square root of a fixed-point number, by Newton's rule on integers."""
    target = value << _BITS
    root = 1 << ((target.bit_length() + 1) // 2)
    while (better := (root + target // root) // 2) < root:
        root = better
    return root


def _arctan_inverse(n: int) -> int:
    """arctan(1 / n)."""
    total, power, k = 0, _ONE // n, 0
    while power:
        total += (-power if k % 2 else power) // (2 * k + 1)
        power //= n * n
        k += 1
    return total


def _exp_negative(numerator: int, denominator: int) -> int:
    """e^-(numerator / denominator), as one over the series of e^x."""
    total = term = _ONE
    k = 0
    while term:
        k += 1
        term = term * numerator // (denominator * k)
        total += term
    return _ONE * _ONE // total


def _normal_upper(i: int, root_two_pi: int) -> int:
    """P(0 < Z < i / 256) of a normal Z: density(x) * sum of x^(2k+1) / (1 * 3 * ... * (2k+1))."""
    x = i * _ONE // STEPS
    total, term, k = 0, x, 0
    while term:
        total += term
        k += 1
        term = term * i * i // (STEPS * STEPS * (2 * k + 1))
    density = _exp_negative(i * i, 2 * STEPS * STEPS) * _ONE // root_two_pi
    return total * density // _ONE


def _ln(numerator: int, denominator: int) -> int:
    """ln(numerator / denominator), a quotient from 1 on: 2 artanh of ((n - d) / (n + d)), after
    halving it until it is below 2."""
    halvings = 0
    while numerator >= 2 * denominator:
        denominator *= 2
        halvings += 1
    total = _artanh(numerator - denominator, numerator + denominator)
    return 2 * (total + (halvings * _artanh(1, 3)))


def _artanh(numerator: int, denominator: int) -> int:
    """x + x^3 / 3 + x^5 / 5 + ... of x = numerator / denominator, at most 1/3."""
    total, power, k = 0, _ONE * numerator // denominator, 1
    while power:
        total += power // k
        power = power * numerator * numerator // (denominator * denominator)
        k += 2
    return total


def exp_table() -> Int32:
    """e^-(i / 256) times 2^16 for i in 0..4096: int32 [4097], the last entry 0."""
    return np.array([_rounded(_exp_negative(i, STEPS)) for i in range(16 * STEPS + 1)], np.int32)


def weight_table() -> Int32:
    """e^-(i / 256) times WEIGHT_ONE for i in 0..4096: int32 [4097]."""
    half = 1 << (_BITS - 1)
    entries = [_exp_negative(i, STEPS) * WEIGHT_ONE for i in range(16 * STEPS + 1)]
    return np.array([(entry + half) >> _BITS for entry in entries], np.int32)


def silu_table() -> Int32:
    """x / (1 + e^-x) times 2^16 at x = -8 + i / 256 for i in 0..4096: int32 [4097].

    The ends are those of the function's limits: 0 below, x itself above.
    """
    half = 8 * STEPS
    table = [0] * (2 * half + 1)
    for i in range(half + 1):
        down = _exp_negative(i, STEPS)
        upper = _ONE * _ONE // (_ONE + down)
        table[half + i] = _rounded(i * upper // STEPS)
        table[half - i] = _rounded(-i * (_ONE - upper) // STEPS)
    table[0], table[-1] = 0, half // STEPS << _VALUE_BITS
    return np.array(table, np.int32)


def noise_table() -> Int32:
    """-ln(-ln(1 - n / 2^32)) times 2^16 at n = 2^k (1 + j / 128): int32 [4097], entry 128 k + j.

    The last entry, where n is 2^32, is taken at n = 2^32 - 1/2.
    """
    table = []
    for i in range(32 * 128 + 1):
        doubled = (128 + i % 128) << (i // 128)
        # n * 256, since the first octaves hold fractions.
        n = min(2 * doubled, (1 << 40) - 128)
        inner = _ln(1 << 40, (1 << 40) - n)
        outer = _ln(inner, _ONE) if inner >= _ONE else -_ln(_ONE, inner)
        table.append(_rounded(-outer))
    return np.array(table, np.int32)


def gelu_table() -> Int32:
    """x * P(Z < x) times 2^16 at x = -8 + i / 256 for i in 0..4096: int32 [4097]."""
    pi = 4 * (4 * _arctan_inverse(5) - _arctan_inverse(239))
    root_two_pi = _sqrt(2 * pi)
    half = 8 * STEPS
    table = [0] * (2 * half + 1)
    for i in range(half + 1):
        upper = _normal_upper(i, root_two_pi)
        table[half + i] = _rounded(i * (_ONE // 2 + upper) // STEPS)
        table[half - i] = _rounded(-i * (_ONE // 2 - upper) // STEPS)
    return np.array(table, np.int32)
