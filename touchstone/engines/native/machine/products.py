"""Products with weights, as machine code (docs/arithmetic.md, "Weights")."""

from __future__ import annotations

import math

import numpy as np

from touchstone.engines.native.machine.compiling import compiled
from touchstone.engines.native.machine.fields import OUT, P0, P1, P2, P3, P4, P5, P6, P7, A
from touchstone.engines.native.machine.numbers import INT32_MAX, INT32_MIN, round_shift, saturate
from touchstone.engines.native.machine.tile import CHANNELS, MOST_ROWS, byte_tile

ROW_BLOCK = 128
"""Rows that stay in a processor's cache while panels pass by."""


@compiled
def finish(sums, scale, bias, scale_bits, shift, out):
    """Exact int32 sums, scaled and shifted, plus a bias; see `matmul`.

    In float64: a sum times a scale is at most 2^51, with the half exact. Shifted left it may pass
    2^53, and then it saturates.
    """
    factor = math.ldexp(1.0, shift - scale_bits)
    for e in range(out.size):
        scaled = math.floor(np.float64(sums[e]) * np.float64(scale[e]) * factor + 0.5)
        limited = min(max(scaled + np.float64(bias[e]), INT32_MIN), INT32_MAX)
        out[e] = np.int32(limited)


@compiled
def finish_long(totals, scale, bias, scale_bits, shift, out):
    """The same for int64 sums, in int64."""
    for e in range(out.size):
        scaled = round_shift(totals[e] * scale[e], scale_bits - shift)
        out[e] = saturate(scaled + bias[e])


@compiled
def matmul(code, arena, constants, weights, count, unit):
    """A unit of a product, P7 of its panels, for all `count` rows.

    A narrowed row is its shift, then its terms. Where the weights allow it, a whole sum stays
    within int32 (P6 is all pairs); otherwise runs of P6 pairs are added up in int64.
    """
    pairs, width, block = code[P1], code[P2], code[P6]
    size = pairs + 1
    first = unit * code[P7]
    last = min(first + code[P7], (width + CHANNELS - 1) // CHANNELS)
    sums = np.empty(MOST_ROWS * CHANNELS, np.int32)
    totals = np.empty(MOST_ROWS * CHANNELS, np.int64)
    for low in range(0, count, ROW_BLOCK):
        high = min(low + ROW_BLOCK, count)
        for panel in range(first, last):
            channel = panel * CHANNELS
            channels = min(CHANNELS, width - channel)
            scale = constants[code[P3] + channel : code[P3] + channel + channels]
            bias = constants[code[P4] + channel : code[P4] + channel + channels]
            place = weights.ctypes.data + code[P0] + panel * pairs * 2 * CHANNELS
            for row in range(low, high, MOST_ROWS):
                rows = min(MOST_ROWS, high - row)
                x = code[A] + row * size
                terms = arena.ctypes.data + 4 * (x + 1)
                if block < pairs:
                    totals[:] = 0
                for start in range(0, pairs, block):
                    byte_tile(
                        rows, terms + 4 * start, 2 * size, place + 2 * CHANNELS * start,
                        min(block, pairs - start), sums.ctypes.data,
                    )  # fmt: skip
                    if block < pairs:
                        for e in range(rows * CHANNELS):
                            totals[e] += sums[e]
                for r in range(rows):
                    shift = arena[x + r * size]
                    target = code[OUT] + (row + r) * width + channel
                    out = arena[target : target + channels]
                    begin = r * CHANNELS
                    if block >= pairs:
                        finish(sums[begin:], scale, bias, code[P5], shift, out)
                    else:
                        finish_long(totals[begin:], scale, bias, code[P5], shift, out)


@compiled
def embed(code, token, constants, weights, out):
    """The row of a token in a table kept in panels; zeros for a token outside it."""
    known = 0 <= token < code[P2]
    if not known:
        token = 0
    scale = np.int64(constants[code[P3] + token]) if known else 0
    panel, channel = token // CHANNELS, token % CHANNELS
    start = code[P0] + panel * code[P1] * 2 * CHANNELS + 2 * channel
    for e in range(out.size):
        weight = np.int64(weights[start + (e >> 1) * 2 * CHANNELS + (e & 1)])
        out[e] = saturate(round_shift(weight * scale, code[P5]))
