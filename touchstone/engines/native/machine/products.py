"""Products with weights, as machine code (docs/arithmetic.md, "Weights")."""

from __future__ import annotations

import numpy as np

from touchstone.engines.native.machine.compiling import compiled
from touchstone.engines.native.machine.fields import OUT, P0, P1, P2, P3, P4, P5, P6, P7, A
from touchstone.engines.native.machine.numbers import power, round_shift, saturate
from touchstone.engines.native.machine.scaling import scale_sums
from touchstone.engines.native.machine.tile import CHANNELS, MOST_ROWS, byte_tile

ROW_BLOCK = 128
"""Rows that stay in a processor's cache while panels pass by."""


@compiled
def finish_long(totals, scale, bias, scale_bits, shift, out):
    """Exact int64 sums, scaled and shifted, plus a bias."""
    for e in range(out.size):
        scaled = round_shift(totals[e] * scale[e], scale_bits - shift)
        out[e] = saturate(scaled + bias[e])


@compiled
def matmul(code, arena, constants, weights, count, unit):
    """A unit of a product, P7 of its panels, for all `count` rows.

    A narrowed row is its shift, then its terms. Where the weights allow it, a whole sum stays
    within int32 (P6 is all pairs); otherwise runs of P6 pairs are added up in int64.
    """
    pairs, width, block, scale_bits = code[P1], code[P2], code[P6], code[P5]
    size = pairs + 1
    first = unit * code[P7]
    last = min(first + code[P7], (width + CHANNELS - 1) // CHANNELS)
    sums = np.empty(MOST_ROWS * CHANNELS, np.int32)
    totals = np.empty(MOST_ROWS * CHANNELS, np.int64)
    scales = np.empty(CHANNELS, np.float64)
    values, summed, known = arena.ctypes.data, sums.ctypes.data, constants.ctypes.data
    for low in range(0, count, ROW_BLOCK):
        high = min(low + ROW_BLOCK, count)
        for panel in range(first, last):
            channel = panel * CHANNELS
            channels = min(CHANNELS, width - channel)
            scale, bias = code[P3] + channel, code[P4] + channel
            short = block >= pairs and channels == CHANNELS
            for e in range(channels):
                scales[e] = constants[scale + e]
            place = weights.ctypes.data + code[P0] + panel * pairs * 2 * CHANNELS
            for row in range(low, high, MOST_ROWS):
                rows = min(MOST_ROWS, high - row)
                x = code[A] + row * size
                if not short:
                    totals[:] = 0
                for start in range(0, pairs, block):
                    byte_tile(
                        rows, values + 4 * (x + 1 + start), 2 * size,
                        place + 2 * CHANNELS * start, min(block, pairs - start), summed,
                    )  # fmt: skip
                    if not short:
                        for e in range(rows * CHANNELS):
                            totals[e] += sums[e]
                for r in range(rows):
                    shift = np.int64(arena[x + r * size])
                    target = code[OUT] + (row + r) * width + channel
                    begin = r * CHANNELS
                    if short:
                        scale_sums(
                            summed + 4 * begin, scales.ctypes.data, power(shift - scale_bits),
                            known + 4 * bias, values + 4 * target,
                        )  # fmt: skip
                    else:
                        finish_long(
                            totals[begin:], constants[scale:], constants[bias:], scale_bits,
                            shift, arena[target : target + channels],
                        )  # fmt: skip


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
