"""Embeddings and products with weights (docs/arithmetic.md, "Weights")."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from touchstone.arithmetic.rounding import (
    Int32,
    Int64,
    narrow,
    round_shift,
    saturate,
    shift_down,
    wide,
)

Int8 = NDArray[np.int8]


def embed_tokens(tokens: Int32, table: Int8, scale: Int32, scale_bits: int) -> Int32:
    """Rows of an int8 table, each times its own scale: tokens [rows] to [rows, 1, width].

    A token outside the table gives a row of zeros.
    """
    known = (tokens >= 0) & (tokens < table.shape[0])
    index = np.where(known, tokens, 0)
    rows = round_shift(wide(table[index]) * wide(scale[index])[:, None], scale_bits)
    return saturate(np.where(known[:, None], rows, 0))[:, None, :]


def embed_positions(count: int, table: Int32) -> Int32:
    """The first `count` rows of an int32 table, as [count, 1, width]."""
    return table[:count, None, :].copy()


def dot_rows(rows: Int64, weight: Int8) -> Int64:
    """Exact products [.., K] by [N, K] to [.., N]."""
    product: Int64 = rows @ wide(weight).T
    return product


def matmul(
    x: Int32,
    peak: Int32,
    weight: Int8,
    scale: Int32,
    bias: Int32,
    row_bits: int,
    scale_bits: int,
    groups: int,
) -> Int32:
    """Rows times int8 weights [N, K], scaled per output channel, plus a bias.

    x [rows, g, w] with g * w = K, peak [rows, 1, 1], to [rows, groups, N / groups]. The exact sum
    is below 2^(7 + row_bits) * K, its product with the scale below 2^20 times that: below 2^57
    for K up to 2^16.
    """
    count = x.shape[0]
    shift = shift_down(peak, row_bits).reshape(count, 1)
    rows = narrow(x.reshape(count, -1), shift, row_bits)
    product = dot_rows(rows, weight) * wide(scale)
    out = saturate(round_shift(product, scale_bits - shift) + wide(bias))
    return out.reshape(count, groups, -1)
