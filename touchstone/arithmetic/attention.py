"""Attention: scores, softmax and mix (docs/arithmetic.md, "Attention")."""

from __future__ import annotations

import numpy as np

from touchstone.arithmetic.pointwise import STEP_BITS, interpolate
from touchstone.arithmetic.rounding import (
    Int32,
    narrow,
    round_div,
    round_shift,
    saturate,
    shift_down,
    wide,
)

FRACTION_BITS = 16
PROBABILITY_BITS = 15


def scores(
    q: Int32,
    q_peak: Int32,
    k: Int32,
    k_peak: Int32,
    row_bits: int,
    factor: int,
    factor_bits: int,
) -> Int32:
    """Scaled products of every query row with every key row of the same head.

    q, k [rows, heads, d] with peaks [rows, heads, 1], to [rows, heads, rows]. The exact sum is at
    most 2^(2 row_bits) * d; times the factor (at most 2^16) and a left shift of at most 2 that
    is at most 2^58 for d up to 2^12.
    """
    q_shift, k_shift = shift_down(q_peak, row_bits), shift_down(k_peak, row_bits)
    left = narrow(q, q_shift, row_bits).transpose(1, 0, 2)
    right = narrow(k, k_shift, row_bits).transpose(1, 2, 0)
    product = (left @ right).transpose(1, 0, 2) * factor
    shift = FRACTION_BITS + factor_bits - q_shift - k_shift.transpose(2, 1, 0)
    return saturate(round_shift(product, shift))


def exp(x: Int32, maximum: Int32, table: Int32) -> Int32:
    """e^(x - maximum) times 2^16 from a table over [0, 16): 0 from 16 on, 2^16 below 0.

    x [rows, heads, width], maximum [rows, heads, 1].
    """
    distance = wide(maximum) - wide(x)
    end = (len(table) - 1) << STEP_BITS
    inside = interpolate(table, np.clip(distance, 0, end - 1))
    return saturate(np.where(distance >= end, 0, inside))


def probabilities(weights: Int32, total: Int32) -> Int32:
    """weights / total times 2^15, clamped to [0, 2^15]; 0 where the total is not positive.

    weights [rows, heads, width], total [rows, heads, 1].
    """
    share = round_div(wide(weights) << PROBABILITY_BITS, wide(total))
    return saturate(np.clip(share, 0, 1 << PROBABILITY_BITS))


def mix(p: Int32, v: Int32, v_peak: Int32, row_bits: int) -> Int32:
    """Sums of value rows weighted by probabilities, head by head.

    p [rows, heads, rows], v [rows, heads, d], v_peak [1, heads, 1], to [rows, heads, d]. The exact
    sum is at most 2^(15 + row_bits) * rows: below 2^45 for fewer than 2^15 rows.
    """
    shift = shift_down(v_peak, row_bits)
    limited = np.clip(wide(p), 0, 1 << PROBABILITY_BITS).transpose(1, 0, 2)
    product = limited @ narrow(v, shift, row_bits).transpose(1, 0, 2)
    return saturate(round_shift(product.transpose(1, 0, 2), PROBABILITY_BITS - shift))
