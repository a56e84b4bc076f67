"""Attention that looks back, and rotary positions (docs/arithmetic.md, "Causal attention").

All functions work at one position t: the rows of queries are [1, heads, d], and histories hold the
rows of positions 0 to t.
"""

from __future__ import annotations

import numpy as np

from touchstone.arithmetic.attention import FRACTION_BITS
from touchstone.arithmetic.rounding import (
    Int32,
    Int64,
    narrow,
    round_div,
    round_shift,
    saturate,
    shift_down,
    wide,
)

ROTATION_BITS = 20
"""Fraction bits of cosines and sines."""

WEIGHT_LIMIT = 1 << 15
"""The largest weight of a position in a mix."""


def rotate(x: Int32, cosines: Int32, sines: Int32, position: int) -> Int32:
    """Turns the pairs (x[e], x[e + d/2]) of each head by the angles of a position.

    x [1, heads, d], tables int32 [positions, d/2] with ROTATION_BITS fraction bits, at most 2^22:
    each of the two products is at most 2^53.
    """
    first, second = np.split(wide(x), 2, axis=-1)
    cosine, sine = wide(cosines[position]), wide(sines[position])
    turned = np.concatenate(
        (first * cosine - second * sine, second * cosine + first * sine), axis=-1
    )
    return saturate(round_shift(turned, ROTATION_BITS))


def shared(rows: Int64, heads: int) -> Int64:
    """Rows [positions, kv_heads, d] as [positions, heads, d]: head h reads h div their ratio."""
    return np.repeat(rows, heads // rows.shape[1], axis=1)


def causal_scores(
    q: Int32,
    q_peak: Int32,
    k: Int32,
    k_peak: Int32,
    row_bits: int,
    key_bits: int,
    factor: int,
    factor_bits: int,
) -> Int32:
    """Scaled products of the query rows of position t with the key rows of 0 to t.

    q [1, heads, d], k [t + 1, kv_heads, d], with peaks, to [1, heads, t + 1]. Bounds as those of
    `attention.scores`.
    """
    heads = q.shape[1]
    q_shift, k_shift = shift_down(q_peak, row_bits), shift_down(k_peak, key_bits)
    left = narrow(q, q_shift, row_bits)
    right = shared(narrow(k, k_shift, key_bits), heads)
    product = np.einsum("qhd,uhd->qhu", left, right) * factor
    shift = FRACTION_BITS + factor_bits - q_shift - shared(k_shift, heads).transpose(2, 1, 0)
    return saturate(round_shift(product, shift))


def causal_mix(weights: Int32, total: Int32, v: Int32, v_peak: Int32, row_bits: int) -> Int32:
    """The mean of the value rows of positions 0 to t, weighted, head by head.

    weights [1, heads, t + 1], total [1, heads, 1], v [t + 1, kv_heads, d] with peaks, to
    [1, heads, d]. Each term is at most 2^15 * 2^31, their sum below 2^61.
    """
    heads = weights.shape[1]
    shift = shift_down(v_peak, row_bits)
    rows = shared(narrow(v, shift, row_bits) << shift, heads)
    limited = np.clip(wide(weights), 0, WEIGHT_LIMIT)
    return saturate(round_div(np.einsum("qhu,uhd->qhd", limited, rows), wide(total)))
