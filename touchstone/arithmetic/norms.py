"""Layer norm, RMS norm and unit length (docs/arithmetic.md, "Norms")."""

from __future__ import annotations

import numpy as np

from touchstone.arithmetic.roots import integer_sqrt
from touchstone.arithmetic.rounding import (
    Int32,
    narrow,
    round_div,
    round_shift,
    saturate,
    shift_to,
    wide,
)

SQUARE_BITS = 15
"""Rows are brought to 15 bits before they are squared."""

NORM_BITS = 18
"""Rows are brought to 18 bits before they are divided by their root."""

ROOT_EXTRA_BITS = 30
"""The mean square is multiplied by 2^30, the root therefore by 2^15."""

INVERSE_BITS = 52
"""The inverse is 2^52 over the root."""

UNIT_BITS = 18
"""Fraction bits of a normalised element before its gain."""

UNIT_SHIFT = INVERSE_BITS + NORM_BITS - SQUARE_BITS - ROOT_EXTRA_BITS // 2 - UNIT_BITS
"""What the product of a row with its inverse is shifted right by: 22."""

EPSILON_BITS = 62
"""An epsilon in the program is the real number times 2^62."""

EPSILON_LIMIT = 1 << 60

FRACTION_BITS = 16


def mean_square(x: Int32, peak: Int32) -> Int32:
    """Rounded mean of the squares of rows brought to 15 bits: at most 2^30.

    x [rows, groups, width], peak [rows, groups, 1], to [rows, groups, 1].
    """
    n = narrow(x, shift_to(peak, SQUARE_BITS), SQUARE_BITS)
    return saturate(round_div((n * n).sum(axis=-1, keepdims=True), x.shape[-1]))


def epsilon_at(epsilon: int, shift: int) -> int:
    """Epsilon in the units of a mean square of rows shifted by `shift`: at most 2^60.

    A row shifted right by s holds units of 2^(s - 16), its squares units of 2^(2s - 32), and the
    root reads them times 2^30: epsilon * 2^(62 - 2s), of which the program's number has the 2^62.
    """
    if shift <= 0:
        return min(epsilon << (-2 * shift), EPSILON_LIMIT)
    return min((epsilon + (1 << (2 * shift - 1))) >> (2 * shift), EPSILON_LIMIT)


def inverse_root(square: Int32, peak: Int32, epsilon: int) -> Int32:
    """2^52 over the root of (mean square + epsilon) times 2^30; 0 if that root is 0.

    square and peak [rows, groups, 1]. A mean square outside [0, 2^30] counts as the nearest bound,
    so that the radicand is at most 2^61.
    """
    shift = shift_to(peak, SQUARE_BITS)
    table = [epsilon_at(epsilon, s) for s in range(-SQUARE_BITS, 32 - SQUARE_BITS)]
    extra = np.array(table, dtype=np.int64)[shift + SQUARE_BITS]
    limited = np.clip(wide(square), 0, 1 << (2 * SQUARE_BITS))
    root = integer_sqrt((limited << ROOT_EXTRA_BITS) + extra)
    return saturate(round_div(np.full_like(root, 1 << INVERSE_BITS), root))


def scale_row(
    x: Int32, peak: Int32, inverse: Int32, gain: Int32, bias: Int32, gain_bits: int
) -> Int32:
    """Rows over their root, times a gain with `gain_bits` fraction bits, plus a bias.

    x [rows, groups, width], peak and inverse [rows, groups, 1], gain and bias [width]. The first
    product is at most 2^49, the second (a gain is at most 2^24) at most 2^51.
    """
    n = narrow(x, shift_to(peak, NORM_BITS), NORM_BITS)
    unit = round_shift(n * wide(inverse), UNIT_SHIFT)
    scaled = round_shift(unit * wide(gain), UNIT_BITS - FRACTION_BITS + gain_bits)
    return saturate(scaled + wide(bias))
